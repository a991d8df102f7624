//! Documents after public bug reports of other feed programs: `fixtures/reports/NUMBER-NAME`, and what is right.

use std::fs;
use std::path::Path;

use newsagg::format;
use newsagg::item::Item;
use newsagg::source::Source;
use newsagg::source::github::What;
use serde_json::{Value, json};

use crate::sources::{document, github, line};

fn fixture(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports");
    fs::read(folder.join(file)).expect(file)
}

/// The items of a feed.
fn feed(file: &str) -> Vec<Item> {
    format::read(&document(&fixture(file))).expect(file).items
}

/// The items of an answer of this source.
fn answer(source: &dyn Source, file: &str) -> Vec<Item> {
    let body = fixture(file);
    source.read(&source.plan()[0], &document(&body)).expect(file).items
}

/// One field of each item.
fn each(items: &[Item], field: &str) -> Value {
    items.iter().map(|item| line(item)[field].clone()).collect()
}

#[test]
fn report_06_the_zero_of_some_system_is_no_date() {
    let items = feed("06-date-zero.rss");
    assert_eq!(each(&items, "published"), json!([null, null, null, null]));
    assert_eq!(each(&items, "updated"), json!([null, null, null, "2026-06-01T00:00:00Z"]));
}

#[test]
fn report_16_code_in_the_markdown_of_a_release_is_text() {
    let source = github("https://api.github.com", What::Releases("a/b".into()));
    let items = answer(&source, "16-github-markdown-code.json");
    let summary = "Fix `Vec<T>` and `Option<u8>`. See <https://docs.example.org/v3>. \
        ```xml <config><port>80</port></config> ``` end";
    assert_eq!(each(&items, "summary"), json!([summary]));
    assert_eq!(each(&items, "title"), json!(["v3: Vec<T>"]));
}
