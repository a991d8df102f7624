//! Instants, every date a feed was ever seen to carry, and durations for people.

use std::fmt;

mod calendar;
mod duration;
mod parse;
mod words;

pub use duration::{format_duration, parse_duration};
pub use parse::parse_date;

/// Whole seconds since 1970-01-01T00:00:00Z, within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// `None` outside the years 1 to 9999.
    pub fn from_unix(seconds: i64) -> Option<Timestamp> {
        (-62_135_596_800..=253_402_300_799).contains(&seconds).then_some(Timestamp(seconds))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Year, month and day, hour, minute and second in UTC.
    pub fn civil(self) -> [u16; 6] {
        let (year, month, day) = calendar::date_of(self.0.div_euclid(calendar::DAY));
        let second = self.0.rem_euclid(calendar::DAY);
        [year, month, day, second / 3600, second / 60 % 60, second % 60].map(|part| part as u16)
    }
}

/// RFC 3339, UTC, whole seconds: `2026-11-21T06:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_is_written_as_rfc_3339_and_read_back() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_240_800, "2026-11-21T06:00:00Z"),
            (-62_135_596_800, "0001-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let instant = Timestamp::from_unix(unix).unwrap();
            assert_eq!(instant.to_string(), text);
            assert_eq!(parse_date(text), Some(instant));
        }
        let mut unix = -62_135_596_800;
        while let Some(instant) = Timestamp::from_unix(unix) {
            assert_eq!(parse_date(&instant.to_string()), Some(instant));
            unix += 86_400 * 37 + 4_567;
        }
    }

    #[test]
    fn instants_end_with_the_years_1_and_9999() {
        assert_eq!(Timestamp::from_unix(-62_135_596_801), None);
        assert_eq!(Timestamp::from_unix(253_402_300_800), None);
    }
}
