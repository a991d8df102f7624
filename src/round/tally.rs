//! How the sources of a round fared.

use std::time::Duration;

use super::Span;
use crate::failure::Failure;
use crate::http::{Exchange, Timing, Url};
use crate::queue::Job;

/// How one source fared.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answers that were read.
    pub pages: usize,
    /// Answers that said, or were, what is held already.
    pub unchanged: usize,
    /// Items in them.
    pub items: usize,
    /// Requests sent, redirects and retries included.
    pub requests: u32,
    /// Of these, tries after the first.
    pub retries: u32,
    /// The status of the newest answer.
    pub status: Option<u16>,
    /// Bytes of bodies as they came over the wire.
    pub bytes_in: u64,
    /// What failed for good, in order.
    pub failures: Vec<Failure>,
    /// The first URL it was asked at.
    pub asked: Option<Url>,
    /// The first failure of all, also one that a fallback stood in for.
    pub trouble: Option<Trouble>,
    /// Requests of its plan that something was held for …
    pub held: u32,
    /// … and that said so to the server.
    pub conditional: u32,
    /// Some requests were put off, not before this (time of the clock), if that is known.
    pub put_off: Option<Option<Duration>>,
    /// When its first request could have been sent, and when its last answer was read.
    pub span: Option<(Duration, Duration)>,
    /// When its first request was sent.
    pub sent: Option<Duration>,
    /// Of its slowest request: time in the queue, and on the wire.
    pub slowest: (Duration, Timing),
    /// Where only permanent redirects led, if anywhere.
    pub moved: Option<Url>,
}

/// What failed, and where.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What was asked for.
    pub asked: Url,
    /// Where that led: whoever failed is there.
    pub place: Url,
    /// Why it brought nothing.
    pub failure: Failure,
}

impl Tally {
    /// Counts a request that ended.
    pub(super) fn count(&mut self, job: &Job, exchange: &Exchange, span: Span, now: Duration) {
        self.asked.get_or_insert_with(|| job.request.url.clone());
        self.requests += exchange.requests;
        self.retries += u32::from(job.tries > 1);
        self.bytes_in += exchange.bytes_in;
        match &exchange.result {
            Ok(response) => {
                self.status = Some(response.status);
                self.moved = response.moved.clone().or(self.moved.take());
            }
            Err(failure) => self.status = failure.status.or(self.status),
        }
        let (first, _) = *self.span.get_or_insert((span.ready, now));
        self.span = Some((first.min(span.ready), now));
        self.sent = Some(self.sent.map_or(span.start, |sent| sent.min(span.start)));
        let slowest = &mut self.slowest;
        if span.end - span.start >= slowest.1.total() {
            *slowest = (span.start.saturating_sub(span.ready), exchange.timing);
        }
    }
}
