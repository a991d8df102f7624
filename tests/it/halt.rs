//! Rounds that are halted: what came is kept, what was cut is nobody's fault, and it ends soon.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use newsagg::config::{Config, Fetch, Place, SourceConfig};
use newsagg::format::State;
use newsagg::round::GRACE;
use newsagg::source::feed::FeedSource;
use newsagg::source::hackernews::{Api, HackerNews, List};
use newsagg::source::{Source, Window};
use newsagg::store::Lock;
use newsagg::update::Wishes;

use crate::support::{fake, world};
use fake::{Answer, Plain, Scene, ask, one, url};
use world::{Asked, BEGIN, HOUR, MINUTE, SECOND, World, feed, page};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn slow(latency: u64) -> Answer {
    Answer { latency: Some(ms(latency)), ..fake::ok("news") }
}

fn singles(count: usize) -> Vec<newsagg::round::Ask> {
    (0..count).map(|n| ask(one(format!("http://h{n}.test/").leak()))).collect()
}

#[test]
fn a_round_that_is_halted_before_it_begins_asks_nobody() {
    let played = Scene::new(singles(3))
        .halted_at(Duration::ZERO)
        .play(|url, _| panic!("nobody wants {url}"));
    assert_eq!((played.took, played.round.halted), (Duration::ZERO, true));
    for tally in &played.round.tallies {
        assert_eq!((tally.requests, tally.put_off, tally.span), (0, Some(None), None));
    }
}

#[test]
fn who_waits_for_a_worker_waits_for_the_next_round_and_what_is_under_way_still_comes() {
    let played = Scene::new(singles(6)).workers(2).halted_at(ms(400)).play(|_, _| slow(300));
    assert_eq!((played.took, played.items.len()), (ms(600), 4));
    let (came, put_off): (Vec<_>, Vec<_>) =
        played.round.tallies.iter().partition(|tally| tally.pages > 0);
    assert_eq!((came.len(), put_off.len()), (4, 2));
    assert!(put_off.iter().all(|tally| tally.put_off == Some(None) && tally.requests == 0));
    assert!(came.iter().all(|tally| tally.put_off.is_none()));
}

#[test]
fn what_is_still_silent_after_the_grace_is_cut_and_has_not_failed() {
    let played = Scene::new(singles(2)).halted_at(ms(700)).play(|url, _| match url.host_str() {
        Some("h0.test") => fake::silence(),
        _ => slow(1_600),
    });
    assert_eq!((played.took, played.items.len()), (ms(700) + GRACE, 1));
    let cut = &played.round.tallies[0];
    assert_eq!((cut.requests, cut.put_off, cut.failures.len()), (1, Some(None), 0));
    assert_eq!(cut.span, Some((Duration::ZERO, played.took)));
    assert!(cut.trouble.is_none());
}

#[test]
fn who_waits_to_be_asked_again_is_not_and_says_why_it_had_to() {
    let scene = Scene::new([ask(one("http://a.test/"))]).halted_at(ms(200));
    let played = scene.play(|_, _| fake::status(500));
    assert_eq!(played.took, ms(200));
    let tally = &played.round.tallies[0];
    assert_eq!((tally.requests, tally.put_off), (1, Some(None)));
    assert_eq!(tally.failures[0].status, Some(500));
    assert!(tally.trouble.is_none(), "nobody is held for what might have gone well");
}

