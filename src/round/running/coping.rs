//! What a failure leads to: a fallback, another try, a hold, a word in the tally.

use std::time::Duration;

use super::super::{Ask, Trouble};
use super::Running;
use super::terms::{home, terms, wait_for, with_headers, with_held};
use crate::backoff::{LONGEST_ASKED_WAIT, Scope, judge, retry_delay, scramble};
use crate::failure::{Failure, Stage};
use crate::http::{Request, Url, same_server, without_secrets};
use crate::limit::{Hold, HoldCause};
use crate::queue::Job;
use crate::time::Timestamp;

impl Running<'_> {
    /// A failure leads to a fallback, to another try, or into the tally.
    pub(super) fn cope(&mut self, job: Job, failure: Failure, place: &Url, now: Duration) {
        let ask = &self.asks[job.source];
        let at_home = same_server(place, &job.request.url);
        let account = if at_home { ask.account.as_str() } else { "" };
        let limited = failure.status == Some(429) || failure.stage == Stage::Quota;
        if failure.retry_after.is_some() || limited {
            // Without a word on how long, for this round.
            let until = failure.retry_after.map_or(self.deadline, |span| now.saturating_add(span));
            let hold = self.holds.entry(Scope::counting(place, account)).or_default();
            *hold = until.max(*hold);
            if failure.retry_after.is_some() {
                self.obey(&job.request.url, place, account, &failure, until);
            }
        }
        if let Some(request) = instead(ask, &job) {
            self.note_trouble(&job, place, &failure);
            return self.ask_instead(&job, request, now);
        }
        let long = failure.retry_after.is_some_and(|wait| wait > LONGEST_ASKED_WAIT);
        // A host that was given up is asked no more.
        let given_up = self.breaker.refuse(&job.request.url).is_some();
        if failure.transient() && job.tries <= ask.retries && !given_up && !long {
            let luck = self.rules.seed ^ scramble(job.source as u64) ^ u64::from(job.request.tag);
            let delay = failure.retry_after.unwrap_or_else(|| retry_delay(job.tries, luck));
            let at = now.saturating_add(delay);
            if at < self.deadline && self.budget.take() {
                return self.queue.retry(job, failure, at);
            }
        }
        if let Some(delay) = failure.retry_after {
            self.round.tallies[job.source].put_off = Some(Some(now.saturating_add(delay)));
        }
        self.fail(job, failure, place);
    }

    /// What our own house gave up is nobody's fault: it is tried again, or put off. It may have been
    /// asked, and then its quota is spent; what it would have said nobody knows.
    pub(super) fn resume(&mut self, job: Job, failure: Failure, now: Duration) {
        let again = job.tries <= self.asks[job.source].retries && !self.halt.is_pulled();
        let at = now.saturating_add(retry_delay(job.tries, self.rules.seed));
        if again && at < self.deadline && self.budget.take() {
            return self.queue.retry(job, failure, at);
        }
        // Of the deadline the source's state tells.
        if !self.halt.is_pulled() && now < self.deadline {
            log::warn!("{}: {}, put off", job.request.shown_url(), failure.cause);
        }
        self.put_off(&job, None);
    }

    fn note_trouble(&mut self, job: &Job, place: &Url, failure: &Failure) {
        let trouble = &mut self.round.tallies[job.source].trouble;
        trouble.get_or_insert_with(|| Trouble {
            asked: job.request.url.clone(),
            place: place.clone(),
            failure: failure.clone(),
        });
    }

    /// The request, or the first in its line of fallbacks that is not to be left alone.
    pub(super) fn first_free(&self, ask: &Ask, request: Request, now: Duration) -> Request {
        let held = |request: &Request| {
            wait_for(self.limiter, ask, &request.url, now, self.rules.force).is_some()
        };
        if !self.obeys || !held(&request) {
            return request;
        }
        let mut next = ask.source.fallback(&request);
        while let Some(instead) = next {
            if !held(&instead) {
                return instead;
            }
            next = ask.source.fallback(&instead);
        }
        request
    }

    /// A server that says when to come back is obeyed even if this process is killed now.
    ///
    /// Behind a redirect it is the server there that is left alone, and what led to it.
    fn obey(
        &mut self,
        asked: &Url,
        place: &Url,
        account: &str,
        failure: &Failure,
        until: Duration,
    ) {
        let (now, since) = (self.clock.now(), self.clock.wall());
        let scope = judge(failure, place, account, since).as_asked(asked).scope;
        let led = Some(Scope::url(asked)).filter(|_| !same_server(asked, place));
        for key in scope.into_iter().chain(led).map(|scope| scope.key()) {
            self.hold(key, failure, until, now, since);
        }
        self.obeys = true;
        if self.limiter.save(now).is_err() {
            log::debug!("{}: how long to wait is not remembered", without_secrets(place));
        }
    }

    fn hold(
        &mut self,
        key: String,
        failure: &Failure,
        until: Duration,
        now: Duration,
        since: Timestamp,
    ) {
        let count = self.limiter.hold_of(&key).map_or(0, |hold| hold.count).saturating_add(1);
        let hold = Hold { until, why: failure.to_string(), cause: HoldCause::Asked, count, since };
        self.limiter.hold(&key, hold, now);
    }

    /// A job that was let go is not sent after all: nobody answers there. The fallback may.
    pub(super) fn give_up(&mut self, job: Job, failure: Failure, now: Duration) {
        self.queue.ended(&job);
        match instead(&self.asks[job.source], &job) {
            Some(request) => self.ask_instead(&job, request, now),
            None => {
                let place = job.request.url.clone();
                self.fail(job, failure, &place);
            }
        }
    }

    fn ask_instead(&mut self, job: &Job, request: Request, now: Duration) {
        let ask = &self.asks[job.source];
        let instead = request.shown_url();
        log::debug!("{}: asking {instead} instead", job.request.shown_url());
        let mut request = with_headers(ask, &home(ask, &job.request), vec![request]);
        if job.request.step == 0 {
            request = with_held(ask, request, job.request.root as usize);
        }
        self.queue.replace(job, terms(ask), request, now);
    }

    fn fail(&mut self, job: Job, failure: Failure, place: &Url) {
        self.note_trouble(&job, place, &failure);
        self.denied(&job, &failure, place);
        self.round.tallies[job.source].failures.push(failure);
        self.round.cut_short = self.rules.fail_fast;
        self.show(job.source);
    }

    pub(super) fn put_off(&mut self, job: &Job, until: Option<Duration>) {
        self.deferred(job, until);
        let tally = &mut self.round.tallies[job.source];
        // Put off after it failed, it has failed: the reason is worth more than the delay.
        let failed = job.failed.as_deref().filter(|failed| failed.stage != Stage::Cancelled);
        tally.failures.extend(failed.cloned());
        // Never rather than soon: `None` sorts as «not known», a known time is the better answer.
        tally.put_off = Some(tally.put_off.flatten().max(until.filter(|at| *at < Duration::MAX)));
        self.show(job.source);
    }
}

/// What to ask in the place of a request; nothing stands in for a token.
fn instead(ask: &Ask, job: &Job) -> Option<Request> {
    ask.source.fallback(&job.request).filter(|_| job.request.form.is_none())
}
