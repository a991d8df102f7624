//! The records of the journal: what happened to a source, encoded by postcard.
//!
//! The [wire format](https://postcard.jamesmunns.com/wire-format) names neither variants nor fields:
//! both are told by their order. A new variant is added at the end of [`Event`]; a field that is
//! added, removed or moved needs a new version of the journal. A variant that is not known was
//! written by a later program, and its record is skipped.

use postcard::fixint;
use serde::{Deserialize, Serialize, Serializer};

use super::stand::Stand;
use super::times::Times;
use crate::format::{Pace, State};
use crate::http::Validators;
use crate::merge::Published;

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Event<'a> {
    /// A source has this number from now on.
    Source { source: u32, name: &'a str },
    /// An item is new, or not what it was.
    Item {
        source: u32,
        item: ItemHead,
        /// What [`crate::pack::pack`] wrote.
        #[serde(serialize_with = "write_bytes")]
        packed: &'a [u8],
    },
    /// A source shows these items no longer, since `at`.
    Gone { source: u32, at: i64, ids: Vec<u64> },
    /// Items that were gone are shown again.
    Back { source: u32, ids: Vec<u64> },
    /// What is held of a document. Without a digest it is forgotten.
    Document { source: u32, document: Document },
    /// A round ended: who was asked, and how it went.
    Polls { at: i64, polls: Vec<Poll> },
    /// How a source stands, unless it is well, and since when.
    Ill { source: u32, illness: Option<Illness> },
    /// How often its publisher wants to be asked.
    Pace { source: u32, pace: Pace },
    /// These items were first seen at `at`, and not when a clock that ran ahead said so.
    Seen { source: u32, at: i64, ids: Vec<u64> },
    /// These items were printed.
    Printed { source: u32, ids: Vec<u64> },
    /// Only permanent redirects led elsewhere.
    Moved { source: u32, moved: Option<Moved> },
    /// All that the polls of a source came to, in place of them.
    Totals { source: u32, totals: Totals },
    /// A round that asked somebody, in place of the one before: what [`super::Past`] is read from.
    Past(#[serde(serialize_with = "write_bytes")] &'a [u8]),
    /// What follows is by a calendar that stood so. If it was set since the one before, all that was
    /// noted by that is put right.
    Stand(Stand),
    /// These items were published under other ids than their own.
    Published { source: u32, published: Vec<Published> },
    /// A source is remembered under this name from now on.
    Renamed { source: u32, name: &'a str },
}

/// What is remembered of an item beside its packed bytes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ItemHead {
    /// Fingerprint of its id.
    #[serde(with = "eight_bytes")]
    pub id: u64,
    /// Fingerprint of its title and link ([`crate::merge::identity::story_of`]).
    #[serde(with = "eight_bytes")]
    pub story: u64,
    /// Start of the key of the document it stands in.
    pub root: u32,
    /// Seconds since 1970.
    pub first_seen: i64,
    /// Whether it was printed.
    pub printed: bool,
}

/// One document of a source: an answer to one request of its plan.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Document {
    /// Fingerprint of the request and of what the config makes of its answer.
    #[serde(with = "fixint::le")]
    pub key: u64,
    /// Fingerprint of the URL that was asked: the plan's or a fallback.
    #[serde(with = "fixint::le")]
    pub asked: u64,
    /// Where the answer came from, after redirects ([`crate::http::place`]).
    #[serde(with = "fixint::le")]
    pub from: u64,
    /// As they came.
    pub validators: Validators,
    /// Of its body; `None` when it must be read again whatever it is.
    pub digest: Option<u64>,
}

/// How it went to ask a source once.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(from = "PollRecord", into = "PollRecord")]
pub struct Poll {
    /// The source's number.
    pub source: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// Validators were held …
    pub held: bool,
    /// … and sent.
    pub conditional: bool,
    /// From its first request to its last answer, milliseconds.
    pub ms: u32,
    /// How long the answer is fresh, seconds.
    pub fresh_for: Option<u32>,
    /// Requests that it took, redirects and retries included.
    pub requests: u32,
    /// It was not due: a forced poll, or a mistake of ours.
    pub early: bool,
    /// It came before the server wanted to be asked again.
    pub pressed: bool,
    /// How long the server wants to be left alone now (`Retry-After`), seconds.
    pub wait: Option<u32>,
}

/// What came of asking a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It was read.
    #[default]
    Fresh,
    /// The server said so, or the bytes did.
    Unchanged,
    /// Nothing came.
    Failed,
    /// The server said 429.
    Refused,
}

/// Why a source is not well.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Illness {
    /// How it stands: stale and failed are told apart by what there is to show.
    pub state: State,
    /// Since when, seconds since 1970.
    pub since: i64,
    /// Of the answer, if there was one.
    pub status: Option<u16>,
    /// For people.
    pub error: String,
}

/// A source that seems to have moved for good.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Moved {
    /// Where to.
    pub to: String,
    /// When that was seen first, seconds since 1970.
    pub first: i64,
    /// On how many days it was seen.
    pub days: u32,
    /// The last of them, days since 1970.
    pub last_day: i64,
}

