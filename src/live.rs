//! Streams: sources that say by themselves when there is news.
//!
//! Each takes a worker of a pool of their own: no round waits for one, and none takes a worker of a
//! round. Where a quota counts, each opening takes a permit. What comes is held in a bounded buffer until a round takes it; [`Streams::news`] says when
//! one is worth while. Without news nobody wakes up.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};
use futures_lite::FutureExt;
use smol::Executor;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::http::{Header, Url};
use crate::item::Item;
use crate::pool::Pool;
use crate::schedule::SHORTEST_EVERY;
use crate::source::Source;
use crate::time::Timestamp;
use crate::transport::{Options, Transport};

mod buffer;
mod pause;
mod permits;
mod reading;

pub use buffer::{MAX_BYTES, MAX_WAITING};
pub use pause::{LONGEST_PAUSE, LONGEST_RETRY, SHORTEST_RETRY, USUAL_RETRY};
pub use permits::Claims;
pub use reading::{MAX_PER_MINUTE, WELL_AFTER};

use buffer::Buffer;
use permits::Permits;

/// No more streams are open at once: each holds a connection and up to some 400 kB.
pub const MAX_STREAMS: usize = 16;

/// What comes within so long after the first news is shown together with it.
pub const SETTLE: Duration = Duration::from_millis(500);

/// News of streams is shown no more often than this, however much comes and however many there are:
/// each time all outputs are written.
pub const SHOWN_EVERY: Duration = Duration::from_secs(10);

/// After so many times without a rest …
pub const SHOWN_SOON: u32 = 30;

/// … no more often than this: a memory card wears out by writing.
pub const SHOWN_SELDOM: Duration = Duration::from_secs(60);

/// Everything in the config that decides how a stream is opened and read. A stream whose terms
/// change is closed and opened anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Fingerprints of its requests, with their header fields, and of how the answers are read.
    pub documents: Vec<u64>,
    /// After so long without a byte it is taken for dead.
    pub idle: Duration,
    /// So long `once` listens at least, within the timeout.
    pub listen: Duration,
    /// From the request to the head of the answer.
    pub timeout: Duration,
    /// How the request is made.
    pub options: Options,
    /// Whether a quota counts its requests: then each opening waits for a permit.
    pub counted: bool,
}

/// One stream, and how it is to be read.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Of its source; unique.
    pub name: String,
    /// Everything in the config that decides how it is opened and read.
    pub terms: Terms,
    /// Where it is, and what its events say.
    pub source: Arc<dyn Source>,
    /// Header fields that it carries beyond the source's own.
    pub headers: Vec<Header>,
    /// Where the stream stood when it was last read; may be empty.
    pub last_id: String,
}

/// How a stream stands. What is counted is counted since it was first opened.
#[derive(Clone, Debug, Default)]
pub struct Stand {
    /// Since when it is open, by the calendar; `None` while it is not.
    pub open: Option<Timestamp>,
    /// Why it is not, unless that is usual.
    pub failure: Option<Failure>,
    /// It ended for good: nobody asks again.
    pub over: bool,
    /// Events that came, whatever they said.
    pub events: u64,
    /// Of these, those that could not be read.
    pub unreadable: u64,
    /// Items that were dropped because nobody took them in time.
    pub dropped: u64,
    /// How often it was opened again.
    pub reconnects: u64,
}

/// What a stream brought since that was last asked.
#[derive(Debug, Default)]
pub struct Taken {
    /// In the order in which they came.
    pub items: Vec<Item>,
    /// Whether any of them was never taken before.
    pub news: bool,
    /// Where it stands.
    pub last_id: String,
    /// It was asked and answered: it is open, or was in the meantime.
    pub answered: bool,
    /// A failure that was not told before, and whose it is.
    pub failed: Option<(Failure, Url)>,
    /// Requests sent.
    pub requests: u32,
    /// Bytes of events, decoded.
    pub bytes_in: u64,
    /// How it stands now.
    pub stand: Stand,
}

/// All streams that are read.
#[derive(Debug)]
pub struct Streams {
    all: Vec<Open>,
    /// Made with the first stream.
    pool: Option<Pool>,
    /// Whether they stay open after a round, and are opened again when they break off.
    pub lasting: bool,
    /// When their news was last shown, or could have been; and how often without a rest.
    shown: Option<Duration>,
    restless: u32,
    stir: Sender<()>,
    stirred: Receiver<()>,
}

