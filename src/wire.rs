//! What surf speaks through: HTTP/1.1 by hyper, on sockets of async-io, with TLS by rustls.
//!
//! [`Backend`] answers one request: it takes an idle connection or makes one, sends, and hands
//! over the head with a body that is read from the connection as it comes. Everything that takes
//! more than one request (redirects), all limits on sizes and the deadline are the transport's.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use http_client::http_types::{self, headers::HeaderName, headers::HeaderValue};
use http_client::{Body, Error, HttpClient, Request, Response};
use hyper::HeaderMap;
use hyper::body::Body as _;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING};

use crate::clock::Clock;
use crate::failure::{Failure, Stage};
use crate::http::{Timing, Url};

pub mod address;
mod body;
mod connect;
mod link;
mod pool;
mod proxy;
mod resolve;
mod tls;

pub use proxy::basic;
pub use tls::NOT_VALID_YET;

use link::{Io, Link, Payload, Silence};
use pool::{Key, Pool};
use proxy::{Proxies, Proxy};
use resolve::Resolver;
use tls::Tls;

/// The network, for surf. Costs nothing until it is used.
#[derive(Debug)]
pub struct Backend {
    pool: Arc<Pool>,
    resolver: Resolver,
    tls: Tls,
    proxies: OnceLock<Proxies>,
}

/// What one request needs beyond its own lines; travels as an extension of it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where the time goes.
    pub trace: Arc<Trace>,
    /// For one address to accept the connection.
    pub connect_timeout: Duration,
    /// The config's proxy; without it the environment decides.
    pub proxy: Option<Url>,
    /// Whether an address of somebody's own network may be connected to.
    pub local_ok: bool,
    /// Whether a redirect led here, for the stage of a refusal.
    pub redirected: bool,
}

/// The code as the server said it: http-types knows only those of a fixed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealStatus(pub u16);

/// Whether the body's end is marked; otherwise it ends with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimited(pub bool);

/// Idle connections, to close them from outside.
#[derive(Clone, Debug)]
pub struct IdleConnections(Arc<Pool>);

impl IdleConnections {
    /// Closes them all.
    pub fn close(&self) {
        self.0.clear();
    }
}

impl Default for Backend {
    fn default() -> Backend {
        Backend {
            pool: Arc::default(),
            resolver: Resolver::new(),
            tls: Tls::default(),
            proxies: OnceLock::new(),
        }
    }
}

#[async_trait]
impl HttpClient for Backend {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        self.ask(request).await.map_err(Error::from)
    }
}

impl Backend {
    /// A network that never asks the environment for a proxy.
    pub fn direct() -> Backend {
        Backend { proxies: OnceLock::from(Proxies::default()), ..Backend::default() }
    }

    /// The same, and trusting only these certificate authorities (DER).
    pub fn trusting(roots: Vec<Vec<u8>>) -> Backend {
        Backend { tls: Tls::trusting(roots), ..Backend::direct() }
    }

    /// The connections that wait for another request.
    pub fn idle(&self) -> IdleConnections {
        IdleConnections(self.pool.clone())
    }

    async fn ask(&self, mut request: Request) -> Result<Response, Failure> {
        let call = request.ext_mut().remove::<Call>();
        let call = call.ok_or_else(|| protocol("a request without a call"))?;
        let url = request.url().clone();
        let body = match request.is_empty() {
            Some(true) => None,
            _ => {
                let unread = |error: Error| protocol(error.to_string());
                Some(request.take_body().into_bytes().await.map_err(unread)?)
            }
        };
        let proxy = self.proxies().choose(&url, call.proxy.as_ref())?;
        let key = key(&url, proxy)?;
        let ask = || outgoing(&request, &url, &key, body.as_deref());

        if let Some(mut link) = self.pool.take(&key, call.local_ok) {
            call.trace.connected(link.local);
            call.trace.enter(Phase::FirstByte);
            match link.head(ask()?).await {
                Ok(head) => return self.incoming(head, link, key),
                // The server closed it just before: that says nothing about this request.
                Err(Silence { untouched: true, .. }) => (),
                Err(Silence { failure, .. }) => return Err(failure),
            }
        }
        let mut link = self.connect(&key, &call).await?;
        call.trace.enter(Phase::FirstByte);
        let head = link.head(ask()?).await.map_err(|silence| silence.failure)?;
        self.incoming(head, link, key)
    }

    fn proxies(&self) -> &Proxies {
        self.proxies.get_or_init(|| Proxies::read(|name| std::env::var(name).ok()))
    }

