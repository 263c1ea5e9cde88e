//! Statements of the xAPI Video Profile.

use serde_json::Value;

use super::activity::extension;
use crate::event::{VideoAction, VideoEvent};
use crate::loose::{Draft, as_list, at, position_millis};
use crate::number;

/// Reads the extensions of the result, then of the context, for each number.
pub(super) fn event(draft: &mut Draft, statement: &Value, action: VideoAction, video: &str) -> VideoEvent {
    let result = at(statement, &["result", "extensions"]);
    let context = at(statement, &["context", "extensions"]);
    let either = |name: &str| extension(context, name).or_else(|| extension(result, name));
    let mut event = Draft::video(action, video.to_string());
    event.position_millis = position_millis(extension(result, "time").or_else(|| extension(context, "time")));
    if action == VideoAction::Seeked {
        event.position_millis = position_millis(extension(result, "time-from")).or(event.position_millis);
        event.to_millis = position_millis(extension(result, "time-to"));
    }
    event.length_millis = draft.length(either("length"));
    event.rate = draft.rate(either("speed"));
    event.threshold = draft.threshold(either("completion-threshold"));
    event.segments = extension(result, "played-segments").map(segments);
    event
}

/// A list in a string, or a list of such strings; whatever else is there says that the session has segments, and none.
fn segments(value: &Value) -> Vec<(i64, i64)> {
    as_list(value).iter().filter_map(Value::as_str).flat_map(closed_segments).collect()
}

/// The closed pairs of `a[.]b[,]c[.]d` that parse, in their order, in milliseconds. An open last segment, and whatever
/// is no pair of numbers, is left out.
pub(super) fn closed_segments(list: &str) -> Vec<(i64, i64)> {
    let number = |text: &str| text.trim().parse().ok().and_then(number::millis);
    let pair = |segment: &str| {
        let (from, to) = segment.split_once("[.]")?;
        Some((number(from)?, number(to)?))
    };
    list.split("[,]").filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::closed_segments;

    #[test]
    fn closed_pairs_are_read_and_the_rest_is_left_out() {
        let check = |list: &str, expected: &[(i64, i64)]| assert_eq!(closed_segments(list), expected, "{list}");
        check("", &[]);
        check("0[.]12.5", &[(0, 12_500)]);
        check("0[.]42.6[,]43.1", &[(0, 42_600)]);
        check("3[.]3[,]7.25[.]9", &[(3_000, 3_000), (7_250, 9_000)]);
        check(" 1 [.] 2 [,]x[.]4[,]5[.]nan[,][.][,]6[.]7[.]8[,]9[.]8", &[(1_000, 2_000), (9_000, 8_000)]);
        check("inf[.]1[,]1[.]1e300", &[]);
    }

    proptest! {
        #[test]
        fn any_list_is_read_and_written_pairs_come_back(
            noise in "[0-9.,\\[\\] e+-]{0,200}",
            pairs in prop::collection::vec((0i64..36_000, 0i64..36_000), 0..20),
        ) {
            closed_segments(&noise);
            let written: Vec<String> = pairs.iter().map(|(from, to)| format!("{from}[.]{to}")).collect();
            let read: Vec<(i64, i64)> = pairs.iter().map(|(from, to)| (from * 1000, to * 1000)).collect();
            prop_assert_eq!(closed_segments(&written.join("[,]")), read);
        }
    }
}
