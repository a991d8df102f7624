//! What we ask and what we are told, as plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use surf::Url;

/// A GET request on behalf of a source, or a form to be posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Absolute, `http` or `https`.
    pub url: Url,
    /// Header fields beyond those every request carries; ASCII, checked when made.
    pub headers: Vec<Header>,
    /// How many answers it took to learn of this request; the queue sets it.
    pub step: u8,
    /// The source's own mark, to know the answer by (a rank in a list, a page number).
    pub tag: u32,
    /// Whether the user wrote this URL (or its base): only then may it lead to a local address.
    pub local_ok: bool,
    /// Which request of its source's plan it stems from, from 0; the queue sets it.
    pub root: u32,
    /// What is held of an earlier answer, if anything.
    pub held: Option<Box<Held>>,
    /// A form to be posted (`application/x-www-form-urlencoded`), without secrets. A redirect does
    /// not take it along.
    pub form: Option<&'static str>,
}

/// What is held of an earlier answer, so that an unchanged one need neither be sent nor be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// Where that answer came from, after redirects ([`place`]): its validators are told to nobody
    /// else.
    pub from: u64,
    /// Its validators.
    pub validators: Validators,
    /// [`digest`] of its body.
    pub digest: u64,
}

/// What tells one state of a resource from another (RFC 9110 §8.8), byte for byte as it came.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Validators {
    /// `ETag`, with its quotes and its `W/`; dropped when it is not ASCII or too long to send.
    pub etag: Option<String>,
    /// `Last-Modified`, never read as a date.
    pub last_modified: Option<String>,
}

/// What a server says about how often it may be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerLimit {
    /// How many requests it lets through in a window, if it says so.
    pub limit: Option<u32>,
    /// How many of them are left.
    pub remaining: u32,
    /// Until the count begins anew, if it says so.
    pub reset: Option<Duration>,
    /// How long a window is, if it says so.
    pub window: Option<Duration>,
}

/// One request header field.
#[derive(Clone, PartialEq)]
pub struct Header {
    /// Lower case.
    pub name: String,
    /// The value as sent.
    pub value: String,
    /// Secrets are never logged, and never follow a redirect to another origin.
    pub secret: bool,
}

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, if self.secret { "(secret)" } else { &self.value })
    }
}

impl Request {
    /// A request for a URL that the user wrote.
    pub fn get(url: Url) -> Request {
        Request {
            url,
            headers: Vec::new(),
            step: 0,
            tag: 0,
            local_ok: true,
            root: 0,
            held: None,
            form: None,
        }
    }

    /// The same with one more header field.
    pub fn with(mut self, name: &str, value: &str, secret: bool) -> Request {
        self.headers.push(Header { name: name.into(), value: value.into(), secret });
        self
    }

    /// The host that `per_host` counts by, without the port.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

/// An answer whose body arrived whole. Its status may be any.
#[derive(Clone, Debug)]
pub struct Response {
    /// As the server said it, even where no registry knows it (Cloudflare's 520). A 304 comes only
    /// to a request whose validators were sent, and without a body.
    pub status: u16,
    /// Where the answer came from, after redirects.
    pub url: Url,
    /// Decoded: no transfer or content coding is left.
    pub body: Vec<u8>,
    /// `Content-Type`, if it was text.
    pub content_type: Option<String>,
    /// `Retry-After` in seconds from now (RFC 9110 §10.2.3), dates converted.
    pub retry_after: Option<Duration>,
    /// `ETag` and `Last-Modified`; a 304 need not say them again.
    pub validators: Validators,
    /// How much longer the answer is fresh, if the server says so: `Cache-Control: max-age`, else
    /// `Expires` less `Date`, each less `Age` (RFC 9111 §4.2); at most 2³¹ seconds.
    pub fresh_for: Option<Duration>,
    /// `RateLimit`, `X-RateLimit-*` and their kin; eight at most.
    pub limits: Vec<ServerLimit>,
    /// Where a chain of only permanent redirects (301, 308) led.
    pub moved: Option<Url>,
    /// False for a body that ended with the connection: whole only if the document itself is.
    pub delimited: bool,
}

/// What a URL is known again by: a digest of all that a server hears of it, so that a key in it
/// need not be remembered.
pub fn place(url: &Url) -> u64 {
    let heard = url.as_str().split('#').next().unwrap_or_default();
    digest(heard.as_bytes())
}

/// Whether two URLs lead to the same host and port.
pub fn same_server(a: &Url, b: &Url) -> bool {
    let server = |url: &Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    server(a) == server(b)
}

/// What a body is known again by: the first eight bytes of its SHA-256.
pub fn digest(body: &[u8]) -> u64 {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    let first = digest.as_ref().first_chunk().copied();
    u64::from_be_bytes(first.unwrap_or_default())
}

/// How one request went, answered or not.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The answer, whatever its status, or why there is none.
    pub result: Result<Response, crate::failure::Failure>,
    /// Which URL was asked last, after redirects: whoever failed is there.
    pub place: Url,
    /// Where the time went.
    pub timing: Timing,
    /// Bytes of bodies as they came over the wire, before decoding, all hops together.
    pub bytes_in: u64,
    /// Requests sent: one, and one for each redirect followed.
    pub requests: u32,
}

/// A key or password: never in a log, an error, a report or an output.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where the time of one request went, phase after phase; phases that did not happen are zero.
/// Over redirects the phases add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timing {
    /// Looking the name up.
    pub resolve: Duration,
    /// The TCP handshake (and the proxy's CONNECT).
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request sent to the head of the answer.
    pub first_byte: Duration,
    /// From the head to the last byte of the body.
    pub body: Duration,
}

impl Timing {
    /// All phases together.
    pub fn total(&self) -> Duration {
        self.resolve + self.connect + self.tls + self.first_byte + self.body
    }
}

/// What a source reads: one answer, or one local file.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Where it came from, and what relative links in it are relative to.
    pub url: Option<&'a Url>,
    /// The `Content-Type` it was served with.
    pub content_type: Option<&'a str>,
    /// The bytes, with no content coding left.
    pub body: &'a [u8],
}

/// Whether a parameter of a query, or a header field, is called like a key.
pub fn names_a_secret(name: &str) -> bool {
    const HIDDEN: [&str; 6] = ["key", "token", "secret", "password", "auth", "signature"];
    // Within other words they mean nothing.
    const WHOLE: [&str; 4] = ["pass", "pwd", "sid", "sig"];
    let lower = name.to_ascii_lowercase();
    WHOLE.contains(&&*lower) || HIDDEN.iter().any(|hidden| lower.contains(hidden))
}

/// The URL for a log: without its password, and without what looks like a key in its query.
pub fn without_secrets(url: &Url) -> String {
    let mut shown = url.clone();
    // Neither fails for a URL with a host.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.set_fragment(None);
    let Some(query) = url.query() else { return shown.into() };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| {
            let name = part.split('=').next().unwrap_or_default();
            match names_a_secret(name) {
                true => format!("{name}=…"),
                false => part.to_owned(),
            }
        })
        .collect();
    shown.set_query(None);
    format!("{shown}?{}", parts.join("&"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_url_keeps_its_secrets() {
        for (url, shown) in [
            ("https://me:pw@host/a?b=c", "https://host/a?b=c"),
            (
                "https://host/a?api-key=s3&Token=s3&page=2",
                "https://host/a?api-key=…&Token=…&page=2",
            ),
            ("https://host/a#token=s3", "https://host/a"),
        ] {
            assert_eq!(without_secrets(&Url::parse(url).unwrap()), shown);
        }
    }
}
