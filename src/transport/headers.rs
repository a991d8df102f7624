//! Header fields, ours and theirs.

use std::time::Duration;

use surf::http as message;
use surf::http::headers::{HeaderName, HeaderValue};

use super::Options;
use super::redirect::Chain;
use crate::failure::{Failure, Stage};
use crate::http::Validators;
use crate::time::{Timestamp, parse_date, parse_header_date};

/// A longer validator is neither kept nor sent: servers refuse heads that grow.
const MAX_VALIDATOR: usize = 1_024;

/// Puts the fields of a request in: ours, the source's own, which win, and what is held.
pub(super) fn fill(
    request: &mut message::Request,
    chain: &Chain<'_>,
    options: &Options,
) -> Result<(), Failure> {
    put(request, "user-agent", &options.user_agent)?;
    put(request, "accept", "*/*")?;
    put(request, "accept-encoding", "gzip")?;
    if let Some(authorization) = chain.authorization() {
        put(request, "authorization", authorization)?;
    }
    for header in chain.headers() {
        put(request, &header.name, &header.value)?;
    }
    let own = request.header("cookie").map(|field| field.last().as_str().to_owned());
    if let Some(cookies) = chain.cookies(own.as_deref().unwrap_or_default()) {
        put(request, "cookie", &cookies)?;
    }
    for (name, validator) in conditions(chain) {
        put(request, name, validator)?;
    }
    Ok(())
}

/// What makes this hop conditional (RFC 9110 §13.1.2, §13.1.3). A server that knows the first
/// field ignores the second (§13.2.2). A validator that cannot be sent is left out: the worst that
/// can happen is a whole answer.
pub(super) fn conditions<'c>(
    chain: &'c Chain<'_>,
) -> impl Iterator<Item = (&'static str, &'c str)> {
    let held = chain.validators();
    let field = |name, validator: Option<&'c String>| {
        let validator = validator.filter(|validator| is_validator(validator))?;
        Some((name, validator.as_str()))
    };
    let etag = field("if-none-match", held.and_then(|held| held.etag.as_ref()));
    let date = field("if-modified-since", held.and_then(|held| held.last_modified.as_ref()));
    etag.into_iter().chain(date)
}

/// The validators of an answer, as they came. None is made up: `Date` is no `Last-Modified`.
pub(super) fn validators(answer: &message::Response) -> Validators {
    let field = |name| first(answer, name).filter(|validator| is_validator(validator));
    Validators { etag: field("etag"), last_modified: field("last-modified") }
}

/// Whether it can be sent back: printable ASCII, of a length that servers take.
fn is_validator(text: &str) -> bool {
    let printable = |byte| matches!(byte, b'\t' | b' '..=b'~');
    !text.is_empty() && text.len() <= MAX_VALIDATOR && text.bytes().all(printable)
}

/// http-types panics on what is not ASCII, so it is checked here; hyper refuses line ends.
fn put(request: &mut message::Request, name: &str, value: &str) -> Result<(), Failure> {
    let field = HeaderName::from_bytes(name.as_bytes().to_vec());
    let content = HeaderValue::from_bytes(value.as_bytes().to_vec());
    match (field, content) {
        (Ok(field), Ok(content)) => {
            request.insert_header(field, content);
            Ok(())
        }
        _ => {
            let name: String = name.chars().filter(char::is_ascii_graphic).collect();
            let cause = format!("the header field {name} cannot be sent: it is not ASCII");
            Err(Failure::new(Stage::Protocol, cause))
        }
    }
}

/// The first value of a field.
pub(super) fn first(answer: &message::Response, name: &str) -> Option<String> {
    let value = answer.header(name)?.get(0)?;
    Some(value.as_str().trim().to_string()).filter(|value| !value.is_empty())
}

/// All values of a field, as one list (RFC 9110 §5.3).
pub(super) fn all(answer: &message::Response, name: &str) -> String {
    let values = answer.header(name).into_iter().flatten();
    values.map(HeaderValue::as_str).collect::<Vec<_>>().join(",")
}

/// The values of a field, line by line.
pub(super) fn values<'a>(
    answer: &'a message::Response,
    name: &str,
) -> impl Iterator<Item = &'a str> {
    answer.header(name).into_iter().flatten().map(HeaderValue::as_str)
}

/// The parts of a field between `separator`s, trimmed, empty ones left out. What stands in quotes
/// is one piece (RFC 9110 §5.6.4); a quote that never closes ends with its line.
pub(super) fn parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.bytes().position(|byte| {
            if std::mem::take(&mut escaped) {
                return false;
            }
            escaped = quoted && byte == b'\\';
            quoted ^= byte == b'"';
            byte == separator && !quoted
        });
        let (part, after) = match end {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(part.trim())
    })
    .filter(|part| !part.is_empty())
}

/// `name=value` and `name = "value"`, without the quotes.
pub(super) fn pair(part: &str) -> (&str, Option<&str>) {
    match part.split_once('=') {
        Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
        None => (part, None),
    }
}

/// The inside of a quoted string; nothing that matters here has a reason to escape anything.
pub(super) fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).trim()
}

/// Digits alone; more than fit are the largest number.
pub(super) fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// What time it is where the answer was made: `Date`, else our own clock.
pub(super) fn date(answer: &message::Response, now: Timestamp) -> Timestamp {
    first(answer, "date").and_then(|date| parse_header_date(&date)).unwrap_or(now)
}

/// `Retry-After` as a span: seconds, or a date less the server's own `Date` (or ours).
pub(super) fn retry_after(answer: &message::Response, now: Timestamp) -> Option<Duration> {
    // «At once» is no time to wait: it is as if nothing had been said.
    wait(answer, now).filter(|span| !span.is_zero())
}

fn wait(answer: &message::Response, now: Timestamp) -> Option<Duration> {
    let text = first(answer, "retry-after")?;
    if let Some(seconds) = whole(&text) {
        // More digits than fit mean «never»; a date so far away says the same.
        return Some(Duration::from_secs(seconds.min(u32::MAX.into())));
    }
    let until = parse_date(&text)?;
    let seconds = until.unix().saturating_sub(date(answer, now).unix());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[(&str, &str)]) -> message::Response {
        let mut answer = message::Response::new(200);
        for (name, value) in fields {
            answer.append_header(*name, *value);
        }
        answer
    }

    fn seconds(fields: &[(&str, &str)]) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = Timestamp::from_unix(784_111_777).unwrap();
        retry_after(&answer(fields), now).map(|span| span.as_secs())
    }

    #[test]
    fn retry_after_is_a_span_whatever_its_form() {
        assert_eq!(seconds(&[("retry-after", "120")]), Some(120));
        assert_eq!(seconds(&[("retry-after", " 0 ")]), None);
        assert_eq!(seconds(&[("retry-after", "99999999999999999999999")]), Some(u32::MAX.into()));
        assert_eq!(seconds(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sun Nov  6 08:50:37 1994")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), None);
        for nonsense in ["soon", "-5", "", "Sun, 31 Feb 1994 08:50:37 GMT", "1.5"] {
            assert_eq!(seconds(&[("retry-after", nonsense)]), None, "{nonsense}");
        }
    }

    #[test]
    fn a_date_to_retry_at_is_measured_by_the_servers_own_clock() {
        let date = ("date", "Mon, 07 Nov 1994 08:49:37 GMT");
        assert_eq!(seconds(&[("retry-after", "Mon, 07 Nov 1994 08:49:47 GMT"), date]), Some(10));
    }
}
