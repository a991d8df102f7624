//! The same for programs: one object, whose keys stay.

use serde::Serialize;

use super::details::{last_ok, moved_to};
use super::{View, percentile, state_name};
use crate::report::{self, QuotaReport, date};
use crate::update::Standing;

/// The version of the format.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Status<'a> {
    version: u32,
    now: String,
    state_dir: &'a str,
    state_bytes: Option<u64>,
    last_round: Option<String>,
    overdue: Option<bool>,
    service: Option<Service>,
    unnamed: usize,
    sources: Vec<Source<'a>>,
}

#[derive(Serialize)]
struct Service {
    pid: Option<u32>,
}

#[derive(Serialize)]
struct Source<'a> {
    name: &'a str,
    kind: &'a str,
    state: &'a str,
    since: Option<String>,
    error: Option<&'a str>,
    status: Option<u16>,
    last_asked: Option<String>,
    last_ok: Option<String>,
    next_due: Option<String>,
    held_until: Option<String>,
    held_because: Option<&'a str>,
    failures: u32,
    p50_ms: Option<u32>,
    p95_ms: Option<u32>,
    polls: u64,
    requests: u64,
    unchanged: u64,
    failed: u64,
    refused: u64,
    items: usize,
    quota: Vec<QuotaReport>,
    moved_to: Option<String>,
    moved_days: Option<u32>,
}

pub(super) fn text(view: &View<'_>) -> String {
    let status = Status {
        version: VERSION,
        now: view.now.to_string(),
        state_dir: &view.dir,
        state_bytes: view.size,
        last_round: date(view.last_round),
        overdue: view.max_age.map(|_| view.overdue().is_some()),
        service: view.service.as_ref().map(|holder| Service { pid: holder.process }),
        unnamed: view.unnamed,
        sources: view.sources.iter().map(source).collect(),
    };
    // Plain values: nothing in it can fail.
    String::from_utf8(serde_json::to_vec_pretty(&status).unwrap_or_default()).unwrap_or_default()
        + "\n"
}

fn source<'a>(standing: &'a Standing<'_>) -> Source<'a> {
    let known = standing.known;
    let totals = known.map(|known| known.totals.clone()).unwrap_or_default();
    let (pause, latencies) = (standing.pause.as_ref(), super::latencies(standing));
    let (moved_to, moved) = moved_to(standing).unzip();
    let quota = standing.quota.iter();
    Source {
        name: &standing.source.name,
        kind: standing.source.kind,
        state: state_name(standing),
        since: date(standing.since),
        error: standing.error.as_deref(),
        status: known.and_then(|known| known.illness.as_ref()).and_then(|illness| illness.status),
        last_asked: date(known.and_then(|known| known.asked())),
        last_ok: date(last_ok(standing)),
        next_due: date(standing.due),
        held_until: date(pause.map(|pause| pause.until)),
        held_because: pause.map(|pause| pause.why),
        failures: standing.failures,
        p50_ms: percentile(latencies, 50),
        p95_ms: percentile(latencies, 95),
        polls: totals.polls,
        requests: totals.requests,
        unchanged: totals.unchanged,
        failed: totals.failed,
        refused: totals.refused,
        items: standing.items,
        quota: quota.map(|(window, left)| report::quota(window.count, window.per, *left)).collect(),
        moved_to,
        moved_days: moved.map(|moved| moved.days),
    }
}
