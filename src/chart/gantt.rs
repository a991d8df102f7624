//! The same on a terminal.

use super::axis::Axis;
use super::lanes::{Bar, Layout, PHASES, more};
use super::{Chart, LOOKS};
use crate::format::Style;
use crate::text::{printable, width};

/// The width where nobody says, the narrowest and the widest.
const WIDTH: usize = 80;
const MIN_WIDTH: usize = 24;
const MAX_WIDTH: usize = 240;
/// Time has at least so much room, however long the names are.
const MIN_BAR: usize = 8;
/// More rounds are not shown,
const MAX_PANELS: usize = 12;
/// nor more lanes of one.
const MAX_LANES: usize = 40;

/// What is said takes no more lines.
const MAX_FOLDED: usize = 4;

/// What stands in a cell that is not a phase: the numbers go on from [`LOOKS`].
const FAILED: u8 = PHASES as u8;
const FINISH: u8 = FAILED + 1;
const DEADLINE: u8 = FAILED + 2;
const EMPTY: u8 = FAILED + 3;

/// The lines so far.
struct Page {
    out: String,
    axis: Axis,
    /// Columns of a name.
    gutter: usize,
    width: usize,
    colour: bool,
}

pub(super) fn draw(chart: &Chart, style: Style) -> String {
    let (layouts, gutter) = Layout::all(chart, MAX_PANELS, MAX_LANES);
    let width = style.width.unwrap_or(WIDTH).clamp(MIN_WIDTH, MAX_WIDTH);
    let gutter = gutter.min(width - MIN_BAR - 3);
    let room = width - gutter - 3;
    let axis = Axis::new(&layouts, room);
    let mut page = Page { out: String::new(), axis, gutter, width, colour: style.colour };
    page.line(&printable(&chart.title, 400), 1);
    let mut seen = 0;
    for layout in &layouts {
        seen |= page.panel(layout);
    }
    page.scale();
    page.legend(seen);
    page.line(&more(chart, MAX_PANELS), 2);
    page.out
}

impl Page {
    /// Returns what is seen, a bit for each.
    fn panel(&mut self, layout: &Layout<'_>) -> u32 {
        let mut seen = 0;
        self.line(&layout.name, 1);
        let deadline = layout.deadline.filter(|deadline| self.axis.has(*deadline));
        for lane in &layout.lanes {
            let mut cells = vec![EMPTY; self.axis.room + 1];
            self.stand(&mut cells, deadline, DEADLINE);
            self.stand(&mut cells, Some(layout.wall), FINISH);
            let bars = layout.of(lane);
            for bar in bars {
                if let Some((from, to)) = self.axis.wait(bar) {
                    cells[from..to].fill(0);
                }
            }
            bars.iter().for_each(|bar| self.bar(bar, &mut cells));
            cells.iter().for_each(|cell| seen |= 1 << cell);
            let name = width::cut(&lane.name, self.gutter);
            self.row(&name, &cells);
        }
        self.line(&layout.rest(), 2);
        self.line(&layout.closing(true), 0);
        seen
    }

    /// A line that stands in every lane.
    fn stand(&self, cells: &mut [u8], at: Option<u64>, what: u8) {
        if let Some(cell) = at.and_then(|at| cells.get_mut(self.axis.at(at))) {
            *cell = what;
        }
    }

    fn bar(&self, bar: &Bar, cells: &mut [u8]) {
        let mut last = 0;
        for (phase, from, to) in self.axis.pieces(bar) {
            last = to.min(cells.len());
            cells[from.min(last)..last].fill(phase as u8);
        }
        if let (false, Some(cell)) = (bar.ok, cells[..last].last_mut()) {
            *cell = FAILED;
        }
    }

    fn row(&mut self, name: &str, cells: &[u8]) {
        self.out += name;
        self.space(self.gutter - width::width(name).min(self.gutter) + 1);
        let end = cells.iter().rposition(|cell| *cell != EMPTY).map_or(0, |at| at + 1);
        for run in cells[..end].chunk_by(|a, b| a == b) {
            let (glyph, sgr) = glyph(run[0]);
            self.paint(sgr, &String::from(glyph).repeat(run.len()));
        }
        self.out.push('\n');
    }

    /// The time axis.
    fn scale(&mut self) {
        let most = self.axis.room / 10;
        let mut line = String::new();
        for (x, label) in self.axis.ticks(most) {
            let gap = x.saturating_sub(width::width(&line));
            if x > 0 && gap == 0 || x + width::width(&label) + 1 > self.axis.room + 1 {
                break;
            }
            line += &" ".repeat(gap);
            line.push('╵');
            line += &label;
        }
        if !line.is_empty() {
            self.space(self.gutter + 1);
            self.line(&line, 2);
        }
    }

    fn legend(&mut self, seen: u32) {
        let mut line = String::new();
        for what in (0..EMPTY).filter(|what| seen & (1 << what) != 0) {
            let name = match what {
                FAILED => "failed",
                FINISH => "finish",
                DEADLINE => "deadline",
                phase => LOOKS[usize::from(phase)].name,
            };
            let gap = if line.is_empty() { "" } else { "  " };
            line += &format!("{gap}{} {name}", glyph(what).0);
        }
        self.line(&line, 2);
    }

    fn line(&mut self, text: &str, sgr: u8) {
        for line in width::fold(text, self.width, MAX_FOLDED) {
            self.paint(sgr, &line);
            self.out.push('\n');
        }
    }

    fn space(&mut self, columns: usize) {
        self.out.extend(std::iter::repeat_n(' ', columns));
    }

    fn paint(&mut self, sgr: u8, text: &str) {
        match self.colour && sgr > 0 {
            true => self.out += &format!("\x1b[{sgr}m{text}\x1b[0m"),
            false => self.out += text,
        }
    }
}

fn glyph(cell: u8) -> (char, u8) {
    match cell {
        FAILED => ('✗', 91),
        FINISH => ('│', 0),
        DEADLINE => ('┊', 31),
        EMPTY => (' ', 0),
        phase => (LOOKS[usize::from(phase)].glyph, LOOKS[usize::from(phase)].sgr),
    }
}
