//! Rounds against a server that does not exist, in time that does not pass.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::failure::{Failure, Stage};
use newsagg::http::{Document, Request, Url};
use newsagg::item::Item;
use newsagg::pool::Pool;
use newsagg::queue::{MAX_REQUESTS, MAX_STEP};
use newsagg::round::Span;
use newsagg::schedule::SPACING;
use newsagg::source::hackernews::{Api, HackerNews, List};
use newsagg::source::{Page, Quota, Source, Window};
use newsagg::time::Timestamp;
use smol::Executor;

use crate::support::fake::*;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn window(count: u32, per: Duration) -> Vec<Window> {
    vec![Window { count, per }]
}

fn hackernews(n: usize) -> impl Iterator<Item = newsagg::round::Ask> {
    let source = |i| HackerNews {
        api: Api::Both,
        base_url: url(&format!("http://hn{i}.test")),
        list: List::Top,
        limit: 30,
    };
    (0..n).map(move |i| ask(source(i)))
}

/// Thirty stories, as the real service would serve them.
fn thirty(url: &Url) -> Answer {
    match url.path().strip_prefix("/v0/item/").and_then(|id| id.strip_suffix(".json")) {
        None => ok(format!("{:?}", (1..=30).collect::<Vec<_>>())),
        Some(id) => ok(format!(r#"{{"id":{id},"type":"story","title":"t{id}","time":{id}}}"#)),
    }
}

#[test]
fn one_worker_reads_the_list_and_then_thirty_stories() {
    let played = Scene::new(hackernews(1)).workers(1).play(|url, _| thirty(url));
    assert_eq!(played.items.len(), 30);
    assert_eq!(played.took, ms(3100));
}

#[test]
fn twenty_slow_sources_take_as_long_as_one() {
    let sources = (0..20).map(|i| {
        let address: &'static str = format!("http://host{i}.test/").leak();
        ask(one(address))
    });
    let played = Scene::new(sources).play(|url, _| ok(url.as_str()).into_text());
    assert_eq!(played.took, ms(100));
    assert_eq!(played.round.max_in_flight, 20);
}

#[test]
fn more_sources_than_workers_starve_nobody() {
    for workers in 1..=8 {
        for sources in 1..=12 {
            let played =
                Scene::new(hackernews(sources)).workers(workers).play(|url, _| thirty(url));
            assert_eq!(played.items.len(), 30 * sources);
            assert!(busiest(&played.round.spans) <= workers);
        }
    }
}

#[test]
fn one_bad_story_costs_one_story() {
    let played = Scene::new(hackernews(1)).workers(4).play(|url, _| match url.path() {
        "/v0/item/7.json" => ok("<html>"),
        _ => thirty(url),
    });
    assert_eq!(played.items.len(), 29);
    assert_eq!(played.round.tallies[0].failures.len(), 1);
}

#[test]
fn a_silent_server_costs_its_deadlines_and_no_more() {
    let played = Scene::new(hackernews(3)).workers(2).play(|_, _| silence());
    for tally in &played.round.tallies {
        assert_eq!(tally.failures[0].stage, Stage::Timeout);
    }
    let all_tries = 3 * 3 * TIMEOUT / 2 + Duration::from_secs(5);
    assert!(played.took <= all_tries, "{:?}", played.took);
}

#[test]
fn too_many_requests_waits_as_long_as_it_is_told() {
    let mut first = true;
    let played = Scene::new(hackernews(1)).play(move |url, _| match std::mem::take(&mut first) {
        true => Answer { retry_after: Some("5"), ..status(429) },
        false => thirty(url),
    });
    assert_eq!(played.items.len(), 30);
    assert_eq!(played.took, ms(5_300));
}

#[test]
fn nobody_waits_within_a_round_for_a_server_that_asks_for_more_than_a_few_seconds() {
    let asks = ["http://a.test/1", "http://a.test/2", "http://b.test/"].map(|at| ask(one(at)));
    for code in [429, 503] {
        let played = Scene::new(asks.clone()).workers(1).play(move |url, _| match url.path() {
            "/1" => Answer { retry_after: Some("6"), ..status(code) },
            _ => ok("news"),
        });
        assert_eq!(played.took, ms(200), "the first and the third are asked, one after the other");
        let [first, second, third] = &played.round.tallies[..] else { panic!("three sources") };
        assert_eq!(first.failures[0].status, Some(code));
        assert_eq!((first.put_off, second.put_off), (Some(Some(ms(6_100))), Some(Some(ms(6_100)))));
        assert_eq!((second.failures.len(), third.pages), (0, 1));
    }
}

#[test]
fn a_retry_after_beyond_the_deadline_puts_the_source_off_at_once() {
    let played = Scene::new([ask(one("http://a.test/"))])
        .play(|_, _| Answer { retry_after: Some("3600"), ..status(429) });
    assert_eq!(played.took, ms(100));
    let tally = &played.round.tallies[0];
    assert_eq!(tally.failures[0].status, Some(429));
    assert_eq!(tally.put_off, Some(Some(ms(3_600_100))));
}

#[test]
fn a_retry_after_holds_back_everybody_who_shares_the_account() {
    let shared = |address| Plain { account: "shared", ..one(address) };
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let scene = Scene::new([ask(shared("http://a.test/1")), ask(shared("http://b.test/2"))]);
    scene.workers(1).play(move |url, now| {
        log.lock().unwrap().push((url.path().to_string(), now));
        match now {
            Duration::ZERO => Answer { retry_after: Some("4"), ..status(503) },
            _ => ok("x"),
        }
    });
    let asked = asked.lock().unwrap();
    assert!(asked[1..].iter().all(|(_, at)| *at >= ms(4_100)), "{asked:?}");
    assert_eq!(asked.len(), 3);
}

#[test]
fn a_failure_in_passing_is_tried_again_and_one_for_good_is_not() {
    for (code, tries) in [(500, 3), (503, 3), (502, 3), (404, 1), (403, 1), (501, 1), (410, 1)] {
        let played = Scene::new([ask(one("http://a.test/"))]).play(move |_, _| status(code));
        let tally = &played.round.tallies[0];
        assert_eq!((tally.requests, tally.retries), (tries, tries - 1), "{code}");
        assert_eq!(tally.failures.len(), 1, "{code}");
    }
}

#[test]
fn retries_wait_longer_each_time() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let log = times.clone();
    Scene::new([ask(one("http://a.test/"))]).play(move |_, now| {
        log.lock().unwrap().push(now);
        status(500)
    });
    let times = times.lock().unwrap();
    let gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0] - ms(100)).collect();
    assert!(gaps[0] >= ms(250) && gaps[0] <= ms(750), "{gaps:?}");
    assert!(gaps[1] >= ms(500) && gaps[1] <= ms(1500), "{gaps:?}");
}