#[derive(Debug)]
struct Open {
    name: String,
    terms: Terms,
    shared: Shared,
    permits: Sender<()>,
    /// Closed with this, the stream is no longer read.
    _cancel: Sender<Infallible>,
}

/// Between the task that reads and whoever takes what it read.
type Shared = Arc<Mutex<Inbox>>;

#[derive(Debug, Default)]
struct Inbox {
    buffer: Buffer,
    last_id: String,
    /// There is news where the source's plan asks.
    due: bool,
    /// Since when there is something to show, as the clock counts.
    pending: Option<Duration>,
    /// When its news was last shown, or could have been.
    shown: Option<Duration>,
    /// It is not opened again before, for others of its server or key.
    spared: Option<Duration>,
    /// When it was first opened, as the clock counts.
    opened: Option<Duration>,
    /// Nobody reads any more.
    ended: bool,
    answered: bool,
    failed: Option<(Failure, Url)>,
    /// It is open again after a failure.
    recovered: bool,
    requests: u32,
    permits: Permits,
    bytes_in: u64,
    stand: Stand,
}

impl Default for Streams {
    fn default() -> Streams {
        let (stir, stirred) = bounded(1);
        Streams {
            all: Vec::new(),
            pool: None,
            lasting: false,
            shown: None,
            restless: 0,
            stir,
            stirred,
        }
    }
}

impl Streams {
    /// Begins to read a stream, unless it is read already or there are [`MAX_STREAMS`].
    pub fn open(&mut self, channel: Channel, transport: &Arc<Transport>, on: &Executor<'static>) {
        if self.runs(&channel.name) || self.all.len() >= MAX_STREAMS {
            return;
        }
        let mut inbox = Inbox { last_id: channel.last_id.clone(), ..Inbox::default() };
        if channel.terms.counted {
            inbox.permits.want(transport.clock().now());
        }
        let shared = Arc::new(Mutex::new(inbox));
        let (name, terms) = (channel.name.clone(), channel.terms.clone());
        let (permits, permitted) = bounded(1);
        let (cancel, cancelled) = bounded::<Infallible>(1);
        let reading = reading::Reading {
            channel,
            transport: transport.clone(),
            shared: shared.clone(),
            stir: self.stir.clone(),
            permits: permitted,
            lasting: self.lasting,
        };
        let cancelled = async move {
            cancelled.recv().await.ok();
        };
        let workers = NonZeroUsize::new(MAX_STREAMS).unwrap_or(NonZeroUsize::MIN);
        let pool = self.pool.get_or_insert_with(|| Pool::new(on, workers));
        pool.submit(cancelled.or(reading.run()));
        self.all.push(Open { name, terms, shared, permits, _cancel: cancel });
    }

    /// Closes all but those that `wanted` wants, by name and terms.
    pub fn retain(&mut self, wanted: impl Fn(&str, &Terms) -> bool) {
        self.all.retain(|open| wanted(&open.name, &open.terms));
    }

    /// Whether the stream of this source is read, or was to its end.
    pub fn runs(&self, name: &str) -> bool {
        self.of(name).is_some()
    }

    /// How it stands.
    pub fn stand(&self, name: &str) -> Option<Stand> {
        self.of(name).map(|open| open.inbox().stand.clone())
    }

    /// How many are open just now, and since when all of them are.
    pub fn open_since(&self) -> (usize, Option<Timestamp>) {
        let open: Vec<Timestamp> =
            self.all.iter().filter_map(|open| open.inbox().stand.open).collect();
        (open.len(), open.iter().max().copied())
    }

    /// Whether it said that there is news where its source's plan asks.
    pub fn is_due(&self, name: &str) -> bool {
        self.of(name).is_some_and(|open| open.inbox().due)
    }

