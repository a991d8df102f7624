//! Others who use the same state, and machines with little to spare.

use std::sync::mpsc::channel;
use std::thread;

use newsagg::store::Lock;
use newsagg::update::Wishes;

use super::*;
use crate::support::server::PATIENCE;
use crate::support::world::{self, Asked, Reply, SECOND, World, page};

/// So long a round waits for another, in seconds.
const WAITS: u32 = 3;

#[test]
fn who_comes_second_answers_from_what_is_stored_and_says_who_holds_it() {
    let house = House::new("second");
    let (asked, heard) = channel();
    let silent = Server::start(move |mut connection| {
        connection.request();
        asked.send(()).ok();
        connection.hang();
    });
    let never = ("never", silent.url("/").to_string(), "");
    let head = "[fetch]\ntimeout = \"1m\"\ndeadline = \"1m\"";
    house.home.put("never.toml", &config(head, &[never]));
    house.is_well();
    let mut holder = house.home.program(&["once", "-c", "never.toml"]);
    let mut holder = holder.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    heard.recv_timeout(PATIENCE).unwrap();
    let by = format!("the state directory is in use by newsagg once (process {})", holder.id());
    let run = |words: &[&str]| house.home.run(&[&["once", "-c"], words].concat());
    thread::scope(|scope| {
        let stored = scope.spawn(|| run(&["x.toml", "--force"]));
        let young = scope.spawn(|| run(&["x.toml", "--max-age", "1h"]));
        let nothing = scope.spawn(|| run(&["never.toml", "-o", "f.json"]));
        let offline = run(&["x.toml", "--offline"]).ended(0);
        assert_eq!(house.told(&offline), ["free, paid: --offline asks nobody"]);
        assert_eq!(offline.out.lines().count(), STORIES);
        let stored = stored.join().unwrap().ended(0);
        assert_eq!(house.told(&stored), [format!("free, paid: {by}")]);
        assert_eq!(stored.out.lines().count(), STORIES);
        let young = young.join().unwrap().ended(0);
        assert_eq!(house.told(&young), ["free, paid: asked less than 1h ago"]);
        assert_eq!(young.out.lines().count(), STORIES);
        let nothing = nothing.join().unwrap().ended(1);
        assert_eq!(house.told(&nothing), [format!("never: never asked yet, and {by}")]);
    });
    assert_eq!(house.asked(), [1, 1]);
    // As by kill -9.
    holder.kill().unwrap();
    holder.wait().unwrap();
    house.is_well();
}

fn three(asked: &Asked) -> Reply {
    page(world::feed([asked.host(), "second", "third"]))
}

