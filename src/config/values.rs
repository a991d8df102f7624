//! The values that keys take: each reader says what it would have liked instead.

use std::time::Duration;

use regex_lite::Regex;
use toml::de::DeValue;

use super::entry::is_name;
use super::keys::Wrong;
use super::suggest::nearest;
use crate::http::Url;
use crate::source::Window;
use crate::time::parse_duration;

/// A longer duration than this is a mistake; sums of two such never overflow.
pub(super) const MAX_DURATION: Duration = Duration::from_secs(100 * 365 * 86_400);
/// No pool is larger than this: each worker may hold a connection.
pub const MAX_WORKERS: usize = 10_000;
/// No request is made again more often than this.
pub(super) const MAX_RETRIES: u32 = 10;
/// No body may be larger than this, whatever the config says: it is held in memory.
pub(super) const MAX_MAX_BODY: u64 = 1 << 30;
/// No name, title or tag of the config is longer than this many characters.
pub const MAX_NAME: usize = 200;

type Read<T> = Result<T, Wrong>;

/// Any string.
pub(super) fn text(value: &DeValue<'_>) -> Read<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "a string".into())
}

/// A string that names something.
pub(super) fn name(value: &DeValue<'_>) -> Read<String> {
    let name = value.as_str().filter(|text| is_name(text)).map(str::to_owned);
    name.ok_or_else(|| "a string of one line that is not empty".into())
}

/// A string, a part of a URL path or a query: no control characters.
pub(super) fn word(value: &DeValue<'_>) -> Read<String> {
    name(value)
}

/// `8`, as large as it may be.
pub(super) fn integer(value: &DeValue<'_>, least: u64, most: u64) -> Read<u64> {
    let number = value
        .as_integer()
        .and_then(|n| u64::from_str_radix(n.as_str().trim_start_matches('+'), n.radix()).ok());
    number.filter(|n| (least..=most).contains(n)).ok_or_else(|| number_between(least, most).into())
}

fn number_between(least: u64, most: u64) -> String {
    if most >= u64::from(u32::MAX) {
        format!("a whole number from {least} up")
    } else {
        format!("a whole number from {least} to {most}")
    }
}

/// Whether links keep their tracking parameters.
pub(super) const TRACKING: [(&str, bool); 2] = [("remove", false), ("keep", true)];

/// The words of a choice.
pub(super) fn names<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(name, _)| *name).collect()
}

/// `"10s"`, longer than nothing.
pub(super) fn duration(value: &DeValue<'_>) -> Read<Duration> {
    value.as_str().and_then(|text| parse_span(text).ok()).ok_or_else(|| DURATION.into())
}

const DURATION: &str = "a duration such as \"90s\", \"15m\", \"1h30m\" or \"7d\"";

/// A duration longer than nothing and no longer than [`MAX_DURATION`].
pub(super) fn parse_span(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(span) if !span.is_zero() && span <= MAX_DURATION => Ok(span),
        _ => Err(DURATION.into()),
    }
}

/// `"8MiB"`, `"500kB"`, `8388608`.
pub(super) fn size(value: &DeValue<'_>) -> Read<u64> {
    let size = match value {
        DeValue::String(text) => parse_size(text),
        _ => integer(value, 1, MAX_MAX_BODY).ok(),
    };
    size.filter(|size| (1..=MAX_MAX_BODY).contains(size)).ok_or_else(|| {
        "a size such as \"8MiB\" or \"500kB\", or a number of bytes, at most \"1GiB\"".into()
    })
}

fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

pub(super) fn boolean(value: &DeValue<'_>) -> Read<bool> {
    value.as_bool().ok_or_else(|| "true or false".into())
}

/// `"10%"`, as a part of one.
pub(super) fn percent(value: &DeValue<'_>) -> Read<f64> {
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')?.trim().parse::<u8>().ok());
    percent
        .filter(|percent| *percent <= 100)
        .map(|percent| f64::from(percent) / 100.0)
        .ok_or_else(|| "a percentage from \"0%\" to \"100%\"".into())
}

/// `"0644"`.
pub(super) fn mode(value: &DeValue<'_>) -> Read<u32> {
    let digits = value.as_str().filter(|text| (3..=4).contains(&text.len()));
    digits
        .filter(|text| text.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|text| u32::from_str_radix(text, 8).ok())
        .filter(|mode| *mode <= 0o777 && mode & 0o200 != 0)
        .ok_or_else(|| {
            "a string of octal digits such as \"0644\", that lets the owner write".into()
        })
}

/// `"100/24h"`.
pub(super) fn window(value: &DeValue<'_>) -> Read<Window> {
    let window = value.as_str().and_then(|text| {
        let (count, per) = text.split_once('/')?;
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        Some(Window { count, per: parse_span(per.trim()).ok()? })
    });
    window.ok_or_else(|| "a number of requests in a duration, such as \"100/24h\"".into())
}

