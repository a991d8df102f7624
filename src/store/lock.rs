//! One writer for the state directory, and one service.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};

use super::{again, hand_over, open_own, plainly};

/// The file that is locked. It holds a line about the process that locked it last: `1234 run`.
pub(super) const NAME: &str = "lock";
/// The same for the service, which has it for its whole life and the other for a round.
const SERVICE: &str = "service";
/// How often it is tried again.
const STEP: Duration = Duration::from_millis(5);
/// So long a service that starts waits for who only looks whether there is one.
const GLANCE: Duration = Duration::from_millis(200);
/// A command's word is at most so long; longer ones are not shown.
const MAX_WORD: usize = 16;
/// No line about a process is longer.
const MAX_LINE: usize = 64;

/// The state directory, or the service in it, is ours until this is dropped, or the process ends,
/// however it does.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why the state directory is not ours.
#[derive(Debug)]
pub enum LockFailure {
    /// Somebody else has it.
    Held {
        /// `newsagg run (process 1234)`, `another process` if that cannot be found out.
        by: String,
    },
    /// No lock can be made there.
    Unwritable(io::Error),
}

impl fmt::Display for LockFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LockFailure::Held { by } => write!(f, "the state directory is in use by {by}"),
            LockFailure::Unwritable(error) => {
                write!(f, "locking the state directory: {}", plainly(error))
            }
        }
    }
}

impl std::error::Error for LockFailure {}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough while a child that was just forked still has it.
        let _ = retry_on_intr(|| flock(&self.file, FlockOperation::Unlock));
    }
}

impl Lock {
    /// Takes the lock of a directory that exists, waiting about as long as `patience` for another
    /// who has it. Blocks: not for the loop.
    ///
    /// It is flock(2): a killed holder leaves nothing behind but a line about it.
    pub fn take(dir: &Path, patience: Duration) -> Result<Lock, LockFailure> {
        Lock::at(&dir.join(NAME), patience)
    }

    /// Says that a service runs with this state directory, which exists, for as long as the lock is
    /// held; [`service_of`] tells others. It keeps out another service and nobody else. Blocks for
    /// an instant when there is one.
    pub fn service(dir: &Path) -> Result<Lock, LockFailure> {
        Lock::at(&dir.join(SERVICE), GLANCE)
    }

    /// Whether this is what [`Lock::service`] would take there, by whatever name the directory goes.
    pub fn is_service_of(&self, dir: &Path) -> bool {
        is_at(&self.file, &dir.join(SERVICE))
    }

    fn at(path: &Path, patience: Duration) -> Result<Lock, LockFailure> {
        let mut left = patience;
        loop {
            let file = open(path).map_err(LockFailure::Unwritable)?;
            match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockExclusive)) {
                // Somebody may have removed the file meanwhile: such a lock keeps nobody out.
                Ok(()) if is_at(&file, path) => {
                    note_holder(&file);
                    return Ok(Lock { file });
                }
                Ok(()) | Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(LockFailure::Unwritable(error.into())),
            }
            if left.is_zero() {
                return Err(LockFailure::Held { by: holder(&file).to_string() });
            }
            let step = left.min(STEP);
            thread::sleep(step);
            left -= step;
        }
    }
}

/// Made if it is not there; never through a link.
fn open(path: &Path) -> io::Result<File> {
    // Network file systems lock only what is open for writing.
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    match open_own(path, &mut options) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        outcome => return outcome,
    }
    match open_own(path, options.create_new(true)) {
        // Somebody was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            open_own(path, options.create_new(false))
        }
        Err(error) => Err(error),
        Ok(file) => {
            hand_over(&file, path);
            Ok(file)
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), again(|| fs::symlink_metadata(path))) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// The process that has a lock, as far as it told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: Option<u32>,
    /// The command it carries out: `run`.
    command: Option<String>,
}

/// `newsagg run (process 1234)`, `another process`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.process, &self.command) {
            (None, _) => f.write_str("another process"),
            (Some(process), None) => write!(f, "newsagg (process {process})"),
            (Some(process), Some(command)) => write!(f, "newsagg {command} (process {process})"),
        }
    }
}

/// The service that runs with this state directory, if one does and its lock may be read. Nothing is
/// made or written for it.
pub fn service_of(dir: &Path) -> Option<Holder> {
    let file = open_own(&dir.join(SERVICE), OpenOptions::new().read(true)).ok()?;
    // Two may look at once, but nobody has it while a service does.
    match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockShared)) {
        Err(Errno::WOULDBLOCK) => Some(holder(&file)),
        _ => None,
    }
}

/// Writes a line about this process into a file that it has just locked, for those that want to know.
/// The line need not last, and where it cannot be written the lock holds all the same.
fn note_holder(file: &File) {
    let command = std::env::args().nth(1).filter(|word| is_plain(word));
    let line = match command {
        Some(command) => format!("{} {command}\n", process::id()),
        None => format!("{}\n", process::id()),
    };
    // A service takes the lock of the state each round: what is there is not written again.
    if text_of(file) == line {
        return;
    }
    let length = line.len() as u64;
    let written = file.write_all_at(line.as_bytes(), 0).and_then(|()| file.set_len(length));
    if let Err(error) = written {
        log::debug!("noting which process has the lock: {}", plainly(&error));
    }
}

/// The process that noted itself in a file that is locked.
fn holder(file: &File) -> Holder {
    let text = text_of(file);
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let process = words.next().and_then(|word| word.parse().ok());
    Holder { process, command: words.next().filter(|word| is_plain(word)).map(str::to_owned) }
}

