//! What a round came to: how each source stands, and the report.

use std::time::Duration;

use super::agenda::Turn;
use super::gather::Brought;
use super::outputs::Written;
use super::sources::quota_of;
use super::streams;
use crate::config::{Config, Place};
use crate::failure::{Failure, Stage};
use crate::format::{SourceHealth, State};
use crate::limit::Limiter;
use crate::report::{self, OutputReport, Report, SourceReport, WearReport, date, tenths};
use crate::round::{Round, Tally};
use crate::state::{Known, Memory};
use crate::store::Wear;
use crate::time::Timestamp;

/// Why a source was not heard in a round that was halted.
pub(super) const STOPPED: &str = "the round was stopped";

/// How one source stands after this round.
#[derive(Debug)]
pub(super) struct Verdict {
    pub state: State,
    /// Why, unless it is well.
    pub error: Option<String>,
    /// Whether this round asked it.
    pub asked: bool,
}

/// One verdict for each source of the config.
pub(super) fn judge(
    config: &Config,
    memory: &Memory,
    limiter: &Limiter,
    turns: &[Turn],
    round: &Round,
    starts: bool,
) -> Vec<Verdict> {
    let sources = config.sources.iter().zip(turns).zip(&round.tallies);
    sources
        .map(|((source, turn), tally)| match (&source.place, turn) {
            (_, Turn::Held(rest)) => {
                Verdict { state: rest.state, error: Some(rest.why.clone()), asked: false }
            }
            // It stands as it stood. What was under way was asked: the server has had its work, and
            // who starts the service again at once does not make it do that twice.
            (_, Turn::Ask) if is_unheard(round, tally) => {
                let verdict = remembered(memory.of(&source.memory), Some(STOPPED));
                Verdict { asked: tally.span.is_some(), ..verdict }
            }
            (_, Turn::Unusable(failure)) => {
                Verdict { state: State::Failed, error: Some(failure.to_string()), asked: false }
            }
            // A source that is new has not failed before the first round.
            (_, Turn::Nobody(_)) if starts => remembered(memory.of(&source.memory), None),
            (_, Turn::NotDue(_)) => remembered(memory.of(&source.memory), None),
            (_, Turn::Nobody(why)) => remembered(memory.of(&source.memory), Some(why)),
            (Place::Network, Turn::Ask) if round.cut_short && untouched(tally) => {
                let failure = Failure::new(Stage::Cancelled, "another source failed first");
                Verdict { state: State::Failed, error: Some(failure.to_string()), asked: false }
            }
            (_, Turn::Ask) => match (limiter.unsaved(), fate(tally, config.fetch.deadline)) {
                // Nothing is spent that could not be written down first.
                (Some(_), verdict) if untouched(tally) && tally.put_off == Some(None) => {
                    let why = "not asked: what is spent cannot be saved";
                    let error = Failure::new(Stage::Quota, why);
                    Verdict { error: Some(error.to_string()), ..verdict }
                }
                (_, verdict) => verdict,
            },
        })
        .collect()
}

/// Whether the round was halted before a source said anything.
pub(super) fn is_unheard(round: &Round, tally: &Tally) -> bool {
    round.halted && untouched(tally) && tally.put_off == Some(None)
}

fn untouched(tally: &Tally) -> bool {
    tally.pages + tally.unchanged + tally.failures.len() == 0
}

/// How a source stands that was not asked; `why` if nobody was.
fn remembered(known: Option<&Known>, why: Option<&str>) -> Verdict {
    let illness = known.and_then(|known| known.illness.as_ref());
    let empty = known.is_none_or(|known| known.asked().is_none() && known.items.is_empty());
    match (illness, why) {
        (Some(illness), _) => {
            Verdict { state: illness.state, error: Some(illness.error.clone()), asked: false }
        }
        // Who was never asked has nothing to show.
        (None, Some(why)) if empty => {
            let error = format!("never asked yet, and {why}");
            Verdict { state: State::Failed, error: Some(error), asked: false }
        }
        (None, _) => Verdict { state: State::Ok, error: None, asked: false },
    }
}

fn fate(tally: &Tally, deadline: Duration) -> Verdict {
    let Some(failure) = tally.failures.first() else {
        let error = match (tally.pages + tally.unchanged, tally.put_off) {
            (0, Some(Some(_))) => "quota: its limits allow nothing more for now".into(),
            (0, Some(None)) => format!(
                "deferred: the round's deadline of {deadline:?} came first, the next round begins \
                 with it"
            ),
            _ => return Verdict { state: State::Ok, error: None, asked: true },
        };
        return Verdict { state: State::Limited, error: Some(error), asked: true };
    };
    // One bad answer costs one answer, as long as others brought something.
    if tally.unchanged > 0 || tally.pages > 0 && tally.items > 0 {
        return Verdict { state: State::Ok, error: None, asked: true };
    }
    let state = match failure.status {
        // HTML Standard §9.2.2: no more than 410 does 204 want to be asked for again.
        Some(204 | 410) => State::Off,
        Some(429) => State::Limited,
        _ if failure.stage == Stage::Quota => State::Limited,
        _ => State::Failed,
    };
    Verdict { state, error: Some(failure.to_string()), asked: true }
}

