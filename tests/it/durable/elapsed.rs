//! Schedules go by the time that passed, whatever the calendar says of it.

use super::*;
use newsagg::clock::Clock;
use newsagg::time::parse_date;
use newsagg::update::{House, Updated};
use std::sync::{Arc, Mutex};

const EVERY: [(&str, u64); 3] =
    [("often.test", 600), ("hourly.test", 3_600), ("daily.test", 86_400)];
/// From 2026 to 1970 and a bit.
const TO_1970: i64 = 90 - BEGIN;

fn subscriptions() -> String {
    let sources = EVERY.map(|(host, every)| source(host, &format!("{every}s")));
    format!("[[output]]\npath = \"feed.json\"\n{}", sources.concat())
}

/// Whoever was asked is told to be due when that much time has passed, by the calendar as it stands.
#[track_caller]
fn told(world: &World<impl Web>, updated: &Updated, case: &str) {
    let (wall, now) = (world.clock.wall().unix(), world.clock.now().as_secs() as i64);
    for ((host, every), due) in EVERY.into_iter().zip(&updated.due) {
        let Some(last) = world.asked_at(host).last().copied() else { continue };
        let next = (last.as_secs() as i64 + every as i64 - now).max(0);
        let off = due.unix() - wall - next;
        // A job may come early by a part of it.
        let early = -(every as i64 / 60) - 3;
        assert!((early..=3).contains(&off), "{case}: {host} is told to be due {off} s off");
    }
}

/// Nobody was asked sooner than after `every`, nor much later.
#[track_caller]
fn in_time(world: &World<impl Web>, latest: u64, case: &str) {
    for (host, every) in EVERY {
        let times = world.asked_at(host);
        for pair in times.windows(2) {
            let span = (pair[1] - pair[0]).as_secs();
            let least = every - every / 60 - 2;
            assert!((least..=every + latest).contains(&span), "{case}: {host} after {span} s");
        }
    }
}

#[test]
fn a_calendar_that_is_set_at_any_time_neither_hurries_nor_delays_anybody() {
    const STEPS: [i64; 7] = [TEN_YEARS, -TEN_YEARS, 7_200, -7_200, 86_400, -86_400, TO_1970];
    for seed in 0..4 {
        let clock: Arc<Mutex<Option<(Clock, i64)>>> = Arc::default();
        let steps = clock.clone();
        // In the middle of a round, too.
        let web = move |asked: &Asked| {
            if let Some((clock, by)) = steps.lock().unwrap().take() {
                clock.step(by);
            }
            page(feed([asked.host()]))
        };
        let world = World::new(&format!("set-{seed}"), web);
        let config = world.config(&subscriptions());
        let mut luck = Luck::new(seed);
        let one_process = seed % 2 == 0;
        let life = |house: &mut House<'_>| {
            for round in 0..400 {
                let case = format!("seed {seed}, round {round}");
                if luck.one_in(6) {
                    *clock.lock().unwrap() = None;
                    let step = STEPS[luck.below(STEPS.len() as u64) as usize];
                    let right = BEGIN + world.clock.now().as_secs() as i64;
                    let ahead = world.clock.wall().unix() - right;
                    let by = if ahead.abs() < 2 { step } else { -ahead };
                    match luck.one_in(2) {
                        true => *clock.lock().unwrap() = Some((world.clock.clone(), by)),
                        false => world.clock.step(by),
                    }
                    told(&world, &world.look_of(house, &config), &case);
                }
                let updated = match one_process {
                    true => world.round_of(house, &config),
                    false => world.round(&config),
                };
                told(&world, &updated, &case);
                world.wait(Duration::from_millis(luck.below(600_000)));
            }
        };
        world.process(life);
        in_time(&world, 600, &format!("seed {seed}"));
        assert!(world.asked_at("often.test").len() > 100, "seed {seed}");
    }
}

#[test]
fn a_machine_that_slept_for_hours_asks_once_and_goes_on() {
    let world = World::new("slept", |asked: &Asked| page(feed([asked.host()])));
    let config = world.config(&subscriptions());
    world.process(|house| {
        world.round_of(house, &config);
        world.wait(MINUTE);
        world.take_asked();
        world.clock.sleep_machine(8 * HOUR);
        let due = world.look_of(house, &config).due;
        let now = world.clock.wall();
        assert_eq!([due[0] <= now, due[1] <= now, due[2] <= now], [true, true, false]);
        for _ in 0..9 {
            world.round_of(house, &config);
            world.wait(MINUTE);
        }
        let asked = world.take_asked();
        let mut hosts: Vec<&str> = asked.iter().map(Asked::host).collect();
        hosts.sort();
        assert_eq!(hosts, ["hourly.test", "often.test"]);
    });
}

