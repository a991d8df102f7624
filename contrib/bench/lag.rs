//! How late timers are while a feed of 5 MB is read beside twenty small ones: `cargo bench --bench lag`.
//!
//! A task on the loop that does everything sleeps for a millisecond, again and again, and counts
//! by how much it wakes too late. The feeds come from a server of bytes on a thread of its own, as
//! they are and with gzip. An idle loop tells how much of that is the machine's, and a loop on
//! which the feed is simply read tells what would be without care. Noise only ever adds: with
//! several runs, the least of their worst is what the program itself does.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use newsagg::clock::Clock;
use newsagg::config::{Config, Output, OutputFormat, Place, SourceConfig};
use newsagg::format;
use newsagg::http::{Document, Url};
use newsagg::limit::Limiter;
use newsagg::loopback::{Web, WebOptions};
use newsagg::round::{Ask, Halt, Landed, Rules, round};
use newsagg::source::feed::FeedSource;
use newsagg::transport::Transport;
use newsagg::update::{House, Wishes, update};
use smol::{Executor, Timer};

/// The large feed.
const LARGE: usize = 5_000_000;
/// The small ones, and how many of them.
const SMALL: usize = 40_000;
const SMALLS: usize = 20;
/// Each row is made of so many runs.
const RUNS: usize = 15;
/// The timer that is watched.
const TICK: Duration = Duration::from_millis(1);
/// How long the idle loop is watched.
const IDLE: Duration = Duration::from_millis(100);

fn main() {
    let web = Web::start(WebOptions::new(Clock::system().wall())).expect("loopback");
    let large = fetch(web.port(), &format!("/feed/1?bytes={LARGE}"));
    let small = fetch(web.port(), &format!("/feed/2?bytes={SMALL}"));
    drop(web);
    let server = serve([large.clone(), small.clone(), gzip(&large), gzip(&small)]);

    println!(
        "{:34} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "lag in ms", "least", "median", "most", "a tick's", "took"
    );
    println!("{:34} {:>32} {:>10} {:>10}", "", "of the worst of each run", "median", "ms");
    report("idle", || {
        watched(async |_| {
            Timer::after(IDLE).await;
        })
    });
    report("read on the loop", || {
        watched(async |_| {
            Timer::after(3 * TICK).await;
            black_box(read(&large));
        })
    });
    for (coding, first) in [("", 0), (", gzip", 2)] {
        let urls = urls(server, first);
        report(&format!("round{coding}"), || watched(async |executor| one(executor, &urls).await));
        report(&format!("update to jsonfeed{coding}"), || {
            watched(async |executor| whole(executor, &urls).await)
        });
    }
}

/// Runs `work` on a loop, beside a timer that is watched: all its delays, and the time it took.
fn watched(work: impl AsyncFnOnce(&Executor<'static>)) -> (Vec<Duration>, Duration) {
    let executor: Executor<'static> = Executor::new();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let ticker = executor.spawn(async move {
        let mut lags = Vec::with_capacity(10_000);
        while !stopped.load(Relaxed) {
            let due = Instant::now() + TICK;
            Timer::at(due).await;
            lags.push(due.elapsed());
        }
        lags
    });
    smol::block_on(executor.run(async {
        let began = Instant::now();
        work(&executor).await;
        let took = began.elapsed();
        stop.store(true, Relaxed);
        (ticker.await, took)
    }))
}

fn report(name: &str, run: impl Fn() -> (Vec<Duration>, Duration)) {
    // The first one warms up: threads, caches, the allocator.
    run();
    let (mut worst, mut all, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (lags, time) = run();
        worst.push(lags.iter().copied().max().unwrap_or_default());
        all.extend(lags);
        took.push(time);
    }
    for list in [&mut worst, &mut all, &mut took] {
        list.sort();
    }
    let ms = |list: &[Duration], index: usize| list[index].as_secs_f64() * 1e3;
    println!(
        "{name:34} {:10.2} {:10.2} {:10.2} {:10.2} {:10.1}",
        ms(&worst, 0),
        ms(&worst, RUNS / 2),
        ms(&worst, RUNS - 1),
        ms(&all, all.len() / 2),
        ms(&took, RUNS / 2)
    );
}

