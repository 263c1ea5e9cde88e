//! Which files are published at one moment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::QueryError;

/// A folder that changes while it is listed is listed again, so many times at most.
const LISTINGS: usize = 1000;

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PublishedFile {
    pub(crate) path: PathBuf,
    pub(crate) tenant: String,
    pub(crate) day: String,
}

/// Every published file, each partition's of one generation.
///
/// A compaction exchanges a partition's whole folder for another whose files have other names, then deletes the old
/// files. One listing may fall into that and miss names. Two equal ones, one after the other, cannot: whatever is missing in
/// the first was deleted after the exchange, and then the second finds the new names.
pub(crate) fn published_files(events: &Path) -> Result<Vec<PublishedFile>, QueryError> {
    let mut before = list(events)?;
    for _ in 0..LISTINGS {
        let now = list(events)?;
        if now == before {
            return Ok(now);
        }
        before = now;
    }
    Err(QueryError::Changing(LISTINGS))
}

fn list(events: &Path) -> Result<Vec<PublishedFile>, QueryError> {
    let mut files = Vec::new();
    for (tenant_folder, tenant) in partitions(events, "tenant=")? {
        for (day_folder, day) in partitions(&tenant_folder, "day=")? {
            for (path, name) in entries(&day_folder)? {
                if name.ends_with(".parquet") {
                    files.push(PublishedFile { path, tenant: tenant.clone(), day: day.clone() });
                }
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

fn partitions(folder: &Path, key: &str) -> Result<Vec<(PathBuf, String)>, QueryError> {
    let named = |(path, name): (PathBuf, String)| Some((path, percent_decode(name.strip_prefix(key)?)));
    Ok(entries(folder)?.into_iter().filter_map(named).collect())
}

/// What is in a folder; nothing when it is not there (yet, or any more).
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, QueryError> {
    let failed = |source| QueryError::Folder { path: folder.to_path_buf(), source };
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(failed)?,
    };
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.map_err(failed)?;
        Ok((entry.path(), entry.file_name().to_string_lossy().into_owned()))
    };
    found.map(entry).collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let encoded = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = encoded.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(decoded.unwrap_or(byte));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_published_files_are_found_with_their_tenant_and_day() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(published_files(&folder.path().join("events")).unwrap(), []);
        let day = folder.path().join("tenant=a%2Fb%20%C3%A3/day=unknown");
        fs::create_dir_all(&day).unwrap();
        for name in ["part-1-0.parquet", "notes.txt"] {
            fs::write(day.join(name), "").unwrap();
        }
        fs::create_dir_all(folder.path().join("other/day=2026-01-01")).unwrap();
        let expected = PublishedFile {
            path: day.join("part-1-0.parquet"),
            tenant: "a/b ã".to_string(),
            day: "unknown".to_string(),
        };
        assert_eq!(published_files(folder.path()).unwrap(), [expected]);
    }

    #[test]
    fn what_is_not_encoded_stays() {
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%41"), "%zzA");
    }
}
