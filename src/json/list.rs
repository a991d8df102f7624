//! The entries of a list somewhere in a document, one after the other.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess};

use super::pick::{Found, Slots};
use super::pointer::Token;
use super::shape::{Shape, Visit};
use super::{Pointer, attempt};
use crate::item::MAX_READ;

/// Of an object that stands where a list should, no more keys are told than this.
const MAX_KEYS: usize = 12;
/// No key is told with more characters than this.
const MAX_KEY: usize = 40;

/// Reads one value.
///
/// # Errors
/// It is not JSON; says where.
pub fn one(text: &str, slots: &Slots) -> Result<Found, String> {
    attempt(text, &|json| {
        let mut found = slots.room();
        Visit(slots.walk(&mut found)).deserialize(json)?;
        Ok(found)
    })
}

/// Reads the elements of the array that `items` leads to, or of all of them if there are several;
/// an object that a `*` leads to is an element itself. Each goes through `slots` to `take`, which
/// says whether it is one to keep; at most [`MAX_READ`] are read. Returns how many were left out.
///
/// # Errors
/// It is not JSON, and where; or the document has no list there: the message quotes its keys, and is
/// not safe to print.
pub fn each<T>(
    body: &[u8],
    items: &Pointer,
    slots: &Slots,
    take: &dyn Fn(&Found) -> Option<T>,
) -> Result<(Vec<T>, usize), String> {
    attempt(&String::from_utf8_lossy(body), &|json| {
        let mut kept = Vec::new();
        let mut push = |found: &Found| match take(found) {
            Some(item) => {
                kept.push(item);
                true
            }
            None => false,
        };
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
        Visit(Step { search: &mut search, depth: 0 }).deserialize(json)?;
        let Search { skipped, is_found, missed, .. } = search;
        Ok(match missed.filter(|_| !is_found) {
            Some(missed) => Err(missed.message(items)),
            None => Ok((kept, skipped)),
        })
    })?
}

/// The state of the search, for the whole document.
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
    fn message(&self, items: &Pointer) -> String {
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
    /// Whether a miss at this depth would be told: the deepest says most, and of equals the first.
    fn tells(&self, depth: usize) -> bool {
        !self.is_found && self.missed.as_ref().is_none_or(|missed| depth > missed.depth)
    }

    fn miss(&mut self, depth: usize, what: &'static str, keys: Vec<String>) {
        if self.tells(depth) {
            self.missed = Some(Missed { depth, what, keys });
        }
    }

    /// Counts the element that was found.
    fn taken(&mut self) {
        self.read += 1;
        self.skipped += usize::from(!(self.push)(&self.found));
    }

    /// All elements of the list.
    fn elements<'de, A: SeqAccess<'de>>(&mut self, mut array: A) -> Result<(), A::Error> {
        self.is_found = true;
        while self.read < MAX_READ {
            if array.next_element_seed(Visit(self.slots.walk(&mut self.found)))?.is_none() {
                return Ok(());
            }
            self.taken();
        }
        while array.next_element::<IgnoredAny>()?.is_some() {
            self.skipped += 1;
        }
        Ok(())
    }

    /// An object that is an element itself.
    fn element<'de, A: MapAccess<'de>>(&mut self, object: A) -> Result<(), A::Error> {
        self.is_found = true;
        if self.read >= MAX_READ {
            self.skipped += 1;
            return Over.object(object);
        }
        self.slots.walk(&mut self.found).object(object)?;
        self.taken();
        Ok(())
    }
}

/// A value that is read over.
struct Over;

impl<'de> Shape<'de> for Over {
    type Value = ();
}

/// One value on the way to the list.
struct Step<'a, 's> {
    search: &'a mut Search<'s>,
    depth: usize,
}

impl<'s> Step<'_, 's> {
    fn below(&mut self) -> Visit<Step<'_, 's>> {
        Visit(Step { search: self.search, depth: self.depth + 1 })
    }

    /// Where to go on from here; `None` at the end of the way.
    fn token(&self) -> Option<&'s Token> {
        self.search.items.tokens().get(self.depth)
    }

    fn miss(self, what: &'static str) {
        self.search.miss(self.depth, what, Vec::new());
    }
}

impl<'de> Shape<'de> for Step<'_, '_> {
    type Value = ();

    fn array<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        let Some(token) = self.token() else { return self.search.elements(array) };
        let mut led = false;
        for place in 0.. {
            let leads = token.is_place(place);
            let more = match leads {
                true => array.next_element_seed(self.below())?.is_some(),
                false => array.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
            led |= leads;
        }
        match (led, token.is_any()) {
            // An array without elements has none without a list.
            (false, true) => self.search.is_found = true,
            (false, false) => self.miss("a list"),
            (true, _) => {}
        }
        Ok(())
    }

    fn object<A: MapAccess<'de>>(mut self, mut object: A) -> Result<(), A::Error> {
        let token = self.token();
        if token.is_none() && self.search.items.has_any() {
            return self.search.element(object);
        }
        let any = token.is_some_and(Token::is_any);
        let (mut led, mut keys) = (false, Vec::new());
        let tells = self.search.tells(self.depth);
        loop {
            let token = token.filter(|_| any || !led);
            let room = tells && !led && keys.len() < MAX_KEYS;
            let key = Key { token, keys: room.then_some(&mut keys) };
            let Some(leads) = object.next_key_seed(Visit(key))? else { break };
            match leads {
                true => object.next_value_seed(self.below())?,
                false => drop(object.next_value::<IgnoredAny>()?),
            }
            led |= leads;
        }
        match (led, any) {
            (false, true) => self.search.is_found = true,
            (false, false) => self.search.miss(self.depth, "an object", keys),
            (true, _) => {}
        }
        Ok(())
    }

    fn text(self, _: &str) {
        self.miss("a string");
    }
    fn integer(self, _: i128) {
        self.miss("a number");
    }
    fn float(self, _: f64) {
        self.miss("a number");
    }
    fn boolean(self, _: bool) {
        self.miss("true or false");
    }
    fn null(self) {
        self.miss("null");
    }
}

/// Whether a key leads on; one that does not may be noted.
struct Key<'a> {
    token: Option<&'a Token>,
    keys: Option<&'a mut Vec<String>>,
}

impl<'de> Shape<'de> for Key<'_> {
    type Value = bool;

    fn text(self, key: &str) -> bool {
        let leads = self.token.is_some_and(|token| token.is_key(key));
        if let Some(keys) = self.keys.filter(|_| !leads) {
            keys.push(key.chars().take(MAX_KEY).collect());
        }
        leads
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
        let flat = format!("[{}{entry}]", format!("{entry},").repeat(MAX_READ + 4));
        let (kept, skipped) = names(&flat, "").expect("a list");
        assert_eq!((kept.len(), skipped), (MAX_READ, 5));
        let (kept, skipped) = names(&flat, "/*").expect("a list");
        assert_eq!((kept.len(), skipped), (MAX_READ, 5));
        let nested = format!("[{flat}, {flat}]");
        let (kept, skipped) = names(&nested, "/*").expect("lists");
        assert_eq!((kept.len(), skipped), (MAX_READ, MAX_READ + 10));
    }

    #[test]
    fn what_is_no_json_says_where_and_what_is_nearly_json_is_repaired() {
        assert!(read("[{\"n\": 1},\n oops]", "").contains("line 2 column 2"));
        assert!(read("[{\"n\": 1}", "").contains("line 1 column 9"));
        assert_eq!(read("\u{feff}[{\"n\": \"a\\ud800\", \"x\": 1e999}]", ""), "a\u{fffd} -0");
    }
}
