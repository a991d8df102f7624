//! Who stands where: requests in lanes, and in rows of a lane where a source has several at once.

use std::cmp::Reverse;
use std::fmt::Write;
use std::time::Duration;

use super::{Chart, Lanes, Panel};
use crate::report;
use crate::report::count;
use crate::round::Span;
use crate::text::{printable, width};

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
    /// Which lane it is in.
    lane: usize,
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
        Bar {
            source: span.source,
            lane: span.source,
            number: (0, 0),
            ready: at(span.ready).min(start),
            edges,
            row: 0,
            ok: span.ok,
        }
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
    /// Which requests these are.
    first: usize,
    pub count: usize,
    /// How many were under way at once.
    pub rows: usize,
    /// From its first request to its last answer.
    pub length: u64,
}

/// A panel, laid out.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    pub panel: &'a Panel,
    pub name: String,
    /// Lane after lane.
    pub bars: Vec<Bar>,
    pub lanes: Vec<Lane>,
    /// So many lanes are not shown.
    left_out: usize,
    pub wall: u64,
    pub deadline: Option<u64>,
    /// When the last request was over.
    pub last: u64,
    /// The time of all requests.
    sum: u64,
    pub failed: usize,
}

impl<'a> Layout<'a> {
    /// Of so many panels, with the `most` longest lanes of each, and how wide the widest name is.
    pub fn all(chart: &'a Chart, panels: usize, most: usize) -> (Vec<Layout<'a>>, usize) {
        let mut layouts = Vec::new();
        let mut gutter = 0;
        for panel in chart.panels.iter().take(panels) {
            let layout = Layout::new(panel, most);
            for lane in &layout.lanes {
                gutter = gutter.max(width::width(&lane.name));
            }
            gutter = gutter.max(layout.rest().len());
            layouts.push(layout);
        }
        (layouts, gutter)
    }

    fn new(panel: &'a Panel, most: usize) -> Layout<'a> {
        let mut layout = Layout {
            panel,
            name: printable(&panel.name, 60),
            bars: Vec::with_capacity(panel.spans.len()),
            lanes: Vec::new(),
            left_out: 0,
            wall: micros(panel.ended.saturating_sub(panel.began)),
            deadline: panel.deadline.map(micros),
            last: 0,
            sum: 0,
            failed: 0,
        };
        for span in &panel.spans {
            let bar = Bar::new(span, panel.began);
            layout.last = layout.last.max(bar.end());
            layout.sum = layout.sum.saturating_add(bar.length());
            layout.failed += usize::from(!bar.ok);
            layout.bars.push(bar);
        }
        order(&mut layout.bars);
        number(&mut layout.bars);
        if panel.lanes == Lanes::Workers {
            hand_out(&mut layout.bars);
        }
        layout.part(most);
        layout
    }

    /// A lane for each run of requests that belong together; only the longest stay, in their order.
    fn part(&mut self, most: usize) {
        let mut first = 0;
        for own in self.bars.chunk_by_mut(|a, b| a.lane == b.lane) {
            let (rows, end) = assign(own);
            let name = match self.panel.lanes {
                Lanes::Sources => name(self.panel, own[0].source),
                Lanes::Workers => format!("worker {}", own[0].lane + 1),
            };
            let (count, length) = (own.len(), end - own[0].start());
            self.lanes.push(Lane { name, first, count, rows, length });
            first += count;
        }
        self.left_out = self.lanes.len().saturating_sub(most);
        if self.left_out > 0 {
            self.lanes.sort_by_key(|lane| Reverse(lane.length));
            self.lanes.truncate(most);
            self.lanes.sort_by_key(|a| a.first);
        }
    }

    /// The requests of a lane.
    pub fn of(&self, lane: &Lane) -> &[Bar] {
        &self.bars[lane.first..][..lane.count]
    }

    /// What is said of the lanes that are not shown.
    pub fn rest(&self) -> String {
        match self.left_out {
            0 => String::new(),
            left_out => format!("and {left_out} more"),
        }
    }

    /// What it was worth to wait at the same time; and the deadline, if that is not drawn.
    pub fn closing(&self, deadline: bool) -> String {
        let (wall, sum) = (self.wall, self.sum);
        let mut line = "no request".to_string();
        if !self.bars.is_empty() {
            line = count(self.bars.len(), "request", "requests");
            if self.failed > 0 {
                let _ = write!(line, " ({} failed)", self.failed);
            }
            let _ = write!(line, ", wall {}, sum {}", time(wall), time(sum));
            if wall > 0 && sum > 0 {
                let tenths = sum.saturating_mul(10).saturating_add(wall / 2) / wall;
                let _ = write!(line, ", speed-up {}.{}", tenths / 10, tenths % 10);
            }
        }
        if let (true, Some(deadline)) = (deadline, self.deadline) {
            let _ = write!(line, ", deadline {}", time(deadline));
        }
        line
    }
}

/// Lane after lane, in the order of their start.
fn order(bars: &mut [Bar]) {
    bars.sort_by_key(|a| (a.lane, a.start(), a.end()));
}

/// Counts the requests of each source.
fn number(bars: &mut [Bar]) {
    for own in bars.chunk_by_mut(|a, b| a.lane == b.lane) {
        let count = own.len();
        for (at, bar) in own.iter_mut().enumerate() {
            bar.number = (at + 1, count);
        }
    }
}

/// Who did what nobody knows any more: the first worker that was free took it.
fn hand_out(bars: &mut [Bar]) {
    bars.iter_mut().for_each(|bar| bar.lane = 0);
    order(bars);
    assign(bars);
    for bar in &mut *bars {
        bar.lane = bar.row;
        // A worker does not wait.
        bar.ready = bar.start();
    }
    order(bars);
}

/// Gives each request the first row that is free: in the order of their start, no fewer rows do.
/// Returns how many these are, and when the last is free again.
fn assign(bars: &mut [Bar]) -> (usize, u64) {
    let mut free: Vec<u64> = Vec::new();
    let mut end = 0;
    for bar in bars {
        bar.row = 0;
        while free.get(bar.row).is_some_and(|free| *free > bar.start()) {
            bar.row += 1;
        }
        match free.get_mut(bar.row) {
            Some(free) => *free = bar.end(),
            None => free.push(bar.end()),
        }
        end = end.max(bar.end());
    }
    (free.len(), end)
}

/// What a source is called here.
pub(super) fn name(panel: &Panel, source: usize) -> String {
    let name = panel.sources.get(source).map_or("?", String::as_str);
    width::cut(&printable(name, 200), MAX_NAME)
}

/// What is said of the rounds that are not shown.
pub(super) fn more(chart: &Chart, shown: usize) -> String {
    match chart.panels.len().saturating_sub(shown) {
        0 => String::new(),
        more => format!("and {}", count(more, "more round", "more rounds")),
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros().min(MAX_TIME.into()) as u64
}

/// A duration for people.
pub(super) fn time(micros: u64) -> String {
    report::milliseconds(micros as f64 / 1e3)
}
