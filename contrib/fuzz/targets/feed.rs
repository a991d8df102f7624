//! Any feed: the first byte chooses the content type and whether the document has an address.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::format;
use newsagg::http::{Document, Url};

mod common;

const TYPES: [Option<&str>; 6] = [
    None,
    Some("application/atom+xml"),
    Some("text/xml; charset=windows-1251"),
    Some("application/rss+xml; charset=utf-16"),
    Some("application/feed+json"),
    Some("text/html; charset=iso-8859-1"),
];

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let url = Url::parse("https://news.example/a/feed.xml?x=1").expect("a URL");
    let document = Document {
        url: (first & 0x80 != 0).then_some(&url),
        content_type: TYPES[usize::from(first & 0x7f) % TYPES.len()],
        body,
    };
    match format::read(&document) {
        Ok(feed) => {
            common::plain(&feed.title, newsagg::item::MAX_TITLE);
            common::check(&feed.items);
        }
        Err(cause) => assert!(!cause.contains(char::is_control), "{cause:?}"),
    }
});
