//! What is scarce is shared.

use super::*;
use newsagg::failure::Stage;

#[test]
fn with_a_quota_too_small_for_all_everybody_has_a_turn() {
    let world =
        World::new("fair", |asked: &Asked| page(feed([asked.url.path().trim_matches('/')])));
    let paths: Vec<String> = (0..6).map(|n| format!("www.reddit.com/r{n}")).collect();
    let config = world.config(&subscribe(paths.iter().map(String::as_str), "10m"));
    for round in 0..300 {
        // Somebody was asked while the clock stood far ahead.
        if round == 100 {
            world.clock.step(TEN_YEARS);
        }
        if round == 101 {
            world.clock.step(-TEN_YEARS);
        }
        let next = world.clock.now() + 10 * MINUTE;
        world.round(&config);
        world.wait_until(next);
    }
    let asked = world.asked();
    let all: Vec<Duration> = asked.iter().map(|asked| asked.at).collect();
    assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE));
    assert!(all.len() >= 299, "one a round at least: {}", all.len());
    for path in (0..6).map(|n| format!("/r{n}")) {
        let own: Vec<&Asked> = asked.iter().filter(|asked| asked.url.path() == path).collect();
        let wait = own.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap();
        assert!(own.len() > all.len() / 8, "{path}: {} of {}", own.len(), all.len());
        assert!(wait <= 9 * 10 * MINUTE, "{path} waited {wait:?}");
    }
}

#[test]
fn retries_are_few_and_never_past_the_deadline() {
    for (name, hosts) in [("few", 2u32), ("some", 12), ("many", 60)] {
        let web = |asked: &Asked| {
            let number: usize = asked.host()[1..].split('.').next().unwrap().parse().unwrap();
            match number % 4 {
                0 => status(500).after(Duration::from_secs(9)),
                1 => fails(Stage::Connect, "connection reset"),
                2 => status(503).with("retry-after", if number % 8 == 2 { 2 } else { 300 }),
                _ => page(feed([number])),
            }
        };
        let world = World::new(&format!("retries-{name}"), web);
        let names: Vec<String> = (0..hosts).map(|n| format!("h{n}.test")).collect();
        let all = names.iter().map(String::as_str);
        let config = world.config(&(subscribe(all, "10m") + "[fetch]\ndeadline = \"20s\"\n"));
        let mut retried = 0;
        for _ in 0..40 {
            let began = world.clock.now();
            let report = world.round(&config).report;
            let asked = world.take_asked();
            assert!(asked.iter().all(|asked| asked.at < began + 20 * SECOND), "{name}");
            assert!(world.clock.now() <= began + 20 * SECOND, "{name}");
            let mut first: HashMap<&str, Duration> = HashMap::new();
            let mut retries = 0;
            for one in &asked {
                let Some(before) = first.insert(one.host(), one.at) else { continue };
                retries += 1;
                let number: u32 = one.host()[1..].split('.').next().unwrap().parse().unwrap();
                // The two seconds that it asked for, behind the time of its answer.
                assert!(number % 8 != 2 || one.at - before >= 2 * SECOND, "{name}: {}", one.host());
                assert_ne!(number % 8, 6, "{name}: into a Retry-After");
            }
            let most = (first.len() / 5).max(2);
            assert!(retries <= most, "{name}: {retries} retries for {} requests", first.len());
            assert_eq!(report.retries, retries as u64, "{name}");
            retried += retries;
            world.wait(10 * MINUTE);
        }
        assert!(retried >= 3, "{name}: nothing was tried again");
    }
}

