use std::sync::{Arc, Mutex};

use super::*;
use crate::time::{Moment, Timestamp};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn window(count: u32, seconds: u64) -> Window {
    Window { count, per: at(seconds) }
}

#[test]
fn a_window_lets_a_burst_out_and_then_waits_for_the_oldest_to_age() {
    let mut limiter = Limiter::default();
    let windows = [window(2, 10)];
    assert_eq!(limiter.take("a", &windows, at(0)), Ok(()));
    assert_eq!(limiter.take("a", &windows, at(3)), Ok(()));
    assert_eq!(limiter.take("a", &windows, at(4)), Err(at(10)));
    assert_eq!(limiter.take("b", &windows, at(4)), Ok(()));
    assert_eq!(limiter.take("a", &windows, at(10)), Ok(()));
    assert_eq!(limiter.take("a", &windows, at(10)), Err(at(13)));
}

#[test]
fn all_windows_hold_together() {
    let mut limiter = Limiter::default();
    let windows = [window(1, 1), window(3, 100)];
    for second in 0..3 {
        assert_eq!(limiter.take("a", &windows, at(second)), Ok(()));
    }
    assert_eq!(limiter.take("a", &windows, at(3)), Err(at(100)));
    assert_eq!(limiter.left("a", &windows[1], at(3)), 0);
    assert_eq!(limiter.left("a", &windows[1], at(101)), 2);
}

#[test]
fn no_window_is_no_limit_and_a_window_of_none_is_shut() {
    let mut limiter = Limiter::default();
    assert_eq!(limiter.take("a", &[], at(0)), Ok(()));
    assert_eq!(limiter.take("a", &[window(0, 1)], at(0)), Err(Duration::MAX));
}

#[test]
fn no_span_of_a_window_ever_holds_more_than_its_count() {
    for seed in 0..50_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |n: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        let windows =
            [window(1 + next(5) as u32, 1 + next(20)), window(1 + next(9) as u32, 1 + next(60))];
        let (mut limiter, mut now, mut left) = (Limiter::default(), at(0), Vec::new());
        for _ in 0..300 {
            now += Duration::from_millis(next(3000));
            if limiter.take("a", &windows, now).is_ok() {
                left.push(now);
            }
        }
        for window in &windows {
            for (i, first) in left.iter().enumerate() {
                let within = left[i..].iter().take_while(|t| **t < *first + window.per).count();
                assert!(within <= window.count as usize, "seed {seed}: {within} in {window:?}");
            }
        }
        assert!(left.len() > 5, "seed {seed}: the limiter let almost nothing out");
    }
}

/// A disk in memory, and whether it is well.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<(Vec<Vec<u8>>, bool)>>);

impl Disk {
    fn under(&self, limiter: &mut Limiter) {
        let disk = self.0.clone();
        let save = move |bytes: &[u8]| {
            let mut disk = disk.lock().unwrap();
            if disk.1 {
                return Err("disk full".to_string());
            }
            disk.0.push(bytes.to_vec());
            Ok(())
        };
        limiter.set_saver(Box::new(save), Box::new(|| moment(0)));
    }

    fn saves(&self) -> usize {
        self.0.lock().unwrap().0.len()
    }

    fn break_down(&self, broken: bool) {
        self.0.lock().unwrap().1 = broken;
    }
}

fn moment(up: u64) -> Moment {
    Moment { wall: Timestamp::EPOCH, boot: 1, up: at(up) }
}

fn word(remaining: u32, reset: u64) -> ServerLimit {
    ServerLimit { limit: None, remaining, reset: Some(at(reset)), window: None }
}

fn hold(until: u64, cause: HoldCause, count: u32) -> Hold {
    Hold { until: at(until), why: "why".into(), cause, count, since: Timestamp::EPOCH }
}

fn takes(limiter: &mut Limiter, windows: &[Window], now: u64) -> u32 {
    let mut taken = 0;
    while limiter.take("a", windows, at(now)).is_ok() {
        limiter.ended("a");
        taken += 1;
        assert!(taken < 100_000, "no end");
    }
    taken
}

