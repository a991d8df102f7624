//! `kind = "json"`, and the pointers of whatever else reads JSON.

use std::sync::Arc;

use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::values;
use super::Built;
use crate::json::Pointer;
use crate::source::json::{Field, Fields, JsonSource};

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let url = keys.require("url", values::url);
    let fallback = keys.list("fallback", "[\"https://…\"]", values::url);
    let items = match keys.has("items") {
        true => keys.get("items", pointer),
        false => Some(Pointer::default()),
    };
    if !keys.has("title") {
        keys.missing("title");
    }
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
