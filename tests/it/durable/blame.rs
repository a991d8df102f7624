//! Who is left alone, and for how long.

use super::*;
use newsagg::failure::{Failure, Fault, Stage};

const EVERY: Duration = Duration::from_secs(600);

/// Host, failure, how many failures are free, minutes of the first delay, hours of the ceiling.
fn ills() -> Vec<(&'static str, Reply, u32, u32, u32)> {
    vec![
        ("often.test", status(429), 0, 15, 24),
        ("missing.test", status(404), 0, 60, 24),
        ("refused.test", status(403), 0, 60, 24),
        ("locked.test", status(401), 0, 360, 24),
        ("broken.test", status(500), 1, 5, 6),
        ("unknown.test", fails(Stage::Resolve, "there is no such name"), 1, 10, 6),
        ("closed.test", fails(Stage::Connect, "connection refused"), 1, 5, 6),
        ("untrusted.test", fails(Stage::Tls, "the certificate has expired"), 0, 60, 24),
        ("no-feed.test", page("<html>no feed</html>"), 1, 30, 24),
    ]
}

/// The beginnings of the rounds in which a host was asked.
fn rounds(asked: &[Asked], host: &str) -> Vec<Duration> {
    let mut own: Vec<&Asked> = asked.iter().filter(|asked| asked.host() == host).collect();
    own.dedup_by_key(|asked| asked.round);
    own.iter().map(|asked| asked.at).collect()
}

/// How long the host may be left alone after its `count`-th failure in a row.
fn bounds(count: u32, free: u32, first: u32, ceiling: u32) -> (Duration, Duration) {
    let middle = match count.checked_sub(free + 1) {
        Some(doublings) => MINUTE * first * (1 << doublings.min(10)),
        None => Duration::ZERO,
    };
    let middle = middle.min(HOUR * ceiling * 4 / 5);
    let least = (middle * 3 / 4).max(EVERY * 59 / 60);
    // Nobody looks more often than every ten minutes; retries take some of it.
    (least - 2 * SECOND, (middle * 5 / 4).max(EVERY) + EVERY + MINUTE)
}

#[test]
fn each_failure_in_a_row_costs_more_up_to_its_ceiling_and_recovery_forgets_them() {
    let (well, ill_again) = (3 * DAY, 4 * DAY + 12 * HOUR);
    let web = move |asked: &Asked| {
        let ills = ills();
        let ill = ills.iter().find(|(host, ..)| *host == asked.host());
        match ill.filter(|_| asked.at < well || asked.at >= ill_again) {
            Some((_, reply, ..)) => reply.clone(),
            None => page(feed([asked.host()])),
        }
    };
    let world = World::new("ills", web);
    let ills = ills();
    let hosts = ills.iter().map(|(host, ..)| *host).chain(["well.test"]);
    let config = world.config(&subscribe(hosts, "10m"));
    while world.clock.now() < 6 * DAY {
        let next = world.clock.now() + EVERY;
        world.round(&config);
        world.wait_until(next);
    }
    let asked = world.asked();
    for (host, _, free, first, ceiling) in ills {
        let times = rounds(&asked, host);
        let mut failures = 0;
        let mut most = 0;
        for pair in times.windows(2) {
            let ill = pair[0] < well || pair[0] >= ill_again;
            failures = if ill { failures + 1 } else { 0 };
            most = most.max(failures);
            let (least, longest) = bounds(failures, free, first, ceiling);
            let gap = pair[1] - pair[0];
            assert!(
                gap >= least && gap <= longest,
                "{host} at {:?}, failure {failures}: {gap:?} is not in {least:?}..{longest:?}",
                pair[0]
            );
        }
        assert!(most >= 4, "{host} was asked too seldom to see its shape: {times:?}");
        assert!(times.iter().any(|at| *at > ill_again), "{host}");
    }
    let well = rounds(&asked, "well.test");
    assert!(well.len() > 850, "who is well is asked all the time: {}", well.len());
}

#[test]
fn a_dead_feed_on_a_living_host_is_left_alone_alone() {
    let web = |asked: &Asked| match asked.url.path() {
        "/dead" => status(404),
        "/slow" if asked.at < HOUR => status(429).with("retry-after", 7_200),
        path => page(feed([path.trim_matches('/')])),
    };
    let world = World::new("dead-feed", web);
    let paths = ["a.test/dead", "a.test/alive", "b.test/slow", "b.test/other"];
    let config = world.config(&subscribe(paths, "10m"));
    let from = world.clock.now();
    while world.clock.now() < from + 6 * HOUR {
        let next = world.clock.now() + EVERY;
        world.round(&config);
        world.wait_until(next);
    }
    let count = |path: &str| world.asked().iter().filter(|it| it.url.path() == path).count();
    assert!((3..=5).contains(&count("/dead")), "{}", count("/dead"));
    assert_eq!(count("/alive"), 36);
    // `Retry-After` is said for all that a host serves.
    let b = world.asked_at("b.test");
    assert!(b.iter().all(|at| *at < SECOND || *at >= 2 * HOUR), "{b:?}");
    assert!((24..=25).contains(&count("/slow")) && count("/other") >= 24);
}

#[test]
fn whoever_says_when_to_come_back_is_obeyed_by_those_who_come_after_a_kill() {
    let web = |asked: &Asked| match asked.host() {
        "busy.test" if asked.at < HOUR => status(429).with("retry-after", 5 * 3_600),
        "ill.test" => status(503).after(5 * SECOND),
        host => page(feed([host])),
    };
    let world = World::new("obeyed", web);
    let config = world.config(&subscribe(["busy.test", "ill.test"], "10m"));
    // The third request is another try, long after that answer came.
    assert!(world.killed_at(&config, 3).is_none());
    for _ in 0..36 {
        world.wait(10 * MINUTE);
        world.round(&config);
    }
    let asked = world.asked_at("busy.test");
    assert!(asked[0] < SECOND && asked[1] >= 5 * HOUR, "{asked:?}");
    assert!(asked.len() >= 6, "{asked:?}");
}

