//! A TCP connection to the first of several addresses that answers (RFC 8305).

use std::future::{Future, poll_fn};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use async_io::{Async, Timer};
use futures_lite::FutureExt;
/// How long an address is alone before the next is tried beside it (RFC 8305 §8).
const STAGGER: Duration = Duration::from_millis(250);

/// No name is tried at more addresses than this.
const MAX_ADDRESSES: usize = 16;

/// A connection that is being made.
type Attempt = Pin<Box<dyn Future<Output = io::Result<Async<TcpStream>>> + Send>>;

/// Connects to the first address that accepts; each has `limit` time for it.
///
/// The error is the first one, of the address that the system liked best.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> io::Result<Async<TcpStream>> {
    let mut waiting = interleave(addresses).into_iter().take(MAX_ADDRESSES);
    let mut attempts: Vec<Attempt> = Vec::new();
    let mut stagger: Option<Timer> = None;
    let mut first_error = None;
    poll_fn(|cx| {
        loop {
            let mut index = 0;
            while index < attempts.len() {
                match attempts[index].as_mut().poll(cx) {
                    Poll::Ready(Ok(stream)) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(error)) => {
                        drop(attempts.remove(index));
                        first_error.get_or_insert(error);
                        stagger = None;
                    }
                    Poll::Pending => index += 1,
                }
            }
            let early = match &mut stagger {
                Some(timer) => timer.poll(cx).is_pending(),
                None => false,
            };
            if early {
                return Poll::Pending;
            }
            match waiting.next() {
                Some(address) => {
                    attempts.push(Box::pin(attempt(address, limit)));
                    stagger = Some(Timer::after(STAGGER));
                }
                None if attempts.is_empty() => {
                    let none = || io::Error::new(io::ErrorKind::NotFound, "no address");
                    return Poll::Ready(Err(first_error.take().unwrap_or_else(none)));
                }
                None => return Poll::Pending,
            }
        }
    })
    .await
}

async fn attempt(address: SocketAddr, limit: Duration) -> io::Result<Async<TcpStream>> {
    let late = async {
        Timer::after(limit).await;
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {limit:?}")))
    };
    let stream = Async::<TcpStream>::connect(address).or(late).await?;
    stream.get_ref().set_nodelay(true)?;
    Ok(stream)
}

/// The families by turns, beginning with that of the first address (RFC 8305 §4).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let family = |v6| addresses.iter().copied().filter(move |address| address.is_ipv6() == v6);
    let (mut same, mut other) = (family(first), family(!first));
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(same.next());
        mixed.extend(other.next());
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn parse(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_beginning_with_the_systems_choice() {
        let given = parse(&["[2::1]:1", "[2::2]:1", "[2::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let mixed = parse(&["[2::1]:1", "1.1.1.1:1", "[2::2]:1", "1.1.1.2:1", "[2::3]:1"]);
        assert_eq!(interleave(&given), mixed);
    }

    /// An address where connections are neither accepted nor refused: its queue is full.
    fn silent() -> (TcpListener, Vec<TcpStream>) {
        use rustix::net::{AddressFamily, SocketType, bind, listen, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        listen(&socket, 0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let mut queue = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
            queue.push(stream);
        }
        (listener, queue)
    }

    #[test]
    fn an_address_that_says_nothing_does_not_hold_up_the_next() {
        let (silent, _queue) = silent();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [&silent, &listener].map(|server| server.local_addr().unwrap());
        let stream = smol::block_on(connect(&addresses, Duration::from_secs(60))).unwrap();
        assert_eq!(stream.get_ref().peer_addr().unwrap(), addresses[1]);
        let error = smol::block_on(connect(&addresses[..1], Duration::from_millis(20)));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn an_address_that_refuses_does_not_hold_up_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = {
            let gone = TcpListener::bind("127.0.0.1:0").unwrap();
            gone.local_addr().unwrap()
        };
        let addresses = vec![closed, closed, listener.local_addr().unwrap()];
        let stream = smol::block_on(connect(&addresses, Duration::from_secs(5))).unwrap();
        assert_eq!(stream.get_ref().peer_addr().unwrap(), listener.local_addr().unwrap());
        let error = smol::block_on(connect(&[closed], Duration::from_secs(5))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}
