//! How well feeds are read: the documents of other readers' tests, compared by the rules of their
//! corpus. What is read otherwise than it expects is listed, with the reason for each, in
//! `tests/fixtures/corpus-misses.jsonl`: no more and no less.

use std::collections::BTreeSet;

use newsagg::format::{self, Feed};
use newsagg::http::Document;
use serde_json::Value;

use crate::support::corpus::{Corpus, Score, count};

/// So many thousandths of each field of the whole corpus are read as it expects.
const FLOOR: usize = 995;

/// Reads all feeds, and holds what is missed against the list.
fn read(corpus: &Corpus) -> Score {
    let (mut score, mut misses) = (Score::new(), BTreeSet::new());
    for (file, row) in corpus.rows("feeds").chain(corpus.rows("encodings")) {
        let body = corpus.bytes(file);
        let feed = format::read(&Document { url: None, content_type: None, body: &body });
        for (field, right) in verdicts(&row["expect"], feed.ok()) {
            count(&mut score, field, right);
            if !right {
                misses.insert((file.to_owned(), field.to_owned()));
            }
        }
    }
    assert_eq!(misses, corpus.listed(|file| file != "dates"), "found, listed");
    score
}

#[test]
fn feeds_of_the_sample_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let counts = [
        ("ok", (173, 173)),
        ("entries", (173, 173)),
        ("title", (121, 122)),
        ("first_title", (114, 118)),
        ("first_link", (105, 107)),
        ("first_date_utc", (68, 68)),
    ];
    assert_eq!(read(&Corpus::sample()), counts.into());
}

#[test]
fn feeds_of_the_whole_corpus_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let Some(corpus) = Corpus::whole() else { return };
    let score = read(&corpus);
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
        text = htmlize::unescape(untagged(&text)).into_owned();
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
