//! The word that tells a person what an item is. Nobody else reads it.

use trilha_core::keys;
use trilha_live::port::Key;

/// What an item of this key is. No longer than the port's limits leave room for.
pub(crate) fn kind(key: &Key) -> &'static str {
    let (partition, sort) = (parts(&key.partition), parts(&key.sort));
    match partition.as_slice() {
        [keys::PROGRESS] => "progress",
        [keys::STALE] => "stale shard",
        [keys::ABSORBED] => "absorbed shard",
        [_, _, "learner", _] => learner_item(&sort),
        [_, _, "course", _] => view(&sort),
        [_, _, "courses"] => "course view",
        [_, _, "beyond"] => "beyond state",
        [_, _, "stale"] => "stale view",
        _ => "item",
    }
}

fn learner_item(sort: &[&str]) -> &'static str {
    match sort {
        [_, "video", _] => "learner video",
        [_, "quiz", _] => "learner quiz",
        [_, "activity", _] => "learner activity",
        _ => "learner item",
    }
}

fn view(sort: &[&str]) -> &'static str {
    match sort {
        ["video", _, _] => "video view",
        ["quiz", _, _] => "quiz view",
        ["hour", _, _] => "hour view",
        ["month", _, _] => "month view",
        ["object", _, _] => "object view",
        [_, _, _, _] => "part of a view",
        _ => "view",
    }
}

fn parts(key: &str) -> Vec<&str> {
    key.split('|').collect()
}

#[cfg(test)]
mod tests {
    use trilha_core::keys::{Kind, Name};

    use super::*;

    #[test]
    fn every_key_has_its_word() {
        let shard = keys::shard("i", "shardId-0");
        let (learner, course) = (keys::learner_partition("t", &"ab"), keys::course_partition("t", "c|d"));
        let of = |partition: &str, sort: &str| kind(&Key { partition: partition.into(), sort: sort.into() });
        let named = |name: Name| of(&name.partition, &name.sort);
        let view = |kind: Kind| of(&course, &keys::view_sort(kind, "o|p", &shard));
        let part = keys::part_sort(&keys::view_sort(Kind::Video, "o", &shard), "0-ab");
        for (there, should) in [
            (of(&learner, &keys::learner_sort("c|d", "video", "o")), "learner video"),
            (of(&learner, &keys::learner_sort("c", "quiz", "o")), "learner quiz"),
            (of(&learner, &keys::learner_sort("c", "activity", "")), "learner activity"),
            (view(Kind::Video), "video view"),
            (view(Kind::Quiz), "quiz view"),
            (view(Kind::Hour), "hour view"),
            (view(Kind::Month), "month view"),
            (view(Kind::Object), "object view"),
            (of(&course, &part), "part of a view"),
            (of(&keys::courses_partition("t"), &keys::course_sort("c", &shard)), "course view"),
            (of(&keys::beyond_partition("t"), &keys::beyond_sort(7, &shard, 9)), "beyond state"),
            (named(keys::stale_view(&learner, "c|video|v")), "stale view"),
            (named(keys::progress(&shard)), "progress"),
            (named(keys::stale(&shard)), "stale shard"),
            (named(keys::absorbed(&shard)), "absorbed shard"),
            (of("p", "s"), "item"),
        ] {
            assert_eq!(there, should);
        }
    }
}
