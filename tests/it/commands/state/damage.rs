//! Files of the state that are damaged, of another kind, or of a later version.

use std::fs;

use newsagg::state::item_of;
use newsagg::update::{Updated, Wishes};

use super::*;
use crate::support::world::{self, Asked, Luck, Reply, World, page, status};

/// What was kept of a damaged file.
fn asides(dir: &Path, name: &str) -> usize {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let start = format!("{name}.damaged-");
    entries.filter(|name| name.to_str().unwrap().starts_with(&start)).count()
}

/// The checksum of a ledger is over what follows its comma.
fn sealed(body: &str) -> String {
    format!("{{\"crc32\":\"{:08x}\",{body}", crc32fast::hash(body.as_bytes()))
}

#[test]
fn what_is_no_file_is_named_not_followed_not_waited_for_and_left_where_it_is() {
    let house = House::new("state-kinds");
    house.is_well();
    let quotas = |what: &str| {
        vec![format!("reading ~/state/newsagg/quotas: {what}; {SPARED}"), USED_UP.into()]
    };
    let sources = |what: &str| {
        let nobody = "free, paid: never asked yet, and what is remembered cannot be read";
        let why = format!("reading ~/state/newsagg/sources: {what}; nothing is written");
        vec![nobody.to_owned(), why]
    };
    let (fifo, directory, link) = ("it is no file", "it is a directory", "it is a symbolic link");
    fs::write(house.home.path("victim"), "somebody's own").unwrap();
    let victim = house.home.path("victim");
    let lock = |what: &str| {
        let why = format!("locking the state directory ~/state/newsagg: {what} {REMEDY}");
        vec![format!("{why}; {SPARED}"), UNSPENT.into()]
    };
    for (name, make, told) in [
        ("quotas", "mkfifo", quotas(fifo)),
        ("quotas", "mkdir", quotas(directory)),
        ("quotas", "ln -s $PWD/victim", quotas(link)),
        ("sources", "mkfifo", sources(fifo)),
        ("sources", "mkdir", sources(directory)),
        ("sources", "ln -s $PWD/victim", sources(link)),
        ("lock", "mkfifo", lock(fifo)),
        ("lock", "mkdir", lock(directory)),
        ("lock", "ln -s $PWD/victim", lock(link)),
        ("lock", "ln -s $PWD/nobody", lock(link)),
    ] {
        let asked = house.asked();
        let line = format!(
            "mv $S/newsagg/{name} . && {make} $S/newsagg/{name} &&
             timeout 20 $N once -c x.toml --force; code=$?
             rm -r $S/newsagg/{name} && mv {name} $S/newsagg && exit $code"
        );
        // Documents made without what is remembered would lose it.
        let nothing = name == "sources";
        let said = house.sh(&line).ended(i32::from(nothing));
        assert_eq!(house.told(&said), told, "{make} {name}");
        let more = usize::from(!nothing);
        assert_eq!(house.asked(), [asked[0] + more, asked[1]], "{make} {name}");
        assert_eq!(fs::read(&victim).unwrap(), b"somebody's own", "{make} {name}");
        assert_eq!(house.home.names(), ["victim", "x.toml"], "{make} {name}");
    }
    house.is_well();
}

#[test]
fn an_empty_a_huge_and_a_later_ledger_are_used_up_and_only_the_last_stays() {
    let later = sealed("\"version\":9,\"what\":[\"nobody knows\"]}\n");
    let damaged = |why: &str| (format!("~/state/newsagg/quotas: damaged ({why}), kept as "), 1);
    let newer = "~/state/newsagg/quotas: of a newer newsagg (format 9)";
    for (name, bytes, length, (sentence, kept)) in [
        ("empty", "", 0, damaged("EOF while parsing a value at line 1 column 0")),
        ("huge", "", (16 << 20) + 1, damaged("larger than 16 MiB")),
        ("later", &*later, later.len() as u64, (format!("{newer}; {SPARED}"), 0)),
        ("otherwise", "{\"version\":9}", 13, (format!("{newer}; {SPARED}"), 0)),
    ] {
        let house = House::new(&format!("quotas-{name}"));
        house.is_well();
        let path = house.state("quotas");
        fs::write(&path, bytes).unwrap();
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        let said = house.once(&[]).ended(0);
        let told = house.told(&said);
        assert!(told[0].starts_with(&sentence), "{name}: {told:#?}");
        assert!(kept == 0 || told[0].ends_with("Z; quotas count as used up"), "{told:#?}");
        assert_eq!(told[1..], [USED_UP], "{name}");
        // What was stored of `paid` is shown.
        assert_eq!((said.out.lines().count(), house.asked()), (STORIES, [2, 1]), "{name}");
        let again = house.once(&[]).ended(0);
        let told = house.told(&again);
        assert_eq!(told.len(), 2 - kept, "{name}: once is enough: {told:#?}");
        assert_eq!(house.asked(), [3, 1], "{name}");
        assert_eq!(asides(&house.state(""), "quotas"), kept, "{name}");
        assert_eq!(fs::read(&path).unwrap() == bytes.as_bytes(), kept == 0, "{name}");
    }
}

