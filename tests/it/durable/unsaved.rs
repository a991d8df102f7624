//! Services that cannot save: a full disk, a read-only one, none at all.

use super::*;
use newsagg::config::Config;
use newsagg::update::House;
use std::path::PathBuf;

/// What is wrong with the place of the state.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// No temporary file can be made there.
    Full,
    /// Nor can it be made.
    ReadOnly,
    /// There is none.
    Nowhere,
    /// Somebody made it read-only in the middle.
    Later,
}

const PLACES: [Place; 4] = [Place::Full, Place::ReadOnly, Place::Nowhere, Place::Later];

/// A directory whose path leaves room for the names of the state, and none for those of the temporary
/// files that replace them: 4,096 bytes are the most that Linux takes, the last of them a zero.
fn deep(world: &World<impl Web>) -> PathBuf {
    let mut dir = world.dir.join("deep");
    loop {
        match 4_096 - "/sources".len() - 1 - dir.as_os_str().len() {
            0..=1 => return dir,
            left => dir.push("d".repeat((left - 1).min(200))),
        }
    }
}

impl Place {
    fn config(self, world: &World<impl Web>, text: &str) -> Config {
        let mut config = world.config(text);
        match self {
            Place::Full => {
                let dir = deep(world);
                std::fs::create_dir_all(&dir).unwrap();
                config.state.dir = Some(dir);
            }
            Place::ReadOnly => config.state.dir = Some("/dev/null/state".into()),
            Place::Nowhere => config.state.dir = None,
            Place::Later => {}
        }
        config
    }

    fn spoil(self, world: &World<impl Web>) {
        let lock = world.dir.join("state/lock");
        if self == Place::Later {
            std::fs::remove_file(&lock).unwrap();
            std::fs::create_dir(&lock).unwrap();
        }
    }

    fn mend(self, world: &World<impl Web>, config: &mut Config) {
        match self {
            Place::Later => std::fs::remove_dir(world.dir.join("state/lock")).unwrap(),
            _ => config.state.dir = Some(world.dir.join("state")),
        }
    }
}

/// Publishers of different habits.
fn habits(asked: &Asked) -> Reply {
    match asked.host() {
        "later.test" => status(429).with("retry-after", 5 * 3_600),
        "missing.test" => status(404),
        "ttl.test" => page(channel("<ttl>120</ttl>", ["ttl"])),
        "fresh.test" => page(feed(["fresh"])).with("cache-control", "max-age=7200"),
        host => page(feed([host])),
    }
}

/// Host and how long it is to be left alone, seconds.
const HABITS: [(&str, u64); 6] = [
    ("often.test", 600),
    ("hourly.test", 3_600),
    ("later.test", 5 * 3_600),
    ("missing.test", 600),
    ("ttl.test", 7_200),
    ("fresh.test", 7_200),
];

fn subscriptions() -> String {
    let source = |(host, _): (&str, u64)| match host {
        "hourly.test" => source(host, "1h"),
        _ => source(host, "10m"),
    };
    let sources = HABITS.map(source).concat();
    format!("[[output]]\npath = \"feed.json\"\n{sources}")
}

fn titles(world: &World<impl Web>) -> Vec<String> {
    let mut titles: Vec<String> =
        first_seens(&world.text("feed.json")).into_iter().map(|(title, _)| title).collect();
    titles.sort();
    titles
}

#[track_caller]
fn patient(world: &World<impl Web>, case: &str) {
    for (host, wait) in HABITS {
        let times = world.asked_at(host);
        assert!(!times.is_empty(), "{case}: {host}");
        for pair in times.windows(2) {
            let span = (pair[1] - pair[0]).as_secs();
            assert!(span + wait / 60 + 2 >= wait, "{case}: {host} again after {span} s");
        }
    }
}

#[test]
fn a_service_that_cannot_save_asks_nobody_too_early_however_often_it_gets_up() {
    for place in PLACES {
        let case = format!("{place:?}");
        let world = World::new(&format!("unsaved-{case}"), habits);
        let config = place.config(&world, &subscriptions());
        world.process(|house| {
            if place == Place::Later {
                world.round_of(house, &config);
                place.spoil(&world);
            }
            for wake in 0..50 {
                let updated = world.round_of(house, &config);
                let now = world.clock.wall();
                let due = updated.due.iter().all(|due| *due > now);
                assert!(due, "{case}, wake {wake}: {:?} at {now}", updated.due);
                let all = ["fresh", "hourly.test", "often.test", "ttl"];
                assert_eq!(titles(&world), all, "{case}, wake {wake}");
                world.wait(13 * MINUTE);
                let before = world.asked().len();
                world.look_of(house, &config);
                assert_eq!(
                    (titles(&world).len(), world.asked().len()),
                    (4, before),
                    "{case}, {wake}"
                );
            }
        });
        patient(&world, &case);
        assert!(world.asked_at("often.test").len() >= 50, "{case}");
        let later = world.asked_at("later.test").len();
        assert_eq!(later, 3, "{case}: every five hours");
        let missing = world.asked_at("missing.test").len();
        assert!((2..=8).contains(&missing), "{case}: {missing} times");
    }
}

#[test]
fn what_could_not_be_saved_is_saved_as_soon_as_it_can() {
    for place in PLACES {
        let case = format!("{place:?}");
        let world = World::new(&format!("saved-{case}"), habits);
        let mut config = place.config(&world, &subscriptions());
        world.process(|house| {
            if place == Place::Later {
                world.round_of(house, &config);
                world.wait(2 * HOUR);
                place.spoil(&world);
            }
            world.round_of(house, &config);
            world.wait(2 * MINUTE);
            place.mend(&world, &mut config);
            world.take_asked();
            world.round_of(house, &config);
        });
        // Another process knows it, too.
        world.wait(2 * MINUTE);
        world.round(&config);
        assert_eq!(world.take_asked().len(), 0, "{case}");
        let health = world.round(&config).health;
        assert_eq!(health[2].state, State::Limited, "{case}");
    }
}

#[test]
fn neither_a_set_calendar_nor_sleep_hurries_or_delays_who_could_not_be_saved() {
    for place in PLACES {
        let case = format!("{place:?}");
        let world = World::new(&format!("unsaved-set-{case}"), habits);
        let config = place.config(&world, &subscriptions());
        let step = |house: &mut House<'_>, by: i64| {
            world.clock.step(by);
            let now = world.clock.wall();
            let due = world.look_of(house, &config).due;
            assert!(due.iter().all(|due| *due > now), "{case}, {by}: {due:?} at {now}");
            world.round_of(house, &config);
        };
        world.process(|house| {
            if place == Place::Later {
                world.round_of(house, &config);
                world.wait(6 * HOUR);
                place.spoil(&world);
            }
            world.round_of(house, &config);
            world.wait(MINUTE);
            world.take_asked();
            for by in [TEN_YEARS, -TEN_YEARS, -TEN_YEARS, TEN_YEARS, -7_200, 7_200] {
                step(house, by);
            }
            assert_eq!(world.take_asked().len(), 0, "{case}");
            // What a server asked for counts what the machine slept.
            world.clock.sleep_machine(4 * HOUR);
            world.round_of(house, &config);
            let asked = world.take_asked();
            let hosts: Vec<&str> = asked.iter().map(Asked::host).collect();
            assert!(hosts.contains(&"ttl.test") && !hosts.contains(&"later.test"), "{hosts:?}");
            world.clock.sleep_machine(HOUR);
            world.round_of(house, &config);
            let asked = world.take_asked();
            assert!(asked.iter().any(|asked| asked.host() == "later.test"), "{case}: {asked:?}");
        });
    }
}
