//! Stored views, and partials of them: the first byte says of which kind.

use trilha_core::views::{CourseView, HourView, MonthView, ObjectView, QuizView, VideoView, View, decode_partial};

pub(crate) fn read(bytes: &[u8]) {
    let Some((kind, stored)) = bytes.split_first() else { return };
    let view = decode_partial(stored).map_or(stored, |(_, view)| view);
    match kind % 6 {
        0 => drop(VideoView::decode(view)),
        1 => drop(QuizView::decode(view)),
        2 => drop(HourView::decode(view)),
        3 => drop(MonthView::decode(view)),
        4 => drop(CourseView::decode(view)),
        _ => drop(ObjectView::decode(view)),
    }
}

pub(crate) fn check(bytes: &[u8]) {
    let Some((kind, stored)) = bytes.split_first() else { return };
    let view = decode_partial(stored).map_or(stored, |(_, view)| view);
    match kind % 6 {
        0 => check_kind::<VideoView>(view),
        1 => check_kind::<QuizView>(view),
        2 => check_kind::<HourView>(view),
        3 => check_kind::<MonthView>(view),
        4 => check_kind::<CourseView>(view),
        _ => check_kind::<ObjectView>(view),
    }
}

/// What is read is written and read alike, and adds to nothing as itself.
fn check_kind<V: View>(stored: &[u8]) {
    let Ok(view) = V::decode(stored) else { return };
    let written = view.encode();
    let again = V::decode(&written).expect("what was written is read");
    assert!(again.encode() == written);
    let mut sum = V::default();
    sum.add(&view);
    let mut twice = V::default();
    twice.add(&sum);
    assert!(twice == sum);
}