#[test]
fn a_round_waits_so_long_for_another_and_no_longer() {
    let world = World::new("patience", three);
    let config =
        world.config("[[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"http://a.test/\"");
    let force = Wishes { force: true, ..Wishes::default() };
    let empty = || {
        std::fs::create_dir_all(world.dir.join("state")).unwrap();
        Lock::take(&world.dir.join("state"), std::time::Duration::ZERO).unwrap()
    };
    let lock = empty();
    let begun = world.clock.now();
    let updated = world.round_with(&config, force);
    assert_eq!((updated.newest.len(), world.take_asked().len()), (0, 0));
    assert_eq!(world.clock.now() - begun, WAITS * SECOND);
    drop(lock);
    assert_eq!(world.round_with(&config, force).newest.len(), 3);
    let lock = empty();
    world.take_asked();
    let updated = world.round_with(&config, force);
    assert_eq!((updated.newest.len(), world.take_asked().len()), (3, 0));
    let offline = Wishes { offline: true, ..force };
    let begun = world.clock.now();
    assert_eq!(world.round_with(&config, offline).newest.len(), 3);
    assert_eq!(world.clock.now(), begun, "who asks nobody need not wait");
    drop(lock);
}

#[test]
fn twenty_at_the_same_time_tear_nothing_and_keep_the_quota() {
    let house = House::new("twenty");
    house.is_well();
    let file = house.home.path("f.json");
    house.once(&["-o", "f.json"]).ended(0);
    let spawn = |n: usize| {
        let output = ["-", "f.json"][n % 2];
        let words = ["once", "-c", "x.toml", "--force", "-f", "jsonfeed", "-o", output];
        let mut command = house.home.program(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..20).map(spawn).collect();
    for (n, child) in all.into_iter().enumerate() {
        let said = said(child.wait_with_output().unwrap()).ended(0);
        let text = if n % 2 == 0 { said.out.clone() } else { house.home.text("f.json") };
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(titles(&document).len(), STORIES, "{n}");
        let known = |line: &String| {
            line == USED_UP || line.starts_with("free, paid: the state directory is in use by ")
        };
        let told = house.told(&said);
        assert!(told.len() <= 1 && told.iter().all(known), "{n}: {told:#?}");
    }
    assert!(file.exists() && house.asked()[1] <= 9, "{:?}", house.asked());
    let state: Vec<_> = std::fs::read_dir(house.state("")).unwrap().collect();
    assert_eq!(state.len(), 3, "{state:?}");
    assert_eq!(house.home.names(), ["f.json", "x.toml"]);
}

#[test]
fn little_of_everything_is_enough_for_a_state_of_5_000_items_and_50_sources() {
    let home = Home::new("little");
    let site = Server::web(|path| {
        let titles: Vec<String> = (0..100).map(|n| format!("story-{n}-of{}", &path[1..])).collect();
        ok(&feed(&titles.iter().map(String::as_str).collect::<Vec<_>>()))
    });
    let urls: Vec<String> = (0..50).map(|n| site.url(&format!("/{n}")).to_string()).collect();
    let feeds = urls.iter().map(|url| (url.rsplit('/').next().unwrap(), url.clone(), ""));
    home.put("x.toml", &config("", &feeds.collect::<Vec<_>>()));
    let first = home.run(&["once", "-c", "x.toml", "--strict"]).ended(0);
    assert_eq!(first.out.lines().count(), 5_000);
    // 32 MiB of memory that is written to, and 64 of addresses: code, stacks and reserves included.
    for limit in ["-n 16", "-d 32768", "-v 65536"] {
        let line = format!("ulimit {limit}; exec \"$0\" once -c x.toml --strict --force");
        let mut command = home.program(&[]);
        let environment: Vec<_> =
            command.get_envs().map(|(k, v)| (k.to_owned(), v.unwrap().to_owned())).collect();
        command = Command::new("/bin/sh");
        command.args(["-c", &line, crate::support::program()]).current_dir(home.path(""));
        let said = said(command.env_clear().envs(environment).output().unwrap());
        assert_eq!((said.code, said.out == first.out), (Some(0), true), "{limit}: {}", said.err);
    }
}

#[test]
fn what_nobody_could_read_does_not_count_as_printed() {
    let house = House::new("unread");
    let new = "once --new";
    for (place, code) in [(">/dev/full", 1), (">/dev/full 2>&1", 1), (">&-", 0), (">&- 2>&-", 0)] {
        let said = house.sh(&format!("{new} {place}")).ended(code);
        assert_eq!(said.out, "", "{place}");
    }
    assert_eq!(house.sh(new).ended(0).out.lines().count(), STORIES);
    for place in ["2>&-", "<&-", "2>/dev/full", "<&- 2>&-"] {
        let said = house.sh(&format!("rm -r $S; {new} {place}")).ended(0);
        assert_eq!(said.out.lines().count(), STORIES, "{place}");
        let said = house.sh(&format!("{new} {place}")).ended(0);
        assert_eq!(said.out, "", "{place}");
    }
}

#[test]
fn checking_online_spends_of_the_quota() {
    let house = House::new("check-spends");
    let check = |code| house.home.run(&["check", "--online", "-c", "x.toml"]).ended(code);
    for _ in 0..9 {
        check(0);
    }
    assert_eq!(house.asked(), [9, 9]);
    let last = check(0);
    assert!(
        last.out.contains("failed: quota: its limits allow nothing more for now"),
        "{}",
        last.out
    );
    let said = house.once(&[]).ended(0);
    assert_eq!((house.told(&said), house.asked()), (vec![USED_UP.to_owned()], [11, 9]));
}
