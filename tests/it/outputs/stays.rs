//! No document changes when nothing new happened.

use std::time::Duration;

use newsagg::format::State;

use crate::support::world::{Asked, World, channel, status};

const FORMATS: [&str; 5] = ["jsonfeed", "atom", "rss", "tsv", "opml"];

#[test]
fn after_rounds_without_news_every_document_is_the_same_to_the_byte() {
    let world = World::new("stays", |asked: &Asked| match asked.host() {
        "busy.test" => status(429).with("retry-after", 7_200),
        "paid.test" if asked.round > 0 => panic!("beyond its quota"),
        _ => crate::support::world::page(channel("", ["one", "two"])),
    });
    let outputs: String = FORMATS
        .iter()
        .map(|format| format!("[[output]]\npath = \"{format}\"\nformat = \"{format}\"\n"))
        .collect();
    let feed = |name: &str, more: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"https://{name}.test/f?key=s3cret\"\nevery = \"5m\"\n{more}\n"
        )
    };
    let config = world.config(
        &[
            outputs,
            feed("calm", "tags = [\"a\"]"),
            feed("busy", ""),
            feed("paid", "quota = [\"1/24h\"]"),
        ]
        .concat(),
    );
    let first = world.round(&config);
    assert_eq!(first.health[0].feed.as_deref(), Some("https://calm.test/f?key=…"));
    assert_eq!(first.health[0].tags, ["a"]);
    let busy = first.health[1].until.unwrap();
    // Retry-After, to the next full minute.
    assert_eq!(busy.unix() % 60, 0);
    let in_seconds = busy.unix() - world.clock.wall().unix();
    assert!((7_200 - 60..=7_200 + 60).contains(&in_seconds), "{in_seconds}");
    world.wait(Duration::from_millis(301_370));
    let second = world.round(&config);
    let paid = second.health[2].until.unwrap();
    assert!((86_000..=86_400).contains(&(paid.unix() - world.clock.wall().unix())));
    let before = FORMATS.map(|name| world.text(name));
    for n in 0..15 {
        world.wait(Duration::from_millis(301_370));
        let updated = world.round(&config);
        let states = [State::Ok, State::Limited, State::Limited];
        for (health, state) in updated.health.iter().zip(states) {
            assert_eq!(health.state, state, "round {n}: {health:?}");
        }
        let until: Vec<_> = updated.health.iter().map(|health| health.until).collect();
        assert_eq!(until, [None, Some(busy), Some(paid)], "round {n}");
        assert!(updated.report.outputs.iter().all(|output| !output.written), "round {n}");
    }
    assert_eq!(FORMATS.map(|name| world.text(name)), before);
    assert!(!before.concat().contains("s3cret"));
}
