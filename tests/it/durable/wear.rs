//! What remembering costs the disk: bytes and files, never times.

use super::*;
use newsagg::state::item_of;
use newsagg::store::Journal;
use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Of a round that brings nothing new to 200 sources.
const MOST_BYTES: u64 = 4 << 10;
const MOST_FILES: u64 = 3;
const SOURCES: usize = 200;

/// The first byte of a document's record (the fifth of `Event` in `src/state/record.rs`).
const DOCUMENT: u8 = 4;

type Identity = (u64, i64, i64, u64);

fn identity(path: &Path) -> Option<Identity> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.ino(), meta.mtime(), meta.mtime_nsec(), meta.len()))
}

/// Every file of the state, without the lock.
fn state_files(dir: &Path) -> Vec<(String, Identity)> {
    let entries = std::fs::read_dir(dir.join("state")).unwrap();
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), identity(&entry.path()).unwrap())
    };
    let mut files: Vec<_> = entries.map(file).collect();
    files.sort();
    files
}

/// What the disk took, seen from outside: growth of what is the same file, all of what is another.
fn grown(before: &[(String, Identity)], after: &[(String, Identity)]) -> u64 {
    let cost = |(name, now): &(String, Identity)| match before
        .iter()
        .find(|(old, then)| old == name && then.0 == now.0)
    {
        Some((_, then)) => now.3.saturating_sub(then.3),
        None => now.3,
    };
    after.iter().map(cost).sum()
}

fn many() -> String {
    let names: Vec<String> = (0..SOURCES).map(|n| format!("h{n}.test")).collect();
    subscribe(names.iter().map(String::as_str), "10m")
}

#[test]
fn a_round_that_finds_nothing_new_costs_one_small_write_and_no_output() {
    let web = |asked: &Asked| match asked.field("if-none-match") {
        Some("\"same\"") => status(304),
        _ => page(feed([asked.host()])).with("etag", "\"same\""),
    };
    let world = World::new("wear-nothing", web);
    let config = world.config(&many());
    world.round(&config);
    for round in 0..3 {
        world.wait(10 * MINUTE);
        let feed = world.dir.join("feed.json");
        let (output, before) = (identity(&feed), state_files(&world.dir));
        let report = world.round(&config).report;
        assert!(report.sources.iter().all(|source| source.status == Some(304)), "{round}");
        assert_eq!(identity(&feed), output, "{round}: the output was written");
        assert!(!report.outputs[0].written);
        let cost = grown(&before, &state_files(&world.dir));
        assert!(cost > 0 && cost <= report.written.bytes, "{cost} of {:?}", report.written);
        assert!(report.written.bytes <= MOST_BYTES, "{round}: {:?}", report.written);
        assert!(report.written.files <= MOST_FILES, "{round}: {:?}", report.written);
    }
    world.wait(MINUTE);
    let before = state_files(&world.dir);
    let report = world.round(&config).report;
    assert_eq!((report.requests, report.written.bytes, report.written.files), (0, 0, 0));
    assert_eq!(state_files(&world.dir), before, "nobody was due, and something was written");
}

#[test]
fn new_items_cost_twice_their_bytes_at_most() {
    let web = |asked: &Asked| {
        let stories =
            [format!("{}-old", asked.host()), format!("{}-{}", asked.host(), asked.round)];
        page(feed(stories)).with("etag", format!("\"{}\"", asked.round))
    };
    let world = World::new("wear-new", web);
    let config = world.config(&many());
    world.round(&config);
    world.wait(10 * MINUTE);
    let journal = world.dir.join("state/sources");
    let end = std::fs::metadata(&journal).unwrap().len();
    let before = state_files(&world.dir);
    let report = world.round(&config).report;
    assert_eq!(report.new, SOURCES);
    let (mut known, mut changed) = (HashSet::new(), 0);
    Journal::read(&journal, &mut |place, record| {
        let is_new = place.offset >= end;
        // What was there is no change; no two sources have an item with the same id.
        if let Some((_, packed)) = item_of(record).filter(|(item, _)| known.insert(item.id)) {
            changed += if is_new { packed.len() as u64 } else { 0 };
        }
        if record[0] == DOCUMENT && is_new {
            changed += record.len() as u64;
        }
    })
    .unwrap();
    let outputs: u64 = report.outputs.iter().map(|output| output.bytes).sum();
    let state = report.written.bytes - outputs;
    assert!(state >= grown(&before, &state_files(&world.dir)));
    assert!(changed > 0 && state <= 2 * changed, "{state} bytes for {changed}");
}

#[test]
fn a_journal_of_thousands_of_rounds_stays_small() {
    const ROUNDS: usize = 2_000;
    let web = |asked: &Asked| {
        let stories = (asked.round..asked.round + 3).map(|n| format!("{}-{n}", asked.host()));
        page(feed(stories)).with("etag", format!("\"{}\"", asked.round))
    };
    let world = World::new("wear-long", web);
    let text = subscribe(["a.test"], "10m");
    let config = world.config(&format!("state.keep = \"1h\"\n{text}"));
    let journal = world.dir.join("state/sources");
    let (mut total, mut appended, mut rewritten, mut largest) = (0, 0, 0u64, 0);
    let mut before = identity(&journal);
    for _ in 0..ROUNDS {
        let report = world.round(&config).report;
        let outputs: u64 = report.outputs.iter().map(|output| output.bytes).sum();
        let cost = report.written.bytes - outputs;
        let after = identity(&journal);
        total += cost;
        match before.map(|file| file.0) == after.map(|file| file.0) {
            true => appended += cost,
            false => rewritten += 1,
        }
        largest = largest.max(after.unwrap().3);
        before = after;
        world.wait(10 * MINUTE);
    }
    assert!(rewritten >= 3, "it was never written anew");
    assert!(largest < 128 << 10, "{largest} bytes");
    assert!(total * 2 <= appended * 5, "{total} bytes were written to hold {appended}");
}
