//! One connection that speaks HTTP/1.1: hyper's two halves kept in one place.
//!
//! Nothing is spawned. Whoever waits for the head or reads the body drives the connection, and
//! dropping a link closes it at once, whatever was on its way.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};
use futures_rustls::client::TlsStream;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use smol_hyper::rt::FuturesIo;

use super::framing::{Heads, Unclear};
use super::socket::{NOBODY, Tcp};
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

/// Why no head came.
pub(super) struct Silence {
    pub(super) failure: Failure,
    /// Not one byte came: on a connection used before, the server had closed it meanwhile.
    pub(super) untouched: bool,
}

impl Link {
    pub(super) async fn new(io: Io, local: bool) -> Result<Link, Failure> {
        let meter = Arc::new(Meter::default());
        let io =
            FuturesIo::new(Metered { io, meter: meter.clone(), heads: Heads::default(), burst: 0 });
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
    ) -> Result<hyper::Response<Incoming>, Silence> {
        self.meter.begin();
        let mut answer = pin!(self.sender.send_request(request));
        let head = poll_fn(|cx| {
            self.drive(cx);
            answer.as_mut().poll(cx)
        });
        head.await.map_err(|error| Silence {
            failure: explain(&error),
            untouched: self.meter.read.load(Relaxed) == 0 && !error.is_user(),
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

    /// Whether another request may be sent: the last answer ended cleanly, and the server wants to
    /// go on.
    pub(super) fn is_reusable(&mut self) -> bool {
        self.meter.rests.store(true, Relaxed);
        let idle = self.is_idle();
        self.meter.rests.store(false, Relaxed);
        idle
    }

    /// The same as of now: it is still open, and nothing came that nobody asked for.
    pub(super) fn is_idle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(NOBODY));
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
    Plain(Tcp),
    Tls(Box<TlsStream<Tcp>>),
}

/// What came since the request was sent.
#[derive(Debug, Default)]
struct Meter {
    read: AtomicUsize,
    delivered: AtomicUsize,
    /// Nothing is to be read now.
    rests: AtomicBool,
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
        let read = match &mut self.io {
            Io::Plain(io) => Pin::new(io).poll_read(cx, buf),
            Io::Tls(io) => Pin::new(io).poll_read(cx, buf),
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
    use std::net::{TcpListener, TcpStream};
    use std::task::{Wake, Waker};
    use std::thread;

    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Relaxed);
        }
    }

    #[test]
    fn a_peer_that_floods_lets_others_have_their_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut peer = listener.accept().unwrap().0;
        thread::spawn(move || while peer.write_all(&[0; 1 << 16]).is_ok() {});
        let io = Io::Plain(Tcp::new(async_io::Async::new(tcp).unwrap()));
        let meter = Arc::new(Meter::default());
        meter.delivered.store(usize::MAX, Relaxed);
        let mut metered = Metered { io, meter, heads: Heads::default(), burst: 0 };
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
