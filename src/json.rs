//! JSON from strangers: typed, never a tree, and a wrong field costs that field alone.
//!
//! A document struct derives `Deserialize` with `#[serde(default)]` on itself, and marks each
//! field `#[serde(deserialize_with = "json::text")]` (or [`integer`], [`boolean`], [`texts`],
//! [`object`], or gives it the type [`List`]). None of these fails on a value of another
//! shape: they skip it. Only text that is no JSON at all is an error.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};

use crate::item::{MAX_ITEMS, MAX_LIST};

mod fields;
mod list;
mod pick;
mod pointer;
mod repair;
mod shape;

pub use list::{each, one};
pub use pick::{Bring, Found, MAX_SLOTS, MAX_VALUE, Slots};
pub use pointer::Pointer;

use shape::{Shape, Visit};

/// Reads a body that is one object. A byte order mark is dropped, bad bytes become U+FFFD, and what is
/// nearly JSON is repaired once: lone surrogates (`\ud800`) and raw controls within strings, numbers
/// beyond the range of `f64`. Of a key that comes twice in one object, the first counts.
///
/// # Errors
/// It is no JSON, or no object; says line and column.
pub fn from_slice<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, String> {
    from_text(&String::from_utf8_lossy(body))
}

/// As [`from_slice`], for a body that is text already.
///
/// # Errors
/// As [`from_slice`].
pub fn from_text<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, String> {
    attempt(text, &|json| object(json)?.ok_or_else(|| Error::custom("it is no object")))
}

/// As [`from_slice`], for a body that is a list of objects.
///
/// # Errors
/// It is no JSON; says line and column.
pub fn list_from_slice<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<List<T>, String> {
    attempt(&String::from_utf8_lossy(body), &|json| List::deserialize(json))
}

/// A reader of one text.
type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// Reads a whole text, and once more repaired if it is no JSON as it stands.
fn attempt<T>(
    text: &str,
    read: &dyn Fn(&mut Json<'_>) -> Result<T, serde_json::Error>,
) -> Result<T, String> {
    let text = text.trim_start_matches('\u{feff}');
    let whole = |text: &str| {
        let mut json = Json::from_str(text);
        let value = read(&mut json)?;
        json.end().map(|()| value)
    };
    let value = whole(text).or_else(|first| match repair::repaired(text) {
        Cow::Borrowed(_) => Err(first),
        Cow::Owned(repaired) => whole(&repaired),
    });
    value.map_err(|error| error.to_string())
}

/// A string; a number as it is written; nothing for anything else.
///
/// # Errors
/// It is no JSON, here and in the functions below.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Visit(Scalar)).map(Value::into_text)
}

/// A whole number, also one written as a string; nothing for anything else.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Visit(Scalar)).map(|value| match value {
        Value::Integer(integer) => Some(integer.clamp(i64::MIN.into(), i64::MAX.into()) as i64),
        // `as` saturates, and a fraction of a second or a byte is no loss.
        Value::Float(float) => Some(float as i64),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Boolean(_) | Value::Nothing => None,
    })
}

/// `true`, `false`, or nothing.
pub fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    deserializer.deserialize_any(Visit(Scalar)).map(|value| match value {
        Value::Boolean(boolean) => Some(boolean),
        _ => None,
    })
}

/// The strings of an array, at most [`MAX_LIST`], of objects their `name`; one of them alone is a list of one.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(Visit(Texts))
}

/// An object, or nothing.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Visit(Object(PhantomData)))
}

/// The objects of an array, in order, at most `MOST`. Anything but an array is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T, const MOST: usize = MAX_ITEMS> {
    /// What was read.
    pub items: Vec<T>,
    /// Elements that are no objects, and those beyond the bound.
    pub skipped: usize,
    /// Whether it was an array at all.
    pub is_array: bool,
}

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> List<T, MOST> {
        List { items: Vec::new(), skipped: 0, is_array: false }
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<List<T, MOST>, D::Error> {
        deserializer.deserialize_any(Visit(Objects(PhantomData)))
    }
}

