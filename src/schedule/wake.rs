//! When does a service get up? As seldom as it can: whoever is due soon is asked together with whoever
//! cannot wait, so that a small machine sleeps in between.

use std::time::Duration;

use super::later;
use crate::backoff::scramble;
use crate::time::Timestamp;

/// When a source is to be asked: not before `at`, and about `slack` later at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it is due.
    pub at: Timestamp,
    /// By how much later it may be asked.
    pub slack: Duration,
}

/// When a service gets up next: while the slack of the source that can wait least lasts, when all
/// that are due within it are due. Which second of those it is, is up to `luck`, any number: many
/// machines that were told the same do not come all at once. `None` without a source.
pub fn wake(dues: &[Due], luck: u64) -> Option<Timestamp> {
    let latest = dues.iter().map(|due| later(due.at, due.slack)).min()?;
    let from = dues.iter().map(|due| due.at).filter(|at| *at <= latest).max()?;
    let seconds = u64::try_from(latest.unix().saturating_sub(from.unix())).unwrap_or(0);
    Some(later(from, Duration::from_secs(scramble(luck) % seconds.saturating_add(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix(1_795_240_800 + 60 * minutes).unwrap()
    }

    fn due(minutes: i64, slack: u64) -> Due {
        Due { at: at(minutes), slack: Duration::from_secs(60 * slack) }
    }

    #[test]
    fn who_can_wait_is_asked_with_who_cannot() {
        let dues = [due(30, 3), due(31, 3), due(32, 6), due(34, 3), due(60, 6)];
        for luck in 0..1_000 {
            let wake = wake(&dues, luck).unwrap();
            assert!((at(32)..=at(33)).contains(&wake), "{wake} with {luck}");
        }
    }

    #[test]
    fn nobody_comes_before_it_is_due_and_nobody_waits_longer_than_it_may() {
        for luck in 0..1_000 {
            let part = |n: u64| i64::try_from(scramble(luck * 7 + n) % 60).unwrap();
            let dues: Vec<Due> = (0..8).map(|n| due(part(n), scramble(luck + n) % 10)).collect();
            let wake = wake(&dues, luck).unwrap();
            assert!(dues.iter().any(|due| due.at <= wake));
            assert!(dues.iter().all(|due| wake <= later(due.at, due.slack)), "{luck}: {dues:?}");
        }
    }

    #[test]
    fn the_second_is_not_the_same_for_all() {
        let seconds = (0..500).map(|luck| wake(&[due(0, 3)], luck).unwrap().unix() - at(0).unix());
        let different: std::collections::BTreeSet<i64> = seconds.collect();
        assert!(different.len() > 150, "{different:?}");
        assert_eq!(wake(&[due(0, 0)], 7), Some(at(0)), "without slack it is the one");
        assert_eq!(wake(&[], 7), None);
    }
}
