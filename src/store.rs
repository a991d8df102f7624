//! Files: read whole and bounded, written so that they are whole whenever they exist.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

mod spool;

pub use crate::failure::plainly;
pub use spool::Spool;

/// So many names are tried for a temporary file before giving up.
const MAX_NAMES: u32 = 100;

/// What became of a file that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appeared {
    /// How long the document is.
    pub bytes: u64,
    /// False when the file already held these very bytes, and was left alone.
    pub written: bool,
}

/// Why a file could not be written; the old one, if any, is untouched.
#[derive(Debug)]
pub struct WriteFailure {
    path: PathBuf,
    doing: &'static str,
    cause: io::Error,
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

/// `8 MiB`, `1000 B`.
fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} B"),
    }
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

/// Moves a file out of the way, in place of one that was moved there before.
pub fn set_aside(path: &Path, aside: &Path) -> io::Result<()> {
    fs::rename(path, aside)
}

/// Makes a directory with this mode, and what it is in.
pub fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// Makes `path` hold what `render` writes, by write beside, fsync, rename, fsync of the directory:
/// whoever looks finds the old document or the new one, whole.
///
/// `render` is called once to compare with what is there, and once more to write if that differs,
/// so that neither an unchanged document wears the disk nor a large one fills the memory. What is
/// no regular file (a device, a pipe) is written to as it is.
pub fn appear(
    path: &Path,
    mode: u32,
    render: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<Appeared, WriteFailure> {
    let failed = |doing: &'static str| {
        move |cause: io::Error| WriteFailure { path: path.into(), doing, cause }
    };
    // Through a link to where the document really is, so that the link stays.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.into());
    if let Ok(meta) = fs::metadata(&target) {
        if meta.is_dir() {
            let cause = io::Error::other("it is a directory");
            return Err(failed("opening it")(cause));
        }
        if !meta.is_file() {
            return pour(&target, render).map_err(failed("writing to it"));
        }
        if let Some(bytes) = already_holds(&target, render) {
            return Ok(Appeared { bytes, written: false });
        }
    }
    let (beside, file) = create_beside(&target).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => {
            failed("its directory does not exist")(io::Error::other("make it first"))
        }
        _ => failed("creating a file beside it")(cause),
    })?;
    let swapped =
        fill(file, mode, render).map_err(failed("filling the file beside it")).and_then(|bytes| {
            fs::rename(&beside, &target).map_err(failed("renaming the file beside it"))?;
            sync_directory(&target).map_err(failed("syncing its directory"))?;
            Ok(Appeared { bytes, written: true })
        });
    if swapped.is_err() {
        // After a rename that worked there is nothing to remove, and this does nothing.
        fs::remove_file(&beside).ok();
    }
    swapped
}

fn pour(path: &Path, render: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Appeared> {
    let mut out = Counted::new(BufWriter::new(OpenOptions::new().write(true).open(path)?));
    render(&mut out)?;
    out.flush()?;
    Ok(Appeared { bytes: out.bytes, written: true })
}

fn fill(
    file: File,
    mode: u32,
    render: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    // Once more and exactly: what the file was created with went through the umask.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    let mut out = Counted::new(BufWriter::with_capacity(32 * 1024, file));
    render(&mut out)?;
    let bytes = out.bytes;
    let file = out.inner.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(bytes)
}

/// A new file in the same directory: never one that is there already, never through a link.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    for attempt in 0..MAX_NAMES {
        let beside = target.with_file_name(format!(".{name}.{}-{attempt}.new", std::process::id()));
        let mut options = OpenOptions::new();
        match options.read(true).write(true).create_new(true).mode(0o600).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(file) => return Ok((beside, file)),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "all temporary names are taken"))
}

