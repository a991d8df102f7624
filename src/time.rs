//! Instants, every date a feed was ever seen to carry, and durations for people.

use std::fmt;
use std::time::Duration;

mod calendar;
mod duration;
mod names;
mod parse;
mod words;

pub use duration::{format_duration, parse_duration};
pub use parse::{parse_date, weigh_date};

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

    /// Year, month and day, hour, minute and second in UTC.
    pub fn civil(self) -> [u16; 6] {
        let (year, month, day) = calendar::date_of(self.0.div_euclid(calendar::DAY));
        let second = self.0.rem_euclid(calendar::DAY);
        [year, month, day, second / 3600, second / 60 % 60, second % 60].map(|part| part as u16)
    }

    /// As RFC 3339 has it: `2026-11-21T06:00:00Z`.
    pub fn rfc_3339(self) -> [u8; 20] {
        let [year, month, day, hour, minute, second] = self.civil();
        let mut text = *b"0000-00-00T00:00:00Z";
        let pairs = [year / 100, year % 100, month, day, hour, minute, second];
        for (at, pair) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(pairs) {
            text[at] += (pair / 10) as u8;
            text[at + 1] += (pair % 10) as u8;
        }
        text
    }

    /// As RSS (RFC 822, with the year in full) and HTTP (RFC 9110 §5.6.7) have it:
    /// `Sat, 21 Nov 2026 06:00:00 GMT`.
    pub fn rfc_822(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let [_, month, ..] = self.civil();
        let iso = self.to_string();
        // 1970 began on a Thursday.
        let day = DAYS[self.0.div_euclid(calendar::DAY).rem_euclid(7) as usize];
        let month = MONTHS[usize::from(month) - 1];
        format!("{day}, {} {month} {} {} GMT", &iso[8..10], &iso[..4], &iso[11..19])
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
        f.write_str(std::str::from_utf8(&self.rfc_3339()).unwrap_or_default())
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
        let date = Timestamp::from_unix(1_795_240_800).unwrap();
        assert_eq!(date.rfc_822(), "Sat, 21 Nov 2026 06:00:00 GMT");
        let mut unix = -62_135_596_800;
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
    fn instants_end_with_the_years_1_and_9999() {
        assert_eq!(Timestamp::from_unix(-62_135_596_801), None);
        assert_eq!(Timestamp::from_unix(253_402_300_800), None);
    }
}