#[test]
fn fallbacks_are_asked_in_order_and_no_further_than_needed() {
    let source = Plain {
        fallback: vec!["http://b.test/", "http://c.test/", "http://d.test/"],
        ..one("http://a.test/")
    };
    let played = Scene::new([ask(source)]).play(|url, _| match url.host_str() {
        Some("a.test") => status(404),
        Some("b.test") => ok("<html>"),
        Some("c.test") => ok("news"),
        _ => panic!("nobody needs {url}"),
    });
    assert_eq!(&*played.items[0].1.title, "news");
    let tally = &played.round.tallies[0];
    assert_eq!((tally.requests, tally.failures.len()), (3, 0));
}

#[test]
fn fail_fast_ends_with_the_first_failure_at_once() {
    let mut scene = Scene::new([
        ask(one("http://slow.test/")),
        ask(one("http://bad.test/")),
        ask(one("http://hang.test/")),
    ]);
    scene.rules.fail_fast = true;
    let played = scene.play(|url, _| match url.host_str() {
        Some("bad.test") => status(404),
        Some("slow.test") => Answer { latency: Some(ms(3000)), ..ok("slow") },
        _ => silence(),
    });
    assert_eq!(played.took, ms(100));
    assert!(played.round.cut_short);
    assert!(played.items.is_empty());
}

