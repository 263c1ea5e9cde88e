use std::io::BufReader;

use proptest::prelude::*;

use super::*;

/// Line and text of each document; a text that does not parse is marked with its code.
fn split(text: &str, chunk: usize) -> Vec<(u64, String)> {
    let shown = |document: Document| match document.parse() {
        Ok(value) => (document.line, value.to_string()),
        Err(refusal) => (document.line, refusal.code.to_string()),
    };
    documents(BufReader::with_capacity(chunk, text.as_bytes())).map(|document| shown(document.unwrap())).collect()
}

fn check(text: &str, expected: &[(u64, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, text.to_string())).collect();
    for chunk in [1, 7, 1 << 16] {
        assert_eq!(split(text, chunk), expected, "{text} in pieces of {chunk}");
    }
}

#[test]
fn each_line_an_object_an_array_or_objects_over_lines() {
    check("{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}", &[(1, "{\"a\":1}"), (3, "{\"a\":2}"), (4, "{\"a\":3}")]);
    check("[{\"a\":1},{\"a\":2},\n [3] ]\n", &[(1, "{\"a\":1}"), (1, "{\"a\":2}"), (2, "[3]")]);
    check(
        "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n{\"c\":2}{\"d\":3}\n",
        &[(1, "{\"a\":{\"b\":1}}"), (6, "{\"c\":2}"), (6, "{\"d\":3}")],
    );
    check("\u{feff}{\"a\":1}", &[(1, "{\"a\":1}")]);
    check("\u{feff}[{\"a\":1},[2]]", &[(1, "{\"a\":1}"), (1, "[2]")]);
    check("", &[]);
    check("[]", &[]);
}

#[test]
fn comments_and_blank_lines_are_no_documents() {
    check("# a comment\n\n   \n{\"a\":1}\n  # {\"b\":2}\n", &[(4, "{\"a\":1}")]);
}

#[test]
fn what_a_log_shipper_wrote_first_is_left_out() {
    check("Jan  1 00:00:00 host [tracking]: {\"a\":1}\n{\"a\":2}\n", &[(1, "{\"a\":1}"), (2, "{\"a\":2}")]);
    check("[tracking] INFO {\"a\":1}\n[tracking] INFO {\"a\":2}\n", &[(1, "{\"a\":1}"), (2, "{\"a\":2}")]);
    check("[1,2]\n{\"a\":2}", &[(1, "[1,2]"), (2, "{\"a\":2}")]);
    check("log: {\"a\":1\nlog: {\"a\":2}\n", &[(1, "invalid_json"), (2, "{\"a\":2}")]);
}

#[test]
fn a_bad_line_is_one_refusal_and_ends_nothing() {
    let bad = "invalid_json";
    check(",1\n{\"a\":2}\n", &[(1, bad), (2, "{\"a\":2}")]);
    check("]\n{\"a\":2}\n", &[(1, bad), (2, "{\"a\":2}")]);
    check("{\"a\":1}\nnot json\n{\"a\":2}\n", &[(1, "{\"a\":1}"), (2, bad), (3, "{\"a\":2}")]);
    check("{\"a\":\"cut sh\n{\"a\":2}\n", &[(1, bad), (2, "{\"a\":2}")]);
    check("{\"a\":1,\n{\"a\":2}\n{\"a\":3}\n", &[(1, bad), (2, "{\"a\":2}"), (3, "{\"a\":3}")]);
    check("{\"a\":[1,\n{\"a\":2}\n{\"a\":3}\n", &[(1, bad), (2, "{\"a\":2}"), (3, "{\"a\":3}")]);
    check("{\"a\":\n{\"a\":2}\n", &[(1, bad), (2, "{\"a\":2}")]);
    check("tail\":1,\"b\":{\"c\":1},\"d\":{}}\n{\"a\":2}", &[(1, bad), (2, "{\"a\":2}")]);
    check("{\"a\":NaN}\n{\"a\":2}", &[(1, bad), (2, "{\"a\":2}")]);
    check("{\n  \"a\": 1,,\n  \"b\": {\n  }\n}\n{\n  \"a\": 2\n}\n", &[(1, bad), (6, "{\"a\":2}")]);
    check("[\n  {\"a\": 1 \"b\"},\n  {\"a\": 2}\n]\n", &[(2, bad), (3, "{\"a\":2}")]);
    check("{\n  \"a\": [,\n    {\n    }\n  ]\n}\n{\"a\": 2}\n", &[(1, bad), (7, "{\"a\":2}")]);
    check("1\n\"x {\"\n", &[(1, "1"), (2, "\"x {\"")]);
}

