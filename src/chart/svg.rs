//! The picture. Whole pixels, one path for each phase of a panel, nothing from elsewhere: it is the
//! same everywhere, also as `<img>`, in light and dark.

use std::fmt::Write;

use super::axis::{Axis, MAX_TICKS};
use super::lanes::{Bar, Lane, Layout, PHASES, more, name, time};
use super::sheet::{self, WIDTH, clean};
use super::{Chart, LOOKS};
use crate::report::count;
use crate::text::{printable, width};

/// Left and right of everything.
const MARGIN: usize = 16;
/// Right of the time axis: half of its last label.
const TAIL: usize = 28;
/// More rounds are not drawn,
const MAX_PANELS: usize = 6;
/// nor more lanes of one
const MAX_LANES: usize = 200;
/// and of all: they would be lower than four pixels.
const MAX_ALL_LANES: usize = 300;
/// All lanes together are no higher.
const MAX_HEIGHT: usize = 1_300;
/// Rows of a lane; further ones begin anew.
const MAX_ROWS: usize = 16;
/// Up to so many requests each says what it was when it is pointed at; beyond, each lane does.
const MAX_TOLD: usize = 300;

/// How far down the page it is, and what stands there already.
struct Page {
    out: String,
    axis: Axis,
    /// Where time begins.
    left: usize,
    /// The next free pixel.
    top: usize,
    /// Of a lane.
    pitch: usize,
    /// Rows of a lane.
    cap: usize,
    /// Whether each request says what it was.
    told: bool,
}

pub(super) fn draw(chart: &Chart) -> String {
    let panels = chart.panels.len().clamp(1, MAX_PANELS);
    let (layouts, gutter) = Layout::all(chart, panels, MAX_LANES.min(MAX_ALL_LANES / panels));
    let left = MARGIN + gutter * 15 / 2 + 8;
    let (mut lanes, mut requests, mut failed) = (0, 0, 0);
    for layout in &layouts {
        lanes += layout.lanes.len();
        requests += layout.lanes.iter().map(|lane| lane.count).sum::<usize>();
        failed += layout.failed;
    }
    let mut page = Page {
        out: String::new(),
        axis: Axis::new(&layouts, WIDTH - TAIL - left),
        left,
        top: MARGIN,
        pitch: (560 / lanes.max(1)).clamp(4, 20),
        cap: MAX_ROWS,
        told: requests <= MAX_TOLD,
    };
    while page.cap > 1 && layouts.iter().map(|own| page.below(own)).sum::<usize>() > MAX_HEIGHT {
        page.cap /= 2;
    }
    let seen = page.phases(&layouts);
    if !chart.title.is_empty() {
        page.top += 24;
        page.text("t", MARGIN, page.top - 8, &width::cut(&printable(&chart.title, 400), 80));
    }
    page.legend(&seen, failed > 0);
    for layout in &layouts {
        page.panel(layout);
    }
    page.scale();
    let more = more(chart, MAX_PANELS);
    if !more.is_empty() {
        page.top += 20;
        page.text("l", MARGIN, page.top - 6, &more);
    }
    page.top += 8;
    sheet::around(&page.out, (page.top, page.pitch), chart, &layouts, &seen)
}

