//! Instants, every date a feed was ever seen to carry, and durations for people.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;

mod duration;
mod parse;
mod words;

pub use duration::{format_duration, parse_duration};
pub use parse::{parse_date, parse_header_date, weigh_date};

/// The first second of 1970.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

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

    /// The same for a calendar that says `to` when this one's says `from`.
    pub fn moved(self, from: Timestamp, to: Timestamp) -> Timestamp {
        let by = to.0.saturating_sub(from.0);
        Timestamp::from_unix(self.0.saturating_add(by)).unwrap_or(self)
    }

    /// Reads what `Display` writes.
    pub fn from_rfc_3339(text: &str) -> Option<Timestamp> {
        parse::internet_date(text.as_bytes())
    }

    /// Days since 1970-01-01, in UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }

    /// Shows the instant in UTC, by a pattern of strftime(3): `%Y-%m-%d %H:%M`.
    pub fn utc(self, pattern: &str) -> impl fmt::Display {
        self.civil().strftime(pattern)
    }

    /// For people who read this at `now`: `10:30 UTC`, with the day where that is not within a day.
    pub fn near(self, now: Timestamp) -> String {
        let near = self.0.abs_diff(now.0) < 86_400;
        self.utc(if near { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" }).to_string()
    }

    /// As RSS (RFC 822, with the year in full) and HTTP (RFC 9110 §5.6.7) have it:
    /// `Sat, 21 Nov 2026 06:00:00 GMT`.
    pub fn rfc_822(self) -> String {
        self.utc("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// Date and time of day in UTC. Not by way of `jiff::Timestamp`, which ends a day before the year 9999 does.
    fn civil(self) -> DateTime {
        EPOCH.checked_add(SignedDuration::from_secs(self.0)).unwrap_or(EPOCH)
    }

    /// The instant of a date and time of day, `offset` seconds east of Greenwich.
    fn from_civil(civil: DateTime, offset: i64) -> Option<Timestamp> {
        Timestamp::from_unix(civil.duration_since(EPOCH).as_secs() - offset)
    }
}

/// One instant as two clocks tell it: the calendar, which may jump, and the machine's own, which
/// never does but begins anew with each boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The calendar's time.
    pub wall: Timestamp,
    /// Which boot `up` counts from; 0 if that is not known.
    pub boot: u64,
    /// Since that boot, sleep included.
    pub up: Duration,
}

/// Between two boots a longer time than this is taken for a clock that jumped.
pub const LONGEST_OFF: Duration = Duration::from_secs(400 * 86_400);

impl Moment {
    /// How long after `earlier` this is; `None` when no clock can tell.
    ///
    /// Within one boot the machine's clock says it, whatever happened to the calendar. Across
    /// boots there is only the calendar, believed if it did not go back, nor far ahead.
    pub fn since(&self, earlier: &Moment) -> Option<Duration> {
        if self.boot == earlier.boot && self.boot != 0 {
            return self.up.checked_sub(earlier.up);
        }
        let seconds = self.wall.unix().checked_sub(earlier.wall.unix())?;
        let off = Duration::from_secs(u64::try_from(seconds).ok()?);
        (off <= LONGEST_OFF).then_some(off)
    }
}

impl Moment {
    /// What the calendar of this moment would say at `later` in the same boot, if nobody had set it.
    pub fn calendar_at(&self, later: &Moment) -> Timestamp {
        let passed = later.up.saturating_sub(self.up).as_secs();
        let wall = self.wall.unix().saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        // Both count whole seconds, not the same ones.
        match later.wall.unix().abs_diff(wall) <= 2 {
            true => later.wall,
            false => Timestamp::from_unix(wall).unwrap_or(later.wall),
        }
    }
}

/// RFC 3339, UTC, whole seconds: `2026-11-21T06:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}Z", self.civil())
    }
}

impl serde::Serialize for Timestamp {
    /// As RFC 3339, in UTC.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_after_the_year_1_is_written_as_rfc_3339_and_read_back() {
        for (unix, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_240_800, "2026-11-21T06:00:00Z"),
            (-62_104_060_800, "0002-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            let instant = Timestamp::from_unix(unix).unwrap();
            assert_eq!(instant.to_string(), text);
            assert_eq!(Timestamp::from_rfc_3339(text), Some(instant));
        }
        let date = Timestamp::from_unix(1_795_240_800).unwrap();
        assert_eq!(date.rfc_822(), "Sat, 21 Nov 2026 06:00:00 GMT");
        let mut unix = -62_104_060_800;
        while let Some(instant) = Timestamp::from_unix(unix) {
            assert_eq!(parse_date(&instant.to_string()), Some(instant));
            // Years of one or two digits are read as those of a century.
            if unix > -30_000_000_000 {
                assert_eq!(parse_date(&instant.rfc_822()), Some(instant));
            }
            unix += 86_400 * 37 + 4_567;
        }
    }

    #[test]
    fn the_calendar_may_jump_within_a_boot_and_not_far_between_boots() {
        let moment = |wall, boot, up| Moment {
            wall: Timestamp::from_unix(wall).unwrap(),
            boot,
            up: Duration::from_secs(up),
        };
        let year = 366 * 86_400;
        for (earlier, later, since) in [
            ((1000, 7, 50), (1010, 7, 60), Some(10)),
            ((1000, 7, 50), (1000 + 10 * year, 7, 60), Some(10)),
            ((1000, 7, 50), (1000 - 10 * year, 7, 60), Some(10)),
            ((1000, 7, 60), (1000, 7, 50), None),
            ((1000, 7, 50), (1010, 8, 5), Some(10)),
            ((1000, 7, 50), (999, 8, 5), None),
            ((1000, 7, 50), (1000 + 10 * year, 8, 5), None),
            ((1000, 0, 50), (1010, 0, 51), Some(10)),
        ] {
            let (earlier, later) =
                (moment(earlier.0, earlier.1, earlier.2), moment(later.0, later.1, later.2));
            assert_eq!(later.since(&earlier), since.map(Duration::from_secs), "{earlier:?}");
        }
    }

    #[test]
    fn days_have_their_names_and_numbers_on_both_sides_of_1970() {
        for (text, name, day) in [
            ("2026-11-21T23:59:59Z", "Saturday, 21 November 2026", 20_778),
            ("2026-11-22T00:00:00Z", "Sunday, 22 November 2026", 20_779),
            ("1969-12-31T23:59:59Z", "Wednesday, 31 December 1969", -1),
            ("2000-02-09T12:00:00Z", "Wednesday, 9 February 2000", 10_996),
        ] {
            let at = parse_date(text).unwrap();
            assert_eq!((at.utc("%A, %-d %B %Y").to_string(), at.day()), (name.into(), day));
        }
    }

    #[test]
    fn instants_end_with_the_years_1_and_9999() {
        assert_eq!(Timestamp::from_unix(-62_135_596_801), None);
        assert_eq!(Timestamp::from_unix(253_402_300_800), None);
    }
}
