//! Proxies: which, from the environment or the config, and how a tunnel is asked for.
//!
//! The variables are curl's: `http_proxy` (lower case only, since a CGI script's `HTTP_PROXY` is a
//! request header), `https_proxy`, `all_proxy` and `no_proxy` in either case.

use std::fmt;
use std::net::{IpAddr, TcpStream};

use async_io::Async;
use base64::prelude::{BASE64_STANDARD, Engine};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use percent_encoding::percent_decode_str;

use super::ip_literal;
use crate::failure::{Failure, Fault, Stage, plainly};
use crate::http::Url;

/// The head of a proxy's answer to CONNECT.
const MAX_PROXY_HEAD: usize = 8 << 10;

/// An HTTP proxy, spoken to in the clear.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// `Proxy-Authorization` (RFC 7617), a secret.
    pub(super) authorization: Option<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// A variable that names a proxy, and its value.
type Variable = (&'static str, String);

/// What the environment says.
#[derive(Default)]
pub(super) struct Proxies {
    http: Option<Variable>,
    https: Option<Variable>,
    no_proxy: String,
}

/// Without the URLs: they may hold passwords.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").finish_non_exhaustive()
    }
}

impl Proxies {
    /// Reads the variables through `variable`.
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_uppercase()));
        let all = either("all_proxy").map(|value| ("all_proxy", value));
        let https = either("https_proxy").map(|value| ("https_proxy", value));
        Proxies {
            http: variable("http_proxy").map(|value| ("http_proxy", value)).or_else(|| all.clone()),
            https: https.or(all),
            no_proxy: either("no_proxy").unwrap_or_default(),
        }
    }

    /// The proxy for `target`; `chosen` (the config's) goes before the environment's, and
    /// `no_proxy` before both.
    pub(super) fn choose(
        &self,
        target: &Url,
        chosen: Option<&Url>,
    ) -> Result<Option<Proxy>, Failure> {
        let port = target.port_or_known_default().unwrap_or(0);
        if excepted(&self.no_proxy, target.host_str().unwrap_or_default(), port) {
            return Ok(None);
        }
        if let Some(url) = chosen {
            return Proxy::from_url("proxy", url).map(Some);
        }
        let variable = if target.scheme() == "https" { &self.https } else { &self.http };
        let Some((name, text)) = variable else { return Ok(None) };
        let text = text.trim();
        let url = if text.contains("://") { text.into() } else { format!("http://{text}") };
        let url =
            Url::parse(&url).map_err(|_| setting(format!("{name} is not the URL of a proxy")))?;
        Proxy::from_url(name, &url).map(Some)
    }
}

impl Proxy {
    /// `name` is what the setting is called.
    fn from_url(name: &str, url: &Url) -> Result<Proxy, Failure> {
        let host = url.host_str().filter(|_| url.scheme() == "http");
        let Some(host) = host else {
            return Err(setting(format!(
                "{name} names a proxy of the kind {}://, and only http:// is supported",
                url.scheme()
            )));
        };
        Ok(Proxy {
            host: host.into(),
            port: url.port_or_known_default().unwrap_or(80),
            authorization: basic(url),
        })
    }

    /// Asks for a tunnel to `authority` (RFC 9110 §9.3.6).
    pub(super) async fn tunnel(
        &self,
        tcp: &mut Async<TcpStream>,
        authority: &str,
    ) -> Result<(), Failure> {
        let mut ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(authorization) = &self.authorization {
            ask.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
        }
        ask.push_str("\r\n");
        let broken = |error: std::io::Error| {
            connect(format!("the proxy {self:?} broke off: {}", plainly(&error)))
        };
        tcp.write_all(ask.as_bytes()).await.map_err(broken)?;
        let mut head = Vec::with_capacity(256);
        let mut buffer = [0; 512];
        while find(&head, b"\r\n\r\n").is_none() && find(&head, b"\n\n").is_none() {
            let count = tcp.read(&mut buffer).await.map_err(broken)?;
            head.extend_from_slice(&buffer[..count]);
            if count == 0 || head.len() > MAX_PROXY_HEAD {
                return Err(connect(format!("the proxy {self:?} gave no proper answer")));
            }
        }
        let status = status(&head);
        match status {
            Some(200..=299) if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") => Ok(()),
            Some(407) => Err(connect(format!("the proxy {self:?} wants other credentials (407)"))),
            Some(status) if status >= 300 => {
                let refused = connect(format!("the proxy {self:?} refused the tunnel ({status})"));
                // It did not reach the server.
                let theirs = matches!(status, 502 | 504);
                let fault = if theirs { Fault::Theirs } else { Fault::Ours };
                Err(Failure { fault, ..refused })
            }
            _ => Err(connect(format!("the proxy {self:?} gave no proper answer"))),
        }
    }
}

fn setting(cause: String) -> Failure {
    Failure::new(Stage::Config, cause)
}

/// A proxy is a setting of ours: no server is held for what is wrong with it.
fn connect(cause: String) -> Failure {
    Failure::new(Stage::Connect, cause).ours()
}

/// The status of a head that begins with `HTTP/1.x NNN`.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

