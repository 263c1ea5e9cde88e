//! All walkers' acts as one sequence in the order of sending, with resends and late arrivals.
//!
//! Memory grows with the number of people, not of events: only who is in the middle of an activity holds a
//! list of acts, and those lists are used again.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use crate::catalogue::Course;
use crate::class::Delivery;
use crate::event::{Act, Event, Person};
use crate::rng;
use crate::walker::{Identity, Walker};

/// Of 10,000 learners' events, how many are sent twice, and how many late.
const RESENT: u64 = 50;
const LATE: u64 = 50;

/// An event and when it leaves the client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sending {
    pub(crate) sent_millis: i64,
    pub(crate) delivery: Delivery,
    pub(crate) event: Event,
}

/// The k-way merge.
#[derive(Debug)]
pub(crate) struct Merge {
    streams: Vec<Stream>,
    /// The next time of each stream that goes on, with its index.
    next: BinaryHeap<Reverse<(i64, u32)>>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    delayed_count: u64,
    spare: Vec<Vec<Act>>,
}

#[derive(Debug)]
struct Stream {
    walker: Walker,
    ids: Ids,
    /// Who does the present activity.
    identity: Identity,
    /// The acts to come of the present activity, the last one first.
    acts: Vec<Act>,
}

/// The ids of one stream's events, without end.
#[derive(Debug)]
struct Ids {
    key: u64,
    count: u64,
}

/// A sending to come; ordered by time, then by when it was put off.
#[derive(Debug, PartialEq)]
struct Delayed {
    number: u64,
    sending: Sending,
}

impl Merge {
    pub(crate) fn new(walkers: impl Iterator<Item = Walker>) -> Merge {
        let streams: Vec<Stream> = walkers.map(Stream::new).collect();
        let next = streams.iter().zip(0..).filter_map(|(stream, index)| Some(Reverse((stream.next_millis()?, index))));
        Merge { next: next.collect(), streams, delayed: BinaryHeap::new(), delayed_count: 0, spare: Vec::new() }
    }

    /// The next event in the order of sending; `None` when all is said.
    pub(crate) fn next(&mut self, courses: &[Course]) -> Option<Sending> {
        self.next_until(courses, i64::MAX)
    }

    /// The same, but nothing that is sent after `limit_millis`.
    pub(crate) fn next_until(&mut self, courses: &[Course], limit_millis: i64) -> Option<Sending> {
        loop {
            let walker_millis = self.next.peek().map(|Reverse((millis, _))| *millis);
            let delayed_millis = self.delayed.peek().map(|Reverse(delayed)| delayed.sending.sent_millis);
            let due_millis = [walker_millis, delayed_millis].into_iter().flatten().min()?;
            if due_millis > limit_millis {
                return None;
            }
            if delayed_millis == Some(due_millis) {
                return self.delayed.pop().map(|Reverse(delayed)| delayed.sending);
            }
            if let Some(event) = self.step(courses)
                && let Some(sending) = self.send(event)
            {
                return Some(sending);
            }
        }
    }

    /// Moves everything to come by some milliseconds; what was already put off keeps its event's time.
    pub(crate) fn postpone(&mut self, millis: i64) {
        for stream in &mut self.streams {
            stream.walker.postpone(millis);
            stream.acts.iter_mut().for_each(|act| act.time_millis += millis);
        }
        let moved = self.next.drain().map(|Reverse((time, index))| Reverse((time + millis, index)));
        self.next = moved.collect::<Vec<_>>().into();
        let moved = self.delayed.drain().map(|Reverse(mut delayed)| {
            delayed.sending.sent_millis += millis;
            Reverse(delayed)
        });
        self.delayed = moved.collect::<Vec<_>>().into();
    }

    /// Takes one act of the earliest stream, or its next activity when there is none.
    fn step(&mut self, courses: &[Course]) -> Option<Event> {
        let mut top = self.next.peek_mut()?;
        let stream = &mut self.streams[top.0.1 as usize];
        let event = stream.take_act();
        if event.is_none() {
            stream.refill(courses, &mut self.spare);
        } else if stream.acts.is_empty() && stream.acts.capacity() > 0 {
            self.spare.push(std::mem::take(&mut stream.acts));
        }
        match stream.next_millis() {
            Some(millis) => top.0.0 = millis,
            None => {
                PeekMut::pop(top);
            }
        }
        event
    }

