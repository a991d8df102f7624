//! What a worker does: one request, one answer, one reading of it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::FutureExt;

use super::{GRACE, Halt};
use crate::decode;
use crate::failure::{Failure, Fault, Stage};
use crate::http::{Document, Exchange, Request, Response, digest};
use crate::queue::Job;
use crate::redact::Redactor;
use crate::source::grant::Token;
use crate::source::{Page, Source};
use crate::time::Timestamp;
use crate::transport::{Options, Room, Transport};

/// Larger documents are read on another thread, so that timers and other answers are not held up.
/// At 50 MB/s, a tenth of what the reader does on a small computer, this takes a millisecond or two.
pub const READ_INLINE: usize = 96 * 1024;

/// What a worker needs for one job.
pub(super) struct Errand {
    pub(super) source: Arc<dyn Source>,
    pub(super) options: Arc<Options>,
    pub(super) timeout: Duration,
    /// `timeout` is what is left of the round, less than the source's own.
    pub(super) cut_by_deadline: bool,
    pub(super) transport: Arc<Transport>,
    pub(super) halt: Halt,
}

/// An answer, read.
pub(super) struct Read {
    /// `None`: what is held is still true.
    pub(super) page: Option<Page>,
    /// Of the body ([`digest`]).
    pub(super) digest: u64,
    /// It was a token that was asked for.
    pub(super) token: Option<Token>,
}

/// What became of it.
pub(super) struct Outcome {
    pub(super) job: Job,
    pub(super) result: Result<Read, Failure>,
    /// Without the body.
    pub(super) exchange: Exchange,
    /// Given back when all is taken out of it.
    pub(super) room: Option<Room>,
    pub(super) start: Duration,
    pub(super) end: Duration,
}

impl Outcome {
    /// As the round counts sources.
    pub(super) fn source(&self) -> usize {
        self.job.source
    }
}

impl Errand {
    /// What a worker does: one request, one answer, one reading of it.
    pub(super) async fn run(self, job: Job) -> Outcome {
        let clock = self.transport.clock();
        let start = clock.now();
        let mut cut = pin!(self.cut());
        let asking =
            self.transport.get_unless(&job.request, &self.options, self.timeout, cut.as_mut());
        let (mut exchange, room, redactor) = asking.await;
        let end = clock.now();
        let result = match &mut exchange.result {
            Ok(response) => {
                let body = std::mem::take(&mut response.body);
                let max = usize::try_from(self.options.max_body).unwrap_or(usize::MAX);
                let (source, response) = (self.source.clone(), response.clone());
                let now = clock.wall();
                let inline = if clock.is_simulated() { usize::MAX } else { READ_INLINE };
                match job.request.form {
                    Some(_) => grant(&*source, &response, &body, now),
                    None => {
                        let reading = read(source, &job.request, response, body, max, inline);
                        reading.or(async { Err(cut.await) }).await
                    }
                }
            }
            // With its own timeout it might have been answered.
            Err(failure) if self.cut_by_deadline && failure.stage == Stage::Timeout => {
                Err(Failure::new(Stage::Cancelled, "the round's deadline came first"))
            }
            Err(failure) => Err(failure.clone()),
        };
        let result = result.map_err(|failure| concealed(&*self.source, redactor, failure));
        Outcome { job, result, exchange, room, start, end }
    }

    /// Waits until nobody waits for the answer any longer.
    async fn cut(&self) -> Failure {
        self.halt.pulled().await;
        let clock = self.transport.clock();
        clock.sleep_until(clock.now().saturating_add(GRACE)).await;
        Failure::new(Stage::Cancelled, "the round was stopped before it answered")
    }
}

/// A failure without what the server or a proxy was told in confidence, should one of them say that back.
fn concealed(source: &dyn Source, mut redactor: Redactor, failure: Failure) -> Failure {
    if let Some(grant) = source.grant() {
        redactor.add_url(&grant.request().url);
    }
    Failure { cause: redactor.redact(&failure.cause), ..failure }
}

