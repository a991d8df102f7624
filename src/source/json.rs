//! Any JSON API, by pointers into its answers (RFC 6901).

use crate::failure::Failure;
use crate::format::{bounded_id, complete};
use crate::http::{Document, Request, Secret, Url};
use crate::item::{Item, MAX_SUMMARY, MAX_TITLE, Text, bound};
use crate::json::{self, Bring, Found, Pointer, Slots};
use crate::source::feed::{known_quota, next_after};
use crate::source::{Page, Quota, Source, said, unreadable};
use crate::text::{self, from_html, from_maybe_html, link};
use crate::time::{Timestamp, parse_date};

mod template;

pub use template::{MAX_PARTS, Template};

/// What this source reads. Some servers answer 406 to a request without `*/*`.
const ACCEPT: &str = "application/json, */*;q=0.1";

/// No failure to read is told in more characters.
const MAX_CAUSE: usize = 400;

/// A list in the answer of an API.
#[derive(Clone, Debug)]
pub struct JsonSource {
    /// Where it is.
    pub url: Url,
    /// Asked in order when the one before fails.
    pub fallback: Vec<Url>,
    /// Where the list is in the answer.
    pub items: Pointer,
    /// Where the fields of an item are in an element of the list.
    pub fields: Fields,
}

impl JsonSource {
    fn request(url: &Url) -> Request {
        Request::get(url.clone()).with("accept", ACCEPT, false)
    }
}

impl Source for JsonSource {
    fn kind(&self) -> &'static str {
        "json"
    }

    fn plan(&self) -> Vec<Request> {
        vec![JsonSource::request(&self.url)]
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let take = |found: &Found| self.fields.build(found, document.url);
        let read = json::each(document.body, &self.items, &self.fields.slots, &take);
        let (mut items, skipped) =
            read.map_err(|cause| unreadable(text::printable(&request.conceal(&cause), MAX_CAUSE)))?;
        let left_out = bound(&mut items);
        let skipped = skipped + left_out;
        Ok(Page { format: "json".into(), items, skipped, left_out, ..Page::default() })
    }

    fn reading(&self) -> String {
        format!("{:?}{:?}", self.items, self.fields)
    }

    fn fallback(&self, request: &Request) -> Option<Request> {
        next_after(Some(&self.url), &self.fallback, &request.url).map(JsonSource::request)
    }

    fn explain(&self, _status: u16, body: &[u8]) -> Option<String> {
        // As most have it: OAuth 2, RFC 9457, Discourse, Stack Exchange, Lemmy.
        const PLACES: [&str; 8] = [
            "/error_description",
            "/error_message",
            "/message",
            "/detail",
            "/errors/*",
            "/error/message",
            "/error",
            "/title",
        ];
        let mut slots = Slots::default();
        for place in PLACES {
            slots.add(Pointer::parse(place)?, Bring::Value)?;
        }
        let found = json::one(&String::from_utf8_lossy(body), &slots).ok()?;
        let words = found.iter().flatten().map(|words| said(words, &Secret(String::new())));
        words.into_iter().find(|words| !words.is_empty())
    }

    fn quota(&self) -> Quota {
        known_quota(Some(&self.url))
    }
}

/// What an item has that a pointer can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    Title,
    Link,
    Date,
    Id,
    Author,
    Summary,
    Discussion,
    Tags,
    Score,
    Comments,
    Image,
}

impl Field {
    /// Each by its key in the config.
    pub const ALL: [(&str, Field); 11] = [
        ("title", Field::Title),
        ("link", Field::Link),
        ("date", Field::Date),
        ("id", Field::Id),
        ("author", Field::Author),
        ("summary", Field::Summary),
        ("discussion", Field::Discussion),
        ("tags", Field::Tags),
        ("score", Field::Score),
        ("comments", Field::Comments),
        ("image", Field::Image),
    ];

    /// Whether it is a URL, which a template can make.
    pub fn is_link(self) -> bool {
        matches!(self, Field::Link | Field::Discussion | Field::Image)
    }
}

/// Where the fields of an item are in an object.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    slots: Slots,
    places: [Option<Place>; Field::ALL.len()],
}

