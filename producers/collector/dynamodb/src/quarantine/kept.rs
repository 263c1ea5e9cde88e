//! A row's item.

use aws_sdk_dynamodb::types::AttributeValue;
use trilha_collector::quarantine::{KEPT_MILLIS, QuarantineError, Row, Source};
use trilha_dynamodb::{Attributes, Condition, PARTITION};

use crate::attributes::{b, bytes, n, number, s, text};
use crate::keys;

/// Sealed bytes up to here lie in the row's own item, so that most rows are one; listings read them along.
pub(super) const MAX_SEALED_BESIDE: usize = 2 * 1024;
const SEALED: &str = "sealed";

/// A row that was read, without its sealed bytes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) row: Row,
    pub(super) item: Attributes,
}

impl Kept {
    pub(super) fn read(item: Attributes) -> Result<Kept, QuarantineError> {
        let key = text(&item, PARTITION).and_then(keys::row_in).ok_or(QuarantineError::Sealed)?;
        let head = bytes(&item, "head").ok_or(QuarantineError::Sealed)?;
        let mut row = Row::from_stored(key, head).map_err(|_| QuarantineError::Sealed)?;
        row.redacted.redriven_millis = number(&item, "redriven");
        Ok(Kept { row, item })
    }

    pub(super) fn is_gone(&self, gone_millis: i64) -> bool {
        self.row.redacted.received_millis <= gone_millis
    }

    /// The sealed bytes, where they are few.
    pub(super) fn sealed(&self) -> Option<&[u8]> {
        bytes(&self.item, SEALED)
    }

    /// The whole row.
    pub(super) fn with_sealed(&self, sealed: &[u8]) -> Result<Row, QuarantineError> {
        let stored = [&self.row.head(), sealed].concat();
        Row::from_stored(self.row.redacted.key, &stored).map_err(|_| QuarantineError::Sealed)
    }
}

/// The item of a row, but for its sealed bytes.
pub(super) fn item(row: &Row) -> Attributes {
    let redacted = &row.redacted;
    crate::attributes::item(
        &keys::row(redacted.key),
        keys::ROW,
        [
            ("head", b(row.head())),
            ("received", n(redacted.received_millis)),
            ("tenant", s(redacted.tenant.as_str())),
            ("source", s(source(&redacted.source))),
            ("code", s(redacted.code.as_str())),
            ("field", s(redacted.field.as_str())),
            ("message", s(redacted.message.as_str())),
            ("expires", n(expires(redacted.received_millis))),
        ],
    )
}

/// The attribute of sealed bytes that lie in the row's own item.
pub(super) fn sealed(row: &Row) -> (String, AttributeValue) {
    (SEALED.to_string(), b(row.sealed()))
}

/// When TTL may delete what was received then, in seconds since 1970 UTC: not before it is gone.
pub(super) fn expires(received_millis: i64) -> i64 {
    received_millis.saturating_add(KEPT_MILLIS).div_euclid(1_000).saturating_add(1)
}

/// There is no such row, or one that only TTL has not come to yet.
pub(super) fn absent_or_gone(gone_millis: i64) -> Condition {
    Condition::new("attribute_not_exists(#pk) OR #received <= :gone")
        .name("#pk", PARTITION)
        .name("#received", "received")
        .value(":gone", n(gone_millis))
}

fn source(source: &Source) -> String {
    match source {
        Source::Request { protocol } => format!("request {}", protocol.as_str()),
        Source::Record { incarnation, shard_id, sequence_number } => {
            format!("record {incarnation}/{shard_id}/{sequence_number}")
        }
    }
}
