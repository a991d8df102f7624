//! What of a link names the story.

use std::borrow::Cow;

use super::tracking;

/// Parameters that never tell two stories apart, though some page may want them: for comparing alone.
const IDLE: &[&str] = &["CMP", "cmp", "ito", "ocid", "ref", "smid"];

/// The canonical form of an absolute link, for comparing only: without scheme, `www.`, default
/// port, fragment, tracking parameters and trailing slash.
pub fn canonical(link: &str) -> Cow<'_, str> {
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"));
    let Some(rest) = rest else { return Cow::Borrowed(link) };
    let rest = rest.split('#').next().unwrap_or(rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, query),
        None => (rest, ""),
    };
    let (authority, path) = match place.find('/') {
        Some(at) => place.split_at(at),
        None => (place, ""),
    };
    let default_port = if link.starts_with("https:") { ":443" } else { ":80" };
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    let path = path.trim_end_matches('/');
    let mut telling =
        query.split('&').filter(|pair| !pair.is_empty() && !is_idle(authority, pair)).peekable();
    if telling.peek().is_none() && authority.len() + path.len() == place.trim_end_matches('/').len()
    {
        return Cow::Borrowed(place.trim_end_matches('/'));
    }
    let mut out = String::with_capacity(rest.len());
    out.push_str(authority);
    out.push_str(path);
    for (index, pair) in telling.enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(pair);
    }
    Cow::Owned(out)
}

fn is_idle(host: &str, pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or(pair);
    IDLE.contains(&name) || tracking::tracks(host, name)
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn what_does_not_name_the_story_does_not_count() {
        for same in [
            "https://example.org/a/b",
            "http://example.org/a/b",
            "https://www.example.org/a/b/",
            "https://example.org:443/a/b#top",
            "http://example.org:80/a/b?utm_source=rss&utm_medium=feed",
            "https://example.org/a/b?fbclid=x&#y",
        ] {
            assert_eq!(canonical(same), "example.org/a/b", "{same}");
        }
    }

    #[test]
    fn what_names_the_story_counts() {
        assert_eq!(canonical("https://example.org/?id=1&utm_x=2&b=3"), "example.org?id=1&b=3");
        assert_eq!(canonical("https://example.org:8080/a"), "example.org:8080/a");
        assert_eq!(canonical("http://example.org:443/a"), "example.org:443/a");
        assert_ne!(canonical("https://example.org/a"), canonical("https://example.org/A"));
        assert_eq!(canonical("mailto:someone"), "mailto:someone");
    }
}
