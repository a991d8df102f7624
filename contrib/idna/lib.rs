//! Names of hosts outside ASCII, without Unicode's tables.
//!
//! `url` asks `idna`, and `idna` asks a crate of this name what UTS #46 says of a character. The one
//! on crates.io brings 150 kB of tables; an aggregator needs the part that hosts in feeds are
//! written with: any letters, capital or small, composed or not, full-width ASCII, other full
//! stops. `https://Bücher.example/` leads to `xn--bcher-kva.example`, as in a browser.
//!
//! What is left out makes a name that nobody has registered, never a wrong host in ASCII: letters
//! in disguise (`ﬁ`, `①`, half-width katakana) stay what they are, and the rules for scripts written from
//! right to left, which registries hold, are not checked again.

mod compose;

use compose::COMPOSED;

/// Not allowed in a name.
const REFUSED: char = char::REPLACEMENT_CHARACTER;

/// What `idna` asks.
pub struct Adapter(());

impl Default for Adapter {
    fn default() -> Self {
        Self::new()
    }
}

impl Adapter {
    pub const fn new() -> Self {
        Adapter(())
    }

    /// Whether a joiner may follow (RFC 5892 appendix A.1): the Indic viramas.
    pub fn is_virama(&self, c: char) -> bool {
        matches!(c, '\u{900}'..='\u{d7f}' if u32::from(c) & 0x7f == 0x4d) || c == '\u{dca}'
    }

    /// Whether no label may begin so: the marks that are known here.
    pub fn is_mark(&self, c: char) -> bool {
        matches!(c, '\u{300}'..='\u{36f}') || class(c).is_some_and(|class| class > 0)
    }

    pub fn bidi_class(&self, _: char) -> BidiClass {
        BidiClass(())
    }

    pub fn joining_type(&self, c: char) -> JoiningType {
        match c {
            '\u{64b}'..='\u{65f}' | '\u{670}' => JoiningType::Transparent,
            '\u{620}'..='\u{77f}' | '\u{8a0}'..='\u{8c7}' => JoiningType::Joining,
            _ => JoiningType::None,
        }
    }

    /// Small letters, composed (UTS #46 §4, steps 1 and 2); what is refused is U+FFFD.
    pub fn map_normalize<'a, I: Iterator<Item = char> + 'a>(
        &'a self,
        chars: I,
    ) -> impl Iterator<Item = char> + 'a {
        let mut name = Name::default();
        chars.for_each(|c| map(c, &mut name));
        name.close();
        name.done.into_iter()
    }

    /// The same of a label that came in Punycode: `idna` refuses it if anything is different now.
    pub fn normalize_validate<'a, I: Iterator<Item = char> + 'a>(
        &'a self,
        chars: I,
    ) -> impl Iterator<Item = char> + 'a {
        self.map_normalize(chars)
    }
}

/// UTS #46 §5, as far as it matters to names that exist.
fn map(c: char, name: &mut Name) {
    match c {
        // A soft hyphen, what has no width, variants of a glyph: ignored.
        '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{2064}' | '\u{feff}' => {}
        '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' => {}
        // A key of many keyboards, for the Greek letter; iota below another letter.
        '\u{b5}' => name.push('\u{3bc}'),
        '\u{345}' => name.push('\u{3b9}'),
        '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => name.push('.'),
        '\u{ff01}'..='\u{ff5e}' => {
            let ascii = char::from_u32(u32::from(c) - 0xfee0).unwrap_or(REFUSED);
            name.push(ascii.to_ascii_lowercase());
        }
        c if refused(c) => name.push(REFUSED),
        c => c.to_lowercase().for_each(|c| name.push(c)),
    }
}

/// Controls, space, marks of direction, private use, and what is no character.
fn refused(c: char) -> bool {
    c.is_control()
        || c.is_whitespace()
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2061}'..='\u{206f}')
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{ffff}')
        || c >= '\u{40000}'
}

/// Normalization Form C (UAX #15), character by character.
#[derive(Default)]
struct Name {
    done: Vec<char>,
    /// What stands upon the last letter, with its Canonical_Combining_Class.
    marks: Vec<(u8, char)>,
}

impl Name {
    fn push(&mut self, c: char) {
        match class(c) {
            Some(class) if class > 0 => self.marks.push((class, c)),
            _ => {
                let alone = self.marks.is_empty();
                self.close();
                if !alone || !self.join(c) {
                    self.done.push(c);
                }
            }
        }
    }

