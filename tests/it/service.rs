//! `newsagg run` in simulated time: when it gets up, what it says, what it does when it is told.

mod moves;
mod sparing;
mod streams;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::future::Future;
use std::time::Duration;

use async_channel::{Sender, unbounded};
use log::Level;
use newsagg::command::run::{Notice, Order, STOP, Service, Voice, serve};
use newsagg::config::{Config, Problem};
use newsagg::failure::Stage;
use newsagg::update::House;
use smol::Executor;

use crate::support::world::{
    Asked, HOUR, MINUTE, Reply, SECOND, Web, World, fails, feed, page, status,
};

/// Everything that was told and said, and when.
#[derive(Debug)]
struct Ear {
    clock: newsagg::clock::Clock,
    heard: RefCell<Vec<(Duration, String)>>,
}

impl Voice for Ear {
    fn tell(&self, notice: &Notice) {
        let line = match notice {
            Notice::Status(line) => format!("STATUS {line}"),
            notice => format!("{notice:?}").to_uppercase(),
        };
        self.heard.borrow_mut().push((self.clock.now(), line));
    }

    fn say(&self, level: Option<Level>, line: &str) {
        let level = level.map_or_else(|| "NOTICE".into(), |level| level.to_string());
        self.heard.borrow_mut().push((self.clock.now(), format!("{level} {line}")));
    }
}

/// What came of a service's life.
#[derive(Debug)]
struct Life {
    code: u8,
    heard: Vec<(Duration, String)>,
    /// When it ended.
    end: Duration,
}

impl Life {
    fn lines(&self, start: &str) -> Vec<&str> {
        let lines = self.heard.iter().map(|(_, line)| &**line);
        lines.filter(|line| line.starts_with(start)).collect()
    }

    fn at(&self, start: &str) -> Vec<Duration> {
        let heard = self.heard.iter().filter(|(_, line)| line.starts_with(start));
        heard.map(|(at, _)| *at).collect()
    }
}

/// Runs a service while `script` tells it what to do; then it is stopped.
fn live<W: Web, F: Future<Output = ()>>(
    world: &World<W>,
    text: &str,
    watchdog: Option<Duration>,
    script: impl FnOnce(Sender<Order>) -> F,
) -> Life {
    live_with(world, world.config(text), watchdog, &|| panic!("nobody asked for that"), script)
}

fn live_with<W: Web, F: Future<Output = ()>>(
    world: &World<W>,
    config: Config,
    watchdog: Option<Duration>,
    load: &dyn Fn() -> Result<Config, Vec<Problem>>,
    script: impl FnOnce(Sender<Order>) -> F,
) -> Life {
    let executor: Executor<'static> = Executor::new();
    let (tell, orders) = unbounded();
    let ear = Ear { clock: world.clock.clone(), heard: RefCell::default() };
    let service = Service {
        house: House::new(world.clock.clone(), world.transport(), &executor),
        orders,
        load,
        watchdog,
        voice: &ear,
    };
    let script = async {
        script(tell.clone()).await;
        tell.send(Order::Stop("SIGTERM")).await.unwrap();
        std::future::pending::<()>().await
    };
    let life = async {
        let code = serve(service, config).await;
        Some(code)
    };
    let life = futures_lite::future::or(life, async {
        script.await;
        None
    });
    let code = world.clock.block_on(&executor, life).expect("the service outlives its script");
    Life { code, heard: ear.heard.into_inner(), end: world.clock.now() }
}

/// Feeds that answer with one story each.
fn well(asked: &Asked) -> Reply {
    page(feed([asked.host()]))
}

fn sources(names: &[&str], every: &str) -> String {
    let mut text = "output = [{ path = \"feed.json\" }]\n".to_owned();
    for name in names {
        writeln!(text, "[[source]]\nname = \"{name}\"\nkind = \"feed\"").unwrap();
        writeln!(text, "url = \"https://{name}.test/feed\"\nevery = \"{every}\"").unwrap();
    }
    text
}