/// What many polls of a source came to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Totals {
    /// When it was last asked, seconds since 1970; 0 if never.
    pub asked: i64,
    /// When it last answered well.
    pub answered: i64,
    /// How long that answer is fresh, seconds.
    pub fresh_for: Option<u32>,
    /// How often it was asked.
    pub polls: u64,
    /// Answered with nothing new.
    pub unchanged: u64,
    /// Brought nothing.
    pub failed: u64,
    /// Answered with 429.
    pub refused: u64,
    /// Asked while validators were held.
    pub held: u64,
    /// Of these, without them.
    pub unconditional: u64,
    /// The shortest time between two polls, seconds.
    pub shortest: Option<u32>,
    /// Requests that all this took, redirects and retries included.
    pub requests: u64,
    /// Asked before it was due.
    pub early: u64,
    /// Asked before the server wanted to be asked again.
    pub pressed: u64,
    /// When the server wants to be asked again, seconds since 1970; 0 if it did not say.
    pub wait_until: i64,
    /// How long the last polls took, milliseconds, oldest first.
    pub latencies: Vec<u32>,
    /// How long all of them took.
    pub times: Times,
}

/// So many latencies are remembered of a source.
pub const LATENCIES: usize = 32;

impl Totals {
    /// Counts one poll at `at`.
    pub fn count(&mut self, at: i64, poll: &Poll) {
        let interval = at.checked_sub(self.asked).filter(|_| self.asked > 0);
        if let Some(interval) = interval.and_then(|seconds| u32::try_from(seconds).ok()) {
            self.shortest = Some(self.shortest.map_or(interval, |known| known.min(interval)));
        }
        // 0 is never, and a clock that was never set begins there.
        self.asked = at.max(1);
        self.polls += 1;
        self.requests += u64::from(poll.requests);
        self.early += u64::from(poll.early);
        self.pressed += u64::from(poll.pressed);
        self.wait_until = poll.wait.map_or(0, |wait| at.saturating_add(wait.into()));
        self.held += u64::from(poll.held);
        self.unconditional += u64::from(poll.held && !poll.conditional);
        match poll.outcome {
            Outcome::Fresh => {}
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Refused => self.refused += 1,
        }
        if matches!(poll.outcome, Outcome::Fresh | Outcome::Unchanged) {
            self.answered = at;
            self.fresh_for = poll.fresh_for;
        }
        if self.latencies.len() == LATENCIES {
            self.latencies.remove(0);
        }
        self.latencies.push(poll.ms);
        self.times.count(poll.ms);
    }
}

/// A poll as its record has it: there is one for each source in each round.
#[derive(Deserialize, Serialize)]
struct PollRecord {
    source: u32,
    /// The outcome in the two lowest bits, then a bit for each of the others.
    flags: u8,
    ms: u32,
    fresh_for: Option<u32>,
    requests: u32,
    wait: Option<u32>,
}

/// The outcomes in the order of their numbers, which never changes.
const OUTCOMES: [Outcome; 4] =
    [Outcome::Fresh, Outcome::Unchanged, Outcome::Failed, Outcome::Refused];
const HELD: u8 = 1 << 2;
const CONDITIONAL: u8 = 1 << 3;
const EARLY: u8 = 1 << 4;
const PRESSED: u8 = 1 << 5;

impl From<Poll> for PollRecord {
    fn from(poll: Poll) -> PollRecord {
        let Poll { source, outcome, ms, fresh_for, requests, wait, .. } = poll;
        let outcome = OUTCOMES.iter().position(|known| *known == outcome).unwrap_or(0) as u8;
        let bits = [
            (poll.held, HELD),
            (poll.conditional, CONDITIONAL),
            (poll.early, EARLY),
            (poll.pressed, PRESSED),
        ];
        let flags = bits.iter().filter(|(set, _)| *set).fold(outcome, |all, (_, bit)| all | bit);
        PollRecord { source, flags, ms, fresh_for, requests, wait }
    }
}

impl From<PollRecord> for Poll {
    fn from(record: PollRecord) -> Poll {
        let PollRecord { source, flags, ms, fresh_for, requests, wait } = record;
        Poll {
            source,
            outcome: OUTCOMES[usize::from(flags & 3)],
            held: flags & HELD != 0,
            conditional: flags & CONDITIONAL != 0,
            early: flags & EARLY != 0,
            pressed: flags & PRESSED != 0,
            ms,
            fresh_for,
            requests,
            wait,
        }
    }
}

/// A fingerprint as a run of eight bytes: there is one or more for each item, and a varint of a large
/// number is longer and takes a step for each of its bytes.
mod eight_bytes {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&number.to_le_bytes())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        bytes.try_into().map(u64::from_le_bytes).map_err(D::Error::custom)
    }
}

/// As one run: serde takes a slice for a list of numbers.
fn write_bytes<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Adds the record of an event to `out`.
pub fn write(event: &Event<'_>, out: &mut Vec<u8>) {
    // Only a list of unknown length or a full buffer is an error, and there is neither.
    let _ = postcard::to_io(event, out);
}

/// Reads a record; `None` if it is none, or of a kind that is not known.
pub fn read(record: &[u8]) -> Option<Event<'_>> {
    postcard::from_bytes(record).ok()
}

/// What the record of an item holds, its packed bytes last; `None` if it is that of another event.
pub fn item(record: &[u8]) -> Option<(ItemHead, &[u8])> {
    match read(record)? {
        Event::Item { item, packed, .. } => Some((item, packed)),
        _ => None,
    }
}
