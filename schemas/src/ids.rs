//! Ids: events, learners' pseudonyms and their buckets.

mod names;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::event::{BodyOf, Role, SentEventOf, Source, SourceId};

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

    /// The id of an act (METRICS.md, Identity), in two halves of 64 bits. The first is made of (tenant, type, object, time
    /// as sent, source id), the second of that and the learner; the object is named in full, with its course and a question
    /// with its quiz, and stands with the role, so that no act counts in one place and is the copy of one in another.
    ///
    /// Acts of one learner are thus told apart and, at the same time, ordered by the first half alone: in every
    /// installation the same. The learner is the pseudonym, so that an id gives nobody's raw id away.
    ///
    /// A source id that is a UUID, written as RFC 9562 writes it in lower case, is permuted under a key of the act and the
    /// learner: each UUID gives another id, and [`EventId::uuid`] gives the UUID back, so that a record of 16 bytes an event
    /// carries both. Any other is hashed. Also says where the source id is to be found; that of a statement with
    /// `played-segments` is kept as it was given, for the fold orders lists by it.
    pub fn of<T: AsRef<str> + Clone>(tenant: &str, learner: &Pseudonym, sent: &SentEventOf<T>) -> (EventId, Source<T>) {
        let (id, source) = EventId::in_place(tenant, learner, sent);
        (id, source.cloned())
    }

    /// The same, the source id where it is.
    #[inline(always)]
    pub fn in_place<'a, T: AsRef<str>>(
        tenant: &str,
        learner: &Pseudonym,
        sent: &'a SentEventOf<T>,
    ) -> (EventId, Source<&'a T>) {
        let act = Act::of(tenant, sent.course.as_ref(), sent.role, sent.time_millis, &sent.body);
        let id = match &sent.source_id {
            SourceId::Content(digest) => {
                return (act.hashed(learner, &[&u64::MAX.to_be_bytes(), digest]), Source::None);
            }
            SourceId::Given(id) => id,
        };
        let has_list = matches!(&sent.body, BodyOf::Video(video) if video.segments.is_some());
        let given = id.as_ref();
        match Uuid::parse(given) {
            Some(uuid) if has_list => (act.permuted(learner, uuid), Source::Given(id)),
            Some(uuid) => (act.permuted(learner, uuid), Source::InId),
            None => {
                let hashed = act.hashed(learner, &[&(given.len() as u64).to_be_bytes(), given.as_bytes()]);
                (hashed, Source::Given(id))
            }
        }
    }

    /// The UUID that an act's id was made of.
    pub fn uuid(&self, act: &Act, learner: &Pseudonym) -> Uuid {
        let [first, second] = halves(&self.0);
        let [one, other] = act.keys();
        let right = second ^ act.whose(first, learner);
        let left = first ^ mixed(right ^ other);
        Uuid(joined([left, right ^ mixed(left ^ one)]))
    }
}

/// What an act is, but for its source id and its learner.
pub struct Act {
    /// SHA-256 of its names, each after its length in eight big-endian bytes.
    names: [u8; 32],
    time_millis: Option<i64>,
}

impl Act {
    /// From an event's own fields.
    pub fn of<T: AsRef<str>, L>(
        tenant: &str,
        course: &str,
        role: Role,
        time_millis: Option<i64>,
        body: &BodyOf<T, L>,
    ) -> Act {
        let quiz = if let BodyOf::Quiz(quiz) = body { quiz.quiz.as_ref() } else { "" };
        let names = [tenant, course, role.as_str(), body.type_name(), quiz, body.object()];
        Act { names: names::digest(names), time_millis }
    }

    /// SHA-256 of the act (its time as eight big-endian bytes after a 1, or a 0) and the source id; then of that and the
    /// learner: the first eight bytes of each.
    fn hashed(&self, learner: &Pseudonym, source: &[&[u8]]) -> EventId {
        let mut hash = Sha256::new().chain_update(self.names).chain_update([u8::from(self.time_millis.is_some())]);
        hash.update(self.time_millis.unwrap_or_default().to_be_bytes());
        source.iter().for_each(|part| hash.update(part));
        let act = hash.finalize();
        let whose = Sha256::new().chain_update(act).chain_update(learner.0).finalize();
        EventId(joined([first_8(&act), first_8(&whose)]))
    }

    /// Two rounds of a Feistel network under keys of the act, whose first half is the id's; its second is hidden under a
    /// hash of the first and the learner.
    fn permuted(&self, learner: &Pseudonym, uuid: Uuid) -> EventId {
        let [left, right] = halves(&uuid.0);
        let [one, other] = self.keys();
        let right = right ^ mixed(left ^ one);
        let left = left ^ mixed(right ^ other);
        EventId(joined([left, right ^ self.whose(left, learner)]))
    }