#[test]
fn in_the_first_document_a_source_that_is_new_has_not_failed() {
    let world = World::new("first-document", well);
    let (clock, file) = (world.clock.clone(), world.dir.join("feed.json"));
    live(&world, &sources(&["one"], "30m"), None, |_| async move {
        clock.sleep_until(Duration::ZERO).await;
        let document = std::fs::read_to_string(&file).unwrap();
        assert!(document.contains(r#"{"name":"one","kind":"feed","state":"ok"}"#), "{document}");
    });
}

#[test]
fn outputs_are_there_before_it_is_ready_and_news_after_it() {
    let world = World::new("ready", well);
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["one", "two"], "30m"), None, |_| async move {
        clock.sleep_until(10 * SECOND).await;
    });
    assert_eq!(life.code, 0);
    let order: Vec<&str> = life.heard.iter().map(|(_, line)| &line[..5]).collect();
    assert_eq!(order, ["NOTIC", "READY", "STATU", "NOTIC", "STOPP"], "{:?}", life.heard);
    assert_eq!(life.at("READY"), [Duration::ZERO]);
    let status = life.lines("STATUS")[0];
    assert!(
        status.starts_with("STATUS 2 sources well, 2 stories, 2 new; next round 06:3"),
        "{status}"
    );
    assert!(world.text("feed.json").contains("one"));
}

#[test]
fn who_is_due_soon_is_asked_together_and_each_as_often_as_it_is_due() {
    let world = World::new("coalesced", well);
    let mut text = sources(&["a", "b", "c", "d", "e", "f"], "30m");
    text += sources(&["g", "h"], "1h").split_once("\n").unwrap().1;
    let clock = world.clock.clone();
    live(&world, &text, None, |_| async move { clock.sleep_until(24 * HOUR).await });
    let asked = world.asked();
    let rounds: BTreeSet<u64> = asked.iter().map(|asked| asked.at.as_secs() / 5).collect();
    // Every 30 to 33 minutes, and the hourly ones with them.
    assert!((43..=60).contains(&rounds.len()), "{} times up", rounds.len());
    for host in ["a.test", "f.test"] {
        let times = world.asked_at(host);
        let apart: Vec<u64> = times.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect();
        assert!(apart.iter().all(|apart| (1_800..=1_990).contains(apart)), "{host}: {apart:?}");
    }
    let times = world.asked_at("g.test");
    assert!((20..=25).contains(&times.len()), "{times:?}");
    let seconds: BTreeSet<u64> = asked.iter().map(|asked| asked.at.as_secs() % 60).collect();
    assert!(seconds.len() > 15, "not in lockstep with the minute: {seconds:?}");
}

#[test]
fn nothing_is_written_and_little_is_said_while_nothing_happens() {
    let world = World::new("quiet", |asked: &Asked| match asked.field("if-none-match") {
        Some(_) => status(304),
        None => page(feed(["one"])).with("ETag", "\"1\""),
    });
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["one"], "30m"), None, |_| async move {
        clock.sleep_until(12 * HOUR).await;
    });
    let said = life.heard.iter().filter(|(_, line)| !line.starts_with("STATUS"));
    let said: Vec<&str> = said.map(|(_, line)| &line[..5]).collect();
    assert_eq!(said, ["NOTIC", "READY", "NOTIC", "STOPP"], "{:?}", life.heard);
    let rounds = world.asked().len();
    assert_eq!(life.lines("STATUS").len(), rounds, "one telling line for each round");
    assert!((21..=24).contains(&rounds), "{rounds}");
}

#[test]
fn a_source_that_fails_is_told_once_and_once_more_when_it_is_well() {
    let world = World::new("ill", |asked: &Asked| match asked.at.as_secs() {
        20_000..50_000 if asked.host() == "bad.test" => status(503),
        _ => well(asked),
    });
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["bad", "good"], "10m"), None, |_| async move {
        clock.sleep_until(30 * HOUR).await;
    });
    let warnings = life.lines("WARN");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("WARN bad: status: answered with 503"), "{warnings:?}");
    let again: Vec<&str> =
        life.lines("NOTICE").into_iter().filter(|line| line.contains("well again")).collect();
    assert_eq!(again.len(), 1, "{again:?}");
    assert!(again[0].starts_with("NOTICE bad: well again after "), "{again:?}");
    let ill = life.lines("STATUS 1 of 2 sources well (not: bad)");
    assert!(ill.len() > 20, "{}", ill.len());
}

