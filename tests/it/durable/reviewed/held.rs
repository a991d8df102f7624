//! Who is left alone on whose account: fallbacks, redirects, siblings, what a server asked for.

use super::*;

const TOO_MANY: u16 = 429;

fn with_fallback() -> String {
    source("first.test/", "10m") + "fallback = [\"https://second.test/\"]\n"
}

/// Six hours, a round every ten minutes, of a source whose two places answer so.
fn six_hours(name: &str, first: Reply, second: Reply) -> World<impl Web> {
    let web = move |asked: &Asked| match asked.host() {
        "first.test" => first.clone(),
        _ => second.clone(),
    };
    let world = World::new(name, web);
    rounds(&world, &with_fallback(), 36);
    world
}

#[test]
fn a_fallback_that_says_when_to_come_back_is_obeyed_whatever_the_first_does() {
    let long = status(TOO_MANY).with("retry-after", 5 * 3_600);
    let nameless = fails(Stage::Resolve, "there is no such name");
    let ills = [status(500), status(404), nameless, long];
    for (case, ill) in ills.into_iter().enumerate() {
        let later = status(TOO_MANY).with("retry-after", 3_600);
        let world = six_hours(&format!("fallback-{case}"), ill, later);
        let second = world.asked_at("second.test");
        assert!(second.windows(2).all(|pair| pair[1] - pair[0] >= HOUR), "{case}: {second:?}");
        assert!((3..=6).contains(&second.len()), "{case}: {second:?}");
        assert!(world.asked_at("first.test").len() >= 2, "{case}");
    }
}

#[test]
fn a_first_that_wants_to_be_left_alone_for_long_leaves_its_fallback_on() {
    let later = status(TOO_MANY).with("retry-after", 5 * 3_600);
    let world = six_hours("fallback-on", later, page(feed(["news"])));
    let first = world.asked_at("first.test");
    assert!(first.len() == 2 && first[1] - first[0] >= 5 * HOUR, "{first:?}");
    assert_eq!(world.asked_at("second.test").len(), 36);
    let stored = world.round(&world.config(&with_fallback()));
    assert_eq!(shown(&stored), ["news"]);
}

#[test]
fn a_good_fallback_is_no_reason_to_ask_the_first_every_time() {
    let dead = fails(Stage::Connect, "connection refused");
    let nameless = fails(Stage::Resolve, "there is no such name");
    for (case, ill, most) in [
        ("gone", status(410), 1),
        ("missing", status(404), 4),
        // Each with two further tries.
        ("broken", status(500), 3 * 9),
        ("dead", dead, 9),
        ("nameless", nameless, 9),
    ] {
        let world = six_hours(case, ill, page(feed(["news"])));
        let first = world.asked_at("first.test").len();
        assert!((1..=most).contains(&first), "{case}: {first}");
        assert_eq!(world.asked_at("second.test").len(), 36, "{case}");
    }
}

/// Two hours of two feeds on `home.test`, of which one has moved to `other.test`, with a secret.
fn moved(name: &str, more: &str, other: Reply) -> World<impl Web> {
    let web = move |asked: &Asked| match (asked.host(), asked.url.path()) {
        ("home.test", "/moved") => {
            status(302).with("location", "https://other.test/feed?token=SECRET")
        }
        ("home.test", _) => page(feed(["fine"])),
        _ => other.clone(),
    };
    let world = World::new(name, web);
    let sources = source("home.test/moved", "10m") + more + &source("home.test/fine", "10m") + more;
    rounds(&world, &sources, 12);
    world
}

#[test]
fn what_fails_behind_a_redirect_is_held_there_and_not_at_the_first_server() {
    for (name, other, least, most) in [
        ("moved-asked", status(TOO_MANY).with("retry-after", 86_400), 1, 1),
        ("moved-often", status(TOO_MANY), 2, 5),
        ("moved-closed", fails(Stage::Connect, "connection refused"), 2, 7),
        ("moved-nameless", fails(Stage::Resolve, "there is no such name"), 2, 7),
    ] {
        let world = moved(name, "", other);
        assert_eq!(count(&world, "home.test/fine"), 12, "{name}");
        for place in ["home.test/moved", "other.test/feed"] {
            let asked = world.asked();
            let at = |it: &&Asked| format!("{}{}", it.host(), it.url.path()) == place;
            let mut rounds: Vec<_> = asked.iter().filter(at).map(|asked| asked.round).collect();
            rounds.dedup();
            assert!((least..=most).contains(&rounds.len()), "{name}, {place}: {rounds:?}");
        }
        let quotas = world.text("state/quotas");
        assert!(quotas.contains("other.test"), "{name}: {quotas}");
        for name in ["quotas", "sources"] {
            let bytes = std::fs::read(world.dir.join("state").join(name)).unwrap();
            assert!(!bytes.windows(6).any(|window| window == b"SECRET"), "{name}");
        }
    }
}