#[derive(Clone, Debug)]
enum Place {
    /// What a pointer leads to.
    Slot(usize),
    /// A URL, made of several.
    Template(Template),
}

impl Fields {
    /// Says where a field is. `None` if there is no room for more pointers.
    pub fn point(&mut self, field: Field, pointer: Pointer) -> Option<()> {
        let list = matches!(field, Field::Author | Field::Tags);
        let bring = if list { Bring::List } else { Bring::Value };
        let slot = self.slots.add(pointer, bring)?;
        self.places[field as usize] = Some(Place::Slot(slot));
        Some(())
    }

    /// Says how the URL of a field is made.
    ///
    /// # Errors
    /// What is wrong with the template.
    pub fn compose(&mut self, field: Field, template: &str) -> Result<(), String> {
        let template = Template::parse(template, &mut self.slots)?;
        self.places[field as usize] = Some(Place::Template(template));
        Ok(())
    }

    /// Whether it is said where a field is.
    pub fn knows(&self, field: Field) -> bool {
        self.places[field as usize].is_some()
    }

    /// The item that one object stands for; relative links in it are relative to `base`. `None` if
    /// it is no JSON, or has neither title nor link.
    pub fn item(&self, object: &str, base: Option<&Url>) -> Option<Item> {
        self.build(&json::one(object, &self.slots).ok()?, base)
    }

    fn build(&self, found: &Found, base: Option<&Url>) -> Option<Item> {
        let finds = Finds { fields: self, found, base };
        let link = finds.link(Field::Link);
        let discussion = finds.link(Field::Discussion);
        let external = link.clone().filter(|link| discussion.as_ref().is_some_and(|d| d != link));
        let mut item = Item {
            id: bounded_id(finds.one(Field::Id).unwrap_or_default().trim()),
            title: finds.text(Field::Title, MAX_TITLE).unwrap_or_default(),
            url: discussion.or(link),
            external_url: external,
            published: finds.one(Field::Date).and_then(date),
            authors: finds.texts(Field::Author),
            summary: finds.text(Field::Summary, MAX_SUMMARY),
            tags: finds.texts(Field::Tags),
            ..Item::default()
        };
        if item.title.is_empty() && item.url.is_none() {
            return None;
        }
        finds.rare(&mut item);
        complete(item)
    }
}

/// What was found of one object.
struct Finds<'a> {
    fields: &'a Fields,
    found: &'a Found,
    base: Option<&'a Url>,
}

