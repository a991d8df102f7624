//! The embedded news web: made-up publishers on loopback addresses, for the demo, the tests and
//! the benchmarks.
//!
//! It speaks what the sources read: NewsAPI and the Guardian (with keys), Hacker News, Reddit (with
//! and without a token), and feeds with validators. Every answer takes its time, some never come, and the same seed gives the
//! same web again. It runs on a thread of its own, so that it takes no turns from what it serves.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use futures_lite::future::{self, Boxed};
use futures_lite::{AsyncRead, AsyncWrite};
use smol::{Async, LocalExecutor, Timer};

use crate::backoff::scramble;
use crate::http::Url;
use crate::time::Timestamp;

mod api;
mod feeds;
mod reddit;
mod serve;
mod site;
mod stories;
pub mod tls;

pub use serve::Fault;

/// The key that the web's NewsAPI and Guardian want to see, and the client id and secret of its
/// Reddit.
pub const KEY: &str = "a-key-for-the-embedded-web";

/// One web on this many addresses at most, 127.0.0.1 and following.
pub const MAX_ADDRESSES: u8 = 200;

/// How often a port is sought that is free on all addresses.
const PORT_TRIES: usize = 16;

/// Of so many requests it is noted when they came.
pub const MAX_LOGGED: usize = 10_000;

/// How long the web waits when it cannot accept (too many open files).
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// A connection, plain or with TLS around it.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What is done to a connection before HTTP is spoken on it: a TLS handshake, or nothing.
pub type Accept =
    Arc<dyn Fn(Async<TcpStream>) -> Boxed<io::Result<Pin<Box<dyn Stream>>>> + Send + Sync>;

/// What the web is like.
#[derive(Clone)]
pub struct WebOptions {
    /// How many addresses it listens on, from 127.0.0.1 up, all with one port.
    pub addresses: u8,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// How long each answer takes, drawn from this range by seed, path and turn.
    pub latency: Range<Duration>,
    /// The same seed gives the same latencies.
    pub seed: u64,
    /// The newest story is some minutes older than this.
    pub now: Timestamp,
    /// What goes wrong where: the longest matching beginning of a path counts.
    pub faults: Vec<(String, Fault)>,
    /// How large a feed under `/feed/` is unless it is asked with `?bytes=`.
    pub feed_bytes: usize,
    /// Every answer is the last on its connection.
    pub closes: bool,
    /// How many feeds under `/feed/`, from 0 up, are made before the first request.
    pub prepare: u64,
    /// A TLS handshake, if any.
    pub accept: Option<Accept>,
}

impl WebOptions {
    /// A web on 127.0.0.1 that answers at once, without faults.
    pub fn new(now: Timestamp) -> WebOptions {
        WebOptions {
            addresses: 1,
            port: 0,
            latency: Duration::ZERO..Duration::ZERO,
            seed: 1,
            now,
            faults: Vec::new(),
            feed_bytes: feeds::DEFAULT_BYTES,
            closes: false,
            prepare: 0,
            accept: None,
        }
    }

    /// The web of `newsagg demo`: 300 to 800 ms an answer, `/broken/` answers 500, `/silent/`
    /// never answers.
    pub fn demo(now: Timestamp) -> WebOptions {
        WebOptions {
            latency: Duration::from_millis(300)..Duration::from_millis(800),
            faults: vec![("/broken/".into(), Fault::Status(500)), ("/silent/".into(), Fault::Hang)],
            ..WebOptions::new(now)
        }
    }

    /// How long the answer takes to the `nth` request for a path, from 1: drawn by seed, path and
    /// turn.
    pub fn latency_of(&self, path: &str, nth: u32) -> Duration {
        let Range { start, end } = &self.latency;
        let Some(span) = end.checked_sub(*start).filter(|span| !span.is_zero()) else {
            return *start;
        };
        let draw = scramble(self.seed ^ serve::fnv(path.as_bytes()) ^ u64::from(nth) << 32);
        // 32 of its bits are as even as a latency needs.
        *start + span.mul_f64((draw >> 32) as f64 / f64::from(u32::MAX))
    }

    /// What goes wrong with the `nth` request for a path, from 1.
    pub fn fault_of(&self, path: &str, nth: u32) -> Option<Fault> {
        let faults = self.faults.iter().filter(|(start, _)| path.starts_with(start));
        let (_, fault) = faults.max_by_key(|(start, _)| start.len())?;
        match *fault {
            Fault::First(count, status) => (nth <= count).then_some(Fault::Status(status)),
            fault => Some(fault),
        }
    }
}

/// The feed under `/feed/NUMBER` of about so many bytes, and its type.
pub fn feed(number: u64, bytes: usize, now: Timestamp) -> (&'static str, String) {
    feeds::synthetic(number, bytes, now)
}

impl std::fmt::Debug for WebOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let WebOptions { addresses, port, latency, seed, .. } = self;
        write!(f, "WebOptions({addresses} addresses, port {port}, {latency:?}, seed {seed})")
    }
}

/// A running web; it ends when dropped.
#[derive(Debug)]
pub struct Web {
    port: u16,
    scheme: &'static str,
    counts: Arc<Mutex<Counts>>,
    stop: Sender<()>,
    thread: Option<JoinHandle<()>>,
}

/// What was asked of the web.
#[derive(Debug, Default)]
struct Counts {
    by_path: BTreeMap<String, usize>,
    under_way: usize,
    most_at_once: usize,
    connections: usize,
    /// When each request came.
    arrivals: Vec<Instant>,
    conditional: usize,
    bytes_sent: u64,
}

