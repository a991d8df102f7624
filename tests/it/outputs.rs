//! Every output format, held against a golden file. `UPDATE=1` writes them anew.

use newsagg::format::{Format, Merged, SourceHealth, State, Style};
use newsagg::item::{Also, Attachment, DateOrigin, Extra, Item, Story};
use newsagg::time::Timestamp;

mod back;
mod stays;

fn at(text: &str) -> Timestamp {
    newsagg::time::parse_date(text).unwrap()
}

fn story(source: &str, item: Item) -> Story {
    Story {
        item,
        source: source.into(),
        first_seen: Some(at("2026-11-21T06:10:00Z")),
        date_origin: DateOrigin::Feed,
        also: Vec::new(),
    }
}

/// A story with every field there is.
fn full() -> Story {
    let item = Item {
        id: "4711".into(),
        derived_id: false,
        title: "A runtime that fits in a pocket".into(),
        url: Some("https://news.example/item?id=4711".into()),
        external_url: Some("https://runtime.example/pocket".into()),
        published: Some(at("2026-11-21T06:00:00Z")),
        updated: Some(at("2026-11-21T06:05:00Z")),
        authors: vec!["Ada".into(), "Grace \"G\" H.".into()],
        summary: Some("It is small, and it is <fast> & calm.".into()),
        tags: vec!["rust".into(), "async".into()],
        extra: Some(Box::new(Extra {
            image: Some("https://runtime.example/pocket.png".into()),
            language: Some("en-GB".into()),
            attachments: vec![Attachment {
                url: "https://runtime.example/talk.mp3".into(),
                mime_type: "audio/mpeg".into(),
                size: Some(1_234_567),
                duration: Some(1_800),
            }],
            score: Some(128),
            comments: Some(1),
        })),
    };
    let also = [("lwn", Some("https://lwn.example/pocket")), ("planet", None)]
        .map(|(source, url)| Also { source: source.into(), url: url.map(Into::into) });
    Story { also: also.into(), ..story("hn", item) }
}

fn stories() -> Vec<Story> {
    let titled =
        |id: &str, title: &str| Item { id: id.into(), title: title.into(), ..Item::default() };
    vec![
        full(),
        story(
            "wide",
            Item {
                url: Some("https://wide.example/%E6%97%A5".into()),
                published: Some(at("2026-11-21T05:59:59Z")),
                ..titled(
                    "wide",
                    "日本語の見出しはラテン文字の二倍の幅を取るので、八十桁の端末では早く切られなければならない 👩\u{200d}🚀",
                )
            },
        ),
        // What no reader lets through must still do no harm here.
        story(
            "hostile\tname",
            Item {
                published: Some(at("2026-11-21T05:00:00Z")),
                ..titled(
                    "h\u{1b}]0;x\u{7}",
                    "\u{1b}[31mred\ttab\nline \u{202e}evil\u{2066} <b>\"'&amp; </script>\u{0}",
                )
            },
        ),
        // Untitled: the summary stands for the title.
        Story {
            date_origin: DateOrigin::FirstSeen,
            ..story("photos", Item { summary: Some("A heron at dawn".into()), ..titled("p1", "") })
        },
        Story {
            date_origin: DateOrigin::Clamped,
            ..story(
                "early",
                Item {
                    published: Some(at("2031-01-01T00:00:00Z")),
                    ..titled("e1", "Tomorrow's news")
                },
            )
        },
        // As `parse` has it: nothing is remembered, nothing is known.
        Story { first_seen: None, ..story("", titled("bare", "")) },
        Story { first_seen: None, ..story("undated", titled("u1", &"long words ".repeat(12))) },
    ]
}

fn sources() -> Vec<SourceHealth> {
    let health = |name: &str, kind, state, error: Option<&str>| SourceHealth {
        name: name.into(),
        kind,
        state,
        since: error.map(|_| at("2026-11-20T18:00:00Z")),
        error: error.map(Into::into),
        until: (state == State::Limited).then(|| at("2026-11-22T06:00:00Z")),
        feed: (kind == "feed").then(|| format!("https://{name}.example/feed")),
        tags: if name == "lwn" { vec!["linux".into(), "a/b, c".into()] } else { Vec::new() },
    };
    vec![
        health("hn", "hackernews", State::Ok, None),
        health("lwn", "feed", State::Stale, Some("status: 503 Service Unavailable")),
        health("planet", "feed", State::Failed, Some("resolve: no such host \"planet.example\"")),
        health("newsapi", "newsapi", State::Limited, Some("quota: 100 in 24h are used up")),
        health("old", "feed", State::Off, Some("status: 410 Gone")),
    ]
}

fn written(stories: &[Story], sources: &[SourceHealth], format: Format, style: Style) -> Vec<u8> {
    let stories = stories.to_vec();
    let newest = stories.iter().filter_map(Story::date).max();
    let merged = Merged { title: "My \"news\"", sources, newest, stories: &stories };
    let mut out = Vec::new();
    format.write(&merged, style, &mut out).unwrap();
    out
}

