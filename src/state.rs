//! What is remembered between rounds: when each item was first seen, and since when a source has
//! not been well.
//!
//! Without it an item that tells no date would be new each time it is read.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use crate::limit::Unusable;
use crate::time::Timestamp;

/// The version of the format that this program writes.
const VERSION: u32 = 1;

/// First-seen times by source and item.
#[derive(Debug, Default, PartialEq)]
pub struct Memory {
    sources: BTreeMap<String, Seen>,
    ill: BTreeMap<String, i64>,
    changed: bool,
    unsaved: bool,
}

/// Fingerprints of item ids with seconds since 1970, sorted by fingerprint.
type Seen = Vec<(u64, i64)>;

#[derive(Deserialize, Serialize)]
struct File<S, I> {
    version: u32,
    /// By source: `[[fingerprint of the id, seconds since 1970], …]`.
    first_seen: S,
    /// By source: since when it has not been well, seconds since 1970.
    ill_since: I,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Memory {
    /// Reads what [`Memory::write`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Memory, Unusable> {
        let damaged = |error: serde_json::Error| Unusable::Damaged(error.to_string());
        let Version { version } = serde_json::from_slice(bytes).map_err(damaged)?;
        if version > VERSION {
            return Err(Unusable::Newer(version));
        }
        let file: File<BTreeMap<String, Seen>, BTreeMap<String, i64>> =
            serde_json::from_slice(bytes).map_err(damaged)?;
        let mut sources = file.first_seen;
        sources.values_mut().for_each(|seen| seen.sort_unstable());
        Ok(Memory { sources, ill: file.ill_since, ..Memory::default() })
    }

    /// The same memory gives the same bytes.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let file = File { version: VERSION, first_seen: &self.sources, ill_since: &self.ill };
        serde_json::to_writer(&mut *out, &file)?;
        out.write_all(b"\n")
    }

    /// Remembers nothing beyond this process: a newer program's file is never overwritten.
    pub fn unsaved() -> Memory {
        Memory { unsaved: true, ..Memory::default() }
    }

    /// Whether it differs from what was read, and may be written.
    pub fn changed(&self) -> bool {
        self.changed && !self.unsaved
    }

    /// Notes the items that `source` shows at `now`, by the fingerprints of their ids. What it
    /// shows no longer is forgotten `keep` after it was first seen. Returns how many are new.
    pub fn note(&mut self, source: &str, ids: &[u64], now: Timestamp, keep: Duration) -> usize {
        if !self.sources.contains_key(source) {
            self.sources.insert(source.into(), Seen::new());
        }
        let Some(seen) = self.sources.get_mut(source) else { return 0 };
        let mut shown = ids.to_vec();
        shown.sort_unstable();
        shown.dedup();
        let before = seen.len();
        let oldest = now.unix().saturating_sub(i64::try_from(keep.as_secs()).unwrap_or(i64::MAX));
        seen.retain(|(id, first)| *first > oldest || shown.binary_search(id).is_ok());
        let forgotten = before - seen.len();
        shown.retain(|id| seen.binary_search_by_key(id, |(id, _)| *id).is_err());
        seen.extend(shown.iter().map(|id| (*id, now.unix())));
        seen.sort_unstable();
        self.changed |= forgotten > 0 || !shown.is_empty();
        shown.len()
    }

    /// Notes whether `source` is well at `now`. Returns since when it has not been.
    pub fn health(&mut self, source: &str, well: bool, now: Timestamp) -> Option<Timestamp> {
        if well {
            self.changed |= self.ill.remove(source).is_some();
            return None;
        }
        let since = self.ill.get(source).copied().filter(|since| *since <= now.unix());
        if since.is_none() {
            self.ill.insert(source.into(), now.unix());
            self.changed = true;
        }
        Timestamp::from_unix(since.unwrap_or(now.unix()))
    }

    /// When an item was first seen. A time in the future is the mark of a clock that ran ahead,
    /// and counts as now.
    pub fn first_seen(&self, source: &str, id: u64, now: Timestamp) -> Timestamp {
        let seen = self.sources.get(source).map_or(&[][..], Vec::as_slice);
        let found = seen.binary_search_by_key(&id, |(id, _)| *id).ok();
        let time = found.and_then(|index| Timestamp::from_unix(seen[index].1));
        time.map_or(now, |time| time.min(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP: Duration = Duration::from_secs(100);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(seconds).unwrap()
    }

    #[test]
    fn first_seen_is_the_first_time_and_survives_writing_and_reading() {
        let mut memory = Memory::default();
        assert_eq!(memory.note("a", &[3, 1, 3], at(10), KEEP), 2);
        assert_eq!(memory.note("a", &[1, 2], at(20), KEEP), 1);
        let mut bytes = Vec::new();
        memory.write(&mut bytes).unwrap();
        let mut again = Memory::read(&bytes).unwrap();
        assert!(!again.changed());
        assert_eq!(again.note("a", &[1, 2], at(30), KEEP), 0);
        assert!(!again.changed(), "nothing new is nothing to write");
        assert_eq!([1, 2, 3].map(|id| again.first_seen("a", id, at(30))), [at(10), at(20), at(10)]);
        assert_eq!(again.first_seen("b", 1, at(30)), at(30));
    }

    #[test]
    fn a_source_is_ill_since_its_first_failure_until_it_is_well() {
        let mut memory = Memory::default();
        assert_eq!(memory.health("a", true, at(1)), None);
        assert!(!memory.changed());
        assert_eq!(memory.health("a", false, at(2)), Some(at(2)));
        assert_eq!(memory.health("a", false, at(3)), Some(at(2)));
        assert_eq!(memory.health("a", true, at(4)), None);
        assert_eq!(memory.health("a", false, at(5)), Some(at(5)));
        assert_eq!(memory.health("a", false, at(4)), Some(at(4)), "a time in the future is wrong");
    }

    #[test]
    fn what_is_shown_is_kept_and_what_is_not_is_forgotten_in_time() {
        let mut memory = Memory::default();
        memory.note("a", &[1, 2], at(0), KEEP);
        memory.note("a", &[1], at(1000), KEEP);
        assert_eq!(memory.first_seen("a", 1, at(1000)), at(0));
        assert_eq!(memory.first_seen("a", 2, at(1000)), at(1000));
    }

    #[test]
    fn a_time_from_the_future_counts_as_now() {
        let mut memory = Memory::default();
        memory.note("a", &[1], at(5000), KEEP);
        assert_eq!(memory.first_seen("a", 1, at(10)), at(10));
    }

    #[test]
    fn damaged_and_newer_files_are_told_apart() {
        assert_eq!(Memory::read(br#"{"version":9,"x":1}"#), Err(Unusable::Newer(9)));
        for bytes in
            [&b""[..], b"\0\0", br#"{"version":1}"#, br#"{"version":1,"first_seen":{"a":[[1"#]
        {
            assert!(matches!(Memory::read(bytes), Err(Unusable::Damaged(_))));
        }
    }
}
