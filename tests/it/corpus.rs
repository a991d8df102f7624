//! The feeds of the corpus, where it is at hand: how well they are read, by the rules of its
//! `check.py`. What is read otherwise than it expects is listed, with the reason for each, in
//! `tests/fixtures/corpus-misses.jsonl`: no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use newsagg::format::{self, Feed};
use newsagg::http::Document;
use serde_json::Value;

/// So many thousandths of each field are read as the corpus expects.
const FLOOR: usize = 995;

const MISSES: &str = include_str!("../fixtures/corpus-misses.jsonl");

/// Where the corpus is, if it is at hand.
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = std::env::var_os("NEWSAGG_CORPUS").map_or(beside, PathBuf::from);
    folder.join("expect.jsonl").exists().then_some(folder)
}

/// What is listed for a file of misses: fields, or dates.
pub fn listed(wanted: impl Fn(&str) -> bool) -> BTreeSet<(String, String)> {
    let lines = MISSES.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let name = |miss: &Value, key: &str| miss[key].as_str().unwrap().to_owned();
    lines
        .inspect(|miss| assert!(miss["why"].as_str().unwrap().len() > 20, "{miss}"))
        .map(|miss| (name(&miss, "file"), name(&miss, "field")))
        .filter(|(file, _)| wanted(file))
        .collect()
}

#[test]
fn feeds_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let Some(folder) = folder() else { return };
    let (mut score, mut misses) = (BTreeMap::<_, (usize, usize)>::new(), BTreeSet::new());
    for line in fs::read_to_string(folder.join("expect.jsonl")).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        if !matches!(row["kind"].as_str(), Some("feeds" | "encodings")) {
            continue;
        }
        let file = row["file"].as_str().unwrap();
        let body = fs::read(folder.join(file)).unwrap();
        let feed = format::read(&Document { url: None, content_type: None, body: &body });
        for (field, right) in verdicts(&row["expect"], feed.ok()) {
            let (rights, all) = score.entry(field).or_default();
            *all += 1;
            *rights += usize::from(right);
            if !right {
                misses.insert((file.to_owned(), field.to_owned()));
            }
        }
    }
    assert_eq!(misses, listed(|file| file != "dates"), "found, listed");
    assert_eq!(score.len(), 6);
    for (field, (right, all)) in score {
        assert!(right * 1000 >= all * FLOOR, "{field}: {right} of {all}");
    }
}

/// Each field of which something is recorded, and whether it was read so.
fn verdicts(expect: &Value, feed: Option<Feed>) -> Vec<(&'static str, bool)> {
    let Some(ok) = expect["ok"].as_bool() else { return Vec::new() };
    let mut verdicts = vec![("ok", feed.is_some() == ok)];
    if !ok {
        return verdicts;
    }
    let feed = feed.unwrap_or_default();
    let first = feed.items.first();
    if let Some(entries) = expect["entries"].as_u64() {
        verdicts.push(("entries", (feed.items.len() + feed.skipped) as u64 == entries));
    }
    let told = |field: &str| expect[field].as_str().filter(|told| !told.is_empty());
    if let Some(title) = told("title") {
        verdicts.push(("title", plain(&feed.title) == plain(title)));
    }
    if let Some(title) = told("first_title") {
        let found = first.map(|item| &*item.title).unwrap_or_default();
        verdicts.push(("first_title", plain(found) == plain(title)));
    }
    if let Some(url) = told("first_link") {
        let mut found =
            first.into_iter().flat_map(|item| item.url.iter().chain(&item.external_url));
        let right = !url.starts_with("http") || found.any(|found| link(found) == link(url));
        verdicts.push(("first_link", right));
    }
    if let Some(date) = told("first_date_utc") {
        let found = first.and_then(|item| item.published.or(item.updated));
        let found = found.map(|date| date.to_string()).unwrap_or_default();
        verdicts.push(("first_date_utc", found == instant(date)));
    }
    verdicts
}

/// What a reader would see: no tags, references resolved, white space folded, nothing unseen.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        text = unescape(&untagged(&text));
    }
    let text: String = text
        .chars()
        .filter(|c| !is_format(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without `<[^<>]*>`.
fn untagged(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let inside = &rest[open + 1..];
        out.push_str(&rest[..open]);
        match inside.find(['<', '>']) {
            Some(end) if inside[end..].starts_with('>') => rest = &inside[end + 1..],
            _ => {
                out.push('<');
                rest = inside;
            }
        }
    }
    out + rest
}

/// Unicode's category Cf, as far as feeds have it.
fn is_format(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// References that end with a semicolon, and the few that everybody writes without.
fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '#').unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        match referred(name) {
            Some(text) => out += &(text + rest.strip_prefix(';').unwrap_or(rest)),
            None => out += &format!("&{part}"),
        }
    }
    out
}

fn referred(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        let code = code.ok().filter(|code| *code > 0);
        return match code {
            Some(0x80..=0x9f) => encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(&[code? as u8])
                .0
                .into_owned()
                .into(),
            _ if number.starts_with(|c: char| c.is_ascii_digit() || c == 'x') => {
                Some(code.and_then(char::from_u32).unwrap_or('\u{fffd}').to_string())
            }
            _ => None,
        };
    }
    let names = include_str!("../../src/text/entities.txt").lines();
    let mut named = names.filter_map(|line| line.split_once(' '));
    let found = named.find(|(known, _)| *known == name).map(|(_, text)| text.to_owned());
    found.or_else(|| (name == "apos").then(|| "'".into()))
}

/// Escapes in capitals, no slash at the end.
fn link(url: &str) -> String {
    let mut parts = url.trim().split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        out.push('%');
        out += &escape.map_or(part.to_owned(), |two| two.to_ascii_uppercase() + &part[2..]);
    }
    out.trim_end_matches('/').to_owned()
}

/// Whole seconds.
fn instant(date: &str) -> String {
    let (head, rest) = date.split_once('.').unwrap_or((date, ""));
    let zone = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{head}{zone}").replace("+00:00", "Z")
}

#[test]
fn the_rules_of_comparison_are_those_of_the_corpus() {
    assert_eq!(plain("<b>a &amp;amp; b</b> &lt;i&gt;c\u{200b}\u{7}d\u{a0} e"), "a & b c d e");
    assert_eq!(plain("A<B &#0; &#x92;&nosuch; &Aacute"), "A<B \u{fffd} \u{2019}&nosuch; Á");
    assert_eq!(link(" http://a/%c3%bc%zz/ "), "http://a/%C3%BC%zz");
    assert_eq!(instant("2026-11-21T06:00:00.123+00:00"), "2026-11-21T06:00:00Z");
}
