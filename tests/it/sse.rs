//! Event streams of other readers' tests, in the pieces that those send and byte by byte.
//!
//! `tests/fixtures/sse/expect.jsonl` says of each file where it is from, under which licence, and what
//! the algorithm of the HTML Standard makes of it.

use std::fs;

use newsagg::format::sse::{Event, Parser};
use serde_json::Value;

/// What the algorithm made of a stream.
fn read(pieces: impl IntoIterator<Item = Vec<u8>>) -> (Vec<[String; 3]>, Parser) {
    let (mut events, mut parser) = (Vec::new(), Parser::default());
    for piece in pieces {
        parser.feed(&piece, &mut |Event { kind, data, id, .. }| events.push([kind, data, id]));
    }
    (events, parser)
}

/// The pieces in which the file was sent; without them it is one.
fn pieces(bytes: &[u8], lengths: Option<&Vec<Value>>) -> Vec<Vec<u8>> {
    let Some(lengths) = lengths else { return vec![bytes.to_vec()] };
    let mut rest = bytes;
    let mut cut = |length: &Value| {
        let (piece, left) = rest.split_at(usize::try_from(length.as_u64().unwrap()).unwrap());
        rest = left;
        piece.to_vec()
    };
    let pieces = lengths.iter().map(&mut cut).collect();
    assert!(rest.is_empty());
    pieces
}

#[test]
fn streams_are_read_as_browsers_read_them_whatever_pieces_they_come_in() {
    let expected = fs::read_to_string("tests/fixtures/sse/expect.jsonl").unwrap();
    let mut count = 0;
    for line in expected.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["file"].as_str().unwrap();
        let bytes = fs::read(format!("tests/fixtures/sse/{name}")).unwrap();
        let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
        let events = case["expect"]["events"].as_array().unwrap();
        let events = events.iter().map(|e| ["type", "data", "lastEventId"].map(|f| text(e, f)));
        let events: Vec<[String; 3]> = events.collect();
        let as_sent = pieces(&bytes, case["chunk_lengths"].as_array());
        let bytewise: Vec<Vec<u8>> = bytes.iter().map(|byte| vec![*byte]).collect();
        for pieces in [as_sent, bytewise, vec![bytes]] {
            let (heard, parser) = read(pieces);
            assert_eq!(heard, events, "{name}");
            if let Some(retry) = case["expect"]["retry_ms"].as_u64() {
                assert_eq!(parser.retry().unwrap().as_millis(), u128::from(retry), "{name}");
            }
            if let Some(comments) = case["expect"]["comments"].as_array() {
                assert_eq!(parser.comments(), comments.len() as u64, "{name}");
            }
            assert_eq!(parser.skipped(), 0, "{name}");
        }
        count += 1;
    }
    assert_eq!(count, 89);
}
