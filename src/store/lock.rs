//! One writer for the state directory, and one service.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock, major, minor};
use rustix::io::{Errno, retry_on_intr};

use super::{again, hand_over, open_own, plainly};

/// The file that is locked; there is never anything in it.
pub(super) const NAME: &str = "lock";
/// The same for the service, which has it for its whole life and the other for a round.
const SERVICE: &str = "service";
/// How often it is tried again.
const STEP: Duration = Duration::from_millis(5);
/// So long a service that starts waits for who only looks whether there is one.
const GLANCE: Duration = Duration::from_millis(200);
/// A command's word is at most so long; longer ones are not shown.
const MAX_WORD: usize = 16;

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
    /// It is flock(2): a killed holder leaves nothing behind but an empty file.
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
                Ok(()) if is_at(&file, path) => return Ok(Lock { file }),
                Ok(()) | Err(Errno::WOULDBLOCK) => {}
                Err(error) => return Err(LockFailure::Unwritable(error.into())),
            }
            if left.is_zero() {
                let holder =
                    Holder { process: file.metadata().ok().and_then(|meta| find_holder(&meta)) };
                return Err(LockFailure::Held { by: holder.to_string() });
            }
            let step = left.min(STEP);
            thread::sleep(step);
            left -= step;
        }
    }
}

/// Made if it is not there; never through a link.
fn open(path: &Path) -> io::Result<File> {
    // Neither truncated nor written to; network file systems lock only what is open for writing.
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

/// Who has a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number, if that can be found out.
    pub process: Option<u32>,
}

/// `newsagg run (process 1234)`, `another process`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.process.map_or_else(|| "another process".into(), describe))
    }
}

/// The service that runs with this state directory, if one does. Nothing is made or written for it,
/// and who may not open the file may ask, too.
pub fn service_of(dir: &Path) -> Option<Holder> {
    let path = dir.join(SERVICE);
    let Ok(file) = open_own(&path, OpenOptions::new().read(true)) else {
        // The kernel still tells whether somebody has it, as long as the process is found.
        let process = find_holder(&again(|| fs::symlink_metadata(&path)).ok()?)?;
        return Some(Holder { process: Some(process) });
    };
    // Two may look at once, but nobody has it while a service does.
    match retry_on_intr(|| flock(&file, FlockOperation::NonBlockingLockShared)) {
        Err(Errno::WOULDBLOCK) => {
            Some(Holder { process: file.metadata().ok().and_then(|meta| find_holder(&meta)) })
        }
        _ => None,
    }
}

/// Who holds a lock on this file, as the kernel tells; nothing is written anywhere for it.
fn find_holder(meta: &fs::Metadata) -> Option<u32> {
    let device = format!("{:02x}:{:02x}", major(meta.dev()), minor(meta.dev()));
    let locks = BufReader::new(File::open("/proc/locks").ok()?);
    let ours = comm("self");
    let kin = |process: u32| ours.is_some() && comm(&process.to_string()) == ours;
    find(locks, &device, meta.ino(), &kin)
}

/// The process that holds a lock on an inode, from lines of
/// [`/proc/locks`](https://man7.org/linux/man-pages/man5/proc_locks.5.html) such as
/// `1: FLOCK  ADVISORY  WRITE 1234 08:01:131090 0 EOF`.
///
/// Some file systems (btrfs, overlays) are known there by another device: then it is believed of a
/// process of the same name.
fn find(locks: impl BufRead, device: &str, inode: u64, kin: &dyn Fn(u32) -> bool) -> Option<u32> {
    let mut likely = None;
    for line in locks.lines().map_while(Result::ok) {
        let mut words = line.split_ascii_whitespace().skip(1);
        // Who waits for a lock has an arrow here.
        if words.next() != Some("FLOCK") {
            continue;
        }
        let process = words.nth(2).and_then(|word| word.parse().ok()).filter(|id| *id > 0);
        let place = words.next().and_then(|word| word.rsplit_once(':'));
        let (Some(process), Some((held, number))) = (process, place) else { continue };
        if number.parse() != Ok(inode) {
            continue;
        }
        if held == device {
            return Some(process);
        }
        if kin(process) {
            likely = Some(process);
        }
    }
    likely
}

/// `newsagg run (process 1234)`.
fn describe(process: u32) -> String {
    let name = comm(&process.to_string()).unwrap_or_else(|| "another program".into());
    let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    match word(&line) {
        Some(word) => format!("{name} {word} (process {process})"),
        None => format!("{name} (process {process})"),
    }
}

/// What a process is called.
fn comm(process: &str) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    let plain: String = name.chars().filter(|letter| !letter.is_control()).collect();
    (!plain.is_empty()).then_some(plain)
}

/// The word after the program's name, if it is a plain one: nothing else of what somebody typed.
fn word(line: &[u8]) -> Option<&str> {
    let word = line.split(|byte| *byte == 0).nth(1)?;
    let plain = (1..=MAX_WORD).contains(&word.len()) && word.iter().all(u8::is_ascii_lowercase);
    std::str::from_utf8(word).ok().filter(|_| plain)
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
        let us = format!("(process {})", std::process::id());
        assert!(by.ends_with(&us) || by == "another process", "{by}");
        drop(lock);
        Lock::take(&scratch.0, AT_ONCE).unwrap();
        let meta = fs::metadata(scratch.0.join(NAME)).unwrap();
        assert_eq!((meta.len(), meta.mode() & 0o777), (0, 0o600));
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
        assert!([None, Some(std::process::id())].contains(&seen.process), "{seen}");
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
    fn the_holder_is_found_by_device_and_inode_or_by_inode_and_name() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF\n\
            2: FLOCK  ADVISORY  WRITE 12 08:02:77 0 EOF\n\
            2: -> FLOCK  ADVISORY  WRITE 13 08:01:77 0 EOF\n\
            3: FLOCK  ADVISORY  WRITE 14 08:01:77 0 EOF\n\
            4: FLOCK  ADVISORY  WRITE -1 00:01:78 0 EOF\n\
            broken\n5: FLOCK\n6: FLOCK ADVISORY WRITE x y z\n";
        let find = |device, inode, kin| find(locks.as_bytes(), device, inode, &|id| id == kin);
        assert_eq!(find("08:01", 77, 0), Some(14));
        assert_eq!(find("00:30", 77, 12), Some(12));
        assert_eq!(find("00:30", 77, 0), None);
        assert_eq!(find("00:01", 78, 0), None);
        assert_eq!(find("08:01", 7, 0), None);
    }

    #[test]
    fn of_a_command_line_only_a_plain_word_is_told() {
        assert_eq!(word(b"/usr/bin/newsagg\0run\0-c\0x\0"), Some("run"));
        let long = [b"newsagg\0".to_vec(), vec![b'a'; MAX_WORD + 1]].concat();
        for line in [&b"newsagg\0"[..], b"", b"newsagg\0", b"a\0Secret=1\0", b"a\0\x1b[31m", &long]
        {
            assert_eq!(word(line), None, "{line:?}");
        }
        assert!(word(&long[..long.len() - 1]).is_some());
    }
}
