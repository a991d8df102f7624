use super::*;
use crate::backoff::scramble;
use crate::http::Validators;

const KEEP: Duration = Duration::from_secs(1000);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

/// A shelf and a journal in one: places count bytes in both.
#[derive(Default)]
struct Desk {
    shelf: Vec<Vec<u8>>,
    journal: Vec<Vec<u8>>,
}

impl Desk {
    /// An item as a round brings it.
    fn item(&mut self, id: u64, root: u32, text: &str, now: i64) -> Kept {
        self.shelf.push(text.into());
        Kept {
            head: ItemHead { id, story: 0, root, first_seen: now, printed: false },
            place: self.shelf.len() as u64 - 1,
            length: text.len() as u32,
            content: content(text.as_bytes()),
            gone: SHOWN,
            unsaved: true,
        }
    }

    fn packed(&self, kept: &Kept, into: &mut Vec<u8>) -> io::Result<()> {
        match kept.unsaved {
            true => into.extend_from_slice(&self.shelf[kept.place as usize]),
            false => into.extend_from_slice(item_of(&self.journal[kept.place as usize]).unwrap().1),
        }
        Ok(())
    }

    fn save(&mut self, memory: &mut Memory) {
        let mut new = Vec::new();
        let packed = &mut |kept: &Kept, into: &mut Vec<u8>| self.packed(kept, into);
        memory
            .save(packed, &mut |record: &[u8]| {
                new.push(record.to_vec());
                Ok(())
            })
            .unwrap();
        self.journal.extend(new);
    }

    fn rewrite(&mut self, memory: &Memory) {
        let mut new = Vec::new();
        let packed = &mut |kept: &Kept, into: &mut Vec<u8>| self.packed(kept, into);
        memory
            .rewrite(packed, &mut |record: &[u8]| {
                new.push(record.to_vec());
                Ok(())
            })
            .unwrap();
        self.journal = new;
    }

    fn load(&self) -> Memory {
        let mut memory = Memory::default();
        for (place, record) in (0..).zip(&self.journal) {
            assert!(memory.learn((place, record.len() as u32), record), "{record:?}");
        }
        memory.settle();
        memory
    }
}

/// Everything that counts, in words, whatever it is numbered.
fn told(memory: &Memory, desk: &Desk) -> Vec<String> {
    let known = memory.sources().iter().filter(|known| !known.is_blank());
    let mut told: Vec<String> = known
        .map(|known| {
            let item = |kept: &Kept| {
                let mut packed = Vec::new();
                desk.packed(kept, &mut packed).unwrap();
                (kept.head, kept.gone, String::from_utf8(packed).unwrap())
            };
            let items: Vec<_> = known.items.iter().map(item).collect();
            let mut documents = known.documents.clone();
            documents.sort_by_key(|document| document.key);
            let Known { name, totals, illness, pace, moved, .. } = known;
            format!("{name} {totals:?} {illness:?} {pace:?} {moved:?} {documents:?} {items:?}")
        })
        .collect();
    told.sort();
    told
}

/// All times that are remembered, one by one.
fn times(memory: &Memory) -> Vec<String> {
    let times = |known: &Known| {
        let Known { name, totals, illness, moved, .. } = known;
        let mut times = vec![format!("{name} {totals:?} {illness:?} {moved:?}")];
        for Kept { head, gone, .. } in &known.items {
            times.push(format!("{name} {}: {} to {gone}", head.id, head.first_seen));
        }
        times
    };
    memory.sources().iter().flat_map(times).collect()
}

fn document(key: u64, text: &str) -> Document {
    let etag = Some(format!("\"{text}\"")).filter(|_| !text.is_empty());
    let validators = Validators { etag, last_modified: None };
    Document { key, asked: key + 1, from: 3, validators, digest: Some(7) }
}

fn ill(state: State, since: i64, error: &str) -> Illness {
    Illness { state, since, status: None, error: error.into() }
}

