//! What a round may spend on those that fail.

use std::collections::HashMap;

use super::place::server;
use crate::failure::{Failure, Stage};
use crate::http::Url;

/// Of 100 requests that a round makes for their own sake, so many may be made again.
pub const RETRY_PART: u32 = 20;
/// So many retries every round may make, or the one source of a small round could make none. From
/// ten requests on [`RETRY_PART`] allows as many.
pub const FEWEST_RETRIES: u32 = 2;
/// After so many failures in a row without an answer, a server gets no more requests in this round.
pub const BREAK_AFTER: u32 = 3;

/// How many retries a round may make: a service that is ill is not cured by more requests.
///
/// At every moment retries ≤ max([`FEWEST_RETRIES`], [`RETRY_PART`] % of the other requests so
/// far), rounded down. The others are those that sources planned and those that answers called for;
/// neither retries nor fallbacks add to what may be spent.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetryBudget {
    requests: u32,
    retries: u32,
}

impl RetryBudget {
    /// Counts requests that a source planned, or that an answer called for.
    pub fn requests(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.requests = self.requests.saturating_add(count);
    }

    /// Takes one retry, if there is one left. What is refused is not taken back later: the failure
    /// stands.
    pub fn take(&mut self) -> bool {
        let part = u64::from(self.requests) * u64::from(RETRY_PART) / 100;
        let left = u64::from(self.retries) < part.max(u64::from(FEWEST_RETRIES));
        self.retries += u32::from(left);
        left
    }
}

/// Gives a server up for the rest of a round when nothing there answers, so that a dead host does
/// not keep workers from the living.
#[derive(Debug, Default)]
pub struct Breaker {
    silent: HashMap<String, Silent>,
}

#[derive(Debug)]
struct Silent {
    /// Tries in a row.
    count: u32,
    /// What the last one came to.
    failure: Failure,
}

impl Breaker {
    /// Counts what a try at `url` came to. Any answer, whatever its status, makes up for all
    /// failures before, even where the server had been given up. What [`Breaker::refuse`] said was
    /// no try.
    pub fn note(&mut self, url: &Url, failure: Option<&Failure>) {
        let says_nothing = |failure: &&Failure| failure.stage == Stage::Cancelled;
        if failure.as_ref().is_some_and(says_nothing) {
            return;
        }
        let server = server(url);
        match failure.filter(|failure| unanswered(failure)) {
            Some(failure) => {
                let count = self.silent.get(&server).map_or(0, |silent| silent.count);
                let silent = Silent { count: count.saturating_add(1), failure: failure.clone() };
                self.silent.insert(server, silent);
            }
            None => drop(self.silent.remove(&server)),
        }
    }

    /// The failure of a request for `url` that is not worth sending: that of the last one, and that
    /// the server was given up. `None` if it may be sent.
    pub fn refuse(&self, url: &Url) -> Option<Failure> {
        let silent = self.silent.get(&server(url))?;
        if silent.count < BREAK_AFTER {
            return None;
        }
        let cause = [&silent.failure.cause, " (not asked again in this round)"].concat();
        Some(Failure { cause, ..silent.failure.clone() })
    }
}

/// Whether no answer came, or none that ended in time.
fn unanswered(failure: &Failure) -> bool {
    matches!(failure.stage, Stage::Resolve | Stage::Connect | Stage::Tls | Stage::Timeout)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn retries_stay_within_their_part_of_the_round_beyond_the_fewest() {
        for (requests, retries) in
            [(0, 2), (1, 2), (3, 2), (10, 2), (14, 2), (15, 3), (100, 20), (1004, 200)]
        {
            let mut budget = RetryBudget::default();
            budget.requests(requests);
            let taken = (0..2000).filter(|_| budget.take()).count();
            assert_eq!(taken, retries, "{requests}");
        }
    }

    #[test]
    fn what_answers_call_for_adds_to_what_may_be_spent_and_retries_do_not() {
        let mut budget = RetryBudget::default();
        budget.requests(10);
        assert_eq!([(); 3].map(|()| budget.take()), [true, true, false]);
        budget.requests(4);
        assert!(!budget.take());
        budget.requests(1);
        assert_eq!([(); 2].map(|()| budget.take()), [true, false]);
        budget.requests(usize::MAX);
        budget.requests(usize::MAX);
        assert!(budget.take());
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn failure(stage: Stage) -> Failure {
        Failure::new(stage, "a.test: no")
    }

    #[test]
    fn a_server_that_never_answers_is_given_up_with_the_same_cause() {
        for stage in [Stage::Resolve, Stage::Connect, Stage::Tls, Stage::Timeout] {
            let mut breaker = Breaker::default();
            for tried in 0..BREAK_AFTER {
                assert_eq!(breaker.refuse(&url("https://a.test/new")), None, "{stage:?}");
                breaker.note(&url(&format!("https://a.test/{tried}")), Some(&failure(stage)));
            }
            let refused = breaker.refuse(&url("https://a.test/new")).unwrap();
            assert_eq!(refused.stage, stage);
            assert_eq!(refused.cause, "a.test: no (not asked again in this round)");
            assert_eq!(breaker.refuse(&url("https://b.test/")), None);
            assert_eq!(breaker.refuse(&url("https://a.test:8443/")), None);
        }
    }

    #[test]
    fn an_answer_makes_up_for_all_failures_before() {
        let refusal = Failure { status: Some(503), ..failure(Stage::Status) };
        for answer in [None, Some(&refusal), Some(&failure(Stage::Read))] {
            let mut breaker = Breaker::default();
            let a = url("https://a.test/");
            for _ in 1..BREAK_AFTER {
                breaker.note(&a, Some(&failure(Stage::Connect)));
            }
            breaker.note(&a, answer);
            breaker.note(&a, Some(&failure(Stage::Connect)));
            assert_eq!(breaker.refuse(&a), None);
            for _ in 1..BREAK_AFTER {
                breaker.note(&a, Some(&failure(Stage::Connect)));
            }
            assert!(breaker.refuse(&a).is_some());
            // It was under way when the others failed.
            breaker.note(&a, answer);
            assert_eq!(breaker.refuse(&a), None);
        }
    }

    #[test]
    fn what_was_given_up_says_nothing_about_a_server() {
        let mut breaker = Breaker::default();
        let a = url("https://a.test/");
        for _ in 0..BREAK_AFTER {
            breaker.note(&a, Some(&failure(Stage::Timeout)));
            breaker.note(&a, Some(&failure(Stage::Cancelled)));
        }
        assert!(breaker.refuse(&a).is_some());
    }
}
