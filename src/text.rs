//! Markup to plain text, white space, cutting, links.
//!
//! What comes out of here is safe on a terminal, in a log and in a page: no markup, no control
//! characters, no escape sequences, no bidirectional overrides.

use std::cell::Cell;

use crate::item::Text;

mod entity;
mod html;
mod link;
mod run;
pub mod width;

pub(crate) use entity::{MAX_REFERENCE, reference, surrogates};
pub use link::link;

/// Plain text from text that may hold HTML: tags dropped, entities resolved, controls and
/// bidirectional overrides removed, white space folded, at most `max` characters.
pub fn from_html(html: &str, max: usize) -> Text {
    if run::is_plain::<true>(html, max) {
        return html.into();
    }
    let mut line = Line::new(max, html.len());
    html::strip(html, &mut line);
    line.finish()
}

/// Plain text from text that is HTML at some publishers and plain at others: titles, names, tags. References
/// are resolved. A tag counts where its element is closed somewhere in the text, and where it has the form of
/// a void element or of one within a line: the others (`Vec<T>`, `<dialog>`, `a <b and c> d`) are text.
pub fn from_maybe_html(text: &str, max: usize) -> Text {
    if run::is_plain::<true>(text, max) {
        return text.into();
    }
    let mut line = Line::new(max, text.len());
    html::strip_evident(text, &mut line);
    line.finish()
}

/// Plain text from plain text: `<` and `&` stay as they are; the rest as in [`from_html`].
pub fn from_plain(text: &str, max: usize) -> Text {
    if run::is_plain::<false>(text, max) {
        return text.into();
    }
    let mut line = Line::new(max, text.len());
    line.push_str(text);
    line.finish()
}

/// One line that is safe on a terminal, in a log and in an error: controls, escape sequences
/// and bidirectional marks removed, white space folded, at most `max` characters.
pub fn printable(text: &str, max: usize) -> String {
    from_plain(text, max).into()
}

/// Text under construction: folded, cleaned, bounded.
pub(crate) struct Line {
    text: String,
    /// Characters that may still be added.
    room: usize,
    /// White space that is written only if more text follows.
    space: bool,
    /// More came than there was room for.
    cut: bool,
}

/// The one-character beginning of a control sequence (ECMA-48 §5.4).
const CSI: char = '\u{9b}';
/// No sequence that a terminal knows is longer; more is not looked through.
const MAX_SEQUENCE: usize = 256;

/// How long the control character or terminal sequence is that `bytes` begin with.
fn control(bytes: &[u8]) -> usize {
    match bytes {
        [0x1b, b'[', rest @ ..] => 2 + parameters(rest),
        // Strings: OSC, DCS, PM, APC, SOS. They end with BEL or ESC \.
        [0x1b, b']' | b'P' | b'^' | b'_' | b'X', rest @ ..] => {
            let rest = &rest[..rest.len().min(MAX_SEQUENCE)];
            let bell = rest.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
            let end = rest.windows(2).position(|two| two == b"\x1b\\").map(|at| at + 2);
            2 + bell.into_iter().chain(end).min().unwrap_or(0)
        }
        [0x1b, 0x20..=0x7e, ..] => 2,
        _ => 1,
    }
}

/// How long the parameters and the final byte of a control sequence are.
fn parameters(bytes: &[u8]) -> usize {
    let count = bytes.iter().take(MAX_SEQUENCE).take_while(|b| matches!(b, 0x20..=0x3f)).count();
    match bytes.get(count) {
        Some(0x40..=0x7e) => count + 1,
        _ => 0,
    }
}

impl Line {
    /// For at most `max` characters, made from so many bytes.
    fn new(max: usize, bytes: usize) -> Line {
        let mut text = SCRATCH.take();
        text.reserve(bytes.min(max));
        Line { text, room: max, space: false, cut: false }
    }

    /// Whether anything added would be cut off.
    pub(crate) fn full(&self) -> bool {
        self.cut
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.push_up_to::<false>(text, 0);
    }

