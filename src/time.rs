//! Instants, every date a feed was ever seen to carry, and durations for people.

use std::fmt;
use std::time::Duration;

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
}

/// RFC 3339, UTC, whole seconds: `2026-11-21T06:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

/// Any date a feed or an API was ever seen to carry.
pub fn parse_date(_text: &str) -> Option<Timestamp> {
    todo!()
}

/// `90s`, `15m`, `1h30m`, `7d`, `500ms`.
pub fn parse_duration(_text: &str) -> Result<Duration, String> {
    todo!()
}

/// The shortest text that `parse_duration` reads back.
pub fn format_duration(_duration: Duration) -> String {
    todo!()
}