#[test]
fn a_network_that_is_not_up_yet_is_one_line_and_no_storm() {
    let world = World::new("boot", |asked: &Asked| match asked.at.as_secs() {
        0..600 => fails(Stage::Resolve, "no such host"),
        _ => well(asked),
    });
    let clock = world.clock.clone();
    let names = ["a", "b", "c", "d", "e"];
    let life = live(&world, &sources(&names, "30m"), None, |_| async move {
        clock.sleep_until(HOUR).await;
    });
    assert_eq!(life.lines("WARN").len(), 1, "{:?}", life.heard);
    assert_eq!(life.lines("NOTICE the network is back after").len(), 1, "{:?}", life.heard);
    // Rounds at about 0, 15, 45, 105, 225, 465 and 765 seconds.
    let rounds: BTreeSet<u64> = world.asked().iter().map(|asked| asked.at.as_secs() / 7).collect();
    assert!(rounds.len() <= 24, "{rounds:?}");
    let first = world.asked().iter().find(|asked| asked.at.as_secs() >= 600).unwrap().at;
    assert!(first <= Duration::from_secs(900), "{first:?}");
    for name in names {
        let after = world.asked_at(&format!("{name}.test"));
        assert!(after.iter().any(|at| *at >= first && *at < first + MINUTE), "{name} was blamed");
    }
}

#[test]
fn rounds_that_were_slept_through_become_one() {
    let world = World::new("suspend", well);
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["a", "b"], "30m"), None, |_| async move {
        clock.sleep_until(10 * MINUTE).await;
        clock.sleep_machine(8 * HOUR);
        clock.sleep_until(30 * MINUTE).await;
    });
    let times = world.asked_at("a.test");
    assert_eq!(times.len(), 2, "{times:?} {:?}", life.heard);
    assert!(times[1] <= 10 * MINUTE + 5 * SECOND, "{times:?}");
}

#[test]
fn a_clock_that_is_set_neither_hurries_nor_delays_anybody() {
    for jump in [-56 * 365 * 86_400, -86_400, -120, 120, 86_400, 10 * 365 * 86_400_i64] {
        let world = World::new(&format!("jump{jump}"), well);
        let clock = world.clock.clone();
        live(&world, &sources(&["a"], "30m"), None, |_| async move {
            clock.sleep_until(10 * MINUTE).await;
            clock.step(jump);
            clock.sleep_until(2 * HOUR).await;
        });
        let times = world.asked_at("a.test");
        let apart: Vec<u64> = times.windows(2).map(|two| (two[1] - two[0]).as_secs()).collect();
        assert!(apart.iter().all(|apart| (1_795..=1_990).contains(apart)), "{jump}: {apart:?}");
    }
}

#[test]
fn told_to_ask_now_it_asks_but_not_twice_a_minute() {
    let world = World::new("now", well);
    let clock = world.clock.clone();
    live(&world, &sources(&["a"], "30m"), None, |tell| async move {
        for at in [100, 130, 200] {
            clock.sleep_until(at * SECOND).await;
            tell.send(Order::Now).await.unwrap();
        }
        clock.sleep_until(300 * SECOND).await;
    });
    let seconds: Vec<u64> = world.asked_at("a.test").iter().map(|at| at.as_secs()).collect();
    assert_eq!(seconds, [0, 100, 200]);
}

