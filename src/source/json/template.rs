//! URLs made of what pointers lead to: `https://example.org/t/{/slug}/{/id}`.

use crate::http::Url;
use crate::json::{Bring, Found, Pointer, Slots};

/// No template has more pointers than this.
pub const MAX_PARTS: usize = 8;

/// A URL with pointers in braces, as RFC 6570 has variables (§3.2.2, §3.2.3): what `{/id}` leads to is
/// written with everything encoded that could mean something in a URL, `{+/path}` as it stands.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Value { slot: usize, keeps: &'static [u8] },
}

/// What is never encoded (RFC 3986 §2.3).
const UNRESERVED: &[u8] = b"-._~";
/// What is not encoded where it may mean something (§2.2), and what is encoded already.
const RESERVED: &[u8] = b"-._~:/?#[]@!$&'()*+,;=%";

impl Template {
    /// Reads a template, whose pointers get their places in `slots`.
    ///
    /// # Errors
    /// What is wrong with it, to stand after «must be …, but».
    pub(super) fn parse(text: &str, slots: &mut Slots) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut parts = 0;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (inside, after) = after.split_once('}').ok_or("a brace is not closed")?;
            let (pointer, keeps) = match inside.strip_prefix('+') {
                Some(pointer) => (pointer, RESERVED),
                None => (inside, UNRESERVED),
            };
            let pointer = Pointer::parse(pointer).ok_or_else(|| {
                format!("in the braces of it stands no JSON Pointer: {{{inside}}}")
            })?;
            parts += 1;
            let slot = slots.add(pointer, Bring::Value).filter(|_| parts <= MAX_PARTS);
            let slot = slot.ok_or_else(|| format!("it has more than {MAX_PARTS} pointers"))?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Value { slot, keeps });
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if parts == 0 {
            return Err("it has no pointer in braces, such as {/id}".into());
        }
        let template = Template(pieces);
        let example = template.write(&|_| Some("x")).unwrap_or_default();
        match Url::parse(&example) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(template),
            _ => Err("it does not make an absolute http:// or https:// URL".into()),
        }
    }

    /// The URL; `None` if a part is missing.
    pub(super) fn fill(&self, found: &Found) -> Option<String> {
        self.write(&|slot| found.get(slot)?.first().map(String::as_str))
    }

    fn write<'a>(&self, value: &dyn Fn(usize) -> Option<&'a str>) -> Option<String> {
        let mut url = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => url.push_str(text),
                Piece::Value { slot, keeps } => encode(value(*slot)?.trim(), keeps, &mut url),
            }
        }
        Some(url)
    }
}

/// Percent-encodes what is neither a letter, a digit nor kept (RFC 3986 §2.1).
fn encode(text: &str, keeps: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || keeps.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::one;

    fn filled(template: &str, json: &str) -> Option<String> {
        let mut slots = Slots::default();
        let template = Template::parse(template, &mut slots).expect(template);
        template.fill(&one(json, &slots).expect(json))
    }

    #[test]
    fn parts_are_encoded_and_none_may_be_missing() {
        let json = r#"{"id": 7, "slug": "a/b?c#d %é", "host": "x.example", "none": null, "path": "/u/a?b=1%20"}"#;
        for (template, url) in [
            (
                "https://a.example/t/{/slug}/{/id}",
                Some("https://a.example/t/a%2Fb%3Fc%23d%20%25%C3%A9/7"),
            ),
            ("https://a.example{+/path}", Some("https://a.example/u/a?b=1%20")),
            (
                "https://a.example/?q={/slug}&x=1",
                Some("https://a.example/?q=a%2Fb%3Fc%23d%20%25%C3%A9&x=1"),
            ),
            ("http://{/host}/{/id}", Some("http://x.example/7")),
            ("https://a.example/{/none}", None),
            ("https://a.example/{/nothing}/{/id}", None),
        ] {
            assert_eq!(filled(template, json).as_deref(), url, "{template}");
        }
        assert_eq!(
            filled("https://a.example/{}", "\"x y\"").as_deref(),
            Some("https://a.example/x%20y")
        );
    }

    #[test]
    fn what_makes_no_absolute_web_address_is_refused() {
        let parts = "{/a}".repeat(MAX_PARTS);
        for (template, wrong) in [
            ("https://a.example/x", "no pointer in braces"),
            ("https://a.example/{id}", "no JSON Pointer: {id}"),
            ("https://a.example/{/id", "not closed"),
            ("//a.example/{/id}", "no absolute"),
            ("javascript:{/id}", "no absolute"),
            ("{/url}", "no absolute"),
            (&format!("https://a.example/{parts}{{/b}}"), "more than 8"),
        ] {
            let error = Template::parse(template, &mut Slots::default()).expect_err(template);
            let wrong = wrong.replace("no absolute", "does not make an absolute");
            assert!(error.contains(&wrong), "{template}: {error}");
        }
        assert!(
            Template::parse(&format!("https://a.example/{parts}"), &mut Slots::default()).is_ok()
        );
    }
}