#[test]
fn a_bad_line_is_named_in_the_message() {
    let document = documents("\n{]".as_bytes()).next().unwrap().unwrap();
    assert!(document.parse().unwrap_err().message.starts_with("line 2: not JSON"));
}

#[test]
fn too_deep_and_too_large_documents_are_refused_and_the_next_is_read() {
    let nested = |levels| format!("{}{}\n{{\"a\":1}}\n", "{\"a\":[".repeat(levels), "]}".repeat(levels));
    let deep = format!("{}1{}", "{\"a\":".repeat(32), "}".repeat(32));
    check(&deep, &[(1, &deep)]);
    check(&nested(17), &[(1, "too_deep"), (2, "{\"a\":1}")]);
    check(&nested(1000), &[(1, "too_deep"), (2, "{\"a\":1}")]);
    let large = format!("{{\"a\":\"{}\"}}\n{{\"a\":1}}\n", "x".repeat(MAX_DOCUMENT_BYTES + 10));
    for text in [large.clone(), large.replace('\n', ""), large.replacen("\"}", &"x".repeat(1 << 17), 1)] {
        let found: Vec<String> = split(&text, 1 << 16).into_iter().map(|(_, text)| text).collect();
        assert!(found == ["too_large", "{\"a\":1}"], "{} documents", found.len());
    }
    let of_bytes = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 8));
    let read = |bytes: usize| split(&format!("{{\"a\":{}}}", of_bytes(bytes)), 1 << 16)[0].1.len();
    assert_eq!([0, 1].map(|more| read(MAX_DOCUMENT_BYTES + more)), [MAX_DOCUMENT_BYTES, "too_large".len()]);
}

#[test]
fn a_bracket_is_looked_for_no_farther_than_a_document_may_be_long() {
    let found = split(&format!("{}{{\"a\":1}}\n{{\"a\":2}}", "x".repeat(MAX_DOCUMENT_BYTES)), 1 << 16);
    let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert!(texts == ["invalid_json", "{\"a\":2}"], "{} documents", texts.len());
}

#[test]
fn a_document_without_end_is_not_kept() {
    let endless = io::Read::take(io::repeat(b'x'), 4 * MAX_DOCUMENT_BYTES as u64);
    let mut documents = documents(BufReader::new(io::Read::chain(&b"{\"a\":\""[..], endless)));
    let document = documents.next().unwrap().unwrap();
    assert_eq!(document.parse().unwrap_err().code, Code::TooLarge);
    assert!(documents.source.buffer.capacity() < 3 * MAX_DOCUMENT_BYTES);
}

#[test]
fn many_lines_cut_short_cost_no_more_than_their_length() {
    let text = "{\"a\":{\"b\":[1,\n".repeat(20_000);
    assert_eq!(split(&text, 1 << 16).len(), 20_000);
}

proptest! {
    #[test]
    fn whatever_the_bytes_every_document_of_a_clean_line_is_found(
        noise in prop::collection::vec("[ \\[\\]{}\",:a#1\\\\]{0,30}", 0..8),
        chunk in 1usize..40,
    ) {
        let mut text = noise.join("\n");
        documents(BufReader::with_capacity(chunk, text.as_bytes())).for_each(|document| drop(document.unwrap().parse()));
        text = text.replace(['[', '{', '"', '#'], "");
        text.push_str("\n{\"clean\":1}\n");
        let found = split(&text, chunk);
        prop_assert_eq!(&found[found.len() - 1].1, "{\"clean\":1}");
    }
}

