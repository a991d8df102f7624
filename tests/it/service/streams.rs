//! Streams in the service, in simulated time: when they are opened, what is shown when, what ends
//! them.

use std::sync::{Arc, Mutex};

use newsagg::live::{LONGEST_PAUSE, MAX_PER_MINUTE, MAX_WAITING, SETTLE, SHOWN_EVERY};
use newsagg::source::live::IDLE;
use newsagg::update::stored;

use super::*;
use crate::support::world::{DAY, stream};

const OUTPUT: &str = "output = [{ path = \"feed.json\" }]\n";

fn source(name: &str, more: &str) -> String {
    format!(
        "[[source]]\nname = \"{name}\"\nkind = \"stream\"\nurl = \"https://{name}.test/events\"\n{more}\n"
    )
}

fn config(more: &str) -> String {
    format!("{OUTPUT}{}", source("live", more))
}

/// Events with these ids, whose titles are made of them.
fn events(ids: impl IntoIterator<Item = usize>) -> String {
    ids.into_iter().map(|id| format!("id: {id}\ndata: title {id}.\n\n")).collect()
}

fn asked(world: &World<impl Web>, host: &str) -> Vec<(Duration, Option<String>)> {
    let asked = world.take_asked();
    let asked = asked.iter().filter(|asked| asked.host() == host);
    asked.map(|asked| (asked.at, asked.field("last-event-id").map(str::to_owned))).collect()
}

/// When the file changed, and what it shows then.
async fn watch<W: Web>(world: &World<W>, until: Duration) -> Vec<(Duration, Vec<usize>)> {
    let mut seen: Vec<(Duration, Vec<usize>)> = Vec::new();
    while world.clock.now() < until {
        world.clock.sleep_until(world.clock.now() + SECOND / 4).await;
        let shown = shown(world);
        if seen.last().is_none_or(|(_, last)| *last != shown) {
            seen.push((world.clock.now(), shown));
        }
    }
    seen
}

