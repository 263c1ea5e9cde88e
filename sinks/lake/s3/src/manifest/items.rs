//! The items of the manifest's table and what they stand for.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use trilha_dynamodb::{Attributes, SORT, key};
use trilha_lake::Partition;
use trilha_lake::manifest::{Commit, Generation, LandingFile, ManifestError, PendingRows, PublishedFile};
use trilha_schemas::sequence::SequenceNumber;

pub(super) const WRITERS: &str = "writers";
pub(super) const WATERMARK: &str = "watermark";
pub(super) const FILE: &str = "file";
pub(super) const GENERATION: &str = "generation";

/// An item has room for 400 KB. A generation's names of absorbed files take at most this, so that its own files (4,096 of
/// some 40 bytes) find room beside them; a file's partitions are cut into chunks of this.
pub(super) const MAX_ABSORBED_BYTES: usize = 150_000;
const MAX_CHUNK_BYTES: usize = 300_000;
/// What an entry of a list takes beside its text.
const ENTRY_BYTES: usize = 8;

/// One item of a listed landing file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    /// The item's own key.
    pub(super) sort: String,
    /// The file's name.
    pub(super) file: String,
    /// How many items the file has; the first one knows.
    pub(super) chunks: Option<usize>,
    first_row: u32,
    pub(super) rows: Vec<(Partition, u32)>,
}

/// A generation as it is stored.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct StoredGeneration {
    pub(super) generation: Generation,
    pub(super) absorbed: BTreeSet<String>,
    pub(super) settled: Option<u64>,
}

impl Listed {
    pub(super) fn read(item: &Attributes) -> Result<Listed, ManifestError> {
        let sort = text(item, SORT)?.to_string();
        let file = sort.split('#').next().unwrap_or_default().to_string();
        let chunks = item.contains_key("chunks").then(|| read_number(item, "chunks")).transpose()?;
        let first_row = read_number(item, "first_row")?;
        let rows = texts(item, "rows")?.into_iter().map(read_rows).collect::<Result<_, _>>()?;
        Ok(Listed { sort, file, chunks, first_row, rows })
    }

    /// The rows of one partition.
    pub(super) fn of(&self, partition: &Partition) -> Option<PendingRows> {
        let at = self.rows.iter().position(|(of, _)| of == partition)?;
        let first_row = self.first_row + self.rows[..at].iter().map(|(_, rows)| rows).sum::<u32>();
        Some(PendingRows { file: self.file.clone(), first_row, rows: self.rows[at].1 })
    }
}

/// The items that list a file, the first one under the file's own name.
pub(super) fn chunks(file: &LandingFile) -> Vec<Attributes> {
    let mut chunks: Vec<(u32, Vec<String>, usize)> = vec![(0, Vec::new(), 0)];
    let mut first_row = 0;
    for (partition, rows) in &file.rows {
        let entry = format!("{} {rows}", partition.folder());
        let bytes = entry.len() + ENTRY_BYTES;
        if chunks.last().is_some_and(|(_, _, size)| size + bytes > MAX_CHUNK_BYTES) {
            chunks.push((first_row, Vec::new(), 0));
        }
        if let Some((_, entries, size)) = chunks.last_mut() {
            entries.push(entry);
            *size += bytes;
        }
        first_row += rows;
    }
    let count = chunks.len() as u64;
    let item = |(at, (first_row, entries, _)): (usize, (u32, Vec<String>, usize))| {
        let sort = if at == 0 { file.name.clone() } else { format!("{}#{at}", file.name) };
        let mut item = key(FILE, &sort);
        item.insert("first_row".into(), number(first_row.into()));
        item.insert("rows".into(), list(entries));
        if at == 0 {
            item.insert("chunks".into(), number(count));
        }
        item
    };
    chunks.into_iter().enumerate().map(item).collect()
}

fn read_rows(entry: &str) -> Result<(Partition, u32), ManifestError> {
    let read = || {
        let (folder, rows) = entry.rsplit_once(' ')?;
        Some((Partition::from_folder(folder)?, rows.parse().ok()?))
    };
    read().ok_or_else(|| unreadable(entry))
}

impl StoredGeneration {
    pub(super) fn read(item: &Attributes) -> Result<StoredGeneration, ManifestError> {
        let files = texts(item, "files")?.into_iter().map(read_file).collect::<Result<_, _>>()?;
        let generation =
            Generation { number: read_number(item, "number")?, files, beyond: read_number(item, "beyond")? };
        let absorbed = texts(item, "absorbed")?.into_iter().map(str::to_string).collect();
        let settled = item.contains_key("settled").then(|| read_number(item, "settled")).transpose()?;
        Ok(StoredGeneration { generation, absorbed, settled })
    }

    pub(super) fn to_item(&self, partition: &Partition) -> Attributes {
        let mut item = key(GENERATION, &partition.folder());
        item.insert("number".into(), number(self.generation.number));
        item.insert("beyond".into(), number(self.generation.beyond));
        item.insert("files".into(), list(self.generation.files.iter().map(write_file)));
        item.insert("absorbed".into(), list(self.absorbed.iter().cloned()));
        if let Some(settled) = self.settled {
            item.insert("settled".into(), number(settled));
        }
        item
    }
}

