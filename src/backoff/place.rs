//! Which part of the network a URL belongs to.

use std::net::IpAddr;

use crate::http::Url;

/// Services that count requests by the asking address over all their subdomains: what one of their
/// hosts refuses, the others will. Whoever is not here is judged host by host; there is no public
/// suffix list.
const LIMITED_TOGETHER: [&str; 5] =
    ["github.com", "medium.com", "reddit.com", "substack.com", "youtube.com"];

/// The known service that `host` is part of, by its registrable domain: `reddit.com` for
/// `old.reddit.com`. `None` for hosts that nothing is known of, and for addresses.
pub fn registrable(host: &str) -> Option<&'static str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    LIMITED_TOGETHER.into_iter().find(|domain| match host.strip_suffix(domain) {
        Some(labels) => labels.is_empty() || labels.ends_with('.'),
        None => false,
    })
}

/// Whether `url` plainly leads to the user's own house: `localhost` (RFC 6761 §6.3), or a loopback,
/// private or link-local address that is written out. Names that only resolve to one are not known
/// here.
pub fn own_house(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(it)) => it.is_loopback() || it.is_private() || it.is_link_local(),
        Ok(IpAddr::V6(it)) => {
            it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local()
        }
        Err(_) => {
            let name = host.strip_suffix('.').unwrap_or(host);
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// The host as its server is known by: with the port where it is not the scheme's own, because
/// what listens on another port of one machine is another server.
pub(super) fn server(url: &Url) -> String {
    let mut server = url.host_str().unwrap_or_default().to_string();
    if let Some(port) = url.port() {
        server.push(':');
        server.push_str(&port.to_string());
    }
    server
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_known_service_is_known_by_every_subdomain_and_by_no_likeness() {
        for (host, domain) in [
            ("reddit.com", Some("reddit.com")),
            ("www.reddit.com", Some("reddit.com")),
            ("old.reddit.com.", Some("reddit.com")),
            ("somebody.substack.com", Some("substack.com")),
            ("api.github.com", Some("github.com")),
            ("notreddit.com", None),
            ("reddit.com.example", None),
            ("github.io", None),
            ("com", None),
            ("127.0.0.1", None),
            ("", None),
        ] {
            assert_eq!(registrable(host), domain, "{host}");
        }
    }

    #[test]
    fn the_users_own_house_is_known_by_its_address() {
        for (host, own) in [
            ("localhost", true),
            ("localhost.", true),
            ("feeds.localhost:8080", true),
            ("127.0.0.1:1200", true),
            ("127.9.9.9", true),
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("[::1]", true),
            ("[fd00::1]:81", true),
            ("[fe80::1]", true),
            ("[::ffff:192.168.1.1]", true),
            ("172.32.0.1", false),
            ("8.8.8.8", false),
            ("[2606:4700::1111]", false),
            ("[::ffff:8.8.8.8]", false),
            ("notlocalhost", false),
            ("localhost.example", false),
            ("nas.lan", false),
        ] {
            let url = Url::parse(&format!("http://{host}/feed")).unwrap();
            assert_eq!(own_house(&url), own, "{host}");
        }
    }

    #[test]
    fn another_port_is_another_server_and_another_scheme_is_not() {
        for (url, name) in [
            ("https://a.test/x", "a.test"),
            ("http://a.test:80/y", "a.test"),
            ("https://a.test:8443/", "a.test:8443"),
            ("http://[::1]:81/", "[::1]:81"),
        ] {
            assert_eq!(server(&Url::parse(url).unwrap()), name);
        }
    }
}