#[test]
fn the_memory_of_a_later_version_is_neither_used_nor_overwritten() {
    let house = House::new("sources-later");
    house.is_well();
    let path = house.state("sources");
    let ours = fs::read(&path).unwrap();
    let later = [b"newsagg state 9\n", &ours[16..]].concat();
    fs::write(&path, &later).unwrap();
    let said = house.once(&[]).ended(0);
    let sentence = format!("~/state/newsagg/sources: of a newer newsagg (format 9); {SPARED}");
    assert_eq!(house.told(&said), [&sentence, UNSPENT]);
    assert_eq!((said.out.lines().count(), house.asked()), (3, [2, 1]));
    assert_eq!(fs::read(&path).unwrap(), later);
    assert_eq!(asides(&house.state(""), "sources"), 0);
    fs::write(&path, &ours).unwrap();
    house.is_well();
}

#[test]
fn the_memory_of_the_first_version_is_read_and_written_in_this_one() {
    let home = Home::new("sources-first");
    let nowhere = |name| (name, "http://127.0.0.1:1/".to_owned(), "");
    home.put("x.toml", &config("", &["a", "b", "moved"].map(nowhere)));
    let path = home.0.join("state/newsagg/sources");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let first = include_bytes!("../../../fixtures/state/sources.1");
    fs::write(&path, first).unwrap();
    let stored = |more: &[&str]| {
        let words = [&["once", "-c", "x.toml", "--offline", "-f", "tsv"], more].concat();
        let said = home.run(&words);
        let titles: Vec<String> =
            said.out.lines().map(|line| line.split('\t').nth(1).unwrap().into()).collect();
        titles.join(", ")
    };
    let all = "Linkless, No date, no guid, Story number 2 é, Story number 3 é, Story number 4 é, \
               Story number 5 é";
    assert_eq!(stored(&[]), all);
    assert!(fs::read(&path).unwrap() == first, "nothing was written");
    // The first round printed stories 1 to 4, and the second all others.
    assert_eq!(stored(&["--new"]), "");
    home.run(&["once", "-c", "x.toml", "--force"]);
    assert!(fs::read(&path).unwrap().starts_with(b"newsagg state 2\n"));
    assert_eq!((stored(&[]), stored(&["--new"])), (all.into(), String::new()));
    let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(names, 3, "lock, quotas, sources");
}

#[test]
fn an_empty_memory_is_a_new_one_and_an_item_that_cannot_be_read_costs_only_itself() {
    let house = House::new("sources-empty");
    house.is_well();
    let path = house.state("sources");
    fs::write(&path, "").unwrap();
    house.is_well();
    let mut records: Vec<Vec<u8>> = Vec::new();
    Journal::read(&path, &mut |_, record| records.push(record.to_vec())).unwrap();
    let item = records.iter_mut().find(|record| item_of(record).is_some()).unwrap();
    item.truncate(item.len() - 5);
    let add = &mut |frames: &mut Frames<'_>| {
        records.iter().try_for_each(|record| frames.add(record).map(drop))
    };
    Journal::rewrite(&path, add).unwrap();
    let said = house.home.run(&["once", "-c", "x.toml", "--offline"]).ended(0);
    assert_eq!(house.told(&said), ["free, paid: --offline asks nobody"]);
    assert_eq!(said.out.lines().count(), STORIES - 1, "{}", said.out);
    house.once(&[]).ended(0);
    fs::write(&path, "").unwrap();
    house.is_well();
}

#[test]
fn of_a_damaged_file_one_sentence_is_told_and_a_few_are_kept() {
    let house = House::new("state-damaged");
    house.is_well();
    let good = ["sources", "quotas"].map(|name| fs::read(house.state(name)).unwrap());
    let mut luck = Luck::new(7);
    for case in 0..20 {
        let (index, name) = [(0, "sources"), (1, "quotas")][case % 2];
        let mut bytes = good[index].clone();
        // The first line of `sources` may become that of a later version.
        let mut at = 16 + luck.below(bytes.len() as u64 - 17) as usize;
        if case % 4 == 0 {
            // Of the last record, whose length depends on how long answers took, a damaged head may
            // look like one that a kill left unfinished: that is the other case.
            let last = bytes.iter().rposition(|byte| *byte == 0xff).unwrap();
            at = at.min(last - 1);
        }
        match case % 4 {
            0 | 1 => bytes[at] ^= 1 << luck.below(8),
            _ => bytes.truncate(at),
        }
        for (name, bytes) in ["sources", "quotas"].iter().zip(&good) {
            fs::write(house.state(name), bytes).unwrap();
        }
        fs::write(house.state(name), &bytes).unwrap();
        let before = house.asked();
        let said = house.once(&[]).ended(0);
        let told = house.told(&said);
        let context = format!("case {case}, {name} at {at}: {told:#?}");
        assert_eq!(said.out.lines().count(), STORIES, "{context}");
        let spent = house.asked()[1] - before[1];
        if name == "quotas" {
            assert!(told[0].starts_with("~/state/newsagg/quotas: damaged ("), "{context}");
            assert!(told[0].ends_with("; quotas count as used up"), "{context}");
            assert_eq!((told.len(), told[1].as_str(), spent), (2, USED_UP, 0), "{context}");
        } else {
            let words = " bytes are damaged, kept as ~/state/newsagg/sources.damaged-2";
            assert!(told.iter().all(|line| line.contains(words)), "{context}");
            // A file that ends too early is what a kill leaves, and not worth a word.
            assert_eq!((told.len(), spent), (usize::from(case % 4 == 0), 1), "{context}");
        }
    }
    for name in ["sources", "quotas"] {
        let kept = asides(&house.state(""), name);
        assert_eq!(kept, newsagg::store::MAX_ASIDES, "{name}");
    }
}