#[test]
fn who_is_asked_when_the_machine_has_slept_in_the_middle_of_a_round_is_not_asked_at_once_again() {
    let clock: Arc<Mutex<Option<Clock>>> = Arc::default();
    let sleeper = clock.clone();
    let web = move |asked: &Asked| {
        if let Some(clock) = sleeper.lock().unwrap().take() {
            clock.sleep_machine(8 * HOUR);
        }
        page(feed([asked.host()]))
    };
    let world = World::new("slept-within", web);
    let config = world.config(&subscriptions());
    *clock.lock().unwrap() = Some(world.clock.clone());
    world.round(&config);
    assert_eq!(world.take_asked().len(), 3);
    for _ in 0..9 {
        world.wait(MINUTE);
        world.round(&config);
    }
    assert_eq!(world.take_asked().len(), 0);
}

/// Items without a date, with a machine that begins in 1970.
fn born_in_1970(name: &str) -> World<impl Web> {
    let item = |id: &str| format!("<item><title>{id}</title><guid>{id}</guid></item>");
    let web = move |asked: &Asked| {
        let early = asked.at < 10 * MINUTE;
        let items = if early { item("a") + &item("gone") } else { item("a") + &item("b") };
        match asked.host() {
            "ill.test" => status(404),
            _ => page(channel::<&str>(&items, [])),
        }
    };
    let world = World::new(name, web);
    world.clock.step(TO_1970);
    world.clock.reboot();
    world
}

fn born(world: &World<impl Web>) -> newsagg::config::Config {
    let young = "[[output]]\npath = \"young.json\"\nmax_age = \"1d\"\n";
    let metered = source("metered.test", "1m") + "quota = [\"2/24h\"]\n";
    let others = subscribe(["often.test", "ill.test"], "1h");
    world.config(&format!("{young}{others}{metered}"))
}

#[test]
fn a_machine_that_begins_in_1970_asks_nobody_twice_when_it_learns_the_time() {
    for one_process in [true, false] {
        let world = born_in_1970(&format!("born-{one_process}"));
        let config = born(&world);
        world.process(|house| {
            let mut round = |world: &World<_>| match one_process {
                true => world.round_of(house, &config),
                false => world.round(&config),
            };
            let first = round(&world);
            assert_eq!(world.take_asked().len(), 3);
            assert!(first.due.iter().all(|due| due.unix() < 100_000), "{:?}", first.due);
            // Seven minutes later.
            world.wait(7 * MINUTE);
            world.clock.step(-TO_1970);
            let updated = round(&world);
            let asked = world.take_asked();
            assert!(asked.iter().all(|asked| asked.host() == "metered.test"), "{asked:?}");
            let now = world.clock.wall().unix();
            let next = updated.due[0].unix() - now;
            assert!((3_175..=3_185).contains(&next), "{next}");
            let since = updated.health[1].since.unwrap().unix();
            assert!((417..=423).contains(&(now - since)), "ill since {since}");
            // All is shown, by when it was seen in truth.
            for name in ["feed.json", "young.json"] {
                let seen = first_seens(&world.text(name));
                assert!(seen.iter().any(|(id, _)| id == "a"), "{name}: {seen:?}");
                for (id, seen) in seen {
                    let ago = now - parse_date(&seen).unwrap().unix();
                    assert!((417..=423).contains(&ago), "{name}: {id} was seen {ago} s ago");
                }
            }
            for _ in 0..130 {
                world.wait(10 * MINUTE);
                round(&world);
            }
            assert!(world.asked_at("metered.test").len() <= 2);
            let document = world.text("feed.json");
            assert!(!document.contains("\"1970-"), "{document}");
        });
    }
}

#[test]
fn what_was_seen_in_1970_before_another_boot_is_seen_when_the_time_is_known_and_stays_so() {
    let world = born_in_1970("born-and-dead");
    let config = born(&world);
    world.round(&config);
    world.clock.reboot();
    world.wait(7 * MINUTE);
    world.clock.step(-TO_1970);
    world.round(&config);
    let known = world.clock.wall().to_string();
    world.wait(2 * MINUTE);
    world.round(&config);
    let seen = first_seens(&world.text("young.json"));
    assert!(seen.iter().any(|(id, _)| id == "a"), "{seen:?}");
    assert!(seen.iter().all(|(_, seen)| *seen == known), "{seen:?}, not {known}");
}