    /// Sends now, or puts off; of what is sent twice the second copy is put off.
    fn send(&mut self, event: Event) -> Option<Sending> {
        let sent_millis = event.act.time_millis;
        let on_time = Sending { sent_millis, delivery: Delivery::OnTime, event };
        match fate(&event) {
            Delivery::OnTime => Some(on_time),
            Delivery::Resent => {
                self.put_off(event, Delivery::Resent);
                Some(on_time)
            }
            Delivery::Late => {
                self.put_off(event, Delivery::Late);
                None
            }
        }
    }

    fn put_off(&mut self, event: Event, delivery: Delivery) {
        let sent_millis = event.act.time_millis + delay_millis(&event);
        let number = self.delayed_count;
        self.delayed_count += 1;
        self.delayed.push(Reverse(Delayed { number, sending: Sending { sent_millis, delivery, event } }));
    }
}

impl Ids {
    fn next(&mut self) -> (u64, u64) {
        self.count += 1;
        (rng::key(self.key, &[self.count]), rng::mix(self.key ^ rng::mix(self.count)))
    }
}

impl Stream {
    fn new(walker: Walker) -> Stream {
        let ids = Ids { key: walker.key(), count: 0 };
        Stream { identity: walker.identity(), walker, ids, acts: Vec::new() }
    }

    fn next_millis(&self) -> Option<i64> {
        self.acts.last().map(|act| act.time_millis).or(self.walker.next_millis)
    }

    fn take_act(&mut self) -> Option<Event> {
        let act = self.acts.pop()?;
        let Identity { person, course, session } = self.identity;
        Some(Event { id: self.ids.next(), person, course, session, act })
    }

    fn refill(&mut self, courses: &[Course], spare: &mut Vec<Vec<Act>>) {
        let mut acts = spare.pop().unwrap_or_default();
        self.identity = self.walker.identity();
        self.walker.advance(&courses[usize::from(self.identity.course)], &mut acts);
        acts.reverse();
        if acts.is_empty() {
            spare.push(acts);
        } else {
            self.acts = acts;
        }
    }
}

/// Decided by the event's id, so that it needs no state.
fn fate(event: &Event) -> Delivery {
    let draw = ((event.id.1 & 0xFFFF_FFFF) * 10_000) >> 32;
    match (event.person, draw) {
        (Person::Learner(_), draw) if draw < RESENT => Delivery::Resent,
        (Person::Learner(_), draw) if draw < RESENT + LATE => Delivery::Late,
        _ => Delivery::OnTime,
    }
}

/// Seconds to minutes for most; one in forty comes a day or more later.
fn delay_millis(event: &Event) -> i64 {
    let mut draws = rng::Rng::keyed(event.id.0, &[0xDE]);
    match draws.chance(25) {
        true => draws.seconds(20 * 3_600, 60 * 3_600),
        false => draws.seconds(2, 90) + draws.seconds(0, 60) * i64::from(draws.below(30)),
    }
}

impl Eq for Delayed {}

impl Ord for Delayed {
    fn cmp(&self, other: &Delayed) -> std::cmp::Ordering {
        (self.sending.sent_millis, self.number).cmp(&(other.sending.sent_millis, other.number))
    }
}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Delayed) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::{Class, ClassConfig};

    /// How many acts and events are held at the moment.
    fn held(merge: &Merge) -> usize {
        let acts = merge.streams.iter().map(|stream| &stream.acts).chain(&merge.spare);
        acts.map(Vec::capacity).sum::<usize>() + merge.delayed.len()
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_number_of_events() {
        let most_held = |events| {
            let mut class =
                Class::new(&ClassConfig { events: Some(events), learners: Some(100), ..Default::default() });
            let mut most = 0;
            while class.next_sending().is_some() {
                most = most.max(held(&class.merge));
            }
            most
        };
        let (short, long) = (most_held(40_000), most_held(400_000));
        assert!(short < 12_000, "{short}");
        assert!(long < short * 2, "{short} for 40,000 events, {long} for 400,000");
    }
}
