//! What happened to a source, as runs of bytes that are only ever added to a journal.
//!
//! A record is one byte that says its kind, then the fields of [`Event`] in their order: numbers as
//! LEB128, texts behind their length. A kind that is not known is left alone: a later program wrote it.

use super::stand::Stand;
use super::times::{self, Times};
use crate::format::{Pace, State};
use crate::http::Validators;
use crate::pack::{Reader, number, string, unzigzag, zigzag};

/// Before its packed bytes, the record of an item holds so many of its own.
pub const ITEM_HEAD: usize = 26;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// A source has this number from now on.
    Source { source: u32, name: &'a str },
    /// An item is new, or not what it was. What follows the head is the packed item.
    Item { source: u32, item: ItemHead, packed: &'a [u8] },
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
    /// How long those polls took.
    Times { source: u32, times: Times },
    /// A round that asked somebody, in place of the one before: what [`super::Past`] is read from.
    Past(&'a [u8]),
    /// What follows is by a calendar that stood so. If it was set since the one before, all that was
    /// noted by that is put right.
    Stand(Stand),
}

/// What is remembered of an item beside its packed bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemHead {
    /// Fingerprint of its id.
    pub id: u64,
    /// Start of the key of the document it stands in.
    pub root: u32,
    /// Seconds since 1970.
    pub first_seen: i64,
    /// Whether it was printed.
    pub printed: bool,
}

/// One document of a source: an answer to one request of its plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Fingerprint of the request and of what the config makes of its answer.
    pub key: u64,
    /// Fingerprint of the URL that was asked: the plan's or a fallback.
    pub asked: u64,
    /// Where the answer came from, after redirects ([`crate::http::place`]).
    pub from: u64,
    /// As they came.
    pub validators: Validators,
    /// Of its body; `None` when it must be read again whatever it is.
    pub digest: Option<u64>,
}

/// How it went to ask a source once.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
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
#[derive(Clone, Debug, Default, PartialEq)]
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

const SOURCE: u8 = 1;
const ITEM: u8 = 2;
const GONE: u8 = 3;
const BACK: u8 = 4;
const DOCUMENT: u8 = 5;
const POLLS: u8 = 6;
const ILL: u8 = 7;
const PACE: u8 = 8;
const PRINTED: u8 = 9;
const MOVED: u8 = 10;
const TOTALS: u8 = 11;
const SEEN: u8 = 12;
const STAND: u8 = 13;
const TIMES: u8 = 14;
const PAST: u8 = 15;

/// The states in the order of their numbers, which never changes.
const STATES: [State; 5] = [State::Ok, State::Stale, State::Failed, State::Limited, State::Off];
const OUTCOMES: [Outcome; 4] =
    [Outcome::Fresh, Outcome::Unchanged, Outcome::Failed, Outcome::Refused];

/// Writes the record of an event.
pub fn write(event: &Event<'_>, out: &mut Vec<u8>) {
    match event {
        Event::Source { source, name } => {
            head(SOURCE, *source, out);
            string(name, out);
        }
        Event::Item { source, item, packed } => {
            out.push(ITEM);
            out.extend_from_slice(&source.to_le_bytes());
            out.extend_from_slice(&item.id.to_le_bytes());
            out.extend_from_slice(&item.root.to_le_bytes());
            out.extend_from_slice(&item.first_seen.to_le_bytes());
            out.push(u8::from(item.printed));
            out.extend_from_slice(packed);
        }
        Event::Gone { source, at, ids } => {
            head(GONE, *source, out);
            number(zigzag(*at), out);
            write_ids(ids, out);
        }
        Event::Seen { source, at, ids } => {
            head(SEEN, *source, out);
            number(zigzag(*at), out);
            write_ids(ids, out);
        }
        Event::Back { source, ids } => {
            head(BACK, *source, out);
            write_ids(ids, out);
        }
        Event::Document { source, document } => {
            head(DOCUMENT, *source, out);
            write_document(document, out);
        }
        Event::Polls { at, polls } => {
            out.push(POLLS);
            number(zigzag(*at), out);
            write_polls(polls, out);
        }
        Event::Ill { source, illness } => {
            head(ILL, *source, out);
            write_illness(illness.as_ref(), out);
        }
        Event::Pace { source, pace } => {
            head(PACE, *source, out);
            option(pace.every.map(|every| every.as_secs()), out);
            number(pace.skip_hours.into(), out);
            number(pace.skip_days.into(), out);
        }
        Event::Printed { source, ids } => {
            head(PRINTED, *source, out);
            write_ids(ids, out);
        }
        Event::Moved { source, moved } => {
            head(MOVED, *source, out);
            let none = Moved::default();
            let moved = moved.as_ref().unwrap_or(&none);
            string(&moved.to, out);
            number(zigzag(moved.first), out);
            number(moved.days.into(), out);
            number(zigzag(moved.last_day), out);
        }
        Event::Totals { source, totals } => {
            head(TOTALS, *source, out);
            write_totals(totals, out);
        }
        Event::Times { source, times } => {
            head(TIMES, *source, out);
            times::write(times, out);
        }
        Event::Past(past) => {
            out.push(PAST);
            out.extend_from_slice(past);
        }
        Event::Stand(Stand { at, boot, up }) => {
            out.push(STAND);
            out.extend_from_slice(&boot.to_le_bytes());
            number(*up, out);
            number(zigzag(*at), out);
        }
    }
}

