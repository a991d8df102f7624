//! Noting down what passes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use futures_lite::{AsyncBufRead, AsyncRead};
use http_client::{Body, Error, HttpClient, Request, Response};

use super::super::body::read_buffered;
use super::{End, Exchange, Fields, Head, TOLD, Tape, UNTOLD};
use crate::failure::{Failure, Stage};
use crate::http::Timing;
use crate::wire::{Call, Delimited, RealStatus, Trace};

/// A backend whose exchanges are noted.
#[derive(Debug)]
pub struct Recorder {
    backend: Box<dyn HttpClient>,
    tape: Tape,
}

impl Recorder {
    /// Before this backend.
    pub fn new(backend: impl HttpClient, tape: Tape) -> Recorder {
        Recorder { backend: Box::new(backend), tape }
    }
}

#[async_trait]
impl HttpClient for Recorder {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut note = Note::begin(&self.tape, &request);
        match self.backend.send(request).await {
            Ok(answer) => Ok(note.head(answer)),
            Err(error) => {
                let failure = error.downcast_ref::<Failure>().cloned();
                let told = || Failure::new(Stage::Protocol, error.to_string());
                note.end(End::Failed(failure.unwrap_or_else(told)));
                Err(error)
            }
        }
    }
}

/// Who notes one exchange. Dropped before its end, it was given up, or nobody wanted more.
struct Note {
    tape: Tape,
    index: usize,
    trace: Option<Arc<Trace>>,
    before: Timing,
    ended: bool,
}

impl Note {
    fn begin(tape: &Tape, request: &Request) -> Note {
        let field = |name: &&str| {
            let value = request.header(*name)?.last().as_str();
            Some(((*name).to_owned(), value.to_owned()))
        };
        let exchange = Exchange {
            url: request.url().to_string(),
            request: TOLD.iter().filter_map(field).collect(),
            at: tape.now(),
            ..Exchange::default()
        };
        let trace = request.ext().get::<Call>().map(|call| call.trace.clone());
        let before = trace.as_ref().map(|trace| trace.sum().1).unwrap_or_default();
        let mut reel = tape.reel();
        reel.exchanges.push(exchange);
        let index = reel.exchanges.len() - 1;
        drop(reel);
        Note { tape: tape.clone(), index, trace, before, ended: false }
    }

    fn change(&self, change: impl FnOnce(&mut Exchange, Duration)) {
        let now = self.tape.now();
        if let Some(exchange) = self.tape.reel().exchanges.get_mut(self.index) {
            change(exchange, now);
        }
    }

    /// Notes the head, and stays with the body.
    fn head(mut self, mut answer: Response) -> Response {
        self.connected();
        let status = answer.ext().get::<RealStatus>().map_or(answer.status().into(), |real| real.0);
        let delimited = answer.ext().get::<Delimited>().is_none_or(|delimited| delimited.0);
        let fields = fields(&answer);
        let body = answer.take_body();
        let length = body.len().map(|length| length as u64);
        self.change(|exchange, at| {
            exchange.head = Some(Head { at, status, fields, length, delimited });
        });
        if length == Some(0) {
            self.end(End::Whole);
            return answer;
        }
        let typed = answer.header("content-type").is_some();
        let reader = Listener { body, note: self, known: 0 };
        answer.set_body(Body::from_reader(reader, length.map(|length| length as usize)));
        if !typed {
            // Made up by `set_body`.
            answer.remove_header("content-type");
        }
        answer
    }

    fn connected(&self) {
        let Some(trace) = &self.trace else { return };
        let (now, local) = (trace.sum().1, trace.led_local());
        let timing = Timing {
            resolve: now.resolve.saturating_sub(self.before.resolve),
            connect: now.connect.saturating_sub(self.before.connect),
            tls: now.tls.saturating_sub(self.before.tls),
            ..Timing::default()
        };
        self.change(|exchange, _| {
            exchange.timing = timing;
            exchange.local = local;
        });
    }

    fn piece(&self, bytes: &[u8]) {
        let place = self.tape.put(bytes);
        self.change(|exchange, now| {
            exchange.pieces.extend(place.map(|(place, length)| (now, place, length)));
        });
    }

    fn end(&mut self, end: End) {
        if !std::mem::replace(&mut self.ended, true) {
            self.connected();
            self.change(|exchange, now| exchange.end = Some((now, end)));
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        let given_up = self.trace.as_ref().and_then(|trace| trace.given_up());
        self.end(given_up.map_or(End::Left, End::GivenUp));
    }
}

fn fields(answer: &Response) -> Fields {
    let told = |name: &str| name == "set-cookie" || !UNTOLD.iter().any(|word| name.contains(word));
    let fields = answer.iter().filter(|(name, _)| told(name.as_str()));
    let lines = fields.flat_map(|(name, values)| {
        values.iter().map(|value| match name.as_str() {
            "set-cookie" => (name.as_str().to_owned(), without_value(value.as_str())),
            name => (name.to_owned(), value.as_str().to_owned()),
        })
    });
    let mut lines: Fields = lines.collect();
    // They lie in no order.
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    lines
}

/// A cookie without its value: that it was set decides whether a redirect leads in circles.
fn without_value(cookie: &str) -> String {
    let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
    let name = pair.split('=').next().unwrap_or_default();
    format!("{name}=(secret);{attributes}")
}

/// A body that is noted as it is read.
struct Listener {
    body: Body,
    note: Note,
    /// So many of the bytes at hand are noted.
    known: usize,
}

impl AsyncBufRead for Listener {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<&[u8]>> {
        let this = self.get_mut();
        match ready!(Pin::new(&mut this.body).poll_fill_buf(cx)) {
            Ok(bytes) => {
                if bytes.len() > this.known {
                    this.note.piece(&bytes[this.known..]);
                    this.known = bytes.len();
                } else if bytes.is_empty() {
                    this.note.end(End::Whole);
                }
                Poll::Ready(Ok(bytes))
            }
            Err(error) => {
                let failure = error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>());
                let told = || Failure::new(Stage::Protocol, error.to_string());
                this.note.end(End::Failed(failure.cloned().unwrap_or_else(told)));
                Poll::Ready(Err(error))
            }
        }
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let this = self.get_mut();
        this.known = this.known.saturating_sub(count);
        Pin::new(&mut this.body).consume(count);
    }
}

impl AsyncRead for Listener {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<std::io::Result<usize>> {
        read_buffered(self, cx, buf)
    }
}