#[test]
fn the_others_are_collected_when_one_fails() {
    let played = Scene::new([ask(one("http://bad.test/")), ask(one("http://good.test/"))])
        .play(|url, _| if url.host_str() == Some("bad.test") { status(404) } else { ok("news") });
    assert_eq!(played.items.len(), 1);
    assert_eq!(played.round.tallies[0].failures[0].status, Some(404));
}

#[test]
fn never_more_to_one_host_than_allowed_and_the_others_do_not_wait() {
    let mut asks: Vec<_> = (0..10)
        .map(|i| ask(one(format!("http://10.0.0.1/{i}").leak())))
        .chain((0..5).map(|i| ask(one(format!("http://free{i}.test/").leak()))))
        .collect();
    asks.iter_mut().for_each(|ask| ask.per_host = 3);
    let played = Scene::new(asks).play(|_, _| ok("x"));
    let (crowded, free): (Vec<_>, Vec<_>) = played.round.spans.iter().partition(|s| s.source < 10);
    assert_eq!(busiest(crowded), 3);
    assert!(free.iter().all(|span| span.start == Duration::ZERO));
    assert_eq!(played.took, ms(400));
}

#[test]
fn sources_of_one_host_keep_a_distance_and_one_source_need_not() {
    let asks = (0..4).map(|i| ask(one(format!("http://shared.test/{i}").leak())));
    let several =
        Plain { plan: vec!["http://own.test/1", "http://own.test/2"], ..Plain::default() };
    let played = Scene::new(asks.chain([ask(several)])).play(|_, _| ok("x"));
    let (shared, own): (Vec<&Span>, Vec<&Span>) =
        played.round.spans.iter().partition(|s| s.source < 4);
    assert!(own.iter().all(|span| span.start == Duration::ZERO));
    let mut starts: Vec<Duration> = shared.iter().map(|span| span.start).collect();
    starts.sort();
    for pair in starts.windows(2) {
        let gap = pair[1] - pair[0];
        assert!(gap >= SPACING / 2 && gap <= SPACING * 3 / 2, "{gap:?}");
    }
}

#[test]
fn the_deadline_cuts_what_is_under_way_and_puts_it_off_with_the_rest() {
    let asks = (0..6).map(|i| ask(one(format!("http://h{i}.test/").leak())));
    let played = Scene::new(asks).workers(2).deadline(7).play(|_, _| silence());
    assert_eq!(played.took, Duration::from_secs(7));
    let (failed, put_off): (Vec<_>, Vec<_>) =
        played.round.tallies.iter().partition(|tally| !tally.failures.is_empty());
    // Two had their whole timeout, two had two seconds of it, and two were never sent.
    assert_eq!((failed.len(), put_off.len()), (2, 4));
    assert!(failed.iter().all(|tally| tally.failures[0].stage == Stage::Timeout));
    assert!(put_off.iter().all(|tally| tally.put_off == Some(None)));
}

#[test]
fn a_slow_quota_is_put_off_at_once_and_holds_nobody_up() {
    let slow = Plain {
        plan: vec!["http://q.test/1", "http://q.test/2", "http://q.test/3"],
        windows: window(1, Duration::from_secs(3600)),
        account: "q",
        ..Plain::default()
    };
    let played = Scene::new([ask(slow), ask(one("http://a.test/"))])
        .play(|url, _| ok(url.path()).into_text());
    assert_eq!(played.took, ms(100));
    assert_eq!(played.items.len(), 2);
    assert_eq!(played.round.tallies[0].put_off, Some(Some(Duration::from_secs(3600))));
}

#[test]
fn requests_keep_their_distance_even_when_the_workers_are_late() {
    let spaced = Plain {
        plan: vec!["http://s.test/1", "http://s.test/2", "http://s.test/3"],
        windows: window(1, Duration::from_secs(1)),
        account: "s",
        ..Plain::default()
    };
    let scene = Scene::new(hackernews(1).chain([ask(spaced)])).workers(1);
    let played = scene.play(|url, _| match url.host_str() {
        Some("s.test") => ok("x"),
        _ => Answer { latency: Some(Duration::from_secs(4)), ..ok("[]") },
    });
    let starts: Vec<_> =
        played.round.spans.iter().filter(|s| s.source == 1).map(|s| s.start).collect();
    let gaps: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(starts.len(), 3);
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_secs(1)), "{gaps:?}");
}