#[test]
fn a_good_config_is_taken_over_at_once_and_a_bad_one_is_told_and_left() {
    let world = World::new("reload", well);
    let clock = world.clock.clone();
    let good = RefCell::new(vec![
        Err(vec![
            Problem { file: None, at: None, message: "first".into() },
            Problem { file: None, at: None, message: "second".into() },
        ]),
        Ok(world.config(&sources(&["a", "b"], "30m"))),
    ]);
    let load = || good.borrow_mut().remove(0);
    let config = world.config(&sources(&["a"], "30m"));
    let life = live_with(&world, config, None, &load, |tell| async move {
        clock.sleep_until(100 * SECOND).await;
        tell.send(Order::Reload).await.unwrap();
        clock.sleep_until(200 * SECOND).await;
        tell.send(Order::Reload).await.unwrap();
        clock.sleep_until(300 * SECOND).await;
    });
    let reloads = life.at("RELOADING");
    assert_eq!(reloads, [100 * SECOND, 200 * SECOND]);
    assert_eq!(life.at("READY")[1..], reloads, "told that it is over, whichever way it went");
    assert_eq!(life.lines("ERROR").len(), 1, "{:?}", life.heard);
    let error = life.lines("ERROR")[0];
    assert_eq!(error, "ERROR the old config stays: first (and 1 more: `newsagg check` names them)");
    let told = |at: &u32| {
        let heard = life.heard.iter().filter(|(when, _)| *when == *at * SECOND);
        heard
            .filter(|(_, line)| line.starts_with("STATUS"))
            .any(|(_, line)| line.contains("old config"))
    };
    assert_eq!([100, 200].map(|at| told(&at)), [true, false], "{:?}", life.heard);
    assert_eq!(world.asked_at("a.test"), [Duration::ZERO], "not asked anew for a new config");
    assert_eq!(world.asked_at("b.test"), [200 * SECOND]);
}

#[test]
fn a_config_that_comes_during_a_round_is_for_the_next() {
    let slow = |asked: &Asked| well(asked).after(5 * SECOND);
    let world = World::new("reload-in-round", slow);
    let clock = world.clock.clone();
    let load = || Ok(world.config(&sources(&["b"], "30m")));
    let config = world.config(&sources(&["a"], "30m"));
    let life = live_with(&world, config, None, &load, |tell| async move {
        clock.sleep_until(2 * SECOND).await;
        tell.send(Order::Reload).await.unwrap();
        clock.sleep_until(MINUTE).await;
    });
    assert_eq!(life.at("READY"), [Duration::ZERO, 2 * SECOND]);
    assert_eq!(world.asked_at("b.test"), [5 * SECOND]);
    assert!(world.text("feed.json").contains("b"), "{}", world.text("feed.json"));
}

#[test]
fn told_to_stop_it_ends_within_two_seconds_and_keeps_what_came() {
    let world = World::new("stop", |asked: &Asked| match asked.host() {
        "slow.test" => well(asked).after(9 * SECOND),
        _ => well(asked),
    });
    let clock = world.clock.clone();
    let text = sources(&["slow", "quick"], "30m");
    let life = live(&world, &text, None, |_| async move {
        clock.sleep_until(3 * SECOND).await;
    });
    assert_eq!(life.code, 0);
    assert_eq!(life.at("STOPPING"), [3 * SECOND]);
    assert!(life.end <= 3 * SECOND + STOP, "{:?}", life.end);
    assert!(world.text("feed.json").contains("quick"), "{}", world.text("feed.json"));
    assert!(life.lines("WARN").is_empty(), "{:?}", life.heard);
}

#[test]
fn the_watchdog_hears_in_time_that_the_work_moves() {
    // Waiting is work, and so is a long round.
    let world = World::new("watchdog", |asked: &Asked| well(asked).after(9 * SECOND));
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["a"], "10m"), Some(10 * SECOND), |_| async move {
        clock.sleep_until(HOUR).await;
    });
    let pings = life.at("WATCHDOG");
    let longest = pings.windows(2).map(|two| two[1] - two[0]).max().unwrap();
    assert!(longest <= 10 * SECOND, "{longest:?}");
}

