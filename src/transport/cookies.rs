//! Cookies within one chain of redirects (RFC 6265): some sites let nobody in who does not bring back
//! what they just set. They go to the server that set them, and are gone with the chain.

use super::headers::{parts, whole};
use crate::http::Url;
use crate::time::{Timestamp, parse_header_date};

/// No chain keeps more cookies than this; the oldest go first.
const MAX_COOKIES: usize = 16;

/// No more bytes of names and values than this are kept: servers refuse heads that grow.
const MAX_BYTES: usize = 4 << 10;

/// The cookies that the answers of one chain set.
#[derive(Default)]
pub(super) struct Jar(Vec<Cookie>);

struct Cookie {
    /// The URL whose answer set it.
    from: Url,
    name: String,
    value: String,
    /// For https only.
    secure: bool,
}

impl Jar {
    /// Takes the value of one `Set-Cookie` field in the answer of `from` at `now`. `Domain` and
    /// `Path` are not looked at: a cookie goes back to its own server, whatever it says.
    pub(super) fn set(&mut self, from: &Url, field: &str, now: Timestamp) {
        let mut attributes = parts(field, b';');
        let Some((name, value)) = attributes.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let (name, value) = (name.trim(), value.trim());
        if !is_token(name) || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return;
        }
        let (mut secure, mut over, mut expired) = (false, None, false);
        for attribute in attributes {
            let (key, said) = attribute.split_once('=').unwrap_or((attribute, ""));
            let said = said.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "secure" => secure = true,
                "max-age" => over = Some(whole(said).is_none_or(|seconds| seconds == 0)),
                "expires" => expired = parse_header_date(said).is_some_and(|date| date <= now),
                _ => {}
            }
        }
        self.0.retain(|old| old.name != name || !same_server(&old.from, from));
        if !over.unwrap_or(expired) {
            let (name, value) = (name.to_owned(), value.to_owned());
            self.0.push(Cookie { from: from.clone(), name, value, secure });
        }
        let size = |jar: &Jar| jar.0.iter().map(|it| it.name.len() + it.value.len()).sum::<usize>();
        while self.0.len() > MAX_COOKIES || size(self) > MAX_BYTES {
            self.0.remove(0);
        }
    }

    /// The `Cookie` field for a request to `url`, beside the pairs of the source's `own`; `None` if
    /// the jar has nothing for it.
    pub(super) fn field(&self, url: &Url, own: &str) -> Option<String> {
        let mut pairs: Vec<String> =
            self.to(url).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        if pairs.is_empty() {
            return None;
        }
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().trim().to_owned();
        let kept = parts(own, b';').filter(|pair| self.to(url).all(|it| it.name != name(pair)));
        pairs.extend(kept.map(str::to_owned));
        Some(pairs.join("; "))
    }

    /// The names of the cookies that `url` gets. A redirect to where the chain was already is no
    /// circle if there are others than then.
    pub(super) fn names(&self, url: &Url) -> String {
        self.to(url).map(|cookie| cookie.name.as_str()).collect::<Vec<_>>().join(";")
    }

    fn to(&self, url: &Url) -> impl Iterator<Item = &Cookie> {
        let https = url.scheme() == "https";
        self.0.iter().filter(move |it| same_server(&it.from, url) && (https || !it.secure))
    }
}

/// The same host on the same port, where http and https on their own ports are one.
fn same_server(one: &Url, other: &Url) -> bool {
    one.host_str() == other.host_str() && one.port() == other.port()
}

/// RFC 9110 §5.6.2.
fn is_token(name: &str) -> bool {
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(in_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(fields: &[&str]) -> Jar {
        let mut jar = Jar::default();
        let now = Timestamp::from_unix(1_795_327_200).unwrap();
        fields.iter().for_each(|field| jar.set(&url("https://a.test/"), field, now));
        jar
    }

    fn sent(fields: &[&str]) -> Option<String> {
        jar(fields).field(&url("https://a.test/feed"), "")
    }

    #[test]
    fn the_newest_value_of_each_name_is_sent_until_it_is_over() {
        assert_eq!(sent(&["a=1; Path=/", "b=2; HttpOnly"]).as_deref(), Some("a=1; b=2"));
        assert_eq!(sent(&["a=1", "b=2", " a = 3 ;x"]).as_deref(), Some("b=2; a=3"));
        assert_eq!(sent(&["a=\"x y\"; Max-Age=60"]).as_deref(), Some("a=\"x y\""));
        for over in ["Max-Age=0", "max-age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(sent(&["a=1", &format!("a=; {over}")]), None, "{over}");
        }
        let lasting = "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9";
        assert_eq!(sent(&[lasting]).as_deref(), Some("a=1"));
        for nonsense in ["", "a", "=1", "a b=1", "a=\u{1}", "a=é"] {
            assert_eq!(sent(&[nonsense]), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_cookie_never_leaves_its_server() {
        let all = jar(&["a=1; Domain=test", "s=2; Secure"]);
        for (place, field) in [
            ("https://a.test/x", Some("a=1; s=2")),
            ("http://a.test/", Some("a=1")),
            ("https://b.test/", None),
            ("https://www.a.test/", None),
            ("https://a.test:8443/", None),
        ] {
            assert_eq!(all.field(&url(place), "").as_deref(), field, "{place}");
        }
    }

    #[test]
    fn the_config_s_own_cookies_go_along_unless_they_were_set_anew() {
        let field = jar(&["a=1"]).field(&url("https://a.test/"), "a=0; b=2");
        assert_eq!(field.as_deref(), Some("a=1; b=2"));
    }

    #[test]
    fn a_jar_is_bounded() {
        let many: Vec<String> = (0..40).map(|n| format!("c{n}={n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let kept = sent(&many).unwrap();
        assert_eq!(kept.split("; ").count(), MAX_COOKIES);
        assert!(kept.ends_with("c39=39"), "{kept}");
        let large = format!("a={}", "x".repeat(MAX_BYTES));
        assert_eq!(sent(&["b=1", &large]), None);
    }
}