/// A source that wants everything, always.
#[derive(Debug)]
struct Greedy(usize);

impl Source for Greedy {
    fn kind(&self) -> &'static str {
        "greedy"
    }

    fn plan(&self) -> Vec<Request> {
        vec![Request::get(url(&format!("http://greedy{}.test/", self.0)))]
    }

    fn read(&self, request: &Request, _: &Document<'_>) -> Result<Page, Failure> {
        assert!(request.step <= MAX_STEP);
        let more = vec![request.clone(); 100];
        Ok(Page { items: vec![Item::default()], more, ..Page::default() })
    }

    fn quota(&self) -> Quota {
        let windows = window(30, Duration::from_secs(1));
        Quota { account: format!("greedy{}", self.0), windows }
    }
}

#[test]
fn every_round_ends_whatever_the_server_does() {
    for seed in 0..60u64 {
        let mut luck = seed;
        let mut random = move |n: u64| {
            luck = newsagg::backoff::scramble(luck);
            luck % n
        };
        let (n, workers) = (1 + random(6) as usize, 1 + random(5) as usize);
        let played =
            Scene::new((0..n).map(|i| ask(Greedy(i)))).workers(workers).play(move |_, _| Answer {
                status: [200, 200, 200, 429, 500, 404][random(6) as usize],
                latency: (random(10) > 0).then(|| Duration::from_millis(random(8000))),
                retry_after: (random(5) == 0).then_some("3"),
                headers: Vec::new(),
                body: String::new(),
            });
        let mut answered = BTreeMap::<usize, usize>::new();
        for span in &played.round.spans {
            *answered.entry(span.source).or_default() += 1;
        }
        assert!(answered.values().all(|n| *n <= 3 * MAX_REQUESTS), "seed {seed}");
        assert!(busiest(&played.round.spans) <= workers, "seed {seed}");
        assert!(played.took <= Duration::from_secs(60), "seed {seed}: {:?}", played.took);
    }
}

#[test]
fn the_same_round_is_the_same_twice() {
    let play = || {
        let played = Scene::new(hackernews(5)).workers(3).play(|url, now| match url.path() {
            "/v0/item/3.json" if now < Duration::from_secs(2) => status(500),
            _ => thirty(url),
        });
        (played.round.spans, played.took)
    };
    assert_eq!(play(), play());
}

#[test]
fn ten_thousand_sources_are_all_asked() {
    let asks = (0..10_000).map(|i| ask(one(format!("http://h{}.test/{i}", i % 5000).leak())));
    let played = Scene::new(asks).workers(100).play(|_, _| ok("x"));
    assert_eq!(played.items.len(), 10_000);
    assert_eq!(played.took, ms(100 * 100));
}

/// The shape we turned down: work that waits, inside a worker, for other work.
#[test]
#[should_panic(expected = "deadlock")]
fn waiting_inside_a_worker_deadlocks() {
    let (clock, executor) = (Clock::simulated(Timestamp::EPOCH), Executor::new());
    let pool = Arc::new(Pool::new(&executor, NonZeroUsize::MIN));
    let (send, receive) = async_channel::bounded(1);
    let smuggled = pool.clone();
    pool.submit(async move {
        let (send_inner, receive_inner) = async_channel::bounded(1);
        smuggled.submit(async move { send_inner.send(()).await.unwrap() });
        receive_inner.recv().await.unwrap();
        send.send(()).await.unwrap();
    });
    clock.block_on(&executor, async { receive.recv().await.unwrap() });
}

/// Answers that begin with `http` are follow-ups to [`Plain`]; this makes them news.
trait IntoText {
    fn into_text(self) -> Answer;
}

impl IntoText for Answer {
    fn into_text(self) -> Answer {
        Answer { body: format!("news: {}", self.body), ..self }
    }
}
