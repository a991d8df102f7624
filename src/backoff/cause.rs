//! Why a source is left alone, and what each further failure costs.

use std::time::Duration;

use super::scramble;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A source that is gone (410) is asked once in this long whether it has come back.
pub const RECHECK_GONE: Duration = Duration::from_secs(30 * 86_400);
/// A 404 may pass (YouTube answers with it for days on end); after this many days people are told
/// that it hardly will.
pub const DAYS_OF_404: u64 = 7;
/// Percent by which a delay may be longer or shorter than its middle, so that what failed together
/// does not come back together.
pub const SPREAD: u64 = 25;

/// Why somebody is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 429, and 403 from a service that means the same by it.
    RateLimited,
    /// 401: the key or password.
    Unauthorised,
    /// 403 and every other 4xx without a meaning of its own here.
    Refused,
    /// 404.
    Missing,
    /// 410.
    Gone,
    /// 5xx.
    ServerFailed,
    /// The name has no address.
    NoAddress,
    /// No connection.
    Unreachable,
    /// The handshake or the certificate.
    Untrusted,
    /// A certificate that is «not valid yet» by a clock that stands before the release.
    OurClock,
    /// No whole answer in time, and 408.
    Slow,
    /// Broken HTTP.
    Broken,
    /// Redirects that lead nowhere.
    Astray,
    /// A body beyond `max_body`.
    TooLarge,
    /// A content coding that is damaged, a document that is not what the source reads.
    Unreadable,
    /// The service's own error message in a good answer.
    Service,
    /// Our own quota, deadline, proxy or want of file descriptors.
    Ours,
}

/// What a cause costs.
struct Price {
    /// So many failures in a row cost nothing beyond the source's usual `every`: one bad round is
    /// no reason to miss the next.
    free: u32,
    /// The middle of the first delay that is one; each further failure doubles it.
    first: Duration,
    /// No delay is longer, spread included.
    ceiling: Duration,
}

impl Cause {
    fn price(self) -> Price {
        let price = |free, first, ceiling| Price { free, first, ceiling };
        match self {
            Cause::OurClock | Cause::Ours => price(u32::MAX, Duration::ZERO, Duration::ZERO),

            Cause::Slow => price(1, 2 * MINUTE, HOUR / 2),
            Cause::ServerFailed | Cause::Unreachable | Cause::Broken => {
                price(1, 5 * MINUTE, 6 * HOUR)
            }
            Cause::NoAddress | Cause::Service => price(1, 10 * MINUTE, 6 * HOUR),
            Cause::Unreadable => price(1, HOUR / 2, DAY),

            // Asked to be slower, it is slower at once.
            Cause::RateLimited => price(0, 15 * MINUTE, DAY),
            // What only somebody's hand can change.
            Cause::Missing
            | Cause::Refused
            | Cause::Untrusted
            | Cause::Astray
            | Cause::TooLarge => price(0, HOUR, DAY),
            Cause::Unauthorised => price(0, 6 * HOUR, DAY),
            Cause::Gone => price(0, RECHECK_GONE, RECHECK_GONE),
        }
    }

    /// The cause in words for people, in lower case, to stand after a source's name; `lasting` is
    /// for how long it has been so.
    pub fn words(self, lasting: Duration) -> &'static str {
        match self {
            Cause::RateLimited => "asked too often",
            Cause::Unauthorised => "the key or password is not accepted",
            Cause::Refused => "the server refuses access",
            Cause::Missing if lasting > DAY * DAYS_OF_404 as u32 => {
                "not found for many days, its address may have changed"
            }
            Cause::Missing => "not found, which may pass",
            Cause::Gone => "gone for good, by its own word",
            Cause::ServerFailed => "the server fails",
            Cause::NoAddress => "its name has no address",
            Cause::Unreachable => "not reachable",
            Cause::Untrusted => "no trusted connection",
            Cause::OurClock => "the system clock is wrong",
            Cause::Slow => "too slow",
            Cause::Broken => "its answers are broken off or no proper HTTP",
            Cause::Astray => "its redirects lead nowhere",
            Cause::TooLarge => "its answers are too large",
            Cause::Unreadable => "its answers are not what they should be",
            Cause::Service => "the service reports an error",
            Cause::Ours => "put off by a limit or a setting of our own",
        }
    }
}

