//! The words in dates: months, zones, and what may be passed over.

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Names of months in the languages of Unicode CLDR, and words that say nothing within a date, sorted by their bytes: in each
/// line a name, a tab and the month, 0 for a word that says nothing. Made by `contrib/months`, which also says what
/// becomes of names with several meanings.
const NAMES: &str = include_str!("months.txt");

/// No name of a month has more words than this.
const MAX_WORDS: usize = 8;

/// The month that a lower-case word names in English, from 1; it may be cut after three letters.
pub(super) fn month(word: &str) -> Option<i64> {
    word.chars().nth(2)?;
    MONTHS.iter().position(|name| name.starts_with(word)).map(|index| index as i64 + 1)
}

/// Whether it is a day of the week in English, which may be a month elsewhere.
pub(super) fn weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() > 2 && DAYS.iter().any(|day| day.starts_with(word))
}

/// The longest name that a text begins with in any language: its month, 0 for a word that says nothing, and where it ends.
pub(super) fn name(text: &str) -> Option<(i64, usize)> {
    let mut ends = [0; MAX_WORDS];
    let mut known = 0;
    for end in &mut ends {
        let rest = &text[known..];
        let begin =
            rest.find(|c: char| !c.is_whitespace() && !".'-".contains(c)).unwrap_or(rest.len());
        *end = known + begin + word_end(&rest[begin..]);
        known = *end;
    }
    ends.into_iter().rev().find_map(|end| {
        let name = text[..end].to_lowercase();
        let (found, month) = entry(from(&name))?;
        (found == name).then_some((month, end))
    })
}

/// The month that a lower-case word names in any language if it was cut, from 1; `None` if it may be several.
pub(super) fn cut_name(word: &str) -> Option<i64> {
    word.chars().nth(2)?;
    let lines = from(word).lines().map_while(entry);
    let mut months = lines.take_while(|(name, _)| name.starts_with(word)).map(|(_, month)| month);
    let first = months.next().filter(|month| *month > 0)?;
    months.all(|month| month == first).then_some(first)
}

/// The lines of [`NAMES`] from the first name on that does not stand before this one.
fn from(name: &str) -> &'static str {
    let (mut low, mut high) = (0, NAMES.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let before = NAMES.as_bytes()[low..middle].iter().rposition(|byte| *byte == b'\n');
        let begin = before.map_or(low, |at| low + at + 1);
        match entry(&NAMES[begin..]) {
            Some((found, _)) if found < name => {
                let line = NAMES.as_bytes()[begin..].iter().position(|byte| *byte == b'\n');
                low = line.map_or(high, |at| begin + at + 1);
            }
            _ => high = begin,
        }
    }
    &NAMES[low..]
}

/// The first of some lines.
fn entry(lines: &str) -> Option<(&str, i64)> {
    let (name, month) = lines.lines().next()?.split_once('\t')?;
    Some((name, month.parse().ok()?))
}

/// Where the word ends that a text begins with. Marks are part of it: many scripts write vowels so.
pub(super) fn word_end(text: &str) -> usize {
    let mark = |c: char| {
        let punctuation = "\u{2013}\u{2014}\u{2212}،؛，、\u{200e}\u{200f}".contains(c);
        c >= '\u{300}' && !c.is_whitespace() && !c.is_numeric() && !punctuation
    };
    text.find(|c: char| !c.is_alphabetic() && !mark(c)).unwrap_or(text.len())
}

/// Zones in quarters of an hour east of Greenwich. Where an abbreviation has several meanings,
/// RFC 822 §5 goes first, then what news comes from. `ET` and its like say nothing of summer.
const ZONES: [(&str, i8); 58] = [
    ("est", -20),
    ("edt", -16),
    ("et", -20),
    ("cst", -24),
    ("cdt", -20),
    ("ct", -24),
    ("mst", -28),
    ("mdt", -24),
    ("mt", -28),
    ("pst", -32),
    ("pdt", -28),
    ("pt", -32),
    ("ast", -16),
    ("adt", -12),
    ("at", -16),
    ("nst", -14),
    ("ndt", -10),
    ("akst", -36),
    ("akdt", -32),
    ("hst", -40),
    ("brt", -12),
    ("brst", -8),
    ("art", -12),
    ("clt", -16),
    ("clst", -12),
    ("bst", 4),
    ("ist", 22),
    ("wet", 0),
    ("west", 4),
    ("cet", 4),
    ("cest", 8),
    ("met", 4),
    ("mest", 8),
    ("mez", 4),
    ("mesz", 8),
    ("eet", 8),
    ("eest", 12),
    ("sast", 8),
    ("cat", 8),
    ("eat", 12),
    ("wat", 4),
    ("msk", 12),
    ("msd", 16),
    ("trt", 12),
    ("gst", 16),
    ("pkt", 20),
    ("ict", 28),
    ("wib", 28),
    ("sgt", 32),
    ("hkt", 32),
    ("awst", 32),
    ("jst", 36),
    ("kst", 36),
    ("acst", 38),
    ("aest", 40),
    ("aedt", 44),
    ("nzst", 48),
    ("nzdt", 52),
];

/// Seconds east of Greenwich of a lower-case zone name.
///
/// Unknown ones are UTC, and so are the military letters, whose sign RFC 822 got wrong
/// (RFC 5322 §4.3 says to take them for `-0000`).
pub(super) fn zone(word: &str) -> i64 {
    ZONES
        .iter()
        .find(|(name, _)| *name == word)
        .map_or(0, |(_, quarters)| i64::from(*quarters) * 900)
}

/// Places with summer time that news names its zone by, and their rules as POSIX writes them (§8.3, `TZ`): summer time of
/// North America since 2007, of Europe since 1996. The system's time zone database is not asked: what a feed says must
/// not depend on the machine that reads it.
const PLACES: [(&str, &str); 12] = [
    ("america/new_york", "EST5EDT,M3.2.0,M11.1.0"),
    ("america/toronto", "EST5EDT,M3.2.0,M11.1.0"),
    ("america/chicago", "CST6CDT,M3.2.0,M11.1.0"),
    ("america/denver", "MST7MDT,M3.2.0,M11.1.0"),
    ("america/los_angeles", "PST8PDT,M3.2.0,M11.1.0"),
    ("europe/london", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("europe/paris", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/madrid", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/rome", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/vienna", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/amsterdam", "CET-1CEST,M3.5.0,M10.5.0/3"),
];

/// The rules of a place, in the form of POSIX.
pub(super) fn place(name: &str) -> Option<&'static str> {
    let found = PLACES.iter().find(|(place, _)| place.eq_ignore_ascii_case(name))?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_date;

    #[test]
    fn every_name_of_the_table_is_found_and_its_date_read() {
        let mut last = "";
        for line in NAMES.lines() {
            let (name, month) = entry(line).unwrap();
            assert!(last < name, "{last} stands before {name}");
            last = name;
            let date = format!("21 {name}. 2026 06:00:00 +0100");
            let read = parse_date(&date).map(|date| date.to_string());
            let right = (month > 0).then(|| format!("2026-{month:02}-21T05:00:00Z"));
            assert_eq!(read, right, "{date}");
        }
    }

    #[test]
    fn a_name_that_is_cut_is_read_where_it_can_be_one_month_only() {
        assert_eq!(["fevr", "juil", "dezem", "sty"].map(cut_name), [2, 7, 12, 1].map(Some));
        assert_eq!(["ju", "jui", "mar", "xyz", ""].map(cut_name), [None; 5]);
    }
}