#[test]
fn when_our_own_line_is_down_nobody_is_blamed_and_everybody_is_asked_soon_after() {
    let (down, up) = (2 * HOUR, DAY + 2 * HOUR);
    let web = move |asked: &Asked| match asked.host() {
        "missing.test" if asked.at < down => status(404),
        _ if (down..up).contains(&asked.at) => match asked.host().len() % 3 {
            0 => fails(Stage::Resolve, "no address"),
            1 => fails(Stage::Connect, "network is unreachable"),
            _ => fails_with(Failure {
                unsent: true,
                ..Failure::new(Stage::Timeout, "given up after 5s, connecting")
            }),
        },
        host => page(feed([host])),
    };
    let world = World::new("line", web);
    let hosts = ["a.test", "bb.test", "ccc.test", "dddd.test", "missing.test"];
    let config = world.config(&subscribe(hosts, "10m"));
    let mut shown = String::new();
    while world.clock.now() < up {
        let next = world.clock.now() + EVERY;
        let updated = world.round(&config);
        let text = world.text("feed.json");
        // By then everybody was asked in vain.
        let is_down = world.clock.now() > down + 12 * HOUR;
        if is_down {
            assert_eq!(text, shown, "nothing new happened");
            assert!(updated.health[..4].iter().all(|health| health.state == State::Stale));
        }
        shown = text;
        world.wait_until(next);
    }
    world.take_asked();
    world.round(&config);
    let first: Vec<String> = world.asked().iter().map(|asked| asked.host().into()).collect();
    for host in &hosts[..4] {
        assert!(first.iter().any(|asked| asked == host), "{host} is not asked at once: {first:?}");
    }
    let health = world.round(&config).health;
    assert!(health[..4].iter().all(|health| health.state == State::Ok), "{health:?}");
}

#[test]
fn an_offline_laptop_with_one_source_asks_it_again_at_once() {
    let network = |asked: &Asked| asked.at >= MINUTE;
    let unrouted = || Failure {
        fault: Fault::Network,
        ..Failure::new(Stage::Connect, "network is unreachable")
    };
    for (name, offline) in
        [("offline", Failure::new(Stage::Resolve, "no address")), ("unrouted", unrouted())]
    {
        let world = World::new(name, move |asked: &Asked| match network(asked) {
            true => page(feed(["a"])),
            false => fails_with(offline.clone()),
        });
        let config = world.config(&subscribe(["a.test"], "5m"));
        for _ in 0..3 {
            let updated = world.round(&config);
            assert!(updated.line_down);
            assert!(!world.take_asked().is_empty(), "nothing holds it");
        }
        world.wait_until(MINUTE);
        assert_eq!(world.round(&config).health[0].state, State::Ok);
    }
}

#[test]
fn one_server_that_refuses_or_is_silent_is_no_line_that_is_down() {
    let refused = |_: &Asked| fails(Stage::Connect, "connection refused");
    let world = World::new("refused", refused);
    let config = world.config(&subscribe(["a.test"], "5m"));
    assert!(!world.round(&config).line_down);
    world.take_asked();
    world.round(&config);
    assert_eq!(world.take_asked().len(), 0, "it is not due");
}

#[test]
fn nobody_is_held_for_a_proxy_or_a_setting_of_ours() {
    for failure in [
        Failure::new(Stage::Config, "all_proxy names a proxy of the kind socks5h://"),
        Failure::new(Stage::Connect, "the proxy 127.0.0.1:9: connection refused").ours(),
    ] {
        let name = format!("ours-{}", failure.stage);
        let world = World::new(&name, move |asked: &Asked| match asked.at < MINUTE {
            true => fails_with(failure.clone()),
            false => page(feed([asked.host()])),
        });
        let config = world.config(&subscribe(["a.test", "b.test"], "30m"));
        for round in 0..4 {
            let updated = world.round(&config);
            assert!(!updated.line_down);
            assert!(updated.health.iter().all(|health| health.state == State::Failed));
            assert!(world.take_asked().len() >= 2, "{name}: held in round {round}");
        }
        world.wait_until(MINUTE);
        let updated = world.round(&config);
        assert!(updated.health.iter().all(|health| health.state == State::Ok), "{name}");
    }
}

/// Report 09-retry-after-scope: a bridge on the user's own machine, one of whose routes is refused.
#[test]
fn on_the_users_own_machine_one_route_that_asks_to_wait_holds_no_other() {
    let world = World::new("bridge", |asked: &Asked| match asked.url.path() {
        "/bad" => status(503).with("retry-after", 86_400),
        path => page(feed([path.trim_matches('/')])),
    });
    let bridge = |name| {
        let url = format!("http://127.0.0.1:1200/{name}");
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\nevery = \"10m\"\n"
        )
    };
    let config = world.config(&["bad", "one", "two"].map(bridge).concat());
    for round in 0..3 {
        let updated = world.round(&config);
        let paths: Vec<String> =
            world.take_asked().iter().map(|asked| asked.url.path().to_owned()).collect();
        let asked: &[&str] = if round == 0 { &["/bad", "/one", "/two"] } else { &["/one", "/two"] };
        assert_eq!(paths, asked, "round {round}");
        let states: Vec<State> = updated.health.iter().map(|health| health.state).collect();
        assert_eq!(states, [State::Failed, State::Ok, State::Ok]);
        world.wait(10 * MINUTE);
    }
}
