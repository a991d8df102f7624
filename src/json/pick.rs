//! What pointers lead to, picked up while a document streams by.
//!
//! All pointers walk together: those that are still on the way are bits of a word, so that what no
//! pointer leads to is skipped without being looked at.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::Pointer;
use super::pointer::Token;
use super::shape::{Shape, Visit};
use crate::item::{MAX_LIST, MAX_SUMMARY};

/// No more pointers walk together than a word has bits.
pub const MAX_SLOTS: usize = 64;
/// Of no value more than so many bytes are kept: HTML that comes to no more than a summary.
pub const MAX_VALUE: usize = 16 * MAX_SUMMARY;
/// Where an object that stands for a person or a topic has its name, the best first.
const NAMES: [&str; 6] = ["display_name", "displayName", "name", "title", "label", "username"];

/// Pointers, and what each is to bring.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slots {
    pointers: Vec<Pointer>,
    /// A bit for each that brings a list.
    lists: u64,
    /// A bit for each that is a flag.
    flags: u64,
}

/// What a pointer is to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bring {
    /// The first string or number that is not empty.
    Value,
    /// Up to [`MAX_LIST`] of them: a string, all of an array, and of an object its name.
    List,
    /// One word where there is `true`, an object or an array, and nothing elsewhere.
    Flag,
}

/// What was found, for each pointer in the order they were added.
pub type Found = Vec<Vec<String>>;

impl Slots {
    /// One more pointer; its number, or `None` if there are [`MAX_SLOTS`] already.
    pub fn add(&mut self, pointer: Pointer, bring: Bring) -> Option<usize> {
        let number = Some(self.pointers.len()).filter(|number| *number < MAX_SLOTS)?;
        self.pointers.push(pointer);
        self.lists |= u64::from(bring == Bring::List) << number;
        self.flags |= u64::from(bring == Bring::Flag) << number;
        Some(number)
    }

    /// Room for what is found.
    pub fn room(&self) -> Found {
        vec![Vec::new(); self.pointers.len()]
    }

    /// Reads a value from its beginning.
    pub(super) fn walk<'a>(&'a self, found: &'a mut Found) -> Walk<'a> {
        found.iter_mut().for_each(Vec::clear);
        let mut walk = Walk { slots: self, found, depth: 0, here: 0, below: 0, wanted: false };
        for (number, pointer) in self.pointers.iter().enumerate() {
            match pointer.tokens() {
                [] => walk.here |= 1 << number,
                _ => walk.below |= 1 << number,
            }
        }
        walk
    }
}

/// One value, and the pointers that lead to it or into it.
pub(super) struct Walk<'a> {
    slots: &'a Slots,
    found: &'a mut Found,
    depth: usize,
    /// A bit for each pointer that ends here.
    here: u64,
    /// A bit for each that goes on.
    below: u64,
    /// Whether the text of the value is wanted beside all that, as a name.
    wanted: bool,
}

impl Walk<'_> {
    /// Those that go on to a key or a place in an array: which end there, and which do not.
    fn onward(&self, leads: impl Fn(&Token) -> bool) -> (u64, u64) {
        let (mut here, mut below) = (0, 0);
        for number in bits(self.below) {
            let tokens = self.slots.pointers[number].tokens();
            if leads(&tokens[self.depth]) {
                let ends = if tokens.len() == self.depth + 1 { &mut here } else { &mut below };
                *ends |= 1 << number;
            }
        }
        (here, below)
    }

    fn child(&mut self, here: u64, below: u64, wanted: bool) -> Visit<Walk<'_>> {
        let depth = self.depth + 1;
        Visit(Walk { slots: self.slots, found: self.found, depth, here, below, wanted })
    }

    /// A string, or a number as it is written.
    fn put(mut self, text: &str) -> Option<String> {
        let text = beginning(text, MAX_VALUE);
        if text.trim().is_empty() {
            return None;
        }
        self.keep(self.here & !self.slots.flags, text);
        self.wanted.then(|| text.to_owned())
    }

    /// Something that is there.
    fn flag(&mut self) {
        self.keep(self.here & self.slots.flags, "true");
    }

    fn keep(&mut self, ends: u64, text: &str) {
        for number in bits(ends) {
            let most = if self.slots.lists >> number & 1 == 1 { MAX_LIST } else { 1 };
            let values = &mut self.found[number];
            if values.len() < most {
                values.push(text.to_owned());
            }
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let number = (word != 0).then_some(word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(number)
    })
}

