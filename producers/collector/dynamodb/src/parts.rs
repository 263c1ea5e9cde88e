//! Bytes that outgrow their item (400 KB): items of their own in its partition, written before it. It names them by a mark
//! that only its writer uses, so that parts of two writers never mix.

use trilha_dynamodb::{Attributes, SORT, Table, TableError, key};

use crate::attributes::{b, bytes, item, n, number, s, text};
use crate::{at_once, keys};

/// The bytes of one part; names and keys have room beside it.
const PART_BYTES: usize = 350 * 1024;
const PARTS: &str = "parts";
const PARTS_OF: &str = "parts_of";

/// Writes bytes as parts; answers the attributes with which their item finds them.
pub(crate) async fn put(
    table: &Table,
    partition: &str,
    mark: &str,
    whole: &[u8],
    expires: Option<i64>,
) -> Result<Attributes, TableError> {
    let parts = whole.chunks(PART_BYTES).enumerate().map(|(number, part)| {
        let mut part = item(partition, &keys::part_of(mark, number), [("bytes", b(part))]);
        part.extend(expires.map(|expires| ("expires".to_string(), n(expires))));
        part
    });
    let puts: Vec<_> = parts.map(|part| table.put(part, None)).collect();
    let count = puts.len();
    at_once::all(puts).await?;
    Ok([(PARTS.to_string(), n(count)), (PARTS_OF.to_string(), s(mark))].into())
}

/// The bytes whose parts an item names; `None` where one is missing, or it names none.
pub(crate) async fn get(table: &Table, partition: &str, of: &Attributes) -> Result<Option<Vec<u8>>, TableError> {
    let sorts = sorts(of);
    let mut parts = table.get(sorts.iter().map(|sort| key(partition, sort)).collect(), true).await?;
    if parts.len() != sorts.len() || sorts.is_empty() {
        return Ok(None);
    }
    parts.sort_by(|one, other| text(one, SORT).cmp(&text(other, SORT)));
    let whole = parts.iter().map(|part| bytes(part, "bytes")).collect::<Option<Vec<_>>>();
    Ok(whole.map(|parts| parts.concat()))
}

/// Deletes the parts that an item names.
pub(crate) async fn delete(table: &Table, partition: &str, of: &Attributes) -> Result<(), TableError> {
    let sorts = sorts(of);
    at_once::all(sorts.iter().map(|sort| table.delete(partition, sort, None)).collect()).await?;
    Ok(())
}

fn sorts(of: &Attributes) -> Vec<String> {
    let count: usize = number(of, PARTS).unwrap_or(0);
    let mark = text(of, PARTS_OF).unwrap_or_default();
    (0..count).map(|number| keys::part_of(mark, number)).collect()
}
