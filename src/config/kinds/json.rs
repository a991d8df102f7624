//! `kind = "json"`, and the pointers of whatever else reads JSON.

use std::sync::Arc;

use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::schema::DefaultValue::{Required, Text, Words};
use super::super::schema::{Key, NONE, POINTER, Takes, URL, keys};
use super::super::values;
use super::Built;
use crate::json::Pointer;
use crate::source::json::{Field, Fields, JsonSource};

pub(super) static KEYS: &[Key] = keys! {
    /// Where it is.
    "url": URL, Required;
    /// Fetched in this order when the one before fails.
    "fallback": Takes::Type("list of URL"), NONE;
    /// To the list, from the top of the answer.
    "items": POINTER, Text("");
    /// To the title, in an element of the list, as is all that follows.
    "title": POINTER, Required;
};

/// Where the fields of an item are in an object.
pub(super) static FIELDS: &[Key] = keys! {
    /// To the URL of the story, which may be relative to `url`. Where an answer has none, it can be made of others:
    /// `https://a.example/t/{/slug}/{/id}` is a URL with pointers in braces, at most 8. What they lead to is
    /// percent-encoded, but in `{+/path}` it stands as it is. Without one of them there is no link.
    "link": POINTER, NONE;
    /// To the URL of the page where people talk about it, or how it is made, as `link`.
    "discussion": POINTER, NONE;
    /// To the URL of its picture, or how it is made, as `link`.
    "image": POINTER, NONE;
    /// To when it was published: any date, or the time since 1970 in seconds, milli-, micro- or nanoseconds, as a number
    /// or a string.
    "date": POINTER, NONE;
    /// To what it is known again by.
    "id": POINTER, Words("none; then that is its link");
    /// To its text.
    "summary": POINTER, NONE;
    /// To a name, an object with a name, or a list of them. The name of an object is the first of `display_name`,
    /// `displayName`, `name`, `title`, `label` and `username` that it has.
    "author": POINTER, NONE;
    /// To its points or votes.
    "score": POINTER, NONE;
    /// To how many comments there are.
    "comments": POINTER, NONE;
};

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let url = keys.get("url", values::url);
    let fallback = keys.list("fallback", "[\"https://…\"]", values::url);
    let items = keys.value("items", pointer);
    keys.note_missing("title");
    let fields = fields(keys);
    Some(Arc::new(JsonSource { url: url?, fallback, items: items?, fields: fields? }))
}

/// What `title`, `link` and their like say; `None` if one of them is wrong. `tags` may also be a
/// list, which is not read here.
pub(in crate::config) fn fields(keys: &Keys<'_>) -> Option<Fields> {
    let mut fields = Some(Fields::default());
    for (key, field) in Field::ALL {
        let Some(value) = keys.raw(key) else { continue };
        if field == Field::Tags && !value.get_ref().is_str() {
            continue;
        }
        let read = if field.is_link() { place } else { pointer_text };
        let told = keys.get(key, read).and_then(|text| {
            let fields = fields.as_mut()?;
            match Pointer::parse(&text) {
                Some(pointer) => fields.point(field, pointer),
                None => fields.compose(field, &text).ok(),
            }
        });
        fields = fields.filter(|_| told.is_some());
    }
    fields
}

fn pointer(value: &DeValue<'_>) -> Result<Pointer, Wrong> {
    let pointer = value.as_str().and_then(Pointer::parse);
    pointer.ok_or_else(|| "a JSON Pointer such as \"/title\"".into())
}

fn pointer_text(value: &DeValue<'_>) -> Result<String, Wrong> {
    pointer(value).map(|pointer| pointer.to_string())
}

/// A pointer or a template.
fn place(value: &DeValue<'_>) -> Result<String, Wrong> {
    const PLACE: &str = "a JSON Pointer such as \"/url\" or a URL with pointers such as \"https://a.example/{/id}\"";
    let Some(text) = value.as_str() else { return Err(PLACE.into()) };
    // A relative template would be a pointer that leads nowhere.
    let in_braces = text.contains("{/") || text.contains("{+/");
    if text.is_empty() || (text.starts_with('/') && !in_braces) {
        return pointer_text(value).map_err(|_| PLACE.into());
    }
    match Fields::default().compose(Field::Link, text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(format!("{PLACE} ({error})").into()),
    }
}
