//! A view's partial as it is stored.
//!
//! A stored item has a greatest size and a view has none: thousands of learners may each give another answer. So a partial
//! that has grown to [`FREEZE_AT_BYTES`] is *frozen*: its content moves into parts, items of their own that never change
//! again, and it goes on from zero and lists them. The view is the sum. A part is named by its place in the list and a
//! hash of its content, so that consumers who freeze at the same time either write the same part or parts that the
//! partial never comes to list.
//!
//! ```text
//! partial = parts: count, then each name · the view
//! ```

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use trilha_schemas::ids::first_16;
use trilha_schemas::packing::{Damaged, Input, bytes, varint};

use super::View;
use crate::keys;

/// A partial of so many bytes is frozen. DynamoDB takes items of 400 KB, the key and the watermarks included.
pub const FREEZE_AT_BYTES: usize = 256 * 1024;

/// The stored form of a partial: the names of its frozen parts and the view's own stored form.
pub fn encode_partial(parts: &[String], view: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(view.len() + 1);
    varint(&mut out, parts.len() as u64);
    parts.iter().for_each(|part| bytes(&mut out, part.as_bytes()));
    out.extend_from_slice(view);
    out
}

/// The names of the frozen parts and the view's own stored form.
///
/// # Errors
/// [`Damaged`] when the list of parts is cut or flipped.
pub fn decode_partial(stored: &[u8]) -> Result<(Vec<String>, &[u8]), Damaged> {
    let mut input = Input::new(stored);
    let count = input.count(1)?;
    let parts = (0..count).map(|_| input.text().map(str::to_string)).collect::<Result<_, _>>()?;
    Ok((parts, input.rest()))
}

/// The name of a part: its place in the partial's list and a hash of its content.
pub fn part_name(place: usize, content: &[u8]) -> String {
    let hash = u128::from_be_bytes(first_16(&Sha256::digest(content)));
    format!("{place}-{hash:032x}")
}

/// One item of those that hold views.
#[derive(Debug, Clone)]
pub struct Stored<'a> {
    /// Its sort key.
    pub sort: &'a str,
    /// Its content.
    pub value: &'a [u8],
    /// The shards in its watermark.
    pub shards: Vec<&'a str>,
}

/// Whose partial, or part of one, an item is: object and shard, by the sort key of a course's views or of courses' totals.
struct Place {
    object: String,
    shard: String,
    is_part: bool,
}

impl Place {
    fn of(sort: &str) -> Option<Place> {
        let parts = keys::parts(sort);
        let (object, shard) = match parts.as_slice() {
            [_, object, shard] | [object, shard] | [_, object, shard, _] => (object.clone(), shard.clone()),
            _ => return None,
        };
        Some(Place { object, shard, is_part: parts.len() == 4 })
    }
}

