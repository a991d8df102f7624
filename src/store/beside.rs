//! New files beside the ones they replace, and what killed processes left of them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, retry_on_intr};

use super::{WriteFailure, again};

/// So many names are tried for a temporary file before giving up.
pub const MAX_NAMES: u32 = 100;
/// So many entries of a directory are looked at for what was left there.
pub const MAX_LOOKED_AT: usize = 4_096;
/// A name is cut to so many bytes, so that a temporary one is within the 255 of Linux.
const MAX_STEM: usize = 200;

/// A file `.NAME.PID-N.new` that is to replace another: removed unless it does.
///
/// As long as it is open it is locked, so that nobody takes it for one that was left behind.
#[derive(Debug)]
pub(super) struct Beside {
    pub file: File,
    name: Name,
}

/// A name in a directory, taken away when it is dropped.
#[derive(Debug)]
struct Name {
    path: PathBuf,
    moved: bool,
}

impl Beside {
    /// A new file in the same directory, mode 0600: never one that is there already, never through
    /// a link. What others left there is removed.
    pub fn create(target: &Path) -> io::Result<Beside> {
        for attempt in 0..MAX_NAMES {
            let path = target.with_file_name(name(target, std::process::id(), attempt));
            let mut options = OpenOptions::new();
            match options.read(true).write(true).create_new(true).mode(0o600).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    let beside = Beside { file, name: Name { path, moved: false } };
                    if beside.is_ours() {
                        return Ok(beside);
                    }
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "all temporary names are taken"))
    }

    /// False if somebody took it for one that was left behind, before it was locked.
    fn is_ours(&self) -> bool {
        // Where files cannot be locked nobody removes what was left.
        let taken = lock(&self.file) == Err(Errno::WOULDBLOCK);
        !taken && again(|| self.file.metadata()).is_ok_and(|meta| meta.nlink() > 0)
    }

    /// Puts it, synced already, in the place of `target`, which people know as `path`.
    pub fn replace(mut self, path: &Path, target: &Path) -> Result<File, WriteFailure> {
        again(|| fs::rename(&self.name.path, target))
            .map_err(|cause| WriteFailure::new(path, "renaming the file beside it", cause))?;
        self.name.moved = true;
        sync_directory(target)
            .map_err(|cause| WriteFailure::new(path, "syncing its directory", cause))?;
        Ok(self.file)
    }

    /// Takes its name away: it is gone when it is closed.
    pub fn unname(self) -> File {
        self.file
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if !self.moved {
            again(|| fs::remove_file(&self.path)).ok();
        }
    }
}

/// Removes what killed processes left of files that were to replace `target`.
///
/// Only what is named exactly so, is a regular file of this user, and is not being written.
pub(super) fn tidy(target: &Path, user: u32) {
    let Ok(entries) = fs::read_dir(directory(target)) else { return };
    for entry in entries.take(MAX_LOOKED_AT).flatten() {
        if is_temporary(&entry.file_name(), target) {
            let path = target.with_file_name(entry.file_name());
            match remove_left(&path, user) {
                Ok(true) => log::debug!("removed {}, left by another process", path.display()),
                Ok(false) => {}
                Err(error) => log::debug!("{}: {}", path.display(), super::plainly(&error)),
            }
        }
    }
}

fn remove_left(path: &Path, user: u32) -> io::Result<bool> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.uid() != user || lock(&file).is_err() {
        return Ok(false);
    }
    // Who removes a file holds its lock: while we do, the name stays with the file, or is gone.
    let now = fs::symlink_metadata(path)?;
    let same = now.dev() == meta.dev() && now.ino() == meta.ino();
    if same {
        again(|| fs::remove_file(path))?;
    }
    Ok(same)
}

fn lock(file: &File) -> rustix::io::Result<()> {
    retry_on_intr(|| flock(file, FlockOperation::NonBlockingLockExclusive))
}