/// How long to leave somebody alone after the `count`-th failure in a row (from 1) for `cause`.
///
/// Doubled each time up to the cause's ceiling, and spread by [`SPREAD`]; zero says that the usual
/// `every` is enough. `luck` is any number; the same number gives the same delay.
pub fn delay(cause: Cause, count: u32, luck: u64) -> Duration {
    let Price { free, first, ceiling } = cause.price();
    let Some(doublings) = count.checked_sub(free.saturating_add(1)) else {
        return Duration::ZERO;
    };
    if cause == Cause::Gone {
        // One URL, once in a month: nobody comes in a herd.
        return RECHECK_GONE;
    }
    let middle = first.as_millis() as u64 * (1 << doublings.min(16));
    // As far below the ceiling as the spread may reach above it.
    let highest = ceiling.as_millis() as u64 * 100 / (100 + SPREAD);
    let percent = 100 - SPREAD + scramble(luck) % (2 * SPREAD + 1);
    Duration::from_millis(middle.min(highest) * percent / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const ALL: [Cause; 17] = [
        Cause::RateLimited,
        Cause::Unauthorised,
        Cause::Refused,
        Cause::Missing,
        Cause::Gone,
        Cause::ServerFailed,
        Cause::NoAddress,
        Cause::Unreachable,
        Cause::Untrusted,
        Cause::OurClock,
        Cause::Slow,
        Cause::Broken,
        Cause::Astray,
        Cause::TooLarge,
        Cause::Unreadable,
        Cause::Service,
        Cause::Ours,
    ];

    fn minutes(count: u32) -> Duration {
        MINUTE * count
    }

    #[test]
    fn delays_never_shrink_from_failure_to_failure_and_end_at_their_ceiling() {
        for cause in ALL {
            let ceiling = cause.price().ceiling;
            for luck in 0..200 {
                let mut last = Duration::ZERO;
                for count in (0..40).chain([1000, u32::MAX]) {
                    let delay = delay(cause, count, luck);
                    assert!(delay >= last, "{cause:?} {count} {luck}: {delay:?} after {last:?}");
                    assert!(delay <= ceiling, "{cause:?} {count} {luck}: {delay:?}");
                    last = delay;
                }
                assert!(last >= ceiling * 3 / 5, "{cause:?} {luck} stays at {last:?}");
            }
            let highest = (0..2000).map(|luck| delay(cause, u32::MAX, luck)).max();
            assert!(highest == Some(ceiling) || ceiling.is_zero(), "{cause:?} {highest:?}");
        }
    }

    #[test]
    fn each_delay_lies_around_its_middle() {
        for (cause, count, middle) in [
            (Cause::RateLimited, 1, minutes(15)),
            (Cause::RateLimited, 3, minutes(60)),
            (Cause::RateLimited, 50, DAY * 4 / 5),
            (Cause::Unauthorised, 1, minutes(360)),
            (Cause::Missing, 1, minutes(60)),
            (Cause::Missing, 2, minutes(120)),
            (Cause::Refused, 1, minutes(60)),
            (Cause::Untrusted, 1, minutes(60)),
            (Cause::Astray, 2, minutes(120)),
            (Cause::TooLarge, 1, minutes(60)),
            (Cause::ServerFailed, 2, minutes(5)),
            (Cause::ServerFailed, 5, minutes(40)),
            (Cause::Unreachable, 2, minutes(5)),
            (Cause::Broken, 3, minutes(10)),
            (Cause::NoAddress, 2, minutes(10)),
            (Cause::Service, 2, minutes(10)),
            (Cause::Slow, 2, minutes(2)),
            (Cause::Slow, 9, minutes(24)),
            (Cause::Unreadable, 2, minutes(30)),
        ] {
            let all: HashSet<_> = (0..2000).map(|luck| delay(cause, count, luck)).collect();
            assert_eq!(all.iter().min(), Some(&(middle * 3 / 4)), "{cause:?} {count}");
            assert_eq!(all.iter().max(), Some(&(middle * 5 / 4)), "{cause:?} {count}");
            assert_eq!(all.len() as u64, 2 * SPREAD + 1, "{cause:?} {count}");
        }
    }

    #[test]
    fn one_bad_round_does_not_delay_the_next() {
        for cause in ALL {
            let passing = matches!(
                cause,
                Cause::ServerFailed
                    | Cause::NoAddress
                    | Cause::Unreachable
                    | Cause::Slow
                    | Cause::Broken
                    | Cause::Unreadable
                    | Cause::Service
            );
            if passing {
                assert_eq!(delay(cause, 1, 0), Duration::ZERO, "{cause:?}");
                assert!(delay(cause, 2, 0) > Duration::ZERO, "{cause:?}");
            }
            assert_eq!(delay(cause, 0, 0), Duration::ZERO, "{cause:?}");
        }
    }

    #[test]
    fn what_is_our_own_doing_never_costs_anybody_anything() {
        for count in [1, 2, 1000, u32::MAX] {
            assert_eq!(delay(Cause::OurClock, count, 7), Duration::ZERO);
            assert_eq!(delay(Cause::Ours, count, 7), Duration::ZERO);
        }
    }

    #[test]
    fn what_is_gone_is_asked_every_thirty_days() {
        for (count, luck) in [(1, 0), (2, 9), (u32::MAX, 1)] {
            assert_eq!(delay(Cause::Gone, count, luck), DAY * 30);
        }
    }

    #[test]
    fn many_days_of_404_change_the_words_and_not_the_delay() {
        let limit = Duration::from_secs(DAYS_OF_404 * 86_400);
        let short = Cause::Missing.words(limit);
        assert_eq!(short, Cause::Missing.words(Duration::ZERO));
        assert_ne!(short, Cause::Missing.words(limit + Duration::from_secs(1)));
    }

    #[test]
    fn no_two_causes_read_the_same() {
        let words: HashSet<_> = ALL.iter().map(|cause| cause.words(Duration::ZERO)).collect();
        assert_eq!(words.len(), ALL.len());
    }
}
