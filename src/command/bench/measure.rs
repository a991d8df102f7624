//! How a row is measured: in simulated time, or by a process on a web of its own.

use super::child::Watch;
use super::figures::{self, Figure, Run, Values};
use super::row::Row;
use super::{BenchArgs, Done, Stop, scenario, simulate};
use crate::loopback::{Web, WebOptions};
use crate::store;
use crate::update::Updated;

/// What blocks makes other answers late as well, and is no work of the wire: what one after the
/// other would cost is what the first row says.
pub fn share_sum(done: &mut [Done]) {
    let Some((first, others)) = done.split_first_mut() else { return };
    for other in others.iter_mut().filter(|other| !other.row.blocks.is_zero()) {
        for (values, first) in other.runs.iter_mut().zip(&first.runs) {
            let sum = first[Figure::Sum as usize];
            values[Figure::Sum as usize] = sum;
            values[Figure::Speedup as usize] = sum / values[Figure::Wall as usize];
        }
    }
}

/// In simulated time, where runs do not differ.
pub fn simulated(row: Row) -> Done {
    let run = simulate::run(&row);
    Done { runs: vec![values(&run, &row)], row, spans: run.spans }
}

/// The figures of a run, and how its quota was kept, if it has one.
fn values(run: &Run, row: &Row) -> Values {
    let mut values = run.values();
    if let Some(window) = row.quota {
        values[Figure::InWindow as usize] = figures::most_within(&run.spans, window.per) as f64;
    }
    values
}

/// A row on a web of its own for each run, so that all of them see the same.
pub fn observed(row: Row, runs: usize, told: &str, watch: &mut Watch<'_>) -> Result<Done, Stop> {
    let mut done = Done { row, runs: Vec::new(), spans: Vec::new() };
    for _ in 0..runs {
        let prepare = done.row.sources as u64;
        let options = WebOptions { prepare, ..done.row.web.clone() };
        let web = Web::start(options).map_err(|error| {
            Stop::Failed(format!("starting the embedded web: {}", store::plainly(&error)))
        })?;
        let run = watch.run(&format!("{told}/{}", web.port()))?;
        let mut values = values(&run, &done.row);
        values[Figure::Connections as usize] = web.connections() as f64;
        if let Some(window) = done.row.quota {
            values[Figure::ArrivedInWindow as usize] = web.most_within(window.per) as f64;
        }
        done.runs.push(values);
        if done.spans.is_empty() {
            done.spans = run.spans;
        }
    }
    Ok(done)
}

/// What a parent wants of its child.
pub fn measured_by(options: &BenchArgs, told: &str) -> Option<(Row, u16)> {
    let mut parts = told.split('/');
    let scenario = scenario(parts.next()?).ok()?;
    let index: usize = parts.next()?.parse().ok()?;
    let row = (scenario.rows)(options).into_iter().nth(index)?;
    Some((row, parts.next()?.parse().ok()?))
}

/// What a round tells of itself.
pub fn run_of(updated: Updated) -> Run {
    let report = &updated.report;
    let well = report.sources.iter().filter(|source| source.is_well()).count();
    Run {
        bytes_in: report.bytes_in,
        sources_ok: well as u64,
        spans: updated.spans,
        ..Run::default()
    }
}
