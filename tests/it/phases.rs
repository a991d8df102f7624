//! The deadline, in the phases before the request: connecting, the proxy's tunnel, the handshake.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use newsagg::failure::{Failure, Stage};
use newsagg::http::{Request, Url};
use newsagg::transport::Options;
use rustix::net::{self, AddressFamily, SocketType};

use crate::support::server::*;

fn ask(url: &str, options: &Options) -> Failure {
    let request = Request::get(Url::parse(url).unwrap());
    smol::block_on(transport().get(&request, options, IMPATIENCE)).result.unwrap_err()
}

/// A server that sends one byte every few milliseconds, whatever it is asked.
fn drips(text: &'static [u8]) -> Server {
    Server::start(move |mut connection| {
        for byte in text.iter().cycle() {
            if !connection.send(&[*byte]) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    })
}

#[test]
fn a_tunnel_that_is_never_granted_ends_at_the_deadline() {
    for proxy in [Server::start(|mut connection| connection.hang()), drips(b"HTTP/1.1 200 ")] {
        let proxy = Some(Url::parse(&format!("http://{}", proxy.address)).unwrap());
        let failure = ask("https://feed.invalid/", &Options { proxy, ..options() });
        assert_eq!(failure.stage, Stage::Timeout);
        assert!(failure.cause.ends_with("connecting"), "{failure}");
    }
}

#[test]
fn a_handshake_that_drips_ends_at_the_deadline() {
    // A TLS record of 16 kB that says it is a ServerHello.
    let server = drips(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03");
    let failure = ask(&format!("https://{}/", server.address), &options());
    assert!(matches!(failure.stage, Stage::Timeout | Stage::Tls), "{failure}");
}

/// An address where connections are never accepted and never refused: its queue is full.
struct Silent {
    address: SocketAddr,
    _queue: (rustix::fd::OwnedFd, Vec<TcpStream>),
}

impl Silent {
    fn new() -> Silent {
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        net::listen(&socket, 0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
            waiting.push(stream);
        }
        Silent { address, _queue: (listener.into(), waiting) }
    }
}

#[test]
fn an_address_that_says_nothing_is_given_up_after_its_time_or_the_deadline() {
    let silent = Silent::new();
    let url = format!("http://{}/", silent.address);
    let failure = ask(&url, &options());
    assert_eq!(failure.stage, Stage::Timeout);
    assert!(failure.cause.ends_with("connecting"), "{failure}");
    let connect_timeout = Duration::from_millis(20);
    let failure = ask(&url, &Options { connect_timeout, ..options() });
    assert_eq!(failure.stage, Stage::Connect);
    assert!(failure.cause.ends_with("no connection within 20ms"), "{failure}");
}
