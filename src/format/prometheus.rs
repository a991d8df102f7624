//! How newsagg fares, for monitors: the text format of Prometheus, version 0.0.4, as the textfile
//! collector of node_exporter reads it.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>
//!
//! It takes plain numbers and knows nothing of where they come from. Names and units are as
//! <https://prometheus.io/docs/practices/naming/> wants them: seconds, bytes, `_total` for what only
//! grows.

use std::io::{self, Write};

use super::State;
use crate::time::Timestamp;

mod families;
mod page;

use families::{GAUGE, OUTPUT, QUOTA, ROUND, SOURCE, Value};
use page::Page;

/// All that is told.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Of this program.
    pub version: &'static str,
    /// When a source was last asked, of all.
    pub last_round: Option<Timestamp>,
    /// After merging.
    pub stories: u64,
    /// The round that writes this; `None` if nobody was to be asked in it.
    pub round: Option<RoundFigures>,
    /// Bytes in the files of the state directory; `None` where there is none.
    pub state_bytes: Option<u64>,
    /// The documents, each path once.
    pub outputs: Vec<OutputFigures>,
    /// Each name once.
    pub sources: Vec<SourceFigures>,
}

/// What one round took.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundFigures {
    /// From its beginning until the last answer was read, milliseconds.
    pub duration_ms: u64,
    /// Sent, redirects and retries included.
    pub requests: u64,
    /// Of these, second and later tries.
    pub retries: u64,
    /// Of bodies as they came over the wire.
    pub received_bytes: u64,
    /// Items never seen before.
    pub new_items: u64,
    /// Files written, this one excepted.
    pub written_files: u64,
    /// Bytes written to them.
    pub written_bytes: u64,
}

/// One document.
#[derive(Clone, Debug)]
pub struct OutputFigures {
    /// Where it is.
    pub path: String,
    /// It is as it should be.
    pub ok: bool,
    /// How long the file is, if it is one.
    pub bytes: Option<u64>,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceFigures {
    /// As in the config.
    pub name: String,
    /// As in the config.
    pub kind: &'static str,
    /// How it stands.
    pub state: State,
    /// What it shows.
    pub items: u64,
    /// How its stream stands, if it has one.
    pub stream: Option<StreamFigures>,
    /// `None` for a file: nobody is asked for it.
    pub asking: Option<Asking>,
}

/// A stream of events, since this process first opened it.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamFigures {
    /// Since when it is open, if it is.
    pub open_since: Option<Timestamp>,
    /// That came, whatever they said.
    pub events: u64,
    /// Events that could not be read.
    pub unreadable: u64,
    /// Items that came faster than they were taken.
    pub dropped: u64,
    /// How often it was opened again.
    pub reconnects: u64,
}

/// How a source was asked and how that went, since it is known.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Rounds in which it was asked.
    pub polls: u64,
    /// Requests that these took.
    pub requests: u64,
    /// Polls that brought nothing new.
    pub unchanged: u64,
    /// Polls that failed, without those that were refused.
    pub failures: u64,
    /// Polls that were answered with 429.
    pub refused: u64,
    /// Failures in a row.
    pub in_a_row: u64,
    /// When it was last asked.
    pub asked: Option<Timestamp>,
    /// When it last answered well.
    pub answered: Option<Timestamp>,
    /// Until when it is left alone.
    pub held_until: Option<Timestamp>,
    /// When it is asked next, at the earliest.
    pub next_due: Option<Timestamp>,
    /// Each window once.
    pub quotas: Vec<QuotaFigures>,
    /// How long its polls took.
    pub durations: Histogram,
}

/// One sliding window.
#[derive(Clone, Debug)]
pub struct QuotaFigures {
    /// How long it is: `24h`.
    pub window: String,
    /// So many requests may leave in it.
    pub limit: u64,
    /// So many are left.
    pub left: u64,
}

/// Counts by size.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Where the spans end, milliseconds, ascending.
    pub ends_ms: &'static [u32],
    /// How many are in each span alone; the last one has no end.
    pub counts: Vec<u32>,
    /// All together, milliseconds.
    pub sum_ms: u64,
}

const STATES: [State; 5] = [State::Ok, State::Stale, State::Failed, State::Limited, State::Off];

/// Writes the metrics, family by family.
///
/// # Errors
/// What `out` said.
pub fn write(metrics: &Metrics, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, name: "", pending: None };
    page.family("build_info", GAUGE, "The version of newsagg; the value is always 1.");
    page.sample("", &[("version", metrics.version)], Value::Whole(1))?;
    for family in ROUND {
        page.begin(family);
        page.sample_if("", &[], (family.value)(metrics))?;
    }
    for family in OUTPUT {
        page.begin(family);
        for output in &metrics.outputs {
            page.sample_if("", &[("path", &output.path)], (family.value)(output))?;
        }
    }
    for family in SOURCE {
        page.begin(family);
        for source in &metrics.sources {
            page.sample_if("", &labels(source), (family.value)(source))?;
        }
    }
    page.family("source_state", GAUGE, "1 for the state that the source is in, 0 for the others.");
    for source in &metrics.sources {
        let [name, kind] = labels(source);
        for state in STATES {
            let is = u64::from(state == source.state);
            page.sample("", &[name, kind, ("state", state.name())], Value::Whole(is))?;
        }
    }
    for family in QUOTA {
        page.begin(family);
        for (source, asking) in asked(metrics) {
            let [name, kind] = labels(source);
            for quota in &asking.quotas {
                let labels = [name, kind, ("window", &quota.window)];
                page.sample_if("", &labels, (family.value)(quota))?;
            }
        }
    }
    page.family("source_duration_seconds", "histogram", "How long the polls of the source took.");
    for (source, asking) in asked(metrics) {
        page.histogram(labels(source), &asking.durations)?;
    }
    Ok(())
}

fn labels(source: &SourceFigures) -> [(&'static str, &str); 2] {
    [("source", &source.name), ("kind", source.kind)]
}

fn asked(metrics: &Metrics) -> impl Iterator<Item = (&SourceFigures, &Asking)> {
    metrics.sources.iter().filter_map(|source| Some((source, source.asking.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use super::page::PREFIX;
    use super::*;

    #[test]
    fn a_family_without_a_sample_leaves_nothing() {
        let mut out = Vec::new();
        write(&Metrics { version: "1", ..Metrics::default() }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("# TYPE").count(), 3, "{text}");
        let names: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = ["build_info{version=\"1\"} 1", "round_timestamp_seconds 0", "stories 0"];
        assert_eq!(names, expected.map(|sample| format!("{PREFIX}{sample}")));
    }
}
