//! A tolerant reader of dates, word by word.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::{Timestamp, words};
use super::{century, civil, east, instant, number};

/// A number in a date that is not part of its time: value, digits, and what stood before it.
#[derive(Clone, Copy, Default)]
struct Part {
    value: i64,
    digits: usize,
    before: char,
}

/// No name of a day has more words than this: `Thứ Bảy`, `segunda-feira`.
const MAX_DAY_WORDS: usize = 3;

/// What has been understood of a date so far.
pub(super) struct Reader<'a> {
    rest: &'a str,
    /// Years of two digits from here on are in the last century.
    first_year: i64,
    parts: [Part; 3],
    count: usize,
    month: Option<i64>,
    /// The month was told before any number: in another language it may be a day, as `mar` is a Tuesday in French.
    early: bool,
    time: Option<[i64; 3]>,
    afternoon: Option<bool>,
    offset: Option<i64>,
    /// The rules of the place that the zone is named by, as POSIX has them.
    place: Option<&'static str>,
    /// Where the date was written, if its language says so.
    home: i64,
    names: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a str, first_year: i64) -> Reader<'a> {
        Reader {
            rest,
            first_year,
            parts: [Part::default(); 3],
            count: 0,
            month: None,
            early: false,
            time: None,
            afternoon: None,
            offset: None,
            place: None,
            home: 0,
            names: 0,
        }
    }

    pub(super) fn read(mut self) -> Option<Timestamp> {
        let mut before = ' ';
        while let Some(next) = self.rest.chars().next() {
            let start = self.rest;
            match next {
                '0'..='9' => self.number(before)?,
                '(' => self.comment(),
                // RFC 9557 §4: what follows a time in brackets names what the offset told.
                '[' if self.time.is_some() => break,
                '+' | '-' | '\u{2212}' if self.signs_offset(next, before) => self.offset(next)?,
                '-' | '\u{2212}' if self.signs_year(next, before) => return None,
                '-' | '/' | '.' | ',' | ';' | '\'' | '|' | '\u{2013}' => self.skip(next),
                // Commas of other scripts, and marks of the direction of writing.
                '·' | '،' | '؛' | '，' | '、' | '\u{200e}' | '\u{200f}' => self.skip(next),
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
        let dated = self.count + usize::from(self.month.is_some()) == 3;
        // `06:00`, and behind a date `06.00`.
        let sign = self.rest.chars().next().filter(|sign| *sign == ':' || *sign == '.' && dated);
        if let Some(sign) = sign.filter(|_| self.time.is_none() && digits <= 2) {
            return self.time(value, sign);
        }
        if self.time.is_none()
            && dated
            && (before.eq_ignore_ascii_case(&'t') || digits == 4 && !"/.-".contains(before))
        {
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

    /// The rest of a time, from the first sign between its numbers on.
    fn time(&mut self, hour: i64, sign: char) -> Option<()> {
        let mut time = [hour, 0, 0];
        for (index, field) in time.iter_mut().enumerate().skip(1) {
            if index == 2 && !self.rest.starts_with(sign) {
                break;
            }
            self.skip(sign);
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

    /// Whether a sign makes a year one before year 0: `Wed, 30 Nov -0001`, `-0001-11-30`.
    fn signs_year(&self, sign: char, before: char) -> bool {
        let after = &self.rest[sign.len_utf8()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        before.is_whitespace() && digits > 2
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
        let text = self.rest;
        let (word, rest) = text.split_at(words::word_end(text));
        self.rest = rest;
        let word = word.to_lowercase();
        if self.half_of_day(&word) {
            return Some(());
        }
        if self.time.is_some() && self.month.is_some() | (self.count == 3) {
            return self.zone(&word, before);
        }
        if word == "일" {
            self.home = 9 * 3600;
            return Some(());
        }
        let wanted = self.month.is_none() || self.early;
        if let Some(month) = words::month(&word).filter(|_| wanted) {
            self.name(month);
            return Some(());
        }
        // `Fri` is a month in Sicilian, but not where days stand.
        if self.count > 0 || !words::weekday(&word) {
            match words::name(text) {
                Some((month, end)) if month == 0 || wanted => {
                    self.rest = &text[end..];
                    if month > 0 {
                        self.name(month);
                    }
                    return Some(());
                }
                _ => {}
            }
            if let Some(month) = words::cut_name(&word).filter(|_| wanted && self.count > 0) {
                self.name(month);
                return Some(());
            }
        }
        // The weekday, which may be wrong and in any language, and goes before all else or behind the year.
        self.names += 1;
        let first = self.count == 0 && self.month.is_none();
        let last = self.count == 2 && self.month.is_some();
        ((first || last) && self.names <= MAX_DAY_WORDS).then_some(())
    }

    /// The month is told.
    fn name(&mut self, month: i64) {
        self.month = Some(month);
        self.early = self.count == 0;
    }

    /// `am`, `p.m.`, `오후`.
    fn half_of_day(&mut self, word: &str) -> bool {
        let afternoon = match word {
            // Before a time they are names in Scottish Gaelic and Mundang.
            "am" | "pm" if self.time.is_some() => word == "pm",
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
            let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
            let (city, rest) = self.rest.split_at(end);
            self.rest = rest;
            self.place = words::place(&format!("{word}{city}"));
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
        match self.place {
            Some(rules) => {
                let at = TimeZone::posix(rules).ok()?.to_timestamp(civil(date, time)?).ok()?;
                Timestamp::from_unix(at.as_second())
            }
            None => instant(date, time, self.offset.unwrap_or(self.home)),
        }
    }

    /// Which number is which.
    fn date(&self) -> Option<[i64; 3]> {
        let [a, b, c] = self.parts;
        let month = self.month.filter(|_| !(self.early && self.count == 3));
        let (year, month, day) = match (month, self.count) {
            (Some(month), 1) if a.digits == 4 => (a, month, 1),
            (Some(month), 2) if a.digits > 2 || a.value > 31 => (a, month, b.value),
            (Some(month), 2) => (b, month, a.value),
            (None, 2) if a.digits == 4 && b.digits == 3 => {
                let year = Date::new(i16::try_from(a.value).ok()?, 1, 1).ok()?;
                let date = year.with().day_of_year(i16::try_from(b.value).ok()?).build().ok()?;
                (a, date.month().into(), date.day().into())
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
        whole.then(|| [century(year.value, year.digits, self.first_year), month, day])
    }
}
