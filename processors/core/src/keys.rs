//! How items are named: a partition and a sort key, readable, no longer than their parts (an id's own `|` stands as U+0001,
//! which no id may hold).
//!
//! | item | partition | sort key |
//! | --- | --- | --- |
//! | learner item | `tenant│generation│learner│pseudonym` | `course│video│id`, `course│quiz│id`, `course│activity│` |
//! | view of a video, quiz, object | `tenant│generation│course│course` | `video│id│shard`, `quiz│id│shard`, `object│id│shard` |
//! | view of an hour, a month | as above | `hour│number│shard`, `month│number│shard` |
//! | frozen part of a view | as above | the view's own, then `│part` |
//! | totals of a course | `tenant│generation│courses` | `course│shard` |
//! | a learner on a course's roster | `tenant│generation│roster│course` | `pseudonym` |
//! | the evaluator's status of a course, of a learner in it | `tenant│generation│status│course` | `course`, `learner│pseudonym` |
//! | where the next evaluation begins | the same with neither tenant nor course | `cursor` |
//! | ids of events beyond state | `tenant│generation│beyond` | `day│shard│sequence number` |
//! | mark of a view that two shards wrote | `tenant│generation│stale` | as the learner item: `course│video│id` and so on |
//! | progress of a shard, mark of a stale one, of an absorbed one | `progress`, `stale`, `absorbed` | `shard` |
//!
//! (│ stands for `|`.) A learner's items lie in one partition, so that access and erasure are one query. A shard is
//! named `incarnation/shard id`: a stream that is made anew starts other partials. Hours count from 1970 UTC, months
//! are year · 12 + month − 1, both padded so that they sort.

use std::borrow::Cow;

/// The generation of views and learner items that is live; a rebuild writes the next beside it.
pub const GENERATION: u32 = 1;

/// The name of an item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Items of one partition are read together.
    pub partition: String,
    /// Names the item within its partition.
    pub sort: String,
}

/// The kinds of view that lie in a course's partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Per video.
    Video,
    /// Per quiz.
    Quiz,
    /// Per hour of UTC.
    Hour,
    /// Per month of the course's zone.
    Month,
    /// Per described object.
    Object,
}

impl Kind {
    /// The word in the key.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Video => "video",
            Kind::Quiz => "quiz",
            Kind::Hour => "hour",
            Kind::Month => "month",
            Kind::Object => "object",
        }
    }
}

/// Names a shard across incarnations of the stream.
pub fn shard(incarnation: &str, shard_id: &str) -> String {
    format!("{incarnation}/{shard_id}")
}

/// The partition of a learner's items.
pub fn learner_partition(tenant: &str, learner: &impl std::fmt::Display) -> String {
    format!("{}|{GENERATION}|learner|{learner}", escape(tenant))
}

/// The sort key of a learner item; `object` is empty for the course's own.
pub fn learner_sort(course: &str, kind: &str, object: &str) -> String {
    let mut key = String::with_capacity(course.len() + kind.len() + object.len() + 2);
    for part in [&escape(course), "|", kind, "|", &escape(object)] {
        key.push_str(part);
    }
    key
}

/// The partition of a course's views.
pub fn course_partition(tenant: &str, course: &str) -> String {
    format!("{}|{GENERATION}|course|{}", escape(tenant), escape(course))
}

/// The partition of a course's roster; a learner's entry has their pseudonym as its sort key.
pub fn roster_partition(tenant: &str, course: &str) -> String {
    format!("{}|{GENERATION}|roster|{}", escape(tenant), escape(course))
}

/// The partition of what the evaluator knows of a course; in a table of its own.
pub fn status_partition(tenant: &str, course: &str) -> String {
    format!("{}|{GENERATION}|status|{}", escape(tenant), escape(course))
}

/// The prefix of the sort keys of a learner's items in one course.
pub fn learner_prefix(course: &str) -> String {
    format!("{}|", escape(course))
}

/// The partition of the totals of all a tenant's courses.
pub fn courses_partition(tenant: &str) -> String {
    format!("{}|{GENERATION}|courses", escape(tenant))
}

/// The sort key of a view's partial, or without a shard the prefix of all its partials.
pub fn view_sort(kind: Kind, object: &str, shard: &str) -> String {
    format!("{}|{}|{}", kind.as_str(), escape(object), escape(shard))
}

/// The sort key of a frozen part of a view's partial.
pub fn part_sort(partial: &str, part: &str) -> String {
    format!("{partial}|{part}")
}

/// The sort key of a course's totals.
pub fn course_sort(course: &str, shard: &str) -> String {
    format!("{}|{}", escape(course), escape(shard))
}

/// An hour or a month as a key's object: ten digits.
pub fn number(value: i64) -> String {
    format!("{value:010}")
}

/// The partition of the ids of a tenant's events that learner items had no room for.
pub fn beyond_partition(tenant: &str) -> String {
    format!("{}|{GENERATION}|beyond", escape(tenant))
}

/// The sort key of those of one record and one day of the lake.
pub fn beyond_sort(day: impl std::fmt::Display, shard: &str, sequence_number: impl std::fmt::Display) -> String {
    format!("{day}|{}|{sequence_number}", escape(shard))
}

/// The partition of the marks of a tenant's views that need a rebuild.
pub fn stale_partition(tenant: &str) -> String {
    format!("{}|{GENERATION}|stale", escape(tenant))
}

/// The prefix of the marks of one course's views.
pub fn stale_prefix(course: &str) -> String {
    format!("{}|", escape(course))
}

