//! JSON Pointers (RFC 6901), and `*` for every element.

use std::fmt;

/// A path into a document. A part `*` stands for every element of an array and every value of an
/// object, which RFC 6901 does not know; a key of that name can only be reached so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pointer(Vec<Token>);

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    name: String,
    /// What it means in an array: digits without a zero in front.
    index: Option<usize>,
}

impl Token {
    fn new(name: String) -> Token {
        let plain = name.bytes().all(|byte| byte.is_ascii_digit())
            && (name.len() == 1 || !name.starts_with('0'));
        let index = name.parse().ok().filter(|_| plain);
        Token { name, index }
    }

    pub(super) fn is_any(&self) -> bool {
        self.name == "*"
    }

    pub(super) fn is_key(&self, key: &str) -> bool {
        self.name == key || self.is_any()
    }

    pub(super) fn is_place(&self, place: usize) -> bool {
        self.index == Some(place) || self.is_any()
    }
}

impl Pointer {
    /// Empty for the whole document, or parts that each begin with `/`, with `~0` and `~1` as the
    /// only escapes. `None` for anything else.
    pub fn parse(text: &str) -> Option<Pointer> {
        if text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return None;
        }
        let mut parts = text.split('/');
        if !parts.next()?.is_empty() {
            return None;
        }
        let token = |part: &str| Token::new(part.replace("~1", "/").replace("~0", "~"));
        Some(Pointer(parts.map(token).collect()))
    }

    /// Whether it may lead to several places.
    pub fn has_any(&self) -> bool {
        self.0.iter().any(Token::is_any)
    }

    pub(super) fn tokens(&self) -> &[Token] {
        &self.0
    }

    /// Its beginning, of so many parts.
    pub(super) fn beginning(&self, parts: usize) -> Pointer {
        Pointer(self.0.iter().take(parts).cloned().collect())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|token| {
            f.write_str("/")?;
            f.write_str(&token.name.replace('~', "~0").replace('/', "~1"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pointers_of_rfc_6901_are_read_and_written() {
        // Its section 5.
        for text in
            ["", "/foo", "/foo/0", "/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/ ", "/m~0n"]
        {
            assert_eq!(Pointer::parse(text).expect(text).to_string(), text);
        }
        let both = Pointer::parse("/a~01b").expect("a pointer");
        assert!(both.tokens()[0].is_key("a~1b"));
        for text in ["a", "a/b", "/~", "/~2", "#/a", " "] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_index_has_no_zero_in_front_and_a_star_is_everywhere() {
        let token = |name: &str| Token::new(name.into());
        assert!(token("0").is_place(0) && token("10").is_place(10) && token("*").is_place(7));
        assert!(!token("01").is_place(1) && !token("-").is_place(0) && !token("").is_place(0));
        assert!(token("01").is_key("01") && token("*").is_key("01"));
    }
}
