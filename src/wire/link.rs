//! One connection that speaks HTTP/1.1: hyper's two halves kept in one place.
//!
//! Nothing is spawned. Whoever waits for the head or reads the body drives the connection, and
//! dropping a link closes it at once, whatever was on its way.

use std::future::{Future, poll_fn};
use std::io;
use std::net::TcpStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use async_io::Async;
use futures_lite::{AsyncRead, AsyncWrite};
use futures_rustls::client::TlsStream;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use smol_hyper::rt::FuturesIo;

use super::framing::{Heads, Unclear};
use crate::failure::{Failure, Stage, plainly};

/// Status line and header fields together; fields are at most 100 (hyper's default).
const MAX_HEAD: usize = 64 << 10;

/// What an answer may take beside its body: interim answers (103, …), the head, framing, …
const MAX_OVERHEAD: usize = 2 * MAX_HEAD;

/// … and for each byte of the body: chunks of one byte take five more.
const MAX_OVERHEAD_PER_BYTE: usize = 8;

/// No single read asks for more, so that hyper's buffers stay small.
const MAX_READ: usize = 16 << 10;

/// After so many bytes without a pause, the loop gets its turn, however fast the peer is.
const MAX_BURST: usize = 64 << 10;

/// A connection that was shaken hands with, and maybe used before.
pub(super) struct Link {
    sender: SendRequest<Payload>,
    /// Gone when the connection is over.
    connection: Option<Box<Connection<FuturesIo<Metered>, Payload>>>,
    meter: Arc<Meter>,
    /// Whether the peer is on an address of somebody's own network.
    pub(super) local: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

/// Why no response head came.
pub(super) struct NoResponse {
    pub(super) failure: Failure,
    /// Nothing of the request was sent: the server had closed the connection before.
    pub(super) unsent: bool,
    /// Not one byte came. On a connection used before, the server closed it just then.
    pub(super) untouched: bool,
}

impl Link {
    pub(super) async fn new(io: Io, local: bool) -> Result<Link, Failure> {
        let meter = Arc::new(Meter::default());
        let io = FuturesIo::new(Metered::new(io, meter.clone()));
        let (sender, connection) = Builder::new()
            .max_buf_size(MAX_HEAD)
            .max_header_size(MAX_HEAD)
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .handshake(io)
            .await
            .map_err(|error| explain(&error))?;
        Ok(Link { sender, connection: Some(Box::new(connection)), meter, local })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn head(
        &mut self,
        request: hyper::Request<Payload>,
    ) -> Result<hyper::Response<Incoming>, NoResponse> {
        self.meter.begin();
        let mut answer = pin!(self.sender.try_send_request(request));
        let head = poll_fn(|cx| {
            self.drive(cx);
            answer.as_mut().poll(cx)
        });
        head.await.map_err(|mut error| NoResponse {
            failure: explain(error.error()),
            unsent: error.take_message().is_some(),
            untouched: self.meter.read.load(Relaxed) == 0 && !error.error().is_user(),
        })
    }

    /// Says that so many bytes of the body arrived where they belong.
    pub(super) fn delivered(&self, count: usize) {
        self.meter.delivered.fetch_add(count, Relaxed);
    }

    /// Moves bytes. Whoever waits for something of this link calls this when polled.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection {
            if Pin::new(connection).poll(cx).is_ready() {
                self.connection = None;
            }
        }
    }

