//! Schedules over simulated weeks and years.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::time::parse_date;
use std::collections::HashSet;

/// 2026-11-16T00:00:00Z, a Monday.
const MONDAY: i64 = 1_794_787_200;

fn at(unix: i64) -> Timestamp {
    Timestamp::from_unix(unix).unwrap()
}

fn every(seconds: u64) -> Wishes {
    Wishes { every: Duration::from_secs(seconds), ..Wishes::default() }
}

fn paced(seconds: u64, pace: Pace) -> Wishes {
    Wishes { pace, ..every(seconds) }
}

fn minutes(minutes: u64) -> Option<Duration> {
    Some(Duration::from_secs(minutes * 60))
}

#[test]
fn the_longest_of_all_wishes_counts_and_a_publishers_is_bounded() {
    let (none, day, week) = (None, LONGEST_WISH.as_secs(), minutes(7 * 24 * 60));
    for (config, ttl, fresh, expected) in [
        (1800, none, none, 1800),
        (1800, minutes(10), minutes(20), 1800),
        (1800, minutes(60), minutes(20), 3600),
        (1800, minutes(10), minutes(60), 3600),
        (1800, week, none, day),
        (1800, none, week, day),
        (1800, Some(Duration::MAX), none, day),
        (30 * day, week, week, 30 * day),
        (1, none, none, 60),
        (0, none, none, 60),
    ] {
        let pace = Pace { every: ttl, ..Pace::default() };
        let wishes = Wishes { fresh_for: fresh, ..paced(config, pace) };
        let expected = at(MONDAY + expected as i64);
        assert_eq!(due(at(MONDAY), &wishes, 0, 0.0), expected, "{wishes:?}");
    }
}

#[test]
fn the_users_own_house_may_be_asked_as_often_as_the_user_likes() {
    let own = Wishes { own_house: true, ..every(1) };
    assert_eq!(due(at(MONDAY), &own, 0, 0.0), at(MONDAY + 1));
    assert!(is_due(Some(at(MONDAY)), at(MONDAY), &Wishes { every: Duration::ZERO, ..own }));
    let often = Wishes { every: Duration::from_millis(500), ..own };
    assert!(!is_due(Some(at(MONDAY)), at(MONDAY), &often));
    assert!(is_due(Some(at(MONDAY)), at(MONDAY + 1), &often));
}

#[test]
fn slack_is_for_the_users_own_wish_alone() {
    let early = |wishes: &Wishes, seconds| is_due(Some(at(0)), at(seconds), wishes);
    assert!(!early(&every(1800), 1769));
    assert!(early(&every(1800), 1770));
    let pace = Pace { every: minutes(30), ..Pace::default() };
    assert!(!early(&paced(1800, pace), 1799));
    assert!(early(&paced(1800, pace), 1800));
    let fresh = Wishes { fresh_for: minutes(30), ..every(1800) };
    assert!(!early(&fresh, 1799));
    assert!(early(&fresh, 1800));
}

#[test]
fn a_year_of_cron_neither_skips_a_round_nor_asks_too_soon() {
    for (seconds, seed) in [(300, 1_u64), (900, 2), (1800, 3), (3600, 4), (86_400, 5)] {
        let wishes = every(seconds);
        let mut asked: Option<i64> = None;
        let rounds = 365 * 86_400 / seconds;
        for round in 0..rounds {
            // Two seconds early to two seconds late.
            let shift = (scramble(seed << 32 | round) % 5) as i64 - 2;
            let now = MONDAY + (round * seconds) as i64 + shift;
            assert!(is_due(asked.map(at), at(now), &wishes), "{seconds}: round {round}");
            // A second run in between finds nothing to do, up to the slack.
            let soon = now + (seconds - seconds / 60) as i64 - 1;
            assert!(!is_due(Some(at(now)), at(soon), &wishes), "{seconds}: round {round}");
            if let Some(asked) = asked {
                assert!((now - asked) * 60 >= seconds as i64 * 59);
            }
            asked = Some(now);
        }
    }
}

