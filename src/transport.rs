//! The way out: one request, one answer, one deadline. The only module that knows of surf.
//!
//! surf passes each hop on to its backend ([`crate::wire`], or a stand-in in tests); what is
//! above one hop is here: the deadline, redirects, content codings and the limits on sizes.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::{AsyncBufRead, AsyncBufReadExt, FutureExt, future};
use surf::http as message;

use crate::clock::Clock;
use crate::failure::{Failure, Fault, Stage};
use crate::http::{Exchange, Request, Response, Url};
use crate::redact::Redactor;
use crate::wire::tape::{Player, Recorder, Tape};
use crate::wire::{Backend, Call, Delimited, IdleConnections, Phase, RealStatus, Trace};

mod budget;
mod coding;
mod cookies;
mod freshness;
mod headers;
mod limits;
mod redirect;
mod stream;

use budget::Budget;
use coding::Decoder;
use redirect::{Chain, Hop};

pub use budget::Room;
pub use stream::{Opened, Opening, Stream};

/// The wire may carry this much more than `max_body`: what a coding adds to data it cannot shrink.
const CODING_OVERHEAD: u64 = 64 << 10;

/// The page of an answer that is no success: enough for a service's own error message.
const MAX_ERROR_BODY: u64 = 64 << 10;

/// Room for the body is set aside only up to here on the word of `Content-Length`.
const MAX_TRUSTED_LENGTH: u64 = 256 << 10;

/// After so many bytes of a body, decoded or not, the loop gets its turn.
const BYTES_PER_TURN: usize = 64 << 10;

/// After so many pieces of a body, however small, the loop gets its turn.
const PIECES_PER_TURN: usize = 64;

/// How every request is made, unless its source says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `User-Agent`.
    pub user_agent: String,
    /// No body is larger than this after decoding.
    pub max_body: u64,
    /// For one address to accept the connection.
    pub connect_timeout: Duration,
    /// `[fetch] proxy`; without it the environment decides.
    pub proxy: Option<Url>,
}

/// The network, or what passes for it.
#[derive(Debug)]
pub struct Transport {
    clock: Clock,
    budget: Arc<Budget>,
    client: surf::Client,
    idle: Option<IdleConnections>,
}

impl Transport {
    /// The network. Costs nothing until the first request.
    pub fn new(clock: Clock) -> Transport {
        Transport::with(Backend::default(), clock)
    }

    /// The network without the environment's proxies: for servers of our own on loopback.
    pub fn direct(clock: Clock) -> Transport {
        Transport::with(Backend::direct(), clock)
    }

    /// The same, and trusting only these certificate authorities (DER).
    pub fn trusting(clock: Clock, roots: Vec<Vec<u8>>) -> Transport {
        Transport::with(Backend::trusting(roots), clock)
    }

    /// The network, and all that passes is noted on the tape.
    pub fn recording(clock: Clock, tape: Tape) -> Transport {
        let backend = Backend::default();
        let idle = Some(backend.idle());
        Transport { idle, ..Transport::over(Recorder::new(backend, tape), clock) }
    }

    /// Nothing but what was noted.
    pub fn playing(clock: Clock, player: Player) -> Transport {
        Transport::over(player, clock)
    }

    fn with(backend: Backend, clock: Clock) -> Transport {
        let idle = Some(backend.idle());
        Transport { idle, ..Transport::over(backend, clock) }
    }

    /// Anything that can pass for the network.
    pub fn over(backend: impl surf::HttpClient, clock: Clock) -> Transport {
        let client = surf::Client::with_http_client(backend);
        Transport { clock, budget: Arc::default(), client, idle: None }
    }

    /// The clock that deadlines are held against.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Closes the connections kept for another request; for the end of a round.
    pub fn close_idle(&self) {
        self.close_idle_unless(&|_| false);
    }

    /// Closes the connections kept for another request, but for those to hosts that are `wanted`.
    pub fn close_idle_unless(&self, wanted: &dyn Fn(&str) -> bool) {
        if let Some(idle) = &self.idle {
            idle.close_unless(wanted);
        }
    }

    /// Asks, and waits no longer than `timeout` from here to the last byte, over all redirects.
    pub async fn get(&self, request: &Request, options: &Options, timeout: Duration) -> Exchange {
        self.get_unless(request, options, timeout, future::pending()).await.0
    }