    /// Whether another request may be sent: the last response ended cleanly, and the server keeps
    /// the connection open. Reads nothing: [`Link::head`] finds out what came meanwhile.
    pub(super) fn is_reusable(&mut self) -> bool {
        self.meter.rests.store(true, Relaxed);
        self.meter.stale.store(true, Relaxed);
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.meter.rests.store(false, Relaxed);
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// A sentence about an exchange that broke.
pub(super) fn explain(error: &hyper::Error) -> Failure {
    let source = std::error::Error::source(error);
    let inner = source.and_then(|source| source.downcast_ref::<io::Error>());
    let cause = match inner {
        Some(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the connection ended before the answer did".into()
        }
        Some(error) => plainly(error),
        None if error.is_parse() && error.to_string().contains("too large") => {
            format!("the head of the answer is longer than {MAX_HEAD} bytes or has too many fields")
        }
        None if error.is_parse() => format!("the answer is not HTTP/1.1: {}", innermost(error)),
        None if error.is_incomplete_message() => {
            "the connection ended before the answer did".into()
        }
        None if error.is_canceled() || error.is_closed() => {
            "the connection ended before the answer began".into()
        }
        None => innermost(error),
    };
    Failure::new(Stage::Protocol, cause)
}

fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

/// The body of a request: there, or not.
#[derive(Debug)]
pub(super) struct Payload(pub(super) Option<Bytes>);

impl Body for Payload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// What bytes travel through.
pub(super) enum Io {
    Plain(Async<TcpStream>),
    Tls(Box<TlsStream<Async<TcpStream>>>),
}

impl Io {
    fn tcp(&self) -> &Async<TcpStream> {
        match self {
            Io::Plain(tcp) => tcp,
            Io::Tls(tls) => tls.get_ref().0,
        }
    }
}

/// What came since the request was sent.
#[derive(Debug, Default)]
struct Meter {
    read: AtomicUsize,
    delivered: AtomicUsize,
    /// Nothing is to be read now.
    rests: AtomicBool,
    /// The connection was idle: the next read asks the socket what came meanwhile, because the
    /// reactor may not have heard of it yet.
    stale: AtomicBool,
}

impl Meter {
    fn begin(&self) {
        self.read.store(0, Relaxed);
        self.delivered.store(0, Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        let delivered = self.delivered.load(Relaxed);
        let max = MAX_OVERHEAD.saturating_add(delivered.saturating_mul(MAX_OVERHEAD_PER_BYTE));
        if self.read.load(Relaxed) <= max {
            return Ok(());
        }
        Err(io::Error::other(match delivered {
            0 => format!("no body began within {MAX_OVERHEAD} bytes"),
            _ => format!("{delivered} bytes of body took more than {max}"),
        }))
    }
}

/// Bytes with what hyper does not mind: a limit on what is not body (interim answers and digits
/// of chunk sizes without end), another on how long a peer that sends faster than we read may
/// hold the loop, and [`Heads`].
struct Metered {
    io: Io,
    meter: Arc<Meter>,
    heads: Heads,
    burst: usize,
    /// Nothing is left to read until the reactor says that more came. hyper polls a connection
    /// several times for each response, and each poll would be a system call.
    drained: bool,
}

impl Metered {
    /// Wraps a new connection, on which nothing was said yet.
    fn new(io: Io, meter: Arc<Meter>) -> Metered {
        let drained = matches!(io, Io::Plain(_));
        Metered { io, meter, heads: Heads::default(), burst: 0, drained }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.meter.rests.load(Relaxed) {
            return Poll::Pending;
        }
        if self.burst >= MAX_BURST {
            self.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.meter.check()?;
        let length = buf.len().min(MAX_READ);
        let buf = &mut buf[..length];
        let waits = self.drained && !self.meter.stale.swap(false, Relaxed);
        if waits && self.io.tcp().poll_readable(cx)?.is_pending() {
            self.burst = 0;
            return Poll::Pending;
        }
        let (read, whole) = match &mut self.io {
            Io::Plain(io) => (Pin::new(io).poll_read(cx, buf), true),
            Io::Tls(io) => (Pin::new(io).poll_read(cx, buf), false),
        };
        self.drained = match &read {
            Poll::Pending => true,
            // Less than was asked for: that was all. Of TLS it may have been one record of many.
            Poll::Ready(Ok(count)) => whole && (1..buf.len()).contains(count),
            Poll::Ready(Err(_)) => false,
        };
        match read {
            Poll::Ready(Ok(count)) => {
                self.burst += count;
                self.meter.read.fetch_add(count, Relaxed);
                self.heads.look(&buf[..count]).map_err(|Unclear| {
                    io::Error::other("a line about the length of the body is not clear")
                })?;
            }
            _ => self.burst = 0,
        }
        read
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        // A request: what is read next is the head of its answer.
        self.heads = Heads::default();
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_write(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_flush(cx),
            Io::Tls(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_close(cx),
            Io::Tls(io) => Pin::new(io).poll_close(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;
    use std::task::Wake;
    use std::thread;

    use futures_lite::AsyncReadExt;

    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Relaxed);
        }
    }

    fn pair() -> (Metered, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let meter = Arc::new(Meter::default());
        meter.delivered.store(usize::MAX, Relaxed);
        (Metered::new(Io::Plain(Async::new(tcp).unwrap()), meter), listener.accept().unwrap().0)
    }

    #[test]
    fn all_that_comes_is_read_in_pieces_large_and_small_up_to_the_end() {
        let (mut metered, mut peer) = pair();
        let sent: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let sending = sent.clone();
        let sender = thread::spawn(move || {
            for piece in sending.chunks(7_001) {
                peer.write_all(piece).unwrap();
            }
        });
        let mut read = Vec::new();
        smol::block_on(async {
            let mut buffer = [0; 4_096];
            for size in [1, 10, 4_096].into_iter().cycle() {
                match metered.read(&mut buffer[..size]).await.unwrap() {
                    0 => break,
                    count => read.extend_from_slice(&buffer[..count]),
                }
            }
        });
        sender.join().unwrap();
        assert_eq!(read, sent);
    }

    #[test]
    fn what_came_while_the_connection_was_idle_is_read_before_the_reactor_hears_of_it() {
        let (mut metered, mut peer) = pair();
        let mut buffer = [0; 8];
        let cx = &mut Context::from_waker(Waker::noop());
        peer.write_all(b"abc").unwrap();
        assert!(Pin::new(&mut metered).poll_read(cx, &mut buffer).is_pending());
        metered.meter.stale.store(true, Relaxed);
        let read = Pin::new(&mut metered).poll_read(cx, &mut buffer);
        assert!(matches!(read, Poll::Ready(Ok(3))), "{read:?}");
    }

    #[test]
    fn a_peer_that_floods_lets_others_have_their_turn() {
        let (mut metered, mut peer) = pair();
        thread::spawn(move || while peer.write_all(&[0; 1 << 16]).is_ok() {});
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let (mut burst, mut pauses) = (0, 0);
        while pauses < 3 {
            woken.0.store(false, Relaxed);
            let mut buffer = [0; 1 << 15];
            let cx = &mut Context::from_waker(&waker);
            match Pin::new(&mut metered).poll_read(cx, &mut buffer) {
                Poll::Ready(count) => burst += count.unwrap(),
                Poll::Pending => {
                    pauses += usize::from(burst >= MAX_BURST && woken.0.load(Relaxed));
                    burst = 0;
                }
            }
            assert!(burst < MAX_BURST + MAX_READ, "{burst} bytes without a pause");
        }
    }
}
