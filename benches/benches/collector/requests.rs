//! The class's events as bodies of requests.

use std::hint::black_box;

use trilha_simulator::SimulatedEvent;

use crate::EVENTS;

/// A class's day in bodies of one size.
pub(crate) struct Requests {
    pub(crate) name: String,
    /// A body, and when it arrives.
    pub(crate) bodies: Vec<(String, i64)>,
}

impl Requests {
    pub(crate) fn kinds(class: &[SimulatedEvent]) -> Vec<Requests> {
        let array = |texts: &[&str]| format!("[{}]", texts.join(","));
        let lines = |texts: &[&str]| texts.join("\n");
        vec![
            Requests::of(class, 1, "an object", lines),
            Requests::of(class, 20, "an array", array),
            Requests::of(class, 20, "NDJSON", lines),
            Requests::of(class, 500, "an array", array),
            Requests::of(class, 500, "NDJSON", lines),
        ]
    }

    fn of(class: &[SimulatedEvent], size: usize, form: &str, body: impl Fn(&[&str]) -> String) -> Requests {
        let request = |events: &[SimulatedEvent]| {
            let texts: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
            (body(&texts), events.last().map_or(0, |event| event.sent.sent_millis))
        };
        Requests { name: format!("{form} of {size}"), bodies: class.chunks(size).map(request).collect() }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bodies.iter().map(|(body, _)| body.len()).sum()
    }

    /// Does something to each body that comes to a number of events; all are there.
    pub(crate) fn each(&self, act: impl Fn(&str) -> usize) {
        let events: usize = self.bodies.iter().map(|(body, _)| act(black_box(body))).sum();
        assert_eq!(events, EVENTS);
    }
}