fn sync_directory(target: &Path) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// The length of the document if the file holds the same already.
fn already_holds(path: &Path, render: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Option<u64> {
    let mut same = Comparison { old: BufReader::new(File::open(path).ok()?), bytes: 0 };
    render(&mut same).ok()?;
    let mut rest = [0];
    (same.old.read(&mut rest).ok()? == 0).then_some(same.bytes)
}

/// A writer that fails at the first byte that differs from an old document.
struct Comparison {
    old: BufReader<File>,
    bytes: u64,
}

impl Write for Comparison {
    fn write(&mut self, new: &[u8]) -> io::Result<usize> {
        let mut old = [0; 4096];
        let length = new.len().min(old.len());
        self.old.read_exact(&mut old[..length])?;
        if old[..length] != new[..length] {
            return Err(io::Error::other("different"));
        }
        self.bytes += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A writer that counts.
#[derive(Debug)]
pub struct Counted<W> {
    inner: W,
    /// What was written so far.
    pub bytes: u64,
}

impl<W: Write> Counted<W> {
    /// Begins at zero.
    pub fn new(inner: W) -> Counted<W> {
        Counted { inner, bytes: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is gone when the test is over.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let path = std::env::temp_dir().join(format!("newsagg-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Scratch(path)
        }

        fn names(&self) -> Vec<String> {
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

    fn put(path: &Path, text: &str) -> Result<Appeared, WriteFailure> {
        appear(path, 0o640, &|out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn a_file_appears_with_its_mode_and_nothing_beside_it() {
        let scratch = Scratch::new("appear");
        let path = scratch.0.join("feed");
        assert_eq!(put(&path, "one").unwrap(), Appeared { bytes: 3, written: true });
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn the_same_bytes_are_not_written_again() {
        use std::os::unix::fs::MetadataExt;
        let scratch = Scratch::new("same");
        let path = scratch.0.join("feed");
        let long = "0123456789".repeat(2000);
        put(&path, &long).unwrap();
        let inode = fs::metadata(&path).unwrap().ino();
        assert_eq!(put(&path, &long).unwrap(), Appeared { bytes: 20_000, written: false });
        assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
        for other in [&long[1..], &format!("{long}x"), &long.replace("90", "91"), ""] {
            assert!(put(&path, other).unwrap().written);
            assert_eq!(fs::read_to_string(&path).unwrap(), *other);
            put(&path, &long).unwrap();
        }
    }

    #[test]
    fn a_failure_on_the_way_leaves_the_old_file_and_nothing_else() {
        let scratch = Scratch::new("failure");
        let path = scratch.0.join("feed");
        put(&path, "old").unwrap();
        let failure = appear(&path, 0o644, &|out| {
            out.write_all(b"half of the n")?;
            Err(io::Error::from_raw_os_error(28))
        });
        let message = failure.unwrap_err().to_string();
        assert!(
            message.ends_with("filling the file beside it: no space left on device"),
            "{message}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn a_directory_that_is_missing_is_named_as_such() {
        let scratch = Scratch::new("missing");
        let message = put(&scratch.0.join("no/feed"), "x").unwrap_err().to_string();
        assert!(
            message.ends_with("/no/feed: its directory does not exist: make it first"),
            "{message}"
        );
    }

    #[test]
    fn a_link_stays_a_link_and_a_planted_one_is_not_followed() {
        let scratch = Scratch::new("link");
        let (real, link) = (scratch.0.join("real"), scratch.0.join("link"));
        put(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        put(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let victim = scratch.0.join("victim");
        fs::write(&victim, "safe").unwrap();
        let planted = scratch.0.join(format!(".real.{}-0.new", std::process::id()));
        std::os::unix::fs::symlink(&victim, planted).unwrap();
        put(&real, "newer").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "safe");
        assert_eq!(fs::read_to_string(&real).unwrap(), "newer");
    }

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        assert!(appear(Path::new("/dev/null"), 0o644, &|out| out.write_all(b"x")).unwrap().written);
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let full = put(Path::new("/dev/full"), "x").unwrap_err().to_string();
        assert_eq!(full, "writing /dev/full: writing to it: no space left on device");
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read() {
        let scratch = Scratch::new("long");
        let path = scratch.0.join("feed");
        put(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).is_err());
    }
}
