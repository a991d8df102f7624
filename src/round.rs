//! One round: every source asked, every answer read, every follow-up followed.
//!
//! Nobody here waits on anybody: a source cannot wait, a worker waits on the network until its
//! deadline, and the loop on the next outcome or the next permit. No more jobs are under way than
//! there are workers, so neither channel is ever full.

use std::collections::HashMap;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};
use futures_lite::FutureExt;
use smol::Executor;

use crate::backoff::{Breaker, RetryBudget, Scope, judge, retry_delay, scramble};
use crate::clock::Clock;
use crate::failure::Failure;
use crate::http::{
    Exchange, Header, Held, Request, Response, Timing, Url, Validators, same_server,
    without_secrets,
};
use crate::limit::{Hold, HoldCause, Limiter};
use crate::pool::Pool;
use crate::queue::{Job, Next, Queue, Terms};
use crate::source::{Page, Source, Window};
use crate::time::Timestamp;
use crate::transport::{Options, Transport};

mod errand;
mod halt;
mod tally;

pub use errand::READ_INLINE;
pub use halt::{Brake, GRACE, Halt, brake};
pub use tally::{Tally, Trouble};

use errand::{Errand, Outcome, Read, told};

/// One source, and how it is to be asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What to ask, and how to read the answer.
    pub source: Arc<dyn Source>,
    /// What is counted together by `windows` ([`crate::source::Quota::account`]).
    pub account: String,
    /// The quotas that hold: the config's, or the source's own.
    pub windows: Vec<Window>,
    /// How requests are made.
    pub options: Arc<Options>,
    /// Header fields that every request of this source carries.
    pub headers: Vec<Header>,
    /// For one request, from its beginning to the last byte.
    pub timeout: Duration,
    /// How often a request is tried again.
    pub retries: u8,
    /// Never more under way to one host than this.
    pub per_host: usize,
    /// What is held of the answers to its plan, by the number of the request there.
    pub held: Vec<Option<Holding>>,
}

/// What is held of the answer to a request of a plan, or to the fallback that stood in for it.
#[derive(Clone, Debug)]
pub struct Holding {
    /// Which URL was asked.
    pub asked: Url,
    /// What its answer was.
    pub held: Held,
}

/// One answer of one source, on its way out of the round.
#[derive(Debug)]
pub struct Landed {
    /// As the round counts sources.
    pub source: usize,
    /// What was asked for; [`Request::root`] says on behalf of which request of the plan.
    pub request: Request,
    /// The answer, without its body.
    pub response: Response,
    /// What was read; `None` when what is held is still true.
    pub page: Option<Page>,
    /// Of its body.
    pub digest: u64,
}

/// How a round is run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The fixed pool.
    pub workers: NonZeroUsize,
    /// The round ends after this long; what could not be sent by then is put off.
    pub deadline: Duration,
    /// The first failure ends the round.
    pub fail_fast: bool,
    /// Our own caution is overruled: who failed is asked all the same.
    pub force: bool,
    /// Where the jitter of retries comes from: the same seed gives the same delays.
    pub seed: u64,
}

/// What a round brought, source by source, and when its workers were busy.
#[derive(Debug, Default)]
pub struct Round {
    /// One for each [`Ask`], in the same order.
    pub tallies: Vec<Tally>,
    /// One for each request, in the order they ended.
    pub spans: Vec<Span>,
    /// The most requests that were under way at once.
    pub max_in_flight: usize,
    /// When it began and ended, as the clock counts.
    pub began: Duration,
    /// See `began`.
    pub ended: Duration,
    /// Whether a failure ended it early.
    pub cut_short: bool,
    /// Nothing was reached at all: our own line is down.
    pub line_down: bool,
}

impl Round {
    /// Whether a source brought anything: a page, or the word that nothing changed.
    pub fn is_well(&self, source: usize) -> bool {
        self.tallies[source].pages + self.tallies[source].unchanged > 0
    }
}

/// When a worker was busy, and for whom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// As the round counts sources.
    pub source: usize,
    /// When it could have been sent.
    pub ready: Duration,
    /// When it was sent.
    pub start: Duration,
    /// When the answer was whole, or failed.
    pub end: Duration,
    /// Where the time between went.
    pub timing: Timing,
    /// Whether there was a whole answer that the source could read.
    pub ok: bool,
}

