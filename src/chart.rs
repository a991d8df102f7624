//! When which request was under way: as a picture, and as lines on a terminal. Pure.

use std::time::Duration;

use crate::format::Style;
use crate::round::Span;

mod axis;
mod gantt;
mod lanes;
mod sheet;
mod svg;

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
pub fn svg(chart: &Chart) -> String {
    svg::draw(chart)
}

/// The same for a terminal, a line for each lane.
pub fn gantt(chart: &Chart, style: Style) -> String {
    gantt::draw(chart, style)
}

/// How a phase is shown. No two are alike in grey, or to who confuses colours (Okabe and Ito's
/// palette, darker where it has to stand out from white).
struct Look {
    name: &'static str,
    /// On a terminal.
    glyph: char,
    /// There, in colour: the parameter of SGR.
    sgr: u8,
    /// On white and on black.
    colours: [u32; 2],
    /// What a tile of six by six is crossed with.
    marks: &'static str,
}

/// In the order of [`lanes::Bar::edges`].
const LOOKS: [Look; lanes::PHASES] = [
    look("wait", '·', 2, [0x6e7781, 0x9198a1], ""),
    look("resolve", '░', 35, [0x882255, 0xe8a0c8], "M1 0v6M4 0v6"),
    look("connect", '▒', 32, [0x009e73, 0x009e73], "M-1 1 1-1M0 6 6 0M5 7 7 5"),
    look("TLS", '▓', 33, [0xc98500, 0xf0c040], "M0 3h6M3 0v6"),
    look("first byte", '━', 34, [0x0072b2, 0x56b4e9], ""),
    look("body", '█', 31, [0xb33c00, 0xe06a10], "M-1 5 1 7M0 0 6 6M5-1 7 1"),
    look("other", '─', 2, [0x6e7781, 0x9198a1], "M0 3h6"),
];

const fn look(
    name: &'static str,
    glyph: char,
    sgr: u8,
    colours: [u32; 2],
    marks: &'static str,
) -> Look {
    Look { name, glyph, sgr, colours, marks }
}
