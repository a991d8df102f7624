//! What people are shown of a source that is not well, in every place where they may look.

use super::*;
use newsagg::failure::Stage;
use std::os::unix::fs::MetadataExt;

/// What befalls a source that had news before (or none), and how it stands then.
fn cases() -> Vec<(&'static str, bool, Reply, State, &'static str)> {
    vec![
        ("stale", true, status(500), State::Stale, "answered with 500"),
        ("failed", false, status(500), State::Failed, "answered with 500"),
        ("missing", true, status(404), State::Stale, "answered with 404"),
        ("limited", true, status(429).with("retry-after", 7_200), State::Limited, "429"),
        ("refused", false, status(429), State::Limited, "429"),
        ("off", true, status(410), State::Off, "gone for good"),
        ("never", false, status(410), State::Off, "gone for good"),
        ("closed", true, fails(Stage::Connect, "refused"), State::Stale, "connect: refused"),
        ("unread", true, page("<html>no feed</html>"), State::Stale, "read: "),
        ("silent", false, fails(Stage::Timeout, "too late"), State::Failed, "timeout: too late"),
    ]
}

/// What was written where nothing happened is the very same file.
fn identity(world: &World<impl Web>) -> (u64, i64, i64, String) {
    let meta = std::fs::metadata(world.dir.join("feed.json")).unwrap();
    (meta.ino(), meta.mtime(), meta.mtime_nsec(), world.text("feed.json"))
}

fn document(world: &World<impl Web>) -> Value {
    serde_json::from_str(&world.text("feed.json")).unwrap()
}

