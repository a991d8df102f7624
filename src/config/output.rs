//! `[[output]]`: one document to write.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::file::foreign;
use super::keys::{Keys, Wrong};
use super::sheet::shown;
use super::suggest::nearest;
use super::{find, values};
use crate::format::Format;
use crate::merge::Join;

/// The title of an output that has none.
pub const TITLE: &str = "newsagg";
/// The permission bits of an output that says nothing.
pub const MODE: u32 = 0o644;

/// The keys of `[[output]]`.
pub const OUTPUT_KEYS: [&str; 8] =
    ["path", "format", "limit", "max_age", "title", "sources", "mode", "join"];
/// Of these, those that are about the news in it.
const NEWS_KEYS: [&str; 4] = ["limit", "max_age", "title", "join"];
/// What makes reports of several sources one story.
const JOINS: [(&str, Join); 3] =
    [("titles", Join::Titles), ("links", Join::Links), ("nothing", Join::Nothing)];

/// One document to write: `[[output]]`.
#[derive(Clone, Debug)]
pub struct Output {
    /// Absolute or relative to the current directory; `None` is stdout.
    pub path: Option<PathBuf>,
    /// How it is written.
    pub format: OutputFormat,
    /// No more items than this.
    pub limit: Option<usize>,
    /// No items older than this.
    pub max_age: Option<Duration>,
    /// The document's title.
    pub title: String,
    /// Indices into [`Config::sources`](super::Config::sources), ascending; all of them if the
    /// config names none.
    pub sources: Vec<usize>,
    /// Permission bits of the file: `0o644`.
    pub mode: u32,
    /// What makes reports of several sources one story.
    pub join: Join,
}

/// How an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// The merged news.
    Now(Format),
    /// How newsagg fares, and no news: [`crate::format::prometheus`].
    Metrics,
}