const PIPE: Style = Style { colour: false, width: None, links: false, ages: None };
const TERMINAL: Style = Style { colour: true, width: Some(80), links: false, ages: None };

/// A terminal that opens links, 5 h after the newest story.
fn linking(width: usize) -> Style {
    Style { width: Some(width), links: true, ages: Some(at("2026-11-21T11:00:00Z")), ..TERMINAL }
}

fn plain(width: usize) -> Style {
    Style { width: Some(width), colour: false, ..TERMINAL }
}

/// How each golden file is written.
fn goldens() -> Vec<(&'static str, Format, Style)> {
    let mut all = GOLDENS.to_vec();
    all.extend([
        ("page.html", Format::Html, PIPE),
        ("text-ages.txt", Format::Text, Style { ages: linking(1).ages, ..PIPE }),
        ("text-40.txt", Format::Text, plain(40)),
        ("text-80-links.txt", Format::Text, linking(80)),
        ("text-120.txt", Format::Text, plain(120)),
        ("text-200-links.txt", Format::Text, linking(200)),
    ]);
    all
}

const GOLDENS: [(&str, Format, Style); 8] = [
    ("feed.json", Format::JsonFeed, PIPE),
    ("items.jsonl", Format::Jsonl, PIPE),
    ("feed.atom", Format::Atom, PIPE),
    ("feed.rss", Format::Rss, PIPE),
    ("items.tsv", Format::Tsv, PIPE),
    ("sources.opml", Format::Opml, PIPE),
    ("text.txt", Format::Text, PIPE),
    ("text-80-colour.txt", Format::Text, TERMINAL),
];

#[test]
fn every_format_is_written_as_its_golden_file_says() {
    for (name, format, style) in goldens() {
        let found = written(&stories(), &sources(), format, style);
        let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let golden = std::fs::read(&path).unwrap();
        assert_eq!(String::from_utf8(found).unwrap(), String::from_utf8(golden).unwrap(), "{name}");
    }
}

#[test]
fn the_same_news_gives_the_same_bytes() {
    for (name, format, style) in goldens() {
        let [first, second] = [(); 2].map(|()| written(&stories(), &sources(), format, style));
        assert!(first == second, "{name}");
    }
}

#[test]
fn json_is_valid_with_and_without_stories() {
    for stories in [stories(), Vec::new()] {
        let feed = written(&stories, &sources(), Format::JsonFeed, PIPE);
        let feed: serde_json::Value = serde_json::from_slice(&feed).unwrap();
        assert_eq!(feed["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(feed["_newsagg"]["sources"].as_array().unwrap().len(), 5);
        let items = feed["items"].as_array().unwrap();
        assert_eq!(items.len(), stories.len());
        let lines = written(&stories, &sources(), Format::Jsonl, PIPE);
        let lines: Vec<serde_json::Value> = String::from_utf8(lines)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(&lines, items);
        for item in items {
            assert!(item["id"].is_string() && item["content_text"].is_string());
        }
    }
}

#[test]
fn a_pipe_gets_four_fields_a_line_and_nothing_that_moves_a_cursor() {
    let text = String::from_utf8(written(&stories(), &sources(), Format::Text, PIPE)).unwrap();
    assert_eq!(text.lines().count(), stories().len());
    for line in text.lines() {
        assert_eq!(line.split('\t').count(), 4, "{line}");
        assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "{line}");
    }
    assert_eq!(written(&[], &sources(), Format::Text, TERMINAL), b"");
}

#[test]
fn no_line_but_an_address_is_wider_than_the_terminal() {
    for width in 20..220 {
        for style in [plain(width), Style { ages: linking(1).ages, ..plain(width) }] {
            let text = written(&stories(), &sources(), Format::Text, style);
            for line in String::from_utf8(text).unwrap().lines() {
                let fits = newsagg::text::width::width(line) <= width;
                assert!(fits || line.trim().starts_with("https://"), "{width}: {line}");
            }
        }
    }
}

#[test]
fn what_a_terminal_is_told_beside_text_is_bold_dim_plain_and_links() {
    let text = written(&stories(), &sources(), Format::Text, linking(80));
    let mut text = String::from_utf8(text).unwrap();
    for known in ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m", "\u{1b}]8;;\u{1b}\\"] {
        assert!(text.contains(known), "{known:?}");
        text = text.replace(known, "");
    }
    while let Some((before, link)) = text.split_once("\u{1b}]8;;https://") {
        let (url, after) = link.split_once("\u{1b}\\").unwrap();
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url}");
        text = format!("{before}{after}");
    }
    assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
}

#[test]
fn a_terminal_without_colour_gets_no_escapes() {
    let style = Style { colour: false, width: Some(80), ..PIPE };
    let text = String::from_utf8(written(&stories(), &sources(), Format::Text, style)).unwrap();
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}
