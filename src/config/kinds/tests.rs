//! What `contrib/new-source.md` walks through, as it stands there.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use serde_json::{Value, json};

use super::super::secret::Vault;
use super::super::sheet::Sheet;
use super::*;
use crate::http::{Document, Secret};
use crate::source::Page;

#[path = "../../../contrib/new-source/tidings.rs"]
mod tidings;
use tidings::Tidings;

include!("../../../contrib/new-source/kind.rs");

static ENTRY: Kind = include!("../../../contrib/new-source/entry.rs");

/// What the entry makes of a table, or the mistakes in it.
fn source(text: &str) -> Result<Arc<dyn Source>, String> {
    let vault = Vault::default();
    let sheet = Sheet::new(Path::new("newsagg.toml"), text, &vault);
    let table = DeTable::parse(text).unwrap();
    let keys = Keys::new(&sheet, table.get_ref(), 0, "[[source]]".into(), known(Some(&ENTRY)));
    let built = (ENTRY.read)(&keys, None);
    let (errors, _) = sheet.finish();
    built.ok_or_else(|| errors.iter().map(|error| format!("{error}\n")).collect())
}

fn tidings() -> Tidings {
    Tidings {
        base_url: Url::parse(tidings::BASE_URL).unwrap(),
        key: Secret("the-key".into()),
        topic: "rivers & moles".into(),
    }
}

/// As in `tests/it/sources.rs`.
fn golden(page: &Page) -> Vec<Value> {
    let item = |item: &crate::item::Item| {
        json!({
            "id": &*item.id, "title": &*item.title, "url": item.url.as_deref(),
            "published": item.published.map(|date| date.to_string()),
            "authors": item.authors.iter().map(|name| &**name).collect::<Vec<_>>(),
            "summary": item.summary.as_deref(),
        })
    };
    let head = json!({"format": &*page.format, "more": [], "skipped": page.skipped});
    std::iter::once(head).chain(page.items.iter().map(item)).collect()
}

#[test]
fn the_guides_source_asks_reads_and_explains() {
    let source = tidings();
    let [request] = &source.plan()[..] else { panic!("{source:?}") };
    let latest = "https://api.tidings.example/v1/latest?topic=rivers+%26+moles";
    assert_eq!(request.url.as_str(), latest);
    assert!(request.headers[0].secret && !format!("{source:?}").contains("the-key"));

    let body = include_bytes!("../../../contrib/new-source/latest.json");
    let document = Document { url: None, content_type: None, body };
    let page = source.read(request, &document).unwrap();
    let told = include_str!("../../../contrib/new-source/latest.items.jsonl");
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(golden(&page), told);

    let refusal = include_bytes!("../../../contrib/new-source/error-401.json");
    let told = include_str!("../../../contrib/new-source/error-401.items.jsonl");
    let said = json!({"explain": source.explain(401, refusal), "status": 401});
    assert_eq!(said, serde_json::from_str::<Value>(told).unwrap());
    assert_eq!(source.quota().windows, tidings::WINDOWS);
}

#[test]
fn the_guides_kind_reads_its_table_and_names_every_mistake() {
    let mistakes = source("topic = 5\n").unwrap_err();
    assert!(mistakes.contains("has no `key`") && mistakes.contains("`topic`"), "{mistakes}");
    let file = std::env::temp_dir().join(format!("newsagg-guide-{}", std::process::id()));
    std::fs::write(&file, "the-key\n").unwrap();
    let made = source(&format!("topic = \"rivers\"\nkey = {{ file = \"{}\" }}", file.display()));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(made.unwrap().kind(), ENTRY.name);
    assert!(TIDINGS.iter().any(|key| key.name == "topic") && !ENTRY.also.contains(&ENTRY.name));
}