/// Whether `no_proxy` excepts a host: `*` for all, names with everything below them, addresses,
/// networks (`10.0.0.0/8`), each with or without a port.
///
/// hyper-util's `Matcher` knows neither ports nor `*.name` nor blanks between entries, and asks
/// directly where a proxy's URL cannot be read.
fn excepted(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = host.trim_end_matches('.');
    let address = ip_literal(host);
    no_proxy.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        let (entry, entry_port) = match entry.rsplit_once(':') {
            Some((name, digits))
                if !name.ends_with(':') && (!name.contains(':') || name.ends_with(']')) =>
            {
                (name, digits.parse().ok())
            }
            _ => (entry, None),
        };
        if entry_port.is_some_and(|entry_port: u16| entry_port != port) {
            return false;
        }
        let entry = entry.trim_end_matches('.');
        match address {
            _ if entry == "*" => true,
            Some(address) => covers(entry, address),
            None => below(host, entry.trim_start_matches("*.").trim_start_matches('.')),
        }
    })
}

fn covers(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, None),
    };
    match (ip_literal(network), address) {
        (Some(IpAddr::V4(network)), IpAddr::V4(address)) => {
            let shift = 32 - bits.unwrap_or(32).min(32);
            u32::from(network).checked_shr(shift) == u32::from(address).checked_shr(shift)
        }
        (Some(IpAddr::V6(network)), IpAddr::V6(address)) => {
            let shift = 128 - bits.unwrap_or(128).min(128);
            u128::from(network).checked_shr(shift) == u128::from(address).checked_shr(shift)
        }
        _ => false,
    }
}

fn below(host: &str, name: &str) -> bool {
    let Some(start) = host.len().checked_sub(name.len()) else { return false };
    !name.is_empty()
        && host.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(name))
        && (start == 0 || host.as_bytes().get(start - 1) == Some(&b'.'))
}

/// The user and password of a URL as `Basic` credentials (RFC 7617), percent-decoded.
pub fn basic(url: &Url) -> Option<String> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    Some(format!("Basic {}", BASE64_STANDARD.encode(&pair)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(variables: &[(&str, &str)], target: &str) -> Option<String> {
        let variable = |name: &str| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
        };
        let proxies = Proxies::read(variable);
        let proxy = proxies.choose(&Url::parse(target).unwrap(), None).unwrap();
        proxy.map(|proxy| format!("{proxy:?}"))
    }

    #[test]
    fn variables_are_read_as_curl_reads_them() {
        let some = |text: &str| Some(text.to_string());
        assert_eq!(choose(&[("http_proxy", "http://p:3128")], "http://a.test/"), some("p:3128"));
        assert_eq!(choose(&[("http_proxy", "p:3128")], "http://a.test/"), some("p:3128"));
        assert_eq!(choose(&[("http_proxy", "http://p:3128")], "https://a.test/"), None);
        assert_eq!(choose(&[("HTTP_PROXY", "http://p:3128")], "http://a.test/"), None);
        assert_eq!(choose(&[("HTTPS_PROXY", "http://p")], "https://a.test/"), some("p:80"));
        assert_eq!(choose(&[("ALL_PROXY", "http://p:1")], "http://a.test/"), some("p:1"));
        assert_eq!(choose(&[("http_proxy", " ")], "http://a.test/"), None);
        assert_eq!(choose(&[("all_proxy", "p:1"), ("no_proxy", "*")], "http://a.test/"), None);
    }

    #[test]
    fn no_proxy_excepts_names_and_what_is_below_them() {
        for (list, host, expected) in [
            ("a.test", "a.test", true),
            (".a.test", "b.a.test", true),
            ("*.a.test", "b.a.test", true),
            ("a.test", "ba.test", false),
            ("x.test, a.test", "A.test", true),
            ("a.test:8080", "a.test", false),
            ("a.test:80", "a.test", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.0/8", "127.9.9.9", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "11.0.0.1", true),
            ("::1", "[::1]", true),
            ("[::1]:80", "[::1]", true),
            ("fd00::/8", "[fd12::1]", true),
            ("1", "127.0.0.1", false),
            ("", "a.test", false),
        ] {
            assert_eq!(excepted(list, host, 80), expected, "{list} {host}");
        }
    }

    #[test]
    fn credentials_are_percent_decoded_and_never_shown() {
        let url = Url::parse("http://us%C3%A9r:p%40ss@proxy.test:3128").unwrap();
        let proxy = Proxy::from_url("proxy", &url).unwrap();
        assert_eq!(proxy.authorization.as_deref(), Some("Basic dXPDqXI6cEBzcw=="));
        assert_eq!(format!("{proxy:?}"), "proxy.test:3128");
    }

    #[test]
    fn other_kinds_of_proxies_are_refused_by_name() {
        let url = Url::parse("socks5://127.0.0.1:1080").unwrap();
        let failure = Proxy::from_url("all_proxy", &url).unwrap_err();
        assert!(failure.cause.starts_with("all_proxy names a proxy of the kind socks5://"));
        assert_eq!(failure.fault, Fault::Ours);
    }
}
