//! The loop of a round: who is sent, who is heard.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};
use futures_lite::FutureExt;
use smol::Executor;

use super::errand::{Errand, Outcome, Read, told};
use super::{Ask, Halt, Landed, Round, Rules, Span, Tally};
use crate::backoff::{Breaker, LONGEST_ASKED_WAIT, RetryBudget, Scope};
use crate::clock::Clock;
use crate::failure::Stage;
use crate::http::{Exchange, Request, Validators, same_server};
use crate::limit::Limiter;
use crate::pool::Pool;
use crate::queue::{Job, Next, NotYet, Queue};
use crate::transport::Transport;

mod coping;
mod terms;
mod tokens;

use terms::{home, terms, wait_for, with_headers, with_held};
use tokens::Tokens;

/// The loop's own state; lives as long as one round.
pub(super) struct Running<'a> {
    asks: &'a [Ask],
    rules: Rules,
    halt: &'a Halt,
    limiter: &'a mut Limiter,
    pool: Pool,
    transport: &'a Arc<Transport>,
    clock: Clock,
    done: Sender<Outcome>,
    queue: Queue,
    tokens: Tokens,
    /// What asked to be left alone in this round, and until when.
    holds: HashMap<Scope, Duration>,
    /// Somebody asked to be left alone, now or in an earlier round.
    obeys: bool,
    budget: RetryBudget,
    breaker: Breaker,
    in_flight: usize,
    deadline: Duration,
    round: Round,
}

impl<'a> Running<'a> {
    /// As it is before the first request, and where the outcomes are heard.
    pub(super) fn new(
        asks: &'a [Ask],
        rules: Rules,
        halt: &'a Halt,
        limiter: &'a mut Limiter,
        transport: &'a Arc<Transport>,
        executor: &Executor<'_>,
    ) -> (Running<'a>, Receiver<Outcome>) {
        let clock = transport.clock().clone();
        let now = clock.now();
        // Somebody asked to be left alone in an earlier round.
        let obeys = limiter.list(now).next().is_some();
        // Never full: each worker has one outcome to tell at most.
        let (done, outcomes) = bounded(rules.workers.get());
        let running = Running {
            asks,
            rules,
            halt,
            pool: Pool::new(executor, rules.workers),
            transport,
            done,
            queue: Queue::default(),
            tokens: Tokens::new(asks, clock.wall()),
            holds: HashMap::new(),
            obeys,
            limiter,
            budget: RetryBudget::default(),
            breaker: Breaker::default(),
            in_flight: 0,
            deadline: now.saturating_add(rules.deadline),
            round: Round {
                tallies: vec![Tally::default(); asks.len()],
                began: now,
                ..Round::default()
            },
            clock,
        };
        (running, outcomes)
    }

    /// Queues what every source wants to know first.
    pub(super) fn begin(&mut self) {
        let now = self.clock.now();
        for index in 0..self.asks.len() {
            if !self.awaits_token(index, now) {
                self.plan(index, now);
            }
        }
    }

    fn plan(&mut self, index: usize, now: Duration) {
        let ask = &self.asks[index];
        let plan = ask.source.plan().into_iter().enumerate();
        let plan = plan.flat_map(|(root, request)| {
            let home = request.url.clone();
            let request = self.first_free(ask, request, now);
            with_held(ask, with_headers(ask, &home, vec![request]), root)
        });
        let plan: Vec<Request> = plan.collect();
        self.budget.requests(plan.len());
        self.queue.begin(index, terms(ask), plan, now);
    }

    /// Whether a failure ends the round.
    pub(super) fn is_cut_short(&self) -> bool {
        self.round.cut_short
    }

    /// Gives work to the workers that are free. `None` when there is nothing left to wait for,
    /// else when to look again (never, if only an outcome can change anything).
    pub(super) fn dispatch(&mut self) -> Option<Option<Duration>> {
        let now = self.clock.now();
        self.round.halted = self.halt.is_pulled();
        if now >= self.deadline || self.round.halted {
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
                let scope =
                    (!holds.is_empty()).then(|| Scope::counting(&job.request.url, &ask.account));
                let hold = scope.and_then(|scope| holds.get(&scope)).copied();
                let asked = obeys.then(|| wait_for(limiter, ask, &job.request.url, now, true));
                match hold.max(asked.flatten()) {
                    Some(until) if until > now.saturating_add(LONGEST_ASKED_WAIT) => {
                        Err(NotYet::Defer(until))
                    }
                    Some(until) if until > now => Err(NotYet::Wait(until)),
                    _ => limiter.take(&ask.account, &ask.windows, now).map_err(NotYet::Wait),
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
                Next::Empty if self.in_flight > 0 => {
                    // Each has its buffers. Those to hosts with a request under way may be needed: the
                    // request may not have begun, and its response may call for others there.
                    self.transport.close_idle_unless(&|host| self.queue.is_under_way(host));
                    return Some(None);
                }
                Next::Empty => return None,
            }
        }
    }

