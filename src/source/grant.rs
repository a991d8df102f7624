//! Tokens that a service gives for a key and a secret: OAuth 2.0's client credentials
//! (RFC 6749 §4.4).
//!
//! A source says with a [`Grant`] where its token is to be had and how; the round asks for it before
//! anything else, and everything that the source asks for carries it (RFC 6750 §2.1).

use std::fmt;

use serde::Deserialize;

use super::{account, not_json, said, unreadable};
use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url};
use crate::json;
use crate::time::Timestamp;

/// A token that is asked for anew so many seconds before it ends: what is sent with it has to
/// arrive.
pub const MARGIN: i64 = 60;

/// So many seconds a token is good for whose service does not say it (RFC 6749 §5.1).
pub const USUAL_LIFETIME: i64 = 3_600;

/// No token is believed to be good for more seconds.
pub const MAX_LIFETIME: i64 = 30 * 86_400;

/// No token is longer than so many bytes: servers refuse heads that grow.
pub const MAX_TOKEN: usize = 4 * 1024;

/// How a source gets its token.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Where it is asked for.
    pub url: Url,
    /// Who asks.
    pub client_id: Secret,
    /// What proves it.
    pub client_secret: Secret,
    /// What to do when the service knows neither; to stand in an error.
    pub remedy: &'static str,
}

/// What a source's requests carry.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Visible ASCII, at most [`MAX_TOKEN`] bytes.
    pub secret: Secret,
    /// When it was given.
    pub since: Timestamp,
    /// When it ends.
    pub until: Timestamp,
}

impl Grant {
    /// What the token is known by: from this nobody gets the secret back.
    pub fn key(&self) -> String {
        let Grant { url, client_id, client_secret, .. } = self;
        account("token", &Secret(format!("{url}\n{}\n{}", client_id.0, client_secret.0)))
    }

    /// Asks for a token. Id and secret stand in the URL, which keeps them off every log and away from
    /// every other server, and are sent as a header field (RFC 6749 §2.3.1).
    pub fn request(&self) -> Request {
        let mut url = self.url.clone();
        // In a URL it begins an escape, and is none that needs one.
        let whole = |text: &Secret| text.0.replace('%', "%25");
        // Both fail only where there is no host.
        let _ = url.set_username(&whole(&self.client_id));
        let _ = url.set_password(Some(&whole(&self.client_secret)));
        Request { form: Some("grant_type=client_credentials"), ..Request::get(url) }
    }

    /// Reads a 2xx answer that came at `now` (RFC 6749 §5.1).
    ///
    /// # Errors
    /// The service's own (Reddit says «no» with 200, too), or what is wrong with the answer.
    pub fn read(&self, document: &Document<'_>, now: Timestamp) -> Result<Token, Failure> {
        let answer: Answer = json::from_slice(document.body).map_err(not_json)?;
        let Some(token) = answer.access_token else {
            return Err(match answer.words() {
                Some(words) => Failure::new(Stage::Service, self.refused(&words)),
                None => unreadable("no token: `access_token` is missing"),
            });
        };
        let bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
        if !answer.token_type.as_ref().is_none_or(bearer) {
            return Err(unreadable("a token of another type than bearer"));
        }
        let lifetime = answer.expires_in.unwrap_or(USUAL_LIFETIME).clamp(0, MAX_LIFETIME);
        let until = Timestamp::from_unix(now.unix().saturating_add(lifetime)).unwrap_or(now);
        Token::new(token, now, until).ok_or_else(|| unreadable("a token that cannot be sent"))
    }

    /// What an answer with another status says: in its own words, and what to do about it.
    pub fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        let answer = json::from_slice::<Answer>(body).unwrap_or_default();
        match (status, answer.words()) {
            (400 | 401, words) => Some(self.refused(&words.unwrap_or_default())),
            (_, words) => Some(format!("no token: {}", said(&words?, &self.client_secret))),
        }
    }

    /// No, whatever the words.
    fn refused(&self, words: &str) -> String {
        let words = said(words, &self.client_secret);
        let words = if words.is_empty() { words } else { format!(" ({words})") };
        format!("no token is given{words}: {}", self.remedy)
    }
}

impl Token {
    /// `None` for what cannot stand in a header field.
    pub fn new(secret: String, since: Timestamp, until: Timestamp) -> Option<Token> {
        let fits = !secret.is_empty() && secret.len() <= MAX_TOKEN;
        let sent = fits && secret.bytes().all(|byte| byte.is_ascii_graphic());
        sent.then_some(Token { secret: Secret(secret), since, until })
    }

    /// Whether it is good for a while yet. One that was given in the future is not: the calendar was
    /// set since, and nobody knows how long ago that was.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.since <= now && now.unix().saturating_add(MARGIN) < self.until.unix()
    }

    /// The header field's value.
    pub fn field(&self) -> String {
        format!("Bearer {}", self.secret.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(until {})", self.until)
    }
}