    /// The same, and gives up when `stop` comes: with the failure that it brings. The body has its
    /// [`Room`] until that is dropped: for as long as something is made of it. What is said of the answer goes through the
    /// [`Redactor`].
    pub async fn get_unless(
        &self,
        request: &Request,
        options: &Options,
        timeout: Duration,
        stop: impl Future<Output = Failure>,
    ) -> (Exchange, Option<Room>, Redactor) {
        let deadline = self.clock.now().saturating_add(timeout);
        let trace = Arc::new(Trace::new(self.clock.clone()));
        let late = async {
            self.clock.sleep_until(deadline).await;
            Err(trace.give_up(overdue(timeout, &trace)))
        };
        let stopped = async { Err(stop.await) };
        let result = self.follow(request, options, &trace).or(late).or(stopped).await;
        let mut redactor = request.redactor();
        redactor.add_all(&trace.confided());
        let result =
            result.map_err(|failure| Failure { cause: redactor.redact(&failure.cause), ..failure });
        let (result, room) = match result {
            Ok((response, room)) => (Ok(response), room),
            Err(failure) => (Err(failure), None),
        };
        let (_, timing, bytes_in, requests) = trace.sum();
        let place = trace.place().unwrap_or_else(|| request.url.clone());
        (Exchange { result, place, timing, bytes_in, requests }, room, redactor)
    }

    /// Asks, and goes where the answers lead.
    async fn follow(
        &self,
        request: &Request,
        options: &Options,
        trace: &Arc<Trace>,
    ) -> Result<(Response, Option<Room>), Failure> {
        let (answer, status, chain) = self.lead(request, options, trace).await?;
        if status == 304 && headers::conditions(&chain).next().is_none() {
            let cause = "answered with 304, not modified, to a request without a condition";
            return Err(Failure::new(Stage::Protocol, cause));
        }
        self.finish(answer, status, chain, options, trace).await
    }

    /// The head of the answer that the others led to, and its status.
    async fn lead<'a>(
        &self,
        request: &'a Request,
        options: &Options,
        trace: &Arc<Trace>,
    ) -> Result<(message::Response, u16, Chain<'a>), Failure> {
        let mut chain = Chain::new(request)?;
        loop {
            trace.at(chain.url());
            let mut answer = self.send(&chain, options, trace).await?;
            let status = status(&answer);
            if (300..400).contains(&status) {
                let now = headers::date(&answer, self.clock.wall());
                let cookies = headers::values(&answer, "set-cookie");
                for field in cookies {
                    let pair = field.split(';').next().and_then(|pair| pair.split_once('='));
                    trace.confide(|redactor| {
                        redactor.add(pair.map_or("", |(_, value)| value.trim()))
                    });
                    chain.set_cookie(field, now);
                }
            }
            let location = answer.header("location").map(|values| values.last().as_str());
            match chain.next(status, location, trace.began_local())? {
                // It might end where nobody is to see the form, or as a GET without one.
                Hop::Follow { .. } if request.form.is_some() => return Err(astray(&chain)),
                Hop::Follow { same_origin: true } => drain(answer.take_body(), trace).await,
                Hop::Follow { same_origin: false } => {}
                Hop::Stay => return Ok((answer, status, chain)),
            }
        }
    }

    async fn send(
        &self,
        chain: &Chain<'_>,
        options: &Options,
        trace: &Arc<Trace>,
    ) -> Result<message::Response, Failure> {
        let mut request = message::Request::new(message::Method::Get, chain.url().clone());
        if let Some(form) = chain.form() {
            request.set_method(message::Method::Post);
            request.set_body(form);
            request.insert_header("content-type", "application/x-www-form-urlencoded");
        }
        headers::fill(&mut request, chain, options)?;
        request.ext_mut().insert(Call {
            trace: trace.clone(),
            connect_timeout: options.connect_timeout,
            proxy: options.proxy.clone(),
            local_ok: chain.local_ok(),
            redirected: chain.redirected(),
        });
        trace.request();
        // Until the backend knows better.
        trace.enter(Phase::FirstByte);
        match self.client.send(surf::Request::from(request)).await {
            Ok(answer) => Ok(answer.into()),
            Err(error) => Err(match error.downcast::<Failure>() {
                Ok(failure) => failure,
                Err(error) => Failure::new(Stage::Protocol, error.to_string()),
            }),
        }
    }

    /// Reads the body and puts the answer in our own terms.
    async fn finish(
        &self,
        mut answer: message::Response,
        status: u16,
        chain: Chain<'_>,
        options: &Options,
        trace: &Trace,
    ) -> Result<(Response, Option<Room>), Failure> {
        trace.enter(Phase::Body);
        let delimited = answer.ext().get::<Delimited>().is_none_or(|delimited| delimited.0);
        let coding = headers::all(&answer, "content-encoding");
        let body = answer.take_body();
        let length = body.len().map(|length| length as u64);
        let good = (200..300).contains(&status);
        let max = if good { options.max_body } else { options.max_body.min(MAX_ERROR_BODY) };
        let read = async {
            match length {
                Some(0) => Ok((Vec::new(), None)),
                _ => {
                    let decoder = Decoder::new(&coding, max)?;
                    let mut room = Room::new(self.budget.clone());
                    let body = body.into_reader();
                    let body = read(body, length, decoder, max, &mut room, trace).await?;
                    Ok((body, Some(room)))
                }
            }
        };
        let (body, room, delimited) = match read.await {
            Ok((body, room)) => (body, room, delimited),
            Err(failure) if good => return Err(failure),
            // The status says more than what is wrong with its page.
            Err(_) => (Vec::new(), None, false),
        };
        let now = self.clock.wall();
        let response = Response {
            status,
            body,
            delimited,
            content_type: headers::first(&answer, "content-type"),
            retry_after: headers::retry_after(&answer, now),
            validators: headers::validators(&answer),
            fresh_for: freshness::fresh_for(&answer, now),
            limits: limits::limits(&answer, now),
            moved: chain.moved(),
            url: chain.into_url(),
        };
        Ok((response, room))
    }
}

