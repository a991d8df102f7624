//! Keys, tokens and passwords, and the words that stand for them in a recording.

use std::cell::RefCell;

use crate::config::stand_in;
use crate::http::{Secret, Url, names_a_secret};
use crate::redact::{MIN_SECRET, Redactor};
use crate::wire::basic;

/// Members of JSON answers that hold what must not be told (RFC 6749 §5.1).
const TOKENS: [&str; 3] = ["\"access_token\"", "\"refresh_token\"", "\"id_token\""];

/// All secrets of a round. Each has a number, from 1, and the same one wherever it stands.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    known: RefCell<Vec<String>>,
    /// What is replaced wherever it stands: the longest first.
    everywhere: Vec<(String, usize)>,
    /// The same in forms that nobody thought of.
    redactor: Redactor,
}

/// So much of a text is looked through at once for secrets in other forms.
const PIECE: usize = 256 << 10;

impl Secrets {
    /// Takes what a config needed. Returns the numbers.
    pub(super) fn needed(&mut self, met: &[Option<Secret>]) -> Vec<Option<usize>> {
        met.iter().map(|secret| secret.as_ref().map(|secret| self.learn(&secret.0))).collect()
    }

    /// Takes one that is replaced wherever it stands. A short one would stand in many a word.
    pub(super) fn learn(&mut self, secret: &str) -> usize {
        let number = self.number(secret);
        let bare = secret.rsplit(' ').next().unwrap_or(secret);
        let encoded: String = bare.bytes().map(percent).collect();
        for text in [secret, bare] {
            for form in [text.to_owned(), text.replace('/', "\\/"), text.replace('&', "&amp;")] {
                self.replace(form, number);
            }
        }
        self.replace(encoded, number);
        self.redactor.add_numbered(bare, number);
        number
    }

    fn replace(&mut self, form: String, number: usize) {
        let known = self.everywhere.iter().any(|(known, _)| *known == form);
        if form.len() >= MIN_SECRET && !known {
            let longer = |(known, _): &(String, usize)| known.len() > form.len();
            let at = self.everywhere.partition_point(longer);
            self.everywhere.insert(at, (form, number));
        }
    }

