//! A body that comes in pieces, in time that does not pass.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_lite::{AsyncBufRead, AsyncRead};
use newsagg::clock::Clock;

type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Reads what is due by the clock; waits for what is not.
pub struct Drip {
    clock: Clock,
    pieces: VecDeque<(Duration, Vec<u8>)>,
    /// When it ends; without it, never.
    end: Option<Duration>,
    piece: Vec<u8>,
    wait: Mutex<Option<Wait>>,
}

impl Drip {
    /// Each piece, and the end, so long after now.
    pub fn new(clock: Clock, pieces: Vec<(Duration, String)>, end: Option<Duration>) -> Drip {
        let now = clock.now();
        let pieces = pieces.into_iter().map(|(at, piece)| (now + at, piece.into_bytes()));
        let (pieces, end) = (pieces.collect(), end.map(|at| now + at));
        Drip { clock, pieces, end, piece: Vec::new(), wait: Mutex::default() }
    }
}

impl AsyncBufRead for Drip {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.piece.is_empty() {
            let next = this.pieces.front().map(|(at, _)| *at).or(this.end);
            let Some(at) = next else { return Poll::Pending };
            let clock = this.clock.clone();
            let wait = this.wait.get_mut().unwrap();
            let wait =
                wait.get_or_insert_with(|| Box::pin(async move { clock.sleep_until(at).await }));
            ready!(wait.as_mut().poll(cx));
            *this.wait.get_mut().unwrap() = None;
            match this.pieces.pop_front() {
                Some((_, piece)) => this.piece = piece,
                None => return Poll::Ready(Ok(&[])),
            }
        }
        Poll::Ready(Ok(&this.piece))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.piece.drain(..count);
    }
}

impl AsyncRead for Drip {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let piece = ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = piece.len().min(buf.len());
        buf[..count].copy_from_slice(&piece[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}
