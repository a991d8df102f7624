//! Dates: RFC 3339, RFC 822 and bare digits at once, everything else word by word.

use jiff::civil::{Date, DateTime, Time};

use super::Timestamp;

mod reader;

use reader::Reader;

/// No date that was ever seen is longer than this many bytes, comments included.
const MAX_DATE: usize = 200;

/// Years of two digits from here on are in the last century: there were no feeds before.
const FIRST_YEAR: i64 = 90;

/// The same for headers: `Expires: Thu, 01-Jan-70 00:00:00 GMT` has long passed. RFC 9110 §5.6.7 says the same of dates
/// more than 50 years ahead.
const FIRST_YEAR_OF_HTTP: i64 = 70;

/// Any date a feed or an API was ever seen to carry: RFC 3339 and 9557, RFC 822 to 5322 with
/// their sloppy relatives, W3C-DTF, ISO 8601, asctime, unix time, and some languages' own.
///
/// Without a zone, or with an unknown one, a date is in UTC. `None` if it is not a date, or the zero of some system, which
/// means that there is no date: a year before 2 (Go, .NET, PHP), exactly 1970-01-01T00:00:00Z (Unix), 1899-12-30 (OLE).
pub fn parse_date(text: &str) -> Option<Timestamp> {
    weigh_date(text).map(|(date, _)| date)
}

/// As [`parse_date`], and whether any standard has dates written so. `2003-07-01 T 01:55` can be
/// read, but who writes that may get more wrong than the spaces.
pub fn weigh_date(text: &str) -> Option<(Timestamp, bool)> {
    weigh(text, FIRST_YEAR).filter(|(date, _)| *date != Timestamp::EPOCH)
}

/// A date and time of day of a header field, in the three forms of RFC 9110 §5.6.7 or any other that feeds have: servers
/// send `UTC`, `+0000`, `21-Nov-2026` and wrong days of the week. Digits alone may be a year to a feed, not here.
pub fn parse_header_date(text: &str) -> Option<Timestamp> {
    let date = text.contains(':').then(|| weigh(text, FIRST_YEAR_OF_HTTP))??;
    Some(date.0)
}

fn weigh(text: &str, first_year: i64) -> Option<(Timestamp, bool)> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_DATE {
        return None;
    }
    let bytes = text.as_bytes();
    if let Some(date) = internet_date(bytes).or_else(|| mail_date(bytes)) {
        return Some((date, true));
    }
    let date = digits_only(text).or_else(|| Reader::new(text, first_year).read())?;
    Some((date, is_standard(text)))
}

/// Whether a date with a month's name in it, or in a form of ISO 8601: basic or extended, but not
/// half of each. A space for the `T` is RFC 3339's.
fn is_standard(text: &str) -> bool {
    let named = |b: u8| b >= 0x80 || b.is_ascii_alphabetic() && !b"TtZz".contains(&b);
    if text.bytes().any(named) {
        return true;
    }
    let (day, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, ""));
    let zone = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = time.split_once(['.', ',']).unwrap_or((time, "0"));
    let form = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
    };
    let whole = match form(day).as_str() {
        "0000-00-00" => matches!(form(time).as_str(), "" | "00:00" | "00:00:00"),
        "00000000" => matches!(form(time).as_str(), "" | "0000" | "000000"),
        "0000" | "0000-00" => time.is_empty(),
        _ => false,
    };
    let zoned =
        matches!(form(zone).as_str(), "" | "Z" | "z" | "+00:00" | "-00:00" | "+0000" | "-0000");
    whole && zoned && !fraction.is_empty() && form(fraction).trim_matches('0').is_empty()
}

/// RFC 3339, the fast way. The 31st of a month of 30 days is the first of the next: other readers of feeds take it for that
/// in this form, and in no other.
pub(super) fn internet_date(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, zone) = rest.split_at_checked(9)?;
    if !(date[4] == b'-' && date[7] == b'-' && matches!(time[0], b'T' | b' ' | b't')) {
        return None;
    }
    let date = match [number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?] {
        [year, month @ (4 | 6 | 9 | 11), 31] => [year, month + 1, 1],
        date => date,
    };
    let time = clock(&time[1..])?;
    let zone = match zone {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            &fraction[digits..]
        }
        zone => zone,
    };
    instant(date, time, offset(zone)?)
}

