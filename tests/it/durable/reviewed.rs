//! One test for each fault that a review found: in simulated time here, at the binary in `binary`.

use newsagg::failure::Stage;
use newsagg::update::{Updated, Wishes};

use super::*;

mod binary;
mod held;

const EVERY: Duration = Duration::from_secs(600);
const HACKERS: &str = "[[source]]\nname = \"hn\"\nkind = \"hackernews\"\nlimit = 3\n\
    every = \"10m\"\nbase_url = \"https://hn.test\"\n";

/// Who is not due is asked, too.
fn forced() -> Wishes {
    Wishes { force: true, ..Wishes::default() }
}

/// Titles that a round shows.
fn shown(updated: &Updated) -> Vec<&str> {
    let mut titles: Vec<&str> = updated.newest.iter().map(|story| &*story.item.title).collect();
    titles.sort_unstable();
    titles
}

/// So many rounds, one every ten minutes.
fn rounds<W: Web>(world: &World<W>, text: &str, count: usize) {
    let config = world.config(text);
    for _ in 0..count {
        let next = world.clock.now() + EVERY;
        world.round(&config);
        world.wait_until(next);
    }
}

/// How often a place, a host and a path, was asked.
fn count<W: Web>(world: &World<W>, place: &str) -> usize {
    let (host, path) = place.split_once('/').unwrap();
    let same = |asked: &&Asked| asked.host() == host && asked.url.path()[1..] == *path;
    world.asked().iter().filter(same).count()
}

/// A list of three stories that is the same for ever, and its stories.
fn hackers(asked: &Asked) -> Reply {
    match (asked.url.path(), asked.field("if-none-match")) {
        ("/v0/topstories.json", Some("\"list\"")) => status(304),
        ("/v0/topstories.json", _) => page("[1,2,3]").with("etag", "\"list\""),
        (path, _) => {
            let id = path.trim_start_matches("/v0/item/").trim_end_matches(".json");
            page(format!("{{\"id\":{id},\"type\":\"story\",\"title\":\"story {id}\"}}"))
        }
    }
}

#[test]
fn a_list_of_which_no_story_came_is_asked_for_again_whole() {
    let ills = [status(500), status(404), hackers_late(), fails(Stage::Protocol, "broken off")];
    for (case, ill) in ills.into_iter().enumerate() {
        let web = move |asked: &Asked| match asked.url.path() {
            path if path.contains("/item/") && asked.at < HOUR => ill.clone(),
            _ => hackers(asked),
        };
        let world = World::new(&format!("no-story-{case}"), web);
        let config = world.config(HACKERS);
        assert_eq!(shown(&world.round(&config)), [] as [&str; 0], "{case}");
        world.wait_until(2 * HOUR);
        let updated = world.round(&config);
        assert_eq!(shown(&updated), ["story 1", "story 2", "story 3"], "{case}");
    }
}

/// A story that comes after the round has ended.
fn hackers_late() -> Reply {
    page("{\"id\":1,\"type\":\"story\",\"title\":\"late\"}").after(HOUR)
}

#[test]
fn a_story_that_did_not_come_takes_nothing_away_and_is_asked_for_again() {
    let web = |asked: &Asked| match (asked.url.path(), asked.round) {
        // Another list, of the same stories.
        ("/v0/topstories.json", 1) => page("[3,2,1]").with("etag", "\"list\""),
        ("/v0/item/2.json", 1) => status(404),
        _ => hackers(asked),
    };
    let world = World::new("one-story", web);
    let config = world.config(HACKERS);
    for round in 0..3 {
        let updated = world.round_with(&config, forced());
        assert_eq!(shown(&updated), ["story 1", "story 2", "story 3"], "round {round}");
        world.wait(HOUR);
    }
    let second = world.asked().iter().filter(|asked| asked.url.path().ends_with("/2.json")).count();
    assert_eq!(second, 3, "its list was not held");
}

#[test]
fn a_feed_that_breaks_off_takes_nothing_away_and_is_asked_for_again_whole() {
    let web = |asked: &Asked| {
        let whole = feed(["one", "two", "three"]);
        let cut = whole.find("<item><title>two").unwrap() + 20;
        let body = if asked.round == 1 { whole[..cut].to_owned() } else { whole };
        page(body).with("etag", format!("\"{}\"", asked.round))
    };
    let world = World::new("breaks-off", web);
    let config = world.config(&source("a.test/", "10m"));
    for round in 0..3 {
        assert_eq!(shown(&world.round(&config)), ["one", "three", "two"], "round {round}");
        world.wait(EVERY);
    }
    let asked = world.asked();
    let held: Vec<_> = asked.iter().map(|asked| asked.field("if-none-match")).collect();
    assert_eq!(held, [None, Some("\"0\""), None]);
}

