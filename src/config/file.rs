//! The file: its bytes and its sections.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys::{Keys, Stray, describe};
use super::kinds::is_kind_key;
use super::output::{self, OUTPUT_KEYS};
use super::secret::Vault;
use super::sheet::{Need, Sheet, shown};
use super::sources::{self, SOURCE_KEYS};
use super::suggest::nearest;
use super::{Config, Fetch, Problem, Schedule, StateConfig, find, values};
use crate::live::MAX_STREAMS;
use crate::store;

/// No config is longer than this: ten thousand sources fit many times over.
pub const MAX_CONFIG: u64 = 16 << 20;

/// The keys of `[fetch]`.
pub const FETCH_KEYS: [&str; 10] = [
    "workers",
    "per_host",
    "timeout",
    "connect_timeout",
    "deadline",
    "retries",
    "max_body",
    "user_agent",
    "proxy",
    "tracking",
];
/// The keys of `[state]`.
pub const STATE_KEYS: [&str; 2] = ["dir", "keep"];
/// The keys of `[schedule]`.
pub const SCHEDULE_KEYS: [&str; 2] = ["every", "jitter"];
const SECTIONS: [&str; 5] = ["[fetch]", "[state]", "[schedule]", "[[output]]", "[[source]]"];

/// Reads the file whole.
pub(super) fn read(path: &Path) -> Result<String, Problem> {
    let fail = |message: String| Problem { file: Some(path.to_owned()), at: None, message };
    let failed =
        |error: std::io::Error| fail(format!("cannot be read: {}", store::plainly(&error)));
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(fail("is a directory, not a config file".into()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_CONFIG {
        return Err(fail(format!("is longer than {} MiB", MAX_CONFIG >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        fail(format!("line {line} is not UTF-8"))
    })?;
    // Some editors begin every file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads the config's text. Every problem of it, or a config.
/// With `only`, the secrets of sources that it does not name may be missing, and those that nobody
/// has `need` of.
pub(super) fn parse(
    path: &Path,
    text: &str,
    only: &[String],
    need: Need,
    vault: &Vault,
) -> Result<Config, Vec<Problem>> {
    let mut sheet = Sheet::new(path, text, vault);
    sheet.only = only;
    sheet.need = need;
    let sheet = sheet;
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(text.len(), |span| span.start);
        sheet.syntax(at, syntax_message(error.message()));
    }
    let config = {
        let root = Keys::new(&sheet, root.get_ref(), 0, "the config".into());
        read_root(&sheet, &root)
    };
    let (errors, warnings) = sheet.finish();
    if errors.is_empty() { Ok(Config { warnings, ..config }) } else { Err(errors) }
}

/// What the parser says, for somebody who does not know TOML by heart.
fn syntax_message(message: &str) -> String {
    let hint = if message.starts_with("duplicate key") {
        return "this key or table is already defined above".into();
    } else if message.contains("string values must be quoted") {
        return "text stands in quotes: \"…\"".into();
    } else if message.contains("recurs") {
        return "nested too deeply".into();
    } else if message.starts_with("unclosed table") || message.starts_with("unclosed array table") {
        " (a table is written [fetch] or [[source]])"
    } else if message.starts_with("key with no value") {
        " (write key = value)"
    } else if message.starts_with("invalid basic string") {
        " (is its closing quote missing?)"
    } else {
        ""
    };
    format!("not TOML: {message}{hint}")
}

/// Notes every stream beyond those that can be open at once.
fn few_streams(sheet: &Sheet<'_>, root: &Keys<'_>, sources: &[Option<super::SourceConfig>]) {
    let is_live = |source: &super::SourceConfig| {
        source.source.as_ref().is_some_and(|own| own.live().is_some())
    };
    let places = tables(root, "source").map(|(_, at)| at);
    let live = places.zip(sources).filter(|(_, source)| source.as_ref().is_some_and(is_live));
    for (at, source) in live.skip(MAX_STREAMS) {
        let name = source.as_ref().map(|source| shown(&source.name)).unwrap_or_default();
        let message = format!(
            "[[source]] \"{name}\" is one stream too many: no more than {MAX_STREAMS} are open at once"
        );
        sheet.error(at, message);
    }
}

fn read_root<'a>(sheet: &'a Sheet<'a>, root: &Keys<'a>) -> Config {
    root_names(root);
    let fetch = read_fetch(&section(sheet, root, "fetch"));
    let state = read_state(&section(sheet, root, "state"));
    let schedule = read_schedule(&section(sheet, root, "schedule"));
    let sources: Vec<Option<super::SourceConfig>> = tables(root, "source")
        .enumerate()
        .map(|(n, (table, at))| sources::read(sheet, table, at, n + 1, &fetch, &schedule))
        .collect();
    let names: Vec<Option<String>> =
        sources.iter().map(|source| source.as_ref().map(|source| source.name.clone())).collect();
    same_names(sheet, root);
    few_streams(sheet, root, &sources);
    let mut paths = BTreeSet::new();
    let outputs = tables(root, "output")
        .enumerate()
        .map(|(n, (table, at))| {
            let title = match table.get("path").and_then(|path| path.get_ref().as_str()) {
                Some(path) => format!("[[output]] \"{}\"", shown(path)),
                None => format!("[[output]] {}", n + 1),
            };
            let keys = Keys::new(sheet, table, at, title);
            output::read(&keys, &names, &mut paths)
        })
        .collect();
    Config {
        path: Some(sheet.path.to_owned()),
        fetch,
        state,
        schedule,
        outputs,
        sources: sources.into_iter().flatten().collect(),
        others: Vec::new(),
        warnings: Vec::new(),
    }
}

/// Keys that stand before the first table, and tables that are none of ours.
fn root_names(root: &Keys<'_>) {
    for (key, at, value) in root.entries() {
        if SECTIONS.iter().any(|section| section.trim_matches(['[', ']']) == key) {
            continue;
        }
        let is_table = match value.get_ref() {
            DeValue::Table(_) => true,
            DeValue::Array(values) => values.iter().any(|value| value.get_ref().is_table()),
            _ => false,
        };
        let key_shown = shown(key);
        let owner = |keys: &[&str]| keys.contains(&key);
        let message = if is_table {
            let near = nearest(key, SECTIONS.iter().map(|s| s.trim_matches(['[', ']'])));
            let near = near.and_then(|near| SECTIONS.iter().find(|s| s.contains(near)));
            let near = near.map(|near| format!("; did you mean {near}?"));
            format!(
                "unknown table `{key_shown}`{}",
                near.unwrap_or_else(|| format!("; known are {}", SECTIONS.join(", ")))
            )
        } else if owner(&FETCH_KEYS) {
            format!("`{key_shown}` belongs to [fetch]")
        } else if owner(&STATE_KEYS) {
            format!("`{key_shown}` belongs to [state]")
        } else if owner(&SCHEDULE_KEYS) {
            format!("`{key_shown}` belongs to [schedule]")
        } else {
            format!(
                "unknown key `{key_shown}`: every key stands below one of {}",
                SECTIONS.join(", ")
            )
        };
        root.sheet.error(at, message);
    }
}

/// `[fetch]` and its like; an empty one if there is none.
fn section<'a>(sheet: &'a Sheet<'a>, root: &Keys<'a>, name: &str) -> Keys<'a> {
    static NONE: std::sync::OnceLock<DeTable<'static>> = std::sync::OnceLock::new();
    let title = format!("[{name}]");
    if let Some(value) = root.raw(name) {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => return Keys::new(sheet, table, at, title),
            DeValue::Array(_) => {
                sheet.error(at, format!("write [{name}] in single brackets: there is only one"));
            }
            other => {
                sheet.error(at, format!("`{name}` is a table, {title}, not {}", describe(other)));
            }
        }
    }
    Keys::new(sheet, NONE.get_or_init(DeTable::new), 0, title)
}