    async fn connect(&self, key: &Key, call: &Call) -> Result<Link, Failure> {
        let (host, port) = match &key.proxy {
            Some(proxy) => (&proxy.host, proxy.port),
            None => (&key.host, key.port),
        };
        call.trace.enter(Phase::Resolve);
        let mut addresses = self.resolver.resolve(host).await?;
        if !call.local_ok {
            // Through a proxy the name is the proxy's to resolve; a literal is not.
            let target = ip_literal(&key.host).map(|address| vec![address]);
            match &key.proxy {
                Some(_) => drop(public(&key.host, target.unwrap_or_default(), call)?),
                None => addresses = public(host, addresses, call)?,
            }
        }
        call.trace.enter(Phase::Connect);
        let addresses: Vec<_> =
            addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
        let mut tcp = match connect::connect(addresses, call.connect_timeout).await {
            Ok(tcp) => tcp,
            Err(error) => {
                // Out of descriptors: give back what we can; the queue asks again later.
                self.pool.clear();
                let cause = format!("{host}:{port}: {}", plain_cause(&error));
                return Err(Failure::new(Stage::Connect, cause));
            }
        };
        let peer = tcp.get_ref().peer_addr().ok();
        let local = peer.is_none_or(|peer| address::kind(peer.ip()).is_some());
        call.trace.connected(local);
        if !key.tls {
            return Link::new(Io::Plain(tcp), local).await;
        }
        if let Some(proxy) = &key.proxy {
            proxy.tunnel(&mut tcp, &format!("{}:{}", key.host, key.port)).await?;
        }
        call.trace.enter(Phase::Tls);
        let tls = self.tls.connect(&key.host, tcp).await?;
        Link::new(Io::Tls(Box::new(tls)), local).await
    }

    /// An answer in surf's terms. Nothing remote goes in unchecked: http-types panics on
    /// what it does not know.
    fn incoming(
        &self,
        head: hyper::Response<hyper::body::Incoming>,
        link: Link,
        key: Key,
    ) -> Result<Response, Failure> {
        let (head, body) = head.into_parts();
        let status = head.status.as_u16();
        check_framing(status, &head.headers)?;

        // An unlisted status stands as the first of its class, one beyond all classes as a 500.
        let known = http_types::StatusCode::try_from(status)
            .or_else(|_| http_types::StatusCode::try_from(status / 100 * 100))
            .unwrap_or(http_types::StatusCode::InternalServerError);
        let mut response = Response::new(known);
        copy_headers(&head.headers, &mut response);

        let length = body.size_hint().exact();
        let delimited = length.is_some() || head.headers.contains_key(TRANSFER_ENCODING);
        if body.is_end_stream() {
            self.pool.put(key, link);
        } else {
            let reader = body::Reader::new(body, link, length, self.pool.clone(), key);
            let length = length.and_then(|length| usize::try_from(length).ok());
            response.set_body(Body::from_reader(reader, length));
            if !head.headers.contains_key(CONTENT_TYPE) {
                // Made up by `set_body`.
                response.remove_header("content-type");
            }
        }
        response.ext_mut().insert(RealStatus(status));
        response.ext_mut().insert(Delimited(delimited));
        Ok(response)
    }
}

/// A request as it goes over the wire: in absolute form to a proxy (RFC 9112 §3.2).
fn outgoing(
    request: &Request,
    url: &Url,
    key: &Key,
    body: Option<&[u8]>,
) -> Result<hyper::Request<Payload>, Failure> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_string(),
    };
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", key_host(url)?),
        None => key_host(url)?.to_string(),
    };
    let via = key.proxy.as_ref().filter(|_| !key.tls);
    let target = match via {
        Some(_) => format!("http://{authority}{path}"),
        None => path,
    };
    let mut built =
        hyper::Request::builder().method(request.method().to_string().as_str()).uri(target);
    built = built.header("host", authority);
    for (name, values) in request {
        for value in values {
            built = built.header(name.as_str(), value.as_str());
        }
    }
    if let Some(authorization) = via.and_then(|proxy| proxy.authorization.as_ref()) {
        built = built.header("proxy-authorization", authorization);
    }
    let body = body.map(hyper::body::Bytes::copy_from_slice);
    // The error names no value, so no secret.
    built.body(Payload(body)).map_err(|error| protocol(format!("this cannot be sent: {error}")))
}

fn key_host(url: &Url) -> Result<&str, Failure> {
    url.host_str().ok_or_else(|| protocol("a URL without a host"))
}

fn key(url: &Url, proxy: Option<Proxy>) -> Result<Key, Failure> {
    let tls = match url.scheme() {
        "https" => true,
        "http" => false,
        other => return Err(protocol(format!("{other} is neither http nor https"))),
    };
    let host = key_host(url)?.to_string();
    let port = url.port_or_known_default().unwrap_or(80);
    Ok(Key { tls, host, port, proxy })
}

