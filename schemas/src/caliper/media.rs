//! Media events on videos.

use serde_json::Value;

use super::entity::{extension, object_id};
use crate::event::{VideoAction, VideoEvent};
use crate::loose::{Draft, at, position_millis};
use crate::reader::Refusal;

/// Reads the position from the target. Of a seek the field knows two opposite forms: the target is where it came from
/// and `newTime` where it went, or the target is where it went and `old_time` where it came from. A seek with neither
/// extension tells where it went.
pub(super) fn event(draft: &mut Draft, event: &Value, action: VideoAction) -> Result<VideoEvent, Refusal> {
    let mut video = Draft::video(action, object_id(event)?.to_string());
    video.position_millis = position_millis(at(event, &["target", "currentTime"]));
    if action == VideoAction::Seeked {
        let new = position_millis(extension(event, &["newTime", "new_time"]));
        let old = position_millis(extension(event, &["oldTime", "old_time"]));
        (video.position_millis, video.to_millis) = match (old, new) {
            (old, Some(new)) => (old.or(video.position_millis), Some(new)),
            (old, None) => (old, video.position_millis),
        };
    }
    video.length_millis = draft.length(at(event, &["object", "duration"]));
    video.rate = draft.rate(extension(event, &["newSpeed", "new_speed", "speed"]));
    Ok(video)
}
