//! A tolerant reader of dates: RFC 3339 and RFC 822 at once, everything else word by word.

use super::{Timestamp, calendar, words};

/// No date that was ever seen is longer than this many bytes, comments included.
const MAX_DATE: usize = 120;

/// Years of two digits from here on are in the last century: there were no feeds before.
const FIRST_YEAR: i64 = 90;

/// Any date a feed or an API was ever seen to carry: RFC 3339 and 9557, RFC 822 to 5322 with
/// their sloppy relatives, W3C-DTF, ISO 8601, asctime, unix time, and some languages' own.
///
/// Without a zone, or with an unknown one, a date is in UTC. `None` if it is not a date or not
/// within the years 1 to 9999.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_DATE {
        return None;
    }
    let bytes = text.as_bytes();
    internet_date(bytes)
        .or_else(|| mail_date(bytes))
        .or_else(|| digits_only(text))
        .or_else(|| Reader::new(text).read())
}

/// RFC 3339, the fast way.
fn internet_date(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, zone) = rest.split_at_checked(9)?;
    if !(date[4] == b'-' && date[7] == b'-' && matches!(time[0], b'T' | b' ' | b't')) {
        return None;
    }
    let date = [number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?];
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
    calendar::instant(date, time, offset(zone)?)
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
    calendar::instant([number(&[y1, y2, y3, y4])?, month, day], clock(time)?, offset(zone)?)
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
        (4, true) => calendar::instant([century(at(0, 2)?, 2), at(2, 4)?, 1], midnight, 0),
        (_, true) => None,
        (4, _) => calendar::instant([value, 1, 1], midnight, 0),
        (6, _) => calendar::instant([century(at(0, 2)?, 2), at(2, 4)?, at(4, 6)?], midnight, 0),
        (8, _) => calendar::instant([at(0, 4)?, at(4, 6)?, at(6, 8)?], midnight, 0),
        // Unix time: seconds (from 1973 to 5138), milliseconds.
        (9..=11, _) => Timestamp::from_unix(value),
        (13, _) => Timestamp::from_unix(value / 1000),
        (12 | 14, _) => {
            let second = if digits.len() == 14 { at(12, 14)? } else { 0 };
            let date = [at(0, 4)?, at(4, 6)?, at(6, 8)?];
            calendar::instant(date, [at(8, 10)?, at(10, 12)?, second], 0)
        }
        _ => None,
    }
}

/// Years of one or two digits, made whole.
fn century(year: i64, digits: usize) -> i64 {
    match (digits, year) {
        (1 | 2, FIRST_YEAR..) => 1900 + year,
        (1 | 2, _) => 2000 + year,
        _ => year,
    }
}

/// A number in a date that is not part of its time: value, digits, and what stood before it.
#[derive(Clone, Copy, Default)]
struct Part {
    value: i64,
    digits: usize,
    before: char,
}

