//! What feed-rs makes of documents, in the lines that `newsagg parse` prints.

use serde_json::{Value, json};

fn main() {
    for path in std::env::args().skip(1) {
        println!("{}", read(&path).unwrap_or_else(|error| json!({"file": path, "ok": false, "error": error})));
    }
}

fn read(path: &str) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let feed = feed_rs::parser::parse(&bytes[..]).map_err(|error| error.to_string())?;
    let items: Vec<Value> = feed
        .entries
        .iter()
        .map(|entry| {
            let date = entry.published.or(entry.updated);
            let alternate = entry.links.iter().find(|link| link.rel.as_deref().unwrap_or("alternate") == "alternate");
            json!({
                "title": entry.title.as_ref().map(|title| &title.content),
                "url": alternate.or(entry.links.first()).map(|link| &link.href),
                "date_published": date.map(|date| date.to_rfc3339()),
            })
        })
        .collect();
    Ok(json!({"file": path, "ok": true, "title": feed.title.map(|title| title.content), "items": items}))
}
