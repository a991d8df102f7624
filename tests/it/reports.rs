//! Documents after public bug reports of other feed programs: `fixtures/reports/NUMBER-NAME`, and what is right.

use std::fs;
use std::path::Path;

use newsagg::format;
use newsagg::item::Item;
use serde_json::{Value, json};

use crate::sources::{document, line};

fn fixture(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports");
    fs::read(folder.join(file)).expect(file)
}

/// The items of a feed.
fn feed(file: &str) -> Vec<Item> {
    format::read(&document(&fixture(file))).expect(file).items
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