/// The beginning of a file; nothing if it is no text.
fn text_of(file: &File) -> String {
    let mut bytes = [0; MAX_LINE];
    let read = again(|| file.read_at(&mut bytes, 0)).unwrap_or(0);
    std::str::from_utf8(&bytes[..read]).unwrap_or_default().to_owned()
}

/// Whether a word may be shown: nothing else of what somebody typed, or wrote into the file.
fn is_plain(word: &str) -> bool {
    (1..=MAX_WORD).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::Scratch;

    const AT_ONCE: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn one_has_the_lock_and_the_second_hears_who() {
        let scratch = Scratch::new("lock");
        let lock = Lock::take(&scratch.0, AT_ONCE).unwrap();
        let Err(LockFailure::Held { by }) = Lock::take(&scratch.0, STEP * 3) else {
            panic!("two have it");
        };
        assert!(
            by.starts_with("newsagg ") && by.ends_with(&format!("(process {})", process::id())),
            "{by}"
        );
        drop(lock);
        Lock::take(&scratch.0, AT_ONCE).unwrap();
        let meta = fs::metadata(scratch.0.join(NAME)).unwrap();
        assert_eq!(meta.mode() & 0o777, 0o600);
    }

    #[test]
    fn who_is_patient_gets_the_lock_when_it_is_free() {
        let scratch = Scratch::new("patient");
        let lock = Lock::take(&scratch.0, AT_ONCE).unwrap();
        thread::scope(|scope| {
            let second = scope.spawn(|| Lock::take(&scratch.0, LONG));
            drop(lock);
            second.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_lock_file_that_was_removed_keeps_nobody_out_and_a_link_is_not_followed() {
        let scratch = Scratch::new("removed");
        let path = scratch.0.join(NAME);
        let _old = Lock::take(&scratch.0, AT_ONCE).unwrap();
        let stale = open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _new = Lock::take(&scratch.0, AT_ONCE).unwrap();
        assert!(!is_at(&stale, &path));
        fs::remove_file(&path).unwrap();
        let victim = scratch.0.join("victim");
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        let failure = Lock::take(&scratch.0, AT_ONCE).unwrap_err();
        assert!(matches!(failure, LockFailure::Unwritable(_)), "{failure}");
        assert!(!victim.exists());
    }

    #[test]
    fn where_no_file_can_be_made_the_cause_is_told() {
        let failure = Lock::take(Path::new("/proc/self"), LONG).unwrap_err();
        let message = failure.to_string();
        assert!(message.starts_with("locking the state directory: "), "{message}");
    }

    #[test]
    fn a_service_is_seen_as_long_as_it_runs_and_keeps_out_only_another() {
        let scratch = Scratch::new("service");
        assert_eq!(service_of(&scratch.0), None);
        assert!(scratch.names().is_empty());
        let service = Lock::service(&scratch.0).unwrap();
        let seen = service_of(&scratch.0).unwrap();
        assert_eq!(seen.process, Some(process::id()));
        let Err(LockFailure::Held { by }) = Lock::service(&scratch.0) else { panic!("two run") };
        assert_eq!(by, seen.to_string());
        Lock::take(&scratch.0, AT_ONCE).unwrap();
        drop(service);
        assert_eq!(service_of(&scratch.0), None);
        Lock::service(&scratch.0).unwrap();
    }

    #[test]
    fn a_service_that_starts_waits_for_who_only_looks() {
        let scratch = Scratch::new("glance");
        drop(Lock::service(&scratch.0).unwrap());
        let glance = open(&scratch.0.join(SERVICE)).unwrap();
        flock(&glance, FlockOperation::NonBlockingLockShared).unwrap();
        // Nor does one who looks take another for a service.
        assert_eq!(service_of(&scratch.0), None);
        thread::scope(|scope| {
            let service = scope.spawn(|| Lock::service(&scratch.0));
            drop(glance);
            service.join().unwrap().unwrap();
        });
    }

    #[test]
    fn only_a_number_and_a_plain_word_are_told_of_the_process_that_has_the_lock() {
        let scratch = Scratch::new("holder");
        let path = scratch.0.join(NAME);
        let long = format!("7 {}\n", "a".repeat(MAX_WORD + 1));
        let endless = "1".repeat(2 * MAX_LINE);
        for (text, told) in [
            ("7 run\n", "newsagg run (process 7)"),
            ("7\n", "newsagg (process 7)"),
            // A shorter line was written over a longer one, and the rest is not cut off yet.
            ("7 run\nrun\n", "newsagg run (process 7)"),
            ("7 Secret=1\n", "newsagg (process 7)"),
            ("7 \u{1b}[31m\n", "newsagg (process 7)"),
            (&long, "newsagg (process 7)"),
            ("", "another process"),
            ("-7 run\n", "another process"),
            ("seven run\n", "another process"),
            (&endless, "another process"),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(holder(&File::open(&path).unwrap()).to_string(), told, "{text:?}");
        }
    }

    #[test]
    fn a_line_about_another_process_is_replaced_as_a_whole() {
        let scratch = Scratch::new("replaced");
        let path = scratch.0.join(NAME);
        fs::write(&path, format!("{} {}", u32::MAX, "a".repeat(50))).unwrap();
        let _lock = Lock::take(&scratch.0, AT_ONCE).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&process::id().to_string()) && text.ends_with('\n'), "{text}");
        assert!(text.len() < 40, "{text}");
    }
}