    /// What it brought, for a round at `now`.
    pub fn take(&mut self, name: &str, now: Duration) -> Option<Taken> {
        let open = self.all.iter().find(|open| open.name == name)?;
        let mut inbox = open.inbox();
        if inbox.pass(now) {
            self.shown = Some(now);
        }
        inbox.pending = None;
        (inbox.due, inbox.recovered) = (false, false);
        let open = inbox.stand.open.is_some();
        Some(Taken {
            news: inbox.buffer.has_news(),
            items: inbox.buffer.take(),
            last_id: inbox.last_id.clone(),
            answered: std::mem::take(&mut inbox.answered) || open,
            failed: inbox.failed.take(),
            requests: std::mem::take(&mut inbox.requests),
            bytes_in: std::mem::take(&mut inbox.bytes_in),
            stand: inbox.stand.clone(),
        })
    }

    /// A round is over, and what it took is saved, or is to be taken again.
    pub fn settle(&self, saved: bool) {
        self.all.iter().for_each(|open| open.inbox().buffer.settle(saved));
    }

    /// There was a round at `now`, whether or not it could take anything: the next one is not at once.
    pub fn pass(&mut self, now: Duration) {
        let passed = self.all.iter().filter(|open| open.inbox().pass(now)).count();
        if passed > 0 {
            let rest = self.pace().saturating_mul(2);
            let rested = self.shown.is_none_or(|shown| shown.saturating_add(rest) <= now);
            self.restless = if rested { 0 } else { self.restless.saturating_add(1) };
            self.shown = Some(now);
        }
    }

    /// A stream that breaks off is not opened again before `until`.
    pub fn spare(&self, name: &str, until: Option<Duration>) {
        if let Some(open) = self.of(name) {
            open.inbox().spared = until;
        }
    }

    /// How often news is shown just now.
    fn pace(&self) -> Duration {
        if self.restless < SHOWN_SOON { SHOWN_EVERY } else { SHOWN_SELDOM }
    }

    /// Waits until there is news that is worth a round.
    pub async fn news(&self, clock: &Clock) {
        loop {
            let next = self.shown.map(|shown| shown.saturating_add(self.pace()));
            let due = |open: &Open| {
                let inbox = open.inbox();
                inbox.worth_while(next).into_iter().chain(inbox.permits.due()).min()
            };
            let soonest = self.all.iter().filter_map(due).min();
            match soonest {
                Some(at) if at <= clock.now() => return,
                Some(at) => clock.sleep_until(at).or(self.stirred()).await,
                None => self.stirred().await,
            }
        }
    }

    /// Waits until every stream was listened to for a while, or ended.
    pub async fn heard_out(&self, clock: &Clock) {
        loop {
            let now = clock.now();
            let left = self.all.iter().filter_map(|open| open.heard_out_at());
            match left.filter(|at| *at > now).min() {
                None => return,
                Some(Duration::MAX) => self.stirred().await,
                Some(at) => clock.sleep_until(at).or(self.stirred()).await,
            }
        }
    }

    async fn stirred(&self) {
        // The sender is ours: the channel is never closed.
        let _ = self.stirred.recv().await;
    }

    fn of(&self, name: &str) -> Option<&Open> {
        self.all.iter().find(|open| open.name == name)
    }
}

impl Open {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.shared)
    }

    /// Until when it is to be listened to; `MAX` before it is open, `None` after its end.
    fn heard_out_at(&self) -> Option<Duration> {
        let inbox = self.inbox();
        let opened = || inbox.opened.map(|opened| opened.saturating_add(self.terms.listen));
        let listens = !inbox.ended && !inbox.permits.is_waiting();
        listens.then(|| opened().unwrap_or(Duration::MAX))
    }
}

impl Inbox {
    /// Whether there was anything to show.
    fn pass(&mut self, now: Duration) -> bool {
        if self.pending.is_some() {
            self.shown = Some(now);
        }
        self.pending.is_some()
    }

    /// When there is to be a round for what is pending, if anything is; `next` is when one may be for
    /// any of the streams.
    fn worth_while(&self, next: Option<Duration>) -> Option<Duration> {
        let settled = self.pending?.saturating_add(SETTLE).max(next.unwrap_or_default());
        // What is asked for because of it costs its server more than what is here already.
        let own = self.shown.filter(|_| self.due);
        Some(own.map_or(settled, |shown| settled.max(shown.saturating_add(SHORTEST_EVERY))))
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Inbox> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
