//! `kind = "stream"`.

use std::sync::Arc;

use super::super::keys::Keys;
use super::super::values;
use super::{Built, json};
use crate::source::json::Field;
use crate::source::live::{IDLE, LISTEN};
use crate::source::stream::StreamSource;

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let url = keys.require("url", values::url);
    let events = keys.list("events", "[\"update\"]", values::word);
    let idle = keys.get("idle", values::duration).unwrap_or(IDLE);
    let listen = keys.get("listen", values::duration).unwrap_or(LISTEN);
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