#[test]
fn with_a_saver_no_request_leaves_before_its_permit_is_saved() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    let windows = [window(1000, 3600)];
    for taken in 1..=100 {
        limiter.take("a", &windows, at(1)).unwrap();
        let last = disk.0.lock().unwrap().0.last().unwrap().clone();
        let next = Limiter::decode(&last, at(0), moment(0)).unwrap();
        assert!(next.left("a", &windows[0], at(0)) <= 1000 - taken, "after {taken}");
    }
    assert_eq!(disk.saves(), 100_usize.div_ceil(BLOCK as usize));
}

#[test]
fn a_block_is_never_more_than_its_part_of_what_is_left() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    let windows = [window(50, 3600), window(1, 1)];
    limiter.take("a", &windows, at(1)).unwrap();
    assert_eq!(limiter.accounts["a"].reserved, 50 / BLOCK_PART - 1);
    let spacing = [Window { count: 1, per: SPACING }];
    limiter.take("b", &spacing, at(1)).unwrap();
    assert_eq!(limiter.accounts["b"].reserved, BLOCK - 1);
    let beyond = [Window { count: 1, per: SPACING + at(1) }];
    limiter.take("c", &beyond, at(1)).unwrap();
    assert_eq!(limiter.accounts["c"].reserved, 0);
}

#[test]
fn what_has_no_windows_is_not_saved() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    disk.break_down(true);
    for account in ["", "a"] {
        assert_eq!(limiter.take(account, &[], at(1)), Ok(()));
    }
    assert_eq!((disk.saves(), limiter.unsaved(), limiter.changed()), (0, None, false));
}

#[test]
fn a_save_that_fails_holds_back_what_needs_it_and_is_tried_again_after_a_while() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    let windows = [window(100, 3600)];
    limiter.take("b", &windows, at(0)).unwrap();
    disk.break_down(true);
    assert_eq!(limiter.take("a", &windows, at(1)), Err(Duration::MAX));
    assert_eq!(limiter.unsaved(), Some("disk full"));
    assert_eq!(limiter.take("b", &windows, at(1)), Ok(()), "it has one that is saved");
    disk.break_down(false);
    let again = at(1) + SAVE_AGAIN;
    assert_eq!(limiter.take("a", &windows, again - Duration::from_millis(1)), Err(Duration::MAX));
    assert_eq!(limiter.take("a", &windows, again), Ok(()));
    assert_eq!(limiter.unsaved(), None);
    assert_eq!(limiter.left("a", &windows[0], again), 99, "what was held back did not leave");
}

#[test]
fn what_was_set_aside_and_not_saved_is_saved_before_it_is_spent() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    let windows = [window(100, 3600)];
    assert_eq!(limiter.reserve("a", &windows, 30, at(0)), 30);
    for _ in 0..30 {
        limiter.take("a", &windows, at(1)).unwrap();
        assert_eq!(disk.saves(), 1);
    }
    limiter.take("a", &windows, at(1)).unwrap();
    assert_eq!(disk.saves(), 2);
    limiter.settle(at(2));
    limiter.reserve("a", &windows, 5, at(2));
    disk.break_down(true);
    assert_eq!(limiter.take("a", &windows, at(2)), Err(Duration::MAX));
}

#[test]
fn what_was_set_aside_is_given_back_when_it_is_settled() {
    let mut limiter = Limiter::default();
    let windows = [window(5, 100)];
    assert_eq!(limiter.reserve("a", &windows, 3, at(0)), 3);
    assert_eq!(limiter.reserve("a", &windows, 3, at(0)), 2, "no more than the window has left");
    assert_eq!(limiter.reserve("a", &windows, 3, at(0)), 0);
    limiter.take("a", &windows, at(1)).unwrap();
    limiter.settle(at(2));
    let bytes = limiter.encode(at(2), moment(2));
    let next = Limiter::decode(&bytes, at(2), moment(2)).unwrap();
    assert_eq!((limiter.left("a", &windows[0], at(2)), next.left("a", &windows[0], at(2))), (4, 4));
    assert_eq!(limiter.reserve("a", &[], 3, at(2)), 0, "without windows there is nothing to");
}

