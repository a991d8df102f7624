//! `1h30m` to a duration and back.

use std::time::Duration;

/// Milliseconds of each unit, the largest first, as [`format_duration`] tries them.
const UNITS: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// An error quotes no more than this many characters.
const MAX_QUOTED: usize = 40;

/// `90s`, `15m`, `1h30m`, `7d`, `2w`, `500ms`; a bare `0` is none at all.
///
/// The error is for people: what is wrong, and what would be right.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = |what: &str| {
        let text: String = text.chars().take(MAX_QUOTED).flat_map(char::escape_debug).collect();
        Err(format!("`{text}` {what}: write durations like 90s, 15m, 1h30m or 7d"))
    };
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return wrong("is no duration");
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if number.is_empty() {
            return wrong("is no duration");
        }
        if unit.is_empty() {
            return wrong("lacks a unit");
        }
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return wrong("has an unknown unit");
        };
        let sum = number.parse::<u64>().ok().and_then(|n| n.checked_mul(*millis));
        match sum.and_then(|part| total.checked_add(part)) {
            Some(sum) => total = sum,
            None => return wrong("is too long"),
        }
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// The shortest text that [`parse_duration`] reads back; below a millisecond nothing is kept.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    // What is one whole number of a unit is said as it: `90s` and `24h` stay recognisable.
    let days = rest % 86_400_000 == 0 && rest > 86_400_000;
    if rest > 0 && !days && rest % 1_000 == 0 && rest < 120_000 {
        return format!("{}s", rest / 1_000);
    }
    let mut text = String::new();
    for (unit, millis) in UNITS {
        // Weeks only when nothing is left: nobody says 1w3d.
        if rest >= millis && (unit != "w" || rest % millis == 0) {
            text.push_str(&format!("{}{unit}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("90s", 90_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("500ms", 500),
            ("1h 30m", 5_400_000),
            ("0", 0),
            (" 10s ", 10_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_explained() {
        for (text, says) in [
            ("", "is no duration"),
            ("abc", "is no duration"),
            ("-5s", "is no duration"),
            ("15", "lacks a unit"),
            ("1h30", "lacks a unit"),
            ("5 parsecs", "lacks a unit"),
            ("5y", "unknown unit"),
            ("99999999999999999999s", "too long"),
            ("18446744073709551615d", "too long"),
            ("18446744073709551615ms1ms", "too long"),
        ] {
            let error = parse_duration(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_written_duration_is_read_back() {
        for (millis, text) in [
            (0, "0s"),
            (500, "500ms"),
            (1_500, "1s500ms"),
            (90_000, "90s"),
            (5_400_000, "1h30m"),
            (86_400_000, "1d"),
            (604_800_000, "1w"),
            (2_592_000_000, "30d"),
        ] {
            let duration = Duration::from_millis(millis);
            assert_eq!(format_duration(duration), text);
            assert_eq!(parse_duration(text), Ok(duration));
        }
        assert_eq!(
            parse_duration(&format_duration(Duration::MAX)),
            Ok(Duration::from_millis(u64::MAX))
        );
    }
}