#[test]
fn a_run_every_minute_asks_no_more_often_than_every() {
    let wishes = every(1800);
    let (mut asked, mut count) = (None, 0);
    for minute in 0..7 * 24 * 60 {
        let now = at(MONDAY + minute * 60);
        if is_due(asked, now, &wishes) {
            (asked, count) = (Some(now), count + 1);
        }
    }
    assert_eq!(count, 7 * 48);
}

#[test]
fn days_are_those_of_greenwich_beginning_with_monday() {
    let asked = parse_date("2026-11-20T23:00:00Z").unwrap();
    let weekend = Pace { skip_days: 0b110_0000, ..Pace::default() };
    // Saturday and Sunday are skipped: it is due when Monday begins.
    let monday = parse_date("2026-11-23T00:00:00Z").unwrap();
    assert_eq!(due(asked, &paced(3600, weekend), 0, 0.0), monday);
}

#[test]
fn hours_and_days_to_be_skipped_are_skipped_in_every_hour_of_a_week() {
    let (nights, weekend) = (0b1100_0000_0000_0000_0011_1111, 0b110_0000);
    for (skip_hours, skip_days) in
        [(nights, 0), (0, weekend), (nights, weekend), (1, 1), (ALL_HOURS - 1, ALL_DAYS - 1)]
    {
        let pace = Pace { skip_hours, skip_days, ..Pace::default() };
        let wishes = paced(1800, pace);
        let open = |unix: i64| {
            let (day, hour) = ((unix - MONDAY) / DAY % 7, (unix - MONDAY) % DAY / HOUR);
            (skip_hours >> hour) & 1 == 0 && (skip_days >> day) & 1 == 0
        };
        for hour in 0..7 * 24 {
            for second in [0, 1, HOUR - 1] {
                let now = MONDAY + hour * HOUR + second;
                assert_eq!(is_due(Some(at(now - DAY)), at(now), &wishes), open(now), "{now}");
                let plain = now + 1800;
                let due = due(at(now), &wishes, 0, 0.0).unix();
                // The first second from then on that is open.
                let hours = (0..=8 * 24).map(|more| (plain / HOUR + more) * HOUR);
                let first = hours.map(|hour| hour.max(plain)).find(|unix| open(*unix));
                assert_eq!(Some(due), first, "{now} {pace:?}");
            }
        }
    }
}

#[test]
fn who_wants_everything_skipped_skips_nothing() {
    for pace in [
        Pace { skip_hours: ALL_HOURS, ..Pace::default() },
        Pace { skip_days: ALL_DAYS, ..Pace::default() },
        Pace { skip_hours: u32::MAX, skip_days: u8::MAX, every: None },
        // Bits that mean nothing.
        Pace { skip_hours: !ALL_HOURS, skip_days: !ALL_DAYS, every: None },
    ] {
        for hour in 0..7 * 24 {
            let asked = at(MONDAY + hour * HOUR);
            let plain = at(asked.unix() + 1800);
            assert_eq!(due(asked, &paced(1800, pace), 0, 0.0), plain);
        }
    }
}

#[test]
fn jitter_is_only_ever_later_and_spread_over_its_part() {
    let wishes = every(1800);
    let late = |luck| due(at(MONDAY), &wishes, luck, 0.1).unix() - MONDAY - 1800;
    let all: HashSet<_> = (0..5000).map(late).collect();
    assert_eq!((all.iter().min(), all.iter().max()), (Some(&0), Some(&180)));
    assert_eq!(all.len(), 181);
    assert_eq!(late(7), late(7));
    for (jitter, most) in [(0.0, 0), (-1.0, 0), (f64::NAN, 0), (1.0, 1800), (9.0, 1800)] {
        let late = (0..500).map(|luck| due(at(0), &wishes, luck, jitter).unix() - 1800);
        assert!(late.clone().all(|late| (0..=most).contains(&late)), "{jitter}");
        assert!(late.max() >= Some(most * 9 / 10), "{jitter}");
    }
}