/// Makes what happened to the names in a file's directory last.
pub(super) fn sync_directory(target: &Path) -> io::Result<()> {
    match File::open(directory(target))?.sync_all() {
        // Some network file systems cannot sync a directory, and need not.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}

/// The directory that a file is in.
pub(super) fn directory(target: &Path) -> &Path {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn stem(target: &Path) -> &[u8] {
    let name = target.file_name().unwrap_or_default().as_bytes();
    &name[..name.len().min(MAX_STEM)]
}

fn name(target: &Path, process: u32, attempt: u32) -> OsString {
    let mut name = OsString::from(".");
    name.push(OsStr::from_bytes(stem(target)));
    name.push(format!(".{process}-{attempt}.new"));
    name
}

fn is_temporary(name: &OsStr, target: &Path) -> bool {
    let numbers = || {
        let rest = name.as_bytes().strip_prefix(b".")?.strip_prefix(stem(target))?;
        let numbers = rest.strip_prefix(b".")?.strip_suffix(b".new")?;
        let dash = numbers.iter().position(|byte| *byte == b'-')?;
        Some((&numbers[..dash], &numbers[dash + 1..]))
    };
    let number =
        |text: &[u8]| (1..=10).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    numbers().is_some_and(|(process, attempt)| number(process) && number(attempt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Scratch;

    /// Whose the files are that we make.
    fn user(scratch: &Scratch) -> u32 {
        fs::metadata(&scratch.0).unwrap().uid()
    }

    #[test]
    fn what_a_killed_process_left_goes_and_nothing_else_does() {
        let scratch = Scratch::new("left");
        let at = |name: &str| scratch.0.join(name);
        let others = [
            ".feed.1-.new",
            ".feed.-1.new",
            ".feed.1x-1.new",
            ".feed.1-1.old",
            ".feed.1-1-1.new",
            ".feed2.1-1.new",
            ".fee.1-1.new",
            ".feed.12345678901-1.new",
            "feed.1-1.new",
        ];
        for name in others.iter().chain(&[".feed.1-1.new", ".feed.4194304-99.new"]) {
            fs::write(at(name), "half").unwrap();
        }
        let written = File::create(at(".feed.2-0.new")).unwrap();
        lock(&written).unwrap();
        fs::create_dir(at(".feed.3-0.new")).unwrap();
        std::os::unix::fs::symlink(at("feed.1-1.new"), at(".feed.4-0.new")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at(".feed.5-0.new"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        tidy(&at("feed"), user(&scratch) + 1);
        assert!(at(".feed.1-1.new").exists());
        tidy(&at("feed"), user(&scratch));
        let special = [".feed.2-0.new", ".feed.3-0.new", ".feed.4-0.new", ".feed.5-0.new"];
        let mut kept: Vec<&str> = others.into_iter().chain(special).collect();
        kept.sort_unstable();
        assert_eq!(scratch.names(), kept);
        drop(written);
        tidy(&at("feed"), user(&scratch));
        assert!(!at(".feed.2-0.new").exists());
    }

    #[test]
    fn a_file_that_is_being_written_is_not_taken_for_one_that_was_left() {
        let scratch = Scratch::new("written");
        let target = scratch.0.join("feed");
        let beside = Beside::create(&target).unwrap();
        tidy(&target, user(&scratch));
        let second = Beside::create(&target).unwrap();
        assert_eq!(scratch.names().len(), 2);
        drop(second);
        beside.replace(&target, &target).unwrap();
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn a_file_that_somebody_removed_before_it_was_locked_is_not_used() {
        let scratch = Scratch::new("unlocked");
        let target = scratch.0.join("feed");
        let beside = Beside::create(&target).unwrap();
        assert!(beside.is_ours());
        let path = beside.name.path.clone();
        // As one who cleans up would: with a lock of its own, before it removes the file.
        flock(&beside.file, FlockOperation::Unlock).unwrap();
        let cleaner = File::open(&path).unwrap();
        lock(&cleaner).unwrap();
        assert!(!beside.is_ours());
        fs::remove_file(&path).unwrap();
        drop(cleaner);
        assert!(!beside.is_ours());
    }

    #[test]
    fn after_so_many_names_there_is_none_left() {
        let scratch = Scratch::new("names");
        let target = scratch.0.join("feed");
        let mut all: Vec<Beside> =
            (0..MAX_NAMES).map(|_| Beside::create(&target).unwrap()).collect();
        let error = Beside::create(&target).unwrap_err();
        assert_eq!(error.to_string(), "all temporary names are taken");
        all.pop();
        Beside::create(&target).unwrap();
        drop(all);
        assert!(scratch.names().is_empty());
    }

    #[test]
    fn only_so_many_entries_are_looked_at() {
        let scratch = Scratch::new("looked-at");
        for number in 0..MAX_LOOKED_AT + 10 {
            fs::write(scratch.0.join(format!(".feed.{number}-0.new")), "").unwrap();
        }
        tidy(&scratch.0.join("feed"), user(&scratch));
        assert_eq!(scratch.names().len(), 10);
        tidy(&scratch.0.join("feed"), user(&scratch));
        assert!(scratch.names().is_empty());
    }

    #[test]
    fn the_longest_name_has_room_for_a_temporary_one() {
        let scratch = Scratch::new("longest");
        let target = scratch.0.join("n".repeat(255));
        Beside::create(&target).unwrap().replace(&target, &target).unwrap();
        assert!(target.exists());
        assert!(is_temporary(&name(&target, u32::MAX, MAX_NAMES - 1), &target));
        assert_eq!(stem(&target).len(), MAX_STEM);
    }
}