/// Reads a record; `None` if it is none, or of a kind that is not known.
pub fn read(record: &[u8]) -> Option<Event<'_>> {
    let (kind, rest) = record.split_first()?;
    if *kind == ITEM {
        return read_item(record);
    }
    if *kind == PAST {
        return Some(Event::Past(rest));
    }
    let mut reader = Reader(rest);
    if *kind == POLLS {
        return Some(Event::Polls { at: time(&mut reader)?, polls: read_polls(&mut reader)? });
    }
    if *kind == STAND {
        let (boot, up) = (long(&mut reader)?, reader.number()?);
        return Some(Event::Stand(Stand { at: time(&mut reader)?, boot, up }));
    }
    let source = small(&mut reader)?;
    Some(match *kind {
        SOURCE => Event::Source { source, name: reader.text()? },
        GONE => Event::Gone { source, at: time(&mut reader)?, ids: read_ids(&mut reader)? },
        SEEN => Event::Seen { source, at: time(&mut reader)?, ids: read_ids(&mut reader)? },
        BACK => Event::Back { source, ids: read_ids(&mut reader)? },
        DOCUMENT => Event::Document { source, document: read_document(&mut reader)? },
        ILL => Event::Ill { source, illness: read_illness(&mut reader)? },
        PACE => {
            let every = maybe(&mut reader)?.map(std::time::Duration::from_secs);
            let (skip_hours, days) = (small(&mut reader)?, reader.number()?);
            let skip_days = u8::try_from(days).ok()?;
            Event::Pace { source, pace: Pace { every, skip_hours, skip_days } }
        }
        PRINTED => Event::Printed { source, ids: read_ids(&mut reader)? },
        MOVED => {
            let to = reader.text()?.to_owned();
            let first = time(&mut reader)?;
            let (days, last_day) = (small(&mut reader)?, time(&mut reader)?);
            let moved = (!to.is_empty()).then_some(Moved { to, first, days, last_day });
            Event::Moved { source, moved }
        }
        TOTALS => Event::Totals { source, totals: read_totals(&mut reader)? },
        TIMES => Event::Times { source, times: times::read(&mut reader)? },
        _ => return None,
    })
}

fn head(kind: u8, source: u32, out: &mut Vec<u8>) {
    out.push(kind);
    number(source.into(), out);
}

fn read_item(record: &[u8]) -> Option<Event<'_>> {
    let (head, packed) = record.split_at_checked(ITEM_HEAD)?;
    let word = |at: usize| head.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let long = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let item = ItemHead {
        id: long(5)?,
        root: word(13)?,
        first_seen: long(17)? as i64,
        printed: *head.get(25)? != 0,
    };
    Some(Event::Item { source: word(1)?, item, packed })
}

fn small(reader: &mut Reader<'_>) -> Option<u32> {
    u32::try_from(reader.number()?).ok()
}

pub(super) fn time(reader: &mut Reader<'_>) -> Option<i64> {
    reader.number().map(unzigzag)
}

/// A number that may be missing: 0 is missing, all others one more.
fn option(n: Option<u64>, out: &mut Vec<u8>) {
    number(n.map_or(0, |n| n.saturating_add(1)), out);
}

fn maybe(reader: &mut Reader<'_>) -> Option<Option<u64>> {
    reader.number().map(|n| n.checked_sub(1))
}

fn maybe_small(reader: &mut Reader<'_>) -> Option<Option<u32>> {
    Some(maybe(reader)?.and_then(|n| u32::try_from(n).ok()))
}

/// A text that may be missing: an empty one is.
fn maybe_text(reader: &mut Reader<'_>) -> Option<Option<String>> {
    let text = reader.text()?;
    Some((!text.is_empty()).then(|| text.to_owned()))
}

fn write_ids(ids: &[u64], out: &mut Vec<u8>) {
    ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
}

fn read_ids(reader: &mut Reader<'_>) -> Option<Vec<u64>> {
    let ids = reader.0.chunks(8).map(|id| id.try_into().ok().map(u64::from_le_bytes));
    ids.collect()
}

fn write_document(document: &Document, out: &mut Vec<u8>) {
    out.extend_from_slice(&document.key.to_le_bytes());
    out.extend_from_slice(&document.asked.to_le_bytes());
    out.extend_from_slice(&document.from.to_le_bytes());
    out.push(u8::from(document.digest.is_some()));
    out.extend_from_slice(&document.digest.unwrap_or(0).to_le_bytes());
    let Validators { etag, last_modified } = &document.validators;
    for text in [etag, last_modified] {
        string(text.as_deref().unwrap_or_default(), out);
    }
}