fn write_file(PublishedFile { name, rows, buckets }: &PublishedFile) -> String {
    format!("{name} {rows} {}-{}", buckets.start(), buckets.end())
}

fn read_file(entry: &str) -> Result<PublishedFile, ManifestError> {
    let read = || {
        let mut parts = entry.split(' ');
        let (name, rows, buckets) = (parts.next()?.to_string(), parts.next()?.parse().ok()?, parts.next()?);
        let (first, last) = buckets.split_once('-')?;
        Some(PublishedFile { name, rows, buckets: first.parse().ok()?..=last.parse().ok()? })
    };
    read().ok_or_else(|| unreadable(entry))
}

pub(super) fn watermark(commit: &Commit) -> Attributes {
    let mut item = key(WATERMARK, &commit.shard);
    item.insert("watermark".into(), string(commit.watermark.to_string()));
    if let Some(file) = &commit.file {
        item.insert("file".into(), string(file.name.clone()));
    }
    item
}

pub(super) fn read_watermark(item: &Attributes) -> Result<(SequenceNumber, Option<String>), ManifestError> {
    let watermark = text(item, "watermark")?;
    let number = SequenceNumber::parse(watermark).map_err(|_| unreadable(watermark))?;
    let file = item.contains_key("file").then(|| text(item, "file").map(str::to_string)).transpose()?;
    Ok((number, file))
}

pub(super) fn partition(folder: &str) -> Result<Partition, ManifestError> {
    Partition::from_folder(folder).ok_or_else(|| unreadable(folder))
}

pub(super) fn string(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

pub(super) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn list(entries: impl IntoIterator<Item = String>) -> AttributeValue {
    AttributeValue::L(entries.into_iter().map(AttributeValue::S).collect())
}

pub(super) fn text<'a>(item: &'a Attributes, name: &str) -> Result<&'a str, ManifestError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| unreadable(name))
}

fn texts<'a>(item: &'a Attributes, name: &str) -> Result<Vec<&'a str>, ManifestError> {
    let values = item.get(name).and_then(|value| value.as_l().ok()).ok_or_else(|| unreadable(name))?;
    let text = |value: &'a AttributeValue| value.as_s().map(String::as_str).map_err(|_| unreadable(name));
    values.iter().map(text).collect()
}

pub(super) fn read_number<N: std::str::FromStr>(item: &Attributes, name: &str) -> Result<N, ManifestError> {
    let number = item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| unreadable(name))
}

fn unreadable(what: &str) -> ManifestError {
    ManifestError::Unreadable(format!("{what:?} is stored in an unknown form"))
}

#[cfg(test)]
mod tests {
    use trilha_lake::Day;

    use super::*;

    fn file(days: i32) -> LandingFile {
        let partition = |at| Partition { tenant: "são paulo".into(), day: Day::Date(at) };
        LandingFile { name: "f.parquet".into(), rows: (0..days).map(|at| (partition(at), 3)).collect() }
    }

    fn size(item: &Attributes) -> usize {
        let rows = texts(item, "rows").unwrap();
        rows.iter().map(|entry| entry.len() + ENTRY_BYTES).sum::<usize>()
    }

    #[test]
    fn a_file_of_few_partitions_is_one_item() {
        let items = chunks(&file(3));
        let listed = Listed::read(&items[0]).unwrap();
        assert_eq!((items.len(), listed.chunks, listed.file.as_str()), (1, Some(1), "f.parquet"));
        assert_eq!(listed.rows, file(3).rows);
    }

    #[test]
    fn a_file_of_many_is_cut_and_its_rows_stay_where_they_are() {
        let file = file(20_000);
        let items = chunks(&file);
        assert!(items.len() > 2 && items.iter().all(|item| size(item) <= MAX_CHUNK_BYTES));
        let listed: Vec<Listed> = items.iter().map(|item| Listed::read(item).unwrap()).collect();
        assert_eq!(listed[0].chunks, Some(items.len()));
        assert!(listed.iter().all(|chunk| chunk.file == file.name));
        for at in [0, 7_777, 19_999] {
            let found: Vec<PendingRows> = listed.iter().filter_map(|chunk| chunk.of(&file.rows[at].0)).collect();
            assert_eq!(found, [PendingRows { file: file.name.clone(), first_row: 3 * at as u32, rows: 3 }]);
        }
    }

    #[test]
    fn a_generation_reads_back() {
        let files = vec![PublishedFile { name: "part-2-0.parquet".into(), rows: 7, buckets: 0..=4095 }];
        let generation = Generation { number: 2, files, beyond: 1 };
        let stored = StoredGeneration { generation, absorbed: ["f".to_string()].into(), settled: Some(1) };
        let item = stored.to_item(&file(1).rows[0].0);
        assert_eq!(StoredGeneration::read(&item).unwrap(), stored);
    }
}
