//! Reading and merging, so often and no more: what `contrib/budget` counts the instructions and
//! the allocations of.
//!
//! ```text
//! cargo run --release --example budget -- read|rss|merge TIMES
//! ```
//!
//! What is read or merged is made up before, the same in every run: the difference between two
//! runs, of one time and of three, is twice what one time costs.

use std::hint::black_box;
use std::sync::Arc;

use newsagg::format;
use newsagg::http::{Document, Url};
use newsagg::item::Item;
use newsagg::merge::{Collection, Join};
use newsagg::pack;
use newsagg::time::Timestamp;

mod made;
use made::{KINDS, Random};

const USAGE: &str = "usage: budget read|rss|merge TIMES";

/// Feeds by hand, one of each format. A new fixture is not added here: the figure would be another.
const FEEDS: [&[u8]; 6] = [
    include_bytes!("../../tests/fixtures/feed/rss20.xml"),
    include_bytes!("../../tests/fixtures/feed/rss10.xml"),
    include_bytes!("../../tests/fixtures/feed/atom10.xml"),
    include_bytes!("../../tests/fixtures/feed/atom03.xml"),
    include_bytes!("../../tests/fixtures/feed/jsonfeed.json"),
    include_bytes!("../../tests/fixtures/feed/podcast.xml"),
];
/// Bytes of a feed that is made up.
const SIZE: usize = 40_000;
/// What is merged.
const SOURCES: usize = 100;
const ITEMS: usize = 60;
/// 2026-11-21, early in the morning.
const NOW: i64 = 1_795_240_800;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, times] = arguments.as_slice() else { return Err(USAGE.into()) };
    let times: u32 = times.parse().map_err(|e| format!("{times}: {e}\n{USAGE}"))?;
    match what.as_str() {
        "read" => {
            let mut feeds: Vec<Vec<u8>> = FEEDS.map(<[u8]>::to_vec).into();
            feeds.extend(KINDS.map(|(_, make)| make(&mut Random(42), SIZE).into_bytes()));
            repeat(times, || feeds.iter().try_for_each(|feed| read(feed)))
        }
        "rss" => {
            let feed = KINDS[0].1(&mut Random(42), SIZE);
            repeat(times, || read(feed.as_bytes()))
        }
        "merge" => {
            let items = items(&mut Random(42));
            repeat(times, || merge(&items))
        }
        _ => Err(USAGE.into()),
    }
}

fn repeat(
    times: u32,
    work: impl Fn() -> Result<(), Box<dyn std::error::Error>>,
) -> Result<(), Box<dyn std::error::Error>> {
    (0..times).try_for_each(|_| work())
}

fn read(body: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let url = Url::parse("https://news.example/feed.xml")?;
    let feed = format::read(&Document { url: Some(&url), content_type: None, body })?;
    if feed.items.is_empty() {
        return Err("no items were read".into());
    }
    black_box(feed);
    Ok(())
}

/// Every source's items, packed. Of ten stories one is told by two sources under one link, one by
/// two in nearly the same words; the rest are told once.
fn items(random: &mut Random) -> Vec<Vec<Vec<u8>>> {
    let mut told: Vec<(String, String)> = Vec::new();
    let mut source = |number: usize| {
        let mut items = Vec::with_capacity(ITEMS);
        for index in 0..ITEMS {
            let mut url = format!("https://site-{number}.example/2026/11/{index}?utm_source=rss");
            let mut title =
                format!("{} {} {} {}", name(random), random.words(4), name(random), name(random));
            if number > 0 && index % 10 < 2 {
                let (other, words) = &told[random.below(told.len())];
                match index % 10 {
                    0 => url = other.replace("https://", "http://www."),
                    _ => title = format!("{words}!"),
                }
            }
            items.push(item(number, index, &url, &title, random));
            told.push((url, title));
        }
        items
    };
    (0..SOURCES).map(&mut source).collect()
}

/// Somebody or someplace: `WORDS` alone would make all titles alike.
fn name(random: &mut Random) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "cor", "del", "fi", "gan", "hol", "ki", "lem", "mor", "nu", "pet", "ri", "sol",
        "tan", "vi", "zu",
    ];
    (0..3).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
}

fn item(source: usize, index: usize, url: &str, title: &str, random: &mut Random) -> Vec<u8> {
    let age = i64::try_from(random.below(40_000)).unwrap_or(0);
    let item = Item {
        id: format!("tag:site-{source}.example,2026:{index}").as_str().into(),
        title: title.into(),
        url: Some(url.into()),
        published: Timestamp::from_unix(NOW - age),
        authors: vec![random.words(2).as_str().into()],
        summary: Some(random.words(40).as_str().into()),
        tags: vec![random.words(1).as_str().into()],
        ..Item::default()
    };
    let mut packed = Vec::new();
    pack::pack(&item, &mut packed);
    packed
}

fn merge(items: &[Vec<Vec<u8>>]) -> Result<(), Box<dyn std::error::Error>> {
    let now = Timestamp::from_unix(NOW).ok_or("no time")?;
    let names = (0..items.len()).map(|number| Arc::from(format!("site-{number}"))).collect();
    let mut collection = Collection::new(names, now, Box::new(Vec::new()));
    for (source, items) in items.iter().enumerate() {
        for item in items {
            collection.add(source, item, now, false);
        }
    }
    let sources: Vec<usize> = (0..items.len()).collect();
    let ranking = collection.rank(&sources, Join::Titles)?;
    if ranking.len() + SOURCES > SOURCES * ITEMS {
        return Err("hardly anything was joined".into());
    }
    for rank in 0..ranking.len() {
        black_box(collection.story(&ranking, rank)?);
    }
    Ok(())
}
