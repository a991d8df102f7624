//! `[[source]]`: one table, read by its kind.

use toml::de::DeTable;

use super::file::{FETCH_KEYS, read_options, set};
use super::headers::read_headers;
use super::keys::{Keys, Stray};
use super::kinds::{KINDS, Kind, is_kind_key, read_kind};
use super::output::OUTPUT_KEYS;
use super::sheet::{Sheet, shown};
use super::suggest::either;
use super::{Fetch, Place, Schedule, SourceConfig, values};
use crate::source::Window;

/// The keys of `[[source]]` for every kind.
pub const SOURCE_KEYS: [&str; 17] = [
    "name",
    "kind",
    "limit",
    "include",
    "exclude",
    "tags",
    "quota",
    "every",
    "headers",
    "timeout",
    "connect_timeout",
    "retries",
    "max_body",
    "user_agent",
    "proxy",
    "per_host",
    "tracking",
];

/// One source; `None` if it has no usable name. `number` counts from 1.
pub(super) fn read<'a>(
    sheet: &'a Sheet<'a>,
    table: &'a DeTable<'a>,
    at: usize,
    number: usize,
    fetch: &Fetch,
    schedule: &Schedule,
) -> Option<SourceConfig> {
    let title = match table.get("name").and_then(|name| name.get_ref().as_str()) {
        Some(name) => format!("[[source]] \"{}\"", shown(name)),
        None => format!("[[source]] {number}"),
    };
    let keys = Keys::new(sheet, table, at, title);
    let kind = keys.raw("kind").and_then(|_| keys.get("kind", read_kind));
    keys.check_names(&|key| stray(key, kind));
    if !keys.has("kind") {
        keys.missing("kind");
    }
    let name = keys.require("name", values::name);
    let limit = keys.get("limit", values::count);
    let source = kind.and_then(|kind| (kind.read)(&keys, limit));
    let kind_name = kind.map_or("feed", |kind| kind.name);
    let mut config =
        SourceConfig::new(name.unwrap_or_default(), kind_name, Place::Network, source, fetch);
    config.every = keys.get("every", values::duration).unwrap_or(schedule.every);
    config.limit = limit;
    set(&mut config.timeout, keys.get("timeout", values::duration));
    set(&mut config.retries, keys.get("retries", values::retries));
    config.per_host = keys.get("per_host", values::workers);
    read_options(&keys, &mut config.options);
    set(&mut config.tracking, keys.get("tracking", values::tracking));
    config.include = keys.list("include", "[\"regex\"]", values::regex);
    config.exclude = keys.list("exclude", "[\"regex\"]", values::regex);
    config.tags = read_tags(&keys, kind_name);
    config.quota = keys.list::<Window>("quota", "[\"100/24h\"]", values::window);
    config.headers = read_headers(&keys);
    (!config.name.is_empty()).then_some(config)
}

/// Why a source of this kind (`None`: unknown) does not take the key.
fn stray(key: &str, kind: Option<&Kind>) -> Option<Stray> {
    if SOURCE_KEYS.contains(&key) {
        return None;
    }
    let Some(kind) = kind else {
        let every = KINDS.iter().flat_map(|kind| kind.keys).copied();
        return (!is_kind_key(key))
            .then(|| Stray::unknown(key, SOURCE_KEYS.into_iter().chain(every)));
    };
    if kind.keys.contains(&key) {
        return None;
    }
    let owners: Vec<&str> =
        KINDS.iter().filter(|kind| kind.keys.contains(&key)).map(|kind| kind.name).collect();
    let own = SOURCE_KEYS.into_iter().chain(kind.keys.iter().copied());
    let stray = if !owners.is_empty() {
        Stray::Belongs(format!("kind {}", either(owners, '"')))
    } else if FETCH_KEYS.contains(&key) {
        Stray::Belongs("[fetch]".into())
    } else if OUTPUT_KEYS.contains(&key) {
        Stray::Belongs("[[output]]".into())
    } else {
        Stray::unknown(key, own)
    };
    Some(stray)
}

/// In kinds that read JSON the tags may be a pointer to where the document has them.
fn read_tags(keys: &Keys<'_>, kind: &str) -> Vec<String> {
    if matches!(kind, "json" | "stream")
        && keys.raw("tags").is_some_and(|value| value.get_ref().is_str())
    {
        return Vec::new();
    }
    keys.list("tags", "[\"technology\"]", values::name)
}
