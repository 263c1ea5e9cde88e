//! The video fold against the naive reading: any set of events, in any order, grouping and repetition.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod make;
mod naive;

use std::collections::HashMap;

use make::{Dice, deliveries, dense_video_events, video_events};
use naive::video::Video;
use proptest::prelude::*;
use trilha_core::Folded;
use trilha_core::metrics;
use trilha_core::video::VideoItem;
use trilha_core::views::{Bin, Counts, VideoView, View};
use trilha_schemas::event::Event;
use trilha_schemas::ids::Pseudonym;

type Items = HashMap<Pseudonym, VideoItem>;

fn pairs<K: Ord + Clone>(counts: &Counts<K>) -> Vec<(K, i64)> {
    counts.iter().map(|(key, count)| (key.clone(), count)).collect()
}

fn as_naive(view: &VideoView) -> Video {
    Video {
        learners: view.learners,
        viewers: view.viewers,
        plays: view.plays,
        content_millis: view.content_millis,
        watch_millis: view.watch_millis,
        cut_segments: view.cut_segments,
        bins: view.bins().iter().map(|bin| (bin.views, bin.viewers)).collect(),
        lengths: pairs(&view.lengths),
        thresholds: view.thresholds.iter().map(|(bits, count)| (*bits as u64, count)).collect(),
        seconds: pairs(&view.seconds),
        titles: pairs(&view.titles),
    }
}

/// Folds one delivery; answers what each call changed.
fn fold(items: &mut Items, calls: &[(Pseudonym, Vec<Event>)], dice: &mut Dice) -> (Vec<VideoView>, Folded) {
    let mut folded = Folded::default();
    let mut deltas = Vec::new();
    for (learner, events) in calls {
        let item = items.entry(*learner).or_default();
        let mut delta = VideoView::default();
        folded += item.fold(events, &mut delta);
        deltas.push(delta);
        if dice.roll(2) == 0 {
            let stored = item.encode();
            *item = VideoItem::decode(&stored).expect("an item reads back");
            assert_eq!(item.encode(), stored);
        }
    }
    (deltas, folded)
}

fn sum<'v>(deltas: impl IntoIterator<Item = &'v VideoView>) -> VideoView {
    deltas.into_iter().fold(VideoView::default(), |mut sum, delta| {
        sum.add(delta);
        sum
    })
}

/// Partials as several shards would hold them, stored and read.
fn merged_as_partials(deltas: &[VideoView], dice: &mut Dice) -> VideoView {
    let mut partials = vec![VideoView::default(); 3];
    deltas.iter().for_each(|delta| partials[dice.roll(3)].add(delta));
    let partials: Vec<_> =
        partials.iter().map(|partial| VideoView::decode(&partial.encode()).expect("a view reads back")).collect();
    sum(&partials)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_delivery_gives_the_naive_totals(events in video_events(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let expected = naive::video::video(&events);
        for _ in 0..3 {
            let mut items = Items::new();
            let calls = deliveries(&events, &mut dice);
            let (mut deltas, folded) = fold(&mut items, &calls, &mut dice);
            prop_assert_eq!(folded.applied as usize, events.len());
            prop_assert_eq!(folded.beyond_state(), 0);
            let view = sum(&deltas);
            prop_assert_eq!(&as_naive(&view), &expected);
            dice.shuffle(&mut deltas);
            prop_assert_eq!(&merged_as_partials(&deltas, &mut dice), &view);

            let (again, folded) = fold(&mut items, &calls, &mut dice);
            prop_assert_eq!(folded.applied, 0);
            prop_assert!(again.iter().all(View::is_zero));
        }
    }

    /// Sources that switch, ties in time, sessions joined and parted: whatever comes late finds its neighbours.
    #[test]
    fn any_order_gives_one_dense_session_the_naive_totals(events in dense_video_events(), seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let expected = naive::video::video(&events);
        let mut orders = vec![events.clone(); 5];
        orders[1].reverse();
        orders[2].rotate_left(dice.roll(events.len()));
        let late = orders[3].remove(dice.roll(events.len()));
        orders[3].push(late);
        dice.shuffle(&mut orders[4]);
        for order in orders {
            let calls: Vec<_> = order.iter().map(|event| (event.learner, vec![event.clone()])).collect();
            let (deltas, _) = fold(&mut Items::new(), &calls, &mut dice);
            prop_assert_eq!(&as_naive(&sum(&deltas)), &expected);
        }
    }

    /// After every event, not at the end alone.
    #[test]
    fn every_prefix_of_a_shuffled_session_gives_the_naive_totals(events in dense_video_events(), seed in any::<u64>()) {
        let mut events = events;
        Dice(seed).shuffle(&mut events);
        events.truncate(16);
        let (mut item, mut view) = (VideoItem::default(), VideoView::default());
        for end in 1..=events.len() {
            item.fold([&events[end - 1]], &mut view);
            prop_assert_eq!(&as_naive(&view), &naive::video::video(&events[..end]));
        }
    }

    #[test]
    fn metrics_follow_the_naive_learners(events in video_events(), setting in prop::option::of(0.05f64..1.0)) {
        let mut items = Items::new();
        let calls: Vec<_> = events.iter().map(|event| (event.learner, vec![event.clone()])).collect();
        let view = sum(&fold(&mut items, &calls, &mut Dice(1)).0);
        let settings = metrics::VideoSettings { threshold: setting, ..Default::default() };
        let metrics = metrics::video(&view, settings);
        let naive = naive::video::video(&events);
        let most = naive.lengths.iter().max_by_key(|(length, learners)| (*learners, *length)).map(|(length, _)| *length);
        prop_assert_eq!(metrics.length_millis, most);
        let Some(length) = most else {
            prop_assert_eq!((metrics.completed, metrics.average_coverage), (None, None));
            prop_assert_eq!(metrics.bins.len(), naive.bins.len());
            return Ok(());
        };
        let (completed, covered, whole) = naive::video::completion(&events, length, metrics.threshold);
        prop_assert_eq!(metrics.completed, Some(completed));
        prop_assert_eq!(metrics.average_coverage, (whole > 0).then(|| covered as f64 / whole as f64));
        prop_assert_eq!(metrics.completion_rate, (whole > 0).then(|| completed as f64 / naive.viewers as f64));
        let bin = |k: usize| naive.bins.get(k).map_or(Bin::default(), |(views, viewers)| Bin { views: *views, viewers: *viewers });
        let expected: Vec<Bin> = (0..).take_while(|k| *k as i64 * 5_000 < length).map(bin).collect();
        prop_assert_eq!(metrics.bins, expected);
    }
}
