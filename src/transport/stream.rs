//! An answer whose body is read as it comes, for as long as the server goes on.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::{AsyncBufRead, AsyncBufReadExt, FutureExt};

use super::coding::{self, Decoder};
use super::{Options, Transport, broken, headers, overdue};
use crate::failure::{Failure, Stage};
use crate::http::{Request, Response, Url};
use crate::redact::Redactor;
use crate::wire::{Phase, Trace};

/// The media type of what can be read as it comes (HTML Standard §9.2.5).
const MEDIA_TYPE: &str = "text/event-stream";

/// No single piece of a coded stream becomes more than this; what it holds is taken out at once.
const MAX_PIECE: u64 = 1 << 20;

/// How a request for a stream went.
#[derive(Debug)]
pub struct Opening {
    /// What there is, or why there is nothing.
    pub result: Result<Opened, Failure>,
    /// Which URL was asked last, after redirects.
    pub place: Url,
    /// Requests sent, redirects included.
    pub requests: u32,
    /// What is said of the answer goes through it.
    pub redactor: Redactor,
}

/// What a server says when it is asked for a stream.
#[derive(Debug)]
pub enum Opened {
    /// Here it is.
    Stream(Stream),
    /// Something else, read to its end; never a 200.
    Answer(Box<Response>),
}

/// A body, read as it comes. Dropped, it closes the connection.
pub struct Stream {
    reader: Box<dyn AsyncBufRead + Unpin + Send + Sync>,
    decoder: Decoder,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

impl Transport {
    /// Asks for a stream of events, and waits no longer than `timeout` for its head, over all
    /// redirects. How long the body may take is up to who reads it.
    pub async fn open(&self, request: &Request, options: &Options, timeout: Duration) -> Opening {
        let deadline = self.clock.now().saturating_add(timeout);
        let trace = Arc::new(Trace::new(self.clock.clone()));
        let late = async {
            self.clock.sleep_until(deadline).await;
            Err(overdue(timeout, &trace))
        };
        let result = self.begin(request, options, &trace).or(late).await;
        let mut redactor = request.redactor();
        redactor.add_all(&trace.confided());
        let conceal =
            |failure: Failure| Failure { cause: redactor.redact(&failure.cause), ..failure };
        let place = trace.place().unwrap_or_else(|| request.url.clone());
        let (_, _, _, requests) = trace.sum();
        Opening { result: result.map_err(conceal), place, requests, redactor }
    }

    async fn begin(
        &self,
        request: &Request,
        options: &Options,
        trace: &Arc<Trace>,
    ) -> Result<Opened, Failure> {
        let (mut answer, status, chain) = self.lead(request, options, trace).await?;
        if status != 200 {
            let (response, _) = self.finish(answer, status, chain, options, trace).await?;
            return Ok(Opened::Answer(Box::new(response)));
        }
        let content_type = headers::first(&answer, "content-type").unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(MEDIA_TYPE) {
            let instead = match essence {
                "" => "what has no Content-Type".to_owned(),
                other => crate::text::printable(other, 80),
            };
            let cause = format!("no event stream: it answers with {instead}, not {MEDIA_TYPE}");
            return Err(Failure { status: Some(200), ..Failure::new(Stage::Read, cause) });
        }
        trace.enter(Phase::Body);
        let decoder = Decoder::new(&headers::all(&answer, "content-encoding"), MAX_PIECE)?;
        Ok(Opened::Stream(Stream { reader: answer.take_body().into_reader(), decoder }))
    }
}

impl Stream {
    /// Waits for the next bytes and puts them into `piece`, decoded, in place of what was there:
    /// none at the end. No more come at once than a step of decoding makes.
    ///
    /// # Errors
    /// The connection broke, or its coding is damaged.
    pub async fn next(&mut self, piece: &mut Vec<u8>) -> Result<(), Failure> {
        piece.clear();
        while piece.is_empty() {
            let chunk = self.reader.fill_buf().await.map_err(broken)?;
            if chunk.is_empty() {
                return Ok(());
            }
            let coding::Step { read, .. } = self.decoder.step(chunk)?;
            self.reader.consume(read);
            self.decoder.swap(piece);
        }
        Ok(())
    }
}
