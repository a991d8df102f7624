//! `newsagg check --online`: each source is asked its first question, and no output is written.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use super::width;
use crate::command::perform::{self, Manner};
use crate::command::progress::Line;
use crate::config::Config;
use crate::failure::Failure;
use crate::http::{Document, Request};
use crate::report::{LiveReport, count};
use crate::source::grant::Grant;
use crate::source::live::Live;
use crate::source::{Page, Quota, Source};
use crate::transport::Transport;
use crate::update::Wishes;

/// How one source answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The source's name.
    pub name: String,
    /// Of its answer, if there was one.
    pub status: Option<u16>,
    /// How many items were read.
    pub items: usize,
    /// From the request to the answer read, in milliseconds.
    pub ms: f64,
    /// What the answer was: `rss 2.0`.
    pub what: String,
    /// Why there was none; without secrets.
    pub error: Option<String>,
}

/// A source that asks its first question only, and notes what the answer was.
#[derive(Debug)]
struct Probe {
    source: Arc<dyn Source>,
    seen: OnceLock<Seen>,
}

#[derive(Debug)]
struct Seen {
    format: String,
    items: usize,
    more: usize,
}

impl Source for Probe {
    fn kind(&self) -> &'static str {
        self.source.kind()
    }

    fn plan(&self) -> Vec<Request> {
        let mut plan = self.source.plan();
        plan.truncate(1);
        plan
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let mut page = self.source.read(request, document)?;
        let (format, items, more) = (page.format.to_string(), page.items.len(), page.more.len());
        // There is one answer: nobody was here before.
        let _ = self.seen.set(Seen { format, items, more });
        page.more.clear();
        Ok(page)
    }

    fn reading(&self) -> String {
        self.source.reading()
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        self.source.explain(status, body)
    }

    fn grant(&self) -> Option<Grant> {
        self.source.grant()
    }

    fn quota(&self) -> Quota {
        self.source.quota()
    }

    fn live(&self) -> Option<&dyn Live> {
        self.source.live()
    }

    fn per_host(&self) -> Option<usize> {
        self.source.per_host()
    }
}

/// Asks each source of this version its first question, without retries, fallbacks or outputs. What a feed says is
/// remembered, so that the next round need not ask for it again; of the others only what it cost the quotas. How far that
/// is stands on `line`.
///
/// # Errors
/// The exit code after a signal.
pub fn ask(config: &Config, line: Option<Arc<Line>>) -> Result<Vec<Row>, u8> {
    let mut config = config.clone();
    config.outputs.clear();
    let mut probes = Vec::new();
    for source in &mut config.sources {
        source.retries = 0;
        if source.kind != "feed" {
            source.limit = None;
        }
        if let Some(own) = source.source.take() {
            let probe = Arc::new(Probe { source: own, seen: OnceLock::new() });
            source.source = Some(probe.clone());
            probes.push(probe);
        }
    }
    let wishes = Wishes { probe: true, ..Wishes::default() };
    let manner = Manner { wishes, line, ..Manner::default() };
    let updated = perform::run(&config, &manner, Transport::new)?;
    let rows = updated.report.sources.into_iter().zip(&probes).map(|(report, probe)| {
        let seen = probe.seen.get();
        Row {
            name: report.name,
            status: report.status,
            // What is remembered of a source that did not answer is no answer.
            items: match (seen, &report.error) {
                (Some(seen), _) => seen.items,
                (None, None) => report.items,
                (None, Some(_)) => 0,
            },
            ms: report.ms,
            what: match (seen, report.live, report.status) {
                (Some(seen), _, _) => what(seen),
                (None, Some(live), _) => heard(live),
                (None, None, Some(304)) => "nothing new since the last round".into(),
                (None, None, _) => String::new(),
            },
            error: report.error,
        }
    });
    Ok(rows.collect())
}

fn what(seen: &Seen) -> String {
    match seen.more {
        0 => seen.format.clone(),
        more => format!("{}, {more} more to ask for", seen.format),
    }
}

fn heard(live: LiveReport) -> String {
    format!("event stream, {} so far", count(live.events as usize, "event", "events"))
}

/// A line for each source that was asked.
pub fn table(rows: &[Row]) -> String {
    let names = width(rows.iter().map(|row| row.name.as_str()));
    let mut text = format!("{:names$}  status   items        ms  what\n", "source");
    for row in rows {
        let status = row.status.map_or("-".into(), |status| status.to_string());
        let failed = row.error.as_deref().map(|error| format!("failed: {error}"));
        let what = failed.as_deref().unwrap_or(&row.what);
        let Row { name, items, ms, .. } = row;
        let _ = writeln!(text, "{name:names$}  {status:>6}  {items:>6}  {ms:>8.1}  {what}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_source_good_or_bad() {
        let good = Row {
            name: "bbc".into(),
            status: Some(200),
            items: 40,
            ms: 123.45,
            what: "rss 2.0".into(),
            error: None,
        };
        let bad = Row {
            name: "guardian".into(),
            error: Some("timeout: no answer within 10s".into()),
            ..Row::default()
        };
        assert_eq!(
            table(&[good, bad]),
            "source    status   items        ms  what\n\
             bbc          200      40     123.5  rss 2.0\n\
             guardian       -       0       0.0  failed: timeout: no answer within 10s\n"
        );
    }
}
