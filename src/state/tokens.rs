//! The tokens at hand, and how they outlive a process.
//!
//! A line for each: what it is known by, when it was given, when it ends, and the token. The file is
//! for its owner's eyes alone. Nothing depends on it: a token that is lost is asked for again, and one
//! that is damaged is refused and then asked for again.

use std::fmt::Write;

use crate::source::grant::{MAX_TOKEN, Token};
use crate::time::Timestamp;

/// No more tokens are kept: those that end last.
pub const MAX_TOKENS: usize = 64;

/// No file of them is larger.
pub const MAX_FILE: u64 = (MAX_TOKENS * (MAX_TOKEN + 128)) as u64;

/// The first line of a file that this program reads.
const HEAD: &str = "newsagg tokens 1";

/// What every version's first line begins with.
const ANY_HEAD: &str = "newsagg tokens ";

/// The tokens at hand, by what they are known by.
#[derive(Debug, Default)]
pub struct Tokens {
    /// In their order. A few dozen: no map of the standard library is worth its 5 kB.
    known: Vec<(String, Token)>,
    changed: bool,
    /// A newer program's file, which is not overwritten.
    newer: bool,
}

impl Tokens {
    /// What is kept under this key, if it is good for a while yet.
    pub fn get(&self, key: &str, now: Timestamp) -> Option<&Token> {
        self.at(key).filter(|token| token.is_good(now))
    }

    fn at(&self, key: &str) -> Option<&Token> {
        let at = self.place(key).ok()?;
        Some(&self.known[at].1)
    }

    /// Where it stands, or would.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.known.binary_search_by(|(known, _)| (**known).cmp(key))
    }

    /// What stood there before.
    fn put(&mut self, key: String, token: Option<Token>) -> Option<Token> {
        match (self.place(&key), token) {
            (Ok(at), Some(token)) => Some(std::mem::replace(&mut self.known[at].1, token)),
            (Ok(at), None) => Some(self.known.remove(at).1),
            (Err(at), Some(token)) => {
                self.known.insert(at, (key, token));
                None
            }
            (Err(_), None) => None,
        }
    }

    /// Takes note of what a round came to at `now`.
    pub fn note(&mut self, changes: Vec<(String, Option<Token>)>, now: Timestamp) {
        for (key, token) in changes {
            let old = self.put(key, token.clone());
            self.changed |= old != token;
        }
        if self.changed {
            self.known.retain(|(_, token)| token.is_good(now));
        }
        while self.known.len() > MAX_TOKENS {
            let places = 0..self.known.len();
            let Some(first) = places.min_by_key(|&at| self.known[at].1.until) else { return };
            self.known.remove(first);
        }
    }

    /// Takes over what another process left, where it is not older than what is at hand.
    pub fn learn(&mut self, file: &[u8]) {
        let text = String::from_utf8_lossy(file);
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        self.newer = head != HEAD && head.starts_with(ANY_HEAD);
        if head != HEAD {
            return;
        }
        for (key, token) in lines.filter_map(line).take(MAX_TOKENS) {
            if self.at(&key).is_none_or(|known| known.since < token.since) {
                self.put(key, Some(token));
            }
        }
    }

    /// The file, if what it would say is new.
    pub fn unsaved(&self) -> Option<Vec<u8>> {
        if !self.changed || self.newer {
            return None;
        }
        let mut text = format!("{HEAD}\n");
        for (key, token) in &self.known {
            let (since, until) = (token.since.unix(), token.until.unix());
            // Writing to memory does not fail.
            let _ = writeln!(text, "{key} {since} {until} {}", token.secret.0);
        }
        Some(text.into_bytes())
    }

    /// The file says so now.
    pub fn saved(&mut self) {
        self.changed = false;
    }
}

