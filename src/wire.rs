//! What surf speaks through: HTTP/1.1 by hyper, on sockets of async-io, with TLS by rustls.
//!
//! [`Backend`] answers one request: it takes an idle connection or makes one, sends, and hands
//! over the head with a body that is read from the connection as it comes. Everything that takes
//! more than one request (redirects), all limits on sizes and the deadline are the transport's.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http_client::{Body, Error, HttpClient, Request, Response};
use hyper::body::Body as _;
use hyper::header::{CONTENT_TYPE, TRANSFER_ENCODING};
use rustix::io::Errno;

use crate::failure::{Failure, Fault, Stage, plainly};
use crate::http::Url;

pub mod address;
mod body;
mod connect;
mod framing;
mod link;
mod message;
mod pool;
mod proxy;
mod resolve;
pub mod tape;
mod tls;
mod trace;

pub use proxy::basic;
pub use trace::{Phase, Trace};

use link::{Io, Link, NoResponse};
use pool::{Key, Pool};
use proxy::{Proxies, Proxy};
use resolve::Resolver;
use tls::Tls;

/// How often to look whether there is a file descriptor again, until the request's deadline.
const DESCRIPTOR_PAUSE: Duration = Duration::from_millis(50);

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
    /// Closes them all, but for those to hosts that are `wanted`.
    pub fn close_unless(&self, wanted: &dyn Fn(&str) -> bool) {
        self.0.retain(wanted);
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
        if let Some(authorization) = proxy.as_ref().and_then(|proxy| proxy.authorization.as_ref()) {
            call.trace.confide(|redactor| redactor.add_basic(authorization));
        }
        let key = key(&url, proxy)?;
        let ask = || message::outgoing(&request, &url, &key, body.as_deref());

        while let Some(mut link) = self.pool.take(&key, call.local_ok) {
            call.trace.connected(link.local);
            call.trace.enter(Phase::FirstByte);
            match link.head(ask()?).await {
                Ok(head) => return self.incoming(head, link, key),
                // The server closed the connection before the request was sent: another may do.
                Err(NoResponse { unsent: true, .. }) => (),
                // The server closed the connection just then, which says nothing about the request.
                Err(NoResponse { untouched: true, .. }) => break,
                Err(NoResponse { failure, .. }) => return Err(failure),
            }
        }
        let mut link = self.connect(&key, &call).await?;
        call.trace.enter(Phase::FirstByte);
        let head = link.head(ask()?).await.map_err(|none| none.failure)?;
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
        call.trace.asks_proxy(key.proxy.is_some());
        let ours = |failure: Failure| if key.proxy.is_some() { failure.ours() } else { failure };
        let mut addresses = self.resolver.resolve(host).await.map_err(ours)?;
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
        let mut tried = connect::connect(&addresses, call.connect_timeout).await;
        while tried.as_ref().is_err_and(out_of_descriptors) {
            self.await_descriptor(call).await;
            tried = connect::connect(&addresses, call.connect_timeout).await;
        }
        call.trace.lacks(None);
        let failed = |error: io::Error| {
            let whose = if key.proxy.is_some() { "the proxy " } else { "" };
            let cause = format!("{whose}{host}:{port}: {}", plainly(&error));
            ours(Failure { fault: fault(&error), ..Failure::new(Stage::Connect, cause) })
        };
        let mut tcp = tried.map_err(failed)?;
        call.trace.asks_proxy(false);
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

    /// Waits a little: other requests end soon, and what idle connections hold is free at once.
    async fn await_descriptor(&self, call: &Call) {
        call.trace.lacks(Some("a file descriptor"));
        if !self.pool.clear() {
            async_io::Timer::after(DESCRIPTOR_PAUSE).await;
        }
    }

    /// An answer in surf's terms, with its body still to be read.
    fn incoming(
        &self,
        head: hyper::Response<hyper::body::Incoming>,
        link: Link,
        key: Key,
    ) -> Result<Response, Failure> {
        let (head, body) = head.into_parts();
        let status = head.status.as_u16();
        let mut response = message::incoming(status, &head.headers)?;
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

fn protocol(cause: impl Into<String>) -> Failure {
    Failure::new(Stage::Protocol, cause)
}

/// The address, if `host` is one; IPv6 in brackets or not.
fn ip_literal(host: &str) -> Option<IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whose doing it is that no connection was made, or no name looked up.
fn fault(error: &io::Error) -> Fault {
    let unrouted = [Errno::NETUNREACH, Errno::HOSTUNREACH, Errno::NETDOWN];
    match error.raw_os_error() {
        _ if out_of_descriptors(error) => Fault::Ours,
        Some(errno) if unrouted.iter().any(|it| it.raw_os_error() == errno) => Fault::Network,
        _ => Fault::Theirs,
    }
}

/// Whether this process or the system has no file descriptor left.
fn out_of_descriptors(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|full| errno == Some(full.raw_os_error()))
}