#[test]
fn jitter_leads_neither_into_a_skipped_hour_nor_all_to_its_end() {
    let pace = Pace { skip_hours: 0b1010, ..Pace::default() };
    let all: HashSet<_> =
        (0..500).map(|luck| due(at(MONDAY + 2000), &paced(1800, pace), luck, 1.0)).collect();
    let hour = |it: &Timestamp| (it.unix() - MONDAY) / HOUR;
    assert!(all.iter().all(|it| hour(it) == 2), "{all:?}");
    assert!(all.len() > 100);
    // Half of the luck leads from this open hour into the skipped one after it.
    let late = |luck| due(at(MONDAY), &paced(2400, pace), luck, 1.0);
    let all: HashSet<_> = (0..500).map(|luck| hour(&late(luck))).collect();
    assert_eq!(all, HashSet::from([0, 2]));
}

#[test]
fn a_service_asks_at_once_what_is_overdue_or_unknown() {
    let (wishes, now) = (every(1800), at(MONDAY));
    let ask = |asked: i64| next(Some(at(asked)), now, &wishes, 0, 0.0).unix() - MONDAY;
    assert_eq!(next(None, now, &wishes, 5, 0.5), now);
    assert_eq!(ask(MONDAY - 1000), 800);
    assert_eq!(ask(MONDAY - 1800), 0);
    assert_eq!(ask(MONDAY - 50 * DAY), 0);
    assert_eq!(ask(MONDAY), 1800);
    assert_eq!(ask(MONDAY + 1), 0);
    // Overdue, but now is not the hour.
    let pace = Pace { skip_hours: 0b1, ..Pace::default() };
    let asked = Some(at(MONDAY - 50 * DAY));
    assert_eq!(next(asked, now, &paced(1800, pace), 0, 0.0), at(MONDAY + HOUR));
}

#[test]
fn what_was_never_asked_or_asked_in_the_future_is_due() {
    for asked in [None, Some(at(MONDAY + 1)), Some(at(END_OF_TIME))] {
        assert!(is_due(asked, at(MONDAY), &every(u64::MAX)), "{asked:?}");
    }
    assert!(!is_due(Some(at(MONDAY)), at(MONDAY), &every(1800)));
}

#[test]
fn nothing_overflows_at_either_end_of_time() {
    let start = -62_135_596_800;
    let pace =
        Pace { every: Some(Duration::MAX), skip_hours: ALL_HOURS - 1, skip_days: ALL_DAYS - 1 };
    for span in [Duration::ZERO, Duration::from_secs(3600), Duration::MAX] {
        for own_house in [false, true] {
            let wishes = Wishes { every: span, own_house, pace, fresh_for: Some(span) };
            for (asked, now) in [(start, start), (start, END_OF_TIME), (END_OF_TIME, END_OF_TIME)] {
                let (asked, now) = (at(asked), at(now));
                assert!(due(asked, &wishes, u64::MAX, 1.0) >= asked);
                assert!(next(Some(asked), now, &wishes, u64::MAX, 1.0) >= now);
                is_due(Some(asked), now, &wishes);
            }
        }
    }
    assert_eq!(due(at(0), &every(u64::MAX), 1, 1.0), at(END_OF_TIME));
}

#[test]
fn requests_to_other_peoples_hosts_are_spaced() {
    let all: HashSet<_> = (0..5000).map(|luck| spacing(false, luck)).collect();
    assert_eq!(all.iter().min(), Some(&(SPACING / 2)));
    assert_eq!(all.iter().max(), Some(&(SPACING * 3 / 2)));
    assert_eq!(all.len(), 101);
    assert!((0..100).all(|luck| spacing(true, luck).is_zero()));
}