/// The beginning of a text, of at most so many bytes.
fn beginning(text: &str, most: usize) -> &str {
    let ends = (0..=most.min(text.len())).rev();
    let end = ends.into_iter().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

impl<'de> Shape<'de> for Walk<'_> {
    /// The text, where it was wanted as a name.
    type Value = Option<String>;

    fn text(self, text: &str) -> Option<String> {
        self.put(text)
    }
    fn integer(self, number: i128) -> Option<String> {
        self.put(&number.to_string())
    }
    fn float(self, number: f64) -> Option<String> {
        self.put(&number.to_string())
    }
    fn boolean(mut self, is: bool) -> Option<String> {
        if is {
            self.flag();
        }
        None
    }

    fn array<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<Option<String>, A::Error> {
        self.flag();
        let all = self.here & self.slots.lists;
        for place in 0.. {
            let (here, below) = self.onward(|token| token.is_place(place));
            let more = match here | below | all {
                0 => array.next_element::<IgnoredAny>()?.is_some(),
                _ => array.next_element_seed(self.child(here | all, below, false))?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(None)
    }

    fn object<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Option<String>, A::Error> {
        self.flag();
        let mut best: Option<(usize, String)> = None;
        while let Some((here, below, rank)) = object.next_key_seed(Visit(Key(&self)))? {
            let rank = rank.filter(|rank| best.as_ref().is_none_or(|(best, _)| rank < best));
            if here | below == 0 && rank.is_none() {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
            let name = object.next_value_seed(self.child(here, below, rank.is_some()))?;
            best = rank.zip(name).or(best);
        }
        if let Some((_, name)) = best {
            self.here &= self.slots.lists;
            self.put(&name);
        }
        Ok(None)
    }
}

/// Which pointers end at a key and which go on from there, and how good a name its value is.
struct Key<'a>(&'a Walk<'a>);

impl<'de> Shape<'de> for Key<'_> {
    type Value = (u64, u64, Option<usize>);

    fn text(self, key: &str) -> Self::Value {
        let (here, below) = self.0.onward(|token| token.is_key(key));
        let named = self.0.here & self.0.slots.lists != 0;
        let rank = NAMES.iter().position(|name| named && *name == key);
        (here, below, rank)
    }
}

#[cfg(test)]
mod tests {
    use super::Bring::{Flag, List, Value};
    use super::*;
    use crate::json::one;

    fn slots(pointers: &[(&str, Bring)]) -> Slots {
        let mut slots = Slots::default();
        for (number, (pointer, bring)) in pointers.iter().enumerate() {
            let pointer = Pointer::parse(pointer).expect(pointer);
            assert_eq!(slots.add(pointer, *bring), Some(number));
        }
        slots
    }

    /// What each pointer finds, joined by commas.
    fn found(json: &str, pointers: &[(&str, Bring)]) -> Vec<String> {
        let found = one(json, &slots(pointers)).expect(json);
        found.iter().map(|values| values.join(",")).collect()
    }

    #[test]
    fn pointers_walk_together_even_where_one_is_the_beginning_of_another() {
        let json = r#"{"a": {"b": [1, {"c": "x"}]}, "": "empty", "m~n": -2.5, "x/y": "slash"}"#;
        let pointers = ["/a/b/0", "/a/b/1/c", "/a", "/", "/m~0n", "/x~1y", "/a/b/9", "/a/c", "/z"];
        let pointers = pointers.map(|pointer| (pointer, Value));
        assert_eq!(found(json, &pointers), ["1", "x", "", "empty", "-2.5", "slash", "", "", ""]);
        let both = [("/a", List), ("/a/name", Value), ("/a/0", Value)];
        assert_eq!(found(r#"{"a": {"name": "n"}}"#, &both), ["n", "n", ""]);
        assert_eq!(found(r#"{"a": ["n", "m"]}"#, &both), ["n,m", "", "n"]);
        assert_eq!(found("\"alone\"", &[("", Value), ("/a", Value)]), ["alone", ""]);
    }

    #[test]
    fn a_star_leads_to_all_and_of_one_value_the_first_that_is_not_empty_counts() {
        let json = r#"{"a": [{"n": null}, {"n": " "}, 7, {"n": "x"}, {"n": "y"}], "o": {"k": {"n": "z"}}}"#;
        let pointers = [("/a/*/n", Value), ("/a/*/n", List), ("/o/*/n", Value), ("/*/*/n", List)];
        assert_eq!(found(json, &pointers), ["x", "x,y", "z", "x,y,z"]);
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_value_counts() {
        assert_eq!(found(r#"{"a": null, "a": 1, "a": 2}"#, &[("/a", Value)]), ["1"]);
    }

    #[test]
    fn a_list_takes_strings_numbers_and_the_best_names_of_objects() {
        let json = r#"{"t": ["a", 1, true, null, ["b"], {"slug": "c"}, {"username": "d", "name": "e"},
            {"name": "", "title": "f"}, {"name": {"name": "g"}}, {"x": {"name": "h"}}]}"#;
        assert_eq!(found(json, &[("/t", List)]), ["a,1,b,e,f"]);
        assert_eq!(found(r#"{"t": {"name": "one"}}"#, &[("/t", List)]), ["one"]);
        assert_eq!(found(r#"{"t": {"name": "one"}}"#, &[("/t", Value)]), [""]);
    }

    #[test]
    fn a_flag_is_what_is_true_or_there() {
        let json = r#"{"t": true, "f": false, "o": {"x": 1}, "l": [], "n": null, "s": "true"}"#;
        let flags = ["/t", "/f", "/o", "/l", "/n", "/s", "/z"].map(|pointer| (pointer, Flag));
        assert_eq!(found(json, &flags), ["true", "", "true", "true", "", "", ""]);
    }

    #[test]
    fn no_list_and_no_value_is_longer_than_its_bound() {
        let many = format!("[{}0]", "1,".repeat(MAX_LIST + 5));
        assert_eq!(one(&many, &slots(&[("", List)])).unwrap()[0].len(), MAX_LIST);
        let long = format!("\"{}\"", "é".repeat(MAX_VALUE));
        assert_eq!(one(&long, &slots(&[("", Value)])).unwrap()[0][0].len(), MAX_VALUE);
        let odd = format!("\"a{}\"", "é".repeat(MAX_VALUE));
        assert_eq!(one(&odd, &slots(&[("", Value)])).unwrap()[0][0].len(), MAX_VALUE - 1);
    }

    #[test]
    fn no_more_pointers_are_taken_than_a_word_has_bits() {
        let mut all = slots(&[("/a", Value); MAX_SLOTS]);
        assert_eq!(all.add(Pointer::default(), Value), None);
        let found = one(r#"{"a": 1}"#, &all).unwrap();
        assert!(found.len() == MAX_SLOTS && found.iter().all(|values| values == &["1"]));
    }

    #[test]
    fn too_deep_is_an_error_and_not_a_crash() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let star = "/*".repeat(200);
        assert!(one(&deep, &slots(&[(&star, Value)])).unwrap_err().contains("recursion"));
        assert!(one(&deep, &slots(&[("", List)])).unwrap_err().contains("recursion"));
    }
}
