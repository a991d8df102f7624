//! Feeds from files: goldens, damage, and the documents of other readers' tests.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use newsagg::format::{self, Feed};
use newsagg::http::{Document, Url};
use newsagg::item::{DateOrigin, Item, MAX_ITEMS, MAX_SUMMARY, MAX_TITLE, Story};

use crate::support::corpus::Corpus;

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feed");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is part of the project")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension().is_some_and(|extension| extension == "xml" || extension == "json")
        })
        .collect();
    paths.sort();
    assert!(paths.len() >= 8);
    paths
}

fn read(body: &[u8]) -> Result<Feed, String> {
    let url = Url::parse("https://base.example/feeds/all.xml").expect("a URL");
    format::read(&Document { url: Some(&url), content_type: None, body })
}

fn line(item: &Item) -> String {
    let dated = item.published.or(item.updated).is_some();
    let story = Story {
        item: item.clone(),
        source: "fixture".into(),
        first_seen: None,
        date_origin: if dated { DateOrigin::Feed } else { DateOrigin::FirstSeen },
        also: Vec::new(),
    };
    let mut line = Vec::new();
    format::jsonfeed::item(&story, &mut line).expect("memory takes everything");
    String::from_utf8(line).expect("items are UTF-8")
}

/// One line about the feed, then one for each item.
fn golden(feed: &Feed) -> String {
    let mut out = format!(
        "{{\"format\":{:?},\"title\":{:?},\"skipped\":{},\"partial\":{}}}\n",
        feed.format, feed.title, feed.skipped, feed.partial
    );
    for item in &feed.items {
        let _ = writeln!(out, "{}", line(item));
    }
    out
}

