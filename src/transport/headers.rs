//! Header fields, ours and theirs.

use std::time::Duration;

use surf::http as message;
use surf::http::headers::{HeaderName, HeaderValue};

use super::Options;
use super::redirect::Chain;
use crate::failure::{Failure, Stage};
use crate::time::{Timestamp, parse_date};

/// Puts the fields of a request in: ours, and the source's own, which win.
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
    Ok(())
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

/// `Retry-After` as a span: seconds, or a date less the server's own `Date` (or ours).
pub(super) fn retry_after(answer: &message::Response, now: Timestamp) -> Option<Duration> {
    let text = first(answer, "retry-after")?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean «never»; a date so far away says the same.
        return Some(Duration::from_secs(text.parse().unwrap_or(u32::MAX.into())));
    }
    let until = parse_date(&text)?;
    let now = first(answer, "date").and_then(|date| parse_date(&date)).unwrap_or(now);
    let seconds = until.unix().saturating_sub(now.unix());
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
        let now = Timestamp::from_unix(784_111_777).unwrap();
        retry_after(&answer(fields), now).map(|span| span.as_secs())
    }

    #[test]
    fn retry_after_is_a_span_whatever_its_form() {
        assert_eq!(seconds(&[("retry-after", "120")]), Some(120));
        assert_eq!(seconds(&[("retry-after", " 0 ")]), Some(0));
        assert_eq!(seconds(&[("retry-after", "99999999999999999999999")]), Some(u32::MAX.into()));
        assert_eq!(seconds(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sun Nov  6 08:50:37 1994")]), Some(60));
        assert_eq!(seconds(&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0));
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
