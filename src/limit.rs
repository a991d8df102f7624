//! When may the next request to a service start?

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::source::Window;

/// Sliding-window quotas, one log of departures per account.
///
/// A window of `count` in `per` holds for every span of that length, wherever it begins: the
/// request may leave when the `count`-th before it left at least `per` ago.
#[derive(Debug, Default)]
pub struct Limiter {
    departures: HashMap<String, VecDeque<Duration>>,
}

impl Limiter {
    /// Takes one permit at `now`, or says when to ask again. All `windows` must hold.
    pub fn take(
        &mut self,
        account: &str,
        windows: &[Window],
        now: Duration,
    ) -> Result<(), Duration> {
        if windows.is_empty() {
            return Ok(());
        }
        if !self.departures.contains_key(account) {
            self.departures.insert(account.into(), VecDeque::new());
        }
        let Some(log) = self.departures.get_mut(account) else { return Ok(()) };
        if let Some(at) = windows.iter().filter_map(|window| free_at(log, window)).max() {
            if at > now {
                return Err(at);
            }
        }
        forget(log, windows, now);
        log.push_back(now);
        Ok(())
    }

    /// How many more requests `window` lets out at `now`.
    pub fn left(&self, account: &str, window: &Window, now: Duration) -> u32 {
        let spent = self
            .departures
            .get(account)
            .map_or(0, |log| log.iter().rev().take_while(|left| **left + window.per > now).count());
        window.count.saturating_sub(u32::try_from(spent).unwrap_or(u32::MAX))
    }
}

/// When `window` lets the next one out; `None` if it never held one back.
fn free_at(log: &VecDeque<Duration>, window: &Window) -> Option<Duration> {
    let count = usize::try_from(window.count).unwrap_or(usize::MAX);
    if count == 0 {
        return Some(Duration::MAX);
    }
    let index = log.len().checked_sub(count)?;
    log.get(index).map(|left| left.saturating_add(window.per))
}

/// Drops departures that no window looks at any more, so that the log stays bounded by the quota.
fn forget(log: &mut VecDeque<Duration>, windows: &[Window], now: Duration) {
    let longest = windows.iter().map(|window| window.per).max().unwrap_or_default();
    while log.front().is_some_and(|left| left.saturating_add(longest) <= now) {
        log.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn window(count: u32, seconds: u64) -> Window {
        Window { count, per: at(seconds) }
    }

    #[test]
    fn a_window_lets_a_burst_out_and_then_waits_for_the_oldest_to_age() {
        let mut limiter = Limiter::default();
        let windows = [window(2, 10)];
        assert_eq!(limiter.take("a", &windows, at(0)), Ok(()));
        assert_eq!(limiter.take("a", &windows, at(3)), Ok(()));
        assert_eq!(limiter.take("a", &windows, at(4)), Err(at(10)));
        assert_eq!(limiter.take("b", &windows, at(4)), Ok(()));
        assert_eq!(limiter.take("a", &windows, at(10)), Ok(()));
        assert_eq!(limiter.take("a", &windows, at(10)), Err(at(13)));
    }

    #[test]
    fn all_windows_hold_together() {
        let mut limiter = Limiter::default();
        let windows = [window(1, 1), window(3, 100)];
        for second in 0..3 {
            assert_eq!(limiter.take("a", &windows, at(second)), Ok(()));
        }
        assert_eq!(limiter.take("a", &windows, at(3)), Err(at(100)));
        assert_eq!(limiter.left("a", &windows[1], at(3)), 0);
        assert_eq!(limiter.left("a", &windows[1], at(101)), 2);
    }

    #[test]
    fn no_window_is_no_limit_and_a_window_of_none_is_shut() {
        let mut limiter = Limiter::default();
        assert_eq!(limiter.take("a", &[], at(0)), Ok(()));
        assert_eq!(limiter.take("a", &[window(0, 1)], at(0)), Err(Duration::MAX));
    }

    #[test]
    fn no_span_of_a_window_ever_holds_more_than_its_count() {
        for seed in 0..50_u64 {
            let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut next = |n: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % n
            };
            let windows = [
                window(1 + next(5) as u32, 1 + next(20)),
                window(1 + next(9) as u32, 1 + next(60)),
            ];
            let (mut limiter, mut now, mut left) = (Limiter::default(), at(0), Vec::new());
            for _ in 0..300 {
                now += Duration::from_millis(next(3000));
                if limiter.take("a", &windows, now).is_ok() {
                    left.push(now);
                }
            }
            for window in &windows {
                for (i, first) in left.iter().enumerate() {
                    let within = left[i..].iter().take_while(|t| **t < *first + window.per).count();
                    assert!(within <= window.count as usize, "seed {seed}: {within} in {window:?}");
                }
            }
            assert!(left.len() > 5, "seed {seed}: the limiter let almost nothing out");
        }
    }
}
