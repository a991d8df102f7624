//! The state directory: locked, read, and written when the round is over.

use std::cmp::Reverse;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_lite::FutureExt;
use futures_lite::future::block_on;
use log::Level;
use smol::Task;

use super::gather::{Gathered, keys, wanted};
use super::witness::{self, Witness};
use super::{House, Wishes, sources};
use crate::backoff::BUILT;
use crate::clock::Clock;
use crate::config::{Config, Place, SourceConfig};
use crate::limit::{Limiter, Unusable};
use crate::merge::{Collection, REMEMBERED, Shelf};
use crate::pack;
use crate::state::{Kept, Known, MAX_TOKENS_FILE, Memory, SHOWN, Tokens};
use crate::store::{self, Journal, Lock, LockFailure, Shelves, Verdict, Wear};
use crate::time::{Moment, Timestamp, format_duration};

/// What is remembered of each source.
const SOURCES: &str = "sources";
/// What was spent of each quota, and who is left alone until when.
const QUOTAS: &str = "quotas";
/// No ledger is larger: it is bounded where it is made.
const MAX_QUOTAS: u64 = 16 << 20;
/// The tokens that services gave, for the owner's eyes alone.
const TOKENS: &str = "tokens";

/// So long somebody else may have the state before we do without.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often we look whether it is free.
const LOOK: Duration = Duration::from_millis(20);

/// Where there is not even a home.
const HOMELESS: &str = "there is no place for the state: set $HOME, or `dir` in [state]";

/// The journal is written anew when it has more than twice what it needs, and this.
const SLACK: u64 = 64 << 10;

/// The state directory for as long as one round.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    dir: Option<PathBuf>,
    lock: Option<Lock>,
    /// Who else has the state.
    busy: Option<String>,
    /// Why nothing can be written.
    unwritable: Option<String>,
    /// Why what is remembered cannot be read: nobody is asked, nothing is written.
    unread: Option<String>,
    /// Over the journal that was read.
    shelves: Shelves,
    /// Where the journal's last record ends.
    end: u64,
    /// It has to be written anew.
    broken: bool,
    /// Nothing is to be written anyway.
    looks: bool,
    /// Nobody is asked anyway.
    offline: bool,
    /// No source has a quota.
    frugal: bool,
    /// Directories that were made and do not last yet.
    made: Vec<PathBuf>,
    /// Where the journal ends that is being made ready.
    laying: Option<Task<io::Result<u64>>>,
    wear: Arc<Mutex<Wear>>,
}

/// What is stored, as it is read without asking anybody: for `status`.
#[derive(Debug)]
pub struct Stored {
    /// What is remembered of each source.
    pub memory: Memory,
    /// What was spent and who is held.
    pub limiter: Limiter,
    /// Why none of it can be believed: it cannot be read, or a newer program wrote it.
    pub unreadable: Option<String>,
}

/// Reads what is stored, without the lock and without changing anything. What is damaged is told on
/// the log.
pub fn stored(config: &Config, clock: &Clock) -> Stored {
    let Some(dir) = &config.state.dir else {
        let (memory, limiter) = (Memory::default(), Limiter::default());
        return Stored { memory, limiter, unreadable: None };
    };
    let mut keeping = Keeping { dir: Some(dir.clone()), looks: true, ..Keeping::default() };
    let nobody = Witness::Nobody;
    let memory = keeping.read_sources(&dir.join(SOURCES), &clock.moment(), &nobody);
    let limiter = keeping.read_quotas(&dir.join(QUOTAS), clock, &nobody);
    Stored { memory, limiter, unreadable: keeping.unread.or(keeping.unwritable) }
}

