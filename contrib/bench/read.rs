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

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use newsagg::format;
use newsagg::http::{Document, Url};

/// Bytes of all documents together.
const TOTAL: usize = 100_000_000;
/// Each measurement is the median of so many passes.
const PASSES: usize = 9;
/// Bytes of each kind that are read under valgrind.
const COUNTED: usize = 2_500_000;
/// Documents have about one of these sizes.
const SIZES: [usize; 4] = [40_000, 120_000, 400_000, 1_000_000];

/// Makes a feed of about so many bytes.
type Make = fn(&mut Random, usize) -> String;

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

const KINDS: [(&str, Make); 4] = [
    ("rss, html in cdata", rss_cdata),
    ("rss, escaped html", rss_escaped),
    ("rss, description and content", rss_content),
    ("atom, html", atom),
];

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

/// <https://prng.di.unimi.it/splitmix64.c>
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    fn words(&mut self, count: usize) -> String {
        let mut out = String::new();
        for _ in 0..count {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(WORDS[self.below(WORDS.len())]);
        }
        out
    }

    /// Paragraphs with links, emphasis, pictures and the entities that writers use.
    fn html(&mut self, paragraphs: usize) -> String {
        let mut out = String::new();
        for _ in 0..paragraphs {
            out.push_str("<p>");
            for _ in 0..3 + self.below(4) {
                let words = 6 + self.below(12);
                out += &self.words(words);
                match self.below(6) {
                    0 => {
                        let (id, words) = (self.below(100_000), self.words(3));
                        let _ = write!(
                            out,
                            " <a href=\"https://news.example/story/{id}?a=1&amp;b=2\">{words}</a>"
                        );
                    }
                    1 => out += &format!(" <em>{}</em>", self.words(2)),
                    2 => out.push_str("&rsquo;s &mdash; that is"),
                    3 => out.push_str(" Q&amp;A"),
                    _ => {}
                }
                out.push_str(". ");
            }
            out.push_str("</p>\n");
        }
        let _ = write!(
            out,
            "<img src=\"https://img.example/{}.jpg\" alt=\"\" width=\"640\"/>",
            self.below(100_000)
        );
        out
    }

    fn date(&mut self) -> (usize, usize, usize, usize) {
        (1 + self.below(28), self.below(24), self.below(60), self.below(60))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn rss_cdata(random: &mut Random, size: usize) -> String {
    rss(random, size, |random| {
        let paragraphs = 1 + random.below(4);
        format!("<description><![CDATA[{}]]></description>", random.html(paragraphs))
    })
}

fn rss_escaped(random: &mut Random, size: usize) -> String {
    rss(random, size, |random| {
        let paragraphs = 1 + random.below(4);
        format!("<description>{}</description>", escape(&random.html(paragraphs)))
    })
}

fn rss_content(random: &mut Random, size: usize) -> String {
    rss(random, size, |random| {
        let (summary, paragraphs) = (random.words(40), 4 + random.below(8));
        format!(
            "<description>{summary}</description>\n<content:encoded><![CDATA[{}]]></content:encoded>",
            random.html(paragraphs)
        )
    })
}

fn rss(random: &mut Random, size: usize, body: fn(&mut Random) -> String) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:media=\"http://search.yahoo.com/mrss/\">\n\
         <channel><title>Made-up news</title><link>https://news.example/</link><description>None of this happened</description>\n\
         <atom:link href=\"https://news.example/feed.xml\" rel=\"self\" type=\"application/rss+xml\"/>\n",
    );
    while out.len() < size {
        let (id, (day, hour, minute, second)) = (random.below(1_000_000), random.date());
        let (title, author, tag) = (random.words(8), random.words(2), random.words(1));
        let body = body(random);
        let _ = write!(
            out,
            "<item>\n<title>{title} &amp; more</title>\n<link>https://news.example/story/{id}?utm_source=rss</link>\n\
             <guid isPermaLink=\"false\">https://news.example/story/{id}</guid>\n<pubDate>{day:02} Nov 2026 {hour:02}:{minute:02}:{second:02} GMT</pubDate>\n\
             <dc:creator><![CDATA[{author}]]></dc:creator>\n<category>{tag}</category>\n\
             <media:thumbnail url=\"https://img.example/{id}.jpg\" width=\"240\" height=\"135\"/>\n{body}\n</item>\n"
        );
    }
    out + "</channel></rss>\n"
}

fn atom(random: &mut Random, size: usize) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<title>Made-up news</title>\n\
         <id>https://news.example/</id>\n<updated>2026-11-21T06:00:00Z</updated>\n<link href=\"https://news.example/\"/>\n",
    );
    while out.len() < size {
        let (id, (day, hour, minute, second)) = (random.below(1_000_000), random.date());
        let (title, author, tag, paragraphs) =
            (random.words(8), random.words(2), random.words(1), 1 + random.below(6));
        let body = escape(&random.html(paragraphs));
        let _ = write!(
            out,
            "<entry>\n<title type=\"html\">{title} &amp;amp; more</title>\n<link rel=\"alternate\" type=\"text/html\" href=\"https://news.example/story/{id}\"/>\n\
             <id>tag:news.example,2026:{id}</id>\n<published>2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}+01:00</published>\n\
             <updated>2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}Z</updated>\n<author><name>{author}</name></author>\n<category term=\"{tag}\"/>\n\
             <content type=\"html\">{body}</content>\n</entry>\n"
        );
    }
    out + "</feed>\n"
}

const WORDS: [&str; 64] = [
    "the",
    "of",
    "and",
    "a",
    "in",
    "to",
    "for",
    "on",
    "with",
    "that",
    "is",
    "was",
    "at",
    "by",
    "from",
    "said",
    "government",
    "market",
    "river",
    "network",
    "council",
    "research",
    "energy",
    "language",
    "players",
    "season",
    "museum",
    "quarter",
    "software",
    "election",
    "weather",
    "satellite",
    "harbour",
    "teachers",
    "investors",
    "orchestra",
    "railway",
    "budget",
    "village",
    "engineers",
    "committee",
    "festival",
    "hospital",
    "journey",
    "kitchen",
    "library",
    "mountain",
    "opinion",
    "parliament",
    "question",
    "record",
    "station",
    "theatre",
    "university",
    "volunteers",
    "window",
    "yesterday",
    "zürich",
    "café",
    "naïve",
    "2026",
    "new",
    "first",
    "after",
];
