//! Weeks in simulated time: who is asked when, what is shown, what it costs the disk.

use std::collections::HashMap;
use std::time::Duration;

use newsagg::format::State;
use serde_json::Value;

use crate::support::world::*;

mod blame;
mod clocks;
mod contract;
mod elapsed;
mod fair;
mod printed;
mod reviewed;
mod unsaved;
mod wear;

const TEN_YEARS: i64 = 3_652 * 86_400;

/// A feed at `place`, a host or a host and a path, that is asked this often.
fn source(place: &str, every: &str) -> String {
    format!(
        "[[source]]\nname = \"{place}\"\nkind = \"feed\"\nurl = \"https://{place}\"\n\
         every = \"{every}\"\n"
    )
}

/// A config of feeds that writes `feed.json`.
fn subscribe<'a>(places: impl IntoIterator<Item = &'a str>, every: &str) -> String {
    let sources: String = places.into_iter().map(|place| source(place, every)).collect();
    format!("[[output]]\npath = \"feed.json\"\n{sources}")
}

/// Ids of the items of a document, and when they were first seen.
fn first_seens(document: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(document).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = document["items"].as_array().unwrap().iter();
    items.map(|item| (text(&item["title"]), text(&item["_newsagg"]["first_seen"]))).collect()
}