impl Keeping {
    /// Locks the state directory of the config and reads it. The moment is the one by whose calendar
    /// the memory tells its times.
    pub(super) async fn open(
        config: &Config,
        house: &mut House<'_>,
        wishes: &Wishes,
    ) -> (Keeping, Memory, Moment) {
        let dir = config.state.dir.clone();
        let frugal = |source| sources::quota_of(source).windows.is_empty();
        let frugal = config.sources.iter().all(frugal);
        let offline = wishes.offline;
        let mut keeping = Keeping { dir, offline, frugal, ..Keeping::default() };
        let clock = house.clock.clone();
        let own = clock.clone();
        let saved_at = Box::new(move || own.moment());
        let Some(dir) = config.state.dir.as_deref() else {
            let (mut memory, now) = (Memory::default(), clock.moment());
            if !wishes.forgetful {
                keeping.give_up(HOMELESS.into());
                keeping.tell(house);
                memory.arrive(&now);
                house.limiter = Limiter::default();
                house.asked.remind(&mut memory, &mut house.limiter, &clock, &now);
                house.limiter.set_saver(keeping.saver(Path::new("")), saved_at);
            }
            house.witness.begins(&clock, &now, keeping.known(true));
            return (keeping, memory, now);
        };
        if !wishes.offline || wishes.new {
            keeping.take_lock(dir, house).await;
        }
        let now = clock.moment();
        let mut memory = keeping.read_sources(&dir.join(SOURCES), &now, &house.witness);
        let configured = |name: &str| {
            let mut sources = config.sources.iter();
            sources.any(|source| source.memory == name) || config.others.iter().any(|o| o == name)
        };
        // A clock that stands before this release is wrong itself, and corrects nothing.
        if now.wall.unix() >= BUILT {
            memory.seen_by(now.wall);
            memory.forget(config.state.keep, now.wall, &configured);
        }
        // A source with another name in the config is the one that it was.
        for source in config.sources.iter().filter(|it| it.place == Place::Network) {
            memory.adopt(&source.memory, &keys(source), &configured);
        }
        house.limiter = keeping.read_quotas(&dir.join(QUOTAS), &clock, &house.witness);
        // A recording begins without one: who replays it has none.
        let alone = matches!(house.witness, Witness::Nobody);
        if alone && !wishes.offline && takes_tokens(config) {
            read_tokens(&mut house.tokens, &dir.join(TOKENS));
        }
        if let Some(again) = house.witness.again() {
            again.unwritable.iter().for_each(|why| keeping.give_up(why.clone()));
        }
        house.asked.remind(&mut memory, &mut house.limiter, &clock, &now);
        house.limiter.set_saver(keeping.saver(dir), saved_at);
        keeping.tell(house);
        house.witness.begins(&clock, &now, keeping.known(false));
        if alone {
            keeping.lay(dir);
        }
        (keeping, memory, now)
    }

    /// Makes ready what the first round will save into, while it waits for answers: all that is to
    /// last but the news themselves.
    fn lay(&mut self, dir: &Path) {
        // Else what was made lasts already, and time may stand still as long as anything runs.
        if self.made.is_empty() || !self.is_ours() {
            return;
        }
        let (path, mut made) = (dir.join(SOURCES), self.made.clone());
        made.push(path.clone());
        self.laying = Some(smol::unblock(move || {
            let end = Journal::begin(&path)?;
            store::make_last(&made)?;
            Ok(end)
        }));
    }

    /// Waits until that is done. It blocks: the outputs are written by then, and whoever is told to stop
    /// must not leave before that is remembered.
    pub(super) fn laid(&mut self, house: &mut House<'_>) {
        if let Some(laying) = self.laying.take() {
            match block_on(laying) {
                Ok(end) => {
                    self.end = end;
                    self.made.clear();
                    let wear = Wear { files: 1, bytes: end };
                    *self.wear.lock().unwrap_or_else(PoisonError::into_inner) += wear;
                }
                // It is made in the usual way, or who cannot says why.
                Err(error) => log::debug!("making the state ready: {}", store::plainly(&error)),
            }
        }
        if let Err(error) = store::make_last(&std::mem::take(&mut self.made)) {
            let dir = self.dir.clone().unwrap_or_default();
            self.give_up_at("making", &dir, &error);
            self.tell(house);
        }
    }

