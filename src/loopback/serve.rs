//! HTTP/1.1 as far as the embedded web needs it: GET, HEAD and short POSTs, keep-alive,
//! bounded heads.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};

use super::site::Site;
use super::{Counts, MAX_LOGGED, WebOptions, lock, wait_until};

/// No request head is longer than this many bytes.
const MAX_HEAD: usize = 16 * 1024;

/// No body of a request is longer.
const MAX_POSTED: usize = 4 * 1024;

/// The head and this much of the body go out in one write; what is larger is not copied for it.
const ONE_WRITE: usize = 64 * 1024;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this status instead.
    Status(u16),
    /// Reads the request, and never answers.
    Hang,
    /// Closes the connection after this many bytes of the body.
    Cut(usize),
    /// Takes this long, whatever the web's latency is.
    Latency(Duration),
    /// Answers the first so many requests for a path with this status.
    First(u32, u16),
}

/// One request, as far as anything here depends on it.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub head_only: bool,
    pub path: String,
    pub query: Vec<(String, String)>,
    /// What was posted.
    pub posted: Option<String>,
    fields: Vec<(String, String)>,
    close: bool,
}

/// One answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Whole field lines, each with its CR LF.
    pub fields: String,
    pub body: Arc<[u8]>,
}

impl Asked {
    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(key, value)| key == name && !value.is_empty());
        pair.map(|(_, value)| value.as_str())
    }

    /// A header field; its name in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        field(&self.fields, name)
    }

    /// A head without its last empty line.
    fn parse(head: &str) -> Option<Asked> {
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = if query.is_empty() { Vec::new() } else { query_pairs(query)? };
        let fields: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let connection = field(&fields, "connection").map(str::to_ascii_lowercase);
        let close = match connection.as_deref() {
            Some(value) => value.contains("close"),
            None => version != "HTTP/1.1",
        };
        let posted = method == "POST" && path.ends_with("/access_token");
        let posted = posted.then(String::new);
        let head_only = method == "HEAD";
        if !head_only && method != "GET" && posted.is_none() {
            return None;
        }
        Some(Asked { head_only, path: path.into(), query: pairs, posted, fields, close })
    }

    /// How many bytes of a body follow; `None` for more than anybody posts here.
    fn length(&self) -> Option<usize> {
        let length = self.field("content-length").map_or(Some(0), |length| length.parse().ok());
        length.filter(|length| *length <= MAX_POSTED)
    }
}

/// Of several fields with one name the last counts.
fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// The pairs of a query, decoded.
fn query_pairs(query: &str) -> Option<Vec<(String, String)>> {
    let url = crate::http::Url::parse(&format!("http://localhost/?{query}")).ok()?;
    Some(url.query_pairs().into_owned().collect())
}

/// What is served, to whom, and how slowly.
pub(super) struct Server {
    pub options: WebOptions,
    site: Site,
    counts: Arc<Mutex<Counts>>,
}

impl Server {
    pub(super) fn new(options: WebOptions, counts: Arc<Mutex<Counts>>) -> Server {
        let site = Site::new(options.now, options.feed_bytes);
        (0..options.prepare).for_each(|number| drop(site.feed(number, options.feed_bytes)));
        Server { options, site, counts }
    }

    /// Answers request after request, until the client goes.
    pub(super) async fn converse(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
    ) -> io::Result<()> {
        let mut pending = Vec::new();
        while let Some(head) = read_head(&mut stream, &mut pending).await? {
            // Before anything is made: the client waits from here on.
            let arrived = Instant::now();
            let asked = Asked::parse(&head).and_then(|asked| Some((asked.length()?, asked)));
            let Some((length, mut asked)) = asked else {
                let refusal =
                    "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(refusal.as_bytes()).await?;
                break;
            };
            let body = read_body(&mut stream, &mut pending, length).await?;
            asked.posted = asked.posted.map(|_| body);
            asked.close |= self.options.closes;
            let whole = self.answer(&asked, arrived, &mut stream).await?;
            if asked.close || !whole {
                break;
            }
        }
        stream.close().await
    }