impl<'a> Finds<'a> {
    fn all(&self, field: Field) -> &'a [String] {
        match self.fields.places[field as usize] {
            Some(Place::Slot(slot)) => &self.found[slot],
            _ => &[],
        }
    }

    fn one(&self, field: Field) -> Option<&'a str> {
        self.all(field).first().map(String::as_str)
    }

    fn text(&self, field: Field, most: usize) -> Option<Text> {
        // No specification says whether titles, names and tags of an API are HTML; texts mostly are.
        let read = if field == Field::Summary { from_html } else { from_maybe_html };
        self.one(field).map(|text| read(text, most)).filter(|text| !text.is_empty())
    }

    /// Each once.
    fn texts(&self, field: Field) -> Vec<Text> {
        let mut texts: Vec<Text> = Vec::new();
        for html in self.all(field) {
            let text = from_maybe_html(html, MAX_TITLE);
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    fn link(&self, field: Field) -> Option<Text> {
        match &self.fields.places[field as usize] {
            Some(Place::Template(template)) => link(&template.fill(self.found)?, None),
            _ => link(self.one(field)?, self.base),
        }
    }

    fn number(&self, field: Field) -> Option<i64> {
        let text = self.one(field)?.trim();
        // `as` saturates, and the fraction of a score is no loss.
        text.parse().ok().or_else(|| serde_json::from_str::<f64>(text).ok().map(|n| n as i64))
    }

    fn rare(&self, item: &mut Item) {
        let (image, score) = (self.link(Field::Image), self.number(Field::Score));
        let comments = self.number(Field::Comments).and_then(|count| count.try_into().ok());
        if image.is_some() || score.is_some() || comments.is_some() {
            let extra = item.extra();
            (extra.image, extra.score, extra.comments) = (image, score, comments);
        }
    }
}

/// Any date, and the time since 1970 in seconds, also with a fraction, in milli-, micro- and
/// nanoseconds.
fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unix = match text.split_once('.') {
        Some((whole, fraction)) if is_digits(whole) && is_digits(fraction) => whole,
        _ => text,
    };
    match unix.len() {
        // Of 16 and 19 digits the first ten are the seconds.
        16 | 19 if is_digits(unix) => parse_date(&unix[..10]),
        9.. => parse_date(unix),
        _ => parse_date(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn pointer(text: &str) -> Pointer {
        Pointer::parse(text).expect(text)
    }

    /// Every field under its own name.
    fn fields() -> Fields {
        let mut fields = Fields::default();
        for (name, field) in Field::ALL {
            fields.point(field, pointer(&format!("/{name}"))).expect("room");
        }
        fields
    }

    fn item(json: &str) -> Option<Item> {
        fields().item(json, Some(&url("https://a.example/api/list.json?key=k")))
    }

    fn source(items: &str) -> JsonSource {
        JsonSource {
            url: url("https://a.example/api?token=hunter2"),
            fallback: vec![url("https://b.example/api")],
            items: pointer(items),
            fields: fields(),
        }
    }

    fn read(source: &JsonSource, body: &str) -> Result<Page, Failure> {
        let request = source.plan().remove(0);
        let document =
            Document { url: Some(&request.url), content_type: None, body: body.as_bytes() };
        source.read(&request, &document)
    }

    #[test]
    fn a_number_with_more_behind_it_is_none() {
        for (text, score) in [("12", Some(12)), ("1.9", Some(1)), (" -3e1 ", Some(-30))] {
            let item = item(&format!(r#"{{"title": "T", "score": "{text}"}}"#)).expect(text);
            assert_eq!(item.rare().score, score, "{text}");
        }
        for text in ["12 points", "1,234", "1.234.567", "2026-11-21", "12]"] {
            let item = item(&format!(r#"{{"title": "T", "score": "{text}"}}"#)).expect(text);
            assert_eq!(item.rare().score, None, "{text}");
        }
    }

    #[test]
    fn every_field_is_read_as_plain_text_and_links_are_made_absolute() {
        let item = item(
            r#"{"title": "<b>A</b> &amp; b", "link": "/story", "date": "2024-05-06T07:08:09Z",
                "id": 17, "author": {"name": "Ann <i>B</i>", "username": "ann"},
                "summary": "<p>one<p>two", "discussion": "../talk?id=1", "tags": ["x", {"name": "y"}, "x"],
                "score": "12", "comments": 3.0, "image": "i.png"}"#,
        )
        .expect("an item");
        assert_eq!((&*item.id, &*item.title), ("17", "A & b"));
        assert_eq!(item.url.as_deref(), Some("https://a.example/talk?id=1"));
        assert_eq!(item.external_url.as_deref(), Some("https://a.example/story"));
        assert_eq!(
            item.published.map(|date| date.to_string()).as_deref(),
            Some("2024-05-06T07:08:09Z")
        );
        assert_eq!(item.authors, ["Ann B".into()]);
        assert_eq!(item.summary.as_deref(), Some("one two"));
        assert_eq!(item.tags, ["x".into(), "y".into()]);
        let extra = item.rare();
        assert_eq!((extra.score, extra.comments), (Some(12), Some(3)));
        assert_eq!(extra.image.as_deref(), Some("https://a.example/api/i.png"));
    }

    #[test]
    fn a_discussion_alone_is_the_page_and_one_that_is_the_link_is_no_second() {
        for json in [
            r#"{"title": "t", "discussion": "/d"}"#,
            r#"{"title": "t", "discussion": "/d", "link": ""}"#,
            r#"{"title": "t", "discussion": "/d", "link": "/d"}"#,
            r#"{"title": "t", "link": "/d"}"#,
        ] {
            let item = item(json).expect(json);
            assert_eq!(item.url.as_deref(), Some("https://a.example/d"), "{json}");
            assert_eq!(item.external_url, None, "{json}");
        }
    }

    #[test]
    fn odd_types_cost_their_field_alone() {
        for odd in ["null", "true", "{\"a\": [{}]}", "[[], {}]", "1e400", "\" \""] {
            for (name, _) in Field::ALL {
                let json =
                    format!("{{\"{name}\": {odd}, \"title\": \"kept\", \"link\": \"/kept\"}}");
                let item = item(&json).expect(&json);
                assert!(&*item.title == "kept" || name == "title", "{json}");
                assert!(item.url.is_some() || name == "link", "{json}");
            }
        }
    }

    #[test]
    fn what_has_neither_title_nor_link_is_left_out() {
        let page = read(
            &source(""),
            r#"[{"id": 1, "summary": "s"}, {"title": "<p></p>", "link": "javascript:x"}, {"link": "/a"}, {"title": "t"}, 5]"#,
        )
        .expect("a page");
        assert_eq!((page.items.len(), page.skipped, &*page.format), (2, 3, "json"));
    }

    #[test]
    fn dates_are_numbers_strings_or_words() {
        let seconds = Timestamp::from_unix(1_700_000_000);
        for told in [
            "1700000000",
            "1700000000.75",
            "1.7e9",
            "1700000000000",
            "1700000000123456",
            "1700000000123456789",
            "\"1700000000\"",
            "\"1700000000.123456\"",
            "\"2023-11-14T22:13:20Z\"",
            "\"2023-11-14T22:13:20.5+00:00\"",
            "\"Tue, 14 Nov 2023 22:13:20 GMT\"",
            "\"2023-11-14 22:13:20\"",
        ] {
            let item = item(&format!("{{\"title\": \"t\", \"date\": {told}}}")).expect(told);
            assert_eq!(item.published, seconds, "{told}");
        }
        for none in ["0", "-5", "1.5", "\"soon\"", "99999999999999999999", "\"\"", "[1700000000]"] {
            let item = item(&format!("{{\"title\": \"t\", \"date\": {none}}}")).expect(none);
            assert_eq!(item.published, None, "{none}");
        }
    }

    #[test]
    fn a_template_makes_links() {
        let mut fields = fields();
        fields.compose(Field::Link, "https://t.example/{/slug}/{/id}").expect("a template");
        let made =
            fields.item(r#"{"id": 5, "slug": "a b", "link": "/no"}"#, None).expect("an item");
        assert_eq!(made.url.as_deref(), Some("https://t.example/a%20b/5"));
        assert!(fields.item(r#"{"slug": "a b", "link": "/no"}"#, None).is_none());
    }

    #[test]
    fn who_finds_no_list_says_so_without_secrets_and_safely() {
        let failure = read(&source("/data"), "{\"hunter2\\u001b[31m\": 1, \"error\": 2}")
            .expect_err("no list");
        assert_eq!(
            failure.to_string(),
            "read: there is no list at `/data`: at the top of the document stands an object with the keys (secret), error"
        );
    }

    #[test]
    fn errors_are_told_in_the_words_of_the_service() {
        for (body, words) in [
            (r#"{"error": "The access token is invalid"}"#, Some("The access token is invalid")),
            (r#"{"error": {"code": 5, "message": "no such thing."}}"#, Some("no such thing")),
            (r#"{"error": "invalid_grant", "error_description": "expired"}"#, Some("expired")),
            (r#"{"errors": ["first", "second"], "error_type": "x"}"#, Some("first")),
            (
                r#"{"error_id": 502, "error_message": "throttled", "error_name": "x"}"#,
                Some("throttled"),
            ),
            (
                r#"{"type": "about:blank", "title": "Forbidden", "detail": "not you"}"#,
                Some("not you"),
            ),
            ("<html>", None),
            ("{}", None),
            ("[]", None),
        ] {
            assert_eq!(source("").explain(500, body.as_bytes()).as_deref(), words, "{body}");
        }
    }

    #[test]
    fn it_asks_its_fallbacks_and_keeps_the_quotas_of_known_hosts() {
        let source = source("");
        let first = source.plan().remove(0);
        assert!(first.local_ok && first.headers.iter().any(|header| header.name == "accept"));
        let second = source.fallback(&first).expect("a fallback");
        assert_eq!(second.url.as_str(), "https://b.example/api");
        assert_eq!(source.fallback(&second), None);
        let github = JsonSource { url: url("https://api.github.com/events"), ..source };
        assert_eq!(github.quota().account, "api.github.com");
    }
}
