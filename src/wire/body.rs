//! The body of an answer, read from its connection.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncBufRead, AsyncRead};
use hyper::body::{Body, Bytes, Incoming};

use super::link::{Link, explain};
use super::pool::{Key, Pool};
use crate::failure::{Failure, Stage};

/// Reads a body to its end, and then gives the connection back. Dropped before the end, it closes
/// the connection: what is still on its way can never be taken for another answer.
pub(super) struct Reader {
    /// Only for `Sync`, which surf wants; there is one reader.
    source: Mutex<Source>,
    chunk: Bytes,
}

struct Source {
    incoming: Incoming,
    /// Gone after the end.
    link: Option<Link>,
    /// What is still to come, if that was announced.
    left: Option<u64>,
    pool: Arc<Pool>,
    key: Key,
}

impl Reader {
    pub(super) fn new(
        incoming: Incoming,
        link: Link,
        length: Option<u64>,
        pool: Arc<Pool>,
        key: Key,
    ) -> Reader {
        let source = Source { incoming, link: Some(link), left: length, pool, key };
        Reader { source: Mutex::new(source), chunk: Bytes::new() }
    }
}

impl Source {
    /// The next bytes, or none at the end.
    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            let Some(link) = &mut self.link else { return Poll::Ready(Ok(Bytes::new())) };
            let mut frame = Pin::new(&mut self.incoming).poll_frame(cx);
            if frame.is_pending() {
                link.drive(cx);
                frame = Pin::new(&mut self.incoming).poll_frame(cx);
            }
            match ready!(frame) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => (),
                    Ok(data) => {
                        link.delivered(data.len());
                        if let Some(left) = &mut self.left {
                            *left = left.saturating_sub(data.len() as u64);
                        }
                        return Poll::Ready(Ok(data));
                    }
                    // Trailers say nothing that a feed needs.
                    Err(_) => (),
                },
                Some(Err(error)) => {
                    self.link = None;
                    return Poll::Ready(Err(io::Error::other(explain(&error))));
                }
                None => {
                    let link = self.link.take();
                    if self.left.is_some_and(|left| left > 0) {
                        return Poll::Ready(Err(io::Error::other(cut())));
                    }
                    if let Some(link) = link {
                        self.pool.put(self.key.clone(), link);
                    }
                }
            }
        }
    }
}

fn cut() -> Failure {
    Failure::new(Stage::Protocol, "the connection ended before the answer did")
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.chunk.is_empty() {
            let source = this.source.get_mut().unwrap_or_else(PoisonError::into_inner);
            this.chunk = ready!(source.poll_chunk(cx))?;
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        let count = count.min(self.chunk.len());
        drop(self.chunk.split_to(count));
        if self.chunk.is_empty() {
            // Lets go of the connection's read buffer, so that it is used again.
            self.chunk = Bytes::new();
        }
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

/// `poll_read` of whoever has a buffer.
pub(super) fn read_buffered<R: AsyncBufRead>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut [u8],
) -> Poll<io::Result<usize>> {
    let chunk = ready!(reader.as_mut().poll_fill_buf(cx))?;
    let count = chunk.len().min(buf.len());
    buf[..count].copy_from_slice(&chunk[..count]);
    reader.consume(count);
    Poll::Ready(Ok(count))
}
