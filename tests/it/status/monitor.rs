//! `status` for monitors: beside a service, beside a round, without keys.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::*;

fn value(view: &View<'_>) -> Value {
    serde_json::from_str(&status::json(view)).unwrap()
}

#[test]
fn a_round_that_is_too_old_or_never_was_is_told_first() {
    let world = World::new("overdue");
    let config = world.config(WELL);
    let told = |max_age: Option<u64>| {
        let stored = stored(&config, &world.clock);
        let mut view = view(&world, &config, &stored);
        view.max_age = max_age.map(Duration::from_secs);
        let text = status::text(&view, Style::default());
        let line = text.lines().find(|line| line.contains("overdue"));
        assert!(line.is_none_or(|line| text.starts_with(line)), "{text}");
        (line.map(str::to_owned), value(&view)["overdue"].clone())
    };
    let says = |line: &str| (Some(line.to_owned()), Value::Bool(true));
    assert_eq!(told(None), (None, Value::Null));
    assert_eq!(told(Some(HOUR)), says("overdue: there was no round yet, and 1h are allowed"));
    world.run(&["status", "--max-age", "1h"]).ended(1);
    world.round(&config, Wishes::default());
    world.wait(HOUR);
    assert_eq!(told(Some(HOUR)), (None, Value::Bool(false)));
    world.wait(1);
    let late = "overdue: the last round was 60 min ago, and 1h are allowed";
    assert_eq!(told(Some(HOUR)), says(late));
    // A machine whose clock went back while it was off does not know.
    let early = Clock::simulated(Timestamp::from_unix(START - 60).unwrap());
    early.reboot();
    let stored = stored(&config, &early);
    let mut view = View::new(&config, &stored, &early, true);
    view.max_age = Some(Duration::from_secs(HOUR));
    assert!(view.overdue().is_some_and(|line| line.contains("no round yet")));
}

#[test]
fn the_exit_code_tells_that_a_round_is_too_old() {
    let world = World::new("overdue-code");
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    world.run(&["status"]).ended(0);
    // The machine's clock is anywhere but in the second of that round.
    let said = world.run(&["status", "--max-age", "1s"]).ended(1);
    assert!(said.out.starts_with("overdue: ") && said.err.is_empty(), "{}", said.out);
    let said = world.run(&["status", "--max-age=1s", "--json"]).ended(1);
    assert!(said.out.contains("\"overdue\": true"), "{}", said.out);
    world.run(&["status", "--max-age", "soon"]).ended(2).says("must be a duration");
}

#[test]
fn a_service_is_shown_as_long_as_it_runs() {
    let world = World::new("service");
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    assert!(!world.run(&["status"]).ended(0).out.contains("service"));
    let service = Lock::service(&world.dir.join("state")).unwrap();
    let said = world.run(&["status"]).ended(0);
    assert!(said.out.contains("\nservice     running"), "{}", said.out);
    let stored = stored(&config, &world.clock);
    let told = value(&view(&world, &config, &stored))["service"].clone();
    // Where the kernel does not say who, at least that.
    let pid = &told["pid"];
    assert!(told.is_object() && (pid.is_null() || *pid == std::process::id()), "{told}");
    drop(service);
    assert_eq!(value(&view(&world, &config, &stored))["service"], Value::Null);
}

#[test]
fn a_key_that_is_missing_is_a_warning_and_keeps_nobody_from_looking() {
    let world = World::new("keyless");
    let text = format!(
        "{WELL}[[source]]\nname = \"paid\"\nkind = \"newsapi\"\ncountry = \"us\"\n\
         key = {{ env = \"NO_SUCH_KEY\" }}\nquota = [\"100/24h\"]\n"
    );
    let path = world.dir.join("newsagg.toml");
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    fs::write(&path, format!("{text}[state]\ndir = \"state\"\n")).unwrap();
    let said = world.run(&["status"]).ended(1).says("warning: `key` in [[source]] \"paid\": ");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(said.out.contains("\nwell    ok "), "{}", said.out);
    // Nobody knows what is left of a quota that is counted under a digest of the key.
    assert!(said.out.contains("\npaid    new ") && !said.out.contains("100"), "{}", said.out);
    let said = world.run(&["status", "well"]).ended(0);
    assert!(said.err.is_empty(), "{}", said.err);
    world.run(&["once"]).ended(1).says("NO_SUCH_KEY is not set");
    // Any other mistake is still one.
    fs::write(&path, format!("{text}countri = \"us\"\n")).unwrap();
    world.run(&["status"]).ended(2).says("did you mean `country`?");
}

#[test]
fn a_state_that_is_written_meanwhile_is_read_as_it_was_or_as_it_is() {
    const ROUNDS: usize = 200;
    let server: Server =
        |_, hours| (200, vec![], feed(40).replace("Story", &format!("Story {hours}")), 1);
    let world = World { server, ..World::new("meanwhile") };
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    let journal = world.dir.join("state/sources");
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&journal).unwrap());
    let over = AtomicBool::new(false);
    let look = || {
        let clock = Clock::simulated(Timestamp::from_unix(START).unwrap());
        let mut polls = 0;
        loop {
            let last = over.load(Ordering::Relaxed);
            let stored = stored(&config, &clock);
            assert_eq!(stored.unreadable, None);
            let known = stored.memory.of("well").unwrap();
            // Of damage all documents would be forgotten.
            assert_eq!((known.documents.len(), known.items.len()), (1, 40));
            assert!(known.totals.polls >= polls, "{} after {polls}", known.totals.polls);
            polls = known.totals.polls;
            if last {
                return polls;
            }
        }
    };
    let polls = std::thread::scope(|scope| {
        let looking = scope.spawn(look);
        let (mut rewritten, mut before) = (0, inode());
        for _ in 1..ROUNDS {
            world.wait(HOUR);
            world.round(&config, Wishes::default());
            rewritten += u32::from(inode() != before);
            before = inode();
        }
        assert!(rewritten > 1, "the journal was never written anew");
        over.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert_eq!(polls, ROUNDS as u64);
}

fn events(_: &wire::Request, _: u64) -> Answer {
    (200, vec![("content-type", "text/event-stream")], "data: News\n\n".into(), 10)
}

#[test]
fn a_stream_is_due_for_a_round_and_live_while_a_service_listens() {
    let world = World { server: events, ..World::new("stream") };
    let config = world.config(
        "[[source]]\nname = \"wire\"\nkind = \"stream\"\nurl = \"https://wire.test/events\"\n",
    );
    world.round(&config, Wishes::default());
    let stored = stored(&config, &world.clock);
    let told = || status::text(&view(&world, &config, &stored), Style::default());
    let alone = told();
    assert!(alone.contains("\nwire    ok ") && alone.contains("  in 30 min "), "{alone}");
    assert!(!alone.contains("p50"), "how long it was listened to is no latency: {alone}");
    let _service = Lock::service(&world.dir.join("state")).unwrap();
    let served = told();
    assert!(served.contains("  live ") && !served.contains("in 30 min"), "{served}");
}
