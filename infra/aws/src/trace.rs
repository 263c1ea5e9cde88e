//! The trace that a call stands in, as the request names it: by W3C's `traceparent`, or as X-Ray writes it. What is no
//! such header is no trace, and never an error.

use http::HeaderMap;
use http::header::HeaderName;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// A load balancer writes it, and `lambda_http` writes Lambda's own over whatever a sender wrote.
const XRAY: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// A trace, and the span in it that made the call, as OpenTelemetry writes ids: 32 and 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: String,
    /// Who called, where the header says so.
    pub parent_span_id: Option<String>,
}

impl TraceContext {
    /// Of a request by HTTP. A sender's own trace goes before the one that AWS began on the way.
    pub fn of_headers(headers: &HeaderMap) -> Option<TraceContext> {
        let only = |name| {
            let mut values = headers.get_all(name).iter();
            values.next().filter(|_| values.next().is_none())?.to_str().ok()
        };
        let sent = only(TRACEPARENT).and_then(TraceContext::of_traceparent);
        sent.or_else(|| only(XRAY).and_then(TraceContext::of_xray))
    }

    /// `00-<trace>-<span>-<flags>` (W3C Trace Context, section 3.2). Later versions may say more after a hyphen.
    pub fn of_traceparent(header: &str) -> Option<TraceContext> {
        let parts: Vec<&str> = header.trim().split('-').collect();
        let [version, trace_id, span_id, flags, more @ ..] = &parts[..] else { return None };
        let is_known = is_hex(version, 2) && *version != "ff" && (*version != "00" || more.is_empty());
        let is_well_formed = is_known && is_hex(flags, 2) && is_id(trace_id, 32) && is_id(span_id, 16);
        is_well_formed.then(|| TraceContext { trace_id: (*trace_id).into(), parent_span_id: Some((*span_id).into()) })
    }

    /// `Root=1-<8 digits>-<24 digits>;Parent=<span>;…` (AWS X-Ray developer guide: tracing header). The trace's id is the
    /// root's digits.
    pub fn of_xray(header: &str) -> Option<TraceContext> {
        let field = |name| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let (seconds, unique) = field("Root")?.strip_prefix("1-")?.split_once('-')?;
        let trace_id = format!("{seconds}{unique}");
        let parent_span_id = field("Parent").filter(|id| is_id(id, 16)).map(str::to_string);
        (is_hex(seconds, 8) && is_id(&trace_id, 32)).then_some(TraceContext { trace_id, parent_span_id })
    }
}

/// An id of nothing but zeros is none.
fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|digit| digit != b'0')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn context(trace_id: &str, parent: Option<&str>) -> Option<TraceContext> {
        Some(TraceContext { trace_id: trace_id.into(), parent_span_id: parent.map(str::to_string) })
    }

    #[test]
    fn a_traceparent_names_the_trace_and_who_called() {
        for header in
            [format!("00-{TRACE}-{SPAN}-01"), format!(" 00-{TRACE}-{SPAN}-00 "), format!("cc-{TRACE}-{SPAN}-01-x")]
        {
            assert_eq!(TraceContext::of_traceparent(&header), context(TRACE, Some(SPAN)), "{header}");
        }
    }

    #[test]
    fn what_is_no_traceparent_names_nothing() {
        let (zero_trace, zero_span) = ("0".repeat(32), "0".repeat(16));
        for header in [
            String::new(),
            "learner ana".into(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-x"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}0-01"),
            format!("00-{zero_trace}-{SPAN}-01"),
            format!("00-{TRACE}-{zero_span}-01"),
            format!("00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01"),
        ] {
            assert_eq!(TraceContext::of_traceparent(&header), None, "{header}");
        }
    }

    #[test]
    fn xrays_root_is_a_trace_id_in_two_parts() {
        let of = TraceContext::of_xray;
        let root = "1-5759e988-bd862e3fe1be46a994272793";
        let trace_id = "5759e988bd862e3fe1be46a994272793";
        let parent = Some("53995c3f42cd8ad8");
        assert_eq!(of(&format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1")), context(trace_id, parent));
        assert_eq!(of(&format!("Self=1-67891234-12456789abcdef012345678f; Root={root}")), context(trace_id, None));
        for parent in ["", "53995c3f42cd8ad", "0000000000000000", "ana"] {
            assert_eq!(of(&format!("Root={root};Parent={parent}")), context(trace_id, None), "{parent}");
        }
    }

    #[test]
    fn what_is_no_header_of_xrays_names_nothing() {
        let zero = format!("Root=1-00000000-{}", "0".repeat(24));
        for header in [
            "",
            "Parent=53995c3f42cd8ad8",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=1-5759e98-8bd862e3fe1be46a994272793",
            "Root=1-5759e988bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279g",
            "Root:1-5759e988-bd862e3fe1be46a994272793",
            &zero,
        ] {
            assert_eq!(TraceContext::of_xray(header), None, "{header}");
        }
    }

    #[test]
    fn a_senders_trace_goes_before_the_one_of_aws() {
        let mut headers = HeaderMap::new();
        assert_eq!(TraceContext::of_headers(&headers), None);
        headers.insert(XRAY, HeaderValue::from_static("Root=1-5759e988-bd862e3fe1be46a994272793"));
        let of_aws = context("5759e988bd862e3fe1be46a994272793", None);
        assert_eq!(TraceContext::of_headers(&headers), of_aws);
        let sent = HeaderValue::from_str(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        headers.insert(TRACEPARENT, sent.clone());
        assert_eq!(TraceContext::of_headers(&headers), context(TRACE, Some(SPAN)));
        headers.append(TRACEPARENT, sent);
        assert_eq!(TraceContext::of_headers(&headers), of_aws, "two are none");
        headers.insert(TRACEPARENT, HeaderValue::from_bytes(b"00-\xff").unwrap());
        assert_eq!(TraceContext::of_headers(&headers), of_aws);
    }
}
