//! The time axis that all rounds share, and what of a request is seen on it.

use super::lanes::{Bar, Layout, PHASES};

/// No more ticks than this, the first not counted.
pub(super) const MAX_TICKS: usize = 10;

/// Time from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// What there is room for, in microseconds; never zero.
    pub longest: u64,
    /// Pixels or columns for it.
    pub room: usize,
}

/// A run of pixels or columns: the phase, from, to.
pub(super) type Piece = (usize, usize, usize);

impl Axis {
    /// For all that is to be seen. A deadline far behind everything is not.
    pub fn new(layouts: &[Layout<'_>], room: usize) -> Axis {
        let ends = layouts.iter().map(|layout| layout.wall.max(layout.last));
        let longest = ends.max().unwrap_or(0).max(1);
        let deadlines = layouts.iter().filter_map(|layout| layout.deadline);
        let near = deadlines.filter(|deadline| *deadline <= longest + longest / 2);
        Axis { longest: longest.max(near.max().unwrap_or(0)), room }
    }

    /// Where a moment is, rounded to the nearest.
    pub fn at(&self, micros: u64) -> usize {
        ((micros * self.room as u64 + self.longest / 2) / self.longest) as usize
    }

    /// Whether a moment is on it.
    pub fn has(&self, micros: u64) -> bool {
        micros <= self.longest
    }

    /// Round moments, no more than `most` after zero, and what they are called. None if nothing
    /// happened.
    pub fn ticks(&self, most: usize) -> Vec<(usize, String)> {
        if self.longest == 1 {
            return Vec::new();
        }
        let step = self.step(most.clamp(1, MAX_TICKS) as u64);
        (0..=self.longest / step).map(|n| (self.at(n * step), self.label(n * step))).collect()
    }

    /// The least of 1, 2, 5, 10, 20 … that does not come too often.
    fn step(&self, most: u64) -> u64 {
        let mut ten = 1;
        loop {
            for step in [ten, 2 * ten, 5 * ten] {
                if self.longest / step <= most {
                    return step;
                }
            }
            ten *= 10;
        }
    }

    fn label(&self, micros: u64) -> String {
        let (unit, name) = match self.longest {
            ..1_000 => (1, "µs"),
            1_000..1_000_000 => (1_000, "ms"),
            _ => (1_000_000, "s"),
        };
        let whole = micros / unit;
        match micros % unit * 10 / unit {
            0 => format!("{whole} {name}"),
            tenth => format!("{whole}.{tenth} {name}"),
        }
    }

    /// The wait of a request, if any of it is seen.
    pub fn wait(&self, bar: &Bar) -> Option<(usize, usize)> {
        let (from, to) = (self.at(bar.ready), self.at(bar.start()));
        (from < to).then_some((from, to))
    }

    /// What is seen of a request, its wait apart; something always is. What is shorter than half a
    /// pixel goes into the phase after it.
    pub fn pieces(&self, bar: &Bar) -> Vec<Piece> {
        let mut from = self.at(bar.start());
        let end = self.at(bar.end()).max(from + 1);
        let mut pieces: Vec<Piece> = Vec::new();
        for phase in 1..PHASES {
            let to = self.at(bar.edges[phase]);
            if bar.phase(phase) * 2 * self.room as u64 >= self.longest && to > from {
                pieces.push((phase, from, to));
                from = to;
            }
        }
        match pieces.last_mut() {
            Some(last) => last.2 = end,
            None => pieces.push((longest(bar), from, end)),
        }
        pieces
    }
}

/// Its longest phase, the later if several are.
fn longest(bar: &Bar) -> usize {
    (1..PHASES).max_by_key(|phase| bar.phase(*phase)).unwrap_or(PHASES - 1)
}