impl Page {
    /// The phases that are seen anywhere.
    fn phases(&self, layouts: &[Layout<'_>]) -> [bool; PHASES] {
        let mut seen = [false; PHASES];
        for layout in layouts {
            for bar in layout.lanes.iter().flat_map(|lane| layout.of(lane)) {
                seen[0] |= self.axis.wait(bar).is_some();
                self.axis.pieces(bar).iter().for_each(|(phase, ..)| seen[*phase] = true);
            }
        }
        seen
    }

    fn legend(&mut self, seen: &[bool; PHASES], failed: bool) {
        if !seen.contains(&true) {
            return;
        }
        let mut x = MARGIN;
        let mut drawn = Drawn::default();
        self.top += 20;
        let y = self.top - 12;
        for (phase, look) in LOOKS.iter().enumerate().filter(|(phase, _)| seen[*phase]) {
            match phase {
                0 => drawn.wait(x, x + 24, y + 5),
                _ => drawn.rect(phase, (x, x + 24), (y, y + 10)),
            }
            self.text("l", x + 30, y + 9, look.name);
            x += 30 + look.name.len() * 15 / 2 + 14;
        }
        if failed {
            drawn.cross(x + 5, y + 5, 4);
            self.text("l", x + 16, y + 9, "failed");
        }
        self.put(&drawn);
        self.top += 8;
    }

    fn panel(&mut self, layout: &Layout<'_>) {
        if !layout.name.is_empty() {
            self.top += 22;
            self.text("p", MARGIN, self.top - 6, &layout.name);
        }
        let deadline = layout.deadline.filter(|deadline| self.axis.has(*deadline));
        if let Some(deadline) = deadline {
            self.top += 16;
            self.mark("deadline", deadline, self.top - 5);
        }
        let from = self.top;
        let below = from + self.below(layout);
        self.grid(from, below);
        self.lanes(layout);
        self.top = below + if layout.lanes.is_empty() { 0 } else { 16 };
        self.text("l e n", self.left - 8, self.top - 4, &layout.rest());
        let finish = (!layout.lanes.is_empty()).then_some(layout.wall);
        for (class, at, from, to) in
            [("d", deadline, from - 4, below), ("f", finish, from, below + 4)]
        {
            if let Some(at) = at {
                let x = self.left + self.axis.at(at);
                self.path(class, &format!("M{x} {from}V{to}"));
            }
        }
        if let Some(finish) = finish {
            self.mark("finish", finish, self.top - 2);
        }
        self.top += 20;
        self.text("c", MARGIN, self.top - 3, &layout.closing(deadline.is_none()));
        self.top += 10;
    }

    /// A label beside a vertical line, on the side where there is room.
    fn mark(&mut self, what: &str, at: u64, y: usize) {
        let x = self.axis.at(at);
        let (class, x) = match x * 2 > self.axis.room {
            true => ("e", self.left + x + 1),
            false => ("s", self.left + x - 1),
        };
        self.text(class, x, y, &format!("{what} {}", time(at)));
    }

    fn grid(&mut self, from: usize, to: usize) {
        let mut lines = String::new();
        for (x, _) in self.axis.ticks(MAX_TICKS) {
            let _ = write!(lines, "M{} {from}V{to}", self.left + x);
        }
        self.path("g", &lines);
    }

    /// The time axis: what the lines of the grid are called.
    fn scale(&mut self) {
        let ticks = self.axis.ticks(MAX_TICKS);
        if ticks.is_empty() {
            return;
        }
        let y = self.top;
        let mut line = format!("M{} {y}h{}", self.left, self.axis.room);
        self.top += 20;
        for (x, label) in ticks {
            let x = self.left + x;
            let _ = write!(line, "M{x} {y}v4");
            self.text("l m", x, self.top - 3, &label);
        }
        self.path("a", &line);
    }

    fn lanes(&mut self, layout: &Layout<'_>) {
        let mut drawn = Drawn::default();
        let mut hints = String::new();
        // Names that would touch each other are left out.
        let mut free = self.top;
        for lane in &layout.lanes {
            let height = self.height(lane);
            let middle = self.top + height / 2;
            if middle >= free {
                self.text("n e", self.left - 8, middle + 4, &lane.name);
                free = middle + 12;
            }
            let rows = lane.rows.clamp(1, self.cap);
            for bar in layout.of(lane) {
                let y = self.top + bar.row % rows * (height / rows);
                let gap = gap(height / rows);
                let above = y + gap / 2;
                self.bar(bar, (above, above + height / rows - gap), &mut drawn);
                if self.told {
                    let area = (self.axis.at(bar.ready), self.axis.at(bar.end()));
                    self.hint(&mut hints, area, (y, y + height / rows), &told(layout, bar));
                }
            }
            if !self.told {
                let area = (0, self.axis.room);
                self.hint(&mut hints, area, (self.top, self.top + height), &summed(layout, lane));
            }
            self.top += height;
        }
        self.put(&drawn);
        self.out += &hints;
    }

    fn bar(&self, bar: &Bar, (top, below): (usize, usize), drawn: &mut Drawn) {
        let middle = (top + below) / 2;
        if let Some((from, to)) = self.axis.wait(bar) {
            drawn.wait(self.left + from, self.left + to, middle);
        }
        let pieces = self.axis.pieces(bar);
        let mut end = self.left;
        for (at, &(phase, from, to)) in pieces.iter().enumerate() {
            // So that it does not run into the next request.
            let gap = usize::from(at + 1 == pieces.len() && to > from + 2);
            end = self.left + to - gap;
            drawn.rect(phase, (self.left + from, end), (top, below));
        }
        if !bar.ok {
            let arm = ((below - top) / 2).clamp(2, 4);
            drawn.cross(end.max(self.left + arm) - arm, middle, arm);
        }
    }

    /// Something that says more when it is pointed at.
    fn hint(&self, hints: &mut String, x: (usize, usize), y: (usize, usize), text: &str) {
        let (x, wide) = (self.left + x.0, x.1.saturating_sub(x.0).max(2));
        let (y, high) = (y.0, y.1 - y.0);
        let _ = writeln!(
            hints,
            "<path class=\"h\" d=\"M{x} {y}h{wide}v{high}h-{wide}z\"><title>{}</title></path>",
            clean(text)
        );
    }

    /// How high all lanes of a round are together.
    fn below(&self, layout: &Layout<'_>) -> usize {
        layout.lanes.iter().map(|lane| self.height(lane)).sum()
    }

    /// How high a lane is.
    fn height(&self, lane: &Lane) -> usize {
        let rows = lane.rows.clamp(1, self.cap);
        rows * (self.pitch / rows).max(3)
    }

    fn text(&mut self, class: &str, x: usize, y: usize, text: &str) {
        if !text.is_empty() {
            let _ = writeln!(
                self.out,
                "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>",
                clean(text)
            );
        }
    }

    fn path(&mut self, class: &str, d: &str) {
        if !d.is_empty() {
            let _ = writeln!(self.out, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    fn put(&mut self, drawn: &Drawn) {
        self.path("w", &drawn.paths[0]);
        for (phase, path) in drawn.paths.iter().enumerate().skip(1) {
            if LOOKS[phase].marks.is_empty() {
                self.path(&format!("p{phase}"), path);
            } else if !path.is_empty() {
                let _ = writeln!(self.out, "<path fill=\"url(#q{phase})\" d=\"{path}\"/>");
            }
        }
        self.path("y", &drawn.crosses);
        self.path("x", &drawn.crosses);
    }
}

/// Paths under construction, one for each phase.
#[derive(Default)]
struct Drawn {
    paths: [String; PHASES],
    crosses: String,
}

impl Drawn {
    fn wait(&mut self, from: usize, to: usize, y: usize) {
        let _ = write!(self.paths[0], "M{} {y}H{to}", from + 2);
    }

    fn rect(&mut self, phase: usize, x: (usize, usize), y: (usize, usize)) {
        let (left, right, top, below) = (x.0, x.1, y.0, y.1);
        let _ = write!(self.paths[phase], "M{left} {top}H{right}V{below}H{left}z");
    }

    /// Around a place, from there so many pixels to each side.
    fn cross(&mut self, x: usize, y: usize, arm: usize) {
        let (left, top, side) = (x - arm, y - arm, 2 * arm);
        let _ = write!(self.crosses, "M{left} {top}l{side} {side}m0-{side}l-{side} {side}");
    }
}

/// What is left free of a row.
fn gap(row: usize) -> usize {
    (row * 3 / 10).max(1)
}

/// What a request says when it is pointed at.
fn told(layout: &Layout<'_>, bar: &Bar) -> String {
    let (number, of) = bar.number;
    let name = name(layout.panel, bar.source);
    let (length, start) = (time(bar.length()), time(bar.start()));
    let mut text = format!("{name}: {number} of {of}, {length} from {start}");
    let mut mark = " (";
    for (phase, look) in LOOKS.iter().enumerate().filter(|(phase, _)| bar.phase(*phase) > 0) {
        let _ = write!(text, "{mark}{} {}", look.name, time(bar.phase(phase)));
        mark = ", ";
    }
    text += if mark == ", " { ")" } else { "" };
    text += if bar.ok { "" } else { ", failed" };
    text
}

/// What a lane says.
fn summed(layout: &Layout<'_>, lane: &Lane) -> String {
    let own = layout.of(lane);
    let failed = own.iter().filter(|bar| !bar.ok).count();
    let requests = count(own.len(), "request", "requests");
    format!("{}: {requests}, {failed} failed, {}", lane.name, time(lane.length))
}
