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

use crate::backoff::{retry_delay, scramble};
use crate::clock::Clock;
use crate::failure::{Failure, Stage};
use crate::http::{Document, Exchange, Header, Request, Response, Timing, without_secrets};
use crate::limit::Limiter;
use crate::pool::Pool;
use crate::queue::{Job, Next, Queue, Terms};
use crate::source::{Page, Source, Window};
use crate::transport::{Options, Transport};

/// Larger documents are read on another thread, so that timers and other answers are not held up.
/// At 50 MB/s, a tenth of what the reader does on a small computer, this takes a millisecond or two.
pub const READ_INLINE: usize = 96 * 1024;

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
}

/// How one source fared.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answers that were read.
    pub pages: usize,
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
    /// Some requests were put off, not before this (time of the clock), if that is known.
    pub put_off: Option<Option<Duration>>,
    /// When its first request could have been sent, and when its last answer was read.
    pub span: Option<(Duration, Duration)>,
    /// Of its slowest request: time in the queue, and on the wire.
    pub slowest: (Duration, Timing),
    /// Where only permanent redirects led, if anywhere.
    pub moved: Option<crate::http::Url>,
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

/// Asks every source once and follows where its answers lead. Every page goes to `keep` as it
/// comes, with the number of its source.
pub async fn round(
    asks: &[Ask],
    rules: Rules,
    limiter: &mut Limiter,
    transport: &Arc<Transport>,
    executor: &Executor<'_>,
    keep: &mut dyn FnMut(usize, Page),
) -> Round {
    let clock = transport.clock().clone();
    // A pool need not be larger than all that could ever be under way.
    let (done, outcomes) = bounded(rules.workers.get());
    let mut state = Running {
        asks,
        rules,
        limiter,
        pool: Pool::new(executor, rules.workers),
        transport,
        done,
        queue: Queue::default(),
        holds: HashMap::new(),
        in_flight: 0,
        deadline: clock.now().saturating_add(rules.deadline),
        round: Round { began: clock.now(), ..Round::default() },
        clock,
    };
    state.round.tallies = vec![Tally::default(); asks.len()];
    let now = state.clock.now();
    for (index, ask) in asks.iter().enumerate() {
        let plan = with_headers(ask, ask.source.plan());
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
            let admit = |job: &Job| {
                let ask = &asks[job.source];
                match holds.get(hold_key(ask, &job.request)) {
                    Some(until) if *until > now => Err(*until),
                    _ => limiter.take(&ask.account, &ask.windows, now),
                }
            };
            match self.queue.next(now, self.deadline, admit) {
                Next::Go(job) => self.send(job),
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

    fn settle(&mut self, outcome: Outcome, keep: &mut dyn FnMut(usize, Page)) {
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
        log::debug!("{}", told(&job, &result, &exchange, end.saturating_sub(start)));
        self.round.tallies[job.source].count(&job, &exchange, span, now);
        match result {
            Ok(mut page) => {
                let ask = &self.asks[job.source];
                let more = with_headers(ask, std::mem::take(&mut page.more));
                let tally = &mut self.round.tallies[job.source];
                tally.pages += 1;
                tally.items += page.items.len();
                self.queue.follow(&job, terms(ask), more, now);
                keep(job.source, page);
            }
            Err(failure) => self.cope(job, failure, now),
        }
    }

    /// A failure leads to a fallback, to another try, or into the tally.
    fn cope(&mut self, job: Job, failure: Failure, now: Duration) {
        let ask = &self.asks[job.source];
        if let Some(delay) = failure.retry_after {
            let until = now.saturating_add(delay);
            let hold = self.holds.entry(hold_key(ask, &job.request).into()).or_default();
            *hold = until.max(*hold);
        }
        if let Some(request) = ask.source.fallback(&job.request) {
            let instead = without_secrets(&request.url);
            log::debug!("{}: asking {instead} instead", without_secrets(&job.request.url));
            let request = with_headers(ask, vec![request]);
            return self.queue.replace(&job, terms(ask), request, now);
        }
        if failure.transient() && job.tries <= ask.retries {
            let luck = self.rules.seed ^ scramble(job.source as u64) ^ u64::from(job.request.tag);
            let delay = failure.retry_after.unwrap_or_else(|| retry_delay(job.tries, luck));
            let at = now.saturating_add(delay);
            if at < self.deadline {
                return self.queue.retry(job, failure, at);
            }
        }
        if let Some(delay) = failure.retry_after {
            self.round.tallies[job.source].put_off = Some(Some(now.saturating_add(delay)));
        }
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

impl Tally {
    fn count(&mut self, job: &Job, exchange: &Exchange, span: Span, now: Duration) {
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
        let slowest = &mut self.slowest;
        if span.end - span.start >= slowest.1.total() {
            *slowest = (span.start.saturating_sub(span.ready), exchange.timing);
        }
    }
}

fn with_headers(ask: &Ask, mut requests: Vec<Request>) -> Vec<Request> {
    for request in &mut requests {
        request.headers.extend(ask.headers.iter().cloned());
    }
    requests
}

fn terms(ask: &Ask) -> Terms<'_> {
    Terms { account: &ask.account, per_host: ask.per_host }
}

/// A `Retry-After` holds for the account, or for the host where there is none.
fn hold_key<'a>(ask: &'a Ask, request: &'a Request) -> &'a str {
    if ask.account.is_empty() { request.host() } else { &ask.account }
}

/// What a worker needs for one job.
struct Errand {
    source: Arc<dyn Source>,
    options: Arc<Options>,
    timeout: Duration,
    transport: Arc<Transport>,
}

struct Outcome {
    job: Job,
    result: Result<Page, Failure>,
    /// Without the body.
    exchange: Exchange,
    start: Duration,
    end: Duration,
}

impl Errand {
    /// What a worker does: one request, one answer, one reading of it.
    async fn run(self, job: Job) -> Outcome {
        let clock = self.transport.clock();
        let start = clock.now();
        let mut exchange = self.transport.get(&job.request, &self.options, self.timeout).await;
        let end = clock.now();
        let result = match &mut exchange.result {
            Ok(response) => {
                let body = std::mem::take(&mut response.body);
                read(self.source, &job.request, response.clone(), body).await
            }
            Err(failure) => Err(failure.clone()),
        };
        Outcome { job, result, exchange, start, end }
    }
}

/// One request in one line, for the log.
fn told(job: &Job, result: &Result<Page, Failure>, exchange: &Exchange, took: Duration) -> String {
    let status = exchange.result.as_ref().map_or(String::new(), |answer| {
        format!("{}, {} bytes, ", answer.status, exchange.bytes_in)
    });
    let came = match result {
        Ok(page) => format!("{} items", page.items.len()),
        Err(failure) => failure.to_string(),
    };
    let url = without_secrets(&job.request.url);
    format!("{url}: {status}{} ms, {came}", took.as_millis())
}

async fn read(
    source: Arc<dyn Source>,
    request: &Request,
    response: Response,
    body: Vec<u8>,
) -> Result<Page, Failure> {
    if body.len() <= READ_INLINE {
        return interpret(&*source, request, &response, &body);
    }
    let request = request.clone();
    smol::unblock(move || interpret(&*source, &request, &response, &body)).await
}

fn interpret(
    source: &dyn Source,
    request: &Request,
    response: &Response,
    body: &[u8],
) -> Result<Page, Failure> {
    if !(200..=299).contains(&response.status) {
        return Err(refusal(source, response, body));
    }
    let document =
        Document { url: Some(&response.url), content_type: response.content_type.as_deref(), body };
    let page = source
        .read(request, &document)
        .map_err(|failure| Failure { status: Some(response.status), ..failure })?;
    if page.partial && !response.delimited {
        let cause = "the connection ended before the document did";
        return Err(Failure {
            status: Some(response.status),
            ..Failure::new(Stage::Protocol, cause)
        });
    }
    Ok(page)
}

/// A status that is no success, in the service's own words where it has any.
fn refusal(source: &dyn Source, response: &Response, body: &[u8]) -> Failure {
    let said = source.explain(response.status, body);
    let stage = if said.is_some() { Stage::Service } else { Stage::Status };
    let meaning = match response.status {
        401 => "401, the key or password is not accepted",
        403 => "403, access is refused",
        404 => "404, there is nothing at this address",
        410 => "410, it is gone for good",
        429 => "429, too many requests",
        500 => "500, the server failed",
        502..=504 => "the server is not available",
        _ => "",
    };
    let cause = match (said, meaning) {
        (Some(said), _) => said,
        (None, "") => format!("answered with {}", response.status),
        (None, meaning) if meaning.starts_with(char::is_numeric) => {
            format!("answered with {meaning}")
        }
        (None, meaning) => format!("answered with {}, {meaning}", response.status),
    };
    Failure { stage, cause, status: Some(response.status), retry_after: response.retry_after }
}