#[test]
fn a_feed_that_invents_an_id_for_everything_each_time_does_not_fill_the_disk() {
    let item = |round: usize, n: usize| format!("<item><guid>r{round}n{n}</guid></item>");
    let web = move |asked: &Asked| {
        let items: String = (0..1_000).map(|n| item(asked.round, n)).collect();
        page(channel::<&str>(&items, []))
    };
    let world = World::new("ids", web);
    let config = world.config(&source("a.test/", "10m"));
    let mut sizes = Vec::new();
    for _ in 0..22 {
        world.round(&config);
        world.wait(EVERY);
        sizes.push(std::fs::metadata(world.dir.join("state/sources")).unwrap().len());
    }
    // Four times as many as were ever shown at once are remembered, then it is written anew.
    assert!(sizes.windows(2).any(|pair| pair[1] < pair[0]), "it grows on: {sizes:?}");
}

#[test]
fn a_job_that_always_comes_in_an_hour_to_be_skipped_asks_once_in_eight_days() {
    let hours: String = (0..=8).map(|hour| format!("<hour>{hour}</hour>")).collect();
    let more = format!("<skipHours>{hours}</skipHours>");
    let web = move |asked: &Asked| page(channel(&more, [asked.round]));
    let world = World::new("skip-hours", web);
    let config = world.config(&source("a.test/", "1h"));
    for day in 0..30 {
        // The world begins at six.
        world.wait_until(DAY * day + HOUR);
        world.round(&config);
    }
    let asked = world.asked_at("a.test");
    assert_eq!(asked.len(), 4, "{asked:?}");
    let longest = newsagg::schedule::LONGEST_SKIP;
    assert!(asked.windows(2).all(|pair| pair[1] - pair[0] <= longest), "{asked:?}");
}

#[test]
fn one_failure_after_an_answer_that_was_fresh_for_a_day_costs_no_other_day() {
    let web = |asked: &Asked| match asked.round {
        0 => page(feed(["one"])).with("cache-control", "max-age=86400"),
        _ if asked.at < DAY => status(500),
        _ => page(feed(["two"])),
    };
    let world = World::new("a-day-fresh", web);
    rounds(&world, &source("a.test/", "10m"), 26 * 6);
    let asked = world.asked();
    let failed: Vec<_> = asked.iter().filter(|it| it.round > 0 && it.at < DAY).collect();
    assert!(failed.len() > 1 && failed[0].at > 22 * HOUR, "{:?}", failed[0].at);
    // Each try in the next round that its back-off allows: five minutes, ten, twenty and so on.
    let tries: Vec<usize> = failed.iter().map(|asked| asked.round).collect();
    let well = asked.iter().find(|asked| asked.at >= DAY).expect("it is asked again");
    assert!(tries[tries.len() - 1] > tries[0], "{tries:?}");
    assert!(well.at < DAY + HOUR, "{:?}", well.at);
}

#[test]
fn one_who_is_left_alone_does_not_make_an_old_round_of_a_young_one() {
    let web = |asked: &Asked| match asked.host() {
        "gone.test" => status(410),
        host => page(feed([host])),
    };
    let world = World::new("young", web);
    let text = ["a.test/", "gone.test/"].map(|place| source(place, "10m")).concat();
    let config = world.config(&text);
    world.round(&config);
    for (wait, asks) in [(2 * HOUR, 1), (30 * MINUTE, 0), (29 * MINUTE, 0), (2 * MINUTE, 1)] {
        world.wait(wait);
        world.take_asked();
        world.round_with(&config, Wishes { max_age: Some(HOUR), ..Wishes::default() });
        assert_eq!(world.take_asked().len(), asks, "after {wait:?}");
    }
}

