//! The table for people, and the same for programs.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::figures::{Figure, NAMES, Spread};
use super::scenarios::Scenario;
use super::{BenchArgs, Done};
use crate::format::Style;
use crate::report::milliseconds;
use crate::text::width::fold;

/// The width where nobody says.
pub const WIDTH: usize = 80;

/// What names of scenarios and rows have.
pub const NAME: usize = 13;

/// No sentence has more lines.
const LINES: usize = 8;

/// What a terminal is told (ECMA-48 §8.3.117).
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// Head, figure, and how wide, with the space before it.
const COLUMNS: [(&str, Figure, usize); 13] = [
    ("req", Figure::Requests, 5),
    ("wall", Figure::Wall, 6),
    ("sum", Figure::Sum, 6),
    ("gain", Figure::Speedup, 5),
    ("rate", Figure::Rate, 5),
    ("most", Figure::MostInFlight, 5),
    ("mean", Figure::MeanInFlight, 5),
    ("p50", Figure::P50, 5),
    ("p95", Figure::P95, 5),
    ("max", Figure::Slowest, 5),
    ("fail", Figure::Failures, 5),
    ("cpu", Figure::Cpu, 5),
    ("MB", Figure::Memory, 5),
];

/// What the columns are.
const LEGEND: &str = "wall, sum, p50, p95, max (of the latency), cpu: milliseconds; gain: the \
    speed-up, sum by wall; rate: requests a second; most, mean: requests in flight; fail: requests \
    that brought nothing; MB: the peak of the memory";

/// What is about to be measured, for people.
pub fn head(options: &BenchArgs, about: &str, style: Style) -> String {
    let (from, to) = (options.latency.as_millis(), (options.latency + options.jitter).as_millis());
    let to = if to > from { format!(" to {to}") } else { String::new() };
    let time = if options.simulate { ", in simulated time" } else { "" };
    let told = format!(
        "{} on a made-up news web, each answer after {from}{to} ms{time}; {about}",
        crate::report::count(options.sources, "feed", "feeds")
    );
    let width = style.width.unwrap_or(WIDTH).min(WIDTH);
    let mut text = String::new();
    for line in fold(&told, width, LINES) {
        text += &format!("{line}\n");
    }
    for line in fold(LEGEND, width, LINES) {
        text += &paint(DIM, &line, style);
        text.push('\n');
    }
    text
}

/// One scenario: its rows, and what they showed.
pub fn group(scenario: &Scenario, done: &[Done], style: Style) -> String {
    // Simulated time knows neither processors nor memory.
    let known = |(_, figure, _): &(&str, Figure, usize)| done.iter().any(|one| one.has(*figure));
    let columns: Vec<_> = COLUMNS.into_iter().filter(known).collect();
    let mut heads = String::new();
    for (head, _, width) in &columns {
        heads += &format!("{head:>width$}");
    }
    let name = paint(BOLD, &format!("{:NAME$}", scenario.name), style);
    let mut text = format!("\n{name}{}\n", paint(DIM, &heads, style));
    for one in done {
        let mut line = format!("{:NAME$}", one.row.name);
        for &(_, figure, width) in &columns {
            line += &format!("{:>width$}", cell(figure, one.of(figure), width));
        }
        text += &format!("{}\n", line.trim_end());
    }
    let several = done.iter().any(|one| one.runs.len() > 1).then(|| spread(done));
    for told in [(scenario.verdict)(done)].into_iter().chain(several) {
        for line in fold(&told, style.width.unwrap_or(WIDTH).min(WIDTH), LINES) {
            text += &format!("{line}\n");
        }
    }
    text
}

/// How far the runs lay apart.
fn spread(done: &[Done]) -> String {
    let wall = |one: &Done| {
        let spread = Spread::of(&one.runs, Figure::Wall as usize)?;
        let (min, max) = (milliseconds(spread.min), milliseconds(spread.max));
        Some(format!("{} {min} to {max}", one.row.name))
    };
    let walls: Vec<String> = done.iter().filter_map(wall).collect();
    let runs = done.first().map_or(0, |one| one.runs.len());
    format!("Medians of {runs} runs; wall: {}.", walls.join(", "))
}

