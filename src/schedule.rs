//! When is a source due?
//!
//! Instants are the calendar's. Whoever knows better how long ago a source was asked (see
//! [`crate::time::Moment`]) passes `now` less that span as `asked`.

use std::time::Duration;

use crate::backoff::scramble;
use crate::format::Pace;
use crate::time::Timestamp;

mod wake;

pub use crate::backoff::own_house;
pub use wake::{Due, wake};

/// No host of other people is asked more often for one source, whatever the config says.
pub const SHORTEST_EVERY: Duration = Duration::from_secs(60);
/// A publisher who wishes to be asked less often than this is not believed: a `ttl` of minutes
/// that was meant in seconds, an answer that is cached for a year. Days and hours to be skipped are
/// not bounded by it, they never come to more than a week.
///
/// An hour less than a day: a job that runs once a day starts a second early now and then.
pub const LONGEST_WISH: Duration = Duration::from_secs(23 * 3_600);
/// A source that is asked by a job of the user's, always in an hour that its feed wants skipped, is
/// asked nevertheless after so long. Six days in a row may be skipped for good reasons.
pub const LONGEST_SKIP: Duration = Duration::from_secs(8 * 86_400);
/// `once` may come early by this part of the user's own `every`: a cron job that starts every half
/// hour starts a second too early now and then, and without slack it would find its source not
/// due, and skip every other round. What a publisher wishes has none.
pub const SLACK_PART: u32 = 60;
/// Between requests of different sources to one host about this long passes, so that many feeds on
/// one server do not reach it as one burst.
pub const SPACING: Duration = Duration::from_millis(50);

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// The last second of the year 9999.
const END_OF_TIME: i64 = 253_402_300_799;
/// Every hour of the day, every day of the week.
const ALL_HOURS: u32 = (1 << 24) - 1;
const ALL_DAYS: u8 = (1 << 7) - 1;

/// How often a source is to be asked, by everybody who has a say in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// What the user configured; at least [`SHORTEST_EVERY`] unless it is the user's own house.
    pub every: Duration,
    /// Whether all that the source asks is in the user's own house ([`own_house`]).
    pub own_house: bool,
    /// What the feed said of itself when it was last read.
    pub pace: Pace,
    /// For how long the last answer was to be fresh, when it came.
    pub fresh_for: Option<Duration>,
}

impl Wishes {
    /// The shortest time between two polls that everybody allows.
    pub fn interval(&self) -> Duration {
        self.every().max(self.wish())
    }

    fn every(&self) -> Duration {
        if self.own_house { self.every } else { self.every.max(SHORTEST_EVERY) }
    }

    /// How long a publisher wants to be left alone after an answer.
    fn wish(&self) -> Duration {
        let longest = self.pace.every.max(self.fresh_for).unwrap_or_default();
        longest.min(LONGEST_WISH)
    }
}

/// When a source that was asked at `asked` is due, as people are told it: after `every`, or later
/// where its publisher wishes so, and not in an hour or on a day that its feed wants skipped.
///
/// `jitter` (from 0 to 1) is the part of `every` by which that may be later, never earlier, so that
/// a service does not ask all its sources at the same second. How much of it is up to `luck`, any
/// number; the same number gives the same instant.
pub fn due(asked: Timestamp, wishes: &Wishes, luck: u64, jitter: f64) -> Timestamp {
    let wait = wishes.interval();
    let open = after_skipped(later(asked, wait), &wishes.pace);
    let late = later(open, some_of(wishes.every(), luck, jitter));
    after_skipped(late, &wishes.pace)
}

/// When a service asks a source next, at or after `now`: [`due`], or now if that is past or nobody
/// knows when it was asked. An `asked` in the future is the mark of a clock that went back, and
/// unknown too.
pub fn next(
    asked: Option<Timestamp>,
    now: Timestamp,
    wishes: &Wishes,
    luck: u64,
    jitter: f64,
) -> Timestamp {
    match asked.filter(|asked| *asked <= now) {
        Some(asked) => after_skipped(due(asked, wishes, luck, jitter).max(now), &wishes.pace),
        None => now,
    }
}

/// Whether `once` may ask a source at `now` that was asked at `asked`: with the slack of
/// [`SLACK_PART`]. Never asked, or asked in the future by a clock that went back, it is due.
pub fn is_due(asked: Option<Timestamp>, now: Timestamp, wishes: &Wishes) -> bool {
    let Some(asked) = asked.filter(|asked| *asked <= now) else { return true };
    let every = wishes.every();
    let wait = (every - every / SLACK_PART).max(wishes.wish());
    let open = after_skipped(now, &wishes.pace) == now;
    later(asked, wait) <= now && (open || later(asked, wait.max(LONGEST_SKIP)) <= now)
}

/// How long after one request to a host that of another source may follow: nothing in the user's
/// own house, elsewhere 50 % to 150 % of [`SPACING`].
pub fn spacing(own_house: bool, luck: u64) -> Duration {
    if own_house {
        return Duration::ZERO;
    }
    SPACING * (50 + scramble(luck) % 101) as u32 / 100
}

/// `at`, or the next full hour, GMT, that is neither in `skip_hours` nor on one of `skip_days`. A
/// feed that wants every hour or every day skipped says nothing by it.
fn after_skipped(at: Timestamp, pace: &Pace) -> Timestamp {
    let hours = some_bits(pace.skip_hours & ALL_HOURS, ALL_HOURS);
    let days = some_bits(u32::from(pace.skip_days & ALL_DAYS), u32::from(ALL_DAYS));
    let skipped = |unix: i64| {
        // 1970-01-01 was a Thursday.
        let day = (unix.div_euclid(DAY) + 3).rem_euclid(7);
        let hour = unix.rem_euclid(DAY) / HOUR;
        (hours >> hour) & 1 == 1 || (days >> day) & 1 == 1
    };
    let mut unix = at.unix();
    // At the most six days and 23 hours in a row are skipped.
    while skipped(unix) {
        unix = (unix.div_euclid(HOUR) + 1) * HOUR;
    }
    // Only at the end of time there is no such hour.
    Timestamp::from_unix(unix).unwrap_or(at)
}

/// None of them where all are set.
fn some_bits(bits: u32, all: u32) -> u32 {
    if bits == all { 0 } else { bits }
}

/// Up to `part` (from 0 to 1) of `span`, in whole seconds.
fn some_of(span: Duration, luck: u64, part: f64) -> Duration {
    // Casts saturate, and what is no number becomes 0.
    let most = (span.as_secs() as f64 * part.clamp(0.0, 1.0)) as u64;
    Duration::from_secs(scramble(luck) % most.saturating_add(1))
}

/// `at` and `span`, in whole seconds rounded up; the end of time if that is beyond it.
fn later(at: Timestamp, span: Duration) -> Timestamp {
    let seconds = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0));
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let unix = at.unix().saturating_add(seconds).min(END_OF_TIME);
    Timestamp::from_unix(unix).unwrap_or(at)
}

#[cfg(test)]
mod tests;