#[test]
fn what_another_server_tells_of_its_counting_is_not_taken_for_that_of_the_first() {
    let other = page(feed(["moved"])).with("ratelimit-limit", 10).with("ratelimit-remaining", 0);
    let other = other.with("ratelimit-reset", 86_400);
    let world = moved("moved-counts", "quota = [\"1000/24h\"]\n", other);
    assert_eq!([count(&world, "home.test/moved"), count(&world, "home.test/fine")], [12, 12]);
    assert_eq!(count(&world, "other.test/feed"), 12);
}

#[test]
fn too_often_without_a_time_or_with_none_left_is_no_invitation() {
    // Half an hour before the world begins.
    let past = "Sun, 22 Nov 2026 05:30:00 GMT";
    let bare = status(TOO_MANY);
    for (case, refusal) in
        [bare.clone(), bare.clone().with("retry-after", 0), bare.with("retry-after", past)]
            .into_iter()
            .enumerate()
    {
        let web = move |_: &Asked| refusal.clone();
        let world = World::new(&format!("often-{case}"), web);
        let siblings = ["a.test/one", "a.test/two", "a.test/three"];
        let text: String = siblings.map(|place| source(place, "1m") + "per_host = 1\n").concat();
        let config = world.config(&text);
        for _ in 0..60 {
            world.round(&config);
            world.wait(MINUTE);
        }
        let asked = world.asked_at("a.test");
        // Fifteen minutes, then thirty, each a quarter more or less.
        assert!((2..=4).contains(&asked.len()), "{case}: {asked:?}");
        assert!(asked[1] - asked[0] >= 11 * MINUTE, "{case}: {asked:?}");
    }
}

#[test]
fn force_overrules_our_own_caution_with_all_follow_ups_and_no_servers_word() {
    let web = |asked: &Asked| match asked.url.path() {
        "/v0/topstories.json" if asked.round == 0 => status(TOO_MANY),
        "/v0/item/2.json" if asked.round == 3 => status(TOO_MANY).with("retry-after", 7_200),
        // Other bytes each time, or its stories were not asked for.
        "/v0/topstories.json" => page(format!("[1,2,3]{}", " ".repeat(asked.round))),
        _ => hackers(asked),
    };
    let world = World::new("force", web);
    let config = world.config(HACKERS);
    let ask = |wishes: Wishes| {
        world.take_asked();
        world.round_with(&config, wishes);
        world.wait(MINUTE);
        world.take_asked().len()
    };
    assert_eq!(ask(Wishes::default()), 1);
    assert_eq!(ask(Wishes::default()), 0);
    assert_eq!(ask(forced()), 4, "our own caution");
    assert!(ask(forced()) >= 2);
    for _ in 0..11 {
        world.wait(9 * MINUTE);
        assert_eq!(ask(forced()), 0, "the server's word");
    }
    world.wait(10 * MINUTE);
    assert_eq!(ask(forced()), 4);
}

#[test]
fn force_asks_the_first_again_before_its_fallback_unless_the_server_spoke() {
    let web = |asked: &Asked| match (asked.host(), asked.round) {
        ("first.test", 2) => status(TOO_MANY).with("retry-after", 7_200),
        ("first.test", _) => status(404),
        _ => page(feed(["news"])),
    };
    let world = World::new("force-first", web);
    let config = world.config(&with_fallback());
    for (wishes, first) in
        [(Wishes::default(), 1), (Wishes::default(), 0), (forced(), 1), (forced(), 0)]
    {
        world.take_asked();
        assert_eq!(shown(&world.round_with(&config, wishes)), ["news"]);
        let asked = [world.asked_at("first.test").len(), world.asked_at("second.test").len()];
        assert_eq!(asked, [first, 1], "{wishes:?}");
        world.wait(EVERY);
    }
}

#[test]
fn who_is_asked_too_often_is_so_by_all_that_count_together() {
    let world = World::new("together", |_: &Asked| status(TOO_MANY));
    let places = ["www.reddit.com/r/rust/.rss", "old.reddit.com/r/news/.rss"];
    // One after the other, with time enough for both.
    let text = "[fetch]\nworkers = 1\ndeadline = \"5m\"\n".to_owned()
        + &places.map(|place| source(place, "10m")).concat();
    let updated = world.round(&world.config(&text));
    assert_eq!(world.take_asked().len(), 1);
    assert!(updated.health.iter().all(|health| health.state == State::Limited), "{updated:?}");
    world.wait(EVERY);
    world.round(&world.config(&text));
    assert_eq!(world.take_asked().len(), 0);
}