impl Web {
    /// Listens, and serves from a new thread.
    pub fn start(options: WebOptions) -> io::Result<Web> {
        let listeners = bind(options.addresses.clamp(1, MAX_ADDRESSES), options.port)?;
        let port = listeners.first().map_or(Ok(0), |l| l.local_addr().map(|a| a.port()))?;
        let scheme = if options.accept.is_some() { "https" } else { "http" };
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (stop, stopped) = async_channel::bounded(1);
        let for_thread = counts.clone();
        // Everything is made before anybody can ask for it.
        let server = serve::Server::new(options, counts.clone());
        let thread = std::thread::Builder::new()
            .name("news web".into())
            .spawn(move || run(server, listeners, for_thread, stopped))?;
        Ok(Web { port, scheme, counts, stop, thread: Some(thread) })
    }

    /// The port on every address.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a path (with its slash in front) on 127.0.0.1.
    pub fn url(&self, path: &str) -> Url {
        self.url_on(1, path)
    }

    /// The URL of a path on 127.0.0.`address`.
    pub fn url_on(&self, address: u8, path: &str) -> Url {
        let (scheme, port) = (self.scheme, self.port);
        Url::parse(&format!("{scheme}://127.0.0.{address}:{port}{path}"))
            .expect("an address, a port and a path that a programmer wrote")
    }

    /// How often a path was asked for, its query not counting.
    pub fn asked(&self, path: &str) -> u32 {
        lock(&self.counts).by_path.get(path).map_or(0, |count| *count as u32)
    }

    /// How often anything was asked for.
    pub fn asked_in_all(&self) -> u32 {
        lock(&self.counts).by_path.values().map(|count| *count as u32).sum()
    }

    /// The most requests that were ever under way at the same time.
    pub fn most_at_once(&self) -> usize {
        lock(&self.counts).most_at_once
    }

    /// The most requests that came within any so long, of the first [`MAX_LOGGED`].
    pub fn most_within(&self, span: Duration) -> usize {
        let counts = lock(&self.counts);
        let all = &counts.arrivals;
        let from = |start: usize| {
            all[start..].iter().take_while(|at| at.duration_since(all[start]) < span).count()
        };
        (0..all.len()).map(from).max().unwrap_or(0)
    }

    /// How many connections were ever accepted.
    pub fn connections(&self) -> usize {
        lock(&self.counts).connections
    }

    /// How many requests named a validator.
    pub fn conditional(&self) -> usize {
        lock(&self.counts).conditional
    }

    /// How many bytes of answers were sent, heads and all, TLS not counting.
    pub fn bytes_sent(&self) -> u64 {
        lock(&self.counts).bytes_sent
    }

    /// Counts from nothing again; what is under way stays so.
    pub fn forget(&self) {
        let mut counts = lock(&self.counts);
        let under_way = counts.under_way;
        *counts = Counts { under_way, most_at_once: under_way, ..Counts::default() };
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.stop.close();
        if let Some(thread) = self.thread.take() {
            // A web that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn lock(counts: &Mutex<Counts>) -> std::sync::MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One listener per address, all on one port.
fn bind(addresses: u8, port: u16) -> io::Result<Vec<TcpListener>> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..if port == 0 { PORT_TRIES } else { 1 } {
        match bind_once(addresses, port) {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind_once(addresses: u8, mut port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = Vec::new();
    for address in 1..=addresses {
        let ip = Ipv4Addr::new(127, 0, 0, address);
        let listener = TcpListener::bind(SocketAddr::from((ip, port)))?;
        port = listener.local_addr()?.port();
        listeners.push(listener);
    }
    Ok(listeners)
}

fn run(
    server: serve::Server,
    listeners: Vec<TcpListener>,
    counts: Arc<Mutex<Counts>>,
    stopped: Receiver<()>,
) {
    let executor = Rc::new(LocalExecutor::new());
    let accept = server.options.accept.clone();
    let server = Rc::new(server);
    for listener in listeners {
        let Ok(listener) = Async::new(listener) else { continue };
        let (spawner, server, accept) = (Rc::downgrade(&executor), server.clone(), accept.clone());
        let counts = counts.clone();
        let listen = async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    Timer::after(ACCEPT_PAUSE).await;
                    continue;
                };
                lock(&counts).connections += 1;
                let Some(spawner) = spawner.upgrade() else { return };
                let (server, accept) = (server.clone(), accept.clone());
                spawner.spawn(async move { talk(&server, accept, stream).await }).detach();
            }
        };
        executor.spawn(listen).detach();
    }
    // Ends when the sender closes the channel: nothing is ever sent.
    let until = async { stopped.recv().await.unwrap_or_default() };
    smol::block_on(executor.run(until));
}

/// One connection, to its end; a client that goes away is no error here.
async fn talk(server: &serve::Server, accept: Option<Accept>, stream: Async<TcpStream>) {
    let _ = stream.get_ref().set_nodelay(true);
    let _: io::Result<()> = match accept {
        None => server.converse(stream).await,
        Some(accept) => match accept(stream).await {
            Ok(stream) => server.converse(stream).await,
            Err(error) => Err(error),
        },
    };
}

/// Waits until `at`, or not at all.
async fn wait_until(at: Instant) {
    if at > Instant::now() {
        Timer::at(at).await;
    } else {
        future::yield_now().await;
    }
}
