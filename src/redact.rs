//! Secrets taken out of what strangers say.
//!
//! A server or a proxy may say back what it was told in confidence, as it was or in another form. Texts and secrets are
//! compared in a normal form: without regard to case, white space, characters that show nothing, tags and escape
//! sequences; with percent, JSON and character references decoded. Base64 is looked for at each of its three alignments.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use memchr::memmem;

use crate::http::{Request, Url, names_a_secret, without_secrets};
use crate::text;

/// A shorter text is no secret: it stands in many a sentence.
pub const MIN_SECRET: usize = 6;

/// What stands in place of a secret.
const SHOWN: &str = "(secret)";

/// No tag is longer than this many bytes.
const MAX_TAG: usize = 200;

/// The secrets to be taken out, in all their forms.
#[derive(Clone, Default)]
pub struct Redactor {
    /// In their normal form, each with the number of its secret.
    forms: Vec<(Vec<u8>, usize)>,
}

/// Without the secrets.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// Adds a secret, unless it is shorter than [`MIN_SECRET`].
    pub fn add(&mut self, secret: &str) {
        self.add_numbered(secret, 0);
    }

    /// Adds a secret that [`Redactor::replace`] tells from others by this number.
    pub fn add_numbered(&mut self, secret: &str, number: usize) {
        if secret.len() < MIN_SECRET {
            return;
        }
        self.forms.push((normal(secret).0, number));
        for alignment in 0..3 {
            // The first and the last letters also tell of what stands before and behind.
            let coded = STANDARD_NO_PAD.encode([&vec![0; alignment], secret.as_bytes()].concat());
            let whole = coded.len() - usize::from((alignment + secret.len()) % 3 > 0);
            let core = &coded[(alignment * 4).div_ceil(3)..whole];
            if core.len() >= MIN_SECRET {
                self.forms.push((normal(core).0, number));
            }
        }
    }

    /// Adds a name and its password, and what Basic authentication (RFC 7617) makes of them.
    pub fn add_pair(&mut self, name: &str, password: &str) {
        self.add(name);
        self.add(password);
        self.add(&STANDARD_NO_PAD.encode(format!("{name}:{password}")));
    }

    /// Adds the pair in the value of a field for Basic authentication.
    pub fn add_basic(&mut self, field: &str) {
        let coded = field.strip_prefix("Basic ").unwrap_or(field);
        let pair = STANDARD.decode(coded).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some((name, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
            self.add_pair(name, password);
        }
    }

    /// Adds all that another one takes out.
    pub fn add_all(&mut self, other: &Redactor) {
        self.forms.extend_from_slice(&other.forms);
    }

    /// Adds what is secret in a URL: user name, password, and what looks like a key in the query.
    pub fn add_url(&mut self, url: &Url) {
        let plain = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
        };
        let (name, password) = (plain(url.username()), url.password().map(plain));
        if !name.is_empty() || password.is_some() {
            self.add_pair(&name, &password.unwrap_or_default());
        }
        let keys = url.query_pairs().filter(|(name, _)| names_a_secret(name));
        keys.for_each(|(_, value)| self.add(&value));
    }

    /// The text without the secrets.
    pub fn redact(&self, text: &str) -> String {
        self.replace(text, &|_| SHOWN.to_owned())
    }

    /// The text with what `word` says of its number in place of each secret.
    pub fn replace(&self, text: &str, word: &dyn Fn(usize) -> String) -> String {
        let (bytes, spans) = normal(text);
        let mut found: Vec<(usize, usize, usize)> = Vec::new();
        for (form, number) in self.forms.iter().filter(|(form, _)| !form.is_empty()) {
            let ends = |at: usize| (spans[at].0, spans[at + form.len() - 1].1, *number);
            found.extend(memmem::find_iter(&bytes, form).map(ends));
        }
        found.sort();
        let (mut out, mut end) = (String::with_capacity(text.len()), 0);
        for (from, to, number) in found {
            if from >= end {
                out.push_str(&text[end..from]);
                out.push_str(&word(number));
            }
            end = end.max(to);
        }
        out.push_str(&text[end..]);
        out
    }
}

