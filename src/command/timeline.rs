//! `--timeline`: when which request of a round was under way, drawn where it was asked for.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::chart::{self, Chart, Panel};
use crate::config::Config;
use crate::format::Style;
use crate::item::MAX_TITLE;
use crate::report::{count, tenths, took};
use crate::round::Span;
use crate::state::Memory;
use crate::store;
use crate::text::printable;
use crate::time::Timestamp;
use crate::update::{Updated, span_of};

/// What stands for stdout or stderr.
pub const DASH: &str = "-";

/// The round that has just ended.
pub fn of_round(updated: &Updated) -> Chart {
    let names = updated.health.iter().map(|health| printable(&health.name, MAX_TITLE));
    let since = |at: Duration| at.saturating_sub(updated.began);
    let spans = updated.spans.iter().map(|span| Span {
        ready: since(span.ready),
        start: since(span.start),
        end: since(span.end),
        ..*span
    });
    let panel = Panel {
        sources: names.collect(),
        spans: spans.collect(),
        ended: since(updated.ended),
        deadline: Some(since(updated.deadline)),
        ..Panel::default()
    };
    let on_wire = |span: &Span| span.end.saturating_sub(span.start);
    let sum = panel.spans.iter().map(on_wire).sum();
    let requests = panel.spans.len();
    chart(&updated.report.started.to_string(), panel, requests, sum)
}

/// The last round that asked anybody, as far as it asked the sources of this config. `None` if it is
/// not remembered.
pub fn of_past(config: &Config, memory: &Memory) -> Option<Chart> {
    let past = memory.past()?;
    let name = |number: u32| memory.sources().get(number as usize).map(|known| &*known.name);
    let mut spans = Vec::with_capacity(past.spells.len());
    for run in past.spells.chunk_by(|a, b| a.source == b.source) {
        let name = name(run[0].source);
        let source = config.sources.iter().position(|own| Some(&*own.memory) == name);
        spans.extend(
            source.iter().flat_map(|source| run.iter().map(|spell| span_of(spell, *source))),
        );
    }
    let at = Duration::from_millis;
    let panel = Panel {
        sources: config.sources.iter().map(|own| printable(&own.name, MAX_TITLE)).collect(),
        spans,
        ended: at(past.ended),
        deadline: Some(at(past.deadline)),
        ..Panel::default()
    };
    let began = Timestamp::from_unix(past.at).unwrap_or(Timestamp::EPOCH).to_string();
    let requests = usize::try_from(past.requests).unwrap_or(usize::MAX);
    Some(chart(&began, panel, requests, at(past.sum)))
}

fn chart(began: &str, panel: Panel, requests: usize, sum: Duration) -> Chart {
    let mut about = match requests {
        0 => "Nobody was asked.".to_owned(),
        _ => format!(
            "{} took {}.",
            count(requests, "request", "requests"),
            took(tenths(panel.ended), tenths(sum))
        ),
    };
    if panel.spans.len() < requests {
        about += &format!(" Shown: {}.", panel.spans.len());
    }
    Chart { title: format!("newsagg, round of {began}"), about, panels: vec![panel] }
}

/// Writes it: a name that ends in `.svg` is a picture's, any other one is that of a text.
///
/// # Errors
/// Why it could not be written.
pub fn save(chart: &Chart, path: &Path) -> Result<(), String> {
    let picture = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("svg"));
    let text = match picture {
        true => chart::svg(chart),
        false => chart::gantt(chart, Style::default()),
    };
    let written =
        store::write_if_changed(path, 0o644, &|out: &mut dyn Write| out.write_all(text.as_bytes()));
    written.map(drop).map_err(|failure| failure.to_string())
}
