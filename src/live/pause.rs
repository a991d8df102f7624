//! How long to wait before a stream is opened again.

use std::time::Duration;

use crate::backoff::{judge, scramble};
use crate::failure::Failure;
use crate::http::Url;
use crate::limit::MAX_HOLD;
use crate::time::Timestamp;

/// Unless the server says another: what browsers do.
pub const USUAL_RETRY: Duration = Duration::from_secs(3);
/// A server that wants us back sooner has us this soon.
pub const SHORTEST_RETRY: Duration = Duration::from_secs(1);
/// A server that wants us back later (`retry`) has us this late; `Retry-After` holds beyond it.
pub const LONGEST_RETRY: Duration = Duration::from_secs(60 * 60);
/// However often it breaks off or cannot be reached, we come back within this and half of it again,
/// unless the server wants otherwise.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);

/// After `tries` connections in a row (from 0) that were no good: what the server said in `retry`,
/// doubled each time, and up to a half more, so that not all its readers come back at once.
pub(super) fn pause(retry: Option<Duration>, tries: u32, luck: u64) -> Duration {
    let retry = retry.unwrap_or(USUAL_RETRY).clamp(SHORTEST_RETRY, LONGEST_RETRY);
    let doubled = retry.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE.max(retry));
    let percent = 100 + scramble(luck) % 51;
    doubled * u32::try_from(percent).unwrap_or(100) / 100
}

/// The same after a failure: not before the server said, and what only somebody's hand can change is
/// not tried every few minutes.
pub(super) fn pause_after(
    failure: &Failure,
    url: &Url,
    retry: Option<Duration>,
    tries: u32,
    luck: u64,
    now: Timestamp,
) -> Duration {
    let pause = pause(retry, tries, luck);
    match failure.retry_after {
        Some(asked) => pause.max(asked.min(MAX_HOLD)),
        None if failure.transient() => pause,
        None => {
            let blame = judge(failure, url, "", now);
            // That the first time costs nothing holds for who is asked every half an hour.
            let first = blame.wait(tries.max(1), luck);
            pause.max(if first.is_zero() { blame.wait(tries + 1, luck) } else { first })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stage;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pause_is_what_the_server_says_within_bounds_and_doubles() {
        for luck in 0..1_000 {
            for (retry, tries, middle) in [
                (None, 0, USUAL_RETRY),
                (Some(Duration::ZERO), 0, SHORTEST_RETRY),
                (Some(20 * SECOND), 0, 20 * SECOND),
                (Some(20 * SECOND), 1, 40 * SECOND),
                (None, 40, LONGEST_PAUSE),
                (Some(Duration::MAX), 0, LONGEST_RETRY),
                (Some(Duration::MAX), 40, LONGEST_RETRY),
            ] {
                let pause = pause(retry, tries, luck);
                assert!(pause >= middle && pause <= middle * 3 / 2, "{retry:?} {tries} {pause:?}");
            }
        }
        let all: std::collections::HashSet<_> = (0..500).map(|luck| pause(None, 0, luck)).collect();
        assert!(all.len() > 40);
    }

    #[test]
    fn after_a_failure_the_server_is_obeyed_and_what_will_not_pass_is_left_alone() {
        let url = Url::parse("https://a.test/").expect("a URL");
        let after = |status, retry_after| {
            let failure =
                Failure { status, retry_after, ..Failure::new(Stage::Status, "answered") };
            pause_after(&failure, &url, None, 1, 7, Timestamp::EPOCH)
        };
        assert_eq!(after(Some(503), Some(900 * SECOND)), 900 * SECOND);
        assert_eq!(after(Some(429), Some(400 * MAX_HOLD)), MAX_HOLD);
        assert!(after(Some(503), None) < 10 * SECOND);
        assert!(after(Some(404), None) > 1_800 * SECOND);
    }
}
