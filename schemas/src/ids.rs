//! Ids: events, learners' pseudonyms and their buckets.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::event::{Body, SentEvent, SourceId};

/// Room for what is hashed of most acts.
const USUAL_ACT_BYTES: usize = 256;

/// 128 bits that name one act of one learner, however often and by whatever way it is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

/// The first 128 bits of HMAC-SHA-256(tenant key, learner id ‖ n): a learner, as everything after the collector
/// knows them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

/// The first 12 bits of a pseudonym, for ever: the partition key of the learner's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(pub u16);

impl Pseudonym {
    /// The learner's bucket.
    pub fn bucket(&self) -> Bucket {
        Bucket(u16::from_be_bytes([self.0[0], self.0[1]]) >> 4)
    }

    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Pseudonym> {
        from_hex(text).map(Pseudonym)
    }
}

impl EventId {
    /// Reads 32 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<EventId> {
        from_hex(text).map(EventId)
    }

    /// The id of an act (METRICS.md, Identity), in two halves of 64 bits. The first hashes (tenant, type, object, time as
    /// sent, source id), the second that and the learner; the object is named in full, with its course and a question with
    /// its quiz, and stands with the role, so that no act counts in one place and is the copy of one in another.
    ///
    /// Acts of one learner are thus told apart and, at the same time, ordered by the first half alone: in every
    /// installation the same. The learner is the pseudonym, so that an id gives nobody's raw id away.
    ///
    /// Each part is hashed (SHA-256) after its length in eight big-endian bytes; the time in milliseconds, eight
    /// big-endian bytes or none.
    pub fn of(tenant: &str, learner: &Pseudonym, sent: &SentEvent) -> EventId {
        let act = Sha256::digest(act(tenant, sent));
        let mut acted = [0; 48];
        acted[..32].copy_from_slice(&act);
        acted[32..].copy_from_slice(&learner.0);
        let whose = Sha256::digest(acted);
        let mut id = [0; 16];
        id[..8].copy_from_slice(&act[..8]);
        id[8..].copy_from_slice(&whose[..8]);
        EventId(id)
    }
}

impl Bucket {
    /// How many buckets there are.
    pub const COUNT: u16 = 4096;

    /// The partition key that the stream sees: three hexadecimal digits.
    pub fn partition_key(self) -> String {
        let digits = [self.0 >> 8, self.0 >> 4, self.0].map(|digit| DIGITS[usize::from(digit & 15)]);
        digits.map(char::from).iter().collect()
    }

    /// Reads a partition key of ours; `None` for any other text.
    pub fn from_partition_key(key: &str) -> Option<Bucket> {
        let digits = key.len() == 3 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then(|| u16::from_str_radix(key, 16).ok().map(Bucket)).flatten()
    }
}

/// The first 16 bytes of a digest.
pub fn first_16(digest: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&digest[..16]);
    first
}

/// What is hashed of an act, in one piece: that is faster than one small piece after the other.
fn act(tenant: &str, sent: &SentEvent) -> Vec<u8> {
    let quiz = if let Body::Quiz(quiz) = &sent.body { quiz.quiz.as_str() } else { "" };
    let names = [tenant, &sent.course, sent.role.as_str(), sent.body.type_name(), quiz, sent.body.object()];
    let mut act = Vec::with_capacity(USUAL_ACT_BYTES);
    names.iter().for_each(|name| add_part(&mut act, name.as_bytes()));
    add_part(&mut act, sent.time_millis.map(i64::to_be_bytes).as_ref().map_or(&[], |time| &time[..]));
    match &sent.source_id {
        SourceId::Given(id) => add_part(&mut act, id.as_bytes()),
        SourceId::Content(digest) => {
            act.extend_from_slice(&u64::MAX.to_be_bytes());
            act.extend_from_slice(digest);
        }
    }
    act
}

fn add_part(act: &mut Vec<u8>, part: &[u8]) {
    act.extend_from_slice(&(part.len() as u64).to_be_bytes());
    act.extend_from_slice(part);
}

