//! Calendars that jump, machines that start anew, processes that are killed.

use super::*;

const METERED: &str = "quota = [\"5/1h\", \"30/24h\"]\n";

#[test]
fn no_jump_no_boot_and_no_kill_refills_a_quota_or_moves_a_first_seen_ahead() {
    for seed in 0..6 {
        let mut luck = Luck::new(seed);
        let web = |asked: &Asked| {
            let newest = asked.at.as_secs() / 7_200;
            let etag = format!("\"{newest}\"");
            if asked.field("if-none-match") == Some(&etag) {
                return status(304);
            }
            let stories = (newest.saturating_sub(4)..=newest)
                .map(|n| format!("{}{}-{n}", asked.host(), asked.url.path()));
            page(feed(stories)).with("etag", etag)
        };
        let world = World::new(&format!("clocks-{seed}"), web);
        let hosts = ["www.reddit.com/a", "www.reddit.com/b", "plain.test"];
        let metered = source("metered.test", "1m") + METERED;
        let config = world.config(&(subscribe(hosts, "10m") + &metered));
        let (mut jumps, mut ahead) = (1, 0);
        let mut seen: HashMap<String, i64> = HashMap::new();
        let mut before: HashMap<String, i64> = HashMap::new();
        for round in 0..150 {
            if luck.one_in(12) {
                let jump = [-TEN_YEARS, TEN_YEARS][luck.below(2) as usize];
                if ahead + jump == 0 || ahead == 0 {
                    world.clock.step(jump);
                    ahead += jump;
                    before.clear();
                }
            }
            if luck.one_in(15) {
                world.clock.reboot();
                // Nobody knows how long ago that was by another calendar.
                jumps += 1;
            }
            if luck.one_in(10) {
                world.killed_at(&config, 1 + luck.below(4) as usize);
                jumps += 1;
            } else {
                world.round(&config);
                let now = world.clock.wall().unix();
                let today = BEGIN + world.clock.now().as_secs() as i64;
                let mut shown = HashMap::new();
                for (id, first_seen) in first_seens(&world.text("feed.json")) {
                    let first_seen = newsagg::time::parse_date(&first_seen).unwrap().unix();
                    let first = *seen.entry(id.clone()).or_insert(today);
                    let case = format!("seed {seed}, round {round}: {id} at {now}: {first_seen}");
                    // While the clock is behind, what was seen later is seen now.
                    assert!(first_seen <= now || ahead < 0, "{case}");
                    if ahead == 0 {
                        // An answer to a process that was killed may have been the first.
                        assert!(first_seen >= first - 5_400, "{case}, not {first}");
                    }
                    if let Some(before) = before.get(&id).filter(|_| ahead == 0) {
                        assert_eq!(first_seen, *before, "{case}");
                    }
                    shown.insert(id, first_seen);
                }
                before = shown;
            }
            world.wait(Duration::from_millis(luck.below(900_000)));
        }
        let within = |host: &str, count: usize, per: Duration| {
            let times = world.asked_at(host);
            for run in times.windows(count + 1) {
                let span = run[count] - run[0];
                assert!(span >= per, "seed {seed}: {host}: {} requests in {span:?}", count + 1);
            }
        };
        within("metered.test", 5, HOUR);
        within("metered.test", 30, DAY);
        within("www.reddit.com", 1, MINUTE);
        let plain = world.asked_at("plain.test").len();
        let slots = (world.clock.now().as_secs() / 590) as usize;
        assert!(plain <= slots + jumps, "seed {seed}: {plain} requests, {slots} + {jumps} allowed");
        assert!(plain >= 60, "seed {seed}: {plain} requests");
        assert!(world.asked_at("metered.test").len() >= 20, "seed {seed}");
    }
}

#[test]
fn after_a_jump_between_two_boots_everybody_is_asked_once_and_not_again() {
    for jump in [TEN_YEARS, -TEN_YEARS] {
        let world = World::new(&format!("jump{jump}"), |_: &Asked| page(feed(["a"])));
        let config = world.config(&subscribe(["a.test", "b.test"], "1h"));
        world.round(&config);
        for by in [jump, -jump] {
            world.wait(10 * MINUTE);
            world.clock.step(by);
            world.clock.reboot();
            world.take_asked();
            for _ in 0..5 {
                world.round(&config);
                world.wait(10 * MINUTE);
            }
            assert_eq!(world.take_asked().len(), 2, "{by}");
        }
    }
}

#[test]
fn under_a_clock_that_is_wrong_and_then_right_first_seen_stands_still() {
    // Before there was this release: no calendar that anybody believes. Later: one that could be.
    for (seed, jump) in [(0, -TEN_YEARS), (1, -7_200)] {
        let undated = "<item><title>u</title><guid>undated</guid></item>";
        let body = feed(["dated"]).replace("<item>", &format!("{undated}<item>"));
        let world = World::new(&format!("behind-{seed}"), move |_: &Asked| page(body.clone()));
        let config = world.config(&subscribe(["a.test"], "10m"));
        let mut before = None;
        for round in 0..12 {
            match round {
                3 => world.clock.step(jump),
                8 => world.clock.step(-jump),
                _ => {}
            }
            world.wait(10 * MINUTE);
            world.round(&config);
            // At the moment of the jump, what cannot be may be put right; once.
            if round != 3 || jump == -TEN_YEARS {
                // To a clock that is behind, all dates lie ahead: the order is another.
                let mut seen = first_seens(&world.text("feed.json"));
                seen.sort();
                let now = world.clock.wall().to_string();
                let past = |(_, first_seen): &(String, String)| *first_seen <= now;
                assert!(jump == -TEN_YEARS || seen.iter().all(past), "{seen:?} at {now}");
                let expected = before.get_or_insert_with(|| seen.clone());
                assert_eq!(seen, *expected, "{jump}, round {round}");
            } else {
                before = None;
            }
        }
    }
}

#[test]
fn under_a_clock_that_is_behind_an_ill_source_is_written_once() {
    let web = |asked: &Asked| match asked.host() {
        "a.test" if asked.at > MINUTE => status(404),
        host => page(feed([host])),
    };
    let world = World::new("ill-behind", web);
    let config = world.config(&subscribe(["a.test", "b.test"], "10m"));
    for _ in 0..12 {
        world.round(&config);
        world.wait(10 * MINUTE);
    }
    // Its next turn is hours away by true time: nothing happens but the time of day.
    world.clock.step(-86_400);
    let write = |_| {
        world.wait(10 * MINUTE);
        world.round(&config).report.outputs[0].written
    };
    let written: Vec<bool> = (0..6).map(write).collect();
    assert!(!written[1..].contains(&true), "{written:?}");
}