/// RFC 822 as nearly everybody writes it, the fast way.
fn mail_date(text: &[u8]) -> Option<Timestamp> {
    let text = match text {
        [_, _, _, b',', b' ', rest @ ..] => rest,
        text => text,
    };
    let (day, rest) = match text {
        [a, b' ', rest @ ..] => (number(&[*a])?, rest),
        [a, b, b' ', rest @ ..] => (number(&[*a, *b])?, rest),
        _ => return None,
    };
    let (head, rest) = rest.split_at_checked(9)?;
    let (time, zone) = rest.split_at_checked(8)?;
    let [m1, m2, m3, b' ', y1, y2, y3, y4, b' '] = *head else { return None };
    let month = match [m1, m2, m3] {
        [b'J', b'a', b'n'] => 1,
        [b'F', b'e', b'b'] => 2,
        [b'M', b'a', b'r'] => 3,
        [b'A', b'p', b'r'] => 4,
        [b'M', b'a', b'y'] => 5,
        [b'J', b'u', b'n'] => 6,
        [b'J', b'u', b'l'] => 7,
        [b'A', b'u', b'g'] => 8,
        [b'S', b'e', b'p'] => 9,
        [b'O', b'c', b't'] => 10,
        [b'N', b'o', b'v'] => 11,
        [b'D', b'e', b'c'] => 12,
        _ => return None,
    };
    let [b' ', zone @ ..] = zone else { return None };
    instant([number(&[y1, y2, y3, y4])?, month, day], clock(time)?, offset(zone)?)
}

/// The instant of a date and a time of day, `offset` seconds east of Greenwich.
fn instant(date: [i64; 3], time: [i64; 3], offset: i64) -> Option<Timestamp> {
    Timestamp::from_civil(civil(date, time)?, offset)
}

/// The day zero of OLE Automation, and so of spreadsheets and Delphi.
const OLE_ZERO: Date = Date::constant(1899, 12, 30);

/// A leap second is the second before it; 24:00:00 is the next day's midnight. `None` for days that are the zero of some
/// system, as they are written: their zone does not matter.
fn civil([year, month, day]: [i64; 3], time: [i64; 3]) -> Option<DateTime> {
    let year = i16::try_from(year).ok().filter(|year| *year > 1)?;
    let date = Date::new(year, small(month)?, small(day)?).ok().filter(|date| *date != OLE_ZERO)?;
    let [hour, minute, second] = match time {
        [24, 0, 0] => return Some(date.tomorrow().ok()?.to_datetime(Time::midnight())),
        [hour, minute, 60] => [hour, minute, 59],
        time => time,
    };
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some(date.to_datetime(time))
}

fn small(number: i64) -> Option<i8> {
    i8::try_from(number).ok()
}

/// `HH:MM:SS`.
fn clock(text: &[u8]) -> Option<[i64; 3]> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *text else { return None };
    Some([number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?])
}

/// The offsets that well-made dates have.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match *text {
        [b'Z' | b'z'] => return Some(0),
        [b'G', b'M', b'T'] | [b'U', b'T', b'C'] => return Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => (sign, [h1, h2], [m1, m2]),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] => (sign, [h1, h2], [m1, m2]),
        _ => return None,
    };
    east(sign == b'-', number(&hours)?, number(&minutes)?)
}

/// Seconds east of Greenwich.
fn east(west: bool, hours: i64, minutes: i64) -> Option<i64> {
    let seconds = hours * 3600 + minutes * 60;
    (hours < 24 && minutes < 60).then_some(if west { -seconds } else { seconds })
}

/// A number of digits only.
fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Dates without any separator: by their length a year, a day, an instant.
fn digits_only(text: &str) -> Option<Timestamp> {
    // ISO 8601:1988 §5.2.1.3: `-YYMM`.
    let (month, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let value = number(digits.as_bytes().get(..digits.len().min(18))?)?;
    let at = |from: usize, to: usize| number(&digits.as_bytes()[from..to]);
    let midnight = [0; 3];
    match (digits.len(), month) {
        (4, true) => instant([century(at(0, 2)?, 2, FIRST_YEAR), at(2, 4)?, 1], midnight, 0),
        (_, true) => None,
        (4, _) => instant([value, 1, 1], midnight, 0),
        (6, _) => instant([century(at(0, 2)?, 2, FIRST_YEAR), at(2, 4)?, at(4, 6)?], midnight, 0),
        (8, _) => instant([at(0, 4)?, at(4, 6)?, at(6, 8)?], midnight, 0),
        // Unix time: seconds (from 1973 to 5138), milliseconds.
        (9..=11, _) => Timestamp::from_unix(value),
        (13, _) => Timestamp::from_unix(value / 1000),
        (12 | 14, _) => {
            let second = if digits.len() == 14 { at(12, 14)? } else { 0 };
            let date = [at(0, 4)?, at(4, 6)?, at(6, 8)?];
            instant(date, [at(8, 10)?, at(10, 12)?, second], 0)
        }
        _ => None,
    }
}

/// Years of one or two digits, made whole.
fn century(year: i64, digits: usize, first_year: i64) -> i64 {
    match digits {
        1 | 2 if year >= first_year => 1900 + year,
        1 | 2 => 2000 + year,
        _ => year,
    }
}
#[cfg(test)]
mod tests;
