//! What passes below surf, noted down; and a network that is nothing but such notes.
//!
//! [`Recorder`] stands before a backend and changes nothing that passes: heads are kept, bodies go
//! to a shelf as they come. [`Player`] answers what was noted, at the times it came; whoever asks it
//! lives in simulated time.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::http::Timing;
use crate::merge::Shelf;

mod play;
mod record;

pub use play::Player;
pub use record::Recorder;

/// Request header fields that are noted: none of the others says more than how it was asked, and
/// some are secrets.
const TOLD: [&str; 5] =
    ["accept", "user-agent", "if-none-match", "if-modified-since", "last-event-id"];

/// What a field of an answer is called whose value is nobody's business.
const UNTOLD: [&str; 6] = ["cookie", "auth", "token", "secret", "session", "csrf"];

/// One request and what came of it. Times count from the beginning of the recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// What was asked for.
    pub url: String,
    /// Some of its header fields.
    pub request: Fields,
    /// When it was sent.
    pub at: Duration,
    /// What went before the request: name, connection, handshake.
    pub timing: Timing,
    /// Whether the connection led into somebody's own network, if there was one.
    pub local: Option<bool>,
    /// The head of the answer, if it came.
    pub head: Option<Head>,
    /// When the pieces of the body came, and where they lie.
    pub pieces: Vec<(Duration, u64, u32)>,
    /// When it was over, and how.
    pub end: Option<(Duration, End)>,
}

/// Names in lower case, and values.
pub type Fields = Vec<(String, String)>;

/// The head of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// When it came.
    pub at: Duration,
    /// As the server said it.
    pub status: u16,
    /// Its fields but those that hold secrets.
    pub fields: Fields,
    /// How long the body is, if that was announced.
    pub length: Option<u64>,
    /// Whether the body's end is marked.
    pub delimited: bool,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With the last byte.
    Whole,
    /// Like this.
    Failed(Failure),
    /// We waited no longer, and said this.
    GivenUp(Failure),
    /// We wanted no more of it.
    Left,
}

/// All exchanges, in the order in which they began.
#[derive(Clone)]
pub struct Tape {
    clock: Clock,
    reel: Arc<Mutex<Reel>>,
}

struct Reel {
    exchanges: Vec<Exchange>,
    origin: Duration,
    shelf: Box<dyn Shelf + Send>,
    /// So much may still be put on the shelf.
    left: u64,
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tape")
    }
}

impl Tape {
    /// An empty one; `room` is how many bytes of bodies it takes.
    pub fn new(clock: Clock, shelf: Box<dyn Shelf + Send>, room: u64) -> Tape {
        let reel = Reel { exchanges: Vec::new(), origin: clock.now(), shelf, left: room };
        Tape { clock, reel: Arc::new(Mutex::new(reel)) }
    }

    /// From here on times count.
    pub fn begin(&self) {
        self.reel().origin = self.clock.now();
    }

    /// How long ago that was.
    pub fn now(&self) -> Duration {
        self.clock.now().saturating_sub(self.reel().origin)
    }

    /// Puts down bytes; `None` if there is no room left: the tape is of no use then.
    pub fn put(&self, bytes: &[u8]) -> Option<(u64, u32)> {
        let mut reel = self.reel();
        let left = reel.left.checked_sub(bytes.len() as u64);
        reel.left = left.unwrap_or(0);
        left?;
        let length = u32::try_from(bytes.len()).ok()?;
        Some((reel.shelf.put(bytes), length))
    }

    /// What was put down.
    ///
    /// # Errors
    /// What reading the shelf said.
    pub fn get(&self, (place, length): (u64, u32), into: &mut Vec<u8>) -> std::io::Result<()> {
        self.reel().shelf.get(place, length, into)
    }

    /// Whether everything found room.
    pub fn is_whole(&self) -> bool {
        self.reel().left > 0
    }

    /// The exchanges so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.reel().exchanges.clone()
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pieces of a body, and when they came.
pub type Pieces = Vec<(Duration, Vec<u8>)>;

/// Exchanges that wait to be asked for, by URL, each with its body.
type Waiting = BTreeMap<String, Box<VecDeque<(Exchange, Pieces)>>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_tape_takes_what_it_has_room_for() {
        let clock = Clock::simulated(Timestamp::EPOCH);
        let tape = Tape::new(clock, Box::new(Vec::new()), 10);
        let first = tape.put(b"12345").unwrap();
        assert!(tape.is_whole());
        assert_eq!(tape.put(b"1234567"), None);
        assert!(!tape.is_whole());
        let mut bytes = Vec::new();
        tape.get(first, &mut bytes).unwrap();
        assert_eq!(bytes, b"12345");
    }
}
