//! Documents after public bug reports of other feed programs: `fixtures/reports/NUMBER-NAME`, and what is right.

use std::fs;
use std::path::Path;

use newsagg::format;
use newsagg::http::Document;
use newsagg::item::Item;
use newsagg::source::Source;
use newsagg::source::github::What;
use serde_json::{Value, json};

use crate::sources::{document, github, line};

fn fixture(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reports");
    fs::read(folder.join(file)).expect(file)
}

/// The items of a feed.
fn feed(file: &str) -> Vec<Item> {
    format::read(&document(&fixture(file))).expect(file).items
}

/// The items of an answer of this source.
fn answer(source: &dyn Source, file: &str) -> Vec<Item> {
    let body = fixture(file);
    source.read(&source.plan()[0], &document(&body)).expect(file).items
}

/// One field of each item.
fn each(items: &[Item], field: &str) -> Value {
    items.iter().map(|item| line(item)[field].clone()).collect()
}

#[test]
fn report_03_what_is_no_tag_stays_in_a_title() {
    let items = feed("03-title-is-a-tag-name.rss");
    let titles = [
        "On The <dl>",
        "Vec<T> vs Vec<u8>: List<String>",
        "kernel <v6.1 affected by CVE-2026-1",
        "if a<b and c>d then",
        "#include <stdio.h>",
        "<dialog>",
        "Any feature like <animate [etc.]>?",
        "Re: patch from Jane <jane@example.org>",
        "<<<Nonsense>>>",
        "Some italic title",
    ];
    assert_eq!(each(&items, "title"), json!(titles));
    let body = fixture("03-title-is-a-tag-name.rss");
    assert_eq!(&*format::read(&document(&body)).unwrap().title, "<antirez> and others");
}

#[test]
fn report_03_titles_names_and_tags_of_a_json_feed_are_plain_text() {
    let body = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "a <b> &amp;", "items": [{"id": "1",
        "title": "kernel <v6.1 affected, <i>x</i> &amp;", "authors": [{"name": "A <B>"}], "tags": ["Vec<T>"]}]}"#;
    let feed = format::read(&document(body.as_bytes())).unwrap();
    let item = line(&feed.items[0]);
    assert_eq!(&*feed.title, "a <b> &amp;");
    assert_eq!(item["title"], "kernel <v6.1 affected, <i>x</i> &amp;");
    assert_eq!(item["authors"], json!(["A <B>"]));
    assert_eq!(item["tags"], json!(["Vec<T>"]));
}

#[test]
fn report_06_the_zero_of_some_system_is_no_date() {
    let items = feed("06-date-zero.rss");
    assert_eq!(each(&items, "published"), json!([null, null, null, null]));
    assert_eq!(each(&items, "updated"), json!([null, null, null, "2026-06-01T00:00:00Z"]));
}

#[test]
fn report_13_a_document_knows_its_charset_better_than_a_server_that_says_utf_8_of_everything() {
    let body = fixture("13-http-says-utf8.rss");
    let document = Document { content_type: Some("text/xml; charset=utf-8"), ..document(&body) };
    let items = format::read(&document).expect("a feed").items;
    assert_eq!(each(&items, "title"), json!(["Привет, мир и труд"]));
}

#[test]
fn two_references_to_the_halves_of_a_surrogate_pair_are_one_character() {
    for title in [
        "&#55357;&#56832; x",
        "&#xD83D;&#xDE00; x",
        "<![CDATA[&#55357;&#56832; x]]>",
        "&amp;#55357;&amp;#56832; x",
    ] {
        for feed in [
            format!(
                "<rss version='2.0'><channel><item><title>{title}</title></item></channel></rss>"
            ),
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title type='html'>{title}</title></entry></feed>"
            ),
        ] {
            let items = format::read(&document(feed.as_bytes())).expect("a feed").items;
            assert_eq!(each(&items, "title"), json!(["😀 x"]), "{feed}");
        }
    }
}