#[test]
fn what_never_left_is_given_back_and_nothing_else() {
    let mut limiter = Limiter::default();
    let windows = [window(3, 100)];
    for seconds in [1, 5, 7] {
        limiter.take("a", &windows, at(seconds)).unwrap();
    }
    limiter.never_left("a", at(5));
    limiter.never_left("a", at(6));
    limiter.never_left("b", at(1));
    limiter.take("a", &windows, at(8)).unwrap();
    assert_eq!(limiter.take("a", &windows, at(9)), Err(at(101)), "the first still counts");
    limiter.take("a", &windows, at(101)).unwrap();
    assert_eq!(limiter.take("a", &windows, at(102)), Err(at(107)), "and the third");
    let next =
        Limiter::decode(&limiter.encode(at(102), moment(102)), at(102), moment(102)).unwrap();
    assert_eq!(next.left("a", &windows[0], at(102)), 0);
}

#[test]
fn a_change_is_what_the_file_does_not_say_and_not_the_passing_of_time() {
    let mut limiter = Limiter::default();
    assert!(!limiter.changed());
    let windows = [window(5, 100)];
    limiter.take("a", &windows, at(1)).unwrap();
    assert!(limiter.changed());
    let bytes = limiter.encode(at(2), moment(2));
    limiter.saved();
    assert!(!limiter.changed());
    let mut next = Limiter::decode(&bytes, at(50), moment(60)).unwrap();
    assert!(!next.changed());
    next.settle(at(90));
    assert!(!next.changed());
    assert_eq!(next.take("b", &[], at(200)), Ok(()));
    next.ended("b");
    assert!(!next.changed());
    next.reserve("a", &windows, 1, at(200));
    assert!(next.changed());
    next.settle(at(200));
    next.hold("x", hold(300, HoldCause::Backoff, 1), at(200));
    assert!(next.changed());
    next.saved();
    next.hold("x", hold(300, HoldCause::Backoff, 2), at(200));
    assert!(next.changed());
}

#[test]
fn redirects_count_and_are_saved_when_nothing_was_set_aside_for_them() {
    let (mut limiter, disk) = (Limiter::default(), Disk::default());
    disk.under(&mut limiter);
    let windows = [window(10, 3600)];
    limiter.take("a", &windows, at(0)).unwrap();
    assert_eq!(disk.saves(), 1);
    limiter.also("a", 3, at(1));
    assert_eq!((limiter.left("a", &windows[0], at(1)), disk.saves()), (6, 2));
    limiter.also("a", 100, at(1));
    assert_eq!(limiter.take("a", &windows, at(2)), Err(at(3601)));
    limiter.also("nobody", 3, at(1));
    assert!(!limiter.accounts.contains_key("nobody"));
}

#[test]
fn a_server_says_how_many_are_left_and_no_later_word_of_it_loosens_that() {
    let mut limiter = Limiter::default();
    let windows = [window(100, 3600)];
    limiter.told("a", &word(3, 60), &windows, at(0));
    limiter.told("a", &word(90, 30), &windows, at(0));
    assert_eq!(limiter.left("a", &windows[0], at(0)), 3);
    assert_eq!(takes(&mut limiter, &windows, 0), 3);
    assert_eq!(limiter.take("a", &windows, at(59)), Err(at(60)));
    assert_eq!(limiter.next("a", &windows, at(59)), at(60));
    assert_eq!(limiter.left("a", &windows[0], at(60)), 97);
}

#[test]
fn a_server_may_know_a_minute_and_a_day() {
    let mut limiter = Limiter::default();
    limiter.told("a", &word(2, 60), &[], at(0));
    limiter.told("a", &word(5, 86_400), &[], at(0));
    let taken = [0, 60].map(|now| takes(&mut limiter, &[], now));
    assert_eq!(taken, [2, 3]);
    assert_eq!(limiter.take("a", &[], at(61)), Err(at(86_400)));
}

#[test]
fn requests_under_way_count_against_what_a_server_says_is_left() {
    let mut limiter = Limiter::default();
    let windows = [window(100, 3600)];
    for _ in 0..4 {
        limiter.take("a", &windows, at(0)).unwrap();
    }
    limiter.told("a", &word(10, 60), &windows, at(1));
    assert_eq!(limiter.left("a", &windows[0], at(1)), 7, "three others are under way");
    for _ in 0..4 {
        limiter.ended("a");
    }
    limiter.told("a", &word(6, 60), &windows, at(2));
    assert_eq!(limiter.left("a", &windows[0], at(2)), 6);
}