/// What has been understood of a date so far.
struct Reader<'a> {
    rest: &'a str,
    parts: [Part; 3],
    count: usize,
    month: Option<i64>,
    /// The month was said as `mar`, which may be a French Tuesday.
    tuesday: bool,
    time: Option<[i64; 3]>,
    afternoon: Option<bool>,
    offset: Option<i64>,
    /// Where the date was written, if its language says so.
    home: i64,
    names: usize,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a str) -> Reader<'a> {
        Reader {
            rest,
            parts: [Part::default(); 3],
            count: 0,
            month: None,
            tuesday: false,
            time: None,
            afternoon: None,
            offset: None,
            home: 0,
            names: 0,
        }
    }

    fn read(mut self) -> Option<Timestamp> {
        let mut before = ' ';
        while let Some(next) = self.rest.chars().next() {
            let start = self.rest;
            match next {
                '0'..='9' => self.number(before)?,
                '(' => self.comment(),
                // RFC 9557 §4: what follows a time in brackets names what the offset told.
                '[' if self.time.is_some() => break,
                '+' | '-' | '\u{2212}' if self.signs_offset(next, before) => self.offset(next)?,
                '-' | '/' | '.' | ',' | ';' | '\'' | '|' | '\u{2013}' => self.skip(next),
                _ if next.is_whitespace() => self.skip(next),
                _ if next.is_alphabetic() => self.word(before)?,
                _ => return None,
            }
            let read = &start[..start.len() - self.rest.len()];
            before = read.chars().next_back().unwrap_or(' ');
        }
        self.instant()
    }

    fn skip(&mut self, next: char) {
        self.rest = &self.rest[next.len_utf8()..];
    }

    /// Digits, cut off the rest: value and how many; `None` for none or far too many.
    fn digits(&mut self) -> Option<(i64, usize)> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        if !(1..=9).contains(&end) {
            return None;
        }
        Some((number(digits.as_bytes())?, end))
    }

    fn number(&mut self, before: char) -> Option<()> {
        let (value, digits) = self.digits()?;
        if self.time.is_none() && digits <= 2 && self.rest.starts_with(':') {
            return self.time(value);
        }
        let dated = self.count + usize::from(self.month.is_some()) == 3;
        if self.time.is_none() && dated && (before.eq_ignore_ascii_case(&'t') || digits == 4) {
            self.time = Some(match digits {
                2 => [value, 0, 0],
                4 => [value / 100, value % 100, 0],
                6 => [value / 10_000, value / 100 % 100, value % 100],
                _ => return None,
            });
            self.fraction();
            return Some(());
        }
        if digits == 8 && self.count == 0 && self.month.is_none() {
            for (value, digits) in [(value / 10_000, 4), (value / 100 % 100, 2), (value % 100, 2)] {
                self.part(Part { value, digits, before: '-' })?;
            }
            return Some(());
        }
        self.part(Part { value, digits, before })
    }

    fn part(&mut self, part: Part) -> Option<()> {
        *self.parts.get_mut(self.count)? = part;
        self.count += 1;
        Some(())
    }

    /// The rest of a time, from the first colon on.
    fn time(&mut self, hour: i64) -> Option<()> {
        let mut time = [hour, 0, 0];
        for (index, field) in time.iter_mut().enumerate().skip(1) {
            if index == 2 && !self.rest.starts_with(':') {
                break;
            }
            self.skip(':');
            let (value, digits) = self.digits()?;
            if digits > 2 {
                return None;
            }
            *field = value;
        }
        self.time = Some(time);
        self.fraction();
        Some(())
    }

    fn fraction(&mut self) {
        if let Some(rest) = self.rest.strip_prefix(['.', ',']) {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            if rest.len() + 1 < self.rest.len() {
                self.rest = rest;
            }
        }
    }

    /// Nested comments do not matter: no date goes on after one.
    fn comment(&mut self) {
        let end = self.rest.find(')').map_or(self.rest.len(), |at| at + 1);
        self.rest = &self.rest[end..];
    }

    /// Whether a sign begins an offset: after a time, or glued to a whole date (XML Schema).
    fn signs_offset(&self, sign: char, before: char) -> bool {
        let after = &self.rest[sign.len_utf8()..];
        if !after.starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let colon = after.as_bytes().get(2) == Some(&b':');
        self.time.is_some() || (self.count == 3 && colon && before.is_ascii_digit())
    }

    /// `+1`, `+01`, `+0100`, `+01:00`.
    fn offset(&mut self, sign: char) -> Option<()> {
        self.skip(sign);
        let (value, digits) = self.digits()?;
        let (hours, mut minutes) = if digits > 2 { (value / 100, value % 100) } else { (value, 0) };
        if digits > 4 {
            return None;
        }
        if let (true, Some(rest)) = (digits <= 2, self.rest.strip_prefix(':')) {
            self.rest = rest;
            minutes = self.digits()?.0;
        }
        // Only a zone's name may stand before: `GMT+1`.
        self.offset = Some(east(sign != '+', hours, minutes)?);
        Some(())
    }

    fn word(&mut self, before: char) -> Option<()> {
        let end = self.rest.find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let word = word.to_lowercase();
        if self.half_of_day(&word) {
            return Some(());
        }
        if self.time.is_some() && self.month.is_some() | (self.count == 3) {
            return self.zone(&word, before);
        }
        if self.month.is_none() || self.tuesday {
            if let Some(month) = words::month(&word) {
                self.tuesday = word == "mar" && self.count == 0;
                self.month = Some(month);
                return Some(());
            }
        }
        if words::filler(&word) && (self.count > 0 || self.month.is_some()) {
            // `T` before a basic time.
            return Some(());
        }
        if word == "일" {
            self.home = 9 * 3600;
            return Some(());
        }
        // The weekday, which may be wrong and in any language, and goes before all else.
        self.names += 1;
        (self.count == 0 && self.month.is_none() && self.names <= 1).then_some(())
    }

    /// `am`, `p.m.`, `오후`.
    fn half_of_day(&mut self, word: &str) -> bool {
        let afternoon = match word {
            "am" => false,
            "pm" => true,
            "오전" | "오후" => {
                self.home = 9 * 3600;
                word == "오후"
            }
            "a" | "p" if self.rest.get(..2).is_some_and(|m| m.eq_ignore_ascii_case(".m")) => {
                self.rest = self.rest[2..].trim_start_matches('.');
                word == "p"
            }
            _ => return false,
        };
        self.afternoon = Some(afternoon);
        true
    }

    /// A zone's name after the time: `EST`, `Etc/GMT`, `America/Los_Angeles`.
    fn zone(&mut self, word: &str, before: char) -> Option<()> {
        if self.offset.is_some() {
            // `+0000 UTC` says it twice, `-05:00Z` by mistake, `-06:00Textra` is no date.
            return (!before.is_ascii_digit() || word == "z").then_some(());
        }
        if self.rest.starts_with('/') {
            self.rest = self.rest.trim_start_matches(|c: char| !c.is_whitespace());
        }
        self.offset = Some(words::zone(word));
        Some(())
    }

    fn instant(self) -> Option<Timestamp> {
        let date = self.date()?;
        let mut time = self.time.unwrap_or_default();
        match self.afternoon {
            Some(true) if time[0] < 12 => time[0] += 12,
            Some(false) if time[0] == 12 => time[0] = 0,
            _ => {}
        }
        calendar::instant(date, time, self.offset.unwrap_or(self.home))
    }

    /// Which number is which.
    fn date(&self) -> Option<[i64; 3]> {
        let [a, b, c] = self.parts;
        let (year, month, day) = match (self.month, self.count) {
            (Some(month), 1) if a.digits == 4 => (a, month, 1),
            (Some(month), 2) if a.digits > 2 || a.value > 31 => (a, month, b.value),
            (Some(month), 2) => (b, month, a.value),
            (None, 2) if a.digits == 4 && b.digits == 3 => {
                let (month, day) = calendar::of_ordinal(a.value, b.value)?;
                (a, month, day)
            }
            (None, 2) if a.digits == 4 => (a, b.value, 1),
            (None, 3) if a.digits == 4 => (a, b.value, c.value),
            // `30.10.23` is European, `10/30/23` American unless it cannot be.
            (None, 3) if b.before == '.' => (c, b.value, a.value),
            (None, 3) if b.before == '/' && a.value > 12 => (c, b.value, a.value),
            (None, 3) if b.before == '/' => (c, a.value, b.value),
            (None, 3) if c.digits == 4 => (c, b.value, a.value),
            (None, 3) => (a, b.value, c.value),
            _ => return None,
        };
        let whole = matches!(year.digits, 1 | 2 | 4);
        whole.then(|| [century(year.value, year.digits), month, day])
    }
}

#[cfg(test)]
mod tests;
