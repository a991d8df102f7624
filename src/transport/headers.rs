//! Header fields, ours and theirs.

use std::time::Duration;

use surf::http as message;
use surf::http::headers::{HeaderName, HeaderValue};

use super::Options;
use super::redirect::Chain;
use crate::failure::{Failure, Stage};
use crate::time::Timestamp;

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
    let until = http_date(&text)?;
    let now = first(answer, "date").and_then(|date| http_date(&date)).unwrap_or(now.unix());
    Some(Duration::from_secs(u64::try_from(until.saturating_sub(now)).unwrap_or(0)))
}

/// A date as HTTP writes them (RFC 9110 §5.6.7), all three forms, as seconds since 1970.
fn http_date(text: &str) -> Option<i64> {
    let fields: Vec<_> = text.split([' ', ',', '-']).filter(|field| !field.is_empty()).collect();
    let (day, month, year, time) = match fields[..] {
        // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, time, _] => (day, month, year, time),
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
    let year: i16 = match (year.parse().ok()?, year.len()) {
        (year @ 0..70, 2) => 2000 + year,
        (year @ 70..=99, 2) => 1900 + year,
        (year, _) => year,
    };
    let mut parts = time.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let date = jiff::civil::Date::new(year, month as i8, day.parse().ok()?).ok()?;
    let time = jiff::civil::Time::new(hour, minute, second.min(59), 0).ok()?;
    let instant = date.to_datetime(time).to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(instant.timestamp().as_second())
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