    fn keys(&self) -> [u64; 2] {
        let [one, other] = halves(&first_16(&self.names));
        let time = self.time_millis.map_or(1, |time| mixed(time.cast_unsigned()));
        [mixed(one ^ time), mixed(other.wrapping_add(time))]
    }

    fn whose(&self, first: u64, learner: &Pseudonym) -> u64 {
        let [one, _] = self.keys();
        let mut keyed = [0; 32];
        keyed[..16].copy_from_slice(&joined([first, one]));
        keyed[16..].copy_from_slice(&learner.0);
        first_8(&Sha256::digest(keyed))
    }
}

/// A UUID (RFC 9562).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];

    /// Reads 36 characters, the hexadecimal digits in lower case: the only form that comes back as it was.
    pub fn parse(text: &str) -> Option<Uuid> {
        let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
        Uuid::HYPHENS.iter().all(|at| text[*at] == b'-').then_some(())?;
        let mut digits = [0; 32];
        digits[..8].copy_from_slice(&text[..8]);
        digits[8..12].copy_from_slice(&text[9..13]);
        digits[12..16].copy_from_slice(&text[14..18]);
        digits[16..20].copy_from_slice(&text[19..23]);
        digits[20..].copy_from_slice(&text[24..]);
        let mut bytes = [0; 16];
        of_digits(&digits, &mut bytes).then_some(Uuid(bytes))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}", EventId(self.0));
        write!(f, "{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }
}

/// The bytes that hexadecimal digits in lower case stand for, two digits each; whether all of them are such digits.
/// Without a branch in its loop, so that many digits go at once.
pub(crate) fn of_digits(digits: &[u8], bytes: &mut [u8]) -> bool {
    let mut are_digits = true;
    for (pair, byte) in digits.as_chunks().0.iter().zip(bytes) {
        let [high, low] = pair.map(nibble);
        are_digits &= high.max(low) < NO_NIBBLE;
        *byte = high << 4 | low;
    }
    are_digits
}

const NO_NIBBLE: u8 = 16;

/// The value of a hexadecimal digit in lower case, or [`NO_NIBBLE`].
#[inline]
fn nibble(digit: u8) -> u8 {
    let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    if decimal < 10 { decimal } else { letter.saturating_add(10).min(NO_NIBBLE) }
}

