//! The stream against Kinesis as others have built it again: kinesis-local (TRILHA_TEST_KINESIS) and ministack
//! (TRILHA_TEST_AWS), each the URL of a running one. Without them these tests pass and say that they were skipped, unless
//! TRILHA_TEST_REQUIRE is 1.
//!
//! What neither does, a proxy between the SDK and them does: they throttle nothing, take every entry of a put, let no record
//! and no iterator expire, lose no answer, and never answer a read with nothing where more is to come. ministack loses a
//! shard's records when it is split or merged and reads one page of a list of shards, so that these are tested on
//! kinesis-local alone; it takes 5 MB a put, so that the proxy parts the largest. kinesis-local refuses positions that are no
//! record's.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

mod contract;
mod puts;
mod reads;
mod resharding;
