//! Views: signed totals of a class. The change that events make to a view has the same type, and adding is all there is
//! to it: adding changes in any order or grouping gives the same view, and partials of several shards add up.

mod activity;
mod counts;
mod object;
mod partial;
mod quiz;
mod video;

pub use activity::{CourseView, HourView, MonthView, Presence};
pub use counts::Counts;
pub use object::ObjectView;
pub use partial::{FREEZE_AT_BYTES, Stored, decode_partial, encode_partial, merge, part_name};
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

    /// Two views that add up to this one, each about half its size; `None` where the view stays small.
    fn halves(self) -> Option<(Self, Self)> {
        None
    }

    /// Stored forms of views that add up to this one, each below [`FREEZE_AT_BYTES`] where halving comes that far.
    fn pieces(&self) -> Vec<Vec<u8>> {
        let stored = self.encode();
        let halves = if stored.len() < FREEZE_AT_BYTES { None } else { self.clone().halves() };
        halves.map_or_else(|| vec![stored], |(one, other)| [one.pieces(), other.pieces()].concat())
    }
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
