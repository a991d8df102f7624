//! The entries of a list somewhere in a document, one after the other.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::pick::{Found, Slots};
use super::{Pointer, attempt};
use crate::item::MAX_ITEMS;

/// Of an object that stands where a list should, no more keys are told than this.
const MAX_KEYS: usize = 12;
/// No key is told with more characters than this.
const MAX_KEY: usize = 40;

/// Reads one value.
///
/// # Errors
/// It is not JSON; says where.
pub fn one(text: &str, slots: &Slots) -> Result<Found, String> {
    attempt(text, &|text| {
        let mut found = slots.room();
        let mut json = serde_json::Deserializer::from_str(text);
        slots.walk(&mut found).deserialize(&mut json)?;
        json.end().map(|()| found)
    })
}

/// Reads the elements of the array that `items` leads to, or of all of them if there are several;
/// an object that a `*` leads to is an element itself. Each goes through `slots` to `take`, which
/// says whether it is one to keep; at most [`MAX_ITEMS`] are read. Returns how many were left out.
///
/// # Errors
/// It is not JSON, and where; or what stands in the place of the array, in its own words: they are
/// not safe to print.
pub fn each<T>(
    body: &[u8],
    items: &Pointer,
    slots: &Slots,
    take: &dyn Fn(&Found) -> Option<T>,
) -> Result<(Vec<T>, usize), String> {
    let text = String::from_utf8_lossy(body);
    attempt(&text, &|text| {
        let mut kept = Vec::new();
        let mut push = |found: &Found| match take(found) {
            Some(item) => {
                kept.push(item);
                true
            }
            None => false,
        };
        let mut json = serde_json::Deserializer::from_str(text);
        let mut search = Search {
            items,
            slots,
            found: slots.room(),
            push: &mut push,
            read: 0,
            skipped: 0,
            is_found: false,
            missed: None,
        };
        Step { search: &mut search, depth: 0 }.deserialize(&mut json)?;
        json.end()?;
        let Search { skipped, is_found, missed, .. } = search;
        Ok(match missed.filter(|_| !is_found) {
            Some(missed) => Err(missed.told(items)),
            None => Ok((kept, skipped)),
        })
    })?
}

/// What is true of the whole document.
struct Search<'a> {
    items: &'a Pointer,
    slots: &'a Slots,
    found: Found,
    push: &'a mut dyn FnMut(&Found) -> bool,
    /// Elements that were looked at.
    read: usize,
    skipped: usize,
    /// Whether there was a list at all.
    is_found: bool,
    missed: Option<Missed>,
}

/// What stands where the way to the list ends.
struct Missed {
    depth: usize,
    what: &'static str,
    keys: Vec<String>,
}

impl Missed {
    fn told(&self, items: &Pointer) -> String {
        let place = |pointer: &Pointer| match pointer.tokens() {
            [] => "the top of the document".to_owned(),
            _ => format!("`{pointer}`"),
        };
        let keys = match &self.keys[..] {
            [] => String::new(),
            keys => format!(" with the keys {}", keys.join(", ")),
        };
        let (wanted, stands) = (place(items), place(&items.beginning(self.depth)));
        if self.depth == items.tokens().len() {
            return format!("there is no list at {wanted} but {}{keys}", self.what);
        }
        format!("there is no list at {wanted}: at {stands} stands {}{keys}", self.what)
    }
}

impl Search<'_> {
    /// The deepest place says most, and of equals the first.
    fn miss(&mut self, depth: usize, what: &'static str) -> &mut Vec<String> {
        let deeper = self.missed.as_ref().is_none_or(|missed| depth > missed.depth);
        if deeper {
            self.missed = Some(Missed { depth, what, keys: Vec::new() });
        }
        &mut self.missed.get_or_insert_with(|| Missed { depth, what, keys: Vec::new() }).keys
    }

    /// Whether a miss at this depth would be told.
    fn would_tell(&self, depth: usize) -> bool {
        !self.is_found && self.missed.as_ref().is_none_or(|missed| depth > missed.depth)
    }

    fn taken(&mut self) {
        self.read += 1;
        if !(self.push)(&self.found) {
            self.skipped += 1;
        }
    }
}

/// One value on the way to the list.
struct Step<'a, 's> {
    search: &'a mut Search<'s>,
    depth: usize,
}

