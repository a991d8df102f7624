//! What is kept of the last round, and how it is drawn; the line that is shown while one runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use newsagg::chart;
use newsagg::command::timeline;
use newsagg::config::Config;
use newsagg::failure::Stage;
use newsagg::format::Style;
use newsagg::http::Timing;
use newsagg::round::Span;
use newsagg::state::Past;
use newsagg::update::{Updated, Wishes, stored};

use crate::support::said::{Said, said};
use crate::support::server::{Server, ok};
use crate::support::world::*;

mod drawn;
mod terminal;

fn sources<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let source = |name| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"https://{name}.test/\"\n\
             every = \"10m\"\nretries = 0\n"
        )
    };
    names.into_iter().map(source).collect()
}

/// Who is slow, and who fails.
fn web(asked: &Asked) -> Reply {
    match asked.host() {
        "slow.test" => page(feed(["s"])).after(Duration::from_millis(1_234)),
        "broken.test" => status(500),
        _ => page(feed([asked.host()])),
    }
}

fn past<W: Web>(world: &World<W>, config: &Config) -> Option<Past> {
    stored(config, &world.clock).memory.past()
}

/// As a picture has them: sorted, since the round began.
fn spans(updated: &Updated) -> Vec<Span> {
    let since = |at: Duration| at - updated.began;
    let mut spans: Vec<Span> = updated.spans.clone();
    for span in &mut spans {
        (span.ready, span.start) = (since(span.ready), since(span.start));
        span.end = since(span.end);
        // Phases are those of a wire, and there is none.
        span.timing = Timing::default();
    }
    spans.sort_by_key(|span| (span.source, span.start));
    spans
}

#[test]
fn the_last_round_is_remembered_to_the_millisecond() {
    let world = World::new("timeline-kept", web);
    let config = world.config(&format!(
        "fetch.workers = 2\nfetch.deadline = \"30s\"\n{}",
        sources(["slow", "a", "broken", "b"])
    ));
    assert_eq!(past(&world, &config), None);
    let updated = world.round(&config);
    let past = past(&world, &config).unwrap();
    assert_eq!((past.at, past.ended, past.deadline), (BEGIN, 1_234, 30_000));
    assert_eq!((past.requests, past.sum), (4, 1_234 + 3 * 100));
    let chart = timeline::of_past(&config, &stored(&config, &world.clock).memory).unwrap();
    let mut kept = chart.panels[0].spans.clone();
    kept.iter_mut().for_each(|span| span.timing = Timing::default());
    assert_eq!(kept, spans(&updated));
    assert_eq!(kept.iter().filter(|span| !span.ok).count(), 1);
    assert!(kept.iter().any(|span| span.start > span.ready), "somebody waited for a worker");
    // What is drawn now is what is drawn later.
    let now = timeline::of_round(&updated);
    let text = |chart| chart::gantt(chart, Style::default());
    assert_eq!(text(&now), text(&chart));
}

#[test]
fn only_a_round_that_asked_somebody_takes_its_place() {
    let mut down = false;
    let web = move |asked: &Asked| {
        down |= asked.round >= 4;
        match down {
            true => fails(Stage::Resolve, "no such host"),
            false => web(asked),
        }
    };
    let world = World::new("timeline-stays", web);
    let config = world.config(&sources(["a", "b", "slow"]));
    world.round(&config);
    let first = past(&world, &config).unwrap();
    // Nobody is due, then nobody is to be asked, then it is only a look.
    world.round(&config);
    world.wait(HOUR);
    world.round_with(&config, Wishes { offline: true, ..Wishes::default() });
    world.round_with(&config, Wishes { probe: true, ..Wishes::default() });
    assert_eq!(past(&world, &config).as_ref(), Some(&first));
    // Whoever asks in vain because the line is down has asked nobody.
    world.wait(HOUR);
    let updated = world.round(&config);
    assert!(updated.line_down && !updated.spans.is_empty());
    assert_eq!(past(&world, &config), Some(first));
}

#[test]
fn a_later_round_takes_its_place_and_who_was_not_asked_has_no_lane() {
    let world = World::new("timeline-later", web);
    let config = world.config(&sources(["a", "b", "slow"]));
    world.round(&config);
    world.wait(HOUR);
    let some = Config::select(Some(config.clone()), &["b".into()]).unwrap();
    world.round(&some);
    let past = past(&world, &config).unwrap();
    assert_eq!((past.at, past.ended, past.requests), (BEGIN + 3_600 + 1, 100, 1));
    let memory = stored(&config, &world.clock).memory;
    let chart = timeline::of_past(&config, &memory).unwrap();
    let asked: Vec<usize> = chart.panels[0].spans.iter().map(|span| span.source).collect();
    assert_eq!(asked, [1]);
    let other = Config::select(Some(config), &["slow".into()]).unwrap();
    let chart = timeline::of_past(&other, &memory).unwrap();
    assert!(chart.panels[0].spans.is_empty());
}

#[test]
fn two_hundred_requests_cost_the_disk_less_than_a_kilobyte_more() {
    let names: Vec<String> = (0..200).map(|n| format!("h{n}")).collect();
    let web = |asked: &Asked| {
        let luck = u64::from(asked.host().bytes().map(u32::from).sum::<u32>()) % 97;
        match asked.field("if-none-match") {
            Some(_) => status(304).after(Duration::from_millis(450 + luck)),
            None => page(feed([asked.host()])).with("etag", "\"same\""),
        }
    };
    let world = World::new("timeline-wear", web);
    let config = world.config(&sources(names.iter().map(String::as_str)));
    world.round(&config);
    world.wait(10 * MINUTE);
    let before = std::fs::metadata(world.dir.join("state/sources")).unwrap().len();
    let report = world.round(&config).report;
    let mut record = 0;
    newsagg::store::Journal::read(&world.dir.join("state/sources"), &mut |place, bytes| {
        if place.offset >= before && bytes[0] == PAST {
            record += bytes.len();
        }
    })
    .unwrap();
    assert!(record > 0 && record <= 200 * 5, "{record} bytes");
    assert!(report.written.bytes <= 2_200, "{:?}", report.written);
}

/// The first byte of its record (the thirteenth of `Event` in `src/state/record.rs`).
const PAST: u8 = 12;