/// Any value that is not an array or object; those become `Nothing`.
#[derive(Default)]
enum Value {
    Text(String),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    #[default]
    Nothing,
}

impl Value {
    fn into_text(self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text),
            Value::Integer(integer) => Some(integer.to_string()),
            Value::Float(float) => Some(float.to_string()),
            Value::Boolean(_) | Value::Nothing => None,
        }
    }
}

struct Scalar;

impl<'de> Shape<'de> for Scalar {
    type Value = Value;

    fn text(self, text: &str) -> Value {
        Value::Text(text.into())
    }
    fn integer(self, integer: i128) -> Value {
        Value::Integer(integer)
    }
    fn float(self, float: f64) -> Value {
        Value::Float(float)
    }
    fn boolean(self, boolean: bool) -> Value {
        Value::Boolean(boolean)
    }
}

struct Texts;

impl<'de> Shape<'de> for Texts {
    type Value = Vec<String>;

    fn text(self, text: &str) -> Vec<String> {
        vec![text.into()]
    }
    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Vec<String>, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = array.next_element_seed(Visit(NameOrText))? {
            if texts.len() < MAX_LIST {
                texts.extend(text);
            }
        }
        Ok(texts)
    }
    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Vec<String>, A::Error> {
        NameOrText.object(object).map(|name| name.into_iter().collect())
    }
}

/// An object with a name.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Named {
    #[serde(deserialize_with = "text")]
    name: Option<String>,
}

struct NameOrText;

impl<'de> Shape<'de> for NameOrText {
    type Value = Option<String>;

    fn text(self, text: &str) -> Option<String> {
        Some(text.into())
    }
    fn integer(self, integer: i128) -> Option<String> {
        Some(integer.to_string())
    }
    fn float(self, float: f64) -> Option<String> {
        Some(float.to_string())
    }
    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<String>, A::Error> {
        fields::object_of::<Named, A>(object).map(|named| named.name)
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Shape<'de> for Object<T> {
    type Value = Option<T>;

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        fields::object_of(object).map(Some)
    }
}