/// The tables of `[[source]]` and `[[output]]`.
fn tables<'a>(root: &Keys<'a>, name: &str) -> impl Iterator<Item = (&'a DeTable<'a>, usize)> {
    static NONE: DeArray<'static> = DeArray::new();
    let mut array = &NONE;
    if let Some(value) = root.raw(name) {
        match value.get_ref() {
            DeValue::Array(values) => array = values,
            _ => root.sheet.error(
                value.span().start,
                format!("write [[{name}]] in double brackets: there may be several"),
            ),
        }
    }
    let sheet = root.sheet;
    let name = name.to_owned();
    array.iter().filter_map(move |value| match value.get_ref() {
        DeValue::Table(table) => Some((table, value.span().start)),
        other => {
            sheet.error(
                value.span().start,
                format!("each `{name}` is a table, not {}", describe(other)),
            );
            None
        }
    })
}

/// Notes the second source of a name.
fn same_names(sheet: &Sheet<'_>, root: &Keys<'_>) {
    let mut seen = BTreeSet::new();
    let Some(DeValue::Array(values)) = root.raw("source").map(Spanned::get_ref) else { return };
    for value in values.iter() {
        let Some(name) = value.get_ref().as_table().and_then(|table| table.get("name")) else {
            continue;
        };
        if let Some(text) = name.get_ref().as_str() {
            if !seen.insert(text) {
                sheet.error(
                    name.span().start,
                    format!("another source is already named \"{}\"", shown(text)),
                );
            }
        }
    }
}

