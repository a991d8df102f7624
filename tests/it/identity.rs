//! The same story has the same id, and another one another, whatever its publisher does with ids.

use newsagg::update::Updated;

use crate::support::world::{Asked, HOUR, Reply, World, page};

/// An item of RSS; an empty part is left out. `age` are hours before the world begins.
fn item(title: &str, link: &str, guid: &str, age: Option<i64>) -> String {
    let part = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("<{name}>{text}</{name}>"),
    };
    let date = age.map(|age| {
        let date = newsagg::time::Timestamp::from_unix(crate::support::world::BEGIN - 3_600 * age);
        date.unwrap().to_string()
    });
    let date = part("pubDate", &date.unwrap_or_default());
    let guid = match guid {
        "" => String::new(),
        guid => format!("<guid isPermaLink=\"false\">{guid}</guid>"),
    };
    format!("<item>{}{}{guid}{date}</item>", part("title", title), part("link", link))
}

fn rss(items: impl IntoIterator<Item = String>) -> Reply {
    let items: String = items.into_iter().collect();
    page(format!("<rss version=\"2.0\"><channel><title>t</title>{items}</channel></rss>"))
}

/// The titles of all stories, and how many were new, in each of two rounds.
fn two_rounds(name: &str, web: impl Fn(usize) -> Reply) -> [(Vec<String>, usize); 2] {
    two_rounds_by("auto", name, web)
}

/// The same with a value of the key `id`.
fn two_rounds_by(id: &str, name: &str, web: impl Fn(usize) -> Reply) -> [(Vec<String>, usize); 2] {
    let replies = [0, 1].map(web);
    let web = move |asked: &Asked| replies[asked.round].clone();
    let world = World::new(&format!("identity-{name}"), web);
    let config = world.config(&format!(
        "[[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"http://a.test/\"\nevery = \"10m\"\nid = \"{id}\"",
    ));
    [0, 1].map(|_| {
        let updated = world.round(&config);
        world.wait(HOUR);
        (titles(&updated), updated.report.new)
    })
}

fn titles(updated: &Updated) -> Vec<String> {
    let mut titles: Vec<String> =
        updated.newest.iter().map(|story| story.item.title.to_string()).collect();
    titles.sort_unstable();
    titles
}

#[test]
fn items_without_a_guid_that_share_a_link_are_items_of_their_own_also_on_the_next_day() {
    // Report 01-same-link-no-guid.
    let shirts = include_str!("../fixtures/reports/01-same-link-no-guid.rss");
    let home = "https://shirts.example.org";
    let [first, second] = two_rounds("shirts", |round| match round {
        0 => page(shirts),
        _ => {
            let more = ["Sun Dog", "Red Kite"].map(|title| item(title, home, "", Some(1))).concat();
            page(shirts.replacen("<item>", &(more + "<item>"), 1))
        }
    });
    let four = ["Deep Sea", "Night Owl", "Old Radio", "Tea Time"];
    assert_eq!(first, (four.map(String::from).to_vec(), 4));
    assert_eq!((second.0.len(), second.1), (6, 2), "{second:?}");
}

#[test]
fn one_item_a_day_under_the_address_of_the_site_is_new_each_day() {
    for (name, guid, ages) in [
        ("none", "", [Some(30), Some(6)]),
        ("undated", "", [None, None]),
        ("placeholder", "N/A", [Some(30), Some(6)]),
    ] {
        let [first, second] = two_rounds(name, |round| {
            let title = ["Night Owl", "Deep Sea"][round];
            rss([item(title, "https://shirts.example.org/", guid, ages[round])])
        });
        assert_eq!((first.1, second.1), (1, 1), "{name}: {first:?} {second:?}");
    }
}

#[test]
fn an_id_that_is_used_again_for_another_story_hides_it_in_neither_order() {
    for (name, rounds) in [("together", [vec![0], vec![0, 1]]), ("alone", [vec![0, 1], vec![1]])] {
        let [first, second] = two_rounds(name, |round| {
            let story = |n: usize| {
                let link = format!("https://a.example/{n}");
                item(
                    ["Owls seen in town", "Sea level rises"][n],
                    &link,
                    "same",
                    Some(10 - n as i64),
                )
            };
            rss(rounds[round].iter().map(|n| story(*n)))
        });
        let all = rounds.iter().flatten().max().unwrap() + 1;
        assert_eq!(first.1 + second.1, all, "{name}: {first:?} {second:?}");
        assert_eq!(second.0.len(), rounds[1].len(), "{name}: {second:?}");
    }
}