#[test]
fn report_16_code_in_the_markdown_of_a_release_is_text() {
    let source = github("https://api.github.com", What::Releases("a/b".into()));
    let items = answer(&source, "16-github-markdown-code.json");
    let summary = "Fix `Vec<T>` and `Option<u8>`. See <https://docs.example.org/v3>. \
        ```xml <config><port>80</port></config> ``` end";
    assert_eq!(each(&items, "summary"), json!([summary]));
    assert_eq!(each(&items, "title"), json!(["v3: Vec<T>"]));
}

#[test]
fn report_09_comments_are_the_discussion_unless_they_are_on_the_page_itself() {
    let items = feed("09-comments-url.rss");
    let urls = json!(["https://links.example.org/s/ambxwc", "https://links.example.org/p/1/"]);
    assert_eq!(each(&items, "url"), urls);
    assert_eq!(each(&items, "external_url"), json!(["https://ext.example.net/lisp", null]));
    // The id stays what it was.
    assert_eq!(each(&items, "id")[0], json!("https://ext.example.net/lisp"));
}

#[test]
fn report_10_an_author_is_the_name_within() {
    let items = feed("10-author-with-children.rss");
    assert_eq!(each(&items, "authors"), json!([["Eva D"], ["Eva D"], ["Eva D"]]));
}

#[test]
fn report_10_authors_of_a_json_feed_are_objects_strings_and_lists_of_them() {
    for authors in [
        r#""author": {"name": "Eva D"}"#,
        r#""author": "Eva D""#,
        r#""author": ["Eva D"]"#,
        r#""author": [{"name": "Eva D"}]"#,
        r#""authors": {"name": "Eva D", "url": "x"}"#,
        r#""authors": "Eva D""#,
        r#""authors": ["Eva D", {"url": "x"}, null, [1]]"#,
        r#""authors": [{"name": "Eva D"}], "author": {"name": "Eva D"}"#,
    ] {
        let item = format!(
            r#"{{"version": "https://jsonfeed.org/version/1", "items": [{{"id": "1", {authors}}}]}}"#
        );
        let feed = format::read(&document(item.as_bytes())).expect("a feed");
        assert_eq!(each(&feed.items, "authors"), json!([["Eva D"]]), "{authors}");
    }
}

#[test]
fn report_22_an_id_that_is_an_address_stands_in_for_a_missing_link() {
    let items = feed("22-atom-id-is-the-link.atom");
    let urls = json!(["https://j.example.org/now#2024-10-27", "https://j.example.org/2"]);
    assert_eq!(each(&items, "url"), urls);
}

#[test]
fn the_largest_picture_is_that_of_the_item() {
    for (media, picture) in [
        (
            "<media:thumbnail url='/s.png' width='75' height='75'/><media:content url='/l.png' medium='image' width='800' height='600'/>",
            "l",
        ),
        (
            "<media:content url='/l.png' type='image/png' width='800'/><media:thumbnail url='/s.png' width='75'/>",
            "l",
        ),
        (
            "<media:thumbnail url='/s.png' width='75' height='75'/><media:content url='/l.png' medium='image'/>",
            "l",
        ),
        (
            "<media:thumbnail url='/l.png' width='1280' height='720'/><media:content url='/s.png' medium='image'/>",
            "l",
        ),
        ("<media:thumbnail url='/l.png'/><media:content url='/s.png' medium='image'/>", "l"),
        (
            "<media:group><media:thumbnail url='/s.png' width='120' height='90'/><media:thumbnail url='/l.png' width='480px' height='360px'/></media:group>",
            "l",
        ),
        ("<media:thumbnail url='/l.png' width='2' height='2'/>", "l"),
    ] {
        let feed = format!(
            "<rss xmlns:media='http://search.yahoo.com/mrss/'><channel><item><link>https://a.example/</link>{}</item></channel></rss>",
            media.replace("url='", "url='https://a.example")
        );
        let feed = format::read(&document(feed.as_bytes())).expect("a feed");
        let expected = format!("https://a.example/{picture}.png");
        assert_eq!(each(&feed.items, "image"), json!([expected]), "{media}");
    }
}
