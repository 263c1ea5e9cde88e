//! Numbers read off merged views. Counts are integers; a ratio is one double division, made here (METRICS.md).

mod question;
mod video;

pub use question::{Mark, QuestionMetrics, Response, Responses, question};
pub use video::{DropOff, VideoMetrics, VideoSettings, seconds_of, video};

/// The whole of one million, for scores in millionths.
const MILLION: i64 = 1_000_000;

/// `None` instead of a division by zero.
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests;