    /// False if the connection is to be closed now.
    async fn answer(
        &self,
        asked: &Asked,
        arrived: Instant,
        stream: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<bool> {
        let (_under_way, nth) = UnderWay::new(&self.counts, asked, arrived);
        let fault = self.options.fault_of(&asked.path, nth);
        // Made while the latency runs, not after it.
        let answer = match fault {
            Some(Fault::Hang) => future::pending().await,
            Some(Fault::Status(status)) => Answer::error(status),
            _ => self.site.answer(asked),
        };
        let latency = match fault {
            Some(Fault::Latency(latency)) => latency,
            _ => self.options.latency_of(&asked.path, nth),
        };
        wait_until(arrived + latency).await;
        let cut = match fault {
            Some(Fault::Cut(at)) => Some(at),
            _ => None,
        };
        let without = asked.head_only || answer.status == 304;
        let body = if without { &[] } else { &answer.body[..] };
        let body = &body[..cut.unwrap_or(body.len()).min(body.len())];
        let (near, far) = body.split_at(body.len().min(ONE_WRITE));
        let mut first = answer.head(asked.close).into_bytes();
        first.extend_from_slice(near);
        lock(&self.counts).bytes_sent += (first.len() + far.len()) as u64;
        stream.write_all(&first).await?;
        stream.write_all(far).await?;
        Ok(without || cut.is_none())
    }
}

/// Counts a request from its arrival to its end, whichever way it ends.
struct UnderWay<'a>(&'a Mutex<Counts>);

impl<'a> UnderWay<'a> {
    /// The count, and which request for this path it is.
    fn new(counts: &'a Mutex<Counts>, asked: &Asked, arrived: Instant) -> (UnderWay<'a>, u32) {
        let validators = ["if-none-match", "if-modified-since"];
        let conditional = validators.iter().any(|name| asked.field(name).is_some());
        let mut locked = lock(counts);
        if locked.arrivals.len() < MAX_LOGGED {
            locked.arrivals.push(arrived);
        }
        let nth = locked.by_path.entry(asked.path.clone()).or_default();
        *nth += 1;
        let nth = *nth as u32;
        locked.conditional += usize::from(conditional);
        locked.under_way += 1;
        locked.most_at_once = locked.most_at_once.max(locked.under_way);
        (UnderWay(counts), nth)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        lock(self.0).under_way -= 1;
    }
}

impl Answer {
    pub(super) fn ok(content_type: &'static str, body: impl Into<Arc<[u8]>>) -> Answer {
        Answer { status: 200, content_type, body: body.into(), fields: String::new() }
    }

    pub(super) fn json(status: u16, body: String) -> Answer {
        Answer { status, ..Answer::ok("application/json; charset=utf-8", body.into_bytes()) }
    }

    pub(super) fn error(status: u16) -> Answer {
        let body = format!("<!doctype html><title>{status}</title><h1>{}</h1>\n", reason(status));
        Answer { status, ..Answer::ok("text/html; charset=utf-8", body.into_bytes()) }
    }

    fn head(&self, close: bool) -> String {
        let Answer { status, content_type, fields, body } = self;
        let (reason, length) = (reason(*status), body.len());
        let connection = if close { "connection: close\r\n" } else { "" };
        let mut head = format!("HTTP/1.1 {status} {reason}\r\nserver: newsweb\r\n");
        if *status != 304 {
            head += &format!("content-type: {content_type}\r\ncontent-length: {length}\r\n");
        }
        head + fields + connection + "\r\n"
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        410 => "Gone",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Whatever",
    }
}

/// The next so many bytes.
async fn read_body(
    stream: &mut (impl AsyncRead + Unpin),
    pending: &mut Vec<u8>,
    length: usize,
) -> io::Result<String> {
    let ahead = pending.len().min(length);
    let mut body: Vec<u8> = pending.drain(..ahead).collect();
    body.resize(length, 0);
    stream.read_exact(&mut body[ahead..]).await?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The next head without its empty line, or `None` at a clean end.
async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    pending: &mut Vec<u8>,
) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&pending[..end]).into_owned();
            pending.drain(..end + 4);
            return Ok(Some(head));
        }
        if pending.len() > MAX_HEAD {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let mut chunk = [0; 2048];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Ok(None);
        }
        pending.extend_from_slice(&chunk[..count]);
    }
}

/// FNV-1a, for validators and latencies; no secret depends on it.
pub(super) fn fnv(bytes: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
