//! Who stands where: requests in lanes, and in rows of a lane where a source has several at once.

use std::time::Duration;

use super::{Lanes, Panel};
use crate::report::count;
use crate::round::Span;
use crate::text::{printable, width};
use crate::{report, sort};

/// What a request goes through: waiting, the phases of [`crate::http::Timing`], and what was not
/// measured.
pub(super) const PHASES: usize = 7;

/// Thirty years in microseconds. What is longer is drawn so long: everything fits into an `u64`,
/// however it is multiplied.
pub(super) const MAX_TIME: u64 = 1_000_000_000_000_000;

/// A name takes no more columns.
const MAX_NAME: usize = 20;

/// One request, in microseconds from the beginning of its round.
#[derive(Debug)]
pub(super) struct Bar {
    pub source: usize,
    /// The how manieth of so many of its source.
    pub number: (usize, usize),
    pub ready: u64,
    /// Where each phase ends, the wait first.
    pub edges: [u64; PHASES],
    /// Which row of its lane it takes.
    pub row: usize,
    pub ok: bool,
}

impl Bar {
    fn new(span: &Span, began: Duration) -> Bar {
        let at = |time: Duration| micros(time.saturating_sub(began));
        let start = at(span.start);
        let end = at(span.end).max(start);
        let timing = &span.timing;
        let phases = [timing.resolve, timing.connect, timing.tls, timing.first_byte, timing.body];
        let mut edges = [end; PHASES];
        let mut edge = start;
        edges[0] = start;
        for (place, phase) in edges[1..].iter_mut().zip(phases) {
            edge = end.min(edge + micros(phase));
            *place = edge;
        }
        let ready = at(span.ready).min(start);
        Bar { source: span.source, number: (0, 0), ready, edges, row: 0, ok: span.ok }
    }

    pub fn start(&self) -> u64 {
        self.edges[0]
    }

    pub fn end(&self) -> u64 {
        self.edges[PHASES - 1]
    }

    /// From being sent until it was over.
    pub fn length(&self) -> u64 {
        self.end() - self.start()
    }

    /// How long a phase was.
    pub fn phase(&self, phase: usize) -> u64 {
        self.edges[phase] - if phase == 0 { self.ready } else { self.edges[phase - 1] }
    }
}

/// One line of a picture.
#[derive(Debug)]
pub(super) struct Lane {
    pub name: String,
    pub bars: Vec<Bar>,
    /// How many were under way at once.
    pub rows: usize,
}

impl Lane {
    /// From its first request to its last answer.
    pub fn length(&self) -> u64 {
        let start = self.bars.iter().map(Bar::start).min().unwrap_or(0);
        self.bars.iter().map(Bar::end).max().unwrap_or(0) - start
    }
}

/// A panel, laid out.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    /// What the sources are called.
    pub sources: &'a [String],
    pub name: String,
    pub lanes: Vec<Lane>,
    /// So many lanes are not shown.
    pub left_out: usize,
    pub wall: u64,
    pub deadline: Option<u64>,
    /// When the last request was over.
    pub last: u64,
    /// The same in words, with the speed-up.
    pub closing: String,
}