impl<'s> Step<'_, 's> {
    fn below(&mut self) -> Step<'_, 's> {
        Step { search: self.search, depth: self.depth + 1 }
    }

    fn is_end(&self) -> bool {
        self.depth == self.search.items.tokens().len()
    }

    fn scalar<E>(self, what: &'static str) -> Result<(), E> {
        self.search.miss(self.depth, what);
        Ok(())
    }

    /// All elements of the list.
    fn elements<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let search = self.search;
        search.is_found = true;
        while search.read < MAX_ITEMS {
            if seq.next_element_seed(search.slots.walk(&mut search.found))?.is_none() {
                return Ok(());
            }
            search.taken();
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {
            search.skipped += 1;
        }
        Ok(())
    }

    /// An object that is an element itself.
    fn element<'de, A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let search = self.search;
        search.is_found = true;
        if search.read >= MAX_ITEMS {
            search.skipped += 1;
            return super::skip_map(map);
        }
        search.slots.walk(&mut search.found).visit_map(map)?;
        search.taken();
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Step<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_, '_> {
    type Value = ();

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        if self.is_end() {
            return self.elements(seq);
        }
        let token = &self.search.items.tokens()[self.depth];
        let mut led = false;
        for place in 0.. {
            let leads = token.is_place(place);
            let more = match leads {
                true => seq.next_element_seed(self.below())?.is_some(),
                false => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
            led |= leads;
        }
        // An array without elements has none without a list.
        match (led, token.is_any()) {
            (false, true) => self.search.is_found = true,
            (false, false) => drop(self.search.miss(self.depth, "a list")),
            (true, _) => {}
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let end = self.is_end();
        if end && self.search.items.has_any() {
            return self.element(map);
        }
        let token = self.search.items.tokens().get(self.depth);
        let any = token.is_some_and(super::pointer::Token::is_any);
        let (mut led, mut keys) = (false, Vec::new());
        let tell = self.search.would_tell(self.depth);
        loop {
            let is_key = |key: &str| token.is_some_and(|token| (any || !led) && token.is_key(key));
            let room = tell && !led && keys.len() < MAX_KEYS;
            let seed = Key { is_key: &is_key, keys: room.then_some(&mut keys) };
            match map.next_key_seed(seed)? {
                None => break,
                Some(true) => map.next_value_seed(self.below())?,
                Some(false) => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            }
            led = true;
        }
        if !led && any {
            self.search.is_found = true;
        } else if !led && tell {
            *self.search.miss(self.depth, "an object") = keys;
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.scalar("a string")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.scalar("true or false")
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.scalar("a number")
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.scalar("a number")
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.scalar("a number")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar("null")
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
}

/// Whether a key leads on; if it does not, it may be noted.
struct Key<'a> {
    is_key: &'a dyn Fn(&str) -> bool,
    keys: Option<&'a mut Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<bool, D::Error> {
        key.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        let leads = (self.is_key)(key);
        if let Some(keys) = self.keys.filter(|_| !leads) {
            keys.push(key.chars().take(MAX_KEY).collect());
        }
        Ok(leads)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the elements and how many were left out, or why there are none.
    fn names(json: &str, items: &str) -> Result<(Vec<String>, usize), String> {
        let mut slots = Slots::default();
        slots.add(Pointer::parse("/n").expect("a pointer"), super::super::pick::Bring::Value);
        let items = Pointer::parse(items).expect(items);
        each(json.as_bytes(), &items, &slots, &|found| found[0].first().cloned())
    }

    fn read(json: &str, items: &str) -> String {
        match names(json, items) {
            Ok((names, skipped)) => format!("{} -{skipped}", names.join(",")),
            Err(error) => error,
        }
    }

    #[test]
    fn the_list_may_be_anywhere() {
        assert_eq!(read(r#"[{"n": 1}, {"n": 2}]"#, ""), "1,2 -0");
        assert_eq!(read(r#"{"a": 0, "d": {"l": [{"n": 1}]}, "e": []}"#, "/d/l"), "1 -0");
        assert_eq!(read(r#"[[], [{"n": 1}]]"#, "/1"), "1 -0");
        assert_eq!(read(r#"{"": {"~/": [{"n": 1}]}}"#, "//~0~1"), "1 -0");
        assert_eq!(read("[]", ""), " -0");
    }

    #[test]
    fn a_star_passes_through_arrays_and_objects_and_may_lead_to_the_elements_themselves() {
        let nested = r#"{"data": [{"posts": [{"n": 1}, {"n": 2}]}, {}, 3, {"posts": [{"n": 3}]}]}"#;
        assert_eq!(read(nested, "/data/*/posts"), "1,2,3 -0");
        assert_eq!(read(nested, "/data/*/posts/*"), "1,2,3 -0");
        assert_eq!(read(nested, "/data/3/posts"), "3 -0");
        let by_id = r#"{"posts": {"17": {"n": 1}, "18": {"n": 2}, "19": 4}}"#;
        assert_eq!(read(by_id, "/posts/*"), "1,2 -0");
        let wrapped = r#"{"children": [{"data": {"n": 1}}, {"data": {"m": 2}}]}"#;
        assert_eq!(read(wrapped, "/children/*/data"), "1 -1");
        for none in [r#"{"data": []}"#, r#"{"data": {}}"#] {
            assert_eq!(read(none, "/data/*/posts"), " -0");
        }
    }

    #[test]
    fn what_is_no_element_is_counted() {
        assert_eq!(read(r#"[1, null, "x", [], {}, {"n": {}}, {"n": 1}]"#, ""), "1 -6");
    }

    #[test]
    fn of_a_list_that_comes_twice_the_first_counts() {
        assert_eq!(read(r#"{"l": [{"n": 1}], "l": [{"n": 2}]}"#, "/l"), "1 -0");
    }

    #[test]
    fn who_finds_no_list_says_what_stands_there() {
        for (json, items, told) in [
            (
                r#"{"a": 1, "b": []}"#,
                "",
                "there is no list at the top of the document but an object with the keys a, b",
            ),
            (r#"{"a": {"x": 1}}"#, "/a", "there is no list at `/a` but an object with the keys x"),
            (
                r#"{"a": {"x": 1}}"#,
                "/b/c",
                "there is no list at `/b/c`: at the top of the document stands an object with the keys a",
            ),
            (r#"{"a": {}}"#, "/a/c", "there is no list at `/a/c`: at `/a` stands an object"),
            (r#"{"a": "x"}"#, "/a", "there is no list at `/a` but a string"),
            (r#"{"a": null}"#, "/a", "there is no list at `/a` but null"),
            (r#"{"a": [1]}"#, "/a/b", "there is no list at `/a/b`: at `/a` stands a list"),
            (
                r#"{"a": [{"x": 1}, {"y": 1}, 3]}"#,
                "/a/*/b",
                "there is no list at `/a/*/b`: at `/a/*` stands an object with the keys x",
            ),
            ("true", "", "there is no list at the top of the document but true or false"),
            ("-5", "", "there is no list at the top of the document but a number"),
        ] {
            assert_eq!(read(json, items), told);
        }
        let many: Vec<String> =
            (0..MAX_KEYS + 3).map(|n| format!("\"{}{n}\": 0", "é".repeat(MAX_KEY))).collect();
        let told = read(&format!("{{{}}}", many.join(",")), "");
        assert_eq!(told.matches(&"é".repeat(MAX_KEY)).count(), MAX_KEYS);
        assert!(!told.contains(&"é".repeat(MAX_KEY + 1)) && !told.contains('0'), "{told}");
    }

    #[test]
    fn no_more_elements_are_read_than_the_bound_however_they_are_spread() {
        let entry = "{\"n\": 1}";
        let flat = format!("[{}{entry}]", format!("{entry},").repeat(MAX_ITEMS + 4));
        let (kept, skipped) = names(&flat, "").expect("a list");
        assert_eq!((kept.len(), skipped), (MAX_ITEMS, 5));
        let (kept, skipped) = names(&flat, "/*").expect("a list");
        assert_eq!((kept.len(), skipped), (MAX_ITEMS, 5));
        let nested = format!("[{flat}, {flat}]");
        let (kept, skipped) = names(&nested, "/*").expect("lists");
        assert_eq!((kept.len(), skipped), (MAX_ITEMS, MAX_ITEMS + 10));
    }

    #[test]
    fn what_is_no_json_says_where_and_what_is_nearly_json_is_repaired() {
        assert!(read("[{\"n\": 1},\n oops]", "").contains("line 2 column 2"));
        assert!(read("[{\"n\": 1}", "").contains("line 1 column 9"));
        assert_eq!(read("\u{feff}[{\"n\": \"a\\ud800\", \"x\": 1e999}]", ""), "a\u{fffd} -0");
    }
}
