//! A socket that is read only when there is something to read.

use std::io::{self, Read};
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use async_io::Async;
use futures_lite::{AsyncRead, AsyncWrite};

/// The waker of who only looks. A static is one wherever it is named; a constant may be several, which
/// do not know each other.
pub(super) static NOBODY: &Waker = Waker::noop();

/// A connection that knows whether it was read dry. Who drives one looks at it several times for each
/// answer, and each look would be a system call that says no.
#[derive(Debug)]
pub(super) struct Tcp {
    inner: Async<TcpStream>,
    /// Nothing is left to read, unless the reactor says so.
    dry: bool,
}

impl Tcp {
    /// A new connection: nobody said anything yet.
    pub(super) fn new(inner: Async<TcpStream>) -> Tcp {
        Tcp { inner, dry: true }
    }

    pub(super) fn get_ref(&self) -> &TcpStream {
        self.inner.get_ref()
    }

    /// One look, whatever the reactor says.
    fn look(&mut self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        loop {
            let read = self.inner.get_ref().read(buf);
            match &read {
                // Less than was asked for: that was all.
                Ok(count) => self.dry = (1..buf.len()).contains(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.dry = true;
                    return None;
                }
                Err(_) => {}
            }
            return Some(read);
        }
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if cx.waker().will_wake(NOBODY) {
            // Nobody waits: there need be no word when more comes.
            return self.look(buf).map_or(Poll::Pending, Poll::Ready);
        }
        loop {
            if self.dry {
                ready!(self.inner.poll_readable(cx))?;
            }
            if let Some(read) = self.look(buf) {
                return Poll::Ready(read);
            }
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::{AsyncReadExt, future};
    use std::io::Write;
    use std::net::TcpListener;

    fn pair() -> (Tcp, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Tcp::new(Async::new(tcp).unwrap()), listener.accept().unwrap().0)
    }

    #[test]
    fn all_that_comes_is_read_in_pieces_large_and_small_up_to_the_end() {
        let (mut tcp, mut peer) = pair();
        let sent: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let sending = sent.clone();
        let sender = std::thread::spawn(move || {
            for piece in sending.chunks(7_001) {
                peer.write_all(piece).unwrap();
            }
        });
        let mut read = Vec::new();
        smol::block_on(async {
            let mut buffer = [0; 4_096];
            for size in [1, 10, 4_096].into_iter().cycle() {
                match tcp.read(&mut buffer[..size]).await.unwrap() {
                    0 => break,
                    count => read.extend_from_slice(&buffer[..count]),
                }
            }
        });
        sender.join().unwrap();
        assert_eq!(read, sent);
    }

    #[test]
    fn who_only_looks_sees_what_came_and_the_end() {
        let (mut tcp, mut peer) = pair();
        let mut look = || {
            let mut buffer = [0; 8];
            let cx = &mut Context::from_waker(NOBODY);
            match Pin::new(&mut tcp).poll_read(cx, &mut buffer) {
                Poll::Ready(read) => Some(read.unwrap()),
                Poll::Pending => None,
            }
        };
        assert_eq!(look(), None);
        peer.write_all(b"abc").unwrap();
        assert_eq!(look(), Some(3));
        assert_eq!(look(), None);
        drop(peer);
        assert_eq!(look(), Some(0));
        // Who waits hears of the end, too.
        let mut buffer = [0; 8];
        assert_eq!(future::block_on(tcp.read(&mut buffer)).unwrap(), 0);
    }
}