impl Request {
    /// What must not be said back: secret header values (of `Bearer …` what stands behind the scheme), the
    /// URL's user and password, and the keys in its query.
    pub fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.add_url(&self.url);
        for header in self.headers.iter().filter(|header| header.secret) {
            redactor.add(&header.value);
            if let Some((_, bare)) = header.value.split_once(' ') {
                redactor.add(bare);
            }
        }
        redactor
    }

    /// The URL for a log: without what is secret in it, and without the secrets that a server may have put there.
    pub fn shown_url(&self) -> String {
        self.conceal(&without_secrets(&self.url))
    }

    /// The same words without this request's secrets, should a server say them back.
    pub fn conceal(&self, words: &str) -> String {
        self.redactor().redact(words)
    }
}

/// The normal form, and for each of its bytes where it stands in the text.
fn normal(text: &str) -> (Vec<u8>, Vec<(usize, usize)>) {
    let (mut bytes, mut spans) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let mut put = |decoded: &[u8], length: usize| {
            bytes.extend_from_slice(decoded);
            spans.extend(decoded.iter().map(|_| (at, at + length)));
            length
        };
        at += match escaped(rest) {
            Some((Decoded::Byte(byte), length)) if byte.is_ascii() => {
                put(&folded(char::from(byte)), length)
            }
            Some((Decoded::Byte(byte), length)) => put(&[byte], length),
            Some((Decoded::Letter(letter), length)) => put(&folded(letter), length),
            Some((Decoded::Nothing, length)) => length,
            None => put(&folded(letter), letter.len_utf8()),
        };
    }
    (bytes, spans)
}

/// What an escape sequence stands for.
enum Decoded {
    Byte(u8),
    Letter(char),
    Nothing,
}

/// A letter as it is compared: nothing if it shows nothing, in lower case, the alphabet of base64 for URLs as the other one.
fn folded(letter: char) -> Vec<u8> {
    match letter {
        '-' => vec![b'+'],
        '_' => vec![b'/'],
        '\u{200c}' | '\u{200d}' => Vec::new(),
        letter if letter.is_whitespace() || text::unwanted(letter) => Vec::new(),
        letter => letter.to_lowercase().collect::<String>().into_bytes(),
    }
}