fn read(body: &[u8]) -> format::Feed {
    format::read(&Document { url: None, content_type: None, body }).expect("a feed")
}

/// Asked and read; the pages are dropped at the end.
async fn one(executor: &Executor<'static>, urls: &[Url]) {
    let config = config(urls);
    let asks: Vec<Ask> = config
        .sources
        .iter()
        .map(|source| Ask {
            source: source.source.clone().expect("a feed"),
            account: String::new(),
            windows: Vec::new(),
            options: Arc::new(source.options.clone()),
            headers: Vec::new(),
            timeout: source.timeout,
            retries: 0,
            per_host: 64,
            held: Vec::new(),
            token: None,
        })
        .collect();
    let rules = Rules {
        workers: NonZeroUsize::new(config.fetch.workers).expect("some"),
        deadline: config.fetch.deadline,
        fail_fast: false,
        force: false,
        seed: 1,
    };
    let transport = Arc::new(Transport::direct(Clock::system()));
    let mut pages = Vec::new();
    let keep = &mut |landed: Landed| pages.extend(landed.page);
    let round =
        round(&asks, rules, &Halt::default(), &mut Limiter::default(), &transport, executor, keep)
            .await;
    assert!(round.tallies.iter().all(|tally| tally.pages == 1), "{:?}", round.tallies);
}

/// The same, merged and written to a file.
async fn whole(executor: &Executor<'static>, urls: &[Url]) {
    let path = std::env::temp_dir().join(format!("newsagg-lag-{}.json", std::process::id()));
    let mut config = config(urls);
    let mut output = Output::stdout(config.sources.len());
    output.format = OutputFormat::of_path(&path).expect("jsonfeed");
    output.path = Some(path.clone());
    config.outputs.push(output);
    let clock = Clock::system();
    let transport = Arc::new(Transport::direct(clock.clone()));
    let mut house = House::new(clock, transport, executor);
    let updated = update(&config, &mut house, Wishes::default()).await;
    assert!(updated.unwritten.is_empty() && updated.report.requests == urls.len() as u64);
    std::fs::remove_file(path).ok();
}

fn config(urls: &[Url]) -> Config {
    let mut config = Config::empty();
    config.state.dir = None;
    config.fetch.per_host = 64;
    for (n, url) in urls.iter().enumerate() {
        let feed = FeedSource { url: Some(url.clone()), fallback: Vec::new() };
        let fetch = &config.fetch;
        let source = Some(Arc::new(feed) as _);
        config.sources.push(SourceConfig::new(
            format!("{n}"),
            "feed",
            Place::Network,
            source,
            fetch,
        ));
    }
    config
}

/// The large one among the small ones.
fn urls(server: SocketAddr, first: usize) -> Vec<Url> {
    let url = |n| Url::parse(&format!("http://{server}/{n}")).expect("a URL");
    let mut urls = vec![url(first + 1); SMALLS / 2];
    urls.push(url(first));
    urls.resize(SMALLS + 1, url(first + 1));
    urls
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut coder = GzEncoder::new(Vec::new(), Compression::default());
    coder.write_all(body).and_then(|()| coder.finish()).expect("memory")
}

fn fetch(port: u16, path: &str) -> Vec<u8> {
    let mut tcp = TcpStream::connect(("127.0.0.1", port)).expect("the web");
    let ask = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    tcp.write_all(ask.as_bytes()).expect("a question");
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).expect("an answer");
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    answer.split_off(head + 4)
}

/// Serves `/0` to `/3`; a thread for each connection, so that none waits for another.
fn serve(bodies: [Vec<u8>; 4]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("an address");
    let bodies = Arc::new(bodies);
    std::thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let bodies = bodies.clone();
            std::thread::spawn(move || {
                let mut ask = [0; 4096];
                while let Ok(1..) = tcp.read(&mut ask) {
                    let n = usize::from(ask[5].saturating_sub(b'0')).min(3);
                    let coding = if n > 1 { "content-encoding: gzip\r\n" } else { "" };
                    let length = bodies[n].len();
                    let head =
                        format!("HTTP/1.1 200 OK\r\n{coding}content-length: {length}\r\n\r\n");
                    if tcp
                        .write_all(head.as_bytes())
                        .and_then(|()| tcp.write_all(&bodies[n]))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
    address
}