fn read_fetch(keys: &Keys<'_>) -> Fetch {
    keys.check_names(&|key| foreign(key, &FETCH_KEYS));
    let mut fetch = Fetch::default();
    set(&mut fetch.workers, keys.get("workers", values::workers));
    set(&mut fetch.per_host, keys.get("per_host", values::workers));
    set(&mut fetch.deadline, keys.get("deadline", values::duration));
    fetch.timeout = keys.get("timeout", values::duration).unwrap_or(fetch.timeout);
    set(&mut fetch.retries, keys.get("retries", values::retries));
    read_options(keys, &mut fetch.options);
    set(&mut fetch.tracking, keys.get("tracking", values::tracking));
    fetch
}

/// The keys that the transport reads, in `[fetch]` and in a source.
pub(super) fn read_options(keys: &Keys<'_>, options: &mut crate::transport::Options) {
    set(&mut options.connect_timeout, keys.get("connect_timeout", values::duration));
    set(&mut options.max_body, keys.get("max_body", values::size));
    set(&mut options.user_agent, keys.get("user_agent", values::user_agent));
    if let Some(proxy) = keys.get("proxy", values::proxy) {
        options.proxy = Some(proxy);
    }
}

pub(super) fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn read_state(keys: &Keys<'_>) -> StateConfig {
    keys.check_names(&|key| foreign(key, &STATE_KEYS));
    let mut state = StateConfig::default();
    if let Some(dir) = keys.get("dir", values::name) {
        state.dir = Some(keys.sheet.beside(&find::expand_home(&dir)));
    }
    set(&mut state.keep, keys.get("keep", values::duration));
    state
}

fn read_schedule(keys: &Keys<'_>) -> Schedule {
    keys.check_names(&|key| foreign(key, &SCHEDULE_KEYS));
    let mut schedule = Schedule::default();
    set(&mut schedule.every, keys.get("every", values::duration));
    set(&mut schedule.jitter, keys.get("jitter", values::percent));
    schedule
}

/// A key that is not among `own`: where it belongs, or which is meant.
pub(super) fn foreign(key: &str, own: &[&'static str]) -> Option<Stray> {
    if own.contains(&key) {
        return None;
    }
    let near = nearest(key, own.iter().copied());
    let place = match near {
        Some(_) => None,
        None if FETCH_KEYS.contains(&key) => Some("[fetch]"),
        None if SCHEDULE_KEYS.contains(&key) => Some("[schedule]"),
        None if STATE_KEYS.contains(&key) => Some("[state]"),
        None if OUTPUT_KEYS.contains(&key) => Some("[[output]]"),
        None if SOURCE_KEYS.contains(&key) || is_kind_key(key) => Some("[[source]]"),
        None => None,
    };
    Some(place.map_or(Stray::Unknown(near.map(str::to_owned)), |p| Stray::Belongs(p.into())))
}