/// The escape sequence or the tag that a text begins with, and its length.
fn escaped(text: &str) -> Option<(Decoded, usize)> {
    let hex = |from: usize, to: usize| {
        let digits = text.get(from..to).filter(|it| it.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    match text.as_bytes() {
        [b'%', ..] => Some((Decoded::Byte(hex(1, 3)? as u8), 3)),
        [b'\\', b'u', ..] => Some((Decoded::Letter(char::from_u32(hex(2, 6)?)?), 6)),
        [b'\\', b'x', ..] => Some((Decoded::Letter(char::from_u32(hex(2, 4)?)?), 4)),
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => Some((Decoded::Nothing, 2)),
        [b'\\', letter @ (b'"' | b'\\' | b'/' | b'\''), ..] => {
            Some((Decoded::Letter(char::from(*letter)), 2))
        }
        [b'&', ..] => {
            let end = text.bytes().take(text::MAX_REFERENCE).position(|byte| byte == b';')? + 1;
            let (letter, length) = text::reference(&text[..end])?;
            Some((Decoded::Letter(letter), length))
        }
        [b'<', b'/' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
            let end = text.bytes().take(MAX_TAG).position(|byte| byte == b'>')?;
            Some((Decoded::Nothing, end + 1))
        }
        // A sequence that colours a terminal, also where its first character was taken away.
        [b'\x1b', b'[', rest @ ..] => Some((Decoded::Nothing, 2 + colour(rest)?)),
        [b'[', rest @ ..] => Some((Decoded::Nothing, 1 + colour(rest)?)),
        _ => None,
    }
}

/// The length of the rest of a control sequence (ECMA-48 §8.3.117).
fn colour(rest: &[u8]) -> Option<usize> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    (rest.get(digits) == Some(&b'm')).then_some(digits + 1)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const KEY: &str = "k3y/Of-Zürich_42";

    /// The forms in which a secret is said back.
    fn forms(secret: &str) -> Vec<(&'static str, String)> {
        let each = |form: &dyn Fn(char) -> String| secret.chars().map(form).collect::<String>();
        let bytes = |form: &dyn Fn(u8) -> String| secret.bytes().map(form).collect::<String>();
        let json: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let coded = |text: &str| STANDARD.encode(text);
        let url_safe = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (first, last) = secret.split_at(4);
        vec![
            ("plain", secret.into()),
            ("upper case", secret.to_uppercase()),
            ("zero width", each(&|c| format!("{c}\u{200b}"))),
            ("joiners", each(&|c| format!("{c}\u{200d}"))),
            ("tag", format!("{first}<b class=\"x\">{last}</b>")),
            ("control", format!("{first}\u{1b}[31m{last}")),
            ("control without its first character", format!("{first}[1;31m{last}")),
            ("line end", format!("{first}\r\n{last}")),
            ("percent", bytes(&|byte| format!("%{byte:02X}"))),
            ("percent, in part", secret.replace('/', "%2f").replace('ü', "%c3%bc")),
            ("json", json),
            ("json, in part", secret.replace('/', "\\/")),
            ("decimal references", each(&|c| format!("&#{};", c as u32))),
            ("hexadecimal references", each(&|c| format!("&#x{:x};", c as u32))),
            ("named references", secret.replace('/', "&sol;").replace('ü', "&uuml;")),
            ("base64", coded(secret)),
            ("base64, shifted", coded(&format!("a{secret}"))),
            ("base64, shifted twice", coded(&format!("ab{secret}cd"))),
            ("base64 for URLs", url_safe(&format!("user:{secret}"))),
        ]
    }

    #[test]
    fn a_secret_is_taken_out_in_whatever_form_it_is_said_back() {
        let url = |text: &str| Url::parse(text).unwrap();
        let get = |text: &str| Request::get(url(text));
        let coded = "k3y%2fOf-Z%C3%BCrich_42";
        let requests = [
            ("header", get("https://a.test/").with("x-key", KEY, true)),
            (
                "bearer",
                get("https://a.test/").with("authorization", &format!("Bearer {KEY}"), true),
            ),
            ("password", get(&format!("https://me:{coded}@a.test/"))),
            ("user name alone", get(&format!("https://{coded}@a.test/"))),
            ("query", get(&format!("https://a.test/?api_key={coded}"))),
        ];
        for (kind, request) in requests {
            for (form, said) in forms(KEY) {
                let text = request.conceal(&format!("it said \u{ab}{said}\u{bb}, no more"));
                let shown = text.replace(SHOWN, "");
                // What is left of base64 tells of what stood beside the secret.
                assert!(text.contains(SHOWN) && shown.len() < 40, "{kind}, {form}: {text}");
                assert!(text.starts_with("it said \u{ab}") && text.ends_with("\u{bb}, no more"));
            }
        }
    }

    #[test]
    fn a_name_and_a_password_are_taken_out_as_a_pair_too() {
        let request = Request::get(Url::parse("https://me:pass@a.test/").unwrap());
        assert_eq!(
            request.conceal("Basic bWU6cGFzcw== of me, pass"),
            "Basic (secret)== of me, pass"
        );
        let mut redactor = Redactor::default();
        redactor.add_pair("operator", "hunter22");
        let said = "operator:hunter22, hunter22.example, /hunter22/, b3BlcmF0b3I6aHVudGVyMjI=";
        let shown = redactor.redact(said);
        assert_eq!(shown, "(secret):(secret), (secret).example, /(secret)/, (secret)=");
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        let request =
            Request::get(Url::parse("https://a.test/?token=a%20token&page=any/type").unwrap())
                .with("x-key", "short", true)
                .with("accept", "any/type", false);
        let text = "100 % of any/type, <b>short</b> \\u00zz %zz &nosuch; [31m [x] \u{200b}";
        assert_eq!(request.conceal(text), text);
        assert_eq!(request.conceal("2 any/type a token"), "2 any/type (secret)");
    }
}
