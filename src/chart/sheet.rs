//! What every picture is wrapped in: paper, colours and patterns are its own, and it asks for
//! nothing.

use std::borrow::Cow;
use std::fmt::Write;

use super::lanes::{Layout, PHASES};
use super::{Chart, LOOKS};
use crate::format::escaped;
use crate::text::unwanted;

/// Of every picture.
pub(super) const WIDTH: usize = 800;

/// Fonts that are there already. Of the second every character is no wider than 7.5 pixels.
const FONTS: [&str; 2] = [
    "system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif",
    "ui-monospace,SFMono-Regular,Menlo,Consolas,Liberation Mono,monospace",
];

/// On light, on dark: paper, ink, what is said in passing, lines of the grid.
const INKS: [[u32; 4]; 2] =
    [[0xffffff, 0x1f2328, 0x59636e, 0xd8dee4], [0x0d1117, 0xf0f6fc, 0x9198a1, 0x30363d]];

/// The root, what is said to who does not see it, colours and patterns, around what is drawn, so
/// high, in lanes of such a pitch.
pub(super) fn around(
    drawn: &str,
    (height, pitch): (usize, usize),
    chart: &Chart,
    layouts: &[Layout<'_>],
    seen: &[bool; PHASES],
) -> String {
    let mut out = String::new();
    let title = match &*chart.title {
        "" => "When which request was under way",
        title => title,
    };
    let mut about = chart.about.clone();
    for layout in layouts {
        let gap = if about.is_empty() { "" } else { " " };
        let colon = if layout.name.is_empty() { "" } else { ": " };
        let _ = write!(about, "{gap}{}{colon}{}.", layout.name, layout.closing(true));
    }
    let (title, about) = (clean(title), clean(&about));
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title about\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"about\">{about}</desc>\n<style>\n\
         text{{font:12px {mono}}}\n.t,.p,.c{{font:600 17px {sans}}}.p{{font-size:14px}}\
         .c{{font:13px {sans}}}\n.e{{text-anchor:end}}.m{{text-anchor:middle}}\
         .n{{font-size:{size}px}}\n.w,.x,.y,.g,.a,.f,.d,.k{{fill:none}}\
         .w{{stroke-width:{dot};stroke-dasharray:0 5;stroke-linecap:round}}\
         .x{{stroke-width:2}}.y{{stroke-width:5}}.f,.d{{stroke-width:1.5}}\
         .d{{stroke-dasharray:6 3}}.h{{fill:none;pointer-events:all}}",
        mono = FONTS[1],
        sans = FONTS[0],
        size = pitch.clamp(12, 14) - 2,
        dot = if pitch < 8 { 1 } else { 2 },
    );
    for (at, inks) in INKS.iter().enumerate() {
        out += ["", "@media(prefers-color-scheme:dark){\n"][at];
        let [paper, ink, pale, grid] = inks;
        let _ = writeln!(
            out,
            ".b{{fill:#{paper:06x}}}.k,.y{{stroke:#{paper:06x}}}text{{fill:#{ink:06x}}}\
             .x,.f,.d{{stroke:#{ink:06x}}}.l{{fill:#{pale:06x}}}.a{{stroke:#{pale:06x}}}\
             .g{{stroke:#{grid:06x}}}\
             .w{{stroke:#{:06x}}}",
            LOOKS[0].colours[at]
        );
        for (phase, look) in LOOKS.iter().enumerate().skip(1).filter(|(n, _)| seen[*n]) {
            let _ = write!(out, ".p{phase}{{fill:#{:06x}}}", look.colours[at]);
        }
        out += ["\n", "}\n</style>\n<defs>\n"][at];
    }
    for (phase, look) in
        LOOKS.iter().enumerate().skip(1).filter(|(n, look)| seen[*n] && !look.marks.is_empty())
    {
        let _ = writeln!(
            out,
            "<pattern id=\"q{phase}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
             <path class=\"p{phase}\" d=\"M0 0h6v6H0z\"/><path class=\"k\" d=\"{}\"/>\
             </pattern>",
            look.marks
        );
    }
    let _ =
        writeln!(out, "</defs>\n<path class=\"b\" d=\"M0 0h{WIDTH}v{height}H0z\"/>\n{drawn}</svg>");
    out
}

/// For an element's text.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    escaped(text, unwanted)
}
