//! When which request was under way: as a picture, and as lines on a terminal. Pure.

use std::time::Duration;

use crate::format::Style;
use crate::round::Span;

/// Rounds above each other, on one time axis.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// What stands above the picture.
    pub title: String,
    /// One or two sentences for who does not see it.
    pub about: String,
    /// From top to bottom.
    pub panels: Vec<Panel>,
}

/// One round.
#[derive(Clone, Debug, Default)]
pub struct Panel {
    /// What it is called beside the others; empty if it is alone.
    pub name: String,
    /// The names of the sources, as [`Span::source`] counts them.
    pub sources: Vec<String>,
    /// One for each request, in any order; their times count as `began` does.
    pub spans: Vec<Span>,
    /// What a lane is.
    pub lanes: Lanes,
    /// When the round began …
    pub began: Duration,
    /// … and when its last answer was read.
    pub ended: Duration,
    /// Until when it might have lasted, if that is to be shown.
    pub deadline: Option<Duration>,
}

/// What the lines of a picture stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lanes {
    /// A lane for each source that was asked.
    #[default]
    Sources,
    /// A lane for each worker: as many as were ever busy at once.
    Workers,
}

/// The picture as a document of its own (SVG 1.1).
pub fn svg(_chart: &Chart) -> String {
    String::new()
}

/// The same for a terminal, a line for each lane.
pub fn gantt(_chart: &Chart, _style: Style) -> String {
    String::new()
}