    /// Puts the marks in their order and upon their letter.
    fn close(&mut self) {
        let marks = std::mem::take(&mut self.marks);
        let letter = self.done.len();
        let (mut blocked, mut after) = (0, 0);
        // Class by class: the standard library's sort is larger than all of this.
        while let Some(class) = marks.iter().map(|mark| mark.0).filter(|&class| class > after).min() {
            for &(_, mark) in marks.iter().filter(|mark| mark.0 == class) {
                let kept = self.done.split_off(letter);
                let joined = blocked < class && self.join(mark);
                self.done.extend(kept);
                if !joined {
                    self.done.push(mark);
                    blocked = class;
                }
            }
            after = class;
        }
    }

    /// Whether the last letter and this are one.
    fn join(&mut self, c: char) -> bool {
        let Some(last) = self.done.last_mut() else { return false };
        let joined = composed(*last, c).or_else(|| syllable(*last, c));
        *last = joined.unwrap_or(*last);
        joined.is_some()
    }
}

/// The Canonical_Combining_Class of what composes.
fn class(mark: char) -> Option<u8> {
    COMPOSED.iter().find(|(known, ..)| *known == mark).map(|(_, class, _)| *class)
}

fn composed(letter: char, mark: char) -> Option<char> {
    let (_, _, pairs) = COMPOSED.iter().find(|(known, ..)| *known == mark)?;
    let mut pairs = pairs.chars();
    while let (Some(from), Some(to)) = (pairs.next(), pairs.next()) {
        if from == letter {
            return Some(to);
        }
    }
    None
}

/// Hangul is composed by arithmetic (The Unicode Standard §3.12).
fn syllable(first: char, next: char) -> Option<char> {
    let (first, next) = (u32::from(first), u32::from(next));
    match (first, next) {
        (0x1100..=0x1112, 0x1161..=0x1175) => {
            char::from_u32(0xac00 + ((first - 0x1100) * 21 + next - 0x1161) * 28)
        }
        (0xac00..=0xd7a3, 0x11a8..=0x11c2) if (first - 0xac00) % 28 == 0 => {
            char::from_u32(first + next - 0x11a7)
        }
        _ => None,
    }
}

/// How Arabic letters join, as far as RFC 5892 appendix A.1 asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JoiningType {
    None,
    Joining,
    Transparent,
}

impl JoiningType {
    pub fn to_mask(self) -> JoiningTypeMask {
        JoiningTypeMask(self == JoiningType::Joining)
    }

    pub fn is_transparent(self) -> bool {
        self == JoiningType::Transparent
    }
}

#[derive(Clone, Copy)]
pub struct JoiningTypeMask(bool);

impl JoiningTypeMask {
    pub fn intersects(self, other: JoiningTypeMask) -> bool {
        self.0 && other.0
    }
}

pub const LEFT_OR_DUAL_JOINING_MASK: JoiningTypeMask = JoiningTypeMask(true);
pub const RIGHT_OR_DUAL_JOINING_MASK: JoiningTypeMask = JoiningTypeMask(true);

/// The direction of writing: not looked at.
#[derive(Clone, Copy)]
pub struct BidiClass(());

impl BidiClass {
    pub fn to_mask(self) -> BidiClassMask {
        BidiClassMask(true)
    }

    pub fn is_ltr(self) -> bool {
        true
    }

    pub fn is_nonspacing_mark(self) -> bool {
        false
    }

    pub fn is_european_number(self) -> bool {
        false
    }

    pub fn is_arabic_number(self) -> bool {
        false
    }
}

#[derive(Clone, Copy)]
pub struct BidiClassMask(bool);

impl BidiClassMask {
    pub fn intersects(self, other: BidiClassMask) -> bool {
        self.0 && other.0
    }
}

/// No name is one in which direction matters.
pub const RTL_MASK: BidiClassMask = BidiClassMask(false);
pub const FIRST_BC_MASK: BidiClassMask = BidiClassMask(true);
pub const LAST_LTR_MASK: BidiClassMask = BidiClassMask(true);
pub const LAST_RTL_MASK: BidiClassMask = BidiClassMask(true);
pub const MIDDLE_LTR_MASK: BidiClassMask = BidiClassMask(true);
pub const MIDDLE_RTL_MASK: BidiClassMask = BidiClassMask(true);