    fn send(&mut self, mut job: Job) {
        self.authorise(&mut job);
        let ask = &self.asks[job.source];
        let left = self.deadline.saturating_sub(self.clock.now());
        let errand = Errand {
            source: ask.source.clone(),
            options: ask.options.clone(),
            timeout: ask.timeout.min(left),
            cut_by_deadline: left < ask.timeout,
            transport: self.transport.clone(),
            halt: self.halt.clone(),
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
    pub(super) async fn heard(
        &self,
        outcomes: &Receiver<Outcome>,
        wake: Option<Duration>,
    ) -> Option<Outcome> {
        let heard = async { outcomes.recv().await.ok() };
        let woken = async {
            match wake {
                Some(at) => self.clock.sleep_until(at).await,
                None => pending().await,
            }
            None
        };
        let halted = async {
            match self.round.halted {
                false => self.halt.pulled().await,
                // What is still under way cuts itself.
                true => pending().await,
            }
            None
        };
        heard.or(woken).or(halted).await
    }

    /// Takes note of what came of a request.
    pub(super) fn settle(&mut self, outcome: Outcome, keep: &mut dyn FnMut(Landed)) {
        let Outcome { job, result, exchange, room: _room, start, end } = outcome;
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
        if job.request.step == 0 && job.tries == 1 && job.request.form.is_none() {
            let held = self.asks[job.source].held.get(job.request.root as usize);
            let held = held.and_then(Option::as_ref).map(|holding| &holding.held.validators);
            tally.held += u32::from(held.is_some_and(|held| *held != Validators::default()));
            tally.conditional += u32::from(job.request.held.is_some());
        }
        match result {
            Ok(Read { token: Some(token), .. }) => self.granted(&job, token, now),
            Ok(Read { mut page, digest, token: None }) => {
                let ask = &self.asks[job.source];
                let tally = &mut self.round.tallies[job.source];
                match &mut page {
                    Some(page) => {
                        tally.pages += 1;
                        tally.items += page.items.len();
                        let more = std::mem::take(&mut page.more);
                        let more = match more.is_empty() {
                            true => more,
                            false => with_headers(ask, &home(ask, &job.request), more),
                        };
                        self.budget.requests(more.len());
                        self.queue.follow(&job, terms(ask), more, now);
                    }
                    None => tally.unchanged += 1,
                }
                let Ok(response) = exchange.result else { return };
                keep(Landed { source: job.source, request: job.request, response, page, digest });
            }
            Err(failure) if failure.stage == Stage::Cancelled => self.resume(job, failure, now),
            Err(failure) => {
                if let Some((job, failure)) = self.renew(job, failure, now) {
                    self.cope(job, failure, &exchange.place, now);
                }
            }
        }
    }

    /// What a request and its answer mean for the quotas.
    fn account_for(&mut self, job: &Job, exchange: &Exchange, now: Duration) {
        let ask = &self.asks[job.source];
        self.limiter.also(&ask.account, exchange.requests.saturating_sub(1), now);
        // Another server's counting is not this account's, nor that of tokens.
        let at_home = same_server(&exchange.place, &job.request.url) && job.request.form.is_none();
        let told = exchange.result.iter().filter(|_| at_home);
        for limit in told.flat_map(|response| &response.limits) {
            self.limiter.told(&ask.account, limit, &ask.windows, now);
        }
        let unreached = exchange.result.as_ref().err().is_some_and(|failure| failure.unsent);
        // Behind a redirect it is another server that was not reached.
        if unreached && exchange.requests <= 1 {
            self.limiter.never_left(&ask.account, job.left);
        }
        self.limiter.ended(&ask.account);
    }

    /// Says whether a source is done, to who looks on.
    pub(super) fn show(&self, source: usize) {
        if let Some(board) = self.halt.board() {
            board.note(source, self.queue.is_done(source));
        }
    }

    fn put_off_the_rest(&mut self) {
        for job in self.queue.drain() {
            self.put_off(&job, None);
        }
    }

    /// The round is over; what is still under way is cut off.
    pub(super) fn finish(mut self) -> Round {
        if self.round.cut_short {
            self.put_off_the_rest();
        }
        self.close_desks();
        self.round.tokens = std::mem::take(&mut self.tokens).changes();
        self.round.ended = self.clock.now();
        self.transport.close_idle();
        self.round
    }
}
