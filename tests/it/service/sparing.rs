//! Streams that spare others: the disk that their news is written to, the servers they come from.

use newsagg::live::{SHOWN_EVERY, SHOWN_SELDOM, SHOWN_SOON};

use super::*;
use crate::support::world::stream;

/// A stream that says something from `first` on, again and again.
fn chatter(first: Duration, every: Duration, times: u32) -> Vec<(Duration, String)> {
    (0..times).map(|n| (first + every * n, format!("id: {n}\ndata: title {n}.\n\n"))).collect()
}

/// When the file changed.
async fn changes<W: Web>(world: &World<W>, until: Duration) -> Vec<Duration> {
    let (mut changes, mut last) = (Vec::new(), Vec::new());
    while world.clock.now() < until {
        world.clock.sleep_until(world.clock.now() + SECOND / 4).await;
        let text = std::fs::read(world.dir.join("feed.json")).unwrap_or_default();
        if text != last {
            changes.push(world.clock.now());
            last = text;
        }
    }
    changes
}

fn streams(names: &[&str]) -> String {
    let source = |name: &&str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"stream\"\nurl = \"https://{name}.test/e\"\n"
        )
    };
    "output = [{ path = \"feed.json\" }]\n".to_owned()
        + &names.iter().map(source).collect::<String>()
}

#[test]
fn streams_that_take_turns_are_shown_together() {
    let names = ["a", "b", "c", "d", "e"];
    let web = move |asked: &Asked| {
        let place = names.iter().position(|name| asked.host().starts_with(name)).unwrap();
        let first = MINUTE + 2 * SECOND * u32::try_from(place).unwrap();
        stream(chatter(first, SHOWN_EVERY, 12), None)
    };
    let world = World::new("stream-turns", web);
    let seen = std::sync::Mutex::new(Vec::new());
    live(&world, &streams(&names), None, |_| async {
        *seen.lock().unwrap() = changes(&world, 4 * MINUTE).await;
    });
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 10, "{seen:?}");
    assert!(seen[1..].windows(2).all(|pair| pair[1] - pair[0] >= SHOWN_EVERY), "{seen:?}");
}

#[test]
fn what_never_rests_is_written_less_often() {
    let (begin, late) = (2 * MINUTE, 26 * MINUTE);
    let web = move |_: &Asked| {
        let again = chatter(begin, 5 * SECOND, 240)
            .into_iter()
            .chain([(late, "id: x\ndata: late\n\n".into())]);
        stream(again, None)
    };
    let world = World::new("stream-restless", web);
    let seen = std::sync::Mutex::new(Vec::new());
    live(&world, &streams(&["a"]), None, |_| async {
        *seen.lock().unwrap() = changes(&world, late + MINUTE).await;
    });
    let seen = seen.lock().unwrap();
    let soon = begin + SHOWN_EVERY * (SHOWN_SOON + 1);
    let early = seen.iter().filter(|at| **at > begin && **at <= soon).count();
    let later = seen.iter().filter(|at| **at > soon + SHOWN_SELDOM && **at < begin + 20 * MINUTE);
    assert!(early > SHOWN_SOON as usize - 3, "{seen:?}");
    let later: Vec<&Duration> = later.collect();
    assert!(later.len() > 8, "{seen:?}");
    assert!(later.windows(2).all(|pair| *pair[1] - *pair[0] >= SHOWN_SELDOM), "{seen:?}");
    // After a rest what comes is shown at once.
    assert!(*seen.last().unwrap() < late + 2 * SECOND, "{seen:?}");
}

#[test]
fn a_stream_that_breaks_off_stays_away_as_long_as_its_server_asked_another_source_to() {
    let web = |asked: &Asked| match asked.url.path() {
        "/e" => stream([(SECOND, "id: 1\ndata: title 1.\n\n")], Some(5 * MINUTE)),
        _ if asked.at > 10 * MINUTE => status(429).with("retry-after", 3_600),
        _ => well(asked),
    };
    let world = World::new("stream-spares", web);
    let feed = "[[source]]\nname = \"feed\"\nkind = \"feed\"\nurl = \"https://a.test/feed\"\n\
        every = \"15m\"\nretries = 0\n";
    let clock = world.clock.clone();
    live(&world, &(streams(&["a"]) + feed), None, |_| async move {
        clock.sleep_until(3 * HOUR).await;
    });
    let asked = world.take_asked();
    let at = |path: &str| {
        let asked = asked.iter().filter(|asked| asked.url.path() == path);
        asked.map(|asked| asked.at).collect::<Vec<_>>()
    };
    let (feed, stream) = (at("/feed"), at("/e"));
    let refused = feed.iter().find(|at| **at > 10 * MINUTE).unwrap();
    assert!(*refused < 20 * MINUTE, "{feed:?}");
    let next = stream.iter().find(|at| *at > refused).unwrap();
    assert!(*next >= *refused + HOUR, "{stream:?} {feed:?}");
}

#[test]
fn what_a_stream_says_is_no_leave_to_ask_its_server_for_anything_else() {
    let web = |asked: &Asked| match asked.url.path() {
        "/e" => stream(chatter(20 * MINUTE, 2 * MINUTE, 90), None),
        _ if asked.at > 10 * MINUTE => status(429).with("retry-after", 3_600),
        _ => well(asked),
    };
    let world = World::new("stream-no-leave", web);
    let feed = "[[source]]\nname = \"feed\"\nkind = \"feed\"\nurl = \"https://a.test/feed\"\n\
        every = \"15m\"\nretries = 0\n";
    let clock = world.clock.clone();
    let config = streams(&["a"]).replace("/e\"\n", "/e\"\nidle = \"1h\"\n") + feed;
    live(&world, &config, None, |_| async move {
        clock.sleep_until(3 * HOUR).await;
    });
    let asked = world.take_asked();
    let feed = asked.iter().filter(|asked| asked.url.path() == "/feed" && asked.at > 10 * MINUTE);
    let feed: Vec<Duration> = feed.map(|asked| asked.at).collect();
    assert!(feed.len() > 1 && feed.windows(2).all(|two| two[1] - two[0] >= HOUR), "{feed:?}");
}

#[test]
fn a_stream_that_ends_whenever_it_said_something_is_asked_about_once_a_minute() {
    let web = |_: &Asked| stream([(SECOND, "id: 1\ndata: title 1.\n\n")], Some(2 * SECOND));
    let world = World::new("stream-short", web);
    let clock = world.clock.clone();
    live(&world, &streams(&["a"]), None, |_| async move { clock.sleep_until(HOUR).await });
    let times: Vec<Duration> = world.take_asked().iter().map(|asked| asked.at).collect();
    assert!(times[1] < 12 * SECOND, "{times:?}");
    assert!((45..75).contains(&times.len()), "{}: {times:?}", times.len());
}
