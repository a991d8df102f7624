//! Streams of events: the first byte says in pieces of how many bytes they come.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::format::sse::{Event, MAX_EVENT, Parser};
use newsagg::http::{Document, Request, Url};
use newsagg::source::Source;
use newsagg::source::live::{IDLE, LISTEN};
use newsagg::source::stream::StreamSource;

mod common;

/// What the stream brings in pieces of this length, the id it ends with, and how many it left out.
fn read(bytes: &[u8], length: usize) -> (Vec<Event>, String, u64) {
    let (mut events, mut parser) = (Vec::new(), Parser::default());
    for piece in bytes.chunks(length) {
        parser.feed(piece, &mut |event| {
            assert!(event.data.len() <= MAX_EVENT && event.id.len() <= 3 * (MAX_EVENT + 3));
            events.push(event);
        });
    }
    (events, parser.last_id().to_owned(), parser.skipped())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((length, bytes)) = bytes.split_first() else { return };
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, usize::from(*length).max(1)));
    let url = Url::parse("https://a.example/live").expect("a URL");
    let source = StreamSource {
        url: Some(url.clone()),
        events: Vec::new(),
        fields: None,
        idle: IDLE,
        listen: LISTEN,
    };
    let document = Document { url: Some(&url), content_type: None, body: bytes };
    if let Ok(page) = source.read(&Request::get(url.clone()), &document) {
        common::check(&page.items);
    }
});
