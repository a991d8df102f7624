//! `[[source]]`: one table, read by its kind.

use toml::de::DeTable;

use super::file::elsewhere;
use super::headers::read_headers;
use super::keys::Keys;
use super::kinds::{IDS, KINDS, Kind, read_kind};
use super::schema::{Key, REQUEST, SOURCE, names_of};
use super::sheet::{Sheet, shown};
use super::suggest::either;
use super::values::{self, TRACKING};
use super::{Fetch, Place, Schedule, SourceConfig};
use crate::source::Window;

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
    let kind = match table.get("kind") {
        Some(value) => read_kind(value.get_ref()).ok(),
        None => KINDS.iter().find(|kind| kind.name == "feed"),
    };
    let keys = Keys::new(sheet, table, at, title, known(kind));
    keys.check_names(&|key| belongs(key, kind));
    keys.get("kind", read_kind);
    let name = keys.get("name", values::name);
    let limit = keys.number("limit");
    let source = kind.and_then(|kind| (kind.read)(&keys, limit));
    let kind_name = kind.map_or("feed", |kind| kind.name);
    let mut config =
        SourceConfig::new(name.unwrap_or_default(), kind_name, Place::Network, source, fetch);
    config.every = keys.get("every", values::duration).unwrap_or(schedule.every);
    config.limit = limit;
    inherit(&keys, &mut config);
    if kind_name == "feed" {
        config.id_by = keys.choice("id", &IDS).unwrap_or_default();
    }
    config.revalidate = keys.value("revalidate", values::boolean).unwrap_or(true);
    config.include = keys.list("include", "[\"regex\"]", values::regex);
    config.exclude = keys.list("exclude", "[\"regex\"]", values::regex);
    config.tags = read_tags(&keys, kind_name);
    config.quota = keys.list::<Window>("quota", "[\"100/24h\"]", values::window);
    config.headers = read_headers(&keys);
    config.missing_secret = keys.missing_secret.take();
    if config.missing_secret.is_some() {
        config.source = None;
    }
    (!config.name.is_empty()).then_some(config)
}

/// What `[fetch]` says, where the source does not say it itself.
fn inherit(keys: &Keys<'_>, config: &mut SourceConfig) {
    fn set<T>(place: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    let duration = |key| keys.get(key, values::duration);
    let options = &mut config.options;
    set(&mut config.timeout, duration("timeout"));
    set(&mut options.connect_timeout, duration("connect_timeout"));
    set(&mut options.max_body, keys.get("max_body", values::size));
    set(&mut options.user_agent, keys.get("user_agent", values::user_agent));
    set(&mut options.proxy, keys.get("proxy", values::proxy).map(Some));
    // These would have the default of `[fetch]`.
    if keys.has("retries") {
        set(&mut config.retries, keys.number("retries"));
    }
    if keys.has("tracking") {
        set(&mut config.tracking, keys.choice("tracking", &TRACKING));
    }
    if keys.has("per_host") {
        config.per_host = keys.number("per_host");
    }
}

/// The keys of a source of this kind; of all kinds if it is unknown.
pub(super) fn known(kind: Option<&Kind>) -> Vec<&'static [Key]> {
    let all = || KINDS.iter().flat_map(|kind| kind.keys).copied().collect();
    let own = kind.map_or_else(all, |kind| kind.keys.to_vec());
    [SOURCE, REQUEST].into_iter().chain(own).collect()
}

/// What a key belongs to that no source of this kind has.
fn belongs(key: &str, kind: Option<&Kind>) -> Option<String> {
    let has = |other: &&Kind| kind.is_some() && names_of(other.keys).any(|name| name == key);
    let owners: Vec<&str> = KINDS.iter().filter(has).map(|kind| kind.name).collect();
    match owners.is_empty() {
        true => elsewhere(key),
        false => Some(format!("kind {}", either(owners, '"'))),
    }
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
