//! `kind = "stream"`.

use std::sync::Arc;

use super::super::keys::Keys;
use super::super::schema::DefaultValue::{Required, Text, Words};
use super::super::schema::{DURATION, Key, NONE, POINTER, STRINGS, URL, keys};
use super::super::values;
use super::{Built, json};
use crate::source::json::Field;
use crate::source::live::{IDLE, LISTEN};
use crate::source::stream::StreamSource;

pub(super) static KEYS: &[Key] = keys! {
    /// Where it is.
    "url": URL, Required;
    /// Types of event that are read. One without a type is a `message`.
    "events": STRINGS, Words("all");
    /// After so long without a byte it is taken for dead, and opened again; a comment is a sign of life.
    "idle": DURATION, Text("5m");
    /// So long `once` listens, but no longer than `timeout`.
    "listen": DURATION, Text("2s");
    /// To the title, in the data of an event, which is an object, as is all that follows. Without any of these keys the
    /// data is an item of a JSON Feed, or text that is a title. Without `id` an event is known by its own.
    "title": POINTER, NONE;
};

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let url = keys.get("url", values::url);
    let events = keys.list("events", "[\"update\"]", values::word);
    let idle = keys.value("idle", values::duration).unwrap_or(IDLE);
    let listen = keys.value("listen", values::duration).unwrap_or(LISTEN);
    if keys.has("quota") {
        let message = format!(
            "{} has a `quota`, which no stream has: it is asked for once and stays open",
            keys.title
        );
        keys.sheet.error(keys.place("quota"), message);
    }
    // A list of tags says nothing of what the data are.
    let points = |(key, field): &(&str, Field)| match *field {
        Field::Tags => keys.raw(key).is_some_and(|value| value.get_ref().is_str()),
        _ => keys.has(key),
    };
    let fields = match Field::ALL.iter().any(points) {
        true => Some(json::fields(keys)?),
        false => None,
    };
    Some(Arc::new(StreamSource { url: Some(url?), events, fields, idle, listen }))
}