#[test]
fn what_a_journal_tells_is_what_was_remembered() {
    for seed in 0..200_u64 {
        let mut luck = seed;
        let mut next = |n: u64| {
            luck = scramble(luck);
            luck % n
        };
        let (mut desk, mut memory) = (Desk::default(), Memory::default());
        let (mut began, mut boot) = (FIRST_NOTE, 1);
        for round in 1..=next(12) as i64 + 1 {
            match next(8) {
                0 => began += [-3_600, 3_600, -FIRST_NOTE, FIRST_NOTE][next(4) as usize],
                1 => boot += 1,
                _ => {}
            }
            began = began.clamp(0, 3 * FIRST_NOTE);
            let now = at(began + round * 600);
            memory.arrive(&moment(now.unix(), boot, round as u64 * 600));
            let mut polls = Vec::new();
            for name in ["one", "two", "three"].iter().take(1 + next(3) as usize) {
                let source = memory.meet(name);
                for root in 0..1 + next(2) {
                    let count = next(12);
                    let first = next(6);
                    let items: Vec<Kept> = (first..first + count)
                        .map(|n| {
                            let text = format!("{n} {}", if next(9) == 0 { round } else { 0 });
                            desk.item(n + root * 100, root_of(root << 32), &text, now.unix())
                        })
                        .collect();
                    memory.show(source, root_of(root << 32), &items, true, now);
                    memory.hold(source, document(root << 32, &format!("{}", next(3))));
                }
                let illness = (next(3) == 0).then(|| ill(State::Failed, now.unix(), "tls: no"));
                memory.ill(source, illness);
                memory.moved(source, (next(4) == 0).then_some("https://b.test/"), now);
                memory.printed(source, (0..next(20)).collect());
                let every = Some(Duration::from_secs(next(3) * 60));
                memory.pace(source, Pace { every, ..Pace::default() });
                polls.push(Poll {
                    source,
                    ms: next(900) as u32,
                    held: next(2) == 0,
                    requests: next(40) as u32,
                    early: next(2) == 0,
                    pressed: next(2) == 0,
                    wait: (next(2) == 0).then(|| next(9_000) as u32),
                    ..Poll::default()
                });
            }
            memory.polls(now, polls);
            memory.forget(KEEP, now, &|_| true);
            desk.save(&mut memory);
            assert!(!memory.changed(), "seed {seed}");
            let mut loaded = desk.load();
            // What was forgotten lies in the journal until that is written anew.
            loaded.forget(KEEP, now, &|_| true);
            memory.forget(KEEP, now, &|_| true);
            // A clock that is behind does not forget again what was forgotten.
            let read = times(&loaded);
            let missed = times(&memory).into_iter().find(|time| !read.contains(time));
            assert_eq!(missed, None, "seed {seed}");
            let before = told(&loaded, &desk);
            if next(3) == 0 {
                desk.rewrite(&loaded);
                assert_eq!(told(&desk.load(), &desk), before, "seed {seed}, written anew");
            }
            memory = desk.load();
            memory.forget(KEEP, now, &|_| true);
        }
    }
}

#[test]
fn a_round_that_was_saved_is_what_the_next_one_loads() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    let items = [desk.item(1, 0, "one", 10), desk.item(2, 0, "two", 10)];
    assert_eq!(memory.show(source, 0, &items, true, at(10)), 2);
    memory.hold(source, document(5, "v1"));
    memory.polls(at(10), vec![Poll { source, ms: 12, ..Poll::default() }]);
    desk.save(&mut memory);
    let mut again = desk.load();
    let known = again.of("a").unwrap();
    assert_eq!(known.shown().count(), 2);
    assert_eq!(known.document(5), Some(&document(5, "v1")));
    assert_eq!((known.asked(), known.totals.latencies.as_slice()), (Some(at(10)), &[12][..]));
    assert_eq!(again.last_round(), Some(at(10)));
    // The same again is nothing to write, whatever time it is.
    let items = [desk.item(1, 0, "one", 20), desk.item(2, 0, "two", 20)];
    assert_eq!(again.show(source, 0, &items, true, at(20)), 0);
    again.hold(source, document(5, "v1"));
    again.pace(source, Pace::default());
    again.ill(source, None);
    again.moved(source, None, at(20));
    assert!(!again.changed());
    assert_eq!(again.first_seen(source, 1, at(20)), at(10));
    assert_eq!(again.first_seen(source, 9, at(20)), at(20));
    assert_eq!(again.first_seen(source, 1, at(5)), at(5), "a time from the future counts as now");
}

