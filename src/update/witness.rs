//! What a round is told beside its config and the network: noted down, or told once more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::time::{Moment, Timestamp};
use crate::wire::tape::Tape;

/// Two sums of rounded times differ by no more than this, in seconds.
const ROUNDED: u64 = 2;

/// Where bytes lie on a tape.
pub type Lying = (u64, u32);

/// Who looks on.
#[derive(Clone, Debug, Default)]
pub enum Witness {
    /// Nobody.
    #[default]
    Nobody,
    /// Who notes all of it; large things lie on the tape.
    Notes(Tape, Arc<Mutex<Circumstances<Lying>>>),
    /// Who saw it happen, and tells it again.
    Again(Arc<Circumstances<Vec<u8>>>),
}

/// All that a round depends on beside its config and the network. `B` are bytes, or where they lie.
#[derive(Clone, Debug, Default)]
pub struct Circumstances<B> {
    /// When it began.
    pub moment: Option<Moment>,
    /// How far into its second the calendar was.
    pub fraction: Duration,
    /// What the round's chances were drawn from.
    pub seed: u64,
    /// Who else had the state.
    pub busy: Option<String>,
    /// Why it could not be written.
    pub unwritable: Option<String>,
    /// There was no place for it at all.
    pub homeless: bool,
    /// A part of what was remembered was lost.
    pub damaged: bool,
    /// What was remembered: the records of the journal.
    pub records: Vec<B>,
    /// What was spent.
    pub quotas: Option<B>,
    /// Until when each source is left alone, and when each is due: seconds since 1970.
    pub times: [Vec<Option<i64>>; 2],
    /// What each local source read, or why it could not be read, and when.
    pub reads: BTreeMap<usize, (Duration, Result<B, String>)>,
}

impl Witness {
    /// Who notes, on this tape.
    pub fn notes(tape: Tape) -> Witness {
        Witness::Notes(tape, Arc::default())
    }

    /// All that was noted.
    pub fn noted(&self) -> Circumstances<Lying> {
        self.noting().map(|(_, notes)| notes.clone()).unwrap_or_default()
    }

    /// What happened the first time, if this is the second.
    pub(super) fn again(&self) -> Option<&Circumstances<Vec<u8>>> {
        match self {
            Witness::Again(circumstances) => Some(circumstances),
            _ => None,
        }
    }

    /// The round begins, and times count from here.
    pub(super) fn begins(&self, clock: &Clock, moment: &Moment, known: Known<'_>) {
        if let Some((tape, mut notes)) = self.noting() {
            tape.begin();
            notes.moment = Some(*moment);
            notes.fraction = match clock.wall() == moment.wall {
                true => clock.fraction(),
                // It has just ended.
                false => Duration::from_nanos(999_999_999),
            };
            notes.busy = known.busy.cloned();
            notes.unwritable = known.unwritable.cloned();
            notes.homeless = known.homeless;
        }
    }

    /// A record of the journal.
    pub(super) fn record(&self, record: &[u8]) {
        if let Some((tape, mut notes)) = self.noting() {
            notes.records.extend(tape.put(record));
        }
    }

    /// Some of them are lost.
    pub(super) fn damaged(&self) {
        if let Some((_, mut notes)) = self.noting() {
            notes.damaged = true;
        }
    }

    /// The ledger.
    pub(super) fn quotas(&self, bytes: &[u8]) {
        if let Some((tape, mut notes)) = self.noting() {
            notes.quotas = tape.put(bytes);
        }
    }

    /// What the round's chances are drawn from: `drawn`, unless they were drawn before.
    pub(super) fn seed(&self, drawn: u64) -> u64 {
        if let Some((_, mut notes)) = self.noting() {
            notes.seed = drawn;
        }
        self.again().map_or(drawn, |again| again.seed)
    }

    /// Times that hinge on the millisecond in which something was noticed, when rounded to seconds:
    /// once more, they are what they were. Another program may find quite other ones.
    pub(super) fn steady<'a>(
        &self,
        which: usize,
        times: impl Iterator<Item = &'a mut Option<Timestamp>>,
    ) {
        if let Some((_, mut notes)) = self.noting() {
            notes.times[which] = times.map(|time| time.map(|time| time.unix())).collect();
        } else if let Some(again) = self.again() {
            for (time, then) in times.zip(&again.times[which]) {
                let (Some(now), Some(then)) = (&time, then) else { continue };
                if now.unix().abs_diff(*then) <= ROUNDED {
                    *time = Timestamp::from_unix(*then);
                }
            }
        }
    }

    /// What the source with this index reads: what `look` finds, unless it is known.
    pub(super) fn read(
        &self,
        index: usize,
        look: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Result<Vec<u8>, String> {
        if let Some(again) = self.again() {
            let untold = || Err("it is not in the recording".into());
            return again.reads.get(&index).map_or_else(untold, |(_, said)| said.clone());
        }
        let found = look();
        if let Some((tape, mut notes)) = self.noting() {
            let said = match &found {
                Ok(bytes) => tape.put(bytes).ok_or_else(|| "too large to be kept".into()),
                Err(why) => Err(why.clone()),
            };
            notes.reads.insert(index, (tape.now(), said));
        }
        found
    }

    fn noting(&self) -> Option<(&Tape, Notes<'_>)> {
        match self {
            Witness::Notes(tape, notes) => {
                Some((tape, notes.lock().unwrap_or_else(PoisonError::into_inner)))
            }
            _ => None,
        }
    }
}

/// What is noted so far.
type Notes<'a> = MutexGuard<'a, Circumstances<Lying>>;

/// How the state was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub busy: Option<&'a String>,
    pub unwritable: Option<&'a String>,
    pub homeless: bool,
}