#[test]
fn every_fixture_is_read_as_its_golden_says() {
    for path in fixtures() {
        let feed = read(&fs::read(&path).expect("readable")).expect("a feed");
        let found = golden(&feed);
        let expected = path.with_extension("items.jsonl");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&expected, &found).expect("writable");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

#[test]
fn a_document_cut_anywhere_gives_its_first_whole_items_or_an_error() {
    for path in fixtures() {
        let body = fs::read(&path).expect("readable");
        let body = body.trim_ascii_end();
        let whole = read(body).expect("a feed");
        let (mut most, is_xml) = (0, path.extension().is_some_and(|extension| extension == "xml"));
        for end in 0..body.len() {
            let Ok(feed) = read(&body[..end]) else { continue };
            let at = format!("{} cut at {end}", path.display());
            assert!(is_xml, "{at}: half of a JSON text is none");
            assert!(feed.items.len() >= most, "{at}: an item was lost");
            most = feed.items.len();
            assert!(most <= whole.items.len(), "{at}");
            for (item, whole) in feed.items.iter().zip(&whole.items) {
                assert_eq!(item, whole, "{at}");
            }
            if feed.items.len() < whole.items.len() {
                assert!(feed.partial, "{at}: not known to be partial");
            }
        }
    }
}

#[test]
fn damaged_documents_are_read_or_refused_within_bounds() {
    let mut random = Random(0x5eed);
    for path in fixtures() {
        let body = fs::read(&path).expect("readable");
        for round in 0..300 {
            let mut damaged = body.clone();
            for _ in 0..=random.below(6) {
                damage(&mut damaged, &mut random);
            }
            if let Ok(feed) = read(&damaged) {
                assert_bounded(&feed, &format!("{} damaged, round {round}", path.display()));
            }
        }
    }
}

fn damage(body: &mut Vec<u8>, random: &mut Random) {
    if body.is_empty() {
        return;
    }
    let at = random.below(body.len());
    match random.below(5) {
        0 => body[at] ^= 1 << random.below(8),
        1 => drop(body.remove(at)),
        2 => body.insert(at, b"<>&\"'/!?[]-={}\\\0\xff"[random.below(17)]),
        3 => {
            let piece = body[at..(at + 40).min(body.len())].to_vec();
            let to = random.below(body.len());
            body.splice(to..to, piece);
        }
        _ => body.truncate(at),
    }
}

#[test]
fn nesting_beyond_the_bound_is_refused_and_says_so() {
    for (open, close) in
        [("<a>", "</a>"), ("<item>", "</item>"), ("<title>", ""), ("<media:group>", "")]
    {
        let body = format!("<rss><channel>{}{}", open.repeat(100_000), close.repeat(100_000));
        let error = read(body.as_bytes()).expect_err(open);
        assert!(error.contains("deeper than 256"), "{error}");
    }
    let body = format!("{{\"items\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let _ = read(body.as_bytes());
}

#[test]
fn much_of_anything_takes_linear_time() {
    // Where time is quadratic, this does not end within minutes.
    let pieces = [
        "<",
        ">",
        "&",
        "<a ",
        "<a>",
        "</a>",
        "<a/>",
        "]]>",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?x ",
        "<!DOCTYPE ",
        "<!ENTITY ",
        "\"",
        "='",
        "<div a=\"",
        "&#",
        "&amp;lt;",
        "&aaaaaaaaaa;",
        "\0",
        " ",
        "x",
        "\u{1b}[",
        "\u{1b}]",
        "e\u{301}",
        "<script>",
        "<br>",
        "{\"a\":",
        "[1,",
        "\\ud800",
        "1 Jan ",
        "2020-01-01T",
        "http://a/",
        "/../",
        "%2e/",
        "a=\"x\" ",
        "xmlns:a=\"b\" ",
    ];
    for piece in pieces {
        let much = piece.repeat((1 << 18) / piece.len());
        for document in [
            much.clone(),
            format!("<rss {much}><channel><title>{much}"),
            format!("<rss><channel><item><title>{much}</title><pubDate>{much}</pubDate></item>"),
            format!("<rss><channel><item><link>{much}</link><category>{much}</category></item>"),
            format!("<rss><channel><item><description><![CDATA[{much}]]></description></item>"),
            format!("<feed><entry><id>1</id><content type='xhtml'>{much}</content></entry>"),
            format!("{{\"version\": \"https://jsonfeed.org/version/1\", \"title\": \"{much}\"}}"),
            format!("{{\"items\": [{much}]}}"),
        ] {
            if let Ok(feed) = read(document.as_bytes()) {
                assert_bounded(&feed, &format!("much {piece:?}"));
            }
        }
    }
    let names = (0..50_000).fold(String::new(), |names, n| names + &format!("xmlns:a{n}='b' "));
    let elements = "<a49999:b/>".repeat(50_000);
    let _ = read(format!("<rss {names}><channel><item>{elements}").as_bytes());
    let bases = format!("<a xml:base='{}/'>", "x".repeat(7_000)).repeat(250);
    let _ = read(format!("<feed xml:base='http://h/'>{bases}{}", "<b/>".repeat(30_000)).as_bytes());
}

#[test]
fn bytes_under_any_label_are_text_without_controls() {
    let mut random = Random(0xab);
    for label in [
        "utf-8",
        "utf-16",
        "utf-16be",
        "utf-32",
        "utf-7",
        "iso-8859-1",
        "iso-2022-jp",
        "euc-jp",
        "shift_jis",
        "gb18030",
        "gbk",
        "big5",
        "euc-kr",
        "hz-gb-2312",
        "iso-2022-kr",
        "koi8-r",
        "replacement",
        "x-user-defined",
        "macintosh",
        "no-such",
        "\u{1b}[31m",
        "\"",
        "",
    ] {
        for _ in 0..40 {
            let mut body = b"<rss><channel><title>".to_vec();
            body.extend((0..300).map(|_| match random.below(4) {
                0 => b"\x1b$B(J~{}\0\xff"[random.below(10)],
                _ => random.below(256) as u8,
            }));
            body.extend(b"</title><item><title>x</title></item></channel></rss>");
            let content_type = format!("text/xml; charset={label}");
            let document = Document { url: None, content_type: Some(&content_type), body: &body };
            if let Ok(feed) = format::read(&document) {
                assert_bounded(&feed, label);
            }
        }
    }
}

#[test]
fn entities_that_a_document_declares_are_not_expanded() {
    let mut body = String::from("<!DOCTYPE rss [<!ENTITY a0 \"ha\">");
    for n in 1..30 {
        let _ = write!(body, "<!ENTITY a{n} \"&a{m};&a{m};\">", m = n - 1);
    }
    body += "<!ENTITY file SYSTEM \"file:///etc/hostname\">]><rss><channel><title>t</title>\
             <item><title>&a29; &file;</title><guid>1</guid></item></channel></rss>";
    let feed = read(body.as_bytes()).expect("a feed");
    assert_eq!(&*feed.items[0].title, "&a29; &file;");
}

#[test]
fn of_very_many_items_the_first_are_kept_and_the_rest_counted() {
    let item = "<item><title>t</title><guid>g</guid></item>";
    let body = format!("<rss><channel>{}</channel></rss>", item.repeat(MAX_ITEMS + 7));
    let feed = read(body.as_bytes()).expect("a feed");
    assert_eq!((feed.items.len(), feed.skipped, feed.partial), (MAX_ITEMS, 7, false));
}

#[test]
fn fields_are_cut_to_their_bounds() {
    let long = "x &lt;b&gt;y&lt;/b&gt; ".repeat(500_000);
    let body = format!(
        "<rss><channel><title>{long}</title><item><title>{long}</title><guid>{long}</guid>\
         <description>{long}</description><author>{long}</author></item></channel></rss>"
    );
    let feed = read(body.as_bytes()).expect("a feed");
    assert_bounded(&feed, "10 MB fields");
    assert_eq!(feed.items.len(), 1);
}

#[test]
fn what_is_no_feed_is_named() {
    let page = "<!DOCTYPE html><html><head><title>Log &amp; in</title>\
        <link rel=alternate type='application/rss+xml' href='/feed.xml'></head><body>x</body></html>";
    for (body, says) in [
        ("", "an empty document"),
        (" \n", "an empty document"),
        (
            page,
            "an HTML page, not a feed; its title is \"Log & in\"; it names this feed: https://base.example/feed.xml",
        ),
        ("<h1>502 Bad Gateway</h1>", "an HTML page, not a feed"),
        (
            "<opml><body/></opml>",
            "an OPML list of feeds, not a feed; `newsagg import` makes sources of it",
        ),
        ("{\"a\": 1}", "JSON, but not a JSON Feed: neither its `version` nor `items`"),
        ("[]", "JSON, but not a JSON Feed: an array"),
        ("Service unavailable", "not a feed; it begins with \"Service unavailable\""),
    ] {
        assert_eq!(read(body.as_bytes()).expect_err(body), says, "{body}");
    }
    let error =
        read(b"{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [").expect_err("cut");
    assert!(error.contains("line 1 column"), "{error}");
}

/// How many documents were read, each as it is, and then twice more and more damaged.
fn read_damaged(corpus: &Corpus) -> usize {
    let kinds = ["feeds", "encodings", "hostile", "hostile/json", "hostile/xml", "opml"];
    let mut random = Random(0xc0de);
    let mut count = 0;
    for (file, _) in kinds.iter().flat_map(|kind| corpus.rows(kind)) {
        let mut body = corpus.bytes(file);
        for round in 0..3 {
            if let Ok(feed) = read(&body) {
                assert_bounded(&feed, &format!("{file}, damage {round}"));
            }
            (0..4).for_each(|_| damage(&mut body, &mut random));
        }
        count += 1;
    }
    count
}

#[test]
fn documents_of_the_sample_are_read_without_a_panic_and_within_bounds() {
    assert_eq!(read_damaged(&Corpus::sample()), 256);
}

#[test]
fn documents_of_the_whole_corpus_are_read_without_a_panic_and_within_bounds() {
    let Some(corpus) = Corpus::whole() else { return };
    assert!(read_damaged(&corpus) > 4_700);
}

fn assert_bounded(feed: &Feed, what: &str) {
    let plain = |text: &str, max: usize| {
        text.chars().count() <= max && !text.chars().any(char::is_control) && text.trim() == text
    };
    assert!(feed.items.len() <= MAX_ITEMS, "{what}");
    assert!(plain(&feed.title, MAX_TITLE), "{what}: {:?}", feed.title);
    for item in &feed.items {
        assert!(!item.id.is_empty(), "{what}: an item without id");
        assert!(plain(&item.title, MAX_TITLE), "{what}: {:?}", item.title);
        assert!(plain(item.summary.as_deref().unwrap_or_default(), MAX_SUMMARY), "{what}");
        assert!(item.authors.iter().all(|author| plain(author, MAX_TITLE)), "{what}");
        for url in item.url.iter().chain(&item.external_url) {
            assert!(url.starts_with("http://") || url.starts_with("https://"), "{what}: {url}");
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
}