#[test]
fn nothing_is_under_way_for_ever_nor_without_bound() {
    let mut limiter = Limiter::default();
    let windows = [window(10_000, 3600)];
    for _ in 0..MAX_UNDER_WAY + 1 {
        limiter.take("a", &windows, at(0)).unwrap();
    }
    assert_eq!(limiter.accounts["a"].under_way.len(), MAX_UNDER_WAY);
    limiter.told("a", &word(5, 600), &windows, LONGEST_REQUEST);
    assert_eq!(limiter.left("a", &windows[0], LONGEST_REQUEST), 5);
}

#[test]
fn a_server_that_names_no_end_or_a_far_one_is_believed_for_a_while() {
    for (limit, windows, end) in [
        (word(0, u64::MAX), &[][..], MAX_RESET),
        (ServerLimit { reset: None, window: Some(at(9)), ..word(0, 0) }, &[], at(9)),
        (ServerLimit { reset: None, ..word(0, 0) }, &[window(5, 70)], at(70)),
        (ServerLimit { reset: None, ..word(0, 0) }, &[], USUAL_RESET),
    ] {
        let mut limiter = Limiter::default();
        limiter.told("a", &limit, windows, at(0));
        assert_eq!(limiter.take("a", windows, at(0)), Err(end), "{limit:?}");
        assert_eq!(limiter.take("a", windows, end), Ok(()), "{limit:?}");
    }
}

#[test]
fn who_lost_the_ledger_counts_everything_as_spent_until_it_cannot_matter() {
    let mut limiter = Limiter::blind(at(10));
    let windows = [window(50, 43_200), window(100, 86_400)];
    assert_eq!(limiter.take("a", &windows, at(10)), Err(at(86_410)));
    assert_eq!(limiter.left("a", &windows[0], at(43_210)), 50);
    assert_eq!(limiter.reserve("a", &windows, 5, at(43_210)), 0);
    assert_eq!(limiter.take("b", &[], at(10)), Ok(()));
    assert_eq!(takes(&mut limiter, &windows, 86_410), 50);
}

#[test]
fn a_servers_word_frees_an_account_that_is_blind_and_no_other() {
    let mut limiter = Limiter::blind(at(0));
    let windows = [window(100, 86_400)];
    limiter.told("a", &word(40, 3600), &windows, at(5));
    assert_eq!(takes(&mut limiter, &windows, 6), 40);
    assert_eq!(limiter.take("b", &windows, at(6)), Err(at(86_400)));
    limiter.told("a", &word(7, 3600), &windows, at(4000));
    assert_eq!(takes(&mut limiter, &windows, 4000), 7);
    let bytes = limiter.encode(at(4000), moment(4000));
    let mut next = Limiter::decode(&bytes, at(9000), moment(9000)).unwrap();
    assert_eq!(next.left("a", &windows[0], at(9000)), 0, "forty-seven were freed, and are spent");
    next.told("a", &word(1, 3600), &windows, at(9000));
    assert_eq!(next.left("a", &windows[0], at(9000)), 1);
}

#[test]
fn what_a_server_asked_for_is_never_made_shorter() {
    let mut limiter = Limiter::default();
    limiter.hold("h", hold(100, HoldCause::Asked, 1), at(0));
    limiter.hold("h", hold(20, HoldCause::Backoff, 2), at(10));
    limiter.hold("h", hold(30, HoldCause::Asked, 3), at(10));
    limiter.release("h");
    let held = limiter.held("h", at(99)).unwrap();
    assert_eq!((held.until, held.cause, held.count), (at(100), HoldCause::Asked, 0));
    assert_eq!(limiter.held("h", at(100)), None);
    limiter.hold("h", hold(120, HoldCause::Backoff, 1), at(110));
    assert_eq!(limiter.held("h", at(111)).unwrap().cause, HoldCause::Backoff);
    limiter.hold("h", hold(115, HoldCause::Backoff, 2), at(111));
    assert_eq!(limiter.held("h", at(115)), None, "our own may become shorter");
    assert_eq!(limiter.hold_of("h").unwrap().count, 2, "its failures live on");
    limiter.release("h");
    assert_eq!(limiter.hold_of("h"), None);
}