/// Sums the partials of one kind of view, by object, whatever the number of shards and parts. What the base has taken in
/// is passed over (its watermark says which shards), and so are parts that no partial lists.
///
/// Items come as a query by prefix gives them, in order of sort key: a partial before its parts, which were written before
/// it listed them; and the base last, so that a partial that is gone already is in it.
///
/// # Errors
/// [`Damaged`] when something cannot be read, or a listed part is not there.
pub fn merge<'a, V: View>(items: impl IntoIterator<Item = Stored<'a>>) -> Result<BTreeMap<String, V>, Damaged> {
    let items: Vec<(Place, Stored<'a>)> =
        items.into_iter().filter_map(|item| Some((Place::of(item.sort)?, item))).collect();
    let bases = items.iter().filter(|(place, _)| place.shard == keys::BASE && !place.is_part);
    let absorbed: BTreeSet<(&str, &str)> =
        bases.flat_map(|(place, base)| base.shards.iter().map(|shard| (place.object.as_str(), *shard))).collect();
    let mut merged: BTreeMap<String, V> = BTreeMap::new();
    let mut listed = BTreeSet::new();
    for (place, item) in &items {
        if absorbed.contains(&(place.object.as_str(), place.shard.as_str())) {
            continue;
        }
        let view = if !place.is_part {
            let (parts, view) = decode_partial(item.value)?;
            listed.extend(parts.iter().map(|part| keys::part_sort(item.sort, part)));
            view
        } else if listed.remove(item.sort) {
            item.value
        } else {
            continue;
        };
        merged.entry(place.object.clone()).or_default().add(&V::decode(view)?);
    }
    if listed.is_empty() { Ok(merged) } else { Err(Damaged("a part of a view is missing")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Kind, part_sort, view_sort};
    use crate::views::{QuestionView, QuizView, VideoView};

    #[test]
    fn a_parts_name_is_its_place_and_the_hash_of_its_content() {
        assert_eq!(part_name(3, b"abc"), "3-ba7816bf8f01cfea414140de5dae2223");
    }

    /// A quiz in which nobody answers as another does.
    fn essays(learners: std::ops::Range<usize>, sign: i64) -> QuizView {
        let mut view = QuizView::default();
        for learner in learners {
            view.change(&format!("question {}", learner % 3), |question| {
                question.learners += sign;
                question.responses_first.add(&format!("{learner}: {}", "x".repeat(150)), sign);
            });
        }
        view
    }

    #[test]
    fn pieces_add_up_and_each_fits() {
        let mut video = VideoView::default();
        (video.viewers, video.plays) = (7, -3);
        video.add_bin(5_000, 2, 1);
        (0..90_000).for_each(|second| video.seconds.add(&second, 1));
        (0..2_000).for_each(|learner| video.titles.add(&format!("{learner} {}", "y".repeat(180)), 1));
        check(video);
        check(essays(0..9_000, 1));
        check(QuizView::default());
    }

    fn check<V: View + std::fmt::Debug>(view: V) {
        let pieces = view.pieces();
        assert!(pieces.iter().all(|piece| piece.len() < FREEZE_AT_BYTES));
        let mut sum = V::default();
        pieces.iter().for_each(|piece| sum.add(&V::decode(piece).unwrap()));
        assert!(sum == view);
    }

    #[test]
    fn a_view_is_halved_from_256_kb_on_whatever_makes_it_large() {
        assert_eq!([1_500, 1_700, 3_400].map(|learners| essays(0..learners, 1).pieces().len()), [1, 2, 3]);
        let video = |change: &dyn Fn(&mut VideoView, i64)| {
            let mut view = VideoView::default();
            (0..60_000).for_each(|number| change(&mut view, number << 16));
            view.pieces().len()
        };
        assert_eq!(video(&|view, number| view.lengths.add(&number, 1)), 2);
        assert_eq!(video(&|view, number| view.thresholds.add(&number, 1)), 2);
        assert_eq!(video(&|view, number| view.seconds.add(&number, 1)), 2);
        assert_eq!(video(&|view, number| view.titles.add(&format!("{number:08}"), 1)), 4);
        assert_eq!(video(&|view, number| view.add_bin(number as usize >> 16, 1 << 20, 1 << 20)), 1);
        let quiz = |change: &dyn Fn(&mut QuestionView, i64)| {
            let mut view = QuizView::default();
            view.change("q", |question| (0..60_000).for_each(|number| change(question, number << 16)));
            view.pieces().len()
        };
        assert_eq!(quiz(&|view, number| view.attempts_per_learner.add(&number, 1)), 2);
        assert_eq!(quiz(&|view, number| view.elapsed.add(&number, 1)), 2);
        assert_eq!(quiz(&|view, number| view.responses_first.add(&format!("{number:08}"), 1)), 4);
        assert_eq!(quiz(&|view, number| view.responses_last.add(&format!("{number:08}"), 1)), 4);
        assert_eq!(quiz(&|view, number| view.titles.add(&format!("{number:08}"), 1)), 4);
    }

    #[test]
    fn a_view_is_the_sum_of_its_partials_and_their_listed_parts() {
        let (frozen, rest, other) = (essays(0..100, 1), essays(50..60, -1), essays(100..120, 1));
        let piece = frozen.encode();
        let name = part_name(0, &piece);
        let (one, two) = (view_sort(Kind::Quiz, "q", "s/1"), view_sort(Kind::Quiz, "q", "s/2"));
        let stored = [
            (one.clone(), encode_partial(std::slice::from_ref(&name), &rest.encode())),
            (part_sort(&one, &name), piece),
            (part_sort(&one, "1-0"), essays(0..3, 1).encode()),
            (two.clone(), encode_partial(&[], &other.encode())),
        ];
        let items = || stored.iter().map(|(sort, value)| Stored { sort, value, shards: Vec::new() });
        let mut expected = essays(0..50, 1);
        expected.add(&essays(60..120, 1));
        assert!(merge(items()).unwrap() == BTreeMap::from([("q".to_string(), expected)]));
        let without = items().filter(|item| !item.sort.ends_with(&name));
        assert_eq!(merge::<QuizView>(without).map(drop), Err(Damaged("a part of a view is missing")));
    }

    #[test]
    fn what_the_base_has_taken_in_counts_once() {
        let of = |shard: &str| view_sort(Kind::Quiz, "q", shard);
        let gone = essays(0..10, 1).encode();
        let name = part_name(0, &gone);
        let mut base = essays(0..10, 1);
        base.add(&essays(10..20, 1));
        let sorts = [of("s/1"), part_sort(&of("s/1"), &name), of("s/2"), of(keys::BASE)];
        let values = [
            encode_partial(&[name], &essays(10..20, 1).encode()),
            gone,
            encode_partial(&[], &essays(20..25, 1).encode()),
            encode_partial(&[], &base.encode()),
        ];
        let items = || {
            let shards = [vec!["s/1"], vec!["s/1"], vec!["s/2"], vec!["s/0", "s/1"]];
            let rows = sorts.iter().zip(&values).zip(shards);
            rows.map(|((sort, value), shards)| Stored { sort, value, shards }).collect::<Vec<_>>()
        };
        let expected = BTreeMap::from([("q".to_string(), essays(0..25, 1))]);
        assert!(merge::<QuizView>(items()).unwrap() == expected);
        assert!(merge::<QuizView>(items().into_iter().skip(2)).unwrap() == expected, "the partial is gone");
        assert!(merge::<QuizView>(items().into_iter().take(3)).unwrap() == expected, "the base is not there yet");
    }
}