#[test]
fn an_id_that_changes_under_an_unchanged_link_and_title_makes_nothing_new() {
    // Report 03 of the behaviour: old items printed as new.
    type Guid = fn(usize, usize) -> String;
    let cases: [(&str, Guid); 3] = [
        ("scheme", |round, n| format!("{}://a.example/{n}", ["http", "https"][round])),
        ("random", |round, n| format!("{round}-{n}")),
        ("added", |round, n| if round == 0 { String::new() } else { format!("g{n}") }),
    ];
    for (name, guid) in cases {
        for dated in [true, false] {
            let [first, second] = two_rounds(&format!("{name}-{dated}"), |round| {
                let scheme = ["http", "https"][if name == "scheme" { round } else { 0 }];
                rss((0..3).map(|n| {
                    let link = format!("{scheme}://a.example/{n}");
                    let age = dated.then_some(n as i64 + 1);
                    item(&format!("Story number {n}"), &link, &guid(round, n), age)
                }))
            });
            let case = format!("{name}, dated: {dated}: {second:?}");
            assert_eq!((first.1, second.0.len(), second.1), (3, 3, 0), "{case}");
        }
    }
}

#[test]
fn a_corrected_title_or_a_link_that_moved_is_no_new_story() {
    for (name, guid) in [("guid", "g1"), ("link", "")] {
        for (case, titles, links) in [
            ("title", ["A bridge is opned today", "A bridge is opened today"], ["1", "1"]),
            ("link", ["A bridge is opened", "A bridge is opened"], ["1", "a-bridge-is-opened"]),
        ] {
            if guid.is_empty() && case == "link" {
                continue;
            }
            let [first, second] = two_rounds(&format!("corrected-{name}-{case}"), |round| {
                let link = format!("https://a.example/{}", links[round]);
                rss([item(titles[round], &link, guid, Some(2))])
            });
            assert_eq!((first.1, second.1), (1, 0), "{name}, {case}: {second:?}");
            assert_eq!(second.0, [titles[1]], "{name}, {case}");
        }
    }
}

#[test]
fn items_with_ids_of_their_own_stay_apart_under_one_title_and_link() {
    let [first, second] = two_rounds("status", |round| {
        // The page of a status, and its latest changes: the older ones drop out.
        rss((round..round + 3).map(|n| {
            item(
                "Resolved",
                "https://status.example/incident",
                &format!("change-{n}"),
                Some(9 - n as i64),
            )
        }))
    });
    assert_eq!((first.0.len(), first.1), (3, 3));
    assert_eq!((second.0.len(), second.1), (3, 1), "the fourth change is news: {second:?}");
}

#[test]
fn a_limit_keeps_the_newest_whatever_the_order_of_the_document() {
    // Report 04-limit-oldest-first.
    for (name, order) in [("oldest-first", [5, 4, 3, 2, 1]), ("mixed", [2, 5, 1, 4, 3])] {
        let web = move |_: &Asked| {
            rss(order.map(|n| {
                item(&format!("Story {n}"), &format!("https://a.example/{n}"), "", Some(n))
            }))
        };
        let world = World::new(&format!("limit-{name}"), web);
        let config = world.config(
            "[[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"http://a.test/\"\nlimit = 2",
        );
        assert_eq!(titles(&world.round(&config)), ["Story 1", "Story 2"], "{name}");
    }
}