impl OutputFormat {
    /// Every format of `interface.md` §2, in its order.
    pub const ALL: [(&'static str, OutputFormat); 9] = [
        ("jsonfeed", OutputFormat::Now(Format::JsonFeed)),
        ("jsonl", OutputFormat::Now(Format::Jsonl)),
        ("atom", OutputFormat::Now(Format::Atom)),
        ("rss", OutputFormat::Now(Format::Rss)),
        ("tsv", OutputFormat::Now(Format::Tsv)),
        ("html", OutputFormat::Now(Format::Html)),
        ("opml", OutputFormat::Now(Format::Opml)),
        ("text", OutputFormat::Now(Format::Text)),
        ("prometheus", OutputFormat::Metrics),
    ];

    /// As the config and `-f` say it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// The format of this name; the error lists them.
    pub fn parse(name: &str) -> Result<OutputFormat, String> {
        if let Some((_, format)) = Self::ALL.iter().find(|(known, _)| *known == name) {
            return Ok(*format);
        }
        let names = || Self::ALL.iter().map(|(name, _)| *name);
        let known = names().collect::<Vec<_>>().join(", ");
        let near = nearest(name, names()).map(|near| format!("; did you mean \"{near}\"?"));
        Err(format!(
            "\"{}\" is no format{}",
            shown(name),
            near.unwrap_or_else(|| format!("; known are {known}"))
        ))
    }

    /// What the name of a file tells: `.json` is JSON Feed, `.txt` is text.
    pub fn of_path(path: &Path) -> Option<OutputFormat> {
        let name = match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" | "jsonfeed" => "jsonfeed",
            "jsonl" | "ndjson" => "jsonl",
            "atom" | "xml" => "atom",
            "rss" => "rss",
            "tsv" => "tsv",
            "html" | "htm" => "html",
            "opml" => "opml",
            "txt" => "text",
            "prom" => "prometheus",
            _ => return None,
        };
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

impl Output {
    /// Text on stdout: what `once` writes when nobody says otherwise.
    pub fn stdout(sources: usize) -> Output {
        Output {
            path: None,
            format: OutputFormat::Now(Format::Text),
            limit: None,
            max_age: None,
            title: TITLE.into(),
            sources: (0..sources).collect(),
            mode: MODE,
            join: Join::default(),
        }
    }
}

/// One output; `paths` are those of the outputs before it.
pub(super) fn read(
    keys: &Keys<'_>,
    names: &[Option<String>],
    paths: &mut BTreeSet<PathBuf>,
) -> Output {
    keys.check_names(&|key| foreign(key, &OUTPUT_KEYS));
    let written = keys.require("path", values::name);
    if let Some(written) = &written {
        let path = plain(&keys.sheet.beside(&find::expand_home(written)));
        let at = keys.place("path");
        if written.ends_with('/') {
            keys.sheet.error(at, format!("`path` names a folder: \"{}\"", shown(written)));
        } else if !paths.insert(path) {
            keys.sheet.error(at, format!("another output already writes \"{}\"", shown(written)));
        }
    }
    let format = match (keys.has("format"), &written) {
        (true, _) => keys.get("format", output_format),
        (false, Some(path)) => {
            let told = OutputFormat::of_path(Path::new(path));
            if told.is_none() {
                keys.missing("format");
            }
            told
        }
        (false, None) => None,
    };
    if format == Some(OutputFormat::Metrics) {
        for key in NEWS_KEYS.into_iter().filter(|key| keys.has(key)) {
            let message =
                format!("`{key}` in {} changes nothing: metrics hold no news", keys.title);
            keys.sheet.warn(keys.place(key), message);
        }
    }
    if format == Some(OutputFormat::Now(Format::Opml)) {
        for key in ["limit", "max_age"].into_iter().filter(|key| keys.has(key)) {
            let message =
                format!("`{key}` in {} changes nothing: a list of feeds holds no news", keys.title);
            keys.sheet.warn(keys.place(key), message);
        }
    }
    let path = written.filter(|path| path != "-");
    Output {
        path: path.map(|path| keys.sheet.beside(&find::expand_home(&path))),
        format: format.unwrap_or(OutputFormat::Now(Format::JsonFeed)),
        limit: keys.get("limit", values::count),
        max_age: keys.get("max_age", values::duration),
        title: keys.get("title", values::name).unwrap_or_else(|| TITLE.into()),
        sources: output_sources(keys, names),
        mode: keys.get("mode", values::mode).unwrap_or(MODE),
        join: keys.get("join", |value| values::choice(value, &JOINS)).unwrap_or_default(),
    }
}

fn output_format(value: &DeValue<'_>) -> Result<OutputFormat, Wrong> {
    values::choice(value, &OutputFormat::ALL)
}

/// The sources of an output by their indices; all of them if it names none.
fn output_sources(keys: &Keys<'_>, names: &[Option<String>]) -> Vec<usize> {
    let all: Vec<usize> = (0..names.len()).collect();
    if !keys.has("sources") {
        return all;
    }
    // Places are needed for names that do not exist, so the list is walked here.
    let wanted = keys.list("sources", "[\"hn\", \"bbc\"]", values::text);
    let mut chosen: Vec<usize> = Vec::new();
    let Some(DeValue::Array(written)) = keys.raw("sources").map(Spanned::get_ref) else {
        return all;
    };
    if written.is_empty() {
        let message = format!("`sources` in {} is empty; leave it out for all sources", keys.title);
        keys.sheet.error(keys.place("sources"), message);
    }
    for name in wanted {
        let known = || names.iter().flatten().map(String::as_str);
        match names.iter().position(|known| known.as_deref() == Some(&name)) {
            Some(index) => chosen.push(index),
            None => {
                let at = written.iter().find(|value| value.get_ref().as_str() == Some(&name));
                let at = at.map_or(keys.at, |value| value.span().start);
                let near = nearest(&name, known());
                let near = near.map(|near| format!("; did you mean \"{}\"?", shown(near)));
                let message = format!(
                    "no source is named \"{}\", which {} asks for{}",
                    shown(&name),
                    keys.title,
                    near.unwrap_or_default()
                );
                keys.sheet.error(at, message);
            }
        }
    }
    chosen.sort();
    chosen.dedup();
    chosen
}

/// The path without `.` and, as far as can be told without looking, without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