fn from_hex(text: &str) -> Option<[u8; 16]> {
    // A sign before a digit would be read as a number, too.
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn write_hex(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{QuizAction, QuizEvent, Role};
    use crate::flags::Flags;

    #[test]
    fn a_bucket_is_the_first_twelve_bits_and_its_key_reads_back() {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&[0xab, 0xcd]);
        let bucket = Pseudonym(bytes).bucket();
        assert_eq!(bucket, Bucket(0xabc));
        assert_eq!(bucket.partition_key(), "abc");
        assert_eq!(Bucket::from_partition_key("abc"), Some(bucket));
        assert_eq!(Bucket::from_partition_key("ABC"), None);
        assert_eq!(Bucket::from_partition_key("abcd"), None);
    }

    #[test]
    fn hex_reads_back_and_refuses_other_text() {
        let id = EventId([7; 16]);
        assert_eq!(EventId::from_hex(&id.to_string()), Some(id));
        assert_eq!(EventId::from_hex("é7070707070707070707070707070707"), None);
        assert_eq!(EventId::from_hex("07"), None);
        assert_eq!(EventId::from_hex("070707070707070707070707+7070707"), None);
        let text = "00112233445566778899aabbccddeeff";
        let bytes = std::array::from_fn(|at| 0x11 * at as u8);
        assert_eq!(
            (EventId::from_hex(text), Pseudonym::from_hex(text)),
            (Some(EventId(bytes)), Some(Pseudonym(bytes)))
        );
        assert_eq!((EventId(bytes).to_string(), Pseudonym(bytes).to_string()), (text.to_string(), text.to_string()));
        assert_eq!(EventId::from_hex(&"0g".repeat(16)), None);
    }

    fn act() -> SentEvent {
        SentEvent {
            source_id: SourceId::Given("a".into()),
            time_millis: Some(1),
            learner: None,
            course: "c".into(),
            session: None,
            role: Role::Learner,
            title: None,
            flags: Flags::empty(),
            body: Body::Quiz(QuizEvent { quiz: "q".into(), question: Some("1".into()), ..QuizEvent::default() }),
        }
    }

    #[test]
    fn every_part_of_an_act_changes_its_id() {
        let quiz = |quiz: &str, question: &str, action| {
            Body::Quiz(QuizEvent { action, quiz: quiz.into(), question: Some(question.into()), ..QuizEvent::default() })
        };
        let others = [
            SentEvent { source_id: SourceId::Given("b".into()), ..act() },
            SentEvent { source_id: SourceId::Content([0; 16]), ..act() },
            SentEvent { time_millis: None, ..act() },
            SentEvent { time_millis: Some(2), ..act() },
            SentEvent { course: "d".into(), ..act() },
            SentEvent { role: Role::Staff, ..act() },
            SentEvent { body: quiz("r", "1", QuizAction::Answered), ..act() },
            SentEvent { body: quiz("q", "2", QuizAction::Answered), ..act() },
            SentEvent { body: quiz("q", "1", QuizAction::Started), ..act() },
        ];
        let learner = Pseudonym([1; 16]);
        let base = EventId::of("t", &learner, &act());
        for other in &others {
            assert_ne!(base.0[..8], EventId::of("t", &learner, other).0[..8], "{other:?}");
        }
        assert_ne!(base, EventId::of("u", &learner, &act()));
        let resent = SentEvent { session: Some("s".into()), title: Some("T".into()), ..act() };
        assert_eq!(base, EventId::of("t", &learner, &resent));
    }

    /// Ids are in stored items and in the lake: those of the same acts stay the same.
    #[test]
    fn the_id_of_an_act_is_the_same_for_ever() {
        let learner = Pseudonym([1; 16]);
        assert_eq!(EventId::of("t", &learner, &act()).to_string(), "319560a1a1b88354495fc09be9452fd2");
        let by_content = SentEvent { source_id: SourceId::Content([2; 16]), time_millis: None, ..act() };
        assert_eq!(EventId::of("t", &learner, &by_content).to_string(), "4d5abf91f3c894693ab926ad424e68a2");
    }

    #[test]
    fn acts_of_one_learner_are_ordered_alike_under_any_pseudonym() {
        let (one, other) = (Pseudonym([1; 16]), Pseudonym([2; 16]));
        let (a, b) = (EventId::of("t", &one, &act()), EventId::of("t", &other, &act()));
        assert_eq!(a.0[..8], b.0[..8]);
        assert_ne!(a, b);
    }
}
