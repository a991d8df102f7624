//! What a round came to: how each source stands, and the report.

use std::time::Duration;

use super::outputs::Written;
use super::sources::quota_of;
use crate::config::{Config, Place};
use crate::failure::{Failure, Stage};
use crate::format::{SourceHealth, State};
use crate::limit::Limiter;
use crate::report::{self, OutputReport, Report, SourceReport, date, tenths};
use crate::round::{Round, Tally};
use crate::time::Timestamp;

/// How one source fared in this round.
#[derive(Debug)]
pub(super) struct Verdict {
    pub state: State,
    /// Why, unless it is well.
    pub error: Option<String>,
}

/// One verdict for each source of the config.
pub(super) fn judge(config: &Config, round: &Round) -> Vec<Verdict> {
    let sources = config.sources.iter().zip(&round.tallies);
    sources
        .map(|(source, tally)| match source.place {
            Place::Later => {
                let error = format!("kind \"{}\" is not in this version yet", source.kind);
                Verdict { state: State::Off, error: Some(error) }
            }
            Place::Network if round.cut_short && tally.pages + tally.failures.len() == 0 => {
                let failure = Failure::new(Stage::Cancelled, "another source failed first");
                Verdict { state: State::Failed, error: Some(failure.to_string()) }
            }
            _ => fate(tally),
        })
        .collect()
}

fn fate(tally: &Tally) -> Verdict {
    let Some(failure) = tally.failures.first() else {
        let (stage, why) = match (tally.pages, tally.put_off) {
            (0, Some(Some(_))) => (Stage::Quota, "nothing left in this round"),
            (0, Some(None)) => (Stage::Timeout, "the round's deadline came first"),
            _ => return Verdict { state: State::Ok, error: None },
        };
        let error = Failure::new(stage, format!("{why}, put off to the next")).to_string();
        return Verdict { state: State::Limited, error: Some(error) };
    };
    // One bad answer costs one answer, as long as others brought something.
    if tally.pages > 0 && tally.items > 0 {
        return Verdict { state: State::Ok, error: None };
    }
    let state = match failure.status {
        Some(410) => State::Off,
        Some(429) => State::Limited,
        _ if failure.stage == Stage::Quota => State::Limited,
        _ => State::Failed,
    };
    Verdict { state, error: Some(failure.to_string()) }
}

/// What the report is made from.
pub(super) struct Books<'a> {
    pub config: &'a Config,
    pub round: &'a Round,
    pub limiter: &'a Limiter,
    pub health: &'a [SourceHealth],
    /// For each source, the fingerprints of the ids of its items.
    pub ids: &'a [Vec<u64>],
    /// How many stories they are after merging.
    pub stories: usize,
    /// For each source, how many of its items were never seen before.
    pub new: &'a [usize],
    pub outputs: &'a [Written],
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
        started: books.started.to_string(),
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
        sources: (0..books.health.len()).map(|index| source(&books, index)).collect(),
    }
}

fn output(written: &Written) -> OutputReport {
    OutputReport {
        path: written.path.clone(),
        bytes: written.bytes,
        written: written.written,
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
    let next_due = tally.put_off.flatten().and_then(|at| {
        let ahead = at.saturating_sub(books.round.began).as_secs();
        Timestamp::from_unix(books.started.unix().checked_add(i64::try_from(ahead).ok()?)?)
    });
    SourceReport {
        name: health.name.clone(),
        kind: health.kind,
        state: if health.state == State::Ok { "fresh" } else { health.state.name() },
        requests: tally.requests,
        retries: tally.retries,
        status: tally.status,
        bytes_in: tally.bytes_in,
        items: books.ids[index].len(),
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
        next_due: date(next_due),
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
                Some("quota: nothing left in this round, put off to the next"),
            ),
            (
                put_off(None),
                State::Limited,
                Some("timeout: the round's deadline came first, put off to the next"),
            ),
        ] {
            let verdict = fate(&tally);
            assert_eq!((verdict.state, verdict.error.as_deref()), (state, error), "{tally:?}");
        }
    }
}