#[test]
fn no_hold_is_longer_than_the_ceiling() {
    let mut limiter = Limiter::default();
    let for_ever = Hold { until: Duration::MAX, ..hold(0, HoldCause::Asked, 1) };
    limiter.hold("h", for_ever, at(5));
    assert!(limiter.held("h", at(5) + MAX_HOLD - at(1)).is_some());
    assert!(limiter.held("h", at(5) + MAX_HOLD).is_none());
    assert_eq!(limiter.list(at(5)).map(|(scope, _)| scope).collect::<Vec<_>>(), ["h"]);
}

#[test]
fn when_there_is_no_room_for_a_hold_the_oldest_that_passed_goes() {
    let mut limiter = Limiter::default();
    for n in 0..MAX_SCOPES as u64 {
        assert!(limiter.hold(&n.to_string(), hold(1000 + n, HoldCause::Backoff, 1), at(0)));
    }
    assert!(!limiter.hold("new", hold(9, HoldCause::Asked, 1), at(999)));
    assert!(limiter.hold("7", hold(99_999, HoldCause::Backoff, 2), at(999)), "it has a place");
    assert!(limiter.hold("new", hold(99_999, HoldCause::Asked, 1), at(1001)));
    assert!(limiter.hold_of("0").is_none());
    assert!(limiter.hold_of("1").is_some());
    assert_eq!(limiter.list(at(0)).count(), MAX_SCOPES);
}

#[test]
fn when_there_is_no_room_for_an_account_it_waits_for_one_that_counts_no_more() {
    let mut limiter = Limiter::default();
    let windows = [window(1, 100)];
    for n in 0..MAX_ACCOUNTS as u64 {
        limiter.take(&n.to_string(), &windows, Duration::from_millis(n)).unwrap();
        limiter.ended(&n.to_string());
    }
    // Requests that have not ended would keep their accounts for longer than their windows.
    for entry in limiter.accounts.values_mut() {
        entry.under_way.clear();
    }
    assert_eq!(limiter.take("new", &windows, at(50)), Err(at(100)));
    assert_eq!(limiter.take("new", &[], at(50)), Ok(()), "nothing is to be counted");
    assert_eq!(limiter.take("new", &windows, at(100)), Ok(()));
    assert_eq!(limiter.accounts.len(), MAX_ACCOUNTS);
}

#[test]
fn what_another_ledger_could_not_save_is_taken_over_and_never_twice() {
    let windows = [window(10, 3_600)];
    let hold = |until, cause, why: &str| Hold {
        until: at(until),
        why: why.into(),
        cause,
        count: 1,
        since: Timestamp::EPOCH,
    };
    let spent = |count: u32| {
        let mut limiter = Limiter::default();
        for _ in 0..count {
            limiter.take("a", &windows, at(0)).unwrap();
        }
        limiter
    };
    let mut own = spent(2);
    for (scope, until, cause) in [
        ("longer", 900, HoldCause::Backoff),
        ("asked", 300, HoldCause::Asked),
        ("over", 30, HoldCause::Asked),
        ("shorter", 100, HoldCause::Backoff),
    ] {
        own.hold(scope, hold(until, cause, "own"), at(1));
    }
    let other = || {
        let mut other = spent(5);
        other.take("b", &windows, at(0)).unwrap();
        let told = ServerLimit { limit: None, remaining: 1, reset: Some(at(600)), window: None };
        other.told("b", &told, &windows, at(1));
        for scope in ["longer", "asked", "over", "shorter", "new"] {
            other.hold(scope, hold(500, HoldCause::Backoff, "other"), at(1));
        }
        other
    };
    for _ in 0..3 {
        own.absorb(other(), at(60));
        assert!(own.changed());
        let whose = ["longer", "asked", "over", "shorter", "new"].map(|scope| {
            let hold = own.hold_of(scope).unwrap();
            (hold.why.as_str(), hold.until.as_secs())
        });
        assert_eq!(
            whose,
            [("own", 900), ("own", 300), ("other", 500), ("other", 500), ("other", 500)]
        );
        assert_eq!(own.left("a", &windows[0], at(60)), 5);
        assert_eq!(own.words_left("b", 60_000), Some(1));
    }
    own.absorb(spent(1), at(60));
    assert_eq!(own.left("a", &windows[0], at(60)), 5, "that was known");

    let mut blind = Limiter::blind(at(100));
    blind.absorb(Limiter::blind(at(20)), at(100));
    assert_eq!(blind.next("a", &windows, at(100)), at(3_620), "blind since then");
}
