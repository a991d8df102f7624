//! The picture of what was measured.

use std::path::Path;

use super::row::PATIENCE;
use super::scenarios::Scenario;
use super::{BenchArgs, Done, Stop, print};
use crate::chart::{self, Chart, Lanes, Panel};
use crate::command::timeline::{self, DASH};
use crate::format::Style;

/// The picture: where it is wanted, or after the table for people.
pub fn draw(
    options: &BenchArgs,
    groups: &[(Scenario, Vec<Done>)],
    style: Style,
) -> Result<(), Stop> {
    let Some(chart) = chart(groups, options.timeline.is_some()) else { return Ok(()) };
    let path = match options.timeline.as_deref() {
        None if options.json => return Ok(()),
        Some(path) if path != Path::new(DASH) => path,
        _ => return print(&format!("\n{}", chart::gantt(&chart, style))),
    };
    timeline::save(&chart, path).map_err(Stop::Failed)
}

/// Sequential above concurrent, if both ran; else, if it is asked for, all rows that did.
fn chart(groups: &[(Scenario, Vec<Done>)], wanted: bool) -> Option<Chart> {
    let of = |name: &str| groups.iter().find(|(scenario, _)| scenario.name == name);
    let shown: Vec<&(Scenario, Vec<Done>)> = match (of("sequential"), of("concurrent")) {
        (Some(above), Some(below)) => vec![above, below],
        _ if wanted => groups.iter().collect(),
        _ => return None,
    };
    let names: Vec<&str> = shown.iter().map(|(scenario, _)| scenario.name).collect();
    let about: Vec<String> =
        shown.iter().map(|(scenario, done)| (scenario.verdict)(done)).collect();
    let panels = shown.iter().flat_map(|(scenario, done)| {
        done.iter().map(move |one| panel(scenario, one, done.len() > 1))
    });
    let mut panels: Vec<Panel> = panels.collect();
    if let [alone] = &mut panels[..] {
        // The title says it.
        alone.name.clear();
    }
    Some(Chart { title: names.join(" and "), about: about.join(" "), panels })
}

fn panel(scenario: &Scenario, done: &Done, one_of_many: bool) -> Panel {
    let began = done.spans.iter().map(|span| span.ready).min().unwrap_or_default();
    let name = match one_of_many {
        true => format!("{}: {}", scenario.name, done.row.name),
        false => scenario.name.to_owned(),
    };
    Panel {
        name,
        sources: (0..done.row.sources).map(|index| format!("feed-{index}")).collect(),
        deadline: Some(began + done.row.deadline).filter(|_| done.row.deadline < PATIENCE),
        ended: done.spans.iter().map(|span| span.end).max().unwrap_or(began),
        spans: done.spans.clone(),
        lanes: Lanes::Sources,
        began,
    }
}
