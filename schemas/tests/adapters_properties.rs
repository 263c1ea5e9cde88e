//! Whatever the JSON, the adapters answer, and never with nothing for an object.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use proptest::prelude::*;
use serde_json::{Map, Value};
use trilha_schemas::event::Protocol;
use trilha_schemas::{caliper, edx, xapi};

mod support;

const GOLDEN: [(&str, Protocol); 3] = [
    (include_str!("golden/xapi.jsonl"), Protocol::Xapi),
    (include_str!("golden/edx.log"), Protocol::Edx),
    (include_str!("golden/caliper.json"), Protocol::Caliper),
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9:/.{}\\[\\]\",PTS-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        let names = prop::sample::select(vec![
            "id",
            "type",
            "@type",
            "verb",
            "object",
            "actor",
            "event",
            "data",
            "context",
            "extensions",
            "generated",
            "action",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_string(), value))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// Replaces the value at a random place.
fn mutate(value: &mut Value, path: &[prop::sample::Index], with: Value) {
    let children: Vec<&mut Value> = match value {
        Value::Array(items) => items.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    match path.split_first() {
        Some((step, rest)) if !children.is_empty() => {
            let at = step.index(children.len());
            mutate(children.into_iter().nth(at).unwrap(), rest, with);
        }
        _ => *value = with,
    }
}

proptest! {
    #[test]
    fn any_json_is_answered(value in any_json()) {
        let reads = [xapi::read(&value), edx::read_value(&value), caliper::read(&value), edx::read(&value.to_string())];
        if value.is_object() {
            prop_assert!(reads.iter().any(|read| !read.is_empty()));
        }
    }

    #[test]
    fn golden_events_with_a_value_replaced_are_answered(
        path in prop::collection::vec(any::<prop::sample::Index>(), 0..7),
        which in any::<prop::sample::Index>(),
        with in any_json(),
    ) {
        for (text, protocol) in GOLDEN {
            let documents: Vec<Value> =
                support::read_all(text.as_bytes(), protocol).into_iter().filter_map(|(document, _, _)| document).collect();
            let mut document = documents[which.index(documents.len())].clone();
            mutate(&mut document, &path, with.clone());
            match protocol {
                Protocol::Xapi => drop(xapi::read(&document)),
                Protocol::Edx => drop(edx::read_value(&document)),
                _ => drop(caliper::read(&document)),
            }
        }
    }

    #[test]
    fn golden_files_with_bytes_changed_are_read_to_the_end(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        for (text, protocol) in GOLDEN {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if cut {
                bytes.remove(at);
            }
            prop_assert!(!support::read_all(&bytes, protocol).is_empty());
        }
    }
}