/// A token, or why there is none (RFC 6749 §5.1, §5.2; Reddit's gateway: `message`, and a status
/// for `error`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    #[serde(deserialize_with = "json::text")]
    access_token: Option<String>,
    #[serde(deserialize_with = "json::text")]
    token_type: Option<String>,
    #[serde(deserialize_with = "json::integer")]
    expires_in: Option<i64>,
    #[serde(deserialize_with = "json::text")]
    error: Option<String>,
    #[serde(deserialize_with = "json::text")]
    error_description: Option<String>,
    #[serde(deserialize_with = "json::text")]
    message: Option<String>,
}

impl Answer {
    fn words(&self) -> Option<String> {
        self.error_description.clone().or(self.message.clone()).or(self.error.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_327_200;

    fn grant() -> Grant {
        Grant {
            url: Url::parse("https://a.test/token").unwrap(),
            client_id: Secret("the-id".into()),
            client_secret: Secret("the-secret".into()),
            remedy: "see there",
        }
    }

    fn at(unix: i64) -> Timestamp {
        Timestamp::from_unix(unix).unwrap()
    }

    fn read(body: &str) -> Result<Token, String> {
        let document = Document { url: None, content_type: None, body: body.as_bytes() };
        grant().read(&document, at(NOW)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn id_and_secret_are_sent_and_never_shown() {
        let request = grant().request();
        assert_eq!(request.form, Some("grant_type=client_credentials"));
        assert_eq!(request.url.as_str(), "https://the-id:the-secret@a.test/token");
        assert_eq!(crate::http::without_secrets(&request.url), "https://a.test/token");
        let odd = Grant { client_secret: Secret("a%41b:c@d/e".into()), ..grant() };
        let odd = odd.request().url;
        assert_eq!(odd.password(), Some("a%2541b%3Ac%40d%2Fe"));
        let shown = format!("{:?} {}", grant(), grant().key());
        assert!(!shown.contains("the-"), "{shown}");
    }

    #[test]
    fn whoever_asks_otherwise_has_another_token() {
        let other = Grant { client_secret: Secret("another".into()), ..grant() };
        assert_eq!(grant().key(), grant().key());
        assert_ne!(grant().key(), other.key());
    }

    #[test]
    fn a_token_says_how_long_it_is_good() {
        let token = read(
            r#"{"access_token": "abc", "token_type": "bearer", "expires_in": 86400, "scope": "*"}"#,
        );
        let token = token.unwrap();
        assert_eq!((token.field().as_str(), token.until), ("Bearer abc", at(NOW + 86_400)));
        for (after, good) in [(-1, false), (0, true), (86_339, true), (86_340, false)] {
            assert_eq!(token.is_good(at(NOW + after)), good, "{after}");
        }
        let lifetime = |told: &str| {
            let token = read(&format!(r#"{{"access_token": "abc"{told}}}"#)).unwrap();
            token.until.unix() - NOW
        };
        assert_eq!(lifetime(""), USUAL_LIFETIME);
        assert_eq!(lifetime(r#", "expires_in": "soon""#), USUAL_LIFETIME);
        assert_eq!(lifetime(r#", "expires_in": 99999999999"#), MAX_LIFETIME);
        assert_eq!(lifetime(r#", "expires_in": -5"#), 0);
    }

    #[test]
    fn what_is_no_token_is_a_failure_without_a_secret_in_it() {
        let long = format!(r#"{{"access_token": "{}"}}"#, "x".repeat(MAX_TOKEN + 1));
        for (body, cause) in [
            (
                "<html>",
                "read: the answer is not the JSON it should be: expected value at line 1 column 1",
            ),
            ("{}", "read: no token: `access_token` is missing"),
            (
                r#"{"access_token": "a", "token_type": "mac"}"#,
                "read: a token of another type than bearer",
            ),
            (r#"{"access_token": ""}"#, "read: a token that cannot be sent"),
            (r#"{"access_token": "a\r\nx: y"}"#, "read: a token that cannot be sent"),
            (&long, "read: a token that cannot be sent"),
            (
                r#"{"error": "unsupported_grant_type"}"#,
                "service: no token is given (unsupported_grant_type): see there",
            ),
        ] {
            assert_eq!(read(body), Err(cause.into()));
        }
        assert!(read(&format!(r#"{{"access_token": "{}"}}"#, "x".repeat(MAX_TOKEN))).is_ok());
    }

    #[test]
    fn a_refusal_says_what_to_do_and_quotes_no_secret() {
        let said = |status, body: &str| grant().explain(status, body.as_bytes());
        for (status, body, words) in [
            (
                401,
                r#"{"message": "Unauthorized", "error": 401}"#,
                "no token is given (Unauthorized): see there",
            ),
            (
                400,
                r#"{"error": "x", "error_description": "no the-secret."}"#,
                "no token is given (no (key)): see there",
            ),
            (401, "<html>", "no token is given: see there"),
            (
                429,
                r#"{"message": "Too Many Requests", "error": 429}"#,
                "no token: Too Many Requests",
            ),
        ] {
            assert_eq!(said(status, body).as_deref(), Some(words));
        }
        assert_eq!(said(500, "<html>"), None);
    }
}