/// What the report is made from.
pub(super) struct Books<'a> {
    pub config: &'a Config,
    pub round: &'a Round,
    pub limiter: &'a Limiter,
    pub health: &'a [SourceHealth],
    /// For each source, what it brought.
    pub brought: &'a [Brought],
    /// For each source, how many items it shows.
    pub items: &'a [usize],
    /// For each source, when it is due again, if that is known.
    pub due: &'a [Option<Timestamp>],
    /// How many stories they are after merging.
    pub stories: usize,
    /// For each source, how many of its items were never seen before.
    pub new: &'a [usize],
    pub outputs: &'a [Written],
    /// What the round wrote, outputs and state together.
    pub wear: Wear,
    pub started: Timestamp,
}

pub(super) fn report(books: Books<'_>) -> Report {
    let round = books.round;
    let wall = round.ended.saturating_sub(round.began);
    let sum: Duration = round.spans.iter().map(|span| span.end.saturating_sub(span.start)).sum();
    let per_wall = |n: f64| if wall.is_zero() { 0.0 } else { n / wall.as_secs_f64() };
    let requests: u64 = round.tallies.iter().map(|tally| u64::from(tally.requests)).sum();
    let hundredths = |x: f64| (x * 100.0).round() / 100.0;
    Report {
        version: report::VERSION,
        started: books.started,
        wall_ms: tenths(wall),
        sum_ms: tenths(sum),
        speedup: hundredths(per_wall(sum.as_secs_f64())),
        workers: books.config.fetch.workers,
        max_in_flight: round.max_in_flight,
        requests,
        retries: round.tallies.iter().map(|tally| u64::from(tally.retries)).sum(),
        bytes_in: round.tallies.iter().map(|tally| tally.bytes_in).sum(),
        requests_per_s: hundredths(per_wall(requests as f64)),
        items: books.stories,
        new: books.new.iter().sum(),
        outputs: books.outputs.iter().map(output).collect(),
        written: WearReport { files: books.wear.files, bytes: books.wear.bytes },
        sources: (0..books.health.len()).map(|index| source(&books, index)).collect(),
    }
}

pub(super) fn output(written: &Written) -> OutputReport {
    OutputReport {
        path: written.path.clone(),
        bytes: written.bytes,
        written: written.written,
        stories: written.stories,
        error: written.error.clone(),
    }
}

fn source(books: &Books<'_>, index: usize) -> SourceReport {
    let (health, tally) = (&books.health[index], &books.round.tallies[index]);
    let config = &books.config.sources[index];
    let (wait, timing) = tally.slowest;
    let terms = quota_of(config);
    let now = books.round.ended;
    let quota = |window: &crate::source::Window| {
        let left = books.limiter.left(&terms.account, window, now);
        report::quota(window.count, window.per, left)
    };
    SourceReport {
        name: health.name.clone(),
        kind: health.kind,
        state: match health.state {
            State::Ok if books.brought[index].is_read() => "fresh",
            State::Ok => "unchanged",
            state => state.name(),
        },
        requests: tally.requests,
        retries: tally.retries,
        status: tally.status,
        bytes_in: tally.bytes_in,
        items: books.items[index],
        new: books.new[index],
        ms: tenths(tally.span.map_or(Duration::ZERO, |(from, to)| to.saturating_sub(from))),
        wait_ms: tenths(wait),
        resolve_ms: tenths(timing.resolve),
        connect_ms: tenths(timing.connect),
        tls_ms: tenths(timing.tls),
        first_byte_ms: tenths(timing.first_byte),
        body_ms: tenths(timing.body),
        error: health.error.clone(),
        since: date(health.since),
        quota: terms.windows.iter().map(quota).collect(),
        next_due: books.due[index],
        live: books.brought[index].stand.as_ref().map(streams::told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_stands_as_its_answers_say() {
        let failed = |status| Failure { status, ..Failure::new(Stage::Status, "no") };
        let with = |status| Tally { failures: vec![failed(status)], ..Tally::default() };
        let put_off = |until| Tally { put_off: Some(until), ..Tally::default() };
        let some = Tally { pages: 1, items: 3, ..with(Some(500)) };
        for (tally, state, error) in [
            (Tally::default(), State::Ok, None),
            (some, State::Ok, None),
            (Tally { items: 0, pages: 1, ..with(Some(500)) }, State::Failed, Some("status: no")),
            (with(None), State::Failed, Some("status: no")),
            (with(Some(410)), State::Off, Some("status: no")),
            (with(Some(429)), State::Limited, Some("status: no")),
            (
                put_off(Some(Duration::ZERO)),
                State::Limited,
                Some("quota: its limits allow nothing more for now"),
            ),
            (
                put_off(None),
                State::Limited,
                Some(
                    "deferred: the round's deadline of 60s came first, the next round begins with it",
                ),
            ),
        ] {
            let verdict = fate(&tally, Duration::from_secs(60));
            assert_eq!((verdict.state, verdict.error.as_deref()), (state, error), "{tally:?}");
        }
    }
}
