//! Times as people say them: one number, one unit.

use crate::time::Timestamp;

const UNITS: [(i64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];
/// No unit is used before there are so many of it: `90 min` says more than `1 h`.
const LEAST: i64 = 2;

/// How long ago that is: `12 min`. What lies ahead is the mark of a clock that went back, and now.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    span(now.unix().saturating_sub(at.unix()), false)
}

/// How far ahead that is: `in 18 min`, or `now`.
pub fn ahead(at: Timestamp, now: Timestamp) -> String {
    match at.unix().saturating_sub(now.unix()) {
        ..=0 => "now".into(),
        seconds => format!("in {}", span(seconds, true)),
    }
}

/// Rounded down, or `up`: who comes when we said must not come too early.
pub fn span(seconds: i64, up: bool) -> String {
    let seconds = seconds.max(0);
    let unit = UNITS.iter().find(|(length, _)| seconds >= LEAST * length);
    let Some((length, name)) = unit else { return format!("{seconds} s") };
    let count = seconds / length + i64::from(up && seconds % length > 0);
    format!("{count} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_number_and_a_unit_and_what_lies_ahead_is_rounded_up() {
        for (seconds, down, up) in [
            (-5, "0 s", "0 s"),
            (119, "119 s", "119 s"),
            (120, "2 min", "2 min"),
            (179, "2 min", "3 min"),
            (7_199, "119 min", "120 min"),
            (7_200, "2 h", "2 h"),
            (172_799, "47 h", "48 h"),
            (172_801, "2 d", "3 d"),
        ] {
            assert_eq!((&*span(seconds, false), &*span(seconds, true)), (down, up), "{seconds}");
        }
        let at = |unix| Timestamp::from_unix(unix).unwrap();
        assert_eq!((age(at(100), at(700)), age(at(700), at(100))), ("10 min".into(), "0 s".into()));
        assert_eq!(
            (ahead(at(700), at(99)), ahead(at(9), at(9))),
            ("in 11 min".into(), "now".into())
        );
    }
}
