//! Event streams of other readers' tests, in the pieces that those send and byte by byte.
//!
//! `tests/fixtures/sse/expect.jsonl` says of each file where it is from, under which licence, and what
//! the algorithm of the HTML Standard makes of it.

use std::fs;

use newsagg::format::sse::{Event, Parser};
use serde_json::Value;

use crate::support::world::Luck;

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

#[test]
fn a_damaged_stream_brings_the_same_in_whatever_pieces_it_comes() {
    let mut luck = Luck::new(7);
    let mut pick = |n: usize| usize::try_from(luck.below(n as u64)).unwrap();
    let streams: Vec<Vec<u8>> = fs::read_to_string("tests/fixtures/sse/expect.jsonl")
        .unwrap()
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["file"].as_str().unwrap().to_owned()
        })
        .map(|name| fs::read(format!("tests/fixtures/sse/{name}")).unwrap())
        .collect();
    let junk: [&[u8]; 7] = [b"\r", b"\n", b"\0", b"\xff", b"\xef\xbb\xbf", b":", b"id"];
    for _ in 0..4_000 {
        let mut stream = [&*streams[pick(streams.len())], &streams[pick(streams.len())]].concat();
        for _ in 0..pick(6) {
            let at = pick(stream.len());
            let junk = junk[pick(junk.len())];
            stream.splice(at..(at + pick(4)).min(stream.len()), junk.iter().copied());
        }
        let (whole, parser) = read([stream.clone()]);
        let length = 1 + pick(20);
        let (pieces, other) = read(stream.chunks(length).map(<[u8]>::to_vec));
        assert_eq!(whole, pieces, "in pieces of {length}: {}", stream.escape_ascii());
        assert_eq!(parser.last_id(), other.last_id());
        assert_eq!((parser.retry(), parser.comments()), (other.retry(), other.comments()));
    }
}
