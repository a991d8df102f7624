//! How fast feeds are read, on one thread, from bytes to items: `cargo bench --bench read`.
//!
//! The mixture is made up, always the same, about 100 MB: RSS with HTML in CDATA, RSS with escaped
//! HTML, RSS with `content:encoded` beside its description, Atom with HTML content, in documents
//! of 40 kB to 1 MB. Beside it the ceiling: quick-xml's bare event loop over the same bytes. Both
//! take turns, so that a busy machine is busy for both.
//!
//! `cargo bench --bench read -- instructions` counts what the processor is told instead, which is
//! the same on a busy machine: it reads a tenth of the mixture under valgrind, once and three
//! times, and divides the difference by the bytes.

#![allow(clippy::print_stdout, clippy::exit)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use newsagg::format;
use newsagg::http::{Document, Url};

mod made;
use made::{KINDS, Make, Random};

/// Bytes of all documents together.
const TOTAL: usize = 100_000_000;
/// Each measurement is the median of so many passes.
const PASSES: usize = 9;
/// Bytes of each kind that are read under valgrind.
const COUNTED: usize = 2_500_000;
/// Documents have about one of these sizes.
const SIZES: [usize; 4] = [40_000, 120_000, 400_000, 1_000_000];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["instructions"] => instructions(),
        // What `instructions` calls: kind, who reads, how often.
        ["pass", kind, reader, times] => {
            let number = |text: &str| text.parse::<usize>().expect("a number");
            let feeds = mixture(&mut Random(42), KINDS[number(kind)].1, COUNTED);
            let pass = if reader == "newsagg" { read } else { events };
            (0..number(times)).for_each(|_| pass(&feeds));
        }
        _ => speed(),
    }
}

fn mixture(random: &mut Random, make: Make, bytes: usize) -> Vec<String> {
    let (mut feeds, mut size) = (Vec::new(), 0);
    while size < bytes {
        let feed = make(random, SIZES[feeds.len() % SIZES.len()]);
        size += feed.len();
        feeds.push(feed);
    }
    feeds
}

fn speed() {
    let mut random = Random(42);
    println!("{:30} {:>9} {:>9} {:>9} {:>8}", "MB/s", "MB", "newsagg", "quick-xml", "ratio");
    let mut all = Vec::new();
    for (name, make) in KINDS {
        let mut feeds = mixture(&mut random, make, TOTAL / KINDS.len());
        report(name, &feeds);
        all.append(&mut feeds);
    }
    report("all", &all);
}

fn report(name: &str, feeds: &[String]) {
    let megabytes = feeds.iter().map(String::len).sum::<usize>() as f64 / 1e6;
    let times: Vec<_> = (0..PASSES).map(|_| (timed(feeds, read), timed(feeds, events))).collect();
    let ours = megabytes / median(times.iter().map(|(ours, _)| *ours)).as_secs_f64();
    let ceiling = megabytes / median(times.iter().map(|(_, events)| *events)).as_secs_f64();
    println!("{name:30} {megabytes:9.1} {ours:9.0} {ceiling:9.0} {:8.2}", ours / ceiling);
}

fn timed(feeds: &[String], pass: fn(&[String])) -> Duration {
    let start = worked();
    pass(feeds);
    worked() - start
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    times[times.len() / 2]
}

fn instructions() {
    println!("{:30} {:>9} {:>9} {:>8}", "instructions a byte", "newsagg", "quick-xml", "ratio");
    let mut sums = [0.0; 2];
    for (kind, (name, make)) in KINDS.into_iter().enumerate() {
        let bytes: usize = mixture(&mut Random(42), make, COUNTED).iter().map(String::len).sum();
        let each = ["newsagg", "quick-xml"].map(|reader| {
            let more = counted(kind, reader, 3).zip(counted(kind, reader, 1));
            let Some((three, one)) = more else {
                println!("valgrind does not count here");
                std::process::exit(1);
            };
            (three - one) as f64 / 2.0 / bytes as f64
        });
        println!("{name:30} {:9.2} {:9.2} {:8.2}", each[0], each[1], each[0] / each[1]);
        sums = [sums[0] + each[0], sums[1] + each[1]];
    }
    let [ours, ceiling] = sums.map(|sum| sum / KINDS.len() as f64);
    println!("{:30} {ours:9.2} {ceiling:9.2} {:8.2}", "all", ours / ceiling);
}

/// What valgrind says that the processor was told.
fn counted(kind: usize, reader: &str, times: usize) -> Option<u64> {
    let output = std::process::Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["pass", &kind.to_string(), reader, &times.to_string()])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// The time that this thread has worked, so that a busy machine does not count as a slow program;
/// where the kernel does not tell, the time of day.
fn worked() -> Duration {
    static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGIN.elapsed(), Duration::from_nanos)
}

fn read(feeds: &[String]) {
    let url = Url::parse("https://news.example/feed.xml").expect("a URL");
    for feed in feeds {
        let document = Document {
            url: Some(&url),
            content_type: Some("application/xml"),
            body: feed.as_bytes(),
        };
        let feed = format::read(&document).expect("a feed");
        assert!(!feed.partial && feed.items.len() > 5);
        black_box(feed);
    }
}

fn events(feeds: &[String]) {
    for feed in feeds {
        let mut reader = quick_xml::Reader::from_str(feed);
        loop {
            match reader.read_event().expect("well-formed") {
                quick_xml::events::Event::Eof => break,
                event => black_box(event),
            };
        }
    }
}