/// A regular expression.
pub(super) fn regex(value: &DeValue<'_>) -> Read<Regex> {
    let Some(text) = value.as_str() else { return Err("a regular expression".into()) };
    Regex::new(text).map_err(|error| format!("a regular expression ({error})").into())
}

/// An absolute `http` or `https` URL with a host.
pub(super) fn url(value: &DeValue<'_>) -> Read<Url> {
    let Some(text) = value.as_str() else { return Err(URL.into()) };
    parse_url(text).map_err(Wrong::from)
}

const URL: &str = "an http:// or https:// URL";

/// An absolute `http` or `https` URL with a host; the error is what it must be.
pub fn parse_url(text: &str) -> Result<Url, String> {
    // A browser takes http:///x for http://x: here a name was forgotten.
    let nameless = text.split_once(':').is_some_and(|(_, rest)| rest.starts_with("///"));
    match Url::parse(text) {
        Ok(_) if nameless => Err(format!("{URL} (there is no host in it)")),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(URL.into()),
        Err(error) if text.contains("://") => Err(format!("{URL} ({error})")),
        Err(_) => Err(URL.into()),
    }
}

/// A proxy: `http` alone, as the transport speaks to it.
pub(super) fn proxy(value: &DeValue<'_>) -> Read<Url> {
    url(value)
        .ok()
        .filter(|url| url.scheme() == "http")
        .ok_or_else(|| "the http:// URL of a proxy".into())
}

/// A `User-Agent`: visible ASCII and spaces.
pub(super) fn user_agent(value: &DeValue<'_>) -> Read<String> {
    let text = value.as_str().filter(|text| !text.trim().is_empty() && is_field_value(text));
    text.map(str::to_owned).ok_or_else(|| "a string of printable ASCII".into())
}

/// Whether a header may have this value (RFC 9110 §5.5), of which we send only ASCII.
pub(super) fn is_field_value(text: &str) -> bool {
    text.trim() == text && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// One of these words.
pub(super) fn choice<T: Copy>(value: &DeValue<'_>, choices: &[(&str, T)]) -> Read<T> {
    let names = || choices.iter().map(|(name, _)| *name);
    let found = value
        .as_str()
        .and_then(|text| choices.iter().find(|(name, _)| *name == text))
        .map(|(_, choice)| *choice);
    found.ok_or_else(|| Wrong {
        expected: format!("one of {}", names().collect::<Vec<_>>().join(", ")),
        meant: value.as_str().and_then(|text| nearest(text, names())).map(str::to_owned),
    })
}

/// Two ASCII letters, in lower case.
pub(super) fn two_letters(value: &DeValue<'_>) -> Read<String> {
    let text = value.as_str().filter(|text| is_two_letters(text));
    text.map(str::to_ascii_lowercase).ok_or_else(|| "a code of two letters such as \"us\"".into())
}

pub(super) fn is_two_letters(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> DeValue<'_> {
        DeValue::String(text.into())
    }

    #[test]
    fn sizes_are_read_with_both_families_of_units() {
        for (text, bytes) in [
            ("8MiB", Some(8 << 20)),
            ("500kB", Some(500_000)),
            ("1 GiB", Some(1 << 30)),
            ("12", Some(12)),
            ("2GiB", None),
            ("0", None),
            ("1.5MiB", None),
            ("8 MiBs", None),
            ("MiB", None),
            ("99999999999999999999MiB", None),
        ] {
            assert_eq!(size(&string(text)).ok(), bytes, "{text}");
        }
    }

    #[test]
    fn a_mode_is_octal_and_lets_the_owner_write() {
        for (text, bits) in [
            ("0644", Some(0o644)),
            ("600", Some(0o600)),
            ("0888", None),
            ("4755", None),
            ("0444", None),
            ("+644", None),
            ("rw", None),
        ] {
            assert_eq!(mode(&string(text)).ok(), bits, "{text}");
        }
    }

    #[test]
    fn a_window_is_a_count_and_a_span() {
        let day = Duration::from_secs(86_400);
        assert_eq!(window(&string("100/24h")).unwrap(), Window { count: 100, per: day });
        for text in ["100", "0/1h", "-1/1h", "1/", "x/1h", "1/0s", "1/1h/1h"] {
            assert!(window(&string(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn only_web_addresses_are_urls() {
        for text in ["", "x", "ftp://a/b", "file:///a", "http://", "mailto:a@b", "//a/b"] {
            assert!(url(&string(text)).is_err(), "{text}");
        }
        assert!(url(&string("HTTPS://Example.org/a b")).is_ok());
    }
}