/// How many bytes were looked at for each byte of the text.
fn looks(text: &str) -> usize {
    looks_in_pieces(text, usize::MAX)
}

fn looks_in_pieces(text: &str, most: usize) -> usize {
    let mut documents = documents(BufReader::with_capacity(most.min(text.len()), text.as_bytes()));
    documents.by_ref().for_each(|document| drop(document.unwrap()));
    documents.source.looked_at.div_ceil(text.len())
}

#[test]
fn reading_takes_steps_of_the_files_own_length() {
    for part in [
        "x{}",
        "{}",
        "{}1",
        "[a]{}",
        "x{x",
        "[1,",
        "{\n",
        "[1,\n",
        "x{[\n",
        "{\"a\":[\n\"b\",",
        "# {\n",
        "\"{",
        "]",
        ",{",
    ] {
        assert!(looks(&part.repeat(40_000)) <= 8, "{part}: {} looks at each byte", looks(&part.repeat(40_000)));
    }
    for text in
        [format!("{{\"a\":[{}", "1,".repeat(100_000)), "x".repeat(200_000), format!("{{x{}", "y".repeat(200_000))]
    {
        let looks = looks_in_pieces(&text, 4_096);
        assert!(looks <= 8, "{}…: {looks} looks at each byte", &text[..8]);
    }
    assert!(looks(&"{}".repeat(40_000)) > 0 && looks(&"x".repeat(80_000)) > 0, "they are counted");
}

/// Gives an error, then what it has.
struct Failing(Vec<io::ErrorKind>, &'static [u8]);

impl io::Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("only the buffer is read")
    }
}

impl BufRead for Failing {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.pop().map_or(Ok(self.1), |kind| Err(kind.into()))
    }

    fn consume(&mut self, bytes: usize) {
        self.1 = &self.1[bytes..];
    }
}

#[test]
fn an_interrupted_read_is_taken_up_again_and_another_error_is_told() {
    let first = |kind| documents(Failing(vec![kind], b"{}")).next().unwrap();
    assert_eq!(first(io::ErrorKind::Interrupted).unwrap().bytes, b"{}");
    assert_eq!(first(io::ErrorKind::TimedOut).unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn a_document_is_read_as_its_protocol_says() {
    let first = |bytes: &'static [u8]| documents(bytes).next().unwrap().unwrap();
    let codes = |bytes: &'static [u8], protocol| -> Vec<Result<(), Code>> {
        first(bytes).read(protocol).into_iter().map(|read| read.map(drop).map_err(|refusal| refusal.code)).collect()
    };
    let enrolled = br#"{"type":"course.enrolled","learner":"a","course":"c"}"#;
    assert_eq!(codes(enrolled, Protocol::Native), [Ok(())]);
    assert_eq!(codes(enrolled, Protocol::Xapi), [Err(Code::MissingField)]);
    assert_eq!(codes(enrolled, Protocol::Caliper), [Err(Code::NotRelevant)]);
    let roster = br#"{"name":"edx.course.enrollment.activated","context":{"course_id":"c"},"data":{"user_id":9}}"#;
    assert_eq!(codes(roster, Protocol::Edx), [Ok(())]);
    assert_eq!(codes(roster, Protocol::Caliper), [Err(Code::UnknownType)]);
    for protocol in Protocol::ALL {
        assert_eq!(codes(b"{\"a\":1,,}", protocol), [Err(Code::InvalidJson)]);
    }
    let message = |bytes: &'static [u8]| {
        let read = documents(bytes).next().unwrap().unwrap().read(Protocol::Native);
        read.into_iter().next().unwrap().unwrap_err().message
    };
    assert!(message(b"\n{]").starts_with("line 2: not JSON"));
    assert_eq!(message(b"\n{\"\xff\":1}"), "line 2: not UTF-8");
    assert_eq!(message(b"{\"learner\":\"a\"}"), "every event needs type");
    let nested: &'static [u8] = Box::leak(format!("{}{}", "[".repeat(40), "]".repeat(40)).into_bytes().into());
    assert_eq!(codes(&nested[1..], Protocol::Native), [Err(Code::TooDeep)]);
}