    fn known(&self, homeless: bool) -> witness::Known<'_> {
        let (busy, unwritable) = (self.busy.as_ref(), self.unwritable.as_ref());
        witness::Known { busy, unwritable, homeless }
    }

    async fn take_lock(&mut self, dir: &Path, house: &House<'_>) {
        self.busy = house.witness.again().and_then(|again| again.busy.clone());
        if self.busy.is_some() {
            return;
        }
        // A quota is saved before the round, and where must last by then.
        let wait = !self.frugal || house.clock.is_simulated();
        match store::make_directories(dir, 0o700) {
            Ok(made) if wait => {
                if let Err(error) = store::make_last(&made) {
                    return self.give_up_at("making", dir, &error);
                }
            }
            Ok(made) => self.made = made,
            Err(error) => return self.give_up_at("making", dir, &error),
        }
        let patience = house.clock.now().saturating_add(PATIENCE);
        loop {
            match Lock::take(dir, Duration::ZERO) {
                Ok(lock) => {
                    self.lock = Some(lock);
                    return;
                }
                Err(LockFailure::Held { .. })
                    if house.clock.now() < patience && !house.halt.is_pulled() =>
                {
                    let look = house.clock.sleep_until(house.clock.now() + LOOK);
                    look.or(house.halt.pulled()).await;
                }
                Err(LockFailure::Held { by }) => {
                    self.busy = Some(by);
                    return;
                }
                Err(LockFailure::Unwritable(error)) => {
                    return self.give_up_at("locking", dir, &error);
                }
            }
        }
    }

    fn give_up_at(&mut self, doing: &str, dir: &Path, error: &io::Error) {
        let why = told(error, dir);
        let why = format!("{doing} the state directory {}: {why}", dir.display());
        self.give_up(format!("{why} (`dir` in [state] names another place)"));
    }

    /// The first reason says enough.
    fn give_up(&mut self, why: String) {
        if self.unwritable.is_some() {
            return log::debug!("{why}");
        }
        self.unwritable = Some(why);
    }

    /// Says so, unless the round comes to nothing anyway and says why.
    fn tell(&self, house: &mut House<'_>) {
        if let Some(why) = self.unwritable.as_ref().filter(|_| self.unread.is_none()) {
            let spared = if self.frugal || self.offline { "" } else { ", and no quota is spent" };
            let line = format!("{why}; nothing of this round is remembered{spared}");
            house.say(Some((Level::Error, line)));
        }
    }

    /// Whether what is remembered will be saved.
    pub(super) fn is_ours(&self) -> bool {
        self.lock.is_some() && self.unwritable.is_none() && self.unread.is_none()
    }

    /// Whether somebody else is about to write the documents: ours would be older.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Why nothing is printed that counts as printed from then on: nobody could write that down.
    pub(super) fn unmarked(&self, wishes: &Wishes) -> Option<String> {
        let by = self.busy.as_ref().filter(|_| wishes.new)?;
        Some(format!("the state directory is in use by {by}: --new prints nothing"))
    }

    /// Why nothing can be done, if that is so.
    pub(super) fn unread(&self) -> Option<String> {
        self.unread.clone()
    }

    /// Why nobody is asked, if nobody is.
    pub(super) fn closed(
        &self,
        config: &Config,
        memory: &Memory,
        wishes: &Wishes,
        now: Timestamp,
    ) -> Option<String> {
        if self.unread.is_some() {
            return Some("what is remembered cannot be read".into());
        }
        if wishes.offline {
            return Some("--offline asks nobody".into());
        }
        if let Some(age) = wishes.max_age.filter(|age| is_young(config, memory, *age, now)) {
            return Some(format!("asked less than {} ago", format_duration(age)));
        }
        let by = self.busy.as_ref()?;
        Some(format!("the state directory is in use by {by}"))
    }

    fn read_sources(&mut self, path: &Path, now: &Moment, witness: &Witness) -> Memory {
        let mut memory = Memory::default();
        let mut strange = 0;
        let reading = Journal::read_with(path, &mut |place, record| {
            witness.record(record);
            strange += u32::from(!memory.learn((place.offset, place.length), record));
        });
        memory.settle();
        memory.arrive(now);
        let shown = path.display();
        match reading {
            Ok((reading, shelves)) => {
                self.shelves = shelves;
                self.end = reading.end;
                self.broken = reading.older;
                match reading.verdict {
                    Verdict::Absent | Verdict::Whole | Verdict::Torn => {}
                    Verdict::Damaged { bytes } => {
                        log::warn!(
                            "{shown}: {bytes} bytes are damaged{}",
                            self.aside(path, now.wall)
                        );
                        witness.damaged();
                        // What a validator stood for may be among what is lost.
                        memory.distrust();
                        self.broken = true;
                    }
                    Verdict::Newer(version) => {
                        self.give_up(format!("{shown}: of a newer newsagg (format {version})"));
                    }
                }
            }
            Err(error) if is_absent(&error) => {}
            // Documents made without it would lose what it holds.
            Err(error) => self.unread = Some(self.unreadable(&error)),
        }
        if strange > 0 {
            log::debug!("{shown}: {strange} records of no known kind");
        }
        memory
    }

    fn read_quotas(&mut self, path: &Path, clock: &Clock, witness: &Witness) -> Limiter {
        let now = clock.now();
        let shown = path.display();
        let decoded = match store::read_own(path, MAX_QUOTAS) {
            Ok(bytes) => {
                witness.quotas(&bytes);
                Limiter::decode(&bytes, now, clock.moment())
            }
            Err(error) if is_absent(&error) => return Limiter::default(),
            // No ledger of ours: in its place there must be one again. Whoever tells it again need not
            // tell all of it.
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                witness.quotas(b"too large");
                Err(Unusable::Damaged(store::plainly(&error)))
            }
            Err(error) => {
                witness.quotas(b"unreadable");
                self.give_up(format!("reading {shown}: {}", told(&error, path)));
                return Limiter::blind(now);
            }
        };
        decoded.unwrap_or_else(|unusable| {
            match unusable {
                Unusable::Newer(version) => {
                    self.give_up(format!("{shown}: of a newer newsagg (format {version})"));
                }
                Unusable::Damaged(why) => {
                    let aside = self.aside(path, clock.wall());
                    log::warn!("{shown}: damaged ({why}){aside}; quotas count as used up");
                }
            }
            Limiter::blind(now)
        })
    }

    /// Keeps a damaged file for whoever wants to look at it. In words, for the end of a sentence.
    fn aside(&self, path: &Path, now: Timestamp) -> String {
        if !self.is_ours() {
            return String::new();
        }
        match store::keep_aside(path, now) {
            Ok(aside) => format!(", kept as {}", aside.display()),
            Err(error) => format!(", and cannot be kept: {}", store::plainly(&error)),
        }
    }

    /// Writes the ledger, for the limiter to do so before it lets a request out.
    fn saver(&self, dir: &Path) -> crate::limit::Saver {
        let path = dir.join(QUOTAS);
        let wear = self.wear.clone();
        let closed = match (&self.unwritable, &self.lock) {
            (Some(why), _) => Some(why.clone()),
            (None, None) => Some("the state directory is not ours".into()),
            (None, Some(_)) => None,
        };
        Box::new(move |bytes: &[u8]| {
            if let Some(why) = &closed {
                return Err(why.clone());
            }
            let cost =
                store::write_atomic(&path, 0o600, bytes).map_err(|failure| failure.to_string())?;
            *wear.lock().unwrap_or_else(PoisonError::into_inner) += cost;
            Ok(())
        })
    }

    /// Where the items of the round lie: what is new on a spool, what is remembered in the journal.
    pub(super) fn shelf(&mut self) -> Box<dyn Shelf> {
        Box::new(std::mem::take(&mut self.shelves))
    }

    /// Puts what is remembered beside what was read just now. With `all`, also what its source
    /// shows no longer.
    pub(super) fn recall(
        &self,
        config: &Config,
        memory: &Memory,
        gathered: &mut Gathered<'_>,
        all: bool,
    ) -> Result<(), String> {
        let mut wanted_items = Vec::new();
        for (index, source) in config.sources.iter().enumerate() {
            let Some(known) = memory.of(&source.memory) else { continue };
            // Files and stdin are read anew each time.
            let all = all && source.place == Place::Network;
            let brought = &gathered.brought[index];
            let leaves = brought.leaves(known).map(|items| ids(&items));
            for kept in &known.items {
                let shows = kept.gone == SHOWN && !brought.replaces(kept);
                let shows = shows
                    && leaves.as_ref().is_none_or(|ids| ids.binary_search(&kept.head.id).is_ok());
                if shows || all && !brought.holds(kept.head.id) {
                    wanted_items.push((*kept, index));
                }
            }
        }
        // In the order in which they lie there.
        wanted_items.sort_by_key(|(a, _)| a.place);
        let mut packed = Vec::new();
        let mut rationed = Vec::new();
        for (kept, index) in wanted_items {
            self.fetch(&kept, gathered, &mut packed)?;
            let source = &config.sources[index];
            let Some(item) = pack::outline(&packed) else { continue };
            if !wanted(source, item.title) {
                gathered.brought[index].unwanted = true;
                continue;
            }
            match source.limit {
                // What was read just now counts first.
                Some(_) if kept.gone == SHOWN && !gathered.brought[index].holds(kept.head.id) => {
                    let date = item.date().map_or(kept.head.first_seen, |date| date.unix());
                    rationed.push((index, Reverse(date), kept.head.id, kept));
                }
                _ => place(&kept, index, &packed, gathered),
            }
        }
        rationed.sort_by_key(|a| (a.0, a.1, a.2));
        for source in rationed.chunk_by(|a, b| a.0 == b.0) {
            let index = source[0].0;
            let limit = config.sources[index].limit.unwrap_or(usize::MAX);
            let left = limit.saturating_sub(gathered.brought[index].items);
            for (_, _, _, kept) in source.iter().take(left) {
                self.fetch(kept, gathered, &mut packed)?;
                place(kept, index, &packed, gathered);
            }
        }
        Ok(())
    }

    /// The packed bytes of an item of the journal.
    fn fetch(
        &self,
        kept: &Kept,
        gathered: &Gathered<'_>,
        packed: &mut Vec<u8>,
    ) -> Result<(), String> {
        packed.clear();
        let fetched = gathered.collection.bytes(REMEMBERED | kept.place, kept.length, packed);
        fetched.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &io::Error) -> String {
        let path = self.dir.as_deref().unwrap_or(Path::new("")).join(SOURCES);
        let so = if self.looks { "" } else { "; nothing is written" };
        format!("reading {}: {}{so}", path.display(), told(error, &path))
    }

    /// Writes what is new: the quotas as they stand, and what is remembered. Whether each of the two
    /// is on the disk now.
    pub(super) fn save(
        &mut self,
        house: &mut House<'_>,
        memory: &mut Memory,
        collection: &Collection,
    ) -> (bool, bool) {
        let Some(dir) = self.dir.clone().filter(|_| self.is_ours()) else { return (false, false) };
        let held_back = house.limiter.unsaved().map(str::to_owned);
        house.limiter.settle(house.clock.now());
        let quotas = match house.limiter.changed() {
            true => house.limiter.save(house.clock.now()),
            false => Ok(()),
        };
        let sources = self.write(&dir.join(SOURCES), memory, collection);
        let saved = (quotas.is_ok(), sources.is_ok());
        self.save_tokens(&mut house.tokens, &dir.join(TOKENS));
        // What is full is full for both: one sentence is enough.
        house.say(match (sources, quotas, held_back) {
            (Err(failure), _, Some(_)) => {
                let so = "nothing of this round is remembered, and no quota is spent";
                Some((Level::Warn, format!("{failure}; {so}")))
            }
            (Err(failure), _, None) => Some((
                Level::Error,
                format!("{failure}; what this round brought is not remembered"),
            )),
            (Ok(()), _, Some(why)) => Some((Level::Warn, format!("{why}; no quota is spent"))),
            (Ok(()), Err(why), None) => {
                let so = "who asked to be left alone is not remembered";
                Some((Level::Warn, format!("{why}; {so}")))
            }
            (Ok(()), Ok(()), None) => None,
        });
        saved
    }

    /// What could not be saved costs one request.
    fn save_tokens(&self, tokens: &mut Tokens, path: &Path) {
        let Some(bytes) = tokens.unsaved() else { return };
        match store::write_atomic(path, 0o600, &bytes) {
            Ok(cost) => {
                tokens.saved();
                *self.wear.lock().unwrap_or_else(PoisonError::into_inner) += cost;
            }
            Err(failure) => log::debug!("{failure}; the token is asked for again"),
        }
    }

    fn write(
        &mut self,
        path: &Path,
        memory: &mut Memory,
        collection: &Collection,
    ) -> Result<(), store::WriteFailure> {
        if !memory.changed() && !self.broken {
            return Ok(());
        }
        let mut packed = |kept: &Kept, into: &mut Vec<u8>| {
            let place = if kept.unsaved { kept.place } else { REMEMBERED | kept.place };
            collection.bytes(place, kept.length, into)
        };
        let journal = if self.broken || self.end > 2 * memory.size() + SLACK {
            Journal::rewrite(path, &mut |frames| {
                memory.rewrite(&mut packed, &mut |record| frames.add(record).map(drop))
            })?
        } else if self.end == 0 {
            Journal::rewrite(path, &mut |frames| {
                memory.save(&mut packed, &mut |record| frames.add(record).map(drop))
            })?
        } else {
            let mut journal = Journal::open_append(path, self.end)?;
            journal.append(&mut |frames| {
                memory.save(&mut packed, &mut |record| frames.add(record).map(drop))
            })?;
            journal
        };
        *self.wear.lock().unwrap_or_else(PoisonError::into_inner) += journal.wear();
        Ok(())
    }

    /// What the state cost the disk.
    pub(super) fn wear(&self) -> Wear {
        *self.wear.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts an item of the journal beside what was read just now.
fn place(kept: &Kept, index: usize, packed: &[u8], gathered: &mut Gathered<'_>) {
    let place = (REMEMBERED | kept.place, kept.length);
    let first_seen = Timestamp::from_unix(kept.head.first_seen).unwrap_or(gathered.now());
    gathered.collection.place(index, packed, place, first_seen, kept.head.printed);
}

/// What the operating system said, and whose the file is if that may be why.
fn told(error: &io::Error, path: &Path) -> String {
    let cause = store::plainly(error);
    match store::foreign(path).filter(|_| error.kind() == ErrorKind::PermissionDenied) {
        Some((path, owner, user)) => {
            let path = path.display();
            format!("{cause}: {path} belongs to user {owner}, and this is user {user}")
        }
        None => cause,
    }
}

fn takes_tokens(config: &Config) -> bool {
    let grants = |source: &SourceConfig| source.source.as_ref()?.grant();
    config.sources.iter().any(|source| grants(source).is_some())
}

/// Without the file, tokens are asked for.
fn read_tokens(tokens: &mut Tokens, path: &Path) {
    match store::read_own(path, MAX_TOKENS_FILE) {
        Ok(bytes) => tokens.learn(&bytes),
        Err(error) if is_absent(&error) => {}
        Err(error) => log::debug!("reading {}: {}", path.display(), store::plainly(&error)),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether the last round that asked any of the sources is younger than `age`, and none is new.
fn is_young(config: &Config, memory: &Memory, age: Duration, now: Timestamp) -> bool {
    let network = config.sources.iter().filter(|source| source.place == Place::Network);
    let asked = network.map(|source| memory.of(&source.memory).and_then(Known::asked));
    let asked: Option<Vec<Timestamp>> = asked.collect();
    // A time from the future is the mark of a clock that ran ahead.
    let last = asked.and_then(|asked| asked.into_iter().filter(|at| *at <= now).max());
    let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
    last.is_some_and(|last| now.unix().saturating_sub(last.unix()) < age)
}

/// Sorted.
fn ids(items: &[Kept]) -> Vec<u64> {
    let mut ids: Vec<u64> = items.iter().map(|kept| kept.head.id).collect();
    ids.sort();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;

    #[test]
    fn it_is_told_if_what_was_made_cannot_be_made_to_last() {
        let (clock, executor) = (Clock::system(), smol::Executor::new());
        let transport = Arc::new(Transport::direct(clock.clone()));
        let mut house = House::new(clock, transport, &executor);
        let made = vec![PathBuf::from("/no/such/directory")];
        let mut keeping = Keeping { frugal: true, made, ..Keeping::default() };
        keeping.laid(&mut house);
        let said = house.said.unwrap_or_default();
        assert!(said.contains("; nothing of this round is remembered"), "{said}");
    }
}
