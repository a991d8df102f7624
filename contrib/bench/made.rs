//! Feeds that are made up, always the same: what `read.rs` and `budget.rs` read.

use std::fmt::Write;

/// Makes a feed of about so many bytes.
pub type Make = fn(&mut Random, usize) -> String;

/// What feeds on the web look like.
pub const KINDS: [(&str, Make); 4] = [
    ("rss, html in cdata", rss_cdata),
    ("rss, escaped html", rss_escaped),
    ("rss, description and content", rss_content),
    ("atom, html", atom),
];

/// <https://prng.di.unimi.it/splitmix64.c>
pub struct Random(pub u64);

impl Random {
    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }

    /// So many words of prose.
    pub fn words(&mut self, count: usize) -> String {
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