fn titles(document: &Value) -> Vec<&str> {
    let items = document["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap()).collect()
}

#[test]
fn document_report_and_health_agree_on_every_state_and_nothing_is_written_twice() {
    for (name, had_news, reply, state, error) in cases() {
        let (ill, well) = (10 * MINUTE, 20 * DAY);
        let web = move |asked: &Asked| match asked.host() {
            "x.test" if asked.at < well && (!had_news || asked.at >= ill) => reply.clone(),
            host => page(feed([host])),
        };
        let world = World::new(&format!("state-{name}"), web);
        let config = world.config(&subscribe(["x.test", "y.test"], "10m"));
        let healthy = world.round(&config).health;
        assert!(!had_news || healthy.iter().all(|health| health.state == State::Ok), "{name}");
        let mut since = world.clock.wall();
        if !had_news {
            since = healthy[0].since.unwrap();
        }
        world.wait_until(ill);
        if had_news {
            since = world.clock.wall();
        }
        let mut first = None;
        for round in 1..6 {
            let updated = world.round(&config);
            let shown = identity(&world);
            // Written once, and never again while nothing changes.
            let before = first.get_or_insert_with(|| shown.clone());
            assert_eq!(shown, *before, "{name}, round {round}");

            let (health, report) = (&updated.health[0], &updated.report.sources[0]);
            let words = health.error.clone().unwrap();
            assert_eq!((health.state, health.since), (state, Some(since)), "{name} {round}");
            assert!(words.contains(error), "{name}: {words}");
            assert_eq!(report.state, state.name(), "{name} {round}");
            assert_eq!(report.since, Some(since.to_string()), "{name} {round}");
            assert_eq!(report.error.as_ref(), Some(&words), "{name} {round}");
            assert_eq!(report.items, usize::from(had_news), "{name} {round}");
            assert!(report.next_due.is_some(), "{name} {round}");

            let document = document(&world);
            let told = &document["_newsagg"]["sources"][0];
            let expected = serde_json::json!({
                "name": "x.test", "kind": "feed", "state": state.name(),
                "since": since.to_string(), "error": words,
            });
            assert_eq!(*told, expected, "{name} {round}");
            let stories: &[&str] = if had_news { &["x.test", "y.test"] } else { &["y.test"] };
            assert_eq!(titles(&document), stories, "{name} {round}");
            assert_eq!(document["_newsagg"]["sources"][1]["state"], "ok");
            world.wait(10 * MINUTE);
        }
        world.wait(35 * DAY);
        let updated = world.round(&config);
        assert_eq!(updated.health[0].state, State::Ok, "{name}: {:?}", updated.health[0]);
        let told = &document(&world)["_newsagg"]["sources"][0];
        assert_eq!(*told, serde_json::json!({"name": "x.test", "kind": "feed", "state": "ok"}));
        assert_eq!(titles(&document(&world)), ["x.test", "y.test"], "{name}");
        assert_eq!(updated.report.sources[0].since, None, "{name}");
    }
}

#[test]
fn a_source_whose_quota_is_used_up_is_limited_and_keeps_its_news() {
    let world = World::new("used-up", |asked: &Asked| page(feed([asked.host()])));
    let metered = source("x.test", "1m") + "quota = [\"1/1h\"]\n";
    let config = world.config(&(subscribe(["y.test"], "1h") + &metered));
    world.round(&config);
    let mut before = None;
    for round in 0..4 {
        world.wait(10 * MINUTE);
        let updated = world.round(&config);
        let (health, report) = (&updated.health[1], &updated.report.sources[1]);
        assert_eq!((health.state, report.state), (State::Limited, "limited"), "{round}");
        assert!(health.error.as_ref().unwrap().starts_with("quota: "), "{health:?}");
        assert_eq!((report.items, report.requests, report.quota[0].left), (1, 0, 0));
        let shown = identity(&world);
        assert_eq!(*before.get_or_insert_with(|| shown.clone()), shown, "{round}");
    }
    assert_eq!(world.asked_at("x.test").len(), 1);
    world.wait(25 * MINUTE);
    assert_eq!(world.round(&config).health[1].state, State::Ok);
}

#[test]
fn undated_items_keep_their_place_and_a_future_date_is_clamped_once() {
    const FUTURE: &str = "<item><title>soon</title><guid>soon</guid>\
        <pubDate>Sat, 21 Nov 2037 06:00:00 GMT</pubDate></item>";
    let web = |asked: &Asked| {
        let newest = asked.at.as_secs() / 7_200;
        let item = |n| format!("<item><title>{n}</title><guid>u{n}</guid></item>");
        // The newest first, and the order of the others turns with each answer.
        let mut items: Vec<String> = (0..=newest).map(item).collect();
        let turn = asked.round % items.len();
        items.rotate_left(turn);
        let items = items.concat();
        page(format!(
            "<rss version=\"2.0\"><channel><title>t</title>{items}{FUTURE}</channel></rss>"
        ))
    };
    let world = World::new("undated", web);
    let config = world.config(&subscribe(["u.test"], "10m"));
    let (mut before, mut written) = (String::new(), 0);
    for _ in 0..72 {
        let next = world.clock.now() + 10 * MINUTE;
        written += u32::from(world.round(&config).report.outputs[0].written);
        let text = world.text("feed.json");
        let document = document(&world);
        let order = titles(&document);
        if !before.is_empty() {
            let old: Value = serde_json::from_str(&before).unwrap();
            let old = titles(&old);
            let kept: Vec<&str> = order.iter().copied().filter(|id| old.contains(id)).collect();
            assert_eq!(kept, old, "those that were there keep their order");
            assert!(order.ends_with(&old), "what is new comes first: {order:?}");
            assert!(order.len() > old.len() || text == before, "nothing new, and other bytes");
        }
        let soon =
            document["items"].as_array().unwrap().iter().find(|item| item["title"] == "soon");
        let soon = soon.unwrap();
        assert_eq!(soon["_newsagg"]["date_origin"], "clamped");
        assert_eq!(soon["date_published"], "2026-11-22T06:00:00Z");
        before = text;
        world.clock.reboot();
        world.wait_until(next);
    }
    assert_eq!(written, 6, "six times there was something new");
}
