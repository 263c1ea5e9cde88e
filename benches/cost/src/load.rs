//! The simulated class, and who gathers its events into requests.

use std::collections::BTreeMap;

use trilha_simulator::{LiveClass, LiveConfig};

use crate::asked::{Asked, Plan, Senders};

/// Monday 2026-08-03, 08:00 in Brasília.
pub(crate) const START_MILLIS: i64 = 1_785_754_800_000;
/// By which a learner of this class sends an event each 10 s on average, breaks and quizzes among them.
const HEARTBEAT_MILLIS: i32 = 5_200;
/// A class that is not asked for longer waits.
const LONGEST_STEP_MILLIS: i64 = 60_000;
/// A browser that has had nothing to send for so long sends what it has.
const LEFT_MILLIS: i64 = 120_000;
const DAY_MILLIS: i64 = 86_400_000;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Request {
    pub sent_millis: i64,
    /// One event a line.
    pub body: Vec<u8>,
    pub events: u64,
    /// How many events of each day, by the time as sent.
    pub days: BTreeMap<i64, u64>,
}

/// The class and what is gathered but not sent.
pub(crate) struct Load {
    class: LiveClass,
    asked_millis: i64,
    senders: Senders,
    per_request: u64,
    gathered: BTreeMap<String, Request>,
}

impl Load {
    pub(crate) fn new(asked: &Asked, plan: &Plan) -> Load {
        let config = LiveConfig {
            courses: plan.sample_courses,
            seats: plan.sample_learners,
            heartbeat_millis: HEARTBEAT_MILLIS,
            ..LiveConfig::new(asked.seed, START_MILLIS)
        };
        Load {
            class: LiveClass::new(&config),
            asked_millis: START_MILLIS,
            senders: asked.senders,
            per_request: u64::from(asked.events_per_request.max(1)),
            gathered: BTreeMap::new(),
        }
    }

    /// The requests that are sent until a time, in order.
    pub(crate) fn until(&mut self, millis: i64) -> Vec<Request> {
        let mut requests = Vec::new();
        loop {
            let now = millis.min(self.asked_millis + LONGEST_STEP_MILLIS);
            self.due(now, &mut requests);
            self.asked_millis = now;
            if now == millis {
                return requests;
            }
        }
    }

    fn due(&mut self, now_millis: i64, requests: &mut Vec<Request>) {
        let mut line = Vec::with_capacity(320);
        while let Some(sent) = self.class.write_due(now_millis, &mut line) {
            let gatherer = match self.senders {
                Senders::Servers => "",
                Senders::Browsers => learner(&line),
            };
            if !self.gathered.contains_key(gatherer) {
                self.gathered.insert(gatherer.to_string(), Request::default());
            }
            if let Some(request) = self.gathered.get_mut(gatherer) {
                request.add(&line, sent.sent_millis, sent.time_millis.div_euclid(DAY_MILLIS));
                if request.events == self.per_request {
                    requests.extend(self.gathered.remove(gatherer));
                }
            }
            line.clear();
        }
        let is_left = |request: &Request| request.sent_millis < now_millis - LEFT_MILLIS;
        let left = self.gathered.extract_if(.., |_, request| is_left(request));
        requests.extend(left.map(|(_, request)| Request { sent_millis: now_millis, ..request }));
    }
}

impl Request {
    fn add(&mut self, line: &[u8], sent_millis: i64, day: i64) {
        self.body.extend_from_slice(line);
        self.body.push(b'\n');
        self.events += 1;
        self.sent_millis = sent_millis;
        *self.days.entry(day).or_default() += 1;
    }
}

/// Whose event a line of the simulated class is.
fn learner(line: &[u8]) -> &str {
    let text = std::str::from_utf8(line).unwrap_or_default();
    let named = text.split_once("\"learner\":\"").map(|(_, rest)| rest);
    named.and_then(|rest| rest.split('"').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(senders: Senders) -> Vec<Request> {
        let asked = Asked { events_per_day: 500_000, senders, ..Asked::default() };
        let mut load = Load::new(&asked, &Plan::of(&asked));
        load.until(START_MILLIS);
        load.until(START_MILLIS + 3_600_000)
    }

    #[test]
    fn a_learner_sends_an_event_each_ten_seconds() {
        let events: u64 = hour(Senders::Servers).iter().map(|request| request.events).sum();
        let asked = 500_000 / 24;
        assert!((asked * 8 / 10..asked * 12 / 10).contains(&events), "{events}, not {asked}");
    }

    #[test]
    fn a_server_sends_full_requests_of_many_and_a_browser_those_of_one() {
        let learners = |request: &Request| {
            let mut learners: Vec<&str> = request.body.split(|byte| *byte == b'\n').map(learner).collect();
            learners.pop();
            learners.sort_unstable();
            learners.dedup();
            learners.len()
        };
        let full = |requests: &[Request]| requests.iter().filter(|request| request.events == 20).count();
        let (servers, browsers) = (hour(Senders::Servers), hour(Senders::Browsers));
        assert_eq!(full(&servers), servers.len());
        let of_servers: usize = servers.iter().map(learners).sum();
        assert!(of_servers > 8 * servers.len(), "{of_servers} in {}", servers.len());
        assert!(browsers.iter().all(|request| learners(request) == 1 && request.events <= 20));
        assert!(full(&browsers) * 10 > browsers.len() * 7, "{} of {}", full(&browsers), browsers.len());
        assert!(servers.is_sorted_by_key(|request| request.sent_millis));
    }
}
