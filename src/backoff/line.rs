//! When everything fails at once, it is our own line.

use super::place::{own_house, server};
use crate::failure::{Failure, Fault, Stage};
use crate::http::Url;

/// Fewer sources than this say nothing about our own line.
pub const LEAST_SOURCES: usize = 2;
/// Nor do sources of fewer servers than this.
pub const LEAST_HOSTS: usize = 2;

/// What came of one request, after its retries.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// Which source, as the round counts them.
    pub source: usize,
    /// What was asked.
    pub url: &'a Url,
    /// Why that brought nothing, if it did.
    pub failure: Option<&'a Failure>,
}

/// Whether the requests of a round say that our own line is down: every one of them failed before
/// it had a connection, for at least [`LEAST_SOURCES`] sources on at least [`LEAST_HOSTS`] servers.
/// Then nobody is to be blamed.
///
/// Fewer are enough if they are `all` sources that there are and each found no route, or no address
/// for its name: somebody who is offline with one source.
///
/// What was never asked (put off, cancelled) says nothing, and neither does the user's own house,
/// which is there without a line.
pub fn our_line_is_down<'a>(outcomes: impl Iterator<Item = Tried<'a>>, all: bool) -> bool {
    let (mut sources, mut hosts) = (Vec::new(), Vec::new());
    let mut no_network = all;
    for Tried { source, url, failure } in outcomes {
        let unasked = failure.is_some_and(ours);
        if unasked || own_house(url) {
            continue;
        }
        let Some(failure) = failure.filter(|failure| failure.unsent) else { return false };
        no_network &= failure.fault == Fault::Network;
        // No more of them than it takes.
        if sources.len() < LEAST_SOURCES && !sources.contains(&source) {
            sources.push(source);
        }
        let host = server(url);
        if hosts.len() < LEAST_HOSTS && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    let many = sources.len() >= LEAST_SOURCES && hosts.len() >= LEAST_HOSTS;
    many || no_network && !sources.is_empty()
}

/// Whether our own quota or setting kept a request from being sent.
fn ours(failure: &Failure) -> bool {
    failure.fault == Fault::Ours || failure.stage == Stage::Quota && failure.status.is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn down(outcomes: &[(usize, &str, Option<Failure>)]) -> bool {
        let outcomes: Vec<_> = outcomes
            .iter()
            .map(|(source, url, failure)| (*source, Url::parse(url).unwrap(), failure))
            .collect();
        let tried = outcomes.iter().map(|(source, url, failure)| Tried {
            source: *source,
            url,
            failure: failure.as_ref(),
        });
        our_line_is_down(tried, false)
    }

    fn failed(stage: Stage) -> Option<Failure> {
        let unsent = matches!(stage, Stage::Resolve | Stage::Connect | Stage::Timeout);
        Some(Failure { unsent, ..Failure::new(stage, "why") })
    }

    #[test]
    fn it_is_our_line_when_nothing_gets_a_connection() {
        let [resolve, connect, timeout] =
            [Stage::Resolve, Stage::Connect, Stage::Timeout].map(failed);
        assert!(down(&[(0, "https://a.test", resolve), (1, "https://b.test", connect.clone())]));
        assert!(down(&[(0, "https://a.test", timeout), (1, "https://b.test", connect)]));
    }

    #[test]
    fn one_source_or_one_server_says_nothing_about_our_line() {
        let no = || failed(Stage::Resolve);
        assert!(!down(&[]));
        assert!(!down(&[(0, "https://a.test", no())]));
        assert!(!down(&[(0, "https://a.test", no()), (0, "https://b.test", no())]));
        assert!(!down(&[(0, "https://a.test/1", no()), (1, "https://a.test/2", no())]));
        assert!(down(&[
            (0, "https://a.test/1", no()),
            (1, "https://a.test/2", no()),
            (1, "https://b.test", no()),
        ]));
    }

    #[test]
    fn whoever_answers_anything_shows_that_the_line_is_up() {
        let mut outcomes = vec![
            (0, "https://a.test", failed(Stage::Resolve)),
            (1, "https://b.test", failed(Stage::Connect)),
        ];
        assert!(down(&outcomes));
        let answer = Failure { status: Some(500), ..Failure::new(Stage::Status, "no") };
        let others = [Stage::Tls, Stage::Protocol, Stage::Redirect, Stage::TooLarge, Stage::Read];
        let late = Failure::new(Stage::Timeout, "given up after 10s, waiting for the answer");
        let answers = [None, Some(answer), Some(late)];
        for answer in answers.into_iter().chain(others.map(failed)) {
            outcomes.push((2, "https://c.test", answer.clone()));
            assert!(!down(&outcomes), "{answer:?}");
            outcomes.pop();
        }
    }

    #[test]
    fn our_own_house_and_what_was_not_asked_say_nothing() {
        let no = || failed(Stage::Resolve);
        for said in [
            (2, "http://192.168.1.2/feed", None),
            (2, "http://localhost/feed", failed(Stage::Read)),
            (2, "https://c.test", failed(Stage::Cancelled)),
            (2, "https://c.test", failed(Stage::Quota)),
        ] {
            let words = format!("{said:?}");
            assert!(!down(&[(0, "https://a.test", no()), said.clone()]), "{words}");
            assert!(
                down(&[(0, "https://a.test", no()), said, (1, "https://b.test", no())]),
                "{words}"
            );
        }
    }

    #[test]
    fn one_source_is_enough_if_it_is_all_there_is_and_finds_no_network() {
        let url = Url::parse("https://a.test").unwrap();
        let resolve = Failure::new(Stage::Resolve, "no address");
        let refused = Failure::new(Stage::Connect, "connection refused");
        let unrouted = Failure { fault: Fault::Network, ..refused.clone() };
        for (failure, all, down) in [
            (&resolve, true, true),
            (&unrouted, true, true),
            (&resolve, false, false),
            (&refused, true, false),
        ] {
            let tried = Tried { source: 0, url: &url, failure: Some(failure) };
            assert_eq!(our_line_is_down([tried, tried].into_iter(), all), down, "{failure} {all}");
        }
        assert!(!our_line_is_down(std::iter::empty(), true));
    }
}
