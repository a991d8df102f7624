//! Files: read whole and bounded, written so that they are whole whenever they exist.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::ops::AddAssign;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;

mod aside;
mod atomic;
mod frame;
mod journal;
mod lock;
mod scan;
mod shelves;
mod spool;
mod temporary;

pub use crate::failure::plainly;
pub use aside::{MAX_ASIDES, keep_aside};
pub use atomic::{Counted, Replaced, write_atomic, write_if_changed};
pub use frame::{Frames, MAX_PAYLOAD, Place};
pub use journal::{Fill, Journal};
pub use lock::{Holder, Lock, LockFailure, service_of};
pub use scan::{Reading, Verdict};
pub use shelves::Shelves;
pub use spool::Spool;
pub use temporary::temporary_directory;

/// What writing cost the disk: an SD card wears out by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wear {
    /// How many times a file was changed.
    pub files: u64,
    /// How many bytes were written to them.
    pub bytes: u64,
}

impl AddAssign for Wear {
    fn add_assign(&mut self, more: Wear) {
        self.files += more.files;
        self.bytes += more.bytes;
    }
}

/// Why a file could not be written; the old one, if any, is untouched.
#[derive(Debug)]
pub struct WriteFailure {
    path: PathBuf,
    doing: &'static str,
    cause: io::Error,
}

impl WriteFailure {
    fn new(path: &Path, doing: &'static str, cause: io::Error) -> WriteFailure {
        WriteFailure { path: path.into(), doing, cause }
    }

    /// What the operating system, or who renders the document, said.
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for WriteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "writing {}: {}: {}", self.path.display(), self.doing, plainly(&self.cause))
    }
}

impl std::error::Error for WriteFailure {}

/// Reads a file of at most `max` bytes; a longer one is an error.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_all(File::open(path)?, max)
}

/// Reads a file of the state, of at most `max` bytes; a longer one is an error (`FileTooLarge`), and
/// so is what is no file.
pub fn read_own(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_all(open_own(path, OpenOptions::new().read(true))?, max)
}

/// Opens a file of the state. Others may be able to write where it lies: a link is not followed, and
/// a pipe nobody writes to is not waited for.
fn open_own(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = options.custom_flags(flags.bits() as i32).open(path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::LOOP.raw_os_error() => {
            io::Error::other("it is a symbolic link")
        }
        _ if error.kind() == io::ErrorKind::IsADirectory => io::Error::other("it is a directory"),
        _ => error,
    })?;
    let meta = again(|| file.metadata())?;
    match (meta.is_file(), meta.is_dir()) {
        (true, _) => Ok(file),
        (_, true) => Err(io::Error::other("it is a directory")),
        _ => Err(io::Error::other("it is no file")),
    }
}

/// Gives a file that was just made to whom its directory belongs: who runs the program once as root
/// must not lock its user out.
fn hand_over(file: &File, path: &Path) {
    if let (Ok(ours), Ok(place)) = (file.metadata(), fs::metadata(temporary::directory(path))) {
        if ours.uid() != place.uid() {
            // Only root may.
            fchown(file, Some(place.uid()), Some(place.gid())).ok();
        }
    }
}

/// Whether nobody is at the other end since the program began: for a descriptor that was closed its
/// runtime opens `/dev/null`, to read and to write.
pub fn was_closed(descriptor: impl AsFd) -> bool {
    let both = fcntl_getfl(&descriptor).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    let null = fs::metadata("/dev/null").map(|null| null.rdev());
    both && fstat(&descriptor).is_ok_and(|there| null.is_ok_and(|null| null == there.st_rdev))
}

/// Reads to the end, but no more than `max` bytes.
pub fn read_all(from: impl Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let message = format!("larger than {}", size(max));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// `8 MiB`, `1000 B`.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} B"),
    }
}

/// Bytes in the files of a directory, without what lies deeper; 0 if it cannot be read.
pub fn directory_size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| entry.metadata().ok()).filter(fs::Metadata::is_file);
    files.map(|file| file.len()).sum()
}

/// How long a file is; `None` if it is none.
pub fn file_size(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|meta| meta.len())
}

/// Makes a directory with this mode, and what it is in, to last.
pub fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    make_last(&make_directories(path, mode)?)
}

/// The same, but what was made (the outermost first) does not last yet.
pub fn make_directories(path: &Path, mode: u32) -> io::Result<Vec<PathBuf>> {
    use std::os::unix::fs::DirBuilderExt;
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(Vec::new());
    }
    if let Some(other) = in_the_way(path) {
        return Err(io::Error::other(format!("{} is no directory", other.display())));
    }
    let mut made = make_directories(path.parent().unwrap_or(Path::new("")), mode)?;
    match again(|| fs::DirBuilder::new().mode(mode).create(path)) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        outcome => {
            outcome?;
            made.push(path.into());
        }
    }
    Ok(made)
}

/// Makes these names last.
pub fn make_last(made: &[PathBuf]) -> io::Result<()> {
    made.iter().try_for_each(|path| temporary::sync_directory(path))
}

/// What stands where a directory is to be.
fn in_the_way(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| fs::symlink_metadata(path).is_ok() && !path.is_dir())
}

/// The file, or else its directory, or the lock in it, that is not ours; whose it is, and who we are.
pub fn foreign(path: &Path) -> Option<(PathBuf, u32, u32)> {
    let owner = |path: &Path| Some(fs::metadata(path).ok()?.uid());
    let user = owner(Path::new("/proc/self"))?;
    let places = [path.into(), path.join(lock::NAME), temporary::directory(path).into()];
    let foreign = |path: PathBuf| Some((owner(&path)?, path)).filter(|(owner, _)| *owner != user);
    let (owner, path) = places.into_iter().find_map(foreign)?;
    Some((path, owner, user))
}

/// Does it again as long as a signal comes between; the standard library does so for some calls.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Where a path leads through links: what stands there is replaced, and the links stay.
fn real(path: &Path) -> PathBuf {
    again(|| fs::canonicalize(path)).unwrap_or_else(|_| path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is gone when the test is over.
    pub(super) struct Scratch(pub PathBuf);

    impl Scratch {
        pub fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("newsagg-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        pub fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let scratch = Scratch::new("long");
        let path = scratch.0.join("feed");
        write_atomic(&path, 0o600, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).is_err());
    }

    #[test]
    fn what_a_signal_interrupts_is_done_again_and_nothing_else_is() {
        let mut causes = vec![io::ErrorKind::NotFound, io::ErrorKind::Interrupted];
        causes.extend([io::ErrorKind::Interrupted; 3]);
        let outcome: io::Result<()> = again(|| Err(causes.pop().unwrap().into()));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(causes.is_empty());
    }
}