#[test]
fn of_thirty_stories_those_that_came_are_kept() {
    let hackernews =
        HackerNews { api: Api::Both, base_url: url("http://hn.test"), list: List::Top, limit: 30 };
    let played = Scene::new([ask(hackernews)]).workers(1).halted_at(ms(1_050)).play(|url, _| {
        match url.path().strip_prefix("/v0/item/").and_then(|id| id.strip_suffix(".json")) {
            None => fake::ok(format!("{:?}", (1..=30).collect::<Vec<_>>())),
            Some(id) => {
                fake::ok(format!(r#"{{"id":{id},"type":"story","title":"t{id}","time":{id}}}"#))
            }
        }
    });
    // The list, nine stories, and the tenth that was on its way.
    assert_eq!((played.took, played.items.len()), (ms(1_100), 10));
    assert_eq!(played.round.tallies[0].put_off, Some(None));
}

#[test]
fn what_an_answer_calls_for_after_the_halt_is_not_asked() {
    let scene = Scene::new([ask(one("http://a.test/"))]).halted_at(ms(50));
    let played = scene.play(|url, _| match url.host_str() {
        Some("a.test") => fake::ok("http://b.test/"),
        _ => panic!("nobody wants {url}"),
    });
    let tally = &played.round.tallies[0];
    assert_eq!((played.took, tally.pages, tally.put_off), (ms(100), 1, Some(None)));
}

#[test]
fn a_quota_that_was_spent_on_what_was_cut_stays_spent() {
    let window = Window { count: 5, per: HOUR };
    let counted = Plain {
        plan: vec!["http://q.test/1", "http://q.test/2"],
        windows: vec![window],
        account: "q",
        ..Plain::default()
    };
    let played =
        Scene::new([ask(counted)]).workers(1).halted_at(ms(100)).play(|_, _| fake::silence());
    assert_eq!(played.took, ms(100) + GRACE);
    assert_eq!(played.limiter.left("q", &window, played.took), 4);
}

#[test]
fn whenever_it_is_halted_it_ends_within_the_grace_and_keeps_every_answer() {
    for seed in 0..200u64 {
        let mut luck = seed;
        let mut random = move |n: u64| {
            luck = newsagg::backoff::scramble(luck);
            luck % n
        };
        let (sources, workers) = (1 + random(6) as usize, 1 + random(5) as usize);
        let at = ms(random(6_000));
        let scene = Scene::new(singles(sources)).workers(workers).halted_at(at);
        let played = scene.play(move |_, now| {
            assert!(now <= at, "seed {seed}: asked at {now:?}, halted at {at:?}");
            Answer {
                status: [200, 200, 500, 404, 503][random(5) as usize],
                latency: (random(8) > 0).then(|| ms(random(3_000))),
                retry_after: (random(6) == 0).then_some("2"),
                headers: Vec::new(),
                body: ["news", "http://more.test/1 http://more.test/2", "<"][random(3) as usize]
                    .into(),
            }
        });
        assert!(played.took <= at + GRACE, "seed {seed}: {:?} after {at:?}", played.took);
        let round = &played.round;
        let pages: usize = round.tallies.iter().map(|tally| tally.pages).sum();
        assert_eq!(pages, round.spans.iter().filter(|span| span.ok).count(), "seed {seed}");
        let items: usize = round.tallies.iter().map(|tally| tally.items).sum();
        assert_eq!(items, played.items.len(), "seed {seed}");
        for tally in &round.tallies {
            let told = tally.pages + tally.failures.len() > 0 || tally.put_off.is_some();
            assert!(told, "seed {seed}: {tally:?}");
        }
    }
}

/// A config of feeds by host, asked every ten minutes.
fn feeds(hosts: &[&str]) -> String {
    let source = |host: &&str| {
        format!(
            "[[source]]\nname = \"{host}\"\nkind = \"feed\"\nurl = \"https://{host}/\"\nevery = \"10m\"\n"
        )
    };
    let sources: String = hosts.iter().map(source).collect();
    format!("fetch.workers = 2\n[[output]]\npath = \"feed.json\"\n{sources}")
}

/// Has a file read, too.
fn add_file(config: &mut Config, name: &str, path: PathBuf) {
    let reader: Arc<dyn Source> = Arc::new(FeedSource { url: None, fallback: Vec::new() });
    let place = Place::File(path);
    let source = SourceConfig::new(name.into(), "feed", place, Some(reader), &Fetch::default());
    config.outputs[0].sources.push(config.sources.len());
    config.sources.push(source);
}

fn states(updated: &newsagg::update::Updated) -> Vec<State> {
    updated.health.iter().map(|source| source.state).collect()
}

#[test]
fn what_came_is_shown_and_remembered_and_what_was_cut_stands_as_it_stood() {
    let world = World::new("halt-kept", |asked: &Asked| match asked.host() {
        "slow.test" if asked.round > 0 => page(feed(["slow-new"])).after(HOUR),
        host => page(feed([format!("{host}-{}", asked.round)])),
    });
    let config = world.config(&feeds(&["slow.test", "quick.test", "late.test"]));
    world.round(&config);
    assert_eq!(world.take_asked().len(), 3);

    world.wait_until(10 * MINUTE);
    let pull = world.clock.now() + ms(50);
    let (updated, took) = world.halted_at(&config, pull);
    assert_eq!(took, GRACE);
    assert_eq!(states(&updated), [State::Ok; 3]);
    let asked = world.take_asked();
    assert_eq!(asked.iter().map(Asked::host).collect::<Vec<_>>(), ["slow.test", "quick.test"]);
    let shown = world.text("feed.json");
    for title in ["slow.test-0", "quick.test-1", "late.test-0"] {
        assert!(shown.contains(title), "{title}: {shown}");
    }

    // It was asked: a service that is started again does not ask it twice. Who was not, is.
    world.round(&config);
    let again = world.take_asked();
    assert_eq!(again.iter().map(Asked::host).collect::<Vec<_>>(), ["late.test"]);
    world.wait_until(20 * MINUTE + 2 * SECOND);
    world.halted_at(&config, world.clock.now() + MINUTE);
    let asked = world.take_asked();
    assert!(asked.iter().any(|asked| asked.host() == "slow.test"), "no back-off: {asked:?}");
}

#[test]
fn who_was_ill_is_as_ill_as_before_and_who_is_new_was_never_heard() {
    let world = World::new("halt-ill", |asked: &Asked| match asked.round {
        0 => world::status(404),
        _ => page(feed(["x"])).after(HOUR),
    });
    let before = world.round(&world.config(&feeds(&["ill.test"])));
    let error = before.health[0].error.clone().unwrap();
    world.wait_until(2 * HOUR);
    let config = world.config(&feeds(&["ill.test", "new.test"]));
    let (updated, _) = world.halted_at(&config, world.clock.now() + ms(50));
    assert_eq!(updated.health[0].error.as_ref(), Some(&error));
    assert_eq!(updated.health[0].since, before.health[0].since);
    let error = updated.health[1].error.as_deref();
    assert_eq!(error, Some("never asked yet, and the round was stopped"));
    let held = world.round(&config);
    assert_eq!(world.take_asked().len(), 3, "both were asked, and are not due: {held:?}");
}

#[test]
fn halted_before_it_begins_everything_stays_as_it_was() {
    let world = World::new("halt-before", |_: &Asked| page(feed(["news"])));
    std::fs::write(world.dir.join("f.xml"), feed(["local"])).unwrap();
    let mut config = world.config(&feeds(&["a.test"]));
    add_file(&mut config, "f", world.dir.join("f.xml"));
    // Files are read first then: another thread would have to be quicker than simulated time.
    world.round_with(&config, Wishes { fail_fast: true, ..Wishes::default() });
    let shown = world.text("feed.json");
    assert!(shown.contains("local"), "{shown}");
    std::fs::remove_file(world.dir.join("f.xml")).unwrap();
    world.wait_until(HOUR);
    let (updated, took) = world.halted_at(&config, world.clock.now());
    assert_eq!((took, world.take_asked().len()), (Duration::ZERO, 1));
    assert_eq!(states(&updated), [State::Ok; 2]);
    assert_eq!(world.text("feed.json"), shown);
    assert_eq!(world.clock.wall().unix(), BEGIN + 3_600);
    world.round(&config);
    assert_eq!(world.take_asked().len(), 1, "it is due");
}

#[test]
fn a_state_that_somebody_else_has_is_not_waited_for_any_longer() {
    let world = World::new("halt-lock", |asked: &Asked| panic!("nobody wants {}", asked.url));
    let config = world.config(&feeds(&["a.test"]));
    let state = world.dir.join("state");
    std::fs::create_dir(&state).unwrap();
    let _lock = Lock::take(&state, Duration::ZERO).unwrap();
    let (updated, took) = world.halted_at(&config, ms(110));
    assert_eq!(took, Duration::ZERO);
    assert_eq!(updated.rested.len(), 1);
}

#[test]
fn a_pipe_that_says_nothing_is_not_waited_for_any_longer() {
    for hosts in [&[][..], &["a.test"]] {
        let world = World::new("halt-pipe", |_: &Asked| page(feed(["news"])));
        let pipe = world.dir.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut config = world.config(&feeds(hosts));
        add_file(&mut config, "pipe", pipe.clone());
        let (updated, took) = world.halted_at(&config, ms(500));
        assert_eq!(took, Duration::ZERO);
        let error = updated.health[hosts.len()].error.as_deref();
        assert_eq!(error, Some("never asked yet, and the round was stopped"));
        assert_eq!(updated.newest.len(), hosts.len());
        // Lets its reader go.
        std::fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    }
}
