//! How newsagg fares, written when all else is: it tells of every output, and of what is saved.

use super::gather::Brought;
use super::outputs::{self, Written};
use super::standing::{self, Standing};
use super::{House, account};
use crate::config::{Config, Output, OutputFormat, Place};
use crate::format::SourceHealth;
use crate::format::prometheus::{
    self, Asking, Histogram, Metrics, OutputFigures, QuotaFigures, RoundFigures, SourceFigures,
    StreamFigures,
};
use crate::report::{self, Report};
use crate::round::Round;
use crate::source::Window;
use crate::state::{Memory, SPANS_MS};
use crate::store;
use crate::time::Timestamp;

/// What a round came to.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub config: &'a Config,
    pub memory: &'a Memory,
    /// One for each source.
    pub health: &'a [SourceHealth],
    pub round: &'a Round,
    /// One for each source.
    pub brought: &'a [Brought],
    /// Somebody could have been asked in it.
    pub asks: bool,
    /// Another process has the state, and knows better.
    pub busy: bool,
}

/// Writes the outputs that hold metrics, and enters them into the books.
pub(super) fn write(
    facts: &Facts<'_>,
    house: &House<'_>,
    written: &mut [Written],
    report: &mut Report,
) {
    let all: Vec<&Output> = outputs::all(facts.config).collect();
    let is_metrics = |output: &Output| output.format == OutputFormat::Metrics;
    if !all.iter().any(|output| is_metrics(output)) {
        return;
    }
    let standing = standing::by(facts.config, facts.memory, &house.limiter, &house.clock);
    let mut metrics = facts.metrics(report);
    let others = all.iter().zip(&*written).filter(|(output, _)| !is_metrics(output));
    metrics.outputs = others.map(|(output, written)| figures(output, written)).collect();
    for (index, output) in all.into_iter().enumerate().filter(|(_, output)| is_metrics(output)) {
        let stays = facts.busy && output.path.as_deref().is_some_and(|path| path.is_file());
        if stays || written[index].error.is_some() {
            continue;
        }
        let sources = output.sources.iter();
        metrics.sources =
            sources.map(|index| source(&standing[*index], facts, report, *index)).collect();
        written[index] = outputs::put(output, &|out| prometheus::write(&metrics, out));
        report.outputs[index] = account::output(&written[index]);
        let wear = outputs::wear(&written[index..=index]);
        report.written.files += wear.files;
        report.written.bytes += wear.bytes;
    }
}

impl Facts<'_> {
    /// What holds for all sources together.
    fn metrics(&self, report: &Report) -> Metrics {
        let took = self.round.ended.saturating_sub(self.round.began);
        let dir = self.config.state.dir.as_deref().filter(|dir| dir.is_dir());
        Metrics {
            version: env!("CARGO_PKG_VERSION"),
            last_round: self.memory.last_round(),
            stories: report.items as u64,
            round: self.asks.then(|| RoundFigures {
                duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                requests: report.requests,
                retries: report.retries,
                received_bytes: report.bytes_in,
                new_items: report.new as u64,
                written_files: report.written.files,
                written_bytes: report.written.bytes,
            }),
            state_bytes: dir.map(store::directory_size),
            ..Metrics::default()
        }
    }
}

fn figures(output: &Output, written: &Written) -> OutputFigures {
    OutputFigures {
        path: written.path.clone(),
        ok: written.error.is_none(),
        bytes: output.path.as_deref().and_then(store::file_size),
    }
}

fn source(
    standing: &Standing<'_>,
    facts: &Facts<'_>,
    report: &Report,
    index: usize,
) -> SourceFigures {
    let health = &facts.health[index];
    SourceFigures {
        name: health.name.clone(),
        kind: health.kind,
        state: health.state,
        items: report.sources[index].items as u64,
        stream: facts.brought[index].stand.as_ref().map(|stand| StreamFigures {
            open_since: stand.open,
            events: stand.events,
            unreadable: stand.unreadable,
            dropped: stand.dropped,
            reconnects: stand.reconnects,
        }),
        asking: (standing.source.place == Place::Network).then(|| asking(standing)),
    }
}

fn asking(standing: &Standing<'_>) -> Asking {
    let mut asking = Asking {
        in_a_row: standing.failures.into(),
        held_until: standing.pause.as_ref().map(|pause| pause.until),
        next_due: standing.due,
        quotas: quotas(&standing.quota),
        ..Asking::default()
    };
    asking.durations.ends_ms = &SPANS_MS;
    asking.durations.counts = vec![0; SPANS_MS.len() + 1];
    let Some(known) = standing.known else { return asking };
    let totals = &known.totals;
    let at = |unix: i64| Some(unix).filter(|at| *at > 0).and_then(Timestamp::from_unix);
    Asking {
        polls: totals.polls,
        requests: totals.requests,
        unchanged: totals.unchanged,
        failures: totals.failed,
        refused: totals.refused,
        asked: known.asked(),
        answered: at(totals.answered),
        durations: Histogram {
            ends_ms: &SPANS_MS,
            counts: totals.times.counts.to_vec(),
            sum_ms: totals.times.sum_ms,
        },
        ..asking
    }
}

/// Of windows of the same length only the tightest: it is what counts, and a series must not be
/// there twice.
fn quotas(windows: &[(Window, u32)]) -> Vec<QuotaFigures> {
    let mut quotas: Vec<QuotaFigures> = Vec::with_capacity(windows.len());
    for (window, left) in windows {
        let name = report::span(window.per);
        let (limit, left) = (u64::from(window.count), u64::from(*left));
        match quotas.iter_mut().find(|quota| quota.window == name) {
            Some(quota) if quota.limit <= limit => {}
            Some(quota) => (quota.limit, quota.left) = (limit, left),
            None => quotas.push(QuotaFigures { window: name, limit, left }),
        }
    }
    quotas
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_windows_of_the_same_length_the_tightest_is_told() {
        let window = |count, hours: u64| Window { count, per: Duration::from_secs(hours * 3_600) };
        let windows =
            [(window(9, 24), 5), (window(4, 24), 0), (window(8, 24), 4), (window(2, 1), 2)];
        let told = quotas(&windows);
        let told: Vec<_> = told.iter().map(|q| (&*q.window, q.limit, q.left)).collect();
        assert_eq!(told, [("24h", 4, 0), ("1h", 2, 2)]);
    }
}