#[test]
fn the_dead_are_blamed_once_a_living_one_that_is_seldom_due_has_answered() {
    let web = |asked: &Asked| match asked.host() {
        "live.test" => page(feed(["live"])),
        _ if asked.at < MINUTE => page(feed(["before"])),
        _ => fails(Stage::Connect, "connection refused"),
    };
    let world = World::new("two-dead", web);
    let dead = ["dead.test/", "late.test/"].map(|place| source(place, "10m")).concat();
    let text = source("live.test/", "1d") + &dead;
    rounds(&world, &text, 144);
    let before = count(&world, "dead.test/");
    assert!(before >= 143, "nobody can tell them from our own line: {before}");
    // The living one is asked and answers.
    rounds(&world, &text, 2);
    assert_eq!(count(&world, "live.test/"), 2);
    world.take_asked();
    rounds(&world, &text, 142);
    let after: usize = ["dead.test/", "late.test/"].map(|place| count(&world, place)).iter().sum();
    assert!((4..=48).contains(&after), "{after} requests in a day");
}

#[test]
fn with_two_dead_among_them_an_outage_blames_nobody_else() {
    let (down, up) = (DAY, DAY + 12 * HOUR);
    let web = move |asked: &Asked| match asked.host() {
        "a.test" | "b.test" if !(down..up).contains(&asked.at) => page(feed([asked.host()])),
        _ => fails(Stage::Resolve, "there is no such name"),
    };
    let world = World::new("outage", web);
    let places = ["a.test/", "b.test/", "dead.test/", "late.test/"];
    let text = places.map(|place| source(place, "10m")).concat();
    rounds(&world, &text, 36 * 6);
    world.take_asked();
    rounds(&world, &text, 1);
    assert_eq!(["a.test/", "b.test/"].map(|place| count(&world, place)), [1, 1]);
}

#[test]
fn an_id_that_stands_twice_in_a_feed_makes_the_same_document_every_time_and_writes_it_once() {
    let item = |begin: &str, day: u32| {
        let words = "word ".repeat(200);
        format!(
            "<item><title>title</title><guid isPermaLink=\"false\">same</guid>\
             <description>{begin} {words}</description>\
             <pubDate>{day} Nov 2026 06:00:00 GMT</pubDate></item>"
        )
    };
    for (case, days) in [(0, [20, 21]), (1, [21, 20]), (2, [20, 20])] {
        let both = item("first", days[0]) + &item("second", days[1]);
        let web = move |asked: &Asked| {
            // Three answers that differ in nothing that counts, then twice the same.
            let more = format!("<!-- {} -->{both}", asked.round.min(3));
            page(channel::<&str>(&more, []))
        };
        let world = World::new(&format!("twice-{case}"), web);
        let config = world.config(&subscribe(["a.test"], "10m"));
        let first = world.round(&config);
        let begin = if days[0] < days[1] { "second" } else { "first" };
        let said = |updated: &Updated| {
            let summaries = updated.newest.iter().map(|story| story.item.summary.clone().unwrap());
            let words = summaries.map(|summary| summary.split(' ').next().unwrap().to_owned());
            words.collect::<Vec<String>>()
        };
        assert_eq!(said(&first), [begin], "{case}");
        let sources = world.dir.join("state/sources");
        for round in 1..6 {
            world.wait(EVERY);
            let before = std::fs::metadata(&sources).unwrap().len();
            let updated = world.round(&config);
            let grown = std::fs::metadata(&sources).unwrap().len() - before;
            assert_eq!(said(&updated), [begin], "{case}, round {round}");
            assert!(!updated.report.outputs[0].written, "{case}, round {round}");
            assert!(grown < 500, "{case}, round {round}: the item is written again: {grown}");
        }
    }
}

#[test]
fn what_was_left_out_of_a_round_is_remembered_as_long_as_the_config_has_it() {
    // Enough that the journal is written anew now and then.
    let web = |asked: &Asked| match asked.host() {
        "a.test" => page(feed((0..200).map(|n| format!("r{}n{n}", asked.round)))),
        host => page(feed([host])),
    };
    let world = World::new("others", web);
    let (a, b) = (source("a.test", "10m"), source("b.test", "10m"));
    let keep = "state.keep = \"2d\"\n";
    let only_b = world.config(&format!("{keep}{b}"));
    let mut only_a = world.config(&format!("{keep}{a}"));
    assert_eq!(shown(&world.round(&only_b)), ["b.test"]);
    let offline = Wishes { offline: true, ..Wishes::default() };
    // First somebody names `a` on the command line, then `b` is taken out of the config.
    for (others, remembered) in [(vec!["b.test".to_owned()], 1), (Vec::new(), 0)] {
        only_a.others = others;
        for _ in 0..12 {
            world.wait(DAY);
            world.round(&only_a);
        }
        let updated = world.round_with(&only_b, offline);
        assert_eq!(updated.newest.len(), remembered, "{:?}", only_a.others);
    }
}