fn read_document(reader: &mut Reader<'_>) -> Option<Document> {
    let (key, asked, from) = (long(reader)?, long(reader)?, long(reader)?);
    let (held, rest) = reader.0.split_first()?;
    reader.0 = rest;
    let digest = Some(long(reader)?).filter(|_| *held != 0);
    let validators = Validators { etag: maybe_text(reader)?, last_modified: maybe_text(reader)? };
    Some(Document { key, asked, from, validators, digest })
}

fn long(reader: &mut Reader<'_>) -> Option<u64> {
    let (long, rest) = reader.0.split_first_chunk()?;
    reader.0 = rest;
    Some(u64::from_le_bytes(*long))
}

/// Sources ascend, so that their numbers are small steps.
fn write_polls(polls: &[Poll], out: &mut Vec<u8>) {
    let mut before = 0;
    for poll in polls {
        number(poll.source.saturating_sub(before).into(), out);
        before = poll.source;
        let outcome = OUTCOMES.iter().position(|outcome| *outcome == poll.outcome).unwrap_or(0);
        let flags = outcome as u8
            | u8::from(poll.held) << 2
            | u8::from(poll.conditional) << 3
            | u8::from(poll.fresh_for.is_some()) << 4
            | u8::from(poll.early) << 5
            | u8::from(poll.pressed) << 6;
        out.push(flags);
        number(poll.ms.into(), out);
        if let Some(fresh_for) = poll.fresh_for {
            number(fresh_for.into(), out);
        }
        number(poll.requests.into(), out);
        option(poll.wait.map(u64::from), out);
    }
}

fn read_polls(reader: &mut Reader<'_>) -> Option<Vec<Poll>> {
    let (mut polls, mut source) = (Vec::new(), 0_u32);
    while !reader.0.is_empty() {
        source = source.checked_add(small(reader)?)?;
        let flags = reader.number()?;
        let outcome = OUTCOMES[(flags & 3) as usize];
        let (held, conditional) = (flags & 4 != 0, flags & 8 != 0);
        let ms = small(reader)?;
        let fresh_for = if flags & 16 != 0 { Some(small(reader)?) } else { None };
        let (early, pressed) = (flags & 32 != 0, flags & 64 != 0);
        let (requests, wait) = (small(reader)?, maybe_small(reader)?);
        polls.push(Poll {
            source,
            outcome,
            held,
            conditional,
            ms,
            fresh_for,
            requests,
            early,
            pressed,
            wait,
        });
    }
    Some(polls)
}

fn write_illness(illness: Option<&Illness>, out: &mut Vec<u8>) {
    let Some(illness) = illness else { return out.push(0) };
    out.push(STATES.iter().position(|state| *state == illness.state).unwrap_or(0) as u8);
    number(zigzag(illness.since), out);
    number(illness.status.unwrap_or(0).into(), out);
    string(&illness.error, out);
}

fn read_illness(reader: &mut Reader<'_>) -> Option<Option<Illness>> {
    let state = *STATES.get(usize::try_from(reader.number()?).ok()?)?;
    if state == State::Ok {
        return Some(None);
    }
    let since = time(reader)?;
    let status = u16::try_from(reader.number()?).ok()?;
    let error = reader.text()?.to_owned();
    let status = (status != 0).then_some(status);
    Some(Some(Illness { state, since, status, error }))
}

fn write_totals(totals: &Totals, out: &mut Vec<u8>) {
    number(zigzag(totals.asked), out);
    number(zigzag(totals.answered), out);
    option(totals.fresh_for.map(u64::from), out);
    let Totals { polls, unchanged, failed, refused, held, unconditional, .. } = totals;
    for count in [polls, unchanged, failed, refused, held, unconditional] {
        number(*count, out);
    }
    option(totals.shortest.map(u64::from), out);
    for count in [totals.requests, totals.early, totals.pressed] {
        number(count, out);
    }
    number(zigzag(totals.wait_until), out);
    totals.latencies.iter().for_each(|ms| number((*ms).into(), out));
}

fn read_totals(reader: &mut Reader<'_>) -> Option<Totals> {
    let mut totals = Totals {
        asked: time(reader)?,
        answered: time(reader)?,
        fresh_for: maybe_small(reader)?,
        polls: reader.number()?,
        unchanged: reader.number()?,
        failed: reader.number()?,
        refused: reader.number()?,
        held: reader.number()?,
        unconditional: reader.number()?,
        shortest: maybe_small(reader)?,
        requests: reader.number()?,
        early: reader.number()?,
        pressed: reader.number()?,
        wait_until: time(reader)?,
        latencies: Vec::new(),
        times: Times::default(),
    };
    while !reader.0.is_empty() {
        totals.latencies.push(small(reader)?);
    }
    Some(totals)
}
