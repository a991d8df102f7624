//! Answering from notes.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use futures_lite::{AsyncBufRead, AsyncRead};
use http_client::{Body, Error, HttpClient, Request, Response};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::super::body::read_buffered;
use super::{End, Exchange, Head, Pieces, Waiting};
use crate::clock::Clock;
use crate::failure::{Failure, Stage};
use crate::wire::{Call, Delimited, Phase, RealStatus, Trace, message};

/// A network that says what was noted, each answer once: to the n-th request for a URL the n-th.
pub struct Player {
    clock: Clock,
    /// When time began; without it, each exchange counts from when it is asked for.
    origin: Option<Duration>,
    waiting: Mutex<Waiting>,
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Player")
    }
}

impl Player {
    /// Over these exchanges and the pieces of their bodies, in the order in which they began. Time
    /// begins now.
    pub fn new(clock: Clock, exchanges: Vec<(Exchange, Pieces)>) -> Player {
        let mut waiting: Waiting = BTreeMap::new();
        for exchange in exchanges {
            waiting.entry(exchange.0.url.clone()).or_default().push_back(exchange);
        }
        let origin = Some(clock.now());
        Player { clock, origin, waiting: Mutex::new(waiting) }
    }

    /// Over exchanges that nobody saw: each takes as long as it says, whenever it is asked for.
    pub fn made_up(clock: Clock, exchanges: Vec<(Exchange, Pieces)>) -> Player {
        Player { origin: None, ..Player::new(clock, exchanges) }
    }

    async fn answer(&self, url: &str, call: &Call) -> Result<Response, Failure> {
        let next = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.get_mut(url).and_then(|exchanges| exchanges.pop_front())
        };
        let strange = || Failure::new(Stage::Connect, "nobody asked for this in the recording");
        let (exchange, pieces) = next.ok_or_else(strange)?;
        let trace = &call.trace;
        if let Some((_, End::GivenUp(failure))) = &exchange.end {
            trace.foretell(failure.clone());
        }
        let origin = self.origin.unwrap_or_else(|| self.clock.now());
        self.connect(&exchange, origin, trace).await;
        match (exchange.head, exchange.end) {
            (Some(head), end) => {
                self.wait(origin, head.at).await;
                self.incoming(head, origin, pieces, end)
            }
            (None, Some((at, End::Failed(failure)))) => {
                self.wait(origin, at).await;
                Err(failure)
            }
            (None, _) => std::future::pending().await,
        }
    }

    /// Takes as long as it took until the request was sent.
    async fn connect(&self, exchange: &Exchange, origin: Duration, trace: &Trace) {
        let timing = &exchange.timing;
        let phases = [
            (Phase::Resolve, timing.resolve),
            (Phase::Connect, timing.connect),
            (Phase::Tls, timing.tls),
        ];
        let mut at = exchange.at;
        self.wait(origin, at).await;
        for (phase, span) in phases.into_iter().filter(|(_, span)| !span.is_zero()) {
            trace.enter(phase);
            at = at.saturating_add(span);
            self.wait(origin, at).await;
        }
        if let Some(local) = exchange.local {
            trace.connected(local);
        }
        trace.enter(Phase::FirstByte);
    }

    async fn wait(&self, origin: Duration, at: Duration) {
        self.clock.sleep_until(origin.saturating_add(at)).await;
    }

    fn incoming(
        &self,
        head: Head,
        origin: Duration,
        pieces: Pieces,
        end: Option<(Duration, End)>,
    ) -> Result<Response, Failure> {
        let mut fields = HeaderMap::new();
        for (name, value) in &head.fields {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
                fields.append(name, value);
            }
        }
        let mut response = message::incoming(head.status, &fields)?;
        if head.length != Some(0) {
            let typed = fields.contains_key("content-type");
            let length = head.length.and_then(|length| usize::try_from(length).ok());
            let reader = Reader {
                clock: self.clock.clone(),
                origin,
                pieces: pieces.into_iter(),
                end,
                bytes: Vec::new(),
                read: 0,
                waits: Mutex::new(None),
            };
            response.set_body(Body::from_reader(reader, length));
            if !typed {
                response.remove_header("content-type");
            }
        }
        response.ext_mut().insert(RealStatus(head.status));
        response.ext_mut().insert(Delimited(head.delimited));
        Ok(response)
    }
}

#[async_trait]
impl HttpClient for Player {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let call = request.ext().get::<Call>().cloned();
        let call = call.ok_or_else(|| Failure::new(Stage::Protocol, "a request without a call"))?;
        self.answer(request.url().as_str(), &call).await.map_err(Error::from)
    }
}

/// A wait for the next piece.
type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body whose pieces come when they came.
struct Reader {
    clock: Clock,
    origin: Duration,
    pieces: std::vec::IntoIter<(Duration, Vec<u8>)>,
    end: Option<(Duration, End)>,
    bytes: Vec<u8>,
    read: usize,
    /// Only for `Sync`, which surf wants; there is one reader.
    waits: Mutex<Option<(Wait, Vec<u8>)>>,
}

impl Reader {
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waits = self.waits.get_mut().unwrap_or_else(PoisonError::into_inner);
        if waits.is_none() {
            let (at, bytes) = match (self.pieces.next(), &self.end) {
                (Some(piece), _) => piece,
                (None, Some((at, End::Whole | End::Failed(_)))) => (*at, Vec::new()),
                // Nobody knows what would have come.
                (None, _) => (Duration::MAX, Vec::new()),
            };
            let (clock, at) = (self.clock.clone(), self.origin.saturating_add(at));
            *waits = Some((Box::pin(async move { clock.sleep_until(at).await }), bytes));
        }
        if let Some((wait, bytes)) = waits {
            ready!(wait.as_mut().poll(cx));
            (self.bytes, self.read) = (std::mem::take(bytes), 0);
            *waits = None;
        }
        if let (true, Some((_, End::Failed(failure)))) = (self.bytes.is_empty(), &self.end) {
            return Poll::Ready(Err(io::Error::other(failure.clone())));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.read == this.bytes.len() {
            ready!(this.poll_more(cx))?;
        }
        Poll::Ready(Ok(&this.bytes[this.read..]))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let this = self.get_mut();
        this.read = (this.read + count).min(this.bytes.len());
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        read_buffered(self, cx, buf)
    }
}