#[test]
fn what_a_source_drops_is_kept_for_a_while_and_comes_back_as_it_was() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    let items = [desk.item(1, 0, "one", 0), desk.item(2, 0, "two", 0)];
    memory.show(source, 0, &items, true, at(0));
    memory.printed(source, vec![2]);
    memory.show(source, 0, &items[..1], true, at(100));
    assert_eq!(memory.known(source).shown().count(), 1);
    memory.forget(KEEP, at(1000), &|_| true);
    let two = desk.item(2, 0, "two", 1000);
    assert_eq!(memory.show(source, 0, &[items[0], two], true, at(1000)), 0, "it is not new");
    assert!(memory.known(source).item(2).unwrap().head.printed);
    memory.show(source, 0, &items[..1], true, at(1100));
    memory.forget(KEEP, at(2100), &|_| true);
    assert_eq!(memory.show(source, 0, &[items[0], two], true, at(2200)), 1, "it was forgotten");
    desk.save(&mut memory);
}

#[test]
fn sources_that_nobody_asks_any_more_are_forgotten() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    for name in ["kept", "dropped", "asked"] {
        let source = memory.meet(name);
        let item = desk.item(1, 0, name, 0);
        memory.show(source, 0, &[item], true, at(0));
        let time = if name == "asked" { at(5000) } else { at(1) };
        memory.polls(time, vec![Poll { source, ..Poll::default() }]);
    }
    memory.forget(KEEP, at(5001), &|name| name == "kept");
    desk.rewrite(&memory);
    let names: Vec<_> = desk.load().sources().iter().map(|known| known.name.clone()).collect();
    assert_eq!(names, ["kept".into(), "asked".into()]);
}

#[test]
fn a_source_is_ill_since_its_first_failure_until_it_is_well() {
    let mut memory = Memory::default();
    let source = memory.meet("a");
    let since = |memory: &Memory| memory.known(source).illness.as_ref().map(|i| i.since);
    memory.ill(source, Some(ill(State::Failed, 2, "timeout: 10 s")));
    memory.ill(source, Some(ill(State::Failed, 3, "timeout: 11 s")));
    let known = memory.known(source).illness.clone();
    assert_eq!(
        known,
        Some(ill(State::Failed, 2, "timeout: 10 s")),
        "the same cause, the same words"
    );
    memory.ill(source, Some(ill(State::Limited, 4, "quota: 11 s")));
    assert_eq!(memory.known(source).illness, Some(ill(State::Limited, 2, "quota: 11 s")));
    memory.ill(source, None);
    assert_eq!(since(&memory), None);
    let day = |day: i64| FIRST_NOTE + day * 86_400;
    memory.ill(source, Some(ill(State::Failed, day(9), "tls: no")));
    memory.ill(source, Some(ill(State::Failed, day(5), "tls: no")));
    assert_eq!(since(&memory), Some(day(9)), "a clock that is behind knows no better");
    memory.seen_by(at(day(5)));
    assert_eq!(since(&memory), Some(day(5)), "a beginning in the future is wrong");
    memory.ill(source, None);
    memory.ill(source, Some(ill(State::Failed, 5, "tls: no")));
    memory.seen_by(at(day(7)));
    assert_eq!(since(&memory), Some(day(7)), "and so is one before there was a beginning");
}

#[test]
fn what_is_wrong_with_a_document_is_said_as_it_is_now_and_a_number_in_it_is_no_news() {
    let mut memory = Memory::default();
    let source = memory.meet("json");
    for (now, said) in [
        (
            "read: there is no list at `/data`, 12 bytes",
            "read: there is no list at `/data`, 12 bytes",
        ),
        (
            "read: there is no list at `/data`, 15 bytes",
            "read: there is no list at `/data`, 12 bytes",
        ),
        (
            "read: there is no list at `/posts`, 15 bytes",
            "read: there is no list at `/posts`, 15 bytes",
        ),
        ("service: the key is wrong", "service: the key is wrong"),
        ("service: the page is wrong", "service: the page is wrong"),
        ("timeout: given up, connecting", "timeout: given up, connecting"),
        ("timeout: given up, waiting", "timeout: given up, connecting"),
    ] {
        memory.ill(source, Some(ill(State::Failed, 7, now)));
        let known = memory.known(source).illness.as_ref().unwrap();
        assert_eq!((&*known.error, known.since), (said, 7), "{now}");
    }
}

#[test]
fn a_source_that_failed_is_stale_only_if_there_is_something_to_show() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    assert_eq!(memory.known(source).state(), State::Ok);
    memory.ill(source, Some(ill(State::Failed, 2, "tls: no")));
    assert_eq!(memory.known(source).state(), State::Failed);
    let item = desk.item(1, 0, "one", 0);
    memory.show(source, 0, &[item], true, at(0));
    assert_eq!(memory.known(source).state(), State::Stale);
}