/// Asks every source once and follows where its answers lead. Every answer goes to `keep` as it
/// comes.
pub async fn round(
    asks: &[Ask],
    rules: Rules,
    limiter: &mut Limiter,
    transport: &Arc<Transport>,
    executor: &Executor<'_>,
    keep: &mut dyn FnMut(Landed),
) -> Round {
    let clock = transport.clock().clone();
    // Never full: each worker has one outcome to tell at most.
    let (done, outcomes) = bounded(rules.workers.get());
    // Somebody asked to be left alone in an earlier round.
    let obeys = limiter.list(clock.now()).next().is_some();
    let mut state = Running {
        asks,
        rules,
        limiter,
        pool: Pool::new(executor, rules.workers),
        transport,
        done,
        queue: Queue::default(),
        holds: HashMap::new(),
        obeys,
        budget: RetryBudget::default(),
        breaker: Breaker::default(),
        in_flight: 0,
        deadline: clock.now().saturating_add(rules.deadline),
        round: Round { began: clock.now(), ..Round::default() },
        clock,
    };
    state.round.tallies = vec![Tally::default(); asks.len()];
    let now = state.clock.now();
    for (index, ask) in asks.iter().enumerate() {
        let plan = ask.source.plan().into_iter().enumerate();
        let plan = plan.flat_map(|(root, request)| {
            let request = state.first_free(ask, request, now);
            with_held(ask, with_headers(ask, vec![request]), root)
        });
        let plan: Vec<Request> = plan.collect();
        state.budget.requests(plan.len());
        state.queue.begin(index, terms(ask), plan, now);
    }
    while let Some(wake) = state.dispatch() {
        if let Some(outcome) = state.heard(&outcomes, wake).await {
            state.settle(outcome, keep);
            if state.round.cut_short {
                break;
            }
        }
    }
    state.finish()
}

/// The loop's own state; lives as long as one round.
struct Running<'a> {
    asks: &'a [Ask],
    rules: Rules,
    limiter: &'a mut Limiter,
    pool: Pool,
    transport: &'a Arc<Transport>,
    clock: Clock,
    done: Sender<Outcome>,
    queue: Queue,
    /// Accounts (or hosts) that asked to be left alone, and until when.
    holds: HashMap<String, Duration>,
    /// Somebody asked to be left alone, now or in an earlier round.
    obeys: bool,
    budget: RetryBudget,
    breaker: Breaker,
    in_flight: usize,
    deadline: Duration,
    round: Round,
}

