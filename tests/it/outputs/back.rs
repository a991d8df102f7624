//! Our own readers on our own documents: what has a place in them comes back as it was.

use newsagg::format;
use newsagg::http::Document;
use newsagg::item::Text;

use super::*;
use crate::support::world::Luck;

/// Stories as readers let them through: clean, but as odd as that can be.
fn stories_of(seed: u64) -> Vec<Story> {
    const WORDS: [&str; 16] = [
        "]]>",
        "<script>alert(1)</script>",
        "R&D",
        "&amp;",
        "&lt;b&gt;",
        "\"quoted\"",
        "it's",
        "日本語",
        "👩\u{200d}🚀",
        "עברית",
        "a|b",
        "\\n",
        "e\u{301}",
        "<!--",
        "100%",
        "x",
    ];
    let mut luck = Luck::new(seed);
    let mut stories = Vec::new();
    for n in 0..luck.below(12) {
        let mut text = |most: u64| -> Text {
            let words: Vec<&str> =
                (0..luck.below(most)).map(|_| WORDS[luck.below(16) as usize]).collect();
            words.join(" ").into()
        };
        let (title, summary) = (text(6), text(20));
        // A name that is read as HTML is another name.
        let plain = |text: Text| text.replace(['<', '&'], "").into();
        let (author, tag): (Text, Text) = (plain(text(4)), plain(text(3)));
        let mut item = Item { id: format!("id {n}").into(), title, ..Item::default() };
        item.summary = Some(summary).filter(|summary| !summary.is_empty());
        item.authors = Some(author).filter(|name| !name.is_empty()).into_iter().collect();
        item.tags = Some(tag).filter(|name| !name.is_empty()).into_iter().collect();
        if !luck.one_in(4) {
            item.url = Some(format!("https://a.test/{n}?x=1&y=/%20&z=%27{n}").into());
        }
        if luck.one_in(2) {
            item.published = Some(
                at("2026-11-20T23:59:59Z")
                    .moved(at("2026-11-20T00:00:00Z"), at("2026-11-20T00:00:01Z")),
            );
        }
        if luck.one_in(3) {
            item.updated = Some(at("2026-11-21T01:02:03Z"));
        }
        for k in 0..luck.below(3) {
            let attachment = Attachment {
                url: format!("https://a.test/{n}/{k}.mp3?a&b").into(),
                mime_type: "audio/mpeg".into(),
                size: (!luck.one_in(3)).then(|| luck.below(1 << 40)),
                duration: luck.one_in(2).then(|| luck.below(9_000)),
            };
            item.extra().attachments.push(attachment);
        }
        if luck.one_in(2) {
            item.extra().image = Some(format!("https://a.test/{n}.png").into());
            item.extra().comments = Some(luck.below(1_000));
        }
        if luck.one_in(3) {
            item.extra().language = Some("de-CH".into());
        }
        let dated = item.published.or(item.updated).is_some();
        let date_origin = if dated { DateOrigin::Feed } else { DateOrigin::FirstSeen };
        let source = if luck.one_in(2) { "lwn" } else { "hn" };
        stories.push(Story { date_origin, ..story(source, item) });
    }
    stories
}

/// The document as it is read, and whether it says to be whole.
fn read(document: &[u8]) -> format::Feed {
    let feed = format::read(&Document { url: None, content_type: None, body: document }).unwrap();
    assert!(!feed.partial && feed.skipped == 0, "{feed:?}");
    feed
}

/// What both have a place for.
fn compare(item: &Item, story: &Story, place: &str) {
    let (found, told) = (item.rare(), story.item.rare());
    assert_eq!(item.title, story.item.title, "{place}");
    assert_eq!(item.summary, story.item.summary, "{place}");
    assert_eq!(item.url, story.item.url, "{place}");
    assert_eq!(item.published, story.date(), "{place}");
    assert_eq!(item.tags, story.item.tags, "{place}");
    assert_eq!(found.image, told.image, "{place}");
    assert_eq!(found.comments, told.comments, "{place}");
    assert_eq!(found.language, told.language, "{place}");
    assert_eq!(found.attachments, told.attachments, "{place}");
}

/// Names as they are read: no quotes around all of one.
fn unquoted(authors: Vec<Text>) -> Vec<Text> {
    let plain = |name: Text| match &*name {
        "\"quoted\"" => "quoted".into(),
        _ => name,
    };
    authors.into_iter().map(plain).collect()
}

