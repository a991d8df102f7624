//! Markup to plain text, white space, cutting, links.
//!
//! What comes out of here is safe on a terminal, in a log and in a page: no markup, no control
//! characters, no escape sequences, no bidirectional overrides.

use std::cell::Cell;

use crate::item::Text;

mod entity;
mod html;
mod link;
pub mod width;

pub use link::link;

/// Plain text from text that may hold HTML: tags dropped, entities resolved, controls and
/// bidirectional overrides removed, white space folded, at most `max` characters.
pub fn from_html(html: &str, max: usize) -> Text {
    let mut line = Line::new(max, html.len());
    html::strip(html, &mut line);
    line.finish()
}

/// Plain text from plain text: `<` and `&` stay as they are; the rest as in [`from_html`].
pub fn from_plain(text: &str, max: usize) -> Text {
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

/// What a byte is to [`Line::push_str`].
#[derive(Clone, Copy, PartialEq)]
enum Class {
    Plain,
    Space,
    Control,
    Wide,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' => Class::Space,
            0..0x20 | 0x7f => Class::Control,
            0x80.. => Class::Wide,
            _ => Class::Plain,
        };
        byte += 1;
    }
    classes
};

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
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() && !self.cut {
            let start = at;
            // A run of printable ASCII, with the single spaces in it.
            at += plain_words(&bytes[at..]);
            while at < bytes.len() {
                match CLASSES[usize::from(bytes[at])] {
                    Class::Plain => at += 1,
                    Class::Space if at > start && bytes[at] == b' ' && bytes[at - 1] != b' ' => {
                        at += 1
                    }
                    _ => break,
                }
            }
            if at > start {
                let ends_in_space = bytes[at - 1] == b' ';
                self.push_run(&text[start..at - usize::from(ends_in_space)]);
                self.space |= ends_in_space;
                continue;
            }
            match CLASSES[usize::from(bytes[at])] {
                Class::Wide => {
                    let Some(letter) = text[at..].chars().next() else { return };
                    self.push(letter);
                    at += letter.len_utf8();
                    if letter == CSI {
                        at += parameters(&bytes[at..]);
                    }
                }
                Class::Control => at += control(&bytes[at..]),
                _ => {
                    self.space = true;
                    at += 1;
                }
            }
        }
    }

    /// Printable ASCII that neither begins nor ends with a space, or is empty.
    fn push_run(&mut self, run: &str) {
        if run.is_empty() || !self.gap() {
            return;
        }
        let fits = run.len().min(self.room);
        self.text.push_str(&run[..fits]);
        self.room -= fits;
        self.cut = fits < run.len();
    }

    pub(crate) fn push(&mut self, letter: char) {
        if letter.is_whitespace() {
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

/// How many bytes at the beginning, in steps of eight, are printable ASCII with no more than single
/// spaces, the first of which is none. It may say less than there are.
fn plain_words(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Sets the high bit of the first byte that is zero, and perhaps of some after it.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let (mut length, mut after_space) = (0, 0x80);
    for chunk in bytes.chunks_exact(8) {
        let Ok(chunk) = chunk.try_into() else { break };
        let word = u64::from_le_bytes(chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let spaces = zero(word ^ (ONES * 0x20));
        let double = spaces & (spaces << 8 | after_space);
        if (word & HIGH) | control | zero(word ^ (ONES * 0x7f)) | double != 0 {
            break;
        }
        after_space = spaces >> 56;
        length += 8;
    }
    length
}

/// Marks that belong to the character before them.
fn joins(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// Characters that show nothing and can hide something: controls, bidirectional marks and
/// overrides (UAX #9), zero-width space and joiner-less marks, what no XML may hold, tags. The joiners U+200C and U+200D
/// stay, because Persian and emoji are written with them.
fn unwanted(letter: char) -> bool {
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
    fn long_runs_fold_as_short_ones_do() {
        for piece in ["a", "ab ", "a  b", " ", "!", " !", "\t", "\u{7f}", "é", "\u{1}", "~ ~"] {
            for before in 0..20 {
                let text = format!("{}{piece}{}", "x".repeat(before), "y z".repeat(9));
                let wanted = text.replace(['\u{7f}', '\u{1}'], "");
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