fn cell(figure: Figure, value: f64, width: usize) -> String {
    if value.is_nan() {
        return String::new();
    }
    let value = if figure == Figure::Memory { value / 1e6 } else { value };
    let whole = match figure {
        Figure::Requests | Figure::Failures | Figure::MostInFlight => true,
        Figure::Memory | Figure::Speedup | Figure::MeanInFlight => value >= 99.95,
        _ => value >= 9.95,
    };
    let text = if whole { format!("{value:.0}") } else { format!("{value:.1}") };
    // A space is left between the columns.
    match text.len() < width {
        true => text,
        false => format!("{:.0}k", value / 1e3),
    }
}

fn paint(colour: &str, text: &str, style: Style) -> String {
    match style.colour {
        true => format!("{colour}{text}{PLAIN}"),
        false => text.into(),
    }
}

/// The version of the JSON document.
const VERSION: u32 = 1;

/// Everything, for programs.
pub struct Document<'a>(pub &'a BenchArgs, pub &'a [(Scenario, Vec<Done>)]);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document(options, groups) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("version", &VERSION)?;
        map.serialize_entry("simulated", &options.simulate)?;
        map.serialize_entry("sources", &options.sources)?;
        map.serialize_entry("latency_ms", &Number(super::figures::ms(options.latency)))?;
        map.serialize_entry("jitter_ms", &Number(super::figures::ms(options.jitter)))?;
        map.serialize_entry("workers", &options.workers)?;
        map.serialize_entry("runs", &options.runs)?;
        let groups: Vec<Group<'_>> = groups.iter().map(Group).collect();
        map.serialize_entry("scenarios", &groups)?;
        map.end()
    }
}

struct Group<'a>(&'a (Scenario, Vec<Done>));

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (scenario, done) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", scenario.name)?;
        map.serialize_entry("explain", scenario.explain)?;
        map.serialize_entry("verdict", &(scenario.verdict)(done))?;
        map.serialize_entry("rows", done)?;
        map.end()
    }
}

impl Serialize for Done {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.row.name)?;
        map.serialize_entry("sources", &self.row.sources)?;
        map.serialize_entry("workers", &self.row.width())?;
        for (index, name) in NAMES.iter().enumerate() {
            if let Some(spread) = Spread::of(&self.runs, index) {
                map.serialize_entry(name, &spread)?;
            }
        }
        map.end()
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in [("median", self.median), ("min", self.min), ("max", self.max)] {
            map.serialize_entry(name, &Number(value))?;
        }
        map.end()
    }
}

/// To a hundredth, and without one if it is whole.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hundredths = (self.0 * 100.0).round();
        match hundredths % 100.0 == 0.0 {
            true => serializer.serialize_u64((hundredths / 100.0) as u64),
            false => serializer.serialize_f64(hundredths / 100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_columns_is_a_space_however_large_the_figures() {
        assert_eq!(COLUMNS.iter().map(|column| column.2).sum::<usize>() + NAME, WIDTH);
        for (_, figure, width) in COLUMNS {
            for value in [0.0, 9.96, 99.96, 1_234.0, 9_999.7, 14_649.0, 120_644.0] {
                assert!(cell(figure, value, width).len() < width, "{figure:?} {value}");
            }
        }
        assert_eq!(cell(Figure::Rate, 14_649.0, 5), "15k");
        assert_eq!(cell(Figure::Memory, 6.24e6, 5), "6.2");
        assert_eq!(cell(Figure::Memory, 112.9e6, 5), "113");
        assert_eq!(cell(Figure::Sum, 50_111.0, 6), "50111");
        assert_eq!(cell(Figure::Sum, 120_644.0, 6), "121k");
        assert_eq!(cell(Figure::Sum, 4_947_000.0, 6), "4947k");
    }
}
