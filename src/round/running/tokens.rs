//! Tokens: asked for before what needs them, shared by all who ask with one client id, asked for
//! anew when a server takes one no longer.
//!
//! No token is asked for twice in one round: a server that refuses what it just gave would refuse it
//! again.

use std::time::Duration;

use super::super::{Ask, Trouble};
use super::Running;
use super::terms::terms;
use crate::backoff::Scope;
use crate::failure::Failure;
use crate::http::{Header, Request, Url};
use crate::queue::Job;
use crate::source::grant::{Grant, Token};
use crate::time::Timestamp;

/// The tokens of one round.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    desks: Vec<Desk>,
    /// For each source, at which desk its token is given.
    of: Vec<Option<usize>>,
}

/// One token, and who waits for it.
#[derive(Debug)]
struct Desk {
    grant: Grant,
    key: String,
    /// What requests carry: the old one as long as another is under way.
    token: Option<Token>,
    /// It is not what it was when the round began.
    changed: bool,
    under_way: bool,
    tried: bool,
    waiting: Waiting,
}

/// Who waits for a token.
#[derive(Debug, Default)]
struct Waiting {
    /// Sources that did not begin yet.
    plans: Vec<usize>,
    /// Requests that were refused with the old one.
    refused: Vec<(Job, Failure)>,
}

impl Tokens {
    /// As they are before the first request.
    pub(super) fn new(asks: &[Ask], now: Timestamp) -> Tokens {
        let mut tokens = Tokens::default();
        for ask in asks {
            let desk = ask.source.grant().map(|grant| tokens.desk(grant, ask, now));
            tokens.of.push(desk);
        }
        tokens
    }

    fn desk(&mut self, grant: Grant, ask: &Ask, now: Timestamp) -> usize {
        let key = grant.key();
        if let Some(known) = self.desks.iter().position(|desk| desk.key == key) {
            return known;
        }
        let token = ask.token.clone().filter(|token| token.is_good(now));
        self.desks.push(Desk {
            grant,
            key,
            token,
            changed: false,
            under_way: false,
            tried: false,
            waiting: Waiting::default(),
        });
        self.desks.len() - 1
    }

    fn of(&mut self, source: usize) -> Option<&mut Desk> {
        let desk = self.of.get(source).copied().flatten()?;
        self.desks.get_mut(desk)
    }

    /// What the round came to: for each token that is not what it was, its key, and what it is now.
    pub(super) fn changes(self) -> Vec<(String, Option<Token>)> {
        let changed = self.desks.into_iter().filter(|desk| desk.changed);
        changed.map(|desk| (desk.key, desk.token)).collect()
    }
}

impl Running<'_> {
    /// Whether a source has to wait for a token before it can begin; then it is asked for.
    pub(super) fn awaits_token(&mut self, source: usize, now: Duration) -> bool {
        let Some(desk) = self.tokens.of(source).filter(|desk| desk.token.is_none()) else {
            return false;
        };
        desk.waiting.plans.push(source);
        self.ask_for_token(source, now);
        true
    }

    fn ask_for_token(&mut self, source: usize, now: Duration) {
        let Some(desk) = self.tokens.of(source).filter(|desk| !desk.under_way) else { return };
        desk.under_way = true;
        desk.tried = true;
        let request = desk.grant.request();
        self.budget.requests(1);
        self.queue.begin(source, terms(&self.asks[source]), vec![request], now);
    }

    /// Puts the token into a request that needs one.
    pub(super) fn authorise(&mut self, job: &mut Job) {
        let desk = self.tokens.of(job.source).filter(|_| job.request.form.is_none());
        let Some(token) = desk.and_then(|desk| desk.token.as_ref()) else { return };
        // From an earlier try.
        job.request.headers.retain(|header| header.name != AUTHORIZATION);
        let value = token.field();
        job.request.headers.push(Header { name: AUTHORIZATION.into(), value, secret: true });
    }

    /// A token came: whoever waited for it goes on.
    pub(super) fn granted(&mut self, job: &Job, token: Token, now: Duration) {
        let Some(desk) = self.tokens.of(job.source) else { return };
        desk.token = Some(token);
        desk.changed = true;
        desk.under_way = false;
        let Waiting { plans, refused } = std::mem::take(&mut desk.waiting);
        for scope in Scope::all(&job.request.url, &self.asks[job.source].account) {
            self.limiter.release(&scope.key());
        }
        plans.into_iter().for_each(|source| self.plan(source, now));
        refused.into_iter().for_each(|(job, failure)| self.queue.retry(job, failure, now));
    }

    /// A request was refused for its token: it is sent again with another one, if there can be one.
    /// Gives it back if there cannot.
    pub(super) fn renew(
        &mut self,
        job: Job,
        failure: Failure,
        now: Duration,
    ) -> Option<(Job, Failure)> {
        let source = job.source;
        let refused = failure.status == Some(401) && job.request.form.is_none();
        let Some(desk) = self.tokens.of(source).filter(|_| refused) else {
            return Some((job, failure));
        };
        let current = desk.token.as_ref().map(Token::field);
        if current.as_deref() != carried(&job.request) && !desk.under_way && current.is_some() {
            self.queue.retry(job, failure, now);
        } else if desk.under_way || !desk.tried {
            desk.waiting.refused.push((job, failure));
            self.ask_for_token(source, now);
        } else {
            desk.changed = true;
            desk.token = None;
            return Some((job, failure));
        }
        None
    }

    /// No token came, for this reason: whoever waited for it fails with it.
    pub(super) fn denied(&mut self, job: &Job, failure: &Failure, place: &Url) {
        let Some(Waiting { plans, refused }) = self.dismiss(job) else { return };
        let waiting = refused.iter().map(|(job, _)| job.source).chain(plans);
        for source in waiting.filter(|source| *source != job.source) {
            let tally = &mut self.round.tallies[source];
            tally.failures.push(failure.clone());
            tally.trouble.get_or_insert_with(|| Trouble {
                asked: job.request.url.clone(),
                place: place.clone(),
                failure: failure.clone(),
            });
        }
    }

    /// No token came yet, and none will in this round: whoever waited for it is put off.
    pub(super) fn deferred(&mut self, job: &Job, until: Option<Duration>) {
        let Some(Waiting { plans, refused }) = self.dismiss(job) else { return };
        for source in plans.into_iter().filter(|source| *source != job.source) {
            self.round.tallies[source].put_off = Some(until);
        }
        for (job, failure) in refused {
            self.round.tallies[job.source].failures.push(failure);
        }
    }

    /// Those who are still waiting when the round ends.
    pub(super) fn close_desks(&mut self) {
        for desk in &mut self.tokens.desks {
            let Waiting { plans, refused } = std::mem::take(&mut desk.waiting);
            for source in plans {
                self.round.tallies[source].put_off = Some(None);
            }
            for (job, failure) in refused {
                self.round.tallies[job.source].failures.push(failure);
            }
        }
    }

    /// Whoever waits for the token that this job was to bring, if that is what it was.
    fn dismiss(&mut self, job: &Job) -> Option<Waiting> {
        job.request.form?;
        let desk = self.tokens.of(job.source)?;
        desk.under_way = false;
        desk.changed |= desk.token.is_some();
        desk.token = None;
        Some(std::mem::take(&mut desk.waiting))
    }
}

/// RFC 6750 §2.1.
const AUTHORIZATION: &str = "authorization";

fn carried(request: &Request) -> Option<&str> {
    let mut fields = request.headers.iter().rev();
    let field = fields.find(|header| header.name == AUTHORIZATION)?;
    Some(field.value.as_str())
}
