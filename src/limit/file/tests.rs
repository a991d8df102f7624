use super::super::{Hold, KEEP_PASSED};
use super::*;
use crate::source::Window;

const HOUR: [Window; 1] = [Window { count: 5, per: Duration::from_secs(3600) }];

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The same boot and calendar, so long after its beginning.
fn moment(seconds: u64) -> Moment {
    let wall = Timestamp::from_unix(1_795_240_800 + seconds as i64).unwrap();
    Moment { wall, boot: 7, up: at(seconds) }
}

fn full() -> Limiter {
    let mut limiter = Limiter::default();
    limiter.take("newsapi:0123456789abcdef", &HOUR, at(1)).unwrap();
    limiter.take("newsapi:0123456789abcdef", &HOUR, at(2)).unwrap();
    limiter.reserve("guardian", &HOUR, 2, at(2));
    let said =
        crate::http::ServerLimit { limit: None, remaining: 3, reset: Some(at(90)), window: None };
    limiter.told("guardian", &said, &HOUR, at(3));
    limiter.hold("a.example", hold(60, HoldCause::Asked), at(3));
    limiter.hold("b.example", hold(60, HoldCause::Backoff), at(3));
    limiter
}

fn hold(until: u64, cause: HoldCause) -> Hold {
    let since = Timestamp::from_unix(1_795_240_000).unwrap();
    Hold { until: at(until), why: "it said \"later\"".into(), cause, count: 2, since }
}

fn damaged(bytes: &[u8]) -> bool {
    matches!(decode(bytes, at(5), moment(5)), Err(Unusable::Damaged(_)))
}