fn astray(chain: &Chain<'_>) -> Failure {
    let cause = format!("a redirect to {} of what was posted", chain.shown());
    Failure::new(Stage::Redirect, cause)
}

/// A body without its content coding, as far as it can be undone.
pub fn decoded(coding: &str, body: &[u8], max: u64) -> Vec<u8> {
    let Ok(mut decoder) = Decoder::new(coding, max) else { return Vec::new() };
    let mut rest = body;
    while !rest.is_empty() {
        let Ok(step) = decoder.step(rest) else { break };
        rest = &rest[step.read..];
    }
    decoder.so_far()
}

fn status(answer: &message::Response) -> u16 {
    match answer.ext().get::<RealStatus>() {
        Some(real) => real.0,
        None => answer.status().into(),
    }
}

/// Reads to the end, decoding as it comes.
async fn read(
    mut reader: impl AsyncBufRead + Unpin,
    length: Option<u64>,
    mut decoder: Decoder,
    max_body: u64,
    room: &mut Room,
    trace: &Trace,
) -> Result<Vec<u8>, Failure> {
    let max_wire = max_body.saturating_add(CODING_OVERHEAD);
    if length.is_some_and(|length| length > max_wire) {
        return Err(coding::too_large(max_body));
    }
    decoder.reserve(length.unwrap_or(0).min(MAX_TRUSTED_LENGTH) as usize);
    let (mut wire, mut pieces, mut bytes) = (0u64, 0, 0);
    loop {
        // Before the next bytes are taken from the connection, there is room for them.
        let size = decoder.size() + coding::STEP;
        if !room.holds(size) {
            trace.lacks(Some("memory, which other answers take"));
            room.grow(size).await;
            trace.lacks(None);
        }
        let chunk = reader.fill_buf().await.map_err(broken)?;
        if chunk.is_empty() {
            return decoder.finish();
        }
        let step = decoder.step(chunk)?;
        reader.consume(step.read);
        wire += step.read as u64;
        trace.received(step.read);
        if wire > max_wire {
            return Err(coding::too_large(max_body));
        }
        pieces += 1;
        bytes += step.read.max(step.written);
        if bytes >= BYTES_PER_TURN || pieces >= PIECES_PER_TURN {
            (pieces, bytes) = (0, 0);
            future::yield_now().await;
        }
    }
}

/// Reads what little a redirect says, so that its connection can carry the next request.
async fn drain(body: message::Body, trace: &Trace) {
    const MAX_DRAINED: usize = 8 << 10;
    if body.len().is_none_or(|length| length > MAX_DRAINED) {
        return;
    }
    let mut reader = body.into_reader();
    while let Ok(chunk) = reader.fill_buf().await {
        let count = chunk.len();
        if count == 0 {
            return;
        }
        trace.received(count);
        reader.consume(count);
    }
}

fn broken(error: std::io::Error) -> Failure {
    let failure = error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>());
    failure.cloned().unwrap_or_else(|| Failure::new(Stage::Protocol, error.to_string()))
}

fn overdue(timeout: Duration, trace: &Trace) -> Failure {
    if let Some(what) = trace.lacking() {
        // No fault of the server's.
        let cause = format!("given up after {timeout:?}, waiting for {what}");
        return Failure::new(Stage::Cancelled, cause);
    }
    let (phase, _, bytes, _) = trace.sum();
    let doing = match phase {
        _ if trace.awaits_proxy() => "connecting to the proxy".into(),
        Some(Phase::Resolve) => "looking up the name".into(),
        Some(Phase::Connect) => "connecting".into(),
        Some(Phase::Tls) => "in the TLS handshake".into(),
        Some(Phase::Body) => format!("after {bytes} bytes of the body"),
        Some(Phase::FirstByte) | None => "waiting for the answer".into(),
    };
    // What is left of a round is no round number; nobody wants its microseconds.
    let timeout = Duration::from_millis(timeout.as_micros().div_ceil(1_000) as u64);
    Failure {
        unsent: matches!(phase, Some(Phase::Resolve | Phase::Connect)),
        fault: if trace.awaits_proxy() { Fault::Ours } else { Fault::Theirs },
        ..Failure::new(Stage::Timeout, format!("given up after {timeout:?}, {doing}"))
    }
}
