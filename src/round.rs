//! One round: every source asked, every answer read, every follow-up followed.
//!
//! Nobody here waits on anybody: a source cannot wait, a worker waits on the network until its
//! deadline, and the loop on the next outcome, the next permit or the brake. No more jobs are under
//! way than there are workers, so neither channel is ever full.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use smol::Executor;

use crate::http::{Header, Held, Request, Response, Timing, Url};
use crate::limit::Limiter;
use crate::source::grant::Token;
use crate::source::{Page, Source, Window};
use crate::transport::{Options, Transport};

mod board;
mod errand;
mod halt;
mod running;
mod tally;

pub use board::{Board, Glance};
pub use errand::{READ_INLINE, refusal};
pub use halt::{Brake, GRACE, Halt, brake};
pub use tally::{Tally, Trouble};

use running::Running;

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
    /// The token at hand, if it needs one ([`Source::grant`]).
    pub token: Option<Token>,
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
    /// The machine slept for so long meanwhile, which `began` and `ended` do not count.
    pub slept: Duration,
    /// Whether a failure ended it early.
    pub cut_short: bool,
    /// Whether it was halted before it was over.
    pub halted: bool,
    /// Nothing was reached at all: our own line is down.
    pub line_down: bool,
    /// The tokens that came, by what they are known by ([`crate::source::grant::Grant::key`]), and
    /// those that are no good any more.
    pub tokens: Vec<(String, Option<Token>)>,
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
///
/// When `halt` is pulled, nothing new is sent, and what is under way is cut after [`GRACE`]; what was
/// neither sent nor answered by then is put off.
pub async fn round(
    asks: &[Ask],
    rules: Rules,
    halt: &Halt,
    limiter: &mut Limiter,
    transport: &Arc<Transport>,
    executor: &Executor<'_>,
    keep: &mut dyn FnMut(Landed),
) -> Round {
    let (mut state, outcomes) = Running::new(asks, rules, halt, limiter, transport, executor);
    state.begin();
    while let Some(wake) = state.dispatch() {
        if let Some(outcome) = state.heard(&outcomes, wake).await {
            let source = outcome.source();
            state.settle(outcome, keep);
            state.show(source);
            if state.is_cut_short() {
                break;
            }
        }
    }
    state.finish()
}
