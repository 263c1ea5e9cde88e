//! A call as a span, in the members of its log line: ids as OpenTelemetry's log data model names them, start and end as its
//! protocol does, and attributes of its semantic conventions. What is not known is left out. Nothing is sent anywhere: whoever
//! wants spans makes them of the lines.

use http::HeaderMap;
use lambda_runtime::Context;
use serde_json::{Map, Value, json};
use trilha_collector::random::{OsRandom, Randomness};

use crate::trace::TraceContext;

/// What makes a function run (`faas.trigger`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A request.
    Http,
    /// Records of a stream.
    Pubsub,
    /// A schedule.
    Timer,
    /// A state machine.
    Other,
}

impl Trigger {
    fn name(self) -> &'static str {
        match self {
            Trigger::Http => "http",
            Trigger::Pubsub => "pubsub",
            Trigger::Timer => "timer",
            Trigger::Other => "other",
        }
    }
}

/// A call that has begun.
#[derive(Debug, Clone)]
pub struct Span {
    start_millis: i64,
    trace: Option<TraceContext>,
    invocation: Option<Invocation>,
}

/// The call as Lambda knows it.
#[derive(Debug, Clone)]
struct Invocation {
    id: String,
    function_arn: String,
    trigger: Trigger,
}

impl Invocation {
    fn of(context: &Context, trigger: Trigger) -> Invocation {
        let (id, function_arn) = (context.request_id.clone(), context.invoked_function_arn.clone());
        Invocation { id, function_arn, trigger }
    }
}

impl Span {
    /// A call that Lambda makes for somebody other than a sender of requests, in the trace that Lambda names.
    pub fn of_invocation(context: &Context, trigger: Trigger, start_millis: i64) -> Span {
        let trace = context.xray_trace_id.as_deref().and_then(TraceContext::of_xray);
        Span { start_millis, trace, invocation: Some(Invocation::of(context, trigger)) }
    }

    /// A request, to a function or to a plain server, which has no context.
    pub fn of_request(headers: &HeaderMap, context: Option<&Context>, start_millis: i64) -> Span {
        let invocation = context.map(|context| Invocation::of(context, Trigger::Http));
        Span { start_millis, trace: TraceContext::of_headers(headers), invocation }
    }

    /// The line's members. What is the same for a whole process is told in its first line.
    pub(crate) fn members(self, name: &str, end_millis: i64, is_first: bool) -> Map<String, Value> {
        let mut members = Map::new();
        if let Some(Invocation { id, function_arn, trigger }) = self.invocation {
            members.insert("faas.invocation_id".into(), id.into());
            members.insert("faas.trigger".into(), trigger.name().into());
            members.insert("faas.coldstart".into(), is_first.into());
            if is_first && !function_arn.is_empty() {
                members.insert("cloud.resource_id".into(), function_arn.into());
            }
        }
        if let Some(TraceContext { trace_id, parent_span_id }) = self.trace {
            members.insert("trace_id".into(), trace_id.into());
            members.insert("span_id".into(), new_span_id().into());
            members.extend(parent_span_id.map(|id| ("parent_span_id".to_string(), json!(id))));
            members.insert("name".into(), name.into());
            members.insert("start_time_unix_nano".into(), nanos(self.start_millis).into());
            members.insert("end_time_unix_nano".into(), nanos(end_millis).into());
        }
        members
    }
}

/// As text, for JSON's readers keep only 53 bits of a number.
fn nanos(millis: i64) -> String {
    format!("{millis}000000")
}

fn new_span_id() -> String {
    let mut bytes = [0; 8];
    OsRandom.fill(&mut bytes);
    // Zero is no id.
    format!("{:016x}", u64::from_be_bytes(bytes).max(1))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A call as Lambda makes it, in a trace of X-Ray's.
    pub(crate) fn context() -> Context {
        let mut context = Context::default();
        context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into();
        context.invoked_function_arn = "arn:aws:lambda:sa-east-1:000000000000:function:trilha-live".into();
        context.xray_trace_id = Some(XRAY.into());
        context
    }

    pub(crate) const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    pub(crate) const TRACE_ID: &str = "5759e988bd862e3fe1be46a994272793";

    fn span_id(members: &Map<String, Value>) -> String {
        members["span_id"].as_str().unwrap().to_string()
    }

    #[test]
    fn an_invocation_is_a_span_under_who_called() {
        let span = Span::of_invocation(&context(), Trigger::Pubsub, 1_772_467_200_000);
        let mut members = span.clone().members("process events", 1_772_467_200_250, true);
        let other = span.members("process events", 1_772_467_200_250, false);
        let id = span_id(&members);
        assert!(id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
        assert_ne!(id, span_id(&other), "each call is a span of its own");
        members.remove("span_id");
        let expected = json!({
            "trace_id": TRACE_ID,
            "parent_span_id": "53995c3f42cd8ad8",
            "name": "process events",
            "start_time_unix_nano": "1772467200000000000",
            "end_time_unix_nano": "1772467200250000000",
            "faas.invocation_id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "faas.trigger": "pubsub",
            "faas.coldstart": true,
            "cloud.resource_id": "arn:aws:lambda:sa-east-1:000000000000:function:trilha-live",
        });
        assert_eq!(Value::Object(members), expected);
        assert_eq!((&other["faas.coldstart"], other.get("cloud.resource_id")), (&false.into(), None));
    }

    #[test]
    fn without_a_trace_there_is_no_span_and_without_lambda_no_invocation() {
        let mut context = context();
        context.xray_trace_id = Some("ana".into());
        let members = Span::of_invocation(&context, Trigger::Timer, 0).members("evaluator", 1, false);
        assert_eq!(members.keys().collect::<Vec<_>>(), ["faas.coldstart", "faas.invocation_id", "faas.trigger"]);
        assert!(Span::of_request(&HeaderMap::new(), None, 0).members("GET /", 1, true).is_empty());
    }
}