/// `KEY SINCE UNTIL TOKEN`
fn line(line: &str) -> Option<(String, Token)> {
    let mut words = line.split(' ');
    let key = words.next().filter(|key| !key.is_empty())?;
    let mut date = || Timestamp::from_unix(words.next()?.parse().ok()?);
    let (since, until) = (date()?, date()?);
    let token = Token::new(words.next()?.to_owned(), since, until)?;
    words.next().is_none().then(|| (key.to_owned(), token))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_327_200;

    fn at(unix: i64) -> Timestamp {
        Timestamp::from_unix(unix).unwrap()
    }

    fn token(text: &str, until: i64) -> Token {
        Token::new(text.into(), at(NOW), at(until)).unwrap()
    }

    fn shown(tokens: &Tokens, key: &str) -> Option<String> {
        tokens.get(key, at(NOW)).map(Token::field)
    }

    #[test]
    fn what_one_process_leaves_the_next_takes_over() {
        let mut tokens = Tokens::default();
        assert!(tokens.unsaved().is_none());
        tokens.note(vec![("a".into(), Some(token("one", NOW + 3_600)))], at(NOW));
        let file = tokens.unsaved().unwrap();
        assert_eq!(file, b"newsagg tokens 1\na 1795327200 1795330800 one\n");
        tokens.saved();
        assert!(tokens.unsaved().is_none());
        let mut next = Tokens::default();
        next.learn(&file);
        assert_eq!(shown(&next, "a").as_deref(), Some("Bearer one"));
        assert!(next.unsaved().is_none());
        // A younger one at hand is not given up for an older one.
        let younger = Token { since: at(NOW + 1), ..token("two", NOW + 3_600) };
        next.note(vec![("a".into(), Some(younger))], at(NOW + 1));
        next.learn(&file);
        assert_eq!(next.get("a", at(NOW + 1)).map(Token::field).as_deref(), Some("Bearer two"));
        next.note(vec![("a".into(), None)], at(NOW));
        assert_eq!(next.unsaved().unwrap(), b"newsagg tokens 1\n");
    }

    #[test]
    fn what_ended_is_neither_given_nor_kept() {
        let mut tokens = Tokens::default();
        tokens.note(vec![("old".into(), Some(token("one", NOW)))], at(NOW - 3_600));
        assert_eq!(shown(&tokens, "old"), None);
        tokens.note(vec![("new".into(), Some(token("two", NOW + 3_600)))], at(NOW));
        assert!(!String::from_utf8(tokens.unsaved().unwrap()).unwrap().contains("one"));
    }

    #[test]
    fn of_a_damaged_file_the_whole_lines_count_and_of_a_newer_one_none() {
        let good = "a 1795327200 1795330800 one";
        for (file, key) in [
            (format!("newsagg tokens 1\nb x y\n{good}\nc 1 2 x\u{7f}\n"), Some("Bearer one")),
            (format!("newsagg tokens 1\n{good} more\n"), None),
            (format!("newsagg tokens 1\n{}", &good[..10]), None),
            (format!("{good}\n"), None),
            (format!("newsagg tokens 2\n{good}\n"), None),
            ("\0\u{1}".into(), None),
            (String::new(), None),
        ] {
            let mut tokens = Tokens::default();
            tokens.learn(file.as_bytes());
            assert_eq!(shown(&tokens, "a").as_deref(), key, "{file:?}");
            // A newer program's file stays as it is; any other is written anew.
            tokens.note(vec![("d".into(), Some(token("two", NOW + 3_600)))], at(NOW));
            assert_eq!(tokens.unsaved().is_none(), file.starts_with("newsagg tokens 2"));
        }
        let mut tokens = Tokens::default();
        tokens.learn(b"newsagg tokens 1\na 1 2 \xff\xfe\n");
        assert_eq!(tokens.known.len(), 0);
    }

    #[test]
    fn more_tokens_than_the_bound_leave_those_that_end_last() {
        let mut tokens = Tokens::default();
        let many = (0..=MAX_TOKENS as i64).map(|n| {
            (format!("token:{n:016}"), Some(token(&"x".repeat(MAX_TOKEN), NOW + 3_600 + n)))
        });
        tokens.note(many.collect(), at(NOW));
        assert_eq!(tokens.known.len(), MAX_TOKENS);
        assert_eq!(shown(&tokens, &format!("token:{:016}", 0)), None);
        let file = tokens.unsaved().unwrap();
        assert!(file.len() as u64 <= MAX_FILE, "{}", file.len());
        let mut next = Tokens::default();
        next.learn(&file);
        assert_eq!(next.known.len(), MAX_TOKENS);
    }
}
