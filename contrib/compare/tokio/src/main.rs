//! Fetches feeds at once with tokio and reqwest, reads them with feed-rs, merges, writes one JSON file.
//!
//! usage: compare-tokio FEEDS OUT AT_ONCE TIMEOUT

use std::collections::HashSet;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Serialize)]
struct Item {
    url: String,
    title: String,
    summary: String,
    date: Option<String>,
    source: Arc<str>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let [_, feeds, out, at_once, timeout] = &args[..] else {
        return Err("usage: compare-tokio FEEDS OUT AT_ONCE TIMEOUT".into());
    };
    let client = Client::builder().timeout(Duration::from_secs(timeout.parse()?)).build()?;
    let limit = Arc::new(Semaphore::new(at_once.parse()?));
    let mut tasks = JoinSet::new();
    for url in std::fs::read_to_string(feeds)?.lines() {
        let (client, limit, url) = (client.clone(), limit.clone(), Arc::<str>::from(url));
        tasks.spawn(async move {
            let _permit = limit.acquire().await;
            read(&client, &url).await.map_err(|error| format!("{url}: {error}"))
        });
    }
    let (mut items, mut failed) = (Vec::new(), false);
    while let Some(read) = tasks.join_next().await {
        match read? {
            Ok(own) => items.extend(own),
            Err(error) => {
                eprintln!("{error}");
                failed = true;
            }
        }
    }
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.url.clone()));
    items.sort_by(|one, other| other.date.cmp(&one.date));
    let mut file = BufWriter::new(File::create(out)?);
    serde_json::to_writer(&mut file, &items)?;
    file.flush()?;
    std::process::exit(i32::from(failed))
}

async fn read(client: &Client, url: &Arc<str>) -> Result<Vec<Item>, Failure> {
    let body = client.get(&**url).send().await?.error_for_status()?.bytes().await?;
    let feed = feed_rs::parser::parse(&body[..])?;
    let items = feed.entries.into_iter().map(|entry| Item {
        url: entry.links.into_iter().next().map(|link| link.href).unwrap_or(entry.id),
        title: entry.title.map(|title| title.content).unwrap_or_default(),
        summary: entry.summary.map(|summary| summary.content).unwrap_or_default(),
        date: entry.published.or(entry.updated).map(|date| date.to_rfc3339()),
        source: url.clone(),
    });
    Ok(items.collect())
}