/// The numbers of the titles in the file.
fn shown<W: Web>(world: &World<W>) -> Vec<usize> {
    let Ok(text) = std::fs::read_to_string(world.dir.join("feed.json")) else { return Vec::new() };
    let titles = text.split("\"title\":\"title ").skip(1);
    let mut numbers: Vec<usize> =
        titles.map(|rest| rest.split('.').next().unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn the_first_news_is_shown_at_once_and_more_of_it_every_few_seconds() {
    let pieces: Vec<(Duration, String)> =
        (0..60).map(|n| (MINUTE + n * SECOND, events([n as usize]))).collect();
    let world = World::new("stream-pace", move |_: &Asked| stream(pieces.clone(), None));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let life = live(&world, &config(""), None, |_| async {
        *seen.lock().unwrap() = watch(&world, 3 * MINUTE).await;
    });
    assert_eq!(life.code, 0);
    let seen = seen.lock().unwrap();
    let changes: Vec<Duration> = seen.iter().skip(1).map(|(at, _)| *at).collect();
    assert!(changes[0] <= MINUTE + SETTLE + SECOND, "{changes:?}");
    assert!(changes.windows(2).all(|pair| pair[1] - pair[0] >= SHOWN_EVERY), "{changes:?}");
    assert!((6..=8).contains(&changes.len()), "{changes:?}");
    assert_eq!(seen.last().unwrap().1, (0..60).collect::<Vec<_>>());
    assert_eq!(asked(&world, "live.test").len(), 1);
    let status = life.lines("STATUS").pop().unwrap().to_owned();
    assert!(status.contains("60 stories, ") && status.contains(", 1 stream open since 2026-11-22"));
    assert!(status.ends_with("; next round with the next news"), "{status}");
}

#[test]
fn without_news_nobody_wakes_up() {
    let comment = (0..2_000).map(|n| (n * MINUTE, ": still here\n\n"));
    let pieces: Vec<_> = comment.collect();
    let world = World::new("stream-quiet", move |_: &Asked| stream(pieces.clone(), None));
    let clock = world.clock.clone();
    let life = live(&world, &config(""), None, |_| async move { clock.sleep_until(DAY).await });
    // One when it begins, one after it.
    assert_eq!(life.lines("STATUS").len(), 1, "{:?}", life.heard);
    assert_eq!(asked(&world, "live.test").len(), 1);
}

#[test]
fn a_stream_that_breaks_off_is_opened_again_where_it_stood_and_when_it_wants() {
    let web = |asked: &Asked| match asked.field("last-event-id") {
        None => {
            stream([(SECOND, format!("retry: 20000\n{}data: half", events(0..3)))], Some(MINUTE))
        }
        Some("2") => stream([(SECOND, events(2..5))], None),
        other => panic!("{other:?}"),
    };
    let world = World::new("stream-again", web);
    let clock = world.clock.clone();
    live(&world, &config(""), None, |_| async move { clock.sleep_until(3 * MINUTE).await });
    assert_eq!(shown(&world), [0, 1, 2, 3, 4], "each once, and no half of one");
    let asked = asked(&world, "live.test");
    assert_eq!(asked.len(), 2);
    let wait = asked[1].0 - asked[0].0 - MINUTE;
    assert!(wait >= 20 * SECOND && wait <= 31 * SECOND, "{wait:?}");
}

#[test]
fn what_it_showed_and_where_it_stood_survives_a_restart() {
    let web = |asked: &Asked| match asked.field("last-event-id") {
        None => stream([(SECOND, events(0..3))], None),
        Some("2") => stream([(SECOND, events(3..4))], None),
        other => panic!("{other:?}"),
    };
    let world = World::new("stream-restart", web);
    for expected in [&[0, 1, 2][..], &[0, 1, 2, 3]] {
        let clock = world.clock.clone();
        let end = clock.now() + 2 * MINUTE;
        live(&world, &config(""), None, |_| async move { clock.sleep_until(end).await });
        assert_eq!(shown(&world), expected);
    }
}

#[test]
fn what_cannot_be_saved_stays_in_the_outputs_as_long_as_the_service_lives() {
    let pieces: Vec<_> = (0..5).map(|n| (n * MINUTE, events([n as usize]))).collect();
    let world = World::new("stream-unsaved", move |_: &Asked| stream(pieces.clone(), None));
    std::fs::write(world.dir.join("state"), "no directory").unwrap();
    let clock = world.clock.clone();
    let life =
        live(&world, &config(""), None, |_| async move { clock.sleep_until(8 * MINUTE).await });
    assert_eq!(shown(&world), [0, 1, 2, 3, 4]);
    assert_eq!(life.lines("STATUS").len(), 6, "a round for each news: {:?}", life.heard);
}

#[test]
fn silence_is_taken_for_death_and_comments_for_life() {
    let web = |asked: &Asked| match asked.at < MINUTE {
        true => stream([(4 * MINUTE, ":"), (8 * MINUTE, ":\n")], None),
        false => stream([(SECOND, events([1]))], None),
    };
    let world = World::new("stream-idle", web);
    let clock = world.clock.clone();
    live(&world, &config(""), None, |_| async move { clock.sleep_until(17 * MINUTE).await });
    let asked = asked(&world, "live.test");
    assert_eq!(asked.len(), 2);
    assert!(asked[1].0 > 8 * MINUTE + IDLE && asked[1].0 < 8 * MINUTE + IDLE + 10 * SECOND);
    assert_eq!(shown(&world), [1]);
}

#[test]
fn a_flood_is_bounded_in_items_and_bytes_and_held_back() {
    // More than may wait, at once; then more than may be read in a minute.
    let burst = events(0..3 * MAX_WAITING);
    let long = format!(": {}\n", "x".repeat(60_000));
    let mut pieces = vec![(SECOND, burst.clone())];
    let many = 3 * MAX_PER_MINUTE as usize / 2 / long.len();
    pieces.extend((0..many).map(|_| (2 * SECOND, long.clone())));
    pieces.push((2 * SECOND, events([9_999])));
    let world = World::new("stream-flood", move |_: &Asked| stream(pieces.clone(), None));
    let shown_at = Mutex::new(Vec::new());
    let text = format!(
        "output = [{{ path = \"feed.json\" }}, {{ path = \"m.prom\", format = \"prometheus\" }}]\n{}",
        source("live", "limit = 50")
    );
    live(&world, &text, None, |_| async {
        *shown_at.lock().unwrap() = watch(&world, 3 * MINUTE).await;
    });
    let seen = shown_at.lock().unwrap();
    let first = 3 * MAX_WAITING;
    let newest: Vec<usize> = (first - 50..first).collect();
    assert!(seen.iter().any(|(_, shown)| *shown == newest), "{seen:?}");
    let last = seen.iter().find(|(_, shown)| shown.contains(&9_999)).expect("the end is read");
    assert!(last.0 > MINUTE && last.0 < 2 * MINUTE, "{last:?}");
    assert_eq!(seen.last().unwrap().1.len(), 50);
    let remembered = stored(&world.config(&text), &world.clock);
    let known = remembered.memory.of("live").unwrap();
    assert_eq!((known.shown().count(), known.items.len()), (50, 51), "one is shown no longer");
    assert!(world.text("m.prom").contains("newsagg_stream_dropped_total"));
}

#[test]
fn what_cannot_be_read_is_counted_and_left_out() {
    let data = "data: {\"a\":\n\ndata: [1]\n\ndata: {}\n\nevent: other\ndata: x\n\n\
                data: {\"title\":\"title 7.\",\"url\":\"/seven\"}\n\n";
    let world = World::new("stream-odd", move |_: &Asked| stream([(SECOND, data)], None));
    let text = format!(
        "output = [{{ path = \"feed.json\" }}, {{ path = \"m.prom\", format = \"prometheus\" }}]\n{}",
        source("live", "events = [\"message\"]\ntags = [\"wire\"]")
    );
    let clock = world.clock.clone();
    live(&world, &text, None, |_| async move { clock.sleep_until(MINUTE).await });
    assert_eq!(shown(&world), [7]);
    assert!(world.text("feed.json").contains("\"https://live.test/seven\""));
    assert!(world.text("feed.json").contains("\"wire\""));
    let metrics = world.text("m.prom");
    let value = |name: &str| {
        let line =
            metrics.lines().find(|line| line.starts_with(&format!("newsagg_stream_{name}{{")));
        line.and_then(|line| line.rsplit(' ').next()).map(str::to_owned)
    };
    assert_eq!(value("events_total").as_deref(), Some("5"), "{metrics}");
    assert_eq!(value("unreadable_total").as_deref(), Some("3"));
    assert_eq!(value("dropped_total").as_deref(), Some("0"));
}

#[test]
fn a_head_that_does_not_come_fails_and_holds_nobody_up() {
    let web = |asked: &Asked| match asked.host() {
        "live.test" => stream([(SECOND, events([1]))], None).after(HOUR),
        _ => well(asked),
    };
    let world = World::new("stream-slow", web);
    let clock = world.clock.clone();
    let text = format!("{}{}", sources(&["feed"], "30m"), source("live", "timeout = \"5s\""));
    let life = live(&world, &text, None, |_| async move { clock.sleep_until(HOUR).await });
    assert_eq!(life.end, HOUR);
    let told = life.lines("WARN").join("\n");
    assert!(told.contains("live: timeout: given up after 5s, waiting for the answer"), "{told}");
    assert_eq!(life.lines("WARN").len(), 1, "the same failure is told once: {told}");
    let asked = world.take_asked();
    let times: Vec<Duration> =
        asked.iter().filter(|asked| asked.host() == "live.test").map(|asked| asked.at).collect();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.len() > 8 && waits.iter().all(|wait| *wait < LONGEST_PAUSE * 3 / 2 + 6 * SECOND));
    assert!(waits[0] < 15 * SECOND && waits[8] > LONGEST_PAUSE, "{waits:?}");
    assert!(world.text("feed.json").contains("feed"));
}

#[test]
fn who_is_told_that_there_is_nothing_more_or_that_it_is_gone_does_not_come_back() {
    for (code, why) in
        [(204, "answered with 204, there is nothing more to come"), (410, "gone for good")]
    {
        let world =
            World::new(&format!("stream-{code}"), move |asked: &Asked| match asked.host() {
                "live.test" => status(code),
                _ => well(asked),
            });
        let config = sources(&["feed"], "1d") + &source("live", "");
        let clock = world.clock.clone();
        let life = live(&world, &config, None, |_| async move { clock.sleep_until(2 * DAY).await });
        assert_eq!(asked(&world, "live.test").len(), 1, "{code}");
        assert!(life.lines("WARN")[0].contains(why), "{:?}", life.heard);
        let text = world.text("feed.json");
        assert!(text.contains("\"state\":\"off\""), "{text}");
        // Nor does the next process, at once.
        let (clock, end) = (world.clock.clone(), world.clock.now() + MINUTE);
        live(&world, &config, None, |_| async move { clock.sleep_until(end).await });
        assert_eq!(asked(&world, "live.test").len(), 0, "{code}");
    }
}

#[test]
fn a_server_that_says_when_to_come_back_is_obeyed_and_well_again_when_it_is() {
    let web = |asked: &Asked| match asked.at < 20 * MINUTE {
        true => status(503).with("retry-after", 1_800),
        false => stream([(SECOND, events([1]))], None),
    };
    let world = World::new("stream-503", web);
    let clock = world.clock.clone();
    let life =
        live(&world, &config(""), None, |_| async move { clock.sleep_until(33 * MINUTE).await });
    let asked = asked(&world, "live.test");
    assert_eq!(asked.len(), 2);
    assert!((30 * MINUTE..31 * MINUTE).contains(&(asked[1].0 - asked[0].0)), "{asked:?}");
    assert!(life.lines("WARN")[0].contains("503"));
    assert!(life.lines("NOTICE live: well again").len() == 1, "{:?}", life.heard);
    assert_eq!(shown(&world), [1]);
}

#[test]
fn what_is_no_stream_of_events_says_what_it_is() {
    let world =
        World::new("stream-html", |_: &Asked| page("<html>").with("content-type", "text/html"));
    let clock = world.clock.clone();
    let life = live(&world, &config(""), None, |_| async move { clock.sleep_until(MINUTE).await });
    let told = life.lines("WARN").join("\n");
    let why = "live: read: no event stream: it answers with text/plain, not text/event-stream";
    assert!(told.contains(why) || told.contains(&why.replace("plain", "html")), "{told}");
    assert_eq!(asked(&world, "live.test").len(), 1);
}

#[test]
fn a_new_config_closes_opens_and_leaves_alone() {
    let web = |asked: &Asked| {
        let id = asked.host().as_bytes()[0] as usize;
        stream([(SECOND, events([id])), (5 * MINUTE, events([id + 1_000]))], None)
    };
    let world = World::new("stream-reload", web);
    let before = format!("{OUTPUT}{}{}{}", source("a", ""), source("b", ""), source("c", ""));
    let after = format!(
        "{OUTPUT}{}{}{}",
        source("a", ""),
        source("c", "headers = { x-more = \"1\" }"),
        source("d", "")
    );
    let load = || Ok(world.config(&after));
    let clock = world.clock.clone();
    live_with(&world, world.config(&before), None, &load, |tell| async move {
        clock.sleep_until(MINUTE).await;
        tell.send(Order::Reload).await.unwrap();
        clock.sleep_until(8 * MINUTE).await;
    });
    let asked = world.take_asked();
    let hosts: Vec<&str> = asked.iter().map(|asked| asked.host()).collect();
    assert_eq!(hosts, ["a.test", "b.test", "c.test", "c.test", "d.test"]);
    assert_eq!(asked[3].field("x-more"), Some("1"));
    let expected = ["a", "c", "d"].map(|name| usize::from(name.as_bytes()[0]));
    let expected: Vec<usize> =
        expected.iter().chain(&expected.map(|id| id + 1_000)).copied().collect();
    assert_eq!(shown(&world), expected, "b is closed, and its news with it");
}

#[test]
fn a_stream_of_which_any_term_changes_is_opened_anew_and_no_other() {
    let changes = [
        "idle = \"1m\"",
        "listen = \"3s\"",
        "timeout = \"7s\"",
        "events = [\"message\"]",
        "user_agent = \"other\"",
        "headers = { x-more = \"1\" }",
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let web = |_: &Asked| stream([(SECOND, events([1]))], None);
        let world = World::new(&format!("stream-terms-{n}"), web);
        let kept = source("kept", "");
        let load = || Ok(world.config(&(config(change) + &kept)));
        let clock = world.clock.clone();
        live_with(&world, world.config(&(config("") + &kept)), None, &load, |tell| async move {
            clock.sleep_until(MINUTE).await;
            tell.send(Order::Reload).await.unwrap();
            clock.sleep_until(2 * MINUTE).await;
        });
        let hosts: Vec<String> =
            world.take_asked().iter().map(|asked| asked.host().to_owned()).collect();
        assert_eq!(hosts, ["live.test", "kept.test", "live.test"], "{change}");
    }
}

#[test]
fn an_open_stream_is_no_reason_to_go_on() {
    let world = World::new("stream-stop", |_: &Asked| stream([(SECOND, events([1]))], None));
    let clock = world.clock.clone();
    let life = live(&world, &config(""), Some(20 * SECOND), |tell| async move {
        clock.sleep_until(MINUTE).await;
        tell.send(Order::Stop("SIGTERM")).await.unwrap();
    });
    assert_eq!((life.code, life.end), (0, MINUTE));
    assert!(life.lines("WATCHDOG").len() >= 6);
}

#[test]
fn once_listens_for_a_while_and_an_open_stream_is_no_failure() {
    let pieces = [(SECOND, events([1])), (10 * SECOND, events([2])), (HOUR, events([3]))];
    let world = World::new("stream-once", move |_: &Asked| stream(pieces.clone(), None));
    for (more, most, expected) in
        [("", 3 * SECOND, &[1][..]), ("listen = \"12s\"\ntimeout = \"20s\"", 13 * SECOND, &[1, 2])]
    {
        let config = world.config(&config(more));
        let began = world.clock.now();
        let updated = world.round(&config);
        assert!(world.clock.now() - began <= most);
        assert_eq!(shown(&world), expected);
        let report = &updated.report.sources[0];
        assert_eq!((report.state, report.requests, report.status), ("fresh", 1, Some(200)));
        assert_eq!(report.live.as_ref().unwrap().events, expected.len() as u64);
        // As any source, it is asked when it is due.
        world.round(&config);
        assert_eq!(asked(&world, "live.test").len(), 1);
        world.wait(HOUR);
    }
}

#[test]
fn once_waits_for_a_stream_no_longer_than_for_an_answer() {
    let web = |_: &Asked| stream([(SECOND, events([1]))], None).after(HOUR);
    let world = World::new("stream-once-slow", web);
    let updated = world.round(&world.config(&config("listen = \"1h\"\ntimeout = \"4s\"")));
    assert_eq!(world.clock.now(), 4 * SECOND);
    assert_eq!(updated.report.sources[0].state, "failed");
}

#[test]
fn a_list_of_hacker_news_that_says_it_changed_is_asked_and_not_more_often_than_once_a_minute() {
    let web = |asked: &Asked| {
        if asked.field("accept") == Some("text/event-stream") {
            let put = |at: u32, ids: &str| {
                (at * SECOND, format!("event: put\ndata: {{\"path\":\"/\",\"data\":[{ids}]}}\n\n"))
            };
            let alive = |at: u32| (at * SECOND, "event: keep-alive\ndata: null\n\n".to_owned());
            let mut pieces = vec![put(1, "1,2,3"), put(300, "2,1,3"), put(600, "4,1,2")];
            pieces.extend([put(610, "5,4,1"), put(620, "6,5,4"), alive(800), alive(1_000)]);
            pieces.extend((0..20).map(|n| alive(1_200 + 200 * n)));
            return stream(pieces, None);
        }
        match asked.url.path() {
            "/v0/topstories.json" => page("[1,2,3]"),
            path => {
                let id = path.trim_start_matches("/v0/item/").trim_end_matches(".json");
                page(format!("{{\"id\":{id},\"type\":\"story\",\"title\":\"title {id}.\"}}"))
            }
        }
    };
    let world = World::new("stream-hn", web);
    let text = format!(
        "{OUTPUT}[[source]]\nname = \"hn\"\nkind = \"hackernews\"\nlimit = 3\nlive = true\n\
         base_url = \"https://hn.test\"\nevery = \"2h\"\n"
    );
    let clock = world.clock.clone();
    live(&world, &text, None, |_| async move { clock.sleep_until(HOUR).await });
    let asked = world.take_asked();
    let lists = asked.iter().filter(|asked| asked.url.path() == "/v0/topstories.json");
    let lists: Vec<_> =
        lists.map(|asked| (asked.at.as_secs(), asked.field("accept").unwrap())).collect();
    let streams: Vec<_> = lists.iter().filter(|(_, accept)| accept.contains("event")).collect();
    let plans: Vec<u64> =
        lists.iter().filter(|(_, accept)| !accept.contains("event")).map(|(at, _)| *at).collect();
    assert_eq!(streams.len(), 1);
    assert_eq!(plans.len(), 3, "{plans:?}");
    assert_eq!(plans[0], 0);
    assert!((600..603).contains(&plans[1]) && (660..665).contains(&plans[2]), "{plans:?}");
}

#[test]
fn a_stream_of_a_source_with_a_quota_takes_a_permit_each_time_that_it_opens() {
    let web = |asked: &Asked| match (asked.field("accept"), asked.url.path()) {
        // Good for a minute and a half, again and again.
        (Some("text/event-stream"), _) => stream([(SECOND, ":")], Some(90 * SECOND)),
        (_, "/v0/topstories.json") => {
            let first = 10 * asked.at.as_secs() / 3_600;
            page(format!("[{first},{},{}]", first + 1, first + 2))
        }
        (_, path) => {
            let id = path.trim_start_matches("/v0/item/").trim_end_matches(".json");
            page(format!("{{\"id\":{id},\"type\":\"story\",\"title\":\"title {id}.\"}}"))
        }
    };
    let world = World::new("stream-quota", web);
    let text = format!(
        "{OUTPUT}[[source]]\nname = \"hn\"\nkind = \"hackernews\"\nlimit = 3\nlive = true\n\
         base_url = \"https://hn.test\"\nevery = \"2h\"\nquota = [\"10/1h\"]\n"
    );
    let clock = world.clock.clone();
    live(&world, &text, None, |_| async move { clock.sleep_until(6 * HOUR).await });
    let asked = world.take_asked();
    let all: Vec<Duration> = asked.iter().map(|asked| asked.at).collect();
    for from in all.iter().copied() {
        let within = all.iter().filter(|at| (from..from + HOUR).contains(*at)).count();
        assert!(within <= 10, "{within} requests within an hour from {from:?}");
    }
    let events = |asked: &&Asked| asked.field("accept") == Some("text/event-stream");
    let opened = asked.iter().filter(events).count();
    assert!(opened >= 15, "of half of the quota the stream is opened: {opened}");
    assert_eq!(asked.len() - opened, 3 * 4, "the list is asked as often as ever");
}