/// The addresses that are on the public internet; a refusal if there are none.
fn public(host: &str, addresses: Vec<IpAddr>, call: &Call) -> Result<Vec<IpAddr>, Failure> {
    let refused = addresses.iter().find_map(|&address| Some((address, address::kind(address)?)));
    let public: Vec<_> =
        addresses.into_iter().filter(|&address| address::kind(address).is_none()).collect();
    match refused {
        Some((address, kind)) if public.is_empty() => {
            let (stage, whose) = match call.redirected {
                true => (Stage::Redirect, "a redirect"),
                false => (Stage::Connect, "an address that a feed gave"),
            };
            let article = if kind == "unspecified" { "an" } else { "a" };
            let at = if ip_literal(host).is_some() { String::new() } else { format!("{host} at ") };
            let cause =
                format!("refused to follow {whose} to {at}{address}, {article} {kind} address");
            Err(Failure::new(stage, cause))
        }
        _ => Ok(public),
    }
}

/// Refuses what is not plain about where the body ends (RFC 9112 §6.3), and a protocol that
/// nobody asked for.
fn check_framing(status: u16, headers: &HeaderMap) -> Result<(), Failure> {
    if status == 101 {
        return Err(protocol("the server switched protocols (101) unasked"));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
    {
        return Err(protocol("the transfer coding is not just «chunked»"));
    }
    if headers.contains_key(CONTENT_LENGTH) {
        return Err(protocol("both a length and a transfer coding"));
    }
    Ok(())
}

/// Copies what is ASCII. Other bytes are kept in `Location` only, percent-encoded as browsers do.
fn copy_headers(headers: &HeaderMap, response: &mut Response) {
    for (name, value) in headers {
        let bytes = match value.as_bytes() {
            bytes if bytes.is_ascii() => bytes.to_vec(),
            bytes if name == LOCATION => percent_encode(bytes),
            _ => continue,
        };
        let name = HeaderName::from_bytes(name.as_str().into());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(bytes)) {
            response.append_header(name, value);
        }
    }
}

fn percent_encode(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte.is_ascii() {
            true => encoded.push(byte),
            false => encoded.extend(format!("%{byte:02X}").bytes()),
        }
    }
    encoded
}

fn protocol(cause: impl Into<String>) -> Failure {
    Failure::new(Stage::Protocol, cause)
}

/// The address, if `host` is one; IPv6 in brackets or not.
fn ip_literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// An I/O error for people: without the number, in lower case.
fn plain_cause(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "no reason given".into(),
    }
}

/// What a request is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking the name up.
    Resolve,
    /// Connecting.
    Connect,
    /// In the TLS handshake.
    Tls,
    /// Waiting for the head.
    FirstByte,
    /// Reading the body.
    Body,
}

/// Where the time of one exchange goes, kept where it outlives a request that is given up.
#[derive(Debug)]
pub struct Trace {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    timing: Timing,
    phase: Option<(Phase, Duration)>,
    bytes_in: u64,
    requests: u32,
    local: Option<bool>,
}

impl Trace {
    /// Nothing happened yet.
    pub fn new(clock: Clock) -> Trace {
        Trace { clock, state: Mutex::default() }
    }

    /// A phase begins, and the one before ends.
    pub fn enter(&self, phase: Phase) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.settle(now);
        state.phase = Some((phase, now));
    }

    /// A request is sent.
    pub fn request(&self) {
        self.lock().requests += 1;
    }

    /// Bytes of a body came.
    pub fn received(&self, count: usize) {
        self.lock().bytes_in += count as u64;
    }

    fn connected(&self, local: bool) {
        self.lock().local.get_or_insert(local);
    }

    /// Whether the first connection of this exchange led into somebody's own network.
    pub fn began_local(&self) -> bool {
        self.lock().local.unwrap_or(false)
    }

    /// The phase that is running, the time of all, bytes and requests, as of now.
    pub fn sum(&self) -> (Option<Phase>, Timing, u64, u32) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.settle(now);
        let phase = state.phase.map(|(phase, _)| phase);
        (phase, state.timing, state.bytes_in, state.requests)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn settle(&mut self, now: Duration) {
        let Some((phase, since)) = &mut self.phase else { return };
        let timing = &mut self.timing;
        *match phase {
            Phase::Resolve => &mut timing.resolve,
            Phase::Connect => &mut timing.connect,
            Phase::Tls => &mut timing.tls,
            Phase::FirstByte => &mut timing.first_byte,
            Phase::Body => &mut timing.body,
        } += now.saturating_sub(*since);
        *since = now;
    }
}