impl<'a> Layout<'a> {
    /// Of a panel, with the `most` longest of its lanes.
    pub fn new(panel: &'a Panel, most: usize) -> Layout<'a> {
        let mut bars: Vec<Bar> =
            panel.spans.iter().map(|span| Bar::new(span, panel.began)).collect();
        sort::by(&mut bars, &|a, b| {
            (a.source, a.start(), a.end()).cmp(&(b.source, b.start(), b.end()))
        });
        for own in bars.chunk_by_mut(|a, b| a.source == b.source) {
            let count = own.len();
            own.iter_mut().enumerate().for_each(|(at, bar)| bar.number = (at + 1, count));
        }
        let wall = micros(panel.ended.saturating_sub(panel.began));
        let last = bars.iter().map(Bar::end).max().unwrap_or(0);
        let closing = closing(&bars, wall);
        let mut lanes = match panel.lanes {
            Lanes::Sources => by_source(bars, &panel.sources),
            Lanes::Workers => by_worker(bars),
        };
        let left_out = keep_longest(&mut lanes, most);
        let deadline = panel.deadline.map(micros);
        let name = printable(&panel.name, 60);
        Layout { sources: &panel.sources, name, lanes, left_out, wall, deadline, last, closing }
    }

    /// Where the widest name ends.
    pub fn gutter(&self) -> usize {
        let names = self.lanes.iter().map(|lane| width::width(&lane.name));
        names.chain([width::width(&self.rest())]).max().unwrap_or(0)
    }

    /// What is said of the lanes that are not shown.
    pub fn rest(&self) -> String {
        match self.left_out {
            0 => String::new(),
            left_out => format!("and {left_out} more"),
        }
    }
}

/// What it was worth to wait at the same time.
fn closing(bars: &[Bar], wall: u64) -> String {
    let sum = bars.iter().fold(0_u64, |sum, bar| sum.saturating_add(bar.length()));
    let failed = bars.iter().filter(|bar| !bar.ok).count();
    if bars.is_empty() {
        return "no request".into();
    }
    let mut line = count(bars.len(), "request", "requests");
    if failed > 0 {
        line += &format!(" ({failed} failed)");
    }
    line += &format!(", wall {}, sum {}", time(wall), time(sum));
    if wall > 0 && sum > 0 {
        let tenths = (sum.saturating_mul(10).saturating_add(wall / 2)) / wall;
        line += &format!(", speed-up {}.{}", tenths / 10, tenths % 10);
    }
    line
}

/// A lane for each source, with rows for what it had under way at once.
fn by_source(bars: Vec<Bar>, names: &[String]) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    let mut before = None;
    for bar in bars {
        if before != Some(bar.source) {
            before = Some(bar.source);
            lanes.push(Lane { name: name(names, bar.source), bars: Vec::new(), rows: 0 });
        }
        if let Some(lane) = lanes.last_mut() {
            lane.bars.push(bar);
        }
    }
    for lane in &mut lanes {
        lane.rows = assign(&mut lane.bars);
    }
    lanes
}

/// What a source is called here.
pub(super) fn name(names: &[String], source: usize) -> String {
    let name = names.get(source).map_or("?", String::as_str);
    width::cut(&printable(name, 200), MAX_NAME)
}

/// A lane for each worker. Whose turn it was nobody knows any more: the first that was free took it.
fn by_worker(mut bars: Vec<Bar>) -> Vec<Lane> {
    sort::by(&mut bars, &|a, b| (a.start(), a.end()).cmp(&(b.start(), b.end())));
    let workers = assign(&mut bars);
    let lane = |at: usize| Lane { name: format!("worker {}", at + 1), bars: Vec::new(), rows: 1 };
    let mut lanes: Vec<Lane> = (0..workers).map(lane).collect();
    for mut bar in bars {
        let row = std::mem::take(&mut bar.row);
        // A worker does not wait.
        bar.ready = bar.start();
        lanes[row].bars.push(bar);
    }
    lanes
}

/// Gives each request the first row that is free: in the order of their start, no fewer rows do.
fn assign(bars: &mut [Bar]) -> usize {
    let mut free: Vec<u64> = Vec::new();
    for bar in bars {
        let row = free.iter().position(|free| *free <= bar.start()).unwrap_or(free.len());
        match free.get_mut(row) {
            Some(free) => *free = bar.end(),
            None => free.push(bar.end()),
        }
        bar.row = row;
    }
    free.len()
}

/// Keeps so many lanes, the longest, in their order. Returns how many went.
fn keep_longest(lanes: &mut Vec<Lane>, most: usize) -> usize {
    let left_out = lanes.len().saturating_sub(most);
    if left_out > 0 {
        let mut order: Vec<u32> = (0..lanes.len() as u32).collect();
        sort::places(&mut order, &|a, b| {
            lanes[b as usize].length().cmp(&lanes[a as usize].length())
        });
        let mut kept = vec![false; lanes.len()];
        order[..most].iter().for_each(|at| kept[*at as usize] = true);
        let mut kept = kept.into_iter();
        lanes.retain(|_| kept.next().unwrap_or(false));
    }
    left_out
}

fn micros(time: Duration) -> u64 {
    time.as_micros().min(MAX_TIME.into()) as u64
}

/// A duration for people.
pub(super) fn time(micros: u64) -> String {
    report::milliseconds(micros as f64 / 1e3)
}