#[test]
fn a_line_that_is_down_for_a_night_uses_up_no_quota() {
    const NIGHT: Duration = Duration::from_secs(12 * 3_600);
    let world = World::new("night", |asked: &Asked| match asked.at < NIGHT {
        true => fails(Stage::Resolve, "no address"),
        false => well(asked),
    });
    let text = sources(&["a", "b"], "30m") + "quota = [\"20/24h\"]\n";
    let clock = world.clock.clone();
    live(&world, &text, None, |_| async move { clock.sleep_until(NIGHT + 10 * MINUTE).await });
    let times = world.asked_at("b.test");
    let (night, day) = times.split_at(times.partition_point(|at| *at < NIGHT));
    assert!(night.len() > 100, "tried more often than it may be asked: {}", night.len());
    assert_eq!(day.len(), 1, "{day:?}");
}

#[test]
fn the_watchdog_hears_of_it_however_often_something_else_happens() {
    // A round a minute, and an order every twenty seconds: nothing waits as long as half of its time.
    let world = World::new("busy", well);
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["a"], "1m"), Some(3 * MINUTE), |tell| async move {
        for n in 1..=180 {
            clock.sleep_until(n * 20 * SECOND).await;
            tell.send(Order::Now).await.unwrap();
        }
    });
    let mut pings = life.at("WATCHDOG");
    pings.insert(0, Duration::ZERO);
    pings.push(life.end);
    let longest = pings.windows(2).map(|two| two[1] - two[0]).max().unwrap();
    assert!(longest <= 90 * SECOND, "{longest:?}");
}

#[test]
fn an_output_that_cannot_be_written_does_not_keep_the_others_from_their_readers() {
    let world = World::new("second-unwritable", well);
    let (clock, dir) = (world.clock.clone(), world.dir.clone());
    std::fs::create_dir(dir.join("second.atom")).unwrap();
    let config = sources(&["a"], "30m")
        .replace("feed.json\" }", "feed.json\" }, { path = \"second.atom\" }");
    let life = live(&world, &config, None, |_| async move {
        clock.sleep_until(2 * HOUR).await;
        let document = std::fs::read_to_string(dir.join("feed.json")).unwrap();
        assert!(document.contains("\"title\":\"a.test\""), "{document}");
        std::fs::remove_dir(dir.join("second.atom")).unwrap();
        clock.sleep_until(4 * HOUR).await;
    });
    assert_eq!((life.code, life.lines("READY").len()), (0, 1), "{:?}", life.heard);
    assert_eq!(life.lines("ERROR").len(), 1, "{:?}", life.heard);
    assert!(life.lines("STATUS")[0].contains("second.atom"), "{:?}", life.heard);
    assert_eq!(life.lines("NOTICE the outputs are written again").len(), 1, "{:?}", life.heard);
    assert!(world.text("second.atom").contains("a.test"));
}

#[test]
fn if_no_output_can_be_written_at_the_start_it_ends_and_later_ones_are_told_once() {
    let world = World::new("unwritable", well);
    std::fs::create_dir(world.dir.join("feed.json")).unwrap();
    let life = live(&world, &sources(&["a"], "30m"), None, |_| std::future::pending());
    assert_eq!(life.code, 1);
    assert!(life.lines("READY").is_empty());
    assert!(life.lines("ERROR")[0].contains("feed.json"), "{:?}", life.heard);
    assert!(world.asked().is_empty());

    let mut count = 0;
    let world = World::new("unwritable-later", move |_: &Asked| {
        count += 1;
        page(feed([count]))
    });
    let (clock, dir) = (world.clock.clone(), world.dir.clone());
    let life = live(&world, &sources(&["a"], "30m"), None, |_| async move {
        clock.sleep_until(MINUTE).await;
        std::fs::remove_file(dir.join("feed.json")).unwrap();
        std::fs::create_dir(dir.join("feed.json")).unwrap();
        clock.sleep_until(3 * HOUR).await;
        std::fs::remove_dir(dir.join("feed.json")).unwrap();
        clock.sleep_until(5 * HOUR).await;
    });
    assert_eq!(life.lines("ERROR").len(), 1, "{:?}", life.heard);
    assert_eq!(life.lines("NOTICE the outputs are written again").len(), 1, "{:?}", life.heard);
    assert!(world.text("feed.json").contains("\"title\""));
}
