//! After a failure: who is to be left alone, and for how long.
//!
//! Within a round a request is tried again after [`retry_delay`], as far as [`RetryBudget`] and
//! [`Breaker`] let it. Between rounds [`judge`] says whose fault it was and [`delay`] how long that
//! costs; [`our_line_is_down`] says when it was nobody's.

use std::time::Duration;

mod blame;
mod budget;
mod cause;
mod line;
mod place;

pub use blame::{BUILT, Blame, Scope, judge};
pub use budget::{BREAK_AFTER, Breaker, FEWEST_RETRIES, RETRY_PART, RetryBudget};
pub use cause::{Cause, DAYS_OF_404, RECHECK_GONE, SPREAD, delay};
pub use line::{LEAST_HOSTS, LEAST_SOURCES, Tried, our_line_is_down};
pub use place::{own_house, registrable};

/// The first retry waits about this long.
pub const FIRST_RETRY: Duration = Duration::from_millis(500);
/// No retry within a round waits longer, unless the server says so.
pub const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// A round waits for a server that asks to wait no longer than this; else its source is deferred to
/// a later round.
pub const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(5);

/// How long to wait after the `tries`-th try (from 1) failed: doubled each time, within
/// [`LONGEST_RETRY`], spread over 50 % to 150 % so that many clients do not come back at once.
///
/// `luck` is any number; the same number gives the same delay.
pub fn retry_delay(tries: u8, luck: u64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1 << u32::from(tries.saturating_sub(1)).min(16));
    let percent = 50 + scramble(luck) % 101;
    doubled.min(LONGEST_RETRY) * u32::try_from(percent).unwrap_or(100) / 100
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): neighbouring numbers come out far apart.
pub fn scramble(luck: u64) -> u64 {
    let mut z = luck.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_ceiling_and_are_spread() {
        for luck in 0..1000 {
            for (tries, middle) in [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (255, 30_000)] {
                let delay = retry_delay(tries, luck).as_millis();
                assert!(delay >= middle / 2 && delay <= middle * 3 / 2, "{tries} {luck} {delay}");
            }
        }
        let distinct: std::collections::HashSet<_> = (0..1000).map(|l| retry_delay(1, l)).collect();
        assert!(distinct.len() > 80);
    }
}
