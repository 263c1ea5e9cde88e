//! Short texts: sequence numbers, times, ids and keys.

use trilha_core::keys;
use trilha_schemas::ids::{Bucket, EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;
use trilha_schemas::time;

pub(crate) fn read(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    drop((SequenceNumber::parse(&text), SequenceNumber::from_stored(bytes), time::parse(&text)));
    let _ = (EventId::from_hex(&text), Pseudonym::from_hex(&text), Bucket::from_partition_key(&text));
    drop(keys::parts(&text));
}

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(number) = SequenceNumber::parse(&text) {
        let digits = text.trim_start_matches('0');
        assert_eq!(number.to_string(), if digits.is_empty() { "0" } else { digits });
        assert_eq!(SequenceNumber::from_stored(number.to_stored()), Some(number));
    }
    if let Some(number) = SequenceNumber::from_stored(bytes) {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        assert_eq!(number.to_stored(), &bytes[zeros..]);
        // The longest stored form holds numbers of more digits than are read.
        assert!(SequenceNumber::parse(&number.to_string()).is_ok_and(|read| read == number) || bytes.len() == 54);
    }
    if let Some(id) = EventId::from_hex(&text) {
        assert_eq!(id.to_string(), text.to_lowercase());
    }
    if let Some(bucket) = Bucket::from_partition_key(&text) {
        assert_eq!(bucket.partition_key(), text);
    }
    if let Some(sent) = time::parse(&text) {
        assert_eq!(time::parse(&time::format_millis(sent.millis)).map(|time| time.millis), Some(sent.millis));
    }
    // A separator within a part reads back; U+0001, which no id may hold, is what stands for it.
    if !text.contains('\u{1}') {
        let sort = keys::learner_sort(&text, "video", &text);
        assert_eq!(keys::parts(&sort), [&text, "video", &text]);
    }
}