#[test]
fn whatever_end_of_a_journal_is_lost_the_rest_is_true() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    for round in 0..5 {
        let text = format!("{round}");
        let items = [desk.item(1, 0, &text, round), desk.item(10 + round as u64, 0, "x", round)];
        memory.show(source, 0, &items, true, at(round));
        memory.hold(source, document(5, &text));
        memory.polls(at(round), vec![Poll { source, ..Poll::default() }]);
        desk.save(&mut memory);
        memory = desk.load();
    }
    for length in 0..desk.journal.len() {
        let cut = Desk { journal: desk.journal[..length].to_vec(), shelf: Vec::new() };
        let memory = cut.load();
        let Some(known) = memory.of("a") else { continue };
        // Whose validators are held is at least as new as they are.
        let told = known.document(5).and_then(|held| held.validators.etag.clone());
        if let Some(told) = told {
            let mut packed = Vec::new();
            cut.packed(known.item(1).unwrap(), &mut packed).unwrap();
            let text = String::from_utf8(packed).unwrap();
            assert!(format!("\"{text}\"") >= told, "{text} {told}");
        }
    }
}

#[test]
fn damaged_records_are_refused_or_read_and_never_a_panic() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    let items = [desk.item(1, 0, "one", 10), desk.item(2, 0, "two", 10)];
    memory.show(source, 0, &items, true, at(10));
    memory.show(source, 0, &items[1..], true, at(11));
    memory.hold(source, document(5, "v1"));
    memory.ill(source, Some(ill(State::Off, 2, "status: gone")));
    memory.moved(source, Some("https://b.test/"), at(9));
    memory.pace(source, Pace { every: Some(KEEP), skip_hours: 3, skip_days: 1 });
    memory.polls(at(9), vec![Poll { source, fresh_for: Some(60), ..Poll::default() }]);
    desk.save(&mut memory);
    let appended = desk.journal.clone();
    desk.rewrite(&desk.load());
    for record in appended.iter().chain(&desk.journal) {
        for index in 0..record.len() {
            for bit in 0..8 {
                let mut damaged = record.clone();
                damaged[index] ^= 1 << bit;
                let mut memory = Memory::default();
                memory.learn((0, 0), &appended[0]);
                memory.learn((0, 0), &damaged);
                memory.learn((0, 0), &damaged[..index]);
                memory.settle();
            }
        }
    }
}

#[test]
fn a_source_whose_name_is_lost_costs_the_others_nothing() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    for name in ["a", "b", "c"] {
        let source = memory.meet(name);
        let item = desk.item(1, 0, name, 10);
        memory.show(source, 0, &[item], true, at(10));
    }
    desk.save(&mut memory);
    let name =
        |record: &Vec<u8>| matches!(record::read(record), Some(Event::Source { name: "b", .. }));
    desk.journal.retain(|record| !name(record));
    let mut memory = Memory::default();
    for (place, record) in (0..).zip(&desk.journal) {
        memory.learn((place, record.len() as u32), record);
    }
    memory.settle();
    let shown = |name: &str| memory.of(name).map(|known| known.shown().count());
    assert_eq!([shown("a"), shown("b"), shown("c")], [Some(1), None, Some(1)]);
    desk.rewrite(&memory);
    assert_eq!(desk.load().sources().len(), 2);
    let mut record = Vec::new();
    let far = MAX_GAP as u32 + 4;
    record::write(&Event::Source { source: far, name: "far" }, &mut record);
    assert!(!memory.learn((0, 0), &record));
}

#[test]
fn of_items_that_are_gone_only_the_last_are_remembered() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    for round in 0..6_u64 {
        let items: Vec<Kept> =
            (0..1000).map(|n| desk.item(round * 1000 + n, 0, "x", round as i64)).collect();
        memory.show(source, 0, &items, true, at(round as i64));
    }
    memory.forget(KEEP, at(6), &|_| true);
    let known = memory.known(source);
    assert_eq!((known.shown().count(), known.items.len()), (1000, 1000 + MAX_GONE));
    assert!(known.item(1000).is_some() && known.item(999).is_none());
}

#[test]
fn a_clock_that_ran_ahead_makes_nobody_forget() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    let item = desk.item(1, 0, "x", 0);
    memory.show(source, 0, &[item], true, at(0));
    memory.show(source, 0, &[], true, at(1));
    memory.polls(at(1), vec![Poll { source, ..Poll::default() }]);
    memory.forget(KEEP, at(300_000_000), &|_| false);
    assert_eq!(memory.known(source).items.len(), 1);
}