    fn number(&self, secret: &str) -> usize {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|known| known == secret).unwrap_or_else(|| {
            known.push(secret.to_owned());
            known.len() - 1
        });
        at + 1
    }

    /// Takes the secrets of all URLs in a text: names and passwords, and what in their queries is
    /// called like a key.
    pub(super) fn learn_urls(&mut self, text: &str) {
        for (begin, end) in urls(text) {
            let Ok(url) = Url::parse(&text[begin..end]) else { continue };
            if let Some(basic) = basic(&url) {
                self.learn(basic.trim_start_matches("Basic "));
            }
            match url.password() {
                Some(password) => self.learn(&plain(password)),
                // A name alone is a token.
                None => self.learn(&plain(url.username())),
            };
            for (_, value) in url.query_pairs().filter(|(name, _)| is_secret(name)) {
                self.learn(&value);
            }
        }
    }

    /// Takes the tokens of an answer.
    pub(super) fn learn_tokens(&mut self, body: &str) {
        for name in TOKENS {
            for (at, _) in body.match_indices(name) {
                let rest = body[at + name.len()..].trim_start();
                let value =
                    rest.strip_prefix(':').and_then(|rest| rest.trim_start().strip_prefix('"'));
                let value = value.and_then(|rest| rest.split_once('"'));
                if let Some((value, _)) = value {
                    self.learn(value);
                }
            }
        }
    }

    /// The text with words in the place of secrets.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut done = 0;
        for (begin, end) in urls(text) {
            clean.push_str(&text[done..begin]);
            self.scrub_url(&text[begin..end], &mut clean);
            done = end;
        }
        clean.push_str(&text[done..]);
        match self.replaced(clean.as_bytes()) {
            Some(bytes) => String::from_utf8(bytes).unwrap_or_default(),
            None => clean,
        }
    }

    fn scrub_url(&self, url: &str, clean: &mut String) {
        let host = url.find("://").map_or(0, |at| at + 3);
        let path = url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at);
        clean.push_str(&url[..host]);
        let authority = &url[host..path];
        let server = match authority.rsplit_once('@') {
            Some((user, server)) => {
                for (index, part) in user.splitn(2, ':').enumerate() {
                    clean.push_str(if index == 0 { "" } else { ":" });
                    if !part.is_empty() {
                        let number = self.number(&plain(part));
                        clean.push_str(&stand_in(number));
                    }
                }
                clean.push('@');
                server
            }
            None => authority,
        };
        clean.push_str(server);
        let query = url[path..].find('?').map_or(url.len(), |at| path + at + 1);
        clean.push_str(&url[path..query]);
        for (index, pair) in url[query..].split('&').enumerate() {
            clean.push_str(if index == 0 { "" } else { "&" });
            match pair.split_once('=') {
                Some((name, value)) if is_secret(name) && !value.is_empty() => {
                    let value = plain(&value.replace('+', " "));
                    clean.push_str(name);
                    clean.push('=');
                    clean.push_str(&stand_in(self.number(&value)));
                }
                _ => clean.push_str(pair),
            }
        }
    }

    /// The bytes with words in the place of secrets; `None` if there are none in them.
    pub(super) fn replaced(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut clean = Vec::new();
        let (mut done, mut at) = (0, 0);
        while at < bytes.len() {
            let rest = &bytes[at..];
            let found = self.everywhere.iter().find(|(text, _)| rest.starts_with(text.as_bytes()));
            match found {
                Some((text, number)) => {
                    clean.extend_from_slice(&bytes[done..at]);
                    clean.extend_from_slice(stand_in(*number).as_bytes());
                    at += text.len();
                    done = at;
                }
                None => at += 1,
            }
        }
        clean.extend_from_slice(&bytes[done..]);
        let other = std::str::from_utf8(&clean).ok().and_then(|clean| self.in_other_forms(clean));
        other.or((done > 0).then_some(clean))
    }

    /// The text with words in the place of secrets that stand there in another form; `None` if none does.
    fn in_other_forms(&self, text: &str) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let (mut clean, mut rest) = (String::with_capacity(text.len()), text);
        while !rest.is_empty() {
            let end = (0..=PIECE.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end));
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            clean += &self.redactor.replace(piece, &stand_in);
            rest = after;
        }
        (clean != text).then(|| clean.into_bytes())
    }

    /// Whether there is anything to replace.
    pub(super) fn is_empty(&self) -> bool {
        self.everywhere.is_empty()
    }
}

/// Where URLs stand in a text.
fn urls(text: &str) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.match_indices("://") {
        if found.last().is_some_and(|(_, last)| at < *last) {
            // A part of that one: looking for its end again and again would take for ever.
            continue;
        }
        let scheme = text[..at].bytes().rev().take_while(u8::is_ascii_alphabetic).count();
        let begin = at - scheme;
        let ends = |c: char| c.is_whitespace() || c.is_control() || "\"'<>`\\".contains(c);
        let end = text[at..].find(ends).map_or(text.len(), |length| at + length);
        found.push((begin, end));
    }
    found
}

/// Whether a parameter of this name holds a secret. `author` and `keywords` do not.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let bare = lower.replace("authori", "auth-i").replace("author", "").replace("keyword", "");
    names_a_secret(&bare)
}

/// Without percent-encoding.
fn plain(text: &str) -> String {
    let pair = ["x=", &text.replace('+', "%2B")].concat();
    let mut base = Url::parse("http://x/").ok();
    if let Some(url) = &mut base {
        url.set_query(Some(&pair));
    }
    let value =
        base.as_ref().and_then(|url| url.query_pairs().next().map(|pair| pair.1.into_owned()));
    value.unwrap_or_else(|| text.to_owned())
}

fn percent(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    }
}

/// The config without comments: nobody knows what is noted there.
pub(super) fn without_comments(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    // The marks that end the string that we are in.
    let mut within: Option<&str> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match within {
            Some(mark) if rest.starts_with(mark) => {
                length = mark.len();
                within = None;
            }
            Some(mark) if c == '\\' && mark.starts_with('"') => {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
            Some(_) => {}
            None if c == '#' => {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            None => {
                let marks = ["\"\"\"", "'''", "\"", "'"];
                within = marks.into_iter().find(|mark| rest.starts_with(mark));
                length = within.map_or(length, str::len);
            }
        }
        clean.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    clean
}

#[cfg(test)]
mod tests;