/// Two workers have time for four of six feeds; what the deadline cuts is neither failed nor forgotten.
#[test]
fn what_the_deadline_cuts_is_deferred_and_comes_first_in_the_next_round() {
    let world = World::new("cut", |asked: &Asked| {
        page(feed([asked.host()[..1].to_owned()])).after(Duration::from_millis(400))
    });
    let names: Vec<String> = "abcdef".chars().map(|name| format!("{name}.test")).collect();
    let config = subscribe(names.iter().map(String::as_str), "6h");
    let config = world.config(&(config + "[fetch]\ndeadline = \"1s\"\nworkers = 2\n"));
    let updated = world.round(&config);
    assert_eq!(world.take_asked().len(), 6);
    let states: Vec<State> = updated.health.iter().map(|health| health.state).collect();
    assert_eq!(states, [[State::Ok; 4].as_slice(), &[State::Limited; 2]].concat());
    let error = updated.health[5].error.as_deref().unwrap();
    assert!(error.contains("deadline of 1s") && !error.contains("timeout"), "{error}");
    // They were asked, so they come again after the shortest distance, and long before six hours.
    world.wait(MINUTE);
    let updated = world.round(&config);
    let hosts: Vec<String> = world.take_asked().iter().map(|one| one.host().to_owned()).collect();
    assert_eq!(hosts, ["e.test", "f.test"]);
    assert!(updated.health.iter().all(|health| health.state == State::Ok));
}

/// In a later round the deferred ones stand before those that waited longer.
#[test]
fn a_deferred_source_comes_before_those_that_are_due_all_the_longer() {
    let late = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let slow = late.clone();
    let world = World::new("cut-first", move |asked: &Asked| {
        let slow = asked.host() == "z.test" && slow.load(std::sync::atomic::Ordering::Relaxed);
        let latency = if slow { 5_000 } else { 600 };
        page(feed([asked.host()[..1].to_owned()])).after(Duration::from_millis(latency))
    });
    let config = subscribe(["a.test", "b.test", "z.test"], "5m");
    let all = world.config(&(config + "[fetch]\ndeadline = \"2s\"\nworkers = 1\n"));
    world.round(&all);
    late.store(false, std::sync::atomic::Ordering::Relaxed);
    world.take_asked();
    world.wait(5 * MINUTE);
    world.round(&all);
    assert_eq!(world.take_asked()[0].host(), "z.test");
}

/// A server that is always slower than a round is not asked again and again.
#[test]
fn what_every_deadline_cuts_is_asked_ever_more_seldom_up_to_its_own_interval() {
    let world = World::new("cut-always", |_: &Asked| page(feed(["a"])).after(8 * SECOND));
    let config = subscribe(["slow.test"], "2h") + "[fetch]\ndeadline = \"2s\"\n";
    let config = world.config(&config);
    let end = DAY;
    while world.clock.now() < end {
        let next = world.clock.now() + MINUTE;
        world.round(&config);
        world.wait_until(next);
    }
    let asked = world.asked_at("slow.test");
    let gaps: Vec<Duration> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] < 2 * MINUTE, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap >= 59 * SECOND), "{gaps:?}");
    assert!(gaps.len() < 22 && *gaps.last().unwrap() >= 118 * MINUTE, "{gaps:?}");
}

/// Report 07-stuck-304: a server whose `Last-Modified` lies in the future says 304 for ever.
#[test]
fn a_server_that_is_stuck_on_304_can_be_asked_without_validators() {
    let world = World::new("stuck", |asked: &Asked| match asked.field("if-none-match") {
        Some(_) => status(304),
        None if asked.at < MINUTE => page(feed(["old"])).with("etag", "\"stuck\""),
        None => page(feed(["old", "new"])).with("etag", "\"stuck\""),
    });
    let text = subscribe(["a.test"], "10m");
    let config = world.config(&text);
    let round = |config: &newsagg::config::Config, reload| {
        let wishes = newsagg::update::Wishes { reload, ..Default::default() };
        let updated = world.round_with(config, wishes);
        let requests = world.take_asked().len();
        world.wait(10 * MINUTE);
        (updated.report.sources[0].items, requests)
    };
    assert_eq!(round(&config, false), (1, 1));
    assert_eq!(round(&config, false), (1, 1), "it says that nothing changed");
    let whole = world.config(&(text.clone() + "revalidate = false\n"));
    assert_eq!(round(&whole, false), (2, 1));
    assert_eq!(round(&config, true), (2, 1), "the same once more");
    // A source that is not due stays so.
    world.round(&config);
    world.take_asked();
    assert_eq!(round(&config, true), (2, 0));
}