#[test]
fn only_the_last_latencies_are_remembered() {
    let mut totals = Totals::default();
    for ms in 0..100 {
        totals.count(i64::from(ms) * 60 + 1, &Poll { ms, ..Poll::default() });
    }
    assert_eq!(totals.latencies.len(), LATENCIES);
    assert_eq!((totals.latencies[0], totals.polls, totals.shortest), (68, 100, Some(60)));
}

#[test]
fn who_was_asked_in_the_first_second_of_1970_was_asked() {
    let mut memory = Memory::default();
    let source = memory.meet("a");
    assert_eq!(memory.known(source).asked(), None);
    memory.polls(at(0), vec![Poll { source, ..Poll::default() }]);
    assert_eq!(memory.known(source).asked(), Some(at(1)));
}

#[test]
fn how_long_polls_took_outlives_a_rewrite() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    for ms in [20, 700, 700, 90_000] {
        memory.polls(at(10), vec![Poll { source, ms, ..Poll::default() }]);
    }
    desk.save(&mut memory);
    let mut again = desk.load();
    desk.rewrite(&again);
    again.polls(at(20), vec![Poll { source, ms: 40, ..Poll::default() }]);
    desk.save(&mut again);
    let times = desk.load().known(source).totals.times.clone();
    assert_eq!(times.counts, [2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1]);
    assert_eq!(times.sum_ms, 20 + 700 + 700 + 90_000 + 40);
}

#[test]
fn what_a_wrong_clock_saw_was_seen_when_that_came_out() {
    let day = |day: i64| FIRST_NOTE + day * 86_400;
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let source = memory.meet("a");
    let first = [(1, day(10)), (2, day(900)), (3, 300), (4, day(10)), (5, day(10))];
    let items = first.map(|(id, seen)| desk.item(id, 0, "news", seen));
    memory.show(source, 0, &items, true, at(day(10)));
    memory.show(source, 0, &items[..4], true, at(day(900)));
    memory.show(source, 0, &items[..3], true, at(300));
    desk.save(&mut memory);
    let mut again = desk.load();
    again.seen_by(at(day(20)));
    desk.save(&mut again);
    let mut third = desk.load();
    let seen = |id| third.first_seen(source, id, at(day(2_000))).unix();
    assert_eq!([seen(1), seen(2), seen(3)], [day(10), day(20), day(20)]);
    let gone = |id| third.known(source).item(id).unwrap().gone;
    assert_eq!([gone(4), gone(5)], [day(20); 2]);
    third.seen_by(at(day(30)));
    assert!(!third.changed());
}

fn moment(wall: i64, boot: u64, up: u64) -> Moment {
    Moment { wall: at(wall), boot, up: Duration::from_secs(up) }
}

#[test]
fn a_calendar_that_was_set_is_told_once_before_what_is_noted_by_it() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    let now = FIRST_NOTE + 900;
    memory.arrive(&moment(600, 7, 600));
    let source = memory.meet("a");
    let item = desk.item(1, 0, "news", 600);
    memory.show(source, 0, &[item], true, at(600));
    memory.ill(source, Some(ill(State::Failed, 600, "tls: no")));
    let wait = Some(5_000);
    memory.polls(at(600), vec![Poll { source, wait, ..Poll::default() }]);
    desk.save(&mut memory);
    let is_stand = |record: &[u8]| matches!(record::read(record), Some(Event::Stand(_)));
    let stands = |desk: &Desk| desk.journal.iter().filter(|record| is_stand(record)).count();
    assert_eq!(stands(&desk), 1);

    // The calendar was set 100 s later. Whoever only looks leaves no trace.
    let mut looks = desk.load();
    looks.arrive(&moment(now, 7, 700));
    assert!(!looks.changed());
    let right = |memory: &Memory| {
        let known = memory.known(source);
        let totals = &known.totals;
        let since = known.illness.as_ref().unwrap().since;
        [
            totals.asked,
            totals.answered,
            totals.wait_until - 5_000,
            since,
            known.items[0].head.first_seen,
        ]
    };
    assert_eq!(right(&looks), [now - 100; 5]);
    // What is noted now is told behind it, and all of it is read again as it was.
    looks.moved(source, Some("https://b.test/"), at(now));
    for _ in 0..2 {
        desk.save(&mut looks);
        assert_eq!(stands(&desk), 2);
        looks = desk.load();
        assert_eq!(right(&looks), [now - 100; 5]);
        looks.arrive(&moment(now + 9, 7, 710));
        looks.pace(source, Pace { skip_days: 1, ..Pace::default() });
    }
    desk.rewrite(&looks);
    assert_eq!(stands(&desk), 1);
    // Back again: what is shown was right, and stays.
    let mut back = desk.load();
    back.arrive(&moment(1_000, 7, 1_000));
    assert_eq!(right(&back), [600, 600, 600, 600, now - 100]);
    // Another boot knows nothing of what was set when.
    let mut other = desk.load();
    other.arrive(&moment(now + 86_400, 8, 60));
    assert_eq!(right(&other), [now - 100; 5]);
}

