//! One JSON line for each file, as newsagg reads it.

use std::io::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ParseArgs;
use crate::format::jsonfeed;
use crate::http::{Document, Request, Url};
use crate::item::{DateOrigin, Item, Story};
use crate::merge::identity::{IdBy, tell_apart};
use crate::source::feed::FeedSource;
use crate::source::{Page, Source};
use crate::{config, store, text};

/// No file is read further than this.
const MAX_FILE: u64 = 64 << 20;
/// No error is longer than this many characters.
const MAX_ERROR: usize = 500;

/// Prints one line per file, in order. `Ok(false)` if any file could not be read.
///
/// # Errors
///
/// What writing to `out` said.
pub(super) fn print(options: &ParseArgs, out: &mut dyn Write) -> io::Result<bool> {
    let source: Option<Arc<dyn Source>> = match &*options.kind {
        // A document that nobody was asked for.
        "feed" => Some(Arc::new(FeedSource { url: None, fallback: Vec::new() })),
        kind => config::reader(kind),
    };
    let source = source.ok_or_else(|| format!("{} is no kind", options.kind));
    let mut all_ok = true;
    for file in &options.files {
        let page = source.as_ref().map_err(String::clone).and_then(|source| {
            let (content_type, body) =
                (options.content_type.as_deref(), read_file(file, MAX_FILE)?);
            read(&**source, &Document { url: options.base.as_ref(), content_type, body: &body })
        });
        all_ok &= page.is_ok();
        line(file, page, out)?;
        out.flush()?;
    }
    Ok(all_ok)
}

/// A file's bytes, or those of stdin for `-`.
pub(in crate::command) fn read_file(file: &str, max: u64) -> Result<Vec<u8>, String> {
    let bytes = match file {
        "-" => store::read_all(io::stdin().lock(), max),
        path => store::read(std::path::Path::new(path), max),
    };
    bytes.map_err(|error| store::plainly(&error))
}

/// Reads one document, or one recorded answer of an API, as `source` does.
fn read(source: &dyn Source, document: &Document<'_>) -> Result<Page, String> {
    let recorded = match source.kind() {
        "feed" => None,
        _ => recorded(document.body),
    };
    let (status, body) = match &recorded {
        Some((status, body)) => (*status, body.as_slice()),
        None => (200, document.body),
    };
    if !(200..300).contains(&status) {
        let said = source.explain(status, body);
        return Err(said.unwrap_or_else(|| format!("the answer's status is {status}")));
    }
    let request = request(source);
    let page = source.read(&request, &Document { body, ..*document });
    let mut page = page.map_err(|failure| failure.cause)?;
    tell_apart(&mut page.items, IdBy::Auto);
    Ok(page)
}

/// What a source without requests, a file, is read with.
fn request(source: &dyn Source) -> Request {
    let nowhere = || Request::get(Url::parse("http://localhost/").expect("it is a URL"));
    source.plan().into_iter().next().unwrap_or_else(nowhere)
}

/// Status and body of an answer that was recorded as `{"status", "headers", "body"}`.
fn recorded(document: &[u8]) -> Option<(u16, Vec<u8>)> {
    #[derive(Deserialize)]
    struct Recorded<'a> {
        status: u16,
        #[serde(rename = "headers")]
        _headers: serde::de::IgnoredAny,
        #[serde(borrow)]
        body: &'a RawValue,
    }
    // serde takes an array for a struct, too.
    if document.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let recorded: Recorded<'_> = serde_json::from_str(std::str::from_utf8(document).ok()?).ok()?;
    let body = recorded.body.get();
    // A body that is no JSON itself is kept as a string.
    let body = serde_json::from_str::<String>(body).unwrap_or_else(|_| body.into());
    Some((recorded.status, body.into_bytes()))
}

#[derive(Serialize)]
struct Read<'a> {
    file: &'a str,
    ok: bool,
    format: &'a str,
    title: &'a str,
    skipped: usize,
}

#[derive(Serialize)]
struct Unread<'a> {
    file: &'a str,
    ok: bool,
    error: &'a str,
}

/// One line: the head by serde, the items as `jsonl` writes them.
fn line(file: &str, page: Result<Page, String>, out: &mut dyn Write) -> io::Result<()> {
    let page = match page {
        Ok(page) => page,
        Err(cause) => {
            let error = text::printable(&cause, MAX_ERROR);
            serde_json::to_writer(&mut *out, &Unread { file, ok: false, error: &error })?;
            return out.write_all(b"\n");
        }
    };
    let (format, title, skipped) = (&*page.format, &*page.title, page.skipped);
    let head = serde_json::to_vec(&Read { file, ok: true, format, title, skipped })?;
    // The array goes in before the closing brace.
    out.write_all(&head[..head.len() - 1])?;
    out.write_all(b",\"items\":[")?;
    let mut piece = Vec::new();
    for item in page.items {
        jsonfeed::item(&story(item), &mut piece)?;
        out.write_all(&piece)?;
        piece.clear();
        piece.push(b',');
    }
    out.write_all(b"]}\n")
}

/// The item as the merged feed would show it, but for what only the state knows.
fn story(item: Item) -> Story {
    let dated = item.published.or(item.updated).is_some();
    Story {
        item,
        source: "".into(),
        first_seen: None,
        date_origin: if dated { DateOrigin::Feed } else { DateOrigin::FirstSeen },
        also: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(files: &[&str]) -> (bool, Vec<String>) {
        let options = ParseArgs {
            kind: "feed".into(),
            files: files.iter().map(|&file| file.into()).collect(),
            ..ParseArgs::default()
        };
        let mut out = Vec::new();
        let ok = print(&options, &mut out).expect("memory takes everything");
        let out = String::from_utf8(out).expect("JSON is UTF-8");
        (ok, out.lines().map(Into::into).collect())
    }

    #[test]
    fn a_file_that_is_missing_has_its_line_and_does_not_end_it() {
        let (ok, lines) = lines(&["/nowhere/a.xml", "/nowhere/b.xml"]);
        assert!(!ok);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].starts_with(r#"{"file":"/nowhere/a.xml","ok":false,"error":""#),
            "{}",
            lines[0]
        );
    }

    #[test]
    fn recorded_answers_are_unwrapped() {
        let answer = br#"{"status": 401, "headers": {}, "body": {"a": 1}}"#;
        assert_eq!(recorded(answer), Some((401, br#"{"a": 1}"#.to_vec())));
        let answer = br#"{"status": 502, "headers": {}, "body": "<p>\u00e9"}"#;
        assert_eq!(recorded(answer), Some((502, "<p>\u{e9}".as_bytes().to_vec())));
        assert_eq!(recorded(b"[200, 1, 2]"), None);
    }
}