/// The name of the mark of the view that a learner item counts in.
pub fn stale_view(learner_partition: &str, learner_sort: &str) -> Name {
    let tenant = parts(learner_partition).swap_remove(0);
    Name { partition: stale_partition(&tenant), sort: learner_sort.to_string() }
}

/// Stands for a shard in the name of the partial that took in those of shards whose records have expired. It sorts after every
/// shard, so that who reads a view's partials in order reads it last.
pub const BASE: &str = "~base";

/// The partition of the marks of shards whose partials are in the base ones.
pub const ABSORBED: &str = "absorbed";

/// The name of the mark of a shard whose partials are in the base ones.
pub fn absorbed(shard: &str) -> Name {
    Name { partition: ABSORBED.into(), sort: escape(shard).into_owned() }
}

/// The partition of the shards' progress items.
pub const PROGRESS: &str = "progress";

/// The partition of the marks of shards whose views need a rebuild.
pub const STALE: &str = "stale";

/// The name of a shard's progress item.
pub fn progress(shard: &str) -> Name {
    Name { partition: PROGRESS.into(), sort: escape(shard).into_owned() }
}

/// The name of the mark of a shard whose views need a rebuild.
pub fn stale(shard: &str) -> Name {
    Name { partition: STALE.into(), sort: escape(shard).into_owned() }
}

/// The parts of a sort key, unescaped.
pub fn parts(key: &str) -> Vec<String> {
    key.split('|').map(|part| part.replace(STANDS_FOR_SEPARATOR, "|")).collect()
}

const STANDS_FOR_SEPARATOR: char = '\u{1}';

/// A part of a key as it stands there: as long as the part itself, so that ids of the greatest length still make a key that a table takes.
pub fn escape(part: &str) -> Cow<'_, str> {
    if part.contains('|') { Cow::Owned(part.replace('|', "\u{1}")) } else { Cow::Borrowed(part) }
}

#[cfg(test)]
mod tests {
    use trilha_schemas::reader::MAX_ID_BYTES;

    use super::*;

    #[test]
    fn parts_read_back_whatever_they_hold() {
        for object in ["a", "a|b", "|", "100%", "%7C", "", "course-v1:X+Y|%25"] {
            let key = view_sort(Kind::Video, object, "i/shardId-0");
            assert_eq!(parts(&key), ["video", object, "i/shardId-0"], "{key}");
            assert_eq!(parts(&part_sort(&key, "0-ab")), ["video", object, "i/shardId-0", "0-ab"], "{key}");
        }
    }

    #[test]
    fn the_longest_ids_make_keys_that_a_table_takes() {
        // DynamoDB: 2,048 bytes of partition key, 1,024 of sort key.
        let (longest, shard) = ("|".repeat(MAX_ID_BYTES), shard(&"f".repeat(32), "shardId-000000000000"));
        let view = view_sort(Kind::Object, &longest, &shard);
        for sort in [learner_sort(&longest, "video", &longest), part_sort(&view, "1000-0123456789abcdef"), view] {
            assert!(sort.len() <= 1_024, "{} bytes", sort.len());
        }
        assert!(course_partition(&longest, &longest).len() <= 2_048);
    }

    /// Items are found by their keys for ever.
    #[test]
    fn every_key_is_as_the_table_says() {
        let shard = shard("i", "s-0");
        let name = |name: Name| format!("{} {}", name.partition, name.sort);
        let learner = learner_partition("t|u", &"ab");
        for (key, expected) in [
            (learner.clone(), "t\u{1}u|1|learner|ab"),
            (learner_sort("c|d", "video", "v|w"), "c\u{1}d|video|v\u{1}w"),
            (course_partition("t|u", "c|d"), "t\u{1}u|1|course|c\u{1}d"),
            (roster_partition("t|u", "c|d"), "t\u{1}u|1|roster|c\u{1}d"),
            (status_partition("t|u", "c|d"), "t\u{1}u|1|status|c\u{1}d"),
            (learner_prefix("c|d"), "c\u{1}d|"),
            (courses_partition("t|u"), "t\u{1}u|1|courses"),
            (view_sort(Kind::Video, "v", &shard), "video|v|i/s-0"),
            (view_sort(Kind::Quiz, "q", &shard), "quiz|q|i/s-0"),
            (view_sort(Kind::Hour, &number(17), &shard), "hour|0000000017|i/s-0"),
            (view_sort(Kind::Month, &number(24_000), &shard), "month|0000024000|i/s-0"),
            (view_sort(Kind::Object, "o", "a|b"), "object|o|a\u{1}b"),
            (course_sort("c|d", "a|b"), "c\u{1}d|a\u{1}b"),
            (beyond_partition("t|u"), "t\u{1}u|1|beyond"),
            (beyond_sort(7, "a|b", 9), "7|a\u{1}b|9"),
            (stale_partition("t|u"), "t\u{1}u|1|stale"),
            (stale_prefix("c|d"), "c\u{1}d|"),
            (name(stale_view(&learner, "c|video|v")), "t\u{1}u|1|stale c|video|v"),
            (name(absorbed("a|b")), "absorbed a\u{1}b"),
            (name(progress("a|b")), "progress a\u{1}b"),
            (name(stale("a|b")), "stale a\u{1}b"),
        ] {
            assert_eq!(key, expected);
        }
    }

    #[test]
    fn a_prefix_matches_its_own_object_only() {
        let prefix = view_sort(Kind::Video, "a", "");
        assert!(view_sort(Kind::Video, "a", "s").starts_with(&prefix));
        assert!(!view_sort(Kind::Video, "a|", "s").starts_with(&prefix));
        assert!(!view_sort(Kind::Video, "ab", "s").starts_with(&prefix));
    }
}