#[test]
fn what_could_not_be_saved_is_known_to_the_next_memory_and_saved_with_it() {
    let (mut desk, mut memory) = (Desk::default(), Memory::default());
    memory.arrive(&moment(1_000, 7, 500));
    for name in ["a", "b", "c"] {
        let source = memory.meet(name);
        memory.hold(source, document(5, "v1"));
        memory.ill(source, (name == "b").then(|| ill(State::Failed, 1_000, "tls: no")));
        let fresh_for = Some(7_000);
        memory.polls(at(1_000), vec![Poll { source, fresh_for, ..Poll::default() }]);
    }
    let late = memory.late(&|name| name != "c");
    // The journal knows of none of this; meanwhile the calendar was set.
    let mut again = desk.load();
    again.arrive(&moment(9_000, 7, 510));
    again.remind(late, &moment(9_000, 7, 510));
    assert!(again.changed());
    desk.save(&mut again);
    let mut third = desk.load();
    assert!(third.of("c").is_none());
    for name in ["a", "b"] {
        let known = third.of(name).unwrap();
        assert_eq!((known.asked(), known.totals.fresh_for), (Some(at(8_990)), Some(7_000)));
        let document = known.document(5).unwrap();
        assert_eq!((document.asked, document.digest), (6, None), "nothing is held of it");
        let since = known.illness.as_ref().map(|illness| illness.since);
        assert_eq!(since, (name == "b").then_some(8_990));
    }
    // What the journal knows better stays.
    let late = again.late(&|_| true);
    third.polls(at(9_500), vec![Poll { source: 0, ..Poll::default() }]);
    desk.save(&mut third);
    let mut last = desk.load();
    last.remind(late, &moment(9_600, 7, 1_110));
    assert_eq!(last.of("a").unwrap().asked(), Some(at(9_500)));
    assert!(!last.changed());
}

#[test]
fn the_last_round_outlives_a_rewritten_journal_without_those_who_are_forgotten() {
    let mut desk = Desk::default();
    let mut memory = Memory::default();
    let spell =
        |source, end| Spell { source, phases: [0, 0, 0, end, end], end, ..Spell::default() };
    let past = |at, spells| Past { at, ended: 700, deadline: 60_000, spells, ..Past::default() };
    for name in ["a", "forgotten", "b"] {
        memory.meet(name);
    }
    for source in [0, 2] {
        memory.polls(at(50), vec![Poll { source, ..Poll::default() }]);
    }
    memory.pass(past(40, vec![spell(0, 3)]));
    memory.pass(past(50, vec![spell(2, 700), spell(1, 9), spell(0, 20)]));
    let told = past(50, vec![spell(0, 20), spell(1, 9), spell(2, 700)]);
    assert_eq!(memory.past().as_ref(), Some(&told));
    desk.save(&mut memory);
    assert_eq!(desk.load().past(), Some(told));
    desk.rewrite(&memory);
    let kept = past(50, vec![spell(0, 20), spell(1, 700)]);
    let memory = desk.load();
    assert_eq!(memory.past(), Some(kept));
    assert_eq!(&*memory.known(1).name, "b");
    let is_past = |record: &[u8]| matches!(record::read(record), Some(Event::Past(_)));
    assert_eq!(desk.journal.iter().filter(|record| is_past(record)).count(), 1);
}

#[test]
fn a_calendar_that_is_set_puts_the_last_round_right() {
    let moment = |wall, up| Moment { wall: at(wall), boot: 7, up: Duration::from_secs(up) };
    let mut memory = Memory::default();
    memory.arrive(&moment(FIRST_NOTE + 100, 100));
    memory.pass(Past { at: FIRST_NOTE + 100, ..Past::default() });
    memory.arrive(&moment(FIRST_NOTE + 5_000, 200));
    assert_eq!(memory.past().unwrap().at, FIRST_NOTE + 4_900);
}