/// A bijection in which every bit of the input changes about half of the output's (the finaliser of SplitMix64).
fn mixed(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

fn halves(bytes: &[u8; 16]) -> [u64; 2] {
    let whole = u128::from_be_bytes(*bytes);
    [(whole >> 64) as u64, whole as u64]
}

fn joined([first, second]: [u64; 2]) -> [u8; 16] {
    (u128::from(first) << 64 | u128::from(second)).to_be_bytes()
}

fn first_8(digest: &[u8]) -> u64 {
    halves(&first_16(digest))[0]
}

impl Bucket {
    /// How many buckets there are.
    pub const COUNT: u16 = 4096;

    /// The partition key that the stream sees: three hexadecimal digits.
    pub fn partition_key(self) -> String {
        let digits = [self.0 >> 8, self.0 >> 4, self.0].map(|digit| DIGITS[usize::from(digit & 15)]);
        String::from_utf8(digits.to_vec()).expect("digits are ASCII")
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
    use crate::event::{Body, QuizAction, QuizEvent, SentEvent};
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
            assert_ne!(base.0.0[..8], EventId::of("t", &learner, other).0.0[..8], "{other:?}");
        }
        assert_ne!(base, EventId::of("u", &learner, &act()));
        let resent = SentEvent { session: Some("s".into()), title: Some("T".into()), ..act() };
        assert_eq!(base, EventId::of("t", &learner, &resent));
    }

    /// Ids are in stored items and in the lake: those of the same acts stay the same.
    #[test]
    fn the_id_of_an_act_is_the_same_for_ever() {
        let learner = Pseudonym([1; 16]);
        assert_eq!(EventId::of("t", &learner, &act()).0.to_string(), "4f6d4073ada6b66415bc4c25df526e1b");
        let by_content = SentEvent { source_id: SourceId::Content([2; 16]), time_millis: None, ..act() };
        assert_eq!(EventId::of("t", &learner, &by_content).0.to_string(), "152d354b64d24cf3219cc896c75ee5cb");
        let by_uuid = SourceId::Given("fedcba98-7654-4210-8fed-cba987654321".into());
        let ids = [None, Some(0), Some(1_772_479_800_250)].map(|time_millis| {
            let sent = SentEvent { source_id: by_uuid.clone(), time_millis, ..act() };
            EventId::of("t", &learner, &sent).0.to_string()
        });
        let expected = [
            "3ffd1ebe14efb4976b7637314cf7e1cd",
            "5b4fa986ba4df7497b471fc63e3e158f",
            "fc9a103749fc48c35b357ef78ef1b2d5",
        ];
        assert_eq!(ids, expected);
    }

    #[test]
    fn acts_of_one_learner_are_ordered_alike_under_any_pseudonym() {
        let (one, other) = (Pseudonym([1; 16]), Pseudonym([2; 16]));
        let (a, b) = (EventId::of("t", &one, &act()).0, EventId::of("t", &other, &act()).0);
        assert_eq!(a.0[..8], b.0[..8]);
        assert_ne!(a, b);
    }

    #[test]
    fn a_uuid_comes_back_from_the_id_that_it_was_made_into() {
        let uuid = Uuid::parse("00000000-0000-4000-8000-000000000001").unwrap();
        assert_eq!(uuid.to_string(), "00000000-0000-4000-8000-000000000001");
        let learner = Pseudonym([1; 16]);
        for time_millis in [None, Some(0), Some(1_772_479_800_250)] {
            let sent = SentEvent { source_id: SourceId::Given(uuid.to_string()), time_millis, ..act() };
            let (id, source) = EventId::of("t", &learner, &sent);
            let act = Act::of("t", &sent.course, sent.role, sent.time_millis, &sent.body);
            assert_eq!(source, Source::InId);
            assert_eq!(id.uuid(&act, &learner), uuid);
        }
        for text in [
            "00000000-0000-4000-8000-00000000000A",
            "00000000-0000-4000-8000-00000000000",
            "00000000-0000-4000-8000-0000000000010",
            "00000000+0000-4000-8000-000000000001",
            "000000000000-4000-8000-0000000000001-",
            "é0000000-0000-4000-8000-00000000001",
        ] {
            assert_eq!(Uuid::parse(text), None, "{text}");
            let sent = SentEvent { source_id: SourceId::Given(text.into()), ..act() };
            assert_eq!(EventId::of("t", &learner, &sent).1, Source::Given(text.into()));
        }
    }

    #[test]
    fn hexadecimal_digits_are_those_in_lower_case() {
        for byte in 0..=u8::MAX {
            let value = char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase()).map(|value| value as u8);
            for (digits, expected) in [
                ([byte, b'1'], value.map(|value| 16 * value + 1)),
                ([b'2', byte], value.map(|value| 32 + value)),
                ([byte; 2], value.map(|value| 17 * value)),
            ] {
                let mut bytes = [0; 2];
                let are_digits = of_digits(&[digits, *b"09"].concat(), &mut bytes);
                assert_eq!(are_digits.then_some(bytes), expected.map(|value| [value, 9]), "{digits:?}");
            }
        }
    }

    /// The fold orders lists by the ids of their statements.
    #[test]
    fn the_uuid_of_a_statement_with_a_list_is_kept_beside_its_id() {
        let uuid = "00000000-0000-4000-8000-00000000000a";
        let mut video = crate::loose::Draft::video(crate::event::VideoAction::Paused, "v".into());
        video.segments = Some(vec![(0, 1_000)]);
        let sent = SentEvent { source_id: SourceId::Given(uuid.into()), body: Body::Video(video), ..act() };
        let learner = Pseudonym([1; 16]);
        let (id, source) = EventId::of("t", &learner, &sent);
        assert_eq!(source, Source::Given(uuid.into()));
        let act = Act::of("t", &sent.course, sent.role, sent.time_millis, &sent.body);
        assert_eq!(id.uuid(&act, &learner).to_string(), uuid);
    }

    /// Clients that count their UUIDs up, in one second, on one object.
    #[test]
    fn uuids_that_differ_in_one_bit_give_ids_that_share_no_half() {
        let learner = Pseudonym([1; 16]);
        let mut halves_seen = std::collections::HashSet::new();
        for at in 0..128 {
            let uuid = Uuid((1u128 << at).to_be_bytes());
            let sent = SentEvent { source_id: SourceId::Given(uuid.to_string()), ..act() };
            let [first, second] = halves(&EventId::of("t", &learner, &sent).0.0);
            assert!(halves_seen.insert(first) && halves_seen.insert(second), "bit {at}");
        }
    }

    #[test]
    fn an_id_of_a_uuid_depends_on_act_and_learner() {
        let uuid = SourceId::Given("00000000-0000-4000-8000-000000000001".into());
        let base = SentEvent { source_id: uuid, ..act() };
        let others = [
            SentEvent { time_millis: None, ..base.clone() },
            SentEvent { time_millis: Some(0), ..base.clone() },
            SentEvent { course: "d".into(), ..base.clone() },
            SentEvent { role: Role::Staff, ..base.clone() },
        ];
        let of = |learner: u8, sent: &SentEvent| halves(&EventId::of("t", &Pseudonym([learner; 16]), sent).0.0);
        let [first, second] = of(1, &base);
        for other in &others {
            assert_ne!(of(1, other)[0], first);
            assert_ne!(of(1, other)[1], second);
        }
        assert_eq!(of(2, &base)[0], first);
        assert_ne!(of(2, &base)[1], second);
    }
}
