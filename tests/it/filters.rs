//! Filters, limits and tags, in every way that an item can take to an output.

use std::time::Duration;

use newsagg::failure::Stage;
use newsagg::item::DateOrigin;
use newsagg::update::{Updated, Wishes};

use crate::support::world::{Asked, MINUTE, Reply, World, fails, feed, page, status};

const OUTPUT: &str = "[[output]]\npath = \"all.jsonl\"\n";

/// One source, and what is said of it beside its address.
fn source(more: &str) -> String {
    format!("{OUTPUT}[[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"http://a.test/\"\n{more}\n")
}

/// A server that says 304 to whoever has the newest.
fn stories(asked: &Asked) -> Reply {
    match asked.field("if-none-match") {
        Some(_) => status(304),
        None => page(feed(["one", "two", "three", "four"])).with("etag", "\"1\""),
    }
}

type Shown = Vec<serde_json::Map<String, serde_json::Value>>;

fn shown(world: &World<impl crate::support::world::Web>) -> Shown {
    let line = |line: &str| serde_json::from_str(line).unwrap();
    world.text("all.jsonl").lines().map(line).collect()
}

fn titles(world: &World<impl crate::support::world::Web>) -> Vec<String> {
    let mut titles: Vec<String> =
        shown(world).iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect();
    titles.sort();
    titles
}

/// A round with the one config, then, half an hour and a minute later, one with the other.
fn change(
    name: &str,
    before: &str,
    after: &str,
    wishes: Wishes,
    fail: bool,
) -> (World<impl crate::support::world::Web>, Updated) {
    let world = World::new(name, move |asked: &Asked| match (asked.round, fail) {
        (1, true) => fails(Stage::Connect, "refused"),
        _ => stories(asked),
    });
    world.round(&world.config(&source(before)));
    world.wait(31 * MINUTE);
    let updated = world.round_with(&world.config(&source(after)), wishes);
    (world, updated)
}

#[test]
fn what_a_new_filter_refuses_is_gone_at_the_next_round() {
    let offline = Wishes { offline: true, ..Wishes::default() };
    for (case, wishes, fail) in [
        ("answered", Wishes::default(), false),
        ("failed", Wishes::default(), true),
        ("offline", offline, false),
    ] {
        let name = format!("filters-{case}");
        let (world, _) = change(&name, "", "exclude = [\"^t\"]", wishes, fail);
        assert_eq!(titles(&world), ["four", "one"], "{case}");
        let (world, _) = change(&name, "", "include = [\"o\"]", wishes, fail);
        assert_eq!(titles(&world), ["four", "one", "two"], "{case}");
        // Also when nothing is left.
        let (world, _) = change(&name, "", "exclude = [\".\"]", wishes, fail);
        assert_eq!(titles(&world), [] as [&str; 0], "{case}");
    }
}

#[test]
fn what_a_filter_lets_through_again_comes_back_though_nothing_is_due() {
    let world = World::new("filters-again", stories);
    world.round(&world.config(&source("exclude = [\"^t\"]")));
    assert_eq!(titles(&world), ["four", "one"]);
    world.wait(MINUTE);
    // A filter that is another one makes it another document.
    world.round(&world.config(&source("")));
    assert_eq!(titles(&world), ["four", "one", "three", "two"]);
    assert_eq!(world.asked().len(), 2);
    assert_eq!(world.asked()[1].field("if-none-match"), None);
}

#[test]
fn another_pointer_of_a_json_source_is_followed_at_once_though_nothing_changed() {
    let world =
        World::new("filters-pointers", |asked: &Asked| match asked.field("if-none-match") {
            Some(_) => status(304),
            None => page("[{\"id\": 1, \"t\": \"one\", \"by\": \"me\"}]").with("etag", "\"1\""),
        });
    let source = |more: &str| {
        let url = "url = \"http://a.test/\"\nid = \"/id\"";
        format!("{OUTPUT}[[source]]\nname = \"a\"\nkind = \"json\"\n{url}\n{more}\n")
    };
    for (more, title, requests) in [
        ("title = \"/by\"", "me", 1),
        ("title = \"/t\"", "one", 2),
        ("title = \"/t\"", "one", 2),
        ("title = \"/t\"\nauthor = \"/by\"", "one", 3),
    ] {
        world.round(&world.config(&source(more)));
        assert_eq!((titles(&world), world.asked().len()), (vec![title.to_owned()], requests));
        world.wait(MINUTE);
    }
    assert_eq!(shown(&world)[0]["authors"][0]["name"], "me");
}

#[test]
fn filters_hold_when_the_answer_is_304_and_when_nobody_is_asked() {
    let world = World::new("filters-304", stories);
    let config = world.config(&source("exclude = [\"^t\"]\nlimit = 1\ntags = [\"x\"]"));
    for (wait, requests) in [(Duration::ZERO, 1), (MINUTE, 1), (30 * MINUTE, 2)] {
        world.wait(wait);
        world.round(&config);
        assert_eq!(world.asked().len(), requests);
        assert_eq!(titles(&world), ["one"]);
        assert_eq!(shown(&world)[0]["tags"][0], "x");
    }
    assert!(world.asked()[1].field("if-none-match").is_some());
}

#[test]
fn a_new_limit_holds_for_what_is_remembered_too() {
    let offline = Wishes { offline: true, ..Wishes::default() };
    for (case, wishes, fail) in [
        ("answered", Wishes::default(), false),
        ("failed", Wishes::default(), true),
        ("offline", offline, false),
    ] {
        let (world, updated) = change(&format!("limit-{case}"), "", "limit = 2", wishes, fail);
        assert_eq!(shown(&world).len(), 2, "{case}");
        assert_eq!(updated.report.sources[0].items, 2, "{case}");
    }
}

#[test]
fn of_a_document_that_was_cut_no_more_is_shown_than_the_limit() {
    let world = World::new("limit-cut", |asked: &Asked| match asked.round {
        0 => page(feed(["one", "two", "three"])),
        _ => page(feed(["new", "three"]).replace("</channel></rss>", "")),
    });
    let config = world.config(&source("limit = 3"));
    world.round(&config);
    world.wait(31 * MINUTE);
    world.round(&config);
    let titles = titles(&world);
    assert_eq!(titles.len(), 3, "{titles:?}");
    assert!(titles.contains(&"new".to_owned()) && titles.contains(&"three".to_owned()));
}

#[test]
fn tags_are_those_of_the_config_as_it_is() {
    let offline = Wishes { offline: true, ..Wishes::default() };
    let (world, _) =
        change("tags", "tags = [\"old\"]", "tags = [\"new\", \"newer\"]", offline, false);
    for item in shown(&world) {
        assert_eq!(item["tags"], serde_json::json!(["new", "newer"]));
    }
}

#[test]
fn links_are_shown_without_tracking_and_items_keep_their_ids() {
    let world = World::new("tracking", |asked: &Asked| match asked.field("if-none-match") {
        Some(_) => status(304),
        None => {
            let link = "https://news.test/one?id=1&amp;utm_source=rss#x";
            let body = feed(["one"]).replace("https://news.test/one", link);
            let body = body.replace("<guid isPermaLink=\"false\">one</guid>", "");
            page(body).with("etag", "\"1\"")
        }
    });
    for (setting, url) in [
        ("", "https://news.test/one?id=1#x"),
        ("tracking = \"keep\"", "https://news.test/one?id=1&utm_source=rss#x"),
        ("tracking = \"remove\"", "https://news.test/one?id=1#x"),
    ] {
        world.round(&world.config(&source(setting)));
        let item = &shown(&world)[0];
        assert_eq!(item["url"], url, "{setting}");
        assert_eq!(item["id"], "https://news.test/one?id=1&utm_source=rss#x");
        assert_eq!(item["_newsagg"]["first_seen"], "2026-11-22T06:00:00Z", "{setting}");
        world.wait(31 * MINUTE);
    }
    // How links are shown is no reason to ask for all of it again.
    assert!(world.asked()[2].field("if-none-match").is_some());
    let text = format!("[fetch]\ntracking = \"keep\"\n{}", source(""));
    world.round_with(&world.config(&text), Wishes { offline: true, ..Wishes::default() });
    assert!(shown(&world)[0]["url"].as_str().unwrap().contains("utm_source"));
}

#[test]
fn each_output_has_its_own_sources_age_limit_and_way_of_joining() {
    let world = World::new("filters-outputs", |asked: &Asked| {
        let title = "Scientists find water below the crater";
        let body = feed(["first"]).replace("<title>first", &format!("<title>{title}"));
        let own = format!("https://{}.test/", asked.host());
        let date =
            if asked.host() == "b.test" { "Sat, 21 Nov 2026 05" } else { "Sat, 21 Nov 2026 07" };
        page(body.replace("https://news.test/", &own).replace("Sat, 21 Nov 2026 06", date))
    });
    let output = |name: &str, more: &str| format!("[[output]]\npath = \"{name}.jsonl\"\n{more}\n");
    let feeds: String = ["a", "b"]
        .iter()
        .map(|name| {
            format!(
                "[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"http://{name}.test/\"\n"
            )
        })
        .collect();
    let config = [
        output("all", ""),
        output("links", "join = \"links\""),
        output("nothing", "join = \"nothing\""),
        output("one", "sources = [\"a\"]"),
        output("limit", "join = \"links\"\nlimit = 1"),
        // It is Sunday, six o'clock.
        output("age", "join = \"links\"\nmax_age = \"24h\""),
        feeds,
    ];
    let config = world.config(&config.concat());
    for _ in 0..2 {
        let updated = world.round(&config);
        let lines = |name: &str| world.text(&format!("{name}.jsonl")).lines().count();
        let counts = ["all", "links", "nothing", "one", "limit", "age"].map(lines);
        assert_eq!(counts, [1, 2, 2, 1, 1, 1]);
        assert!(world.text("all.jsonl").contains("\"also\":[{\"source\":\"a\""));
        assert_eq!(updated.newest[0].date_origin, DateOrigin::Feed);
        assert_eq!(updated.report.items, 1);
        world.wait(MINUTE / 2);
    }
    assert_eq!(world.asked().len(), 2);
}
