//! Files that are there whole or not at all, however their maker ends.
//!
//! A database or a file of keys takes several writes to make. Who is killed between them must not leave something under
//! its name that no later start can read.

#![warn(missing_docs)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process;

/// Makes a file where there is none: whole and durable under another name, then under its own. A maker that is killed
/// leaves nothing there, so the next one makes it. Of two makers at once one wins, and both find the winner's file.
///
/// # Errors
/// What `make` answers, and what the file system refuses.
pub fn make_whole(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    // Each process has a name of its own: none takes away what another is making.
    let new = path.with_added_extension(format!("{}.new", process::id()));
    remove(&new)?;
    make(&new)?;
    OpenOptions::new().write(true).open(&new)?.sync_all()?;
    show(&new, path)?;
    sync_folder_of(path)
}

/// A link, unlike a renaming, never takes the place of a file that is there.
fn show(new: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(new, path) {
        Ok(()) => remove(new),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => remove(new),
        // Not every file system has links.
        Err(_) => fs::rename(new, path),
    }
}

/// What a killed process of the same number left.
fn remove(new: &Path) -> io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_off(new: &Path) -> io::Result<()> {
        fs::write(new, "ha")?;
        Err(io::Error::other("killed"))
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_half_made_is_not_there_and_is_made_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert!(make_whole(&file, broken_off).is_err());
        assert!(!file.exists());
        make_whole(&file, |new| fs::write(new, "whole")).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "whole");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "first").unwrap();
        make_whole(&file, |_| panic!("it is there")).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "first");
    }

    #[test]
    fn of_two_makers_the_first_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let meanwhile = |new: &Path| fs::write(&file, "first").and_then(|()| fs::write(new, "second"));
        make_whole(&file, meanwhile).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "first");
        assert_eq!(names(folder.path()), ["file"]);
    }
}