#[test]
fn atom_is_read_back_as_it_was() {
    for seed in 0..300 {
        let stories = stories_of(seed);
        let feed = read(&written(&stories, &sources(), Format::Atom, PIPE));
        assert_eq!((&*feed.format, &*feed.title), ("atom 1.0", "My \"news\""), "seed {seed}");
        assert_eq!(feed.items.len(), stories.len(), "seed {seed}");
        for (item, story) in feed.items.iter().zip(&stories) {
            let place = format!("seed {seed}: {story:?}");
            compare(item, story, &place);
            // Each entry has the one and somebody for the other.
            assert_eq!(item.updated, story.item.updated.or(story.date()), "{place}");
            let nobody = || vec![Text::from(&*story.source)];
            let authors = Some(story.item.authors.clone()).filter(|names| !names.is_empty());
            assert_eq!(item.authors, authors.map_or_else(nobody, unquoted), "{place}");
        }
    }
}

#[test]
fn rss_is_read_back_as_it_was() {
    for seed in 0..300 {
        let stories = stories_of(seed);
        let feed = read(&written(&stories, &sources(), Format::Rss, PIPE));
        assert_eq!((&*feed.format, &*feed.title), ("rss 2.0", "My \"news\""), "seed {seed}");
        assert_eq!(feed.items.len(), stories.len(), "seed {seed}");
        for (item, story) in feed.items.iter().zip(&stories) {
            let place = format!("seed {seed}: {story:?}");
            let mut item = item.clone();
            // An enclosure has to tell a length.
            for (found, told) in
                item.extra().attachments.iter_mut().zip(&story.item.rare().attachments)
            {
                assert!(found.size == told.size || found.size == Some(0), "{place}");
                found.size = told.size;
            }
            compare(&item, story, &place);
            assert_eq!(item.updated, story.item.updated, "{place}");
            assert_eq!(item.authors, unquoted(story.item.authors.clone()), "{place}");
        }
    }
}

/// An item of Hacker News: the page that it is about, and where it is discussed.
#[test]
fn a_story_that_is_elsewhere_keeps_both_links() {
    let stories = vec![full()];
    let atom = written(&stories, &sources(), Format::Atom, PIPE);
    assert_eq!(read(&atom).items[0].url, stories[0].item.url);
    let related = "<link rel=\"related\" href=\"https://runtime.example/pocket\"/>\n";
    assert!(String::from_utf8(atom).unwrap().contains(related));
    let rss = written(&stories, &sources(), Format::Rss, PIPE);
    let item = &read(&rss).items[0];
    assert_eq!(item.url, stories[0].item.url);
    assert_eq!(item.external_url, stories[0].item.external_url);
    let comments = "<comments>https://news.example/item?id=4711</comments>\n";
    assert!(String::from_utf8(rss).unwrap().contains(comments));
}

/// sfeed(5): what a reader of lines makes of it.
#[test]
fn tsv_has_nine_fields_in_every_line_whatever_the_stories_say() {
    for seed in 0..300 {
        let mut stories = stories_of(seed);
        stories.extend(super::stories());
        let tsv = String::from_utf8(written(&stories, &sources(), Format::Tsv, PIPE)).unwrap();
        assert_eq!(tsv.lines().count(), stories.len(), "seed {seed}");
        for (line, story) in tsv.lines().zip(&stories) {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields.len(), 9, "seed {seed}: {line}");
            assert!(!line.chars().any(|c| c.is_control() && c != '\t'), "seed {seed}: {line}");
            let date = fields[0].parse().ok().and_then(Timestamp::from_unix);
            assert_eq!(date, story.date(), "seed {seed}");
            assert!(!fields[1].is_empty(), "seed {seed}: {line}");
            let summary = story.item.summary.as_deref().unwrap_or_default();
            assert_eq!(fields[3].replace("\\\\", "\\"), summary, "seed {seed}");
            assert_eq!(fields[4], if summary.is_empty() { "" } else { "plain" }, "seed {seed}");
            let tags: Vec<String> =
                story.item.tags.iter().map(|tag| tag.replace('|', "/")).collect();
            assert_eq!(fields[8], tags.join("|"), "seed {seed}");
        }
    }
}

#[test]
fn an_empty_feed_is_a_feed() {
    for (format, name) in [(Format::Atom, "atom 1.0"), (Format::Rss, "rss 2.0")] {
        let written = written(&[], &[], format, PIPE);
        let feed = read(&written);
        assert_eq!((&*feed.format, &*feed.title, feed.items.len()), (name, "My \"news\"", 0));
        let text = String::from_utf8(written).unwrap();
        // It never had any news, and does not say that it was built just now.
        assert_eq!(
            text.contains("<updated>1970-01-01T00:00:00Z</updated>"),
            format == Format::Atom
        );
        assert!(!text.contains("lastBuildDate"));
    }
    assert_eq!(written(&[], &sources(), Format::Tsv, PIPE), b"");
}