    /// Text from `at` on; in HTML up to the next `<` or `&`. Returns how far it came.
    fn push_up_to<const HTML: bool>(&mut self, text: &str, mut at: usize) -> usize {
        let bytes = text.as_bytes();
        while at < bytes.len() && !self.cut {
            let run = run::plain::<HTML>(&bytes[at..]);
            if run.length > 0 {
                self.push_run(&text[at..at + run.length], run.letters);
                at += run.length;
                continue;
            }
            match bytes[at] {
                b'<' | b'&' if HTML => break,
                b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' => {
                    self.space = true;
                    at += 1;
                }
                0..0x80 => at += control(&bytes[at..]),
                _ => {
                    let Some(letter) = text[at..].chars().next() else { break };
                    at += letter.len_utf8();
                    match if letter == CSI { parameters(&bytes[at..]) } else { 0 } {
                        0 => self.push(letter),
                        sequence => at += sequence,
                    }
                }
            }
        }
        at
    }

    /// What needs no change, of so many letters, but perhaps for a space at its end.
    fn push_run(&mut self, run: &str, letters: usize) {
        let (run, letters, space) = match run.as_bytes() {
            [before @ .., b' '] => (&run[..before.len()], letters - 1, true),
            _ => (run, letters, false),
        };
        if !self.gap() {
            return;
        }
        if letters <= self.room {
            self.text.push_str(run);
            self.room -= letters;
        } else {
            self.text.extend(run.chars().take(self.room));
            self.room = 0;
            self.cut = true;
        }
        self.space = space;
    }

    pub(crate) fn push(&mut self, letter: char) {
        let letter = match letter {
            // But U+0085, which is white space in Unicode.
            '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' => entity::scalar(letter.into()),
            letter => letter,
        };
        // A control that is left of those stood between letters: half of one that was decoded
        // twice, or a mark of format.
        if letter.is_whitespace() || matches!(letter, '\u{80}'..='\u{9f}') {
            self.space = true;
        } else if !unwanted(letter) && self.gap() {
            match self.room.checked_sub(1) {
                Some(room) => {
                    self.text.push(letter);
                    self.room = room;
                }
                None => self.cut = true,
            }
        }
    }

    pub(crate) fn push_space(&mut self) {
        self.space = true;
    }

    /// Writes the white space that is due. False when there is no room left.
    #[inline(always)]
    fn gap(&mut self) -> bool {
        if std::mem::take(&mut self.space) && !self.text.is_empty() {
            match self.room.checked_sub(1) {
                Some(room) => {
                    self.text.push(' ');
                    self.room = room;
                }
                None => self.cut = true,
            }
        }
        !self.cut
    }

    fn finish(mut self) -> Text {
        if self.cut {
            // The mark takes the place of the last character, and of what belongs to it.
            while self.text.pop().is_some_and(joins) {}
            self.text.truncate(self.text.trim_end().len());
            self.text.push('…');
        }
        let text = Text::from(self.text.as_str());
        if self.text.capacity() <= MAX_SCRATCH {
            self.text.clear();
            SCRATCH.set(self.text);
        }
        text
    }
}

/// A larger buffer is not kept for the next text.
const MAX_SCRATCH: usize = 64 << 10;

thread_local! {
    /// Where the next text is made. Made in place and cut to its size, each would leave a hole in
    /// the heap.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// Marks that belong to the character before them.
fn joins(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Characters that show nothing and can hide something: controls, bidirectional marks and
/// overrides (UAX #9), zero-width space and joiner-less marks, what no XML may hold, tags. The joiners U+200C and U+200D
/// stay, because Persian and emoji are written with them.
pub(crate) fn unwanted(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_folded_and_what_hides_is_dropped() {
        assert_eq!(&*from_plain("  a \t\r\n b\u{a0}\u{2028}c ", 99), "a b c");
        assert_eq!(&*from_plain("a\u{1b}[31mb\u{7f}\u{0}\u{9b}2Jc", 99), "abc");
        assert_eq!(
            &*from_plain("a\u{1b}]0;title\u{7}b\u{1b}]8;;x\u{1b}\\c\u{1b}(Bd\u{1b}]e", 99),
            "abcBde"
        );
        assert_eq!(&*from_plain("a\u{202e}b\u{2066}c\u{feff}\u{200b}d\u{ad}e", 99), "abcde");
        assert_eq!(&*from_plain("a < b & c", 99), "a < b & c");
        assert_eq!(
            &*from_plain("👩\u{200d}🚀 می\u{200c}خواهم", 99),
            "👩\u{200d}🚀 می\u{200c}خواهم"
        );
        assert_eq!(&*from_plain("", 99), "");
        assert_eq!(&*from_plain(" \n ", 99), "");
    }

    #[test]
    fn controls_of_c1_are_letters_of_windows_1252_or_gaps() {
        assert_eq!(
            &*from_plain("don\u{92}t\u{85}\u{93}x\u{94}", 99),
            "don\u{2019}t \u{201c}x\u{201d}"
        );
        assert_eq!(&*from_plain("Ð\u{9d}Ð\u{81} Ñ\u{90}\u{8d}", 99), "Ð Ð Ñ");
        assert_eq!(&*from_plain("Ð\u{9b}Ð\u{9b}", 99), "Ð›Ð›");
        assert_eq!(&*from_html("&#x81;a&#x9b;31m", 99), "a›31m");
    }

    #[test]
    fn long_runs_fold_as_short_ones_do() {
        for piece in [
            "a", "ab ", "a  b", " ", "!", " !", "\t", "\u{7f}", "é", " é ", "é  é", "…", "\u{1}",
            "~ ~", "👍 ", "\u{feff}", "\u{2028}", "\u{a0}",
        ] {
            for before in 0..20 {
                let text = format!("{}{piece}{}", "x".repeat(before), "y z".repeat(9));
                let wanted = text.replace(['\u{7f}', '\u{1}', '\u{feff}'], "");
                let wanted = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
                assert_eq!(&*from_plain(&text, 99), wanted, "{text:?}");
            }
        }
    }

    #[test]
    fn no_more_than_max_characters_come_out() {
        assert_eq!(&*from_plain("abcdef", 6), "abcdef");
        assert_eq!(&*from_plain("abcdefg", 6), "abcde…");
        assert_eq!(&*from_plain("ab cdefg", 4), "ab…");
        assert_eq!(&*from_plain("ééééé", 3), "éé…");
        assert_eq!(&*from_plain("abcdef   ", 6), "abcdef");
        for max in 1..40 {
            let text = from_html("one <b>two</b> thr\u{301}ee &amp; f\u{200d}our 👍🏽 fünf", max);
            assert!(text.chars().count() <= max, "{text} at {max}");
        }
    }
}
