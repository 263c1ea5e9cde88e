//! Files and folders: what it takes to make changes durable and atomic.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::LakeError;

/// Writes a file and makes its content durable (its name is not yet).
pub(crate) fn write_file(file: &Path, content: &[u8]) -> Result<(), LakeError> {
    let write = || {
        let mut file = File::create(file)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(LakeError::file(file))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LakeError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(LakeError::file(folder))
}

/// Makes a folder and those above it, and the new names durable.
pub(crate) fn create_folder(folder: &Path) -> Result<(), LakeError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(LakeError::file(folder)(error)),
        _ => folder.parent().map_or(Ok(()), sync_folder),
    }
}

/// Removes a folder with what it holds; fine if there is none.
pub(crate) fn remove_folder(folder: &Path) -> Result<(), LakeError> {
    absent_is_fine(fs::remove_dir_all(folder)).map_err(LakeError::file(folder))
}

/// Removes a file; fine if there is none.
pub(crate) fn remove_file(file: &Path) -> Result<(), LakeError> {
    absent_is_fine(fs::remove_file(file)).map_err(LakeError::file(file))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Puts `new` in the place of `old`, durably. On Linux and Apple systems one atomic exchange: a reader finds either the
/// one or the other, and `new` then holds what was in `old`. Where the system or the file system cannot exchange, two
/// renames, with a moment between them in which a reader finds nothing at `old`; a crash in that moment is repaired when
/// the lake opens.
pub(crate) fn exchange(new: &Path, old: &Path) -> Result<(), LakeError> {
    if !old.exists() {
        if let Some(parent) = old.parent() {
            create_folder(parent)?;
        }
        fs::rename(new, old).map_err(LakeError::file(old))?;
    } else if !exchange_at_once(new, old).map_err(LakeError::file(old))? {
        exchange_in_steps(new, old).map_err(LakeError::file(old))?;
    }
    [old.parent(), new.parent()].into_iter().flatten().try_for_each(sync_folder)
}

/// Whether the system could do it.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange_at_once(new: &Path, old: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange_at_once(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

fn exchange_in_steps(new: &Path, old: &Path) -> io::Result<()> {
    let aside = new.with_extension("old");
    absent_is_fine(fs::remove_dir_all(&aside))?;
    fs::rename(old, &aside)?;
    fs::rename(new, old)?;
    fs::rename(&aside, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(exchange: fn(&Path, &Path) -> io::Result<()>) {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("day=1"), folder.path().join("day=2"));
        for (path, text) in [(&new, "new"), (&old, "old")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("file"), text).unwrap();
        }
        exchange(&new, &old).unwrap();
        assert_eq!(fs::read_to_string(old.join("file")).unwrap(), "new");
        assert_eq!(fs::read_to_string(new.join("file")).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn both_ways_of_exchange_leave_the_same() {
        check(|new, old| exchange_at_once(new, old).map(|done| assert!(done || !cfg!(target_os = "linux"))));
        check(exchange_in_steps);
    }

    #[test]
    fn the_first_generation_needs_no_folder_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("a/b"));
        fs::create_dir(&new).unwrap();
        exchange(&new, &old).unwrap();
        assert!(old.is_dir() && !new.exists());
    }
}
