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
