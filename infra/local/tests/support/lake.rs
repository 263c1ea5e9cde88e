//! The lake's published rows, as any reader of Parquet finds them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::file::reader::{FileReader, SerializedFileReader};

/// A row as text, by column.
pub(crate) type Row = BTreeMap<String, String>;

/// All rows of all days, in no order that means anything.
pub(crate) fn rows(data: &Path) -> Vec<Row> {
    let mut files = Vec::new();
    collect_files(&data.join("lake/events"), &mut files);
    let mut rows = Vec::new();
    for file in files {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            rows.push(row.get_column_iter().map(|(name, value)| (name.clone(), value.to_string())).collect());
        }
    }
    rows
}

/// How often each client's id is in the lake.
pub(crate) fn counts_by_source_id(data: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows(data) {
        *counts.entry(row["source_id"].trim_matches('"').to_string()).or_default() += 1;
    }
    counts
}

/// The rows without what tells when and where each came in, ordered.
pub(crate) fn contents(data: &Path) -> Vec<Row> {
    let mut rows = rows(data);
    for row in &mut rows {
        for column in ["arrival", "shard", "sequence_number", "record_index"] {
            row.remove(column).expect("the lake says where each row came in");
        }
    }
    rows.sort();
    rows
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else {
            assert!(path.extension().is_some_and(|extension| extension == "parquet"), "{}", path.display());
            files.push(path);
        }
    }
}