impl Running<'_> {
    /// Gives work to the workers that are free. `None` when there is nothing left to wait for,
    /// else when to look again (never, if only an outcome can change anything).
    fn dispatch(&mut self) -> Option<Option<Duration>> {
        let now = self.clock.now();
        if now >= self.deadline {
            self.put_off_the_rest();
        }
        loop {
            // A permit is taken only for a worker that is free, or the requests of a slow minute
            // would all leave at the end of it.
            if self.in_flight == self.rules.workers.get() {
                return Some(None);
            }
            let (asks, limiter, holds) = (self.asks, &mut *self.limiter, &self.holds);
            let (breaker, obeys) = (&self.breaker, self.obeys);
            let admit = |job: &Job| {
                let ask = &asks[job.source];
                // What is not sent needs no permit.
                if breaker.refuse(&job.request.url).is_some() {
                    return Ok(());
                }
                let hold = holds.get(&hold_key(&ask.account, &job.request.url)).copied();
                let asked = obeys.then(|| wait_for(limiter, ask, &job.request.url, now, true));
                match hold.max(asked.flatten()) {
                    Some(until) if until > now => Err(until),
                    _ => limiter.take(&ask.account, &ask.windows, now),
                }
            };
            match self.queue.next(now, self.deadline, admit) {
                Next::Go(job) => match self.breaker.refuse(&job.request.url) {
                    Some(failure) => self.give_up(job, failure, now),
                    None => self.send(job),
                },
                Next::PutOff(job, until) => self.put_off(&job, Some(until)),
                Next::Wait(at) => return Some(Some(at.min(self.deadline))),
                Next::Busy => return Some(None),
                Next::Empty if self.in_flight > 0 => return Some(None),
                Next::Empty => return None,
            }
        }
    }

    fn send(&mut self, job: Job) {
        let ask = &self.asks[job.source];
        let left = self.deadline.saturating_sub(self.clock.now());
        let errand = Errand {
            source: ask.source.clone(),
            options: ask.options.clone(),
            timeout: ask.timeout.min(left),
            transport: self.transport.clone(),
        };
        let done = self.done.clone();
        self.pool.submit(async move {
            // The round may have ended: then nobody listens.
            done.send(errand.run(job).await).await.ok();
        });
        self.in_flight += 1;
        self.round.max_in_flight = self.round.max_in_flight.max(self.in_flight);
    }

    /// The next outcome, or nothing when it is time to look at the queue again.
    async fn heard(&self, outcomes: &Receiver<Outcome>, wake: Option<Duration>) -> Option<Outcome> {
        let heard = async { outcomes.recv().await.ok() };
        let woken = async {
            match wake {
                Some(at) => self.clock.sleep_until(at).await,
                None => pending().await,
            }
            None
        };
        heard.or(woken).await
    }

    fn settle(&mut self, outcome: Outcome, keep: &mut dyn FnMut(Landed)) {
        let Outcome { job, result, exchange, start, end } = outcome;
        self.in_flight -= 1;
        self.queue.ended(&job);
        let now = self.clock.now();
        let span = Span {
            source: job.source,
            ready: job.ready,
            start,
            end,
            timing: exchange.timing,
            ok: result.is_ok(),
        };
        self.round.spans.push(span);
        self.account_for(&job, &exchange, now);
        self.breaker.note(&exchange.place, exchange.result.as_ref().err());
        log::debug!("{}", told(&job, &result, &exchange, end.saturating_sub(start)));
        let tally = &mut self.round.tallies[job.source];
        tally.count(&job, &exchange, span, now);
        if job.request.step == 0 && job.tries == 1 {
            let held = self.asks[job.source].held.get(job.request.root as usize);
            let held = held.and_then(Option::as_ref).map(|holding| &holding.held.validators);
            tally.held += u32::from(held.is_some_and(|held| *held != Validators::default()));
            tally.conditional += u32::from(job.request.held.is_some());
        }
        match result {
            Ok(Read { mut page, digest }) => {
                let ask = &self.asks[job.source];
                let tally = &mut self.round.tallies[job.source];
                match &mut page {
                    Some(page) => {
                        tally.pages += 1;
                        tally.items += page.items.len();
                        let more = with_headers(ask, std::mem::take(&mut page.more));
                        self.budget.requests(more.len());
                        self.queue.follow(&job, terms(ask), more, now);
                    }
                    None => tally.unchanged += 1,
                }
                let Ok(response) = exchange.result else { return };
                keep(Landed { source: job.source, request: job.request, response, page, digest });
            }
            Err(failure) => self.cope(job, failure, &exchange.place, now),
        }
    }

    /// What a request and its answer mean for the quotas.
    fn account_for(&mut self, job: &Job, exchange: &Exchange, now: Duration) {
        let ask = &self.asks[job.source];
        self.limiter.also(&ask.account, exchange.requests.saturating_sub(1), now);
        // Another server's counting is not this account's.
        let at_home = same_server(&exchange.place, &job.request.url);
        let told = exchange.result.iter().filter(|_| at_home);
        for limit in told.flat_map(|response| &response.limits) {
            self.limiter.told(&ask.account, limit, &ask.windows, now);
        }
        self.limiter.ended(&ask.account);
    }

    /// A failure leads to a fallback, to another try, or into the tally.
    fn cope(&mut self, job: Job, failure: Failure, place: &Url, now: Duration) {
        let ask = &self.asks[job.source];
        let at_home = same_server(place, &job.request.url);
        let account = if at_home { ask.account.as_str() } else { "" };
        if failure.retry_after.is_some() || failure.status == Some(429) {
            // Without a word on how long, for this round.
            let until = failure.retry_after.map_or(self.deadline, |span| now.saturating_add(span));
            let hold = self.holds.entry(hold_key(account, place)).or_default();
            *hold = until.max(*hold);
            if failure.retry_after.is_some() {
                self.obey(&job.request.url, place, account, &failure, until);
            }
        }
        if let Some(request) = ask.source.fallback(&job.request) {
            self.note_trouble(&job, place, &failure);
            return self.ask_instead(&job, request, now);
        }
        // A host that was given up is asked no more.
        let given_up = self.breaker.refuse(&job.request.url).is_some();
        if failure.transient() && job.tries <= ask.retries && !given_up {
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

    fn note_trouble(&mut self, job: &Job, place: &Url, failure: &Failure) {
        let trouble = &mut self.round.tallies[job.source].trouble;
        trouble.get_or_insert_with(|| Trouble {
            asked: job.request.url.clone(),
            place: place.clone(),
            failure: failure.clone(),
        });
    }

    /// The request, or the first in its line of fallbacks that is not to be left alone.
    fn first_free(&self, ask: &Ask, request: Request, now: Duration) -> Request {
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
    fn give_up(&mut self, job: Job, failure: Failure, now: Duration) {
        self.queue.ended(&job);
        match self.asks[job.source].source.fallback(&job.request) {
            Some(request) => self.ask_instead(&job, request, now),
            None => {
                let place = job.request.url.clone();
                self.fail(job, failure, &place);
            }
        }
    }

    fn ask_instead(&mut self, job: &Job, request: Request, now: Duration) {
        let ask = &self.asks[job.source];
        let instead = without_secrets(&request.url);
        log::debug!("{}: asking {instead} instead", without_secrets(&job.request.url));
        let mut request = with_headers(ask, vec![request]);
        if job.request.step == 0 {
            request = with_held(ask, request, job.request.root as usize);
        }
        self.queue.replace(job, terms(ask), request, now);
    }

    fn fail(&mut self, job: Job, failure: Failure, place: &Url) {
        self.note_trouble(&job, place, &failure);
        self.round.tallies[job.source].failures.push(failure);
        self.round.cut_short = self.rules.fail_fast;
    }

    fn put_off(&mut self, job: &Job, until: Option<Duration>) {
        let tally = &mut self.round.tallies[job.source];
        // Put off after it failed, it has failed: the reason is worth more than the delay.
        tally.failures.extend(job.failed.as_deref().cloned());
        // Never rather than soon: `None` sorts as «not known», a known time is the better answer.
        tally.put_off = Some(tally.put_off.flatten().max(until.filter(|at| *at < Duration::MAX)));
    }

    fn put_off_the_rest(&mut self) {
        for job in self.queue.drain() {
            self.put_off(&job, None);
        }
    }

    fn finish(mut self) -> Round {
        if self.round.cut_short {
            self.put_off_the_rest();
        }
        self.round.ended = self.clock.now();
        self.transport.close_idle();
        self.round
    }
}

fn with_headers(ask: &Ask, mut requests: Vec<Request>) -> Vec<Request> {
    for request in &mut requests {
        request.headers.extend(ask.headers.iter().cloned());
    }
    requests
}

/// The same requests with what is held of their answers.
fn with_held(ask: &Ask, mut requests: Vec<Request>, root: usize) -> Vec<Request> {
    for (request, holding) in requests.iter_mut().zip(ask.held.iter().skip(root)) {
        let holding = holding.as_ref().filter(|holding| holding.asked == request.url);
        request.held = holding.map(|holding| Box::new(holding.held.clone()));
    }
    requests
}

fn terms(ask: &Ask) -> Terms<'_> {
    Terms { account: &ask.account, per_host: ask.per_host }
}

/// A `Retry-After` holds for the account, or for the server where there is none.
fn hold_key(account: &str, url: &Url) -> String {
    match account {
        "" => {
            let port = url.port_or_known_default().unwrap_or_default();
            format!("{}:{port}", url.host_str().unwrap_or_default())
        }
        account => account.into(),
    }
}

/// Until when a URL is to be left alone, if it is: because a server asked for it (`strictly`), or
/// because we had better.
fn wait_for(
    limiter: &Limiter,
    ask: &Ask,
    url: &Url,
    now: Duration,
    strictly: bool,
) -> Option<Duration> {
    let scopes = Scope::all(url, &ask.account);
    let holds = scopes.iter().filter_map(|scope| limiter.held(&scope.key(), now));
    let holds = holds.filter(|hold| hold.cause == HoldCause::Asked || !strictly);
    holds.map(|hold| hold.until).max()
}
