//! A video's totals.

use std::ops::Range;

use trilha_schemas::packing::{Damaged, Input, varint, zigzag};

use super::counts::{read_number, read_text, write_number, write_text};
use super::{Counts, View, version, versioned};

/// One bin of 5 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin {
    /// Segments that touched it.
    pub views: i64,
    /// Learners with a segment that touched it.
    pub viewers: i64,
}

/// A video's totals; nothing in it depends on the video's length.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VideoView {
    /// Learners with an event on it, whatever it was.
    pub learners: i64,
    /// Learners with a kept segment.
    pub viewers: i64,
    /// Sessions with a kept segment.
    pub plays: i64,
    /// Σ (b − a) of kept segments, in milliseconds of content.
    pub content_millis: i64,
    /// Σ floor((b − a) / rate + 0.5) of kept segments, in milliseconds of wall time.
    pub watch_millis: i64,
    /// Kept segments that were cut to the wall time that had passed.
    pub cut_segments: i64,
    /// Events that a learner item had no room for.
    pub beyond_state: i64,
    /// By bin, from 0; the last is not zero.
    bins: Vec<Bin>,
    /// Learners by their own greatest length, in milliseconds.
    pub lengths: Counts<i64>,
    /// Learners by their own greatest threshold, as the bits of a positive double (which order as it does).
    pub thresholds: Counts<i64>,
    /// Viewers by distinct seconds watched.
    pub seconds: Counts<i64>,
    /// Learners by the title they saw last.
    pub titles: Counts<String>,
}

impl VideoView {
    /// By bin, from 0; the last is not zero.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Adds to one bin.
    #[cfg(test)]
    pub(crate) fn add_bin(&mut self, bin: usize, views: i64, viewers: i64) {
        let bin = &mut self.bins_mut(bin..bin + 1)[0];
        bin.views += views;
        bin.viewers += viewers;
    }

    /// Some bins, to be added to.
    pub(crate) fn bins_mut(&mut self, bins: Range<usize>) -> &mut [Bin] {
        if self.bins.len() < bins.end {
            self.bins.resize(bins.end, Bin::default());
        }
        &mut self.bins[bins]
    }

    /// Drops zero bins at the end, so that equal contents are equal values.
    pub(crate) fn trim(&mut self) {
        while self.bins.last() == Some(&Bin::default()) {
            self.bins.pop();
        }
    }

    fn totals(&mut self) -> [&mut i64; 7] {
        [
            &mut self.learners,
            &mut self.viewers,
            &mut self.plays,
            &mut self.content_millis,
            &mut self.watch_millis,
            &mut self.cut_segments,
            &mut self.beyond_state,
        ]
    }
}

impl View for VideoView {
    fn add(&mut self, other: &Self) {
        let mut other_totals = other.clone_totals();
        for (total, other) in self.totals().into_iter().zip(other_totals.totals()) {
            *total += *other;
        }
        for (bin, other) in self.bins_mut(0..other.bins.len()).iter_mut().zip(&other.bins) {
            bin.views += other.views;
            bin.viewers += other.viewers;
        }
        self.trim();
        self.lengths.merge(&other.lengths);
        self.thresholds.merge(&other.thresholds);
        self.seconds.merge(&other.seconds);
        self.titles.merge(&other.titles);
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = version();
        self.clone_totals().totals().into_iter().for_each(|total| zigzag(&mut out, *total));
        varint(&mut out, self.bins.len() as u64);
        for bin in &self.bins {
            zigzag(&mut out, bin.views);
            zigzag(&mut out, bin.viewers);
        }
        self.lengths.encode(&mut out, write_number);
        self.thresholds.encode(&mut out, write_number);
        self.seconds.encode(&mut out, write_number);
        self.titles.encode(&mut out, write_text);
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut input = versioned(bytes)?;
        let mut view = VideoView::default();
        for total in view.totals() {
            *total = input.zigzag()?;
        }
        view.bins = read_bins(&mut input)?;
        view.lengths = Counts::decode(&mut input, read_number)?;
        view.thresholds = Counts::decode(&mut input, read_number)?;
        view.seconds = Counts::decode(&mut input, read_number)?;
        view.titles = Counts::decode(&mut input, read_text)?;
        Ok(view)
    }

    fn halves(mut self) -> Option<(Self, Self)> {
        let other = VideoView {
            lengths: self.lengths.split_off_half(),
            thresholds: self.thresholds.split_off_half(),
            seconds: self.seconds.split_off_half(),
            titles: self.titles.split_off_half(),
            ..VideoView::default()
        };
        (other != VideoView::default()).then_some((self, other))
    }
}

impl VideoView {
    fn clone_totals(&self) -> VideoView {
        VideoView {
            learners: self.learners,
            viewers: self.viewers,
            plays: self.plays,
            content_millis: self.content_millis,
            watch_millis: self.watch_millis,
            cut_segments: self.cut_segments,
            beyond_state: self.beyond_state,
            ..VideoView::default()
        }
    }
}

fn read_bins(input: &mut Input<'_>) -> Result<Vec<Bin>, Damaged> {
    let count = input.count(2)?;
    (0..count).map(|_| Ok(Bin { views: input.zigzag()?, viewers: input.zigzag()? })).collect()
}
