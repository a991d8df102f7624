//! The same round as a sync program would do it in parallel: a thread for each request, blocking
//! sockets of the standard library, HTTP/1.1 with a connection each.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use super::figures::Run;
use super::row::PATIENCE;
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{Document, Request, Timing};
use crate::round::Span;
use crate::source::Source;

/// Longer answers are cut off.
const MAX_ANSWER: u64 = 16 << 20;

/// Asks all sources at once, and reads what they answer.
pub fn ask(config: &Config, clock: &Clock) -> Run {
    let start = |(index, source): (usize, &Arc<dyn Source>)| {
        let (source, clock) = (source.clone(), clock.clone());
        std::thread::Builder::new().spawn(move || one(index, &*source, &clock))
    };
    let sources = config.sources.iter().filter_map(|source| source.source.as_ref());
    let threads: Vec<_> = sources.enumerate().map(start).collect();
    let mut run = Run::default();
    for (index, thread) in threads.into_iter().enumerate() {
        let told = thread.ok().and_then(|thread| thread.join().ok());
        let now = clock.now();
        // A thread that could not be started is a request that failed.
        let (span, bytes) = told.unwrap_or_else(|| (span(index, now, now), 0));
        run.bytes_in += bytes;
        run.sources_ok += u64::from(span.ok);
        run.spans.push(span);
    }
    run
}

fn span(source: usize, start: Duration, end: Duration) -> Span {
    Span { source, ready: Duration::ZERO, start, end, timing: Timing::default(), ok: false }
}

/// One request, and what is read of its answer.
fn one(index: usize, source: &dyn Source, clock: &Clock) -> (Span, u64) {
    let start = clock.now();
    let Some(request) = source.plan().into_iter().next() else {
        return (span(index, start, start), 0);
    };
    let mut timing = Timing::default();
    let answer = fetch(&request, clock, &mut timing);
    let end = clock.now();
    let mut span = Span { timing, ..span(index, start, end) };
    let Ok(answer) = answer else { return (span, 0) };
    let Some(body) = body(&answer) else { return (span, 0) };
    let document = Document { url: Some(&request.url), content_type: None, body };
    span.ok = source.read(&request, &document).is_ok();
    (span, body.len() as u64)
}

fn fetch(request: &Request, clock: &Clock, timing: &mut Timing) -> io::Result<Vec<u8>> {
    let url = &request.url;
    let begun = clock.now();
    let port = url.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((request.host(), port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let connected = clock.now();
    timing.connect = connected - begun;
    let head = format!(
        "GET {} HTTP/1.1\r\nhost: {}:{port}\r\nconnection: close\r\n\r\n",
        url.path(),
        request.host()
    );
    stream.write_all(head.as_bytes())?;
    let mut answer = vec![0; 4096];
    let first = stream.read(&mut answer)?;
    answer.truncate(first);
    let answered = clock.now();
    timing.first_byte = answered - connected;
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    timing.body = clock.now() - answered;
    Ok(answer)
}

/// What follows the head of an answer with status 200.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    answer.starts_with(b"HTTP/1.1 200 ").then(|| &answer[head + 4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_body_of_an_answer_that_is_well_is_read() {
        assert_eq!(
            body(b"HTTP/1.1 200 OK\r\na: b\r\n\r\nbody\r\n\r\n"),
            Some(&b"body\r\n\r\n"[..])
        );
        for bad in [&b"HTTP/1.1 500 No\r\n\r\nbody"[..], b"HTTP/1.1 200 OK\r\n", b""] {
            assert_eq!(body(bad), None);
        }
    }
}
