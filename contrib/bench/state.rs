//! `cargo bench --bench state`: what the memory of 10,000 sources costs to write, to read and to add
//! a round to.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::time::{Duration, Instant};

use newsagg::item::Item;
use newsagg::pack;
use newsagg::state::{Document, ItemHead, Kept, Memory, Outcome, Poll, SHOWN, content};
use newsagg::store::{Frames, Journal};
use newsagg::time::Timestamp;

const SOURCES: u32 = 10_000;
const ITEMS: u64 = 20;
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("newsagg-state-{}", std::process::id()));
    let outcome = measure(&path);
    std::fs::remove_file(&path)?;
    outcome
}

fn measure(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let now = Timestamp::from_unix(1_795_240_800).ok_or("no time")?;
    let mut shelf = Vec::new();
    let mut memory = Memory::default();
    for number in 0..SOURCES {
        let source = memory.meet(&format!("source-{number}"));
        let items: Vec<Kept> = (0..ITEMS).map(|n| item(number, n, now, &mut shelf)).collect();
        memory.show(source, 0, &items, true, now);
        let key = u64::from(number) << 32;
        let document =
            Document { key, asked: 1, from: 1, digest: Some(key), ..Document::default() };
        memory.hold(source, document);
    }
    memory.polls(now, polls(Outcome::Fresh));
    let began = Instant::now();
    let mut journal = Journal::open_append(path, 0)?;
    journal.append(&mut |frames| save(&mut memory, &shelf, frames))?;
    let first = began.elapsed();
    drop(memory);

    let (mut loads, mut rounds) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        let began = Instant::now();
        let mut memory = Memory::default();
        let reading = Journal::read(path, &mut |place, record| {
            memory.learn((place.offset, place.length), record);
        })?;
        memory.settle();
        loads.push(began.elapsed());
        let items: usize = memory.sources().iter().map(|known| known.shown().count()).sum();
        assert_eq!(items as u64, u64::from(SOURCES) * ITEMS, "something was lost");

        let later = Timestamp::from_unix(now.unix() + 600 * run as i64).ok_or("no time")?;
        let began = Instant::now();
        memory.polls(later, polls(Outcome::Unchanged));
        let mut journal = Journal::open_append(path, reading.end)?;
        journal.append(&mut |frames| save(&mut memory, &shelf, frames))?;
        rounds.push((began.elapsed(), journal.wear().bytes));
    }
    loads.sort();
    rounds.sort();
    let (load, (round, bytes)) = (loads[RUNS / 2], rounds[RUNS / 2]);
    let size = std::fs::metadata(path)?.len();
    println!("{SOURCES} sources with {ITEMS} items each: {:.1} MB", size as f64 / 1e6);
    println!("written for the first time: {:.1} ms", ms(first));
    println!("read: {:.1} ms", ms(load));
    println!("a round without news added and synced: {:.1} ms, {bytes} bytes", ms(round));
    Ok(())
}

fn item(source: u32, number: u64, now: Timestamp, shelf: &mut Vec<u8>) -> Kept {
    let id = format!("https://site-{source}.example/2026/11/21/a-story-of-the-day-{number}");
    let item = Item {
        url: Some(id.as_str().into()),
        title: "A title that is about as long as the titles of real stories are".into(),
        summary: Some("The first words of the story, as a feed tells them. ".repeat(3).into()),
        published: Some(now),
        id: id.into(),
        ..Item::default()
    };
    let place = shelf.len();
    pack::pack(&item, shelf);
    let packed = &shelf[place..];
    let head =
        ItemHead { id: number, story: number, root: 0, first_seen: now.unix(), printed: false };
    let (place, length) = (place as u64, packed.len() as u32);
    Kept { head, place, length, content: content(packed), gone: SHOWN, unsaved: true }
}

fn polls(outcome: Outcome) -> Vec<Poll> {
    let poll = |source| Poll { source, outcome, ms: 120 + source % 300, ..Poll::default() };
    (0..SOURCES).map(poll).collect()
}

fn save(memory: &mut Memory, shelf: &[u8], frames: &mut Frames<'_>) -> std::io::Result<()> {
    let mut packed = |kept: &Kept, into: &mut Vec<u8>| {
        let place = kept.place as usize;
        into.extend_from_slice(&shelf[place..place + kept.length as usize]);
        Ok(())
    };
    memory.save(&mut packed, &mut |record| frames.add(record).map(drop))
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
