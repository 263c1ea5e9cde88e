//! What the video player wrote.

use serde_json::Value;

use super::required;
use crate::event::{VideoAction, VideoEvent};
use crate::loose::{Draft, at, position_millis};
use crate::reader::Refusal;

/// The player writes its position as `currentTime` or `current_time`, a seek as `old_time` and `new_time`.
pub(super) fn event(draft: &mut Draft, action: VideoAction, payload: &Value) -> Result<VideoEvent, Refusal> {
    let first = |names: &[&str]| names.iter().find_map(|name| at(payload, &[name]));
    let mut event = Draft::video(action, required(payload, "id")?.to_string());
    event.position_millis = position_millis(first(&["currentTime", "current_time"]));
    if action == VideoAction::Seeked {
        event.position_millis = position_millis(first(&["old_time"])).or(event.position_millis);
        event.to_millis = position_millis(first(&["new_time"]));
    }
    event.length_millis = draft.length(first(&["duration"]));
    event.rate = draft.rate(first(&["new_speed", "speed"]));
    Ok(event)
}
