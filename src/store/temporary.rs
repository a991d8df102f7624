//! Temporary files and directories: those that replace a file, and those without a name.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::{Errno, retry_on_intr};
use tempfile::{Builder, NamedTempFile, TempDir};

use super::{WriteFailure, again};

/// So many entries of a directory are looked at for what was left there.
pub const MAX_LOOKED_AT: usize = 4_096;
/// The name of the file to be replaced is cut to so many bytes, so that that of the temporary one is
/// within the 255 of Linux.
const MAX_STEM: usize = 200;
/// So many random letters and digits tell temporary files apart.
const RANDOM: usize = 6;
/// What every temporary name ends with.
const SUFFIX: &str = ".newsagg-new";

/// A file `.NAME.RANDOM.newsagg-new` that is to replace the file NAME in the same directory. It is
/// removed when it is dropped before it did.
///
/// As long as it is open it is locked, so that no other process takes it for one that was left behind.
#[derive(Debug)]
pub(super) struct TempFile(NamedTempFile<File>);

impl TempFile {
    /// A new file in the directory of `target`, mode 0600: never one that is there already, never
    /// through a link.
    pub fn create(target: &Path) -> io::Result<TempFile> {
        let prefix = prefix(target);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX).rand_bytes(RANDOM);
        // A file that was lost is an error, `AlreadyExists`, that makes tempfile try another name.
        builder.make_in(directory(target), create_locked).map(TempFile)
    }

    /// What is written to.
    pub fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Renames it, synced already, to `target`, which people know as `path`.
    pub fn replace(self, path: &Path, target: &Path) -> Result<File, WriteFailure> {
        let mut temporary = self.0;
        let file = loop {
            match temporary.persist(target) {
                Ok(file) => break file,
                Err(failure) if failure.error.kind() == io::ErrorKind::Interrupted => {
                    temporary = failure.file;
                }
                Err(failure) => {
                    let doing = "renaming the temporary file";
                    return Err(WriteFailure::new(path, doing, failure.error));
                }
            }
        };
        sync_directory(target)
            .map_err(|cause| WriteFailure::new(path, "syncing its directory", cause))?;
        Ok(file)
    }
}

fn create_locked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(path)?;
    if is_ours(&file) { Ok(file) } else { Err(io::ErrorKind::AlreadyExists.into()) }
}

/// Locks a new file. False if another process took it for one that was left behind before that.
fn is_ours(file: &File) -> bool {
    // Where files cannot be locked, none that was left is removed.
    let taken = lock(file) == Err(Errno::WOULDBLOCK);
    !taken && again(|| file.metadata()).is_ok_and(|meta| meta.nlink() > 0)
}

fn lock(file: &File) -> rustix::io::Result<()> {
    retry_on_intr(|| flock(file, FlockOperation::NonBlockingLockExclusive))
}

/// A file without a name: it is gone when the process is, however that ends.
pub(super) fn unnamed() -> io::Result<File> {
    tempfile::tempfile()
}

/// The same in the directory of `target`, where that can be written to.
pub(super) fn unnamed_beside(target: &Path) -> io::Result<File> {
    tempfile::tempfile_in(directory(target)).or_else(|_| unnamed())
}

/// A new directory among the temporary files, mode 0700, removed when it is dropped.
///
/// # Errors
/// Why none can be made.
pub fn temporary_directory() -> io::Result<TempDir> {
    Builder::new().prefix("newsagg-").permissions(Permissions::from_mode(0o700)).tempdir()
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
    // Only the process that holds its lock removes a file: until then the name stays with the file.
    let now = fs::symlink_metadata(path)?;
    let same = now.dev() == meta.dev() && now.ino() == meta.ino();
    if same {
        again(|| fs::remove_file(path))?;
    }
    Ok(same)
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

/// What the names of temporary files for `target` begin with.
fn prefix(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default().as_bytes();
    let stem = OsStr::from_bytes(&name[..name.len().min(MAX_STEM)]);
    [OsStr::new("."), stem, OsStr::new(".")].into_iter().collect()
}

fn is_temporary(name: &OsStr, target: &Path) -> bool {
    let rest = name.as_bytes().strip_prefix(prefix(target).as_bytes());
    let random = rest.and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
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
            ".feed.abcde.newsagg-new",
            ".feed.abcdefg.newsagg-new",
            ".feed.abc-ef.newsagg-new",
            ".feed.abcdef.newsagg-old",
            ".feed.abcdef.new",
            ".feed2.abcdef.newsagg-new",
            ".fee.abcdef.newsagg-new",
            "feed.abcdef.newsagg-new",
        ];
        let left = [".feed.abcdef.newsagg-new", ".feed.AB0129.newsagg-new"];
        for name in others.iter().chain(&left) {
            fs::write(at(name), "half").unwrap();
        }
        let written = File::create(at(".feed.000002.newsagg-new")).unwrap();
        lock(&written).unwrap();
        fs::create_dir(at(".feed.000003.newsagg-new")).unwrap();
        let link = at(".feed.000004.newsagg-new");
        std::os::unix::fs::symlink(at("feed.abcdef.newsagg-new"), link).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at(".feed.000005.newsagg-new"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        tidy(&at("feed"), user(&scratch) + 1);
        assert!(at(left[0]).exists());
        tidy(&at("feed"), user(&scratch));
        let special = (2..=5).map(|number| format!(".feed.00000{number}.newsagg-new"));
        let mut kept: Vec<String> =
            others.iter().map(|name| (*name).into()).chain(special).collect();
        kept.sort_unstable();
        assert_eq!(scratch.names(), kept);
        drop(written);
        tidy(&at("feed"), user(&scratch));
        assert!(!at(".feed.000002.newsagg-new").exists());
    }

    #[test]
    fn a_file_that_is_being_written_is_not_taken_for_one_that_was_left() {
        let scratch = Scratch::new("written");
        let target = scratch.0.join("feed");
        let first = TempFile::create(&target).unwrap();
        tidy(&target, user(&scratch));
        let second = TempFile::create(&target).unwrap();
        assert_eq!(scratch.names().len(), 2);
        drop(second);
        first.replace(&target, &target).unwrap();
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn a_file_that_another_process_removed_before_it_was_locked_is_not_used() {
        let scratch = Scratch::new("unlocked");
        let path = scratch.0.join("new");
        let file = File::create(&path).unwrap();
        // As a process that tidies up does: with a lock of its own, before it removes the file.
        let cleaner = File::open(&path).unwrap();
        lock(&cleaner).unwrap();
        assert!(!is_ours(&file));
        fs::remove_file(&path).unwrap();
        drop(cleaner);
        assert!(!is_ours(&file));
        assert!(create_locked(&path).is_ok());
    }

    #[test]
    fn only_so_many_entries_are_looked_at() {
        let scratch = Scratch::new("looked-at");
        for number in 0..MAX_LOOKED_AT + 10 {
            fs::write(scratch.0.join(format!(".feed.{number:06}.newsagg-new")), "").unwrap();
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
        let temporary = TempFile::create(&target).unwrap();
        let name: OsString = (&scratch.names()[0]).into();
        assert!(is_temporary(&name, &target));
        temporary.replace(&target, &target).unwrap();
        assert!(target.exists());
    }

    #[test]
    fn a_temporary_directory_is_for_its_owner_alone() {
        let one = temporary_directory().unwrap();
        assert_eq!(fs::metadata(one.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
