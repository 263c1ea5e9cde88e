//! The list of shards, kept for a moment: every mapping asks for it each second.

use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::types::Shard as Described;
use tokio::sync::Mutex;
use tokio::time::Instant;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{Shard, StreamError};

use crate::error::failed;

/// How long a list is good. What ends a shard, or names one that is not listed, ends it sooner.
const KEPT: Duration = Duration::from_secs(1);
/// The most shards that one answer holds.
const PAGE: i32 = 1_000;

/// A shard and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) shard: Shard,
    /// A number before all of its records, as the service writes it.
    first_number: String,
}

impl Listed {
    /// A position as the service takes it; `None` where that is the oldest record. It is as wide as the shard's first: some
    /// streams pad their numbers and compare them as texts.
    pub(crate) fn position(&self, number: Option<SequenceNumber>) -> Option<String> {
        let number = number.filter(|number| Some(*number) >= SequenceNumber::parse(&self.first_number).ok())?;
        Some(format!("{:0>width$}", number.to_string(), width = self.first_number.len()))
    }
}

struct Listing {
    shards: Vec<Listed>,
    read_at: Instant,
}

/// The shards of one stream.
pub(crate) struct Shards {
    client: Client,
    name: String,
    /// Locked while it is read, so that who asks meanwhile shares the answer.
    listing: Mutex<Option<Listing>>,
}

impl Shards {
    pub(crate) fn new(client: Client, name: &str) -> Shards {
        Shards { client, name: name.to_string(), listing: Mutex::new(None) }
    }

    /// All of them, parents before children.
    pub(crate) async fn all(&self) -> Result<Vec<Shard>, StreamError> {
        let mut listing = self.listing.lock().await;
        let fresh = listing.as_ref().filter(|listing| listing.read_at.elapsed() < KEPT);
        let shards = match fresh {
            Some(listing) => &listing.shards,
            None => self.read(&mut listing).await?,
        };
        Ok(shards.iter().map(|listed| listed.shard.clone()).collect())
    }

    /// One of them. What a shard starts with never changes, so that any list that has it will do.
    pub(crate) async fn get(&self, shard_id: &str) -> Result<Listed, StreamError> {
        let mut listing = self.listing.lock().await;
        let find = |shards: &[Listed]| shards.iter().find(|listed| listed.shard.shard_id == shard_id).cloned();
        if let Some(listed) = listing.as_ref().and_then(|listing| find(&listing.shards)) {
            return Ok(listed);
        }
        find(self.read(&mut listing).await?).ok_or_else(|| StreamError::NoSuchShard(shard_id.to_string()))
    }

    /// The list is out of date.
    pub(crate) async fn forget(&self) {
        *self.listing.lock().await = None;
    }

    /// Forgets the list where it lacks one of these.
    pub(crate) async fn must_have(&self, shard_ids: impl Iterator<Item = &str>) {
        let mut listing = self.listing.lock().await;
        let Some(there) = listing.as_ref() else { return };
        let lacks = |shard_id: &str| !there.shards.iter().any(|listed| listed.shard.shard_id == shard_id);
        if { shard_ids }.any(lacks) {
            *listing = None;
        }
    }

    async fn read<'a>(&self, listing: &'a mut Option<Listing>) -> Result<&'a [Listed], StreamError> {
        let read_at = Instant::now();
        let mut shards = self.pages().await?;
        // Kinesis counts shards up, and a child is younger than its parents.
        shards.sort_by_key(|listed| (listed.shard.shard_id.len(), listed.shard.shard_id.clone()));
        Ok(&listing.insert(Listing { shards, read_at }).shards)
    }

    async fn pages(&self) -> Result<Vec<Listed>, StreamError> {
        let (mut shards, mut next) = (Vec::new(), None);
        loop {
            let call = self.client.list_shards().max_results(PAGE);
            let call = match next {
                Some(token) => call.next_token(token),
                None => call.stream_name(&self.name),
            };
            let page = call.send().await.map_err(|error| failed(&error))?;
            for shard in page.shards.unwrap_or_default() {
                shards.push(listed(shard)?);
            }
            next = page.next_token;
            if next.is_none() {
                return Ok(shards);
            }
        }
    }
}

fn listed(shard: Described) -> Result<Listed, StreamError> {
    let unreadable = || StreamError::Unavailable(format!("{} is listed without its ranges", shard.shard_id));
    let (keys, numbers) = (shard.hash_key_range.as_ref(), shard.sequence_number_range.as_ref());
    let (keys, numbers) = keys.zip(numbers).ok_or_else(unreadable)?;
    let hash_key = |text: &str| text.parse().map_err(|_| unreadable());
    let parents = [&shard.parent_shard_id, &shard.adjacent_parent_shard_id];
    let listed = Shard {
        shard_id: shard.shard_id.clone(),
        parents: parents.into_iter().flatten().cloned().collect(),
        first_hash_key: hash_key(&keys.starting_hash_key)?,
        last_hash_key: hash_key(&keys.ending_hash_key)?,
        open: numbers.ending_sequence_number.is_none(),
    };
    Ok(Listed { shard: listed, first_number: numbers.starting_sequence_number.clone() })
}

#[cfg(test)]
mod tests {
    use aws_sdk_kinesis::types::{HashKeyRange, SequenceNumberRange};

    use super::*;

    fn described(first_number: &str) -> Described {
        let keys = HashKeyRange::builder().starting_hash_key("5").ending_hash_key(u128::MAX.to_string()).build();
        let numbers = SequenceNumberRange::builder().starting_sequence_number(first_number).build();
        let shard = Described::builder().shard_id("shardId-000000000007").hash_key_range(keys.unwrap());
        shard
            .sequence_number_range(numbers.unwrap())
            .parent_shard_id("p")
            .adjacent_parent_shard_id("q")
            .build()
            .unwrap()
    }

    #[test]
    fn a_shard_is_read_with_parents_and_ranges() {
        let Listed { shard, .. } = listed(described("49")).unwrap();
        assert_eq!((shard.parents, shard.open), (vec!["p".to_string(), "q".to_string()], true));
        assert_eq!((shard.first_hash_key, shard.last_hash_key), (5, u128::MAX));
        let mut without = described("49");
        without.hash_key_range = None;
        assert!(listed(without).is_err());
    }

    #[test]
    fn a_position_before_the_shard_is_its_oldest_record_and_others_are_as_wide_as_its_first() {
        let listed = listed(described("0049")).unwrap();
        for (number, expected) in [("0", None), ("48", None), ("49", Some("0049")), ("0123", Some("0123"))] {
            let number = SequenceNumber::parse(number).unwrap();
            assert_eq!(listed.position(Some(number)).as_deref(), expected, "{number}");
        }
        assert_eq!(listed.position(None), None);
    }

    #[tokio::test]
    async fn a_list_that_lacks_a_shard_is_forgotten() {
        let config =
            aws_sdk_kinesis::Config::builder().behavior_version(aws_sdk_kinesis::config::BehaviorVersion::latest());
        let shards = Shards::new(Client::from_conf(config.build()), "stream");
        let shard = listed(described("49")).unwrap();
        *shards.listing.lock().await = Some(Listing { shards: vec![shard.clone()], read_at: Instant::now() });
        shards.must_have(["shardId-000000000007"].into_iter()).await;
        assert_eq!(shards.get("shardId-000000000007").await.unwrap(), shard);
        shards.must_have(["shardId-000000000007", "shardId-000000000008"].into_iter()).await;
        assert!(shards.listing.lock().await.is_none());
    }
}
