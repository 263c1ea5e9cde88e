//! What readers see of the first course: its views, summed over shards.

use std::collections::BTreeMap;

use trilha_core::keys::{self, Kind};
use trilha_core::views::{CourseView, HourView, QuizView, VideoView, View, merge};
use trilha_live::port::{Consistency, LiveTable};
use trilha_processors::absorb::stored;

use super::Stage;
use super::records::{COURSES, TENANT};

pub type Seen =
    (BTreeMap<String, VideoView>, BTreeMap<String, QuizView>, BTreeMap<String, HourView>, BTreeMap<String, CourseView>);

pub async fn seen(stage: &Stage) -> Seen {
    let course = keys::course_partition(TENANT, COURSES[0]);
    let kind = |kind: Kind| format!("{}|", kind.as_str());
    (
        read(stage, &course, &kind(Kind::Video)).await,
        read(stage, &course, &kind(Kind::Quiz)).await,
        read(stage, &course, &kind(Kind::Hour)).await,
        read(stage, &keys::courses_partition(TENANT), "").await,
    )
}

async fn read<V: View>(stage: &Stage, partition: &str, prefix: &str) -> BTreeMap<String, V> {
    let items = stage.table.query(partition, prefix, Consistency::Strong).await.unwrap();
    merge(items.iter().map(stored)).unwrap()
}
