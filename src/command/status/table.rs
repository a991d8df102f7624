//! The table: a line for each source, a column for each thing that is known of any of them.

use super::{View, is_well, percentile, state_name, words};
use crate::format::{State, Style};
use crate::item::MAX_TITLE;
use crate::report;
use crate::source::Window;
use crate::text::printable;
use crate::update::Standing;

/// Names are not cut below this, however narrow the terminal says it is.
const LEAST_NAME: usize = 8;

const COLUMNS: usize = 9;
const HEAD: [&str; COLUMNS] =
    ["source", "state", "since", "last ok", "next", "p50", "p95", "quota", "items"];
/// Numbers stand at the right of their columns.
const RIGHT: [bool; COLUMNS] = [false, false, true, true, true, true, true, true, true];
const STATE: usize = 1;

/// What a terminal is told (ECMA-48 §8.3.117).
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const RED: &str = "\u{1b}[31m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) fn write(text: &mut String, view: &View<'_>, style: Style) {
    let rows: Vec<[String; COLUMNS]> =
        view.sources.iter().map(|standing| row(standing, view)).collect();
    let widths = widths(&rows, style.width.unwrap_or(super::WIDTH));
    let head = HEAD.map(str::to_owned);
    let [dim, plain] = if style.colour { [DIM, PLAIN] } else { [""; 2] };
    text.push_str(dim);
    line(text, &head, &widths, ["", ""]);
    text.insert_str(text.len() - 1, plain);
    for (row, standing) in rows.iter().zip(&view.sources) {
        let paint = if style.colour { [colour(standing.state), PLAIN] } else { [""; 2] };
        line(text, row, &widths, paint);
    }
}

fn row(standing: &Standing<'_>, view: &View<'_>) -> [String; COLUMNS] {
    let latencies = super::latencies(standing);
    let ms = |percent| percentile(latencies, percent).map_or_else(String::new, |ms| ms.to_string());
    let age = |at| words::age(at, view.now);
    let live = view.service.is_some() && standing.source.is_stream() && is_well(standing);
    let due = match standing.due {
        Some(due) => Some(words::ahead(due, view.now)),
        None => live.then(|| "live".into()),
    };
    [
        printable(&standing.source.name, MAX_TITLE),
        state_name(standing).into(),
        standing.since.map(age).unwrap_or_default(),
        super::details::last_ok(standing).map(|at| age(at) + " ago").unwrap_or_default(),
        due.unwrap_or_default(),
        ms(50),
        ms(95),
        tightest(&standing.quota).unwrap_or_default(),
        standing.items.to_string(),
    ]
}

/// The window of which the smallest part is left: `58/100 24h`.
fn tightest(quota: &[(Window, u32)]) -> Option<String> {
    let part = |(window, left): &&(Window, u32)| {
        u64::from(*left) * 1_000_000 / u64::from(window.count.max(1))
    };
    let (window, left) = quota.iter().min_by_key(part)?;
    Some(format!("{left}/{} {}", window.count, report::span(window.per)))
}

/// How wide each column is, 0 where it is empty, and what stands between two.
fn widths(rows: &[[String; COLUMNS]], width: usize) -> ([usize; COLUMNS], usize) {
    let mut widths = [0; COLUMNS];
    for (column, widest) in widths.iter_mut().enumerate() {
        let cells = rows.iter().map(|row| row[column].chars().count());
        *widest =
            cells.max().filter(|cell| *cell > 0).map_or(0, |cell| cell.max(HEAD[column].len()));
    }
    let columns = widths.iter().filter(|width| **width > 0).count();
    let sum: usize = widths.iter().sum();
    let gap = if sum + 2 * columns.saturating_sub(1) <= width { 2 } else { 1 };
    let others = sum - widths[0] + gap * columns.saturating_sub(1);
    widths[0] = widths[0].min(width.saturating_sub(others).max(LEAST_NAME));
    (widths, gap)
}

fn line(
    text: &mut String,
    cells: &[String; COLUMNS],
    (widths, gap): &([usize; COLUMNS], usize),
    [paint, plain]: [&str; 2],
) {
    let start = text.len();
    for (column, cell) in cells.iter().enumerate().filter(|(column, _)| widths[*column] > 0) {
        let width = widths[column];
        let cell = if column == 0 { cut(cell, width) } else { cell.clone() };
        let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
        let [before, after] = if RIGHT[column] { [&*pad, ""] } else { ["", &*pad] };
        let [paint, plain] = if column == STATE { [paint, plain] } else { [""; 2] };
        if text.len() > start {
            text.push_str(&"  "[..*gap]);
        }
        for part in [before, paint, &cell, plain, after] {
            text.push_str(part);
        }
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// At most so many characters, with `…` for what is missing.
fn cut(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.into();
    }
    name.chars().take(width - 1).chain(['…']).collect()
}

fn colour(state: Option<State>) -> &'static str {
    match state {
        Some(State::Ok) => GREEN,
        Some(State::Failed | State::Off) => RED,
        _ => YELLOW,
    }
}
