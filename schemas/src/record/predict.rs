//! What the next event of a record is expected to be; only the difference is written.

/// Expectations, the same while writing and reading.
#[derive(Default)]
pub(super) struct Expected {
    /// The arrival before.
    pub arrival: i64,
    /// How far the time before was ahead of its arrival.
    pub lead: i64,
    /// Where each learner's last video event left the player.
    ends: Vec<i64>,
    /// The length last told of each object.
    lengths: Vec<i64>,
}

impl Expected {
    pub(super) fn clear(&mut self) {
        (self.arrival, self.lead) = (0, 0);
        self.ends.clear();
        self.lengths.clear();
    }

    #[inline(always)]
    pub(super) fn end(&mut self, learner: usize) -> &mut i64 {
        at(&mut self.ends, learner)
    }

    #[inline(always)]
    pub(super) fn length(&mut self, object: usize) -> &mut i64 {
        at(&mut self.lengths, object)
    }
}

#[inline(always)]
fn at(values: &mut Vec<i64>, index: usize) -> &mut i64 {
    if values.len() <= index {
        values.resize(index + 1, 0);
    }
    &mut values[index]
}
