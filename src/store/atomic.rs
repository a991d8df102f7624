//! Files that are replaced as a whole, by rename.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::temporary::{TempFile, tidy};
use super::{Wear, WriteFailure, again, hand_over, real};

/// What became of a file that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// How long the document is.
    pub bytes: u64,
    /// False when the file already held these very bytes, and was left alone.
    pub written: bool,
}

impl Replaced {
    /// What that cost the disk.
    pub fn wear(self) -> Wear {
        if self.written { Wear { files: 1, bytes: self.bytes } } else { Wear::default() }
    }
}

/// What writes a document, as often as it is asked to.
type Render<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Makes `path` hold what `render` writes: by a temporary file, fsync, rename, fsync of the directory.
/// At any moment the old document is there or the new one, whole.
///
/// `render` is called once to compare with what is there, and once more to write if that differs,
/// so that neither an unchanged document wears the disk nor a large one fills the memory. What is
/// no regular file (a device, a pipe) is written to as it is.
pub fn write_if_changed(
    path: &Path,
    mode: u32,
    render: Render<'_>,
) -> Result<Replaced, WriteFailure> {
    // Through a link to where the document really is, so that the link stays.
    let target = real(path);
    if let Ok(meta) = again(|| fs::metadata(&target)) {
        if meta.is_dir() {
            let cause = io::Error::other("it is a directory");
            return Err(WriteFailure::new(path, "opening it", cause));
        }
        if !meta.is_file() {
            return pour(&target, render)
                .map_err(|cause| WriteFailure::new(path, "writing to it", cause));
        }
        if let Some(bytes) = already_holds(&target, render) {
            return Ok(Replaced { bytes, written: false });
        }
    }
    let bytes = fill_and_put(begin(path, &target)?, path, &target, mode, render)?;
    Ok(Replaced { bytes, written: true })
}

/// Makes a file of the state hold these bytes as [`write_if_changed`] does, without looking at what it held: a
/// link there is replaced, not followed. It belongs to whom its directory belongs.
pub fn write_atomic(path: &Path, mode: u32, bytes: &[u8]) -> Result<Wear, WriteFailure> {
    let temporary = begin(path, path)?;
    hand_over(temporary.file(), path);
    let bytes = fill_and_put(temporary, path, path, mode, &|out| out.write_all(bytes))?;
    Ok(Wear { files: 1, bytes })
}

fn fill_and_put(
    temporary: TempFile,
    path: &Path,
    target: &Path,
    mode: u32,
    render: Render<'_>,
) -> Result<u64, WriteFailure> {
    let bytes = fill(temporary.file(), mode, render)
        .map_err(|cause| WriteFailure::new(path, "filling the temporary file", cause))?;
    temporary.replace(path, target)?;
    Ok(bytes)
}

/// A new temporary file in the target's directory, where what others left of such files is removed.
pub(super) fn begin(path: &Path, target: &Path) -> Result<TempFile, WriteFailure> {
    let temporary = TempFile::create(target).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => {
            let cause = io::Error::other("make it first");
            WriteFailure::new(path, "its directory does not exist", cause)
        }
        _ => WriteFailure::new(path, "creating a temporary file in its directory", cause),
    })?;
    if let Ok(meta) = temporary.file().metadata() {
        tidy(target, meta.uid());
    }
    Ok(temporary)
}

fn pour(path: &Path, render: Render<'_>) -> io::Result<Replaced> {
    let mut out = Counted::new(BufWriter::new(OpenOptions::new().write(true).open(path)?));
    render(&mut out)?;
    out.flush()?;
    Ok(Replaced { bytes: out.bytes, written: true })
}

fn fill(file: &File, mode: u32, render: Render<'_>) -> io::Result<u64> {
    // Once more and exactly: what the file was created with went through the umask.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    let mut out = Counted::new(BufWriter::with_capacity(32 * 1024, file));
    render(&mut out)?;
    out.flush()?;
    file.sync_all()?;
    Ok(out.bytes)
}

/// The length of the document if the file holds the same already.
fn already_holds(path: &Path, render: Render<'_>) -> Option<u64> {
    let mut same = Comparison { old: BufReader::new(File::open(path).ok()?), bytes: 0 };
    render(&mut same).ok()?;
    let rest = same.old.read_exact(&mut [0]);
    let ended = rest.is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    ended.then_some(same.bytes)
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
    use crate::store::tests::Scratch;

    fn put(path: &Path, text: &str) -> Result<Replaced, WriteFailure> {
        write_if_changed(path, 0o640, &|out| out.write_all(text.as_bytes()))
    }

    #[test]
    fn a_file_appears_with_its_mode_and_nothing_beside_it() {
        let scratch = Scratch::new("appear");
        let path = scratch.0.join("feed");
        assert_eq!(put(&path, "one").unwrap(), Replaced { bytes: 3, written: true });
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
        assert_eq!(put(&path, &long).unwrap(), Replaced { bytes: 20_000, written: false });
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
        let failure = write_if_changed(&path, 0o644, &|out| {
            out.write_all(b"half of the n")?;
            Err(io::Error::from_raw_os_error(28))
        });
        let message = failure.unwrap_err().to_string();
        assert!(
            message.ends_with("filling the temporary file: no space left on device"),
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
    fn a_link_stays_a_link() {
        let scratch = Scratch::new("link");
        let (real, link) = (scratch.0.join("real"), scratch.0.join("link"));
        put(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        put(&link, "new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn what_it_cost_the_disk_is_told() {
        let scratch = Scratch::new("wear");
        let path = scratch.0.join("feed");
        let mut wear = put(&path, "12345").unwrap().wear();
        wear += put(&path, "12345").unwrap().wear();
        wear += write_atomic(&path, 0o640, b"123").unwrap();
        wear += write_atomic(&path, 0o640, b"123").unwrap();
        assert_eq!(wear, Wear { files: 3, bytes: 11 });
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_has_nothing_beside_it() {
        let scratch = Scratch::new("in-the-way");
        let path = scratch.0.join("feed");
        fs::create_dir(&path).unwrap();
        let message = write_atomic(&path, 0o600, b"x").unwrap_err().to_string();
        let (_, message) = message.split_once("/feed: ").unwrap();
        assert_eq!(message, "renaming the temporary file: is a directory");
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn what_a_killed_process_left_goes_when_the_file_is_written_next() {
        let scratch = Scratch::new("killed");
        fs::write(scratch.0.join(".feed.abc123.newsagg-new"), "half").unwrap();
        put(&scratch.0.join("feed"), "x").unwrap();
        assert_eq!(scratch.names(), ["feed"]);
    }

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        assert!(
            write_if_changed(Path::new("/dev/null"), 0o644, &|out| out.write_all(b"x"))
                .unwrap()
                .written
        );
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let full = put(Path::new("/dev/full"), "x").unwrap_err().to_string();
        assert_eq!(full, "writing /dev/full: writing to it: no space left on device");
    }
}