#[test]
fn a_file_cut_anywhere_or_with_any_bit_flipped_is_damaged() {
    let mut bytes = full().encode(at(4), moment(4));
    assert!(decode(&bytes, at(5), moment(5)).is_ok());
    for length in 0..bytes.len() {
        assert!(damaged(&bytes[..length]), "cut at {length}");
    }
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(damaged(&bytes), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for more in [&b" "[..], b"\n", b"\0", b"{}"] {
        assert!(damaged(&[&bytes, more].concat()), "{more:?}");
    }
}

#[test]
fn a_newer_file_is_known_as_such_however_it_is_sealed() {
    let newer = sealed(b"\"version\":2,\"and\":\"more\"}\n");
    assert_eq!(decode(&newer, at(0), moment(0)).unwrap_err(), Unusable::Newer(2));
    let other = br#"{"sha":"x","version":3}"#;
    assert_eq!(decode(other, at(0), moment(0)).unwrap_err(), Unusable::Newer(3));
    assert!(damaged(br#"{"version":1}"#));
    assert!(damaged(&sealed(b"\"version\":1}\n")));
}

#[test]
fn a_key_that_only_a_later_program_knows_is_skipped() {
    let bytes = full().encode(at(4), moment(4));
    let text = String::from_utf8(bytes).unwrap();
    let (_, body) = text.split_once(',').unwrap();
    let body = body.replacen("\"window_ms\"", "\"colour\":[1],\"window_ms\"", 1);
    let body = body.replacen("\"version\"", "\"weather\":{},\"version\"", 1);
    let limiter = decode(&sealed(body.as_bytes()), at(4), moment(4)).unwrap();
    assert_eq!(limiter.left("newsapi:0123456789abcdef", &HOUR[0], at(4)), 3);
}

#[test]
fn the_file_can_be_read_by_people() {
    let mut limiter = Limiter::default();
    limiter.take("a", &HOUR, at(1)).unwrap();
    limiter.hold("b.example", hold(60, HoldCause::Asked), at(3));
    let text = String::from_utf8(limiter.encode(at(4), moment(4))).unwrap();
    let (_, body) = text.split_once(',').unwrap();
    let expected = concat!(
        r#""version":1,"saved":"2026-11-21T06:00:04Z","boot":7,"up_ms":4000,"#,
        r#""blind_ms_ago":null,"accounts":{"a":{"window_ms":3600000,"reserved":0,"#,
        r#""departed":[[3000,1,0]],"told":[],"freed":null}},"holds":{"b.example":"#,
        r#"{"left_ms":56000,"asked":true,"count":2,"since":"2026-11-21T05:46:40Z","#,
        r#""why":"it said \"later\""}}}"#,
        "\n"
    );
    assert_eq!(body, expected);
}

#[test]
fn ages_grow_by_the_time_that_has_passed_and_by_none_when_no_clock_can_tell() {
    let bytes = full().encode(at(4), moment(4));
    let account = "newsapi:0123456789abcdef";
    let loaded = decode(&bytes, at(0), moment(1004)).unwrap();
    // Departed 1003 and 1002 seconds ago, one millisecond of doubt.
    assert_eq!(loaded.left(account, &HOUR[0], Duration::from_millis(2_597_001)), 4);
    assert_eq!(loaded.left(account, &HOUR[0], Duration::from_millis(2_597_000)), 3);
    let other_boot = Moment { boot: 8, ..moment(1004) };
    let loaded = decode(&bytes, at(0), other_boot).unwrap();
    // One second of doubt.
    assert_eq!(loaded.left(account, &HOUR[0], at(2598)), 4);
    assert_eq!(loaded.left(account, &HOUR[0], at(2597)), 3);
    let year_1970 = Moment { wall: Timestamp::EPOCH, ..other_boot };
    let mut loaded = decode(&bytes, at(0), year_1970).unwrap();
    assert!(loaded.changed(), "the next process must begin from here");
    assert_eq!(loaded.left(account, &HOUR[0], at(3596)), 3);
    assert_eq!(loaded.left(account, &HOUR[0], at(3597)), 4);
    loaded.saved();
    assert!(!loaded.changed());
}

#[test]
fn what_was_set_aside_and_not_settled_counts_as_spent_when_it_is_loaded() {
    let bytes = full().encode(at(4), moment(4));
    let loaded = decode(&bytes, at(0), moment(1004)).unwrap();
    assert!(loaded.changed(), "or it would count anew each time");
    assert_eq!(loaded.left("guardian", &HOUR[0], at(3599)), 3);
    assert_eq!(loaded.left("guardian", &HOUR[0], at(3600)), 5);
    let soon = decode(&bytes, at(0), moment(4)).unwrap();
    assert_eq!(soon.left("guardian", &HOUR[0], at(10)), 1, "the server left 3, 2 of them spent");
}

#[test]
fn a_hold_goes_on_in_the_next_process_and_when_no_clock_can_tell_only_what_was_asked_does() {
    let bytes = full().encode(at(4), moment(4));
    let holds = |limiter: &Limiter, seconds| {
        ["a.example", "b.example"].map(|scope| limiter.held(scope, at(seconds)).is_some())
    };
    let loaded = decode(&bytes, at(0), moment(24)).unwrap();
    assert_eq!(holds(&loaded, 35), [true, true]);
    assert_eq!(holds(&loaded, 37), [false, false]);
    let unknown = Moment { wall: Timestamp::EPOCH, boot: 8, up: at(1) };
    let loaded = decode(&bytes, at(0), unknown).unwrap();
    assert_eq!(holds(&loaded, 55), [true, false]);
    assert_eq!(holds(&loaded, 56), [false, false]);
    assert_eq!(loaded.hold_of("b.example").unwrap().count, 2, "the failures still count");
    assert_eq!(loaded.hold_of("a.example").unwrap().why, "it said \"later\"");
}

#[test]
fn blindness_goes_on_in_the_next_process_until_the_longest_window_has_passed() {
    let blind = Limiter::blind(at(10));
    assert!(blind.changed());
    let bytes = blind.encode(at(10), moment(10));
    let loaded = decode(&bytes, at(0), moment(1010)).unwrap();
    assert_eq!(loaded.left("a", &HOUR[0], at(2600)), 0);
    assert_eq!(loaded.left("a", &HOUR[0], at(2601)), 5);
    let end = at(10) + BLIND_FOR;
    let still = |now| String::from_utf8(blind.encode(now, moment(0))).unwrap();
    assert!(!still(end - at(1)).contains("\"blind_ms_ago\":null"));
    assert!(still(end).contains("\"blind_ms_ago\":null"));
}

#[test]
fn a_hold_that_passed_long_ago_is_forgotten() {
    let limiter = full();
    let kept = at(60) + KEEP_PASSED;
    let has = |now| limiter.encode(now, moment(0)).windows(9).any(|w| w == b"a.example");
    assert!(has(kept - at(1)));
    assert!(!has(kept));
}