/// One request in one line, for the log.
pub(super) fn told(
    job: &Job,
    result: &Result<Read, Failure>,
    exchange: &Exchange,
    took: Duration,
) -> String {
    let status = exchange.result.as_ref().map_or(String::new(), |answer| {
        format!("{}, {} bytes, ", answer.status, exchange.bytes_in)
    });
    let came = match result {
        Ok(Read { token: Some(_), .. }) => "a token".into(),
        Ok(Read { page: Some(page), .. }) => format!("{} items", page.items.len()),
        Ok(Read { page: None, .. }) => "unchanged".into(),
        Err(failure) => failure.to_string(),
    };
    let url = job.request.shown_url();
    format!("{url}: {status}{} ms, {came}", took.as_millis())
}

async fn read(
    source: Arc<dyn Source>,
    request: &Request,
    response: Response,
    body: Vec<u8>,
    max: usize,
    inline: usize,
) -> Result<Read, Failure> {
    if body.len() <= inline {
        return interpret(&*source, request, &response, body, max);
    }
    let request = request.clone();
    smol::unblock(move || interpret(&*source, &request, &response, body, max)).await
}

fn interpret(
    source: &dyn Source,
    request: &Request,
    response: &Response,
    mut body: Vec<u8>,
    max: usize,
) -> Result<Read, Failure> {
    let held = request.held.as_ref();
    if let (304, Some(held)) = (response.status, held) {
        return Ok(Read { page: None, digest: held.digest, token: None });
    }
    if !(200..=299).contains(&response.status) {
        return Err(refusal(response, source.explain(response.status, &body)));
    }
    let digest = digest(&body);
    if held.is_some_and(|held| held.digest == digest) {
        return Ok(Read { page: None, digest, token: None });
    }
    let content_type = response.content_type.as_deref();
    if body.len() > READ_INLINE {
        // Beside a large text there is no room for what it was made from.
        body = decode::transcode(body, content_type, max).ok_or_else(|| {
            let cause = format!("the body is larger than max_body, {max} bytes, as UTF-8");
            Failure::new(Stage::TooLarge, cause)
        })?;
    }
    let document = Document { url: Some(&response.url), content_type, body: &body };
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
    Ok(Read { page: Some(page), digest, token: None })
}

/// Reads the answer to a request for a token at `now`.
fn grant(
    source: &dyn Source,
    response: &Response,
    body: &[u8],
    now: Timestamp,
) -> Result<Read, Failure> {
    let Some(grant) = source.grant() else {
        return Err(Failure::new(Stage::Read, "a token that nobody needs"));
    };
    if !(200..=299).contains(&response.status) {
        return Err(refusal(response, grant.explain(response.status, body)));
    }
    let content_type = response.content_type.as_deref();
    let document = Document { url: Some(&response.url), content_type, body };
    let token = grant
        .read(&document, now)
        .map_err(|failure| Failure { status: Some(response.status), ..failure })?;
    Ok(Read { page: None, digest: 0, token: Some(token) })
}

/// A status that is no success, in the service's own words where it has any.
pub fn refusal(response: &Response, said: Option<String>) -> Failure {
    let stage = match &said {
        // GitHub says it so instead of 429, and with 403 also what is no matter of how often.
        Some(said) if response.status == 403 && said.contains("rate limit") => Stage::Quota,
        Some(_) => Stage::Service,
        None => Stage::Status,
    };
    let meaning = match response.status {
        401 => "401, the key or password is not accepted",
        403 => "403, access is refused",
        404 => "404, there is nothing at this address",
        407 => "407, the proxy wants other credentials",
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
    let retry_after = response.retry_after.or_else(|| exhausted(response));
    let failure = Failure::new(stage, cause);
    let fault = if response.status == 407 { Fault::Ours } else { failure.fault };
    Failure { status: Some(response.status), retry_after, fault, ..failure }
}

/// Until when whoever refuses because nothing is left lets nothing through, if that is all it says.
fn exhausted(response: &Response) -> Option<Duration> {
    let refused = matches!(response.status, 403 | 429);
    let spent = response.limits.iter().filter(|limit| refused && limit.remaining == 0);
    spent.filter_map(|limit| limit.reset).max()
}
