//! `[[output]]`: one document to write.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::file::elsewhere;
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

/// Keys that are about the items in an output.
const NEWS_KEYS: [&str; 4] = ["limit", "max_age", "title", "join"];
/// What makes reports of several sources one story.
pub(super) const JOINS: [(&str, Join); 3] =
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

/// A format, as it is declared.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredFormat {
    /// As the config and `-f` say it.
    pub name: &'static str,
    /// What the names of its files end in.
    pub extensions: &'static [&'static str],
    /// How it is written.
    pub format: OutputFormat,
    /// What it is: sentences in which literals stand in backquotes.
    pub text: &'static str,
}

/// Declares formats: `/// text`, then `"name", [extensions], format;`.
macro_rules! formats {
    ($($(#[doc = $text:literal])+ $name:literal, $extensions:expr, $format:expr;)*) => {
        [$(DeclaredFormat {
            name: $name,
            extensions: &$extensions,
            format: $format,
            text: concat!($($text),+),
        }),*]
    };
}

/// Every format, the default of files as the first.
pub static FORMATS: [DeclaredFormat; 9] = formats! {
    /// JSON Feed 1.1, for other programs. `url` is the story's own page or discussion, `external_url` what it links to.
    /// An extension `_newsagg` says of the feed how each source stands (`ok`, `stale`, `failed`, `limited` or `off`),
    /// since when, and why; of an item its source, when it was first seen, where its date is from, which other sources
    /// have the story, score and comments. Nothing in it changes when nothing new happened.
    "jsonfeed", ["json", "jsonfeed"], OutputFormat::Now(Format::JsonFeed);
    /// One item a line, the same objects as in `jsonfeed`.
    "jsonl", ["jsonl", "ndjson"], OutputFormat::Now(Format::Jsonl);
    /// Atom, RFC 4287. `alternate` is the story's own page or discussion, `related` what it links to and where else it
    /// is. An entry keeps its id where that is a URL, a `tag:` or a `urn:`; otherwise it is made of the names of source
    /// and item. The id of the feed is made of its `title`, its `updated` is the date of the newest story. `source` says
    /// where an entry is from; an entry without an author is said to be written by its source.
    "atom", ["atom", "xml"], OutputFormat::Now(Format::Atom);
    /// RSS 2.0. `link` is the page that a story is about, `comments` its discussion where that is another page. What RSS
    /// has no place for is in elements of Dublin Core, Media RSS, slash and Atom. The first attachment is the enclosure;
    /// its length is 0 if it is unknown.
    "rss", ["rss"], OutputFormat::Now(Format::Rss);
    /// Nine fields a line, with tabs between them, as sfeed(5) has them: seconds since 1970, title, link, text, its type,
    /// id, first author, first enclosure, and tags with `|` between them. Where there is no title, the text stands for it.
    "tsv", ["tsv"], OutputFormat::Now(Format::Tsv);
    /// One page for a browser, by itself: no scripts, nothing that it would load from elsewhere, and a policy that forbids
    /// both. The stories by day, of all sources or of one, by time or by source, in light or dark, on a telephone, on a
    /// wall and on paper; above them which source is not fresh and since when, below them why. Up to 64 KiB the newest
    /// have their summaries; beyond that there are only headlines, but for the first. It has dates and no ages: nothing in
    /// it changes when nothing new happened.
    "html", ["html", "htm"], OutputFormat::Now(Format::Html);
    /// No items, but the sources of kind `feed` as a subscription list, OPML 2.0, as `newsagg export` prints it. There is
    /// a warning if `limit` or `max_age` is set.
    "opml", ["opml"], OutputFormat::Now(Format::Opml);
    /// For people: on a terminal with colours, folded to its width, and with links where it opens them; elsewhere a line
    /// for each story, date, source, title and link, with tabs between them and `-` for what is unknown. Dates are in UTC;
    /// with `--ages` of newsagg(1) there are ages instead.
    "text", ["txt"], OutputFormat::Now(Format::Text);
    /// No items, but how newsagg fares: see METRICS. There is a warning if `limit`, `max_age` or `title` is set, which are
    /// about items.
    "prometheus", ["prom"], OutputFormat::Metrics;
};

/// The names of the formats.
pub(super) fn format_names() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name).collect()
}

impl OutputFormat {
    /// As the config and `-f` say it.
    pub fn name(self) -> &'static str {
        FORMATS.iter().find(|known| known.format == self).map_or("", |known| known.name)
    }

    /// The format of this name; the error lists them.
    pub fn parse(name: &str) -> Result<OutputFormat, String> {
        if let Some(known) = FORMATS.iter().find(|known| known.name == name) {
            return Ok(known.format);
        }
        let hint = match nearest(name, format_names()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("known are {}", format_names().join(", ")),
        };
        Err(format!("\"{}\" is no format; {hint}", shown(name)))
    }

    /// What the name of a file tells: `.json` is JSON Feed, `.txt` is text.
    pub fn of_path(path: &Path) -> Option<OutputFormat> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let known = FORMATS.iter().find(|known| known.extensions.contains(&extension.as_str()));
        known.map(|known| known.format)
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
    keys.check_names(&elsewhere);
    let written = keys.get("path", values::name);
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
        limit: keys.number("limit"),
        max_age: keys.get("max_age", values::duration),
        title: keys.value("title", values::name).unwrap_or_default(),
        sources: output_sources(keys, names),
        mode: keys.value("mode", values::mode).unwrap_or(MODE),
        join: keys.choice("join", &JOINS).unwrap_or_default(),
    }
}

fn output_format(value: &DeValue<'_>) -> Result<OutputFormat, Wrong> {
    let known = FORMATS.map(|known| (known.name, known.format));
    values::choice(value, &known)
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
