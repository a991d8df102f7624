//! The file: its bytes and its sections.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::keys::{Keys, describe};
use super::kinds::KINDS;
use super::output;
use super::schema::{FETCH, Key, OUTPUT, REQUEST, SCHEDULE, SECTIONS, STATE, names_of};
use super::secret::Vault;
use super::sheet::{Need, Sheet, shown};
use super::sources;
use super::suggest::nearest;
use super::values::{self, TRACKING};
use super::{Config, Fetch, Problem, Schedule, StateConfig, find};
use crate::live::MAX_STREAMS;
use crate::store;
use crate::transport::Options;

/// No config is longer than this: ten thousand sources fit many times over.
pub const MAX_CONFIG: u64 = 16 << 20;

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
        let root = Keys::new(&sheet, root.get_ref(), 0, "the config".into(), Vec::new());
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
    let fetch = read_fetch(&section(sheet, root, "fetch", vec![FETCH, REQUEST]));
    let state = read_state(&section(sheet, root, "state", vec![STATE]));
    let schedule = read_schedule(&section(sheet, root, "schedule", vec![SCHEDULE]));
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
            let keys = Keys::new(sheet, table, at, title, vec![OUTPUT]);
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
        if SECTIONS.iter().any(|(title, _)| title.trim_matches(['[', ']']) == key) {
            continue;
        }
        let is_table = match value.get_ref() {
            DeValue::Table(_) => true,
            DeValue::Array(values) => values.iter().any(|value| value.get_ref().is_table()),
            _ => false,
        };
        let (word, names) = (shown(key), SECTIONS.map(|(title, _)| title));
        let owner =
            SECTIONS.iter().take(3).find(|(_, keys)| names_of(keys).any(|name| name == key));
        let message = if is_table {
            let near = nearest(key, names.map(|title| title.trim_matches(['[', ']'])));
            let near = near.and_then(|near| names.into_iter().find(|title| title.contains(near)));
            let hint = match near {
                Some(near) => format!("did you mean {near}?"),
                None => format!("known are {}", names.join(", ")),
            };
            format!("unknown table `{word}`; {hint}")
        } else if let Some((owner, _)) = owner {
            format!("`{word}` belongs to {owner}")
        } else {
            let names = names.join(", ");
            format!("unknown key `{word}`: every key stands below one of {names}")
        };
        root.sheet.error(at, message);
    }
}

/// `[fetch]` and its like; an empty one if there is none.
fn section<'a>(
    sheet: &'a Sheet<'a>,
    root: &Keys<'a>,
    name: &str,
    known: Vec<&'static [Key]>,
) -> Keys<'a> {
    static NONE: std::sync::OnceLock<DeTable<'static>> = std::sync::OnceLock::new();
    let title = format!("[{name}]");
    if let Some(value) = root.raw(name) {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => return Keys::new(sheet, table, at, title, known),
            DeValue::Array(_) => {
                sheet.error(at, format!("write [{name}] in single brackets: there is only one"));
            }
            other => {
                sheet.error(at, format!("`{name}` is a table, {title}, not {}", describe(other)));
            }
        }
    }
    Keys::new(sheet, NONE.get_or_init(DeTable::new), 0, title, known)
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

/// What `read` makes of a table in which nothing stands.
fn defaults<T>(known: Vec<&'static [Key]>, read: fn(&Keys<'_>) -> T) -> T {
    let (vault, table) = (Vault::default(), DeTable::new());
    let sheet = Sheet::new(Path::new(""), "", &vault);
    read(&Keys::new(&sheet, &table, 0, String::new(), known))
}

impl Default for Fetch {
    fn default() -> Fetch {
        defaults(vec![FETCH, REQUEST], read_fetch)
    }
}

impl Default for StateConfig {
    fn default() -> StateConfig {
        defaults(vec![STATE], read_state)
    }
}

impl Default for Schedule {
    fn default() -> Schedule {
        defaults(vec![SCHEDULE], read_schedule)
    }
}

fn read_fetch(keys: &Keys<'_>) -> Fetch {
    keys.check_names(&elsewhere);
    Fetch {
        workers: keys.number("workers").unwrap_or_default(),
        per_host: keys.number("per_host").unwrap_or_default(),
        timeout: keys.value("timeout", values::duration).unwrap_or_default(),
        deadline: keys.value("deadline", values::duration).unwrap_or_default(),
        retries: keys.number("retries").unwrap_or_default(),
        tracking: keys.choice("tracking", &TRACKING).unwrap_or_default(),
        options: Options {
            user_agent: keys.value("user_agent", values::user_agent).unwrap_or_default(),
            max_body: keys.value("max_body", values::size).unwrap_or_default(),
            connect_timeout: keys.value("connect_timeout", values::duration).unwrap_or_default(),
            proxy: keys.get("proxy", values::proxy),
        },
    }
}

fn read_state(keys: &Keys<'_>) -> StateConfig {
    keys.check_names(&elsewhere);
    let dir = keys.get("dir", values::name);
    StateConfig {
        dir: match dir {
            Some(dir) => Some(keys.sheet.beside(&find::expand_home(&dir))),
            None => find::state_dir(),
        },
        keep: keys.value("keep", values::duration).unwrap_or_default(),
    }
}

fn read_schedule(keys: &Keys<'_>) -> Schedule {
    keys.check_names(&elsewhere);
    Schedule {
        every: keys.value("every", values::duration).unwrap_or_default(),
        jitter: keys.value("jitter", values::percent).unwrap_or_default(),
    }
}

/// The table that a key belongs to.
pub(super) fn elsewhere(key: &str) -> Option<String> {
    let of_kind = KINDS.iter().flat_map(|kind| names_of(kind.keys)).any(|name| name == key);
    let owner = SECTIONS.iter().find(|(_, keys)| names_of(keys).any(|name| name == key));
    owner.map(|(title, _)| *title).or(of_kind.then_some("[[source]]")).map(str::to_owned)
}
