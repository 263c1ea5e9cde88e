use trilha_schemas::event::{Body, Description, Event, Owned, Protocol, Role, Source};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};

use super::{Bin, Counts, CourseView, FREEZE_AT_BYTES, HourView, ObjectView, Presence, QuizView, VideoView, View};

fn video() -> VideoView {
    let mut view = VideoView::default();
    (view.learners, view.viewers, view.plays, view.content_millis) = (3, 2, -1, 1 << 40);
    view.add_bin(2, 5, -2);
    view.lengths.add(&60_000, 2);
    view.thresholds.add(&(0.9f64.to_bits() as i64), 1);
    view.seconds.add(&59, -1);
    view.titles.add(&"Título".to_string(), 3);
    view
}

fn quiz() -> QuizView {
    let mut view = QuizView::default();
    view.beyond_state += 1;
    view.change("q", |question| {
        question.learners = -2;
        question.first_millionths = 333_333;
        question.responses_first.add(&"a".to_string(), 2);
        question.elapsed.add(&3_600, 1);
    });
    view
}

fn check<V: View + std::fmt::Debug>(view: V) {
    let stored = view.encode();
    assert_eq!(V::decode(&stored).unwrap(), view);
    (0..stored.len()).for_each(|end| assert!(V::decode(&stored[..end]).is_err(), "cut at {end}: {view:?}"));
    let mut sum = V::default();
    assert!(sum.is_zero());
    sum.add(&view);
    assert_eq!(sum, view);
    assert!(!sum.is_zero());
    assert_eq!(view.pieces(), [stored]);
}

#[test]
fn views_read_back_and_refuse_cut_bytes() {
    check(video());
    check(quiz());
    assert!(!video().titles.is_empty() && VideoView::default().titles.is_empty());
    check(CourseView { learners: -7, beyond_state: 1 });
    let mut hour = HourView::default();
    hour.change(29_540_880, Presence { active: 1, window: -3 });
    check(hour);
    check(ObjectView::of(&described(5, 1, "Title"), &Owned).unwrap());
}

#[test]
fn views_that_stay_small_are_not_halved() {
    assert_eq!(CourseView { learners: 7, beyond_state: 1 }.halves(), None);
    assert_eq!(HourView::default().halves(), None);
    assert_eq!(ObjectView::of(&described(5, 1, "Title"), &Owned).unwrap().halves(), None);
}

#[test]
fn a_view_is_parted_when_its_stored_form_is_no_longer_below_the_limit() {
    let of = |length: usize| {
        let mut view = VideoView::default();
        view.titles.add(&"a".repeat(length), 1);
        view.titles.add(&"b".to_string(), 1);
        view
    };
    let length = 200_000 + FREEZE_AT_BYTES - of(200_000).encode().len();
    assert_eq!(of(length).encode().len(), FREEZE_AT_BYTES);
    assert_eq!([length - 1, length].map(|length| of(length).pieces().len()), [1, 2]);
}

#[test]
fn what_adds_up_to_nothing_is_zero() {
    let mut view = video();
    let mut turned = VideoView::default();
    (turned.learners, turned.viewers, turned.plays, turned.content_millis) = (-3, -2, 1, -(1 << 40));
    turned.add_bin(2, -5, 2);
    turned.lengths.add(&60_000, -2);
    turned.thresholds.add(&(0.9f64.to_bits() as i64), -1);
    turned.seconds.add(&59, 1);
    turned.titles.add(&"Título".to_string(), -3);
    view.add(&turned);
    assert!(view.is_zero(), "{view:?}");
    assert!(view.bins().is_empty());
}

#[test]
fn a_question_that_is_all_zero_is_dropped() {
    let mut view = quiz();
    let mut turned = QuizView::default();
    turned.beyond_state -= 1;
    turned.change("q", |question| {
        question.learners = 2;
        question.first_millionths = -333_333;
        question.responses_first.add(&"a".to_string(), -2);
        question.elapsed.add(&3_600, -1);
    });
    view.add(&turned);
    assert!(view.is_zero() && view.questions().next().is_none());
}

#[test]
fn the_bins_of_views_of_other_lengths_add_up() {
    let (mut short, mut long) = (VideoView::default(), VideoView::default());
    short.add_bin(0, 1, 1);
    long.add_bin(3, 2, 1);
    short.add(&long);
    assert_eq!(short.bins()[0], Bin { views: 1, viewers: 1 });
    assert_eq!(short.bins()[3], Bin { views: 2, viewers: 1 });
}

#[test]
fn most_is_the_greatest_count_and_of_equals_the_greatest_key() {
    let mut counts = Counts::default();
    assert_eq!(counts.most(), None);
    counts.add(&10, 2);
    counts.add(&20, 2);
    counts.add(&30, 1);
    assert_eq!(counts.most(), Some(&20));
    counts.add(&40, -5);
    counts.add(&20, -2);
    assert_eq!((counts.most(), counts.len()), (Some(&10), 3));
    let mut negative = Counts::default();
    negative.add(&1, -1);
    assert_eq!(negative.most(), None);
}

fn described(time_millis: i64, id: u8, title: &str) -> Event {
    Event {
        id: EventId([id; 16]),
        learner: Pseudonym([0; 16]),
        course: "c".into(),
        session: None,
        role: Role::Staff,
        title: Some(title.into()),
        time_millis: Some(time_millis),
        arrival_millis: 0,
        zone_offset_minutes: 0,
        settings_version: 1,
        flags: Flags::empty(),
        protocol: Protocol::Native,
        source: Source::None,
        body: Body::Described(Description { object: "v".into(), position: Some(-2), ..Description::default() }),
    }
}

#[test]
fn the_latest_description_wins_in_any_order() {
    let all = [described(1, 9, "old"), described(2, 1, "new"), described(2, 2, "newest")];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let mut view = ObjectView::default();
        order.iter().for_each(|at| view.add(&ObjectView::of(&all[*at], &Owned).unwrap()));
        assert_eq!(view.title.as_deref(), Some("newest"));
    }
}

/// Views are read for ever.
#[test]
fn the_stored_forms_of_version_1_stay() {
    let check = |stored: Vec<u8>, expected: &str| {
        assert_eq!(stored.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    };
    let mut hour = HourView::default();
    hour.change(29_540_880, Presence { active: 1, window: -3 });
    let mut totals = video();
    (totals.watch_millis, totals.cut_segments, totals.beyond_state) = (4, 5, 6);
    let mut answers = quiz();
    answers.change("q", |question| {
        (question.attempts, question.first_scored, question.last_millionths) = (2, 3, 4);
        (question.last_scored, question.first_correct) = (5, 6);
        question.attempts_per_learner.add(&2, 1);
        question.responses_last.add(&"b".to_string(), 1);
        question.titles.add(&"T".to_string(), 1);
    });
    check(
        totals.encode(),
        "01060401808080808040080a0c03000000000a0301c0a90704019ab3e6cc99b3e6ec7f02017601010754c3ad74756c6f\
        06",
    );
    check(answers.encode(), "01020101710304aad82806080a0c010402010161040101620201a0380201015402");
    check(hour.encode(), "0101a088961c0205");
    check(CourseView { learners: -7, beyond_state: 1 }.encode(), "010d02");
    check(
        ObjectView::of(&described(5, 1, "Title"), &Owned).unwrap().encode(),
        "010a010101010101010101055469746c650000010300",
    );
}