#[test]
fn of_more_than_a_thousand_items_the_newest_are_kept_in_every_format() {
    // Report 04-limit-oldest-first.
    let age = |n: i64| {
        newsagg::time::Timestamp::from_unix(crate::support::world::BEGIN - 60 * n).unwrap()
    };
    let rss = move |n: i64| format!("<item><title>{n}</title><pubDate>{}</pubDate></item>", age(n));
    let atom =
        move |n: i64| format!("<entry><title>{n}</title><updated>{}</updated></entry>", age(n));
    let json = move |n: i64| {
        format!("{{\"id\":\"i{n}\",\"title\":\"{n}\",\"date_published\":\"{}\"}}", age(n))
    };
    let all = |item: &dyn Fn(i64) -> String, between: &str| {
        (1..=1_500).rev().map(item).collect::<Vec<_>>().join(between)
    };
    for (name, body) in [
        ("rss", format!("<rss version=\"2.0\"><channel>{}</channel></rss>", all(&rss, ""))),
        ("atom", format!("<feed xmlns=\"http://www.w3.org/2005/Atom\">{}</feed>", all(&atom, ""))),
        (
            "jsonfeed",
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{}]}}",
                all(&json, ",")
            ),
        ),
    ] {
        let document =
            newsagg::http::Document { url: None, content_type: None, body: body.as_bytes() };
        let feed = newsagg::format::read(&document).unwrap();
        let kept: Vec<String> = feed.items.iter().map(|item| item.title.to_string()).collect();
        let newest: Vec<String> = (1..=1_000).rev().map(|n| n.to_string()).collect();
        assert!(kept == newest, "{name}: {} items, {:?} first", kept.len(), kept.first());
        assert_eq!((feed.left_out, feed.skipped), (500, 500), "{name}");
    }
}

#[test]
fn the_key_id_says_what_tells_the_items_of_a_feed_apart() {
    let all = [
        ("Owls return to the old mill", "http://a.example/1", "g1"),
        ("A bridge is closed for repairs", "http://a.example/2", "g1"),
        ("Owls return to the old mill", "http://a.example/3", "g3"),
    ];
    // How many stories there are, and how many are new when the first has another title and guid.
    for (id, stories, renamed) in [("auto", 3, 1), ("guid", 2, 1), ("link", 3, 0), ("title", 2, 1)]
    {
        let [first, second] = two_rounds_by(id, &format!("key-{id}"), |round| {
            let mut items = all;
            if round == 1 {
                items[0] = ("A festival of lanterns begins", items[0].1, "g9");
            }
            rss(items.map(|(title, link, guid)| item(title, link, guid, None)))
        });
        assert_eq!((first.1, second.1), (stories, renamed), "{id}: {first:?}, {second:?}");
    }
}

#[test]
fn a_published_story_keeps_its_id_in_every_format_and_no_two_have_the_same() {
    // Reports 01 and 02 of the behaviour: two forums count from 1, and a paper turns out to have had a story of the hub
    // earlier. Then the hub drops it.
    let title = "The bridge at the old harbour is closed for repairs";
    let story = |guid: &str, age| item(title, "http://site.example/bridge", guid, Some(age));
    let other =
        || item("Nothing else has happened in this town", "http://site.example/2", "1", Some(9));
    let web = move |asked: &Asked| match (asked.host(), asked.round) {
        ("hub.test", 0 | 1) => rss([story("1", 1)]),
        ("paper.test", 0) => rss([other()]),
        ("paper.test", _) => rss([other(), story("p1", 4)]),
        _ => rss([]),
    };
    let world = World::new("identity-published", web);
    let mut text = String::new();
    for name in ["feed.json", "feed.atom", "feed.rss", "feed.jsonl", "feed.tsv"] {
        text += &format!("[[output]]\npath = \"{name}\"\n");
    }
    for name in ["hub", "paper"] {
        text += &format!(
            "[[source]]\nname = \"{name}\"\nurl = \"http://{name}.test/\"\nevery = \"10m\"\n"
        );
    }
    let config = world.config(&text);
    let mut before = None;
    for round in 0..3 {
        world.round(&config);
        let feed: serde_json::Value = serde_json::from_str(&world.text("feed.json")).unwrap();
        let items = feed["items"].as_array().unwrap();
        let id = |title: &str| {
            let item = items.iter().find(|item| item["title"] == title).unwrap();
            item["id"].as_str().unwrap().to_owned()
        };
        let ids = (id(title), id("Nothing else has happened in this town"));
        assert!(items.len() == 2 && ids.0 != ids.1, "{round}: {items:?}");
        for name in ["feed.atom", "feed.rss", "feed.jsonl", "feed.tsv"] {
            assert!(world.text(name).contains(&ids.0), "{round}: {name}");
        }
        assert_eq!(*before.get_or_insert_with(|| ids.clone()), ids, "{round}");
        world.wait(HOUR);
        world.clock.reboot();
    }
}
