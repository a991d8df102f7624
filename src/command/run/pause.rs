//! How long a service waits before it asks again for what it could not ask for.

use std::time::Duration;

use crate::backoff::scramble;
use crate::time::Timestamp;

/// After the first round that reached nobody.
const SHORTEST: Duration = Duration::from_secs(15);
/// However long that goes on: a router starts in a minute, and an idle machine may sleep.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// Rounds in a row after which somebody was still due: our own line was down, the deadline came first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pause {
    rounds: u32,
}

impl Pause {
    /// After a round: who is still due at `now` is due later; longer and longer, if it reached nobody.
    pub fn after(&mut self, due: &mut [Timestamp], now: Timestamp, reached: bool, luck: u64) {
        if reached {
            self.rounds = 0;
        }
        if due.iter().all(|at| *at > now) {
            return;
        }
        let longest = SHORTEST.saturating_mul(1 << self.rounds.min(16)).min(LONGEST);
        self.rounds = self.rounds.saturating_add(1);
        // Half of it at least, and not all machines of a house at once.
        let least = longest.as_secs() / 2;
        let seconds = least + scramble(luck) % (longest.as_secs() - least + 1);
        let later = now.unix().saturating_add(i64::try_from(seconds).unwrap_or(0));
        let later = Timestamp::from_unix(later).unwrap_or(now);
        due.iter_mut().filter(|at| **at <= now).for_each(|at| *at = later);
    }

    /// Something happened that makes it worth trying at once.
    pub fn forget(&mut self) {
        self.rounds = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_still_due_is_asked_again_later_and_later_and_nobody_else_waits() {
        let at = |seconds: i64| Timestamp::from_unix(1_795_240_800 + seconds).unwrap();
        let (mut pause, mut longest) = (Pause::default(), 0);
        for round in 0..40 {
            let mut due = [at(0), at(90), at(-7)];
            pause.after(&mut due, at(0), false, round);
            let waits = due[0].unix() - at(0).unix();
            let most = (15_i64 << round.min(10)).min(300);
            assert!((most / 2..=most).contains(&waits), "{waits} s after round {round}");
            assert_eq!((due[1], due[2]), (at(90), due[0]));
            longest = longest.max(waits);
        }
        assert!(longest > 250);
        for _ in 0..5 {
            // Somebody answered, and somebody else was put off by the deadline.
            let mut due = [at(0)];
            pause.after(&mut due, at(0), true, 0);
            assert!((at(7)..=at(15)).contains(&due[0]), "{due:?}");
        }
    }
}