struct Objects<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Shape<'de> for Objects<T, MOST> {
    type Value = List<T, MOST>;

    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<List<T, MOST>, A::Error> {
        let mut list = List { is_array: true, ..List::default() };
        while list.items.len() < MOST {
            match array.next_element_seed(Visit(Object(PhantomData)))? {
                Some(Some(object)) => list.items.push(object),
                Some(None) => list.skipped += 1,
                None => return Ok(list),
            }
        }
        while array.next_element::<IgnoredAny>()?.is_some() {
            list.skipped += 1;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, Default, PartialEq)]
    #[serde(default)]
    struct Story {
        #[serde(deserialize_with = "text")]
        title: Option<String>,
        #[serde(deserialize_with = "integer")]
        score: Option<i64>,
        #[serde(deserialize_with = "boolean")]
        dead: Option<bool>,
        #[serde(deserialize_with = "texts")]
        tags: Vec<String>,
        #[serde(deserialize_with = "object")]
        parent: Option<Box<Story>>,
        kids: List<Story>,
    }

    fn story(json: &str) -> Story {
        from_slice(json.as_bytes()).expect(json)
    }

    #[test]
    fn fields_are_read_by_their_types() {
        let story = story(
            r#"{"title": "a", "score": 3, "dead": true, "tags": ["x", 1], "parent": {"title": "b"}, "kids": [{}]}"#,
        );
        assert_eq!(story.title.as_deref(), Some("a"));
        assert_eq!(story.score, Some(3));
        assert_eq!(story.dead, Some(true));
        assert_eq!(story.tags, ["x", "1"]);
        assert_eq!(story.parent.expect("an object").title.as_deref(), Some("b"));
        assert_eq!(story.kids.items.len(), 1);
    }

    #[test]
    fn a_field_of_another_type_costs_only_itself() {
        for wrong in ["null", "true", "1.5e3", "\"s\"", "[1, [2], {\"a\": {}}]", "{\"a\": [{}]}"] {
            for field in ["score", "dead", "tags", "parent", "kids"] {
                let story = story(&format!(r#"{{"{field}": {wrong}, "title": "kept"}}"#));
                assert_eq!(story.title.as_deref(), Some("kept"), "{field}: {wrong}");
            }
        }
        assert_eq!(story(r#"{"title": ["a"], "score": "7"}"#).score, Some(7));
        assert_eq!(story(r#"{"title": 12}"#).title.as_deref(), Some("12"));
    }

    #[test]
    fn elements_that_are_no_objects_are_counted() {
        let story = story(r#"{"kids": [null, 1, {"title": "a"}, "b", []]}"#);
        assert_eq!((story.kids.items.len(), story.kids.skipped), (1, 4));
    }

    #[test]
    fn no_more_objects_are_kept_than_the_bound() {
        let list = format!(r#"{{"kids": [{}{{}}]}}"#, "{},".repeat(MAX_ITEMS + 4));
        let story = story(&list);
        assert_eq!((story.kids.items.len(), story.kids.skipped), (MAX_ITEMS, 5));
    }

    #[test]
    fn marks_bad_bytes_lone_surrogates_and_raw_controls_cost_characters() {
        let cases: [(&[u8], &str); 6] = [
            (b"\xef\xbb\xbf{\"title\": \"a\"}", "a"),
            (b"{\"title\": \"a\xff\"}", "a\u{fffd}"),
            (br#"{"title": "a\ud800b"}"#, "a\u{fffd}b"),
            (br#"{"title": "\udc00\ud83d\ude00\\ud800"}"#, "\u{fffd}\u{1f600}\\ud800"),
            (b"{\"title\": \"a\nb\"}", "a b"),
            (br#"{"title": "\ud83d\ud83d\ude00"}"#, "\u{fffd}\u{1f600}"),
        ];
        for (json, title) in cases {
            let story: Story = from_slice(json).expect(title);
            assert_eq!(story.title.as_deref(), Some(title));
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_first_counts() {
        let twice = r#"{"title": "a", "score": 1, "x": 1, "x": 2, "title": "b", "title": [[{}]],
            "parent": {"title": "c", "title": 5}, "kids": [{"title": "d", "title": "e"}]}"#;
        let story = story(twice);
        assert_eq!((story.title.as_deref(), story.score), (Some("a"), Some(1)));
        assert_eq!(story.parent.expect("an object").title.as_deref(), Some("c"));
        assert_eq!(story.kids.items[0].title.as_deref(), Some("d"));
    }

    #[test]
    fn a_number_beyond_all_bounds_costs_only_itself() {
        for number in ["1e309", "-9.5E+400", "1e99999999999999999999", &"9".repeat(400)] {
            let json =
                format!(r#"{{"title": "1e999", "score": {number}, "tags": ["a", {number}]}}"#);
            let story = story(&json);
            assert_eq!((story.title.as_deref(), story.score), (Some("1e999"), None), "{number}");
            assert_eq!(story.tags, ["a"]);
        }
        assert_eq!(story(r#"{"score": 99999999999999999999}"#).score, Some(i64::MAX));
        assert!(from_slice::<Story>(br#"{"score": 1e309e309}"#).is_err());
    }

    #[test]
    fn an_error_says_where() {
        let error = from_slice::<Story>(b"{\"title\": \"a\",\n oops}").expect_err("not JSON");
        assert!(error.contains("line 2 column 2"), "{error}");
    }

    #[test]
    fn too_deep_is_an_error_and_not_a_crash() {
        let deep = format!("{}{}", "{\"parent\":".repeat(100_000), "}".repeat(100_000));
        assert!(from_slice::<Story>(deep.as_bytes()).is_err());
        let deep = format!("{{\"title\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let _ = from_slice::<Story>(deep.as_bytes());
    }
}
