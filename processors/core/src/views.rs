//! Views: signed totals of a class. The change that events make to a view has the same type, and adding is all there is
//! to it: adding changes in any order or grouping gives the same view, and partials of several shards add up.

mod activity;
mod counts;
mod object;
mod quiz;
mod video;

pub use activity::{CourseView, HourView, MonthView, Presence};
pub use counts::Counts;
pub use object::ObjectView;
pub use quiz::{QuestionView, QuizView};
pub use video::{Bin, VideoView};

use trilha_schemas::packing::Damaged;

/// What every view can do.
pub trait View: Default + Clone + PartialEq {
    /// Adds a change, or another shard's partial.
    fn add(&mut self, other: &Self);

    /// Whether adding it would change nothing.
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The stored form.
    fn encode(&self) -> Vec<u8>;

    /// From the stored form.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are cut, flipped or of a later version.
    fn decode(bytes: &[u8]) -> Result<Self, Damaged>;
}

const VERSION: u8 = 1;

/// Checks the version byte that every stored form begins with.
pub(crate) fn versioned(bytes: &[u8]) -> Result<trilha_schemas::packing::Input<'_>, Damaged> {
    match bytes {
        [VERSION, rest @ ..] => Ok(trilha_schemas::packing::Input::new(rest)),
        _ => Err(Damaged("the version of a stored item")),
    }
}

/// A stored form's first byte.
pub(crate) fn version() -> Vec<u8> {
    vec![VERSION]
}

#[cfg(test)]
mod tests;