/// Two sources that know what they said; `paid` has a quota.
fn two(asked: &Asked) -> Reply {
    let [mut stories, etag] = match asked.host() {
        "free.test" => [vec!["alpha", "beta"], vec!["\"free\""]],
        _ => [vec!["gamma"], vec!["\"paid\""]],
    };
    if asked.field("if-none-match") == Some(etag[0]) {
        return status(304);
    }
    stories.push("shared");
    page(world::feed(stories)).with("etag", etag[0])
}

const TWO: &str = "[[source]]\nname = \"free\"\nkind = \"feed\"\nurl = \"https://free.test/\"\n\
    [[source]]\nname = \"paid\"\nkind = \"feed\"\nurl = \"https://paid.test/\"\n\
    quota = [\"9/24h\"]";

/// Every byte cut off at, and one bit flipped in each: the units' tests flip them all.
fn damaged(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..good.len()).map(|at| good[..at].to_vec());
    let mut luck = Luck::new(1);
    let flipped = (0..good.len()).map(move |at| {
        let mut bytes = good.to_vec();
        bytes[at] ^= 1 << luck.below(8);
        bytes
    });
    cut.chain(flipped)
}

fn shown(updated: &Updated) -> Vec<&str> {
    let mut titles: Vec<&str> = updated.newest.iter().map(|story| &*story.item.title).collect();
    titles.sort_unstable();
    titles
}

#[test]
fn whatever_is_damaged_no_item_is_wrong_and_no_quota_spent_twice() {
    let world = World::new("damage", two);
    let config = world.config(TWO);
    let force = Wishes { force: true, ..Wishes::default() };
    let all = ["alpha", "beta", "gamma", "shared"];
    assert_eq!(shown(&world.round(&config)), all);
    let state = world.dir.join("state");
    let good = ["sources", "quotas"].map(|name| fs::read(state.join(name)).unwrap());
    for (index, name) in ["sources", "quotas"].into_iter().enumerate() {
        for (case, bytes) in damaged(&good[index]).enumerate() {
            fs::remove_dir_all(&state).unwrap();
            fs::create_dir(&state).unwrap();
            for (name, good) in ["sources", "quotas"].iter().zip(&good) {
                fs::write(state.join(name), good).unwrap();
            }
            fs::write(state.join(name), &bytes).unwrap();
            world.take_asked();
            let updated = world.round_with(&config, force);
            let asked = world.take_asked();
            let spent = asked.iter().filter(|asked| asked.host() == "paid.test").count();
            let context = format!("{name}, case {case} of {} bytes", good[index].len());
            let later = name == "sources"
                && bytes.get(..16).is_some_and(|head| {
                    head.starts_with(b"newsagg state ")
                        && head[14] > b'2'
                        && head[14].is_ascii_digit()
                        && head[15] == b'\n'
                });
            match (name, later) {
                ("quotas", _) => {
                    assert_eq!((shown(&updated), spent), (all.to_vec(), 0), "{context}");
                    assert_eq!(asides(&state, name), 1, "{context}");
                }
                (_, true) => {
                    assert_eq!(shown(&updated), ["alpha", "beta", "shared"], "{context}");
                    assert_eq!((spent, fs::read(state.join(name)).unwrap()), (0, bytes));
                }
                (_, false) => {
                    assert_eq!((shown(&updated), spent), (all.to_vec(), 1), "{context}");
                    assert!(asides(&state, name) <= 1, "{context}");
                }
            }
            // The next round finds a state that is whole, and keeps no more of the old one.
            if case % 16 == 0 && !later {
                let before = ["sources", "quotas"].map(|name| asides(&state, name));
                let next = world.round_with(&config, force);
                assert_eq!(shown(&next), all, "{context}");
                let after = ["sources", "quotas"].map(|name| asides(&state, name));
                assert_eq!(before, after, "{context}");
                let spent = world.take_asked().iter().filter(|a| a.host() == "paid.test").count();
                assert_eq!(spent, usize::from(name == "sources"), "{context}");
            }
        }
    }
}
