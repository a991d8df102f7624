//! `headers` of a source: fields that every request of it carries.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;

use super::keys::Keys;
use super::sheet::shown;
use super::values;
use crate::http::{Header, names_a_secret};

/// Header fields that the transport sets itself, or that would change what a message is.
const RESERVED: [&str; 10] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "accept-encoding",
    "expect",
];

/// Whether the values of a header field are secrets wherever they come from.
fn is_confidential(name: &str) -> bool {
    name == "cookie" || names_a_secret(name)
}

/// `headers = { Accept = "application/json", Authorization = { env = "TOKEN" } }`
pub(super) fn read_headers(keys: &Keys<'_>) -> Vec<Header> {
    let Some(value) = keys.raw("headers") else { return Vec::new() };
    let Some(table) = value.get_ref().as_table() else {
        let message =
            format!("`headers` in {} must be a table such as {{ Accept = \"…\" }}", keys.title);
        keys.sheet.error(value.span().start, message);
        return Vec::new();
    };
    table.iter().filter_map(|(name, value)| read_header(keys, name, value)).collect()
}

fn read_header(
    keys: &Keys<'_>,
    name: &Spanned<Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Header> {
    let lower = name.get_ref().to_ascii_lowercase();
    let printable = shown(&lower);
    let fail = |at: usize, message: String| {
        keys.sheet.error(at, format!("header `{printable}` in {}: {message}", keys.title));
        None
    };
    if lower.is_empty() || !lower.bytes().all(is_token) {
        return fail(name.span().start, "that is no name of a header field".into());
    }
    if RESERVED.contains(&lower.as_str()) {
        return fail(name.span().start, "newsagg sets it itself".into());
    }
    let confidential = is_confidential(&lower);
    match value.get_ref() {
        DeValue::Table(_) => keys
            .read_secret(&format!("headers.{printable}"), value)
            .map(|secret| Header { name: lower, value: secret.0, secret: true }),
        DeValue::String(text) if values::is_field_value(text) => {
            Some(Header { name: lower, value: text.to_string(), secret: confidential })
        }
        _ => fail(
            value.span().start,
            "must be a string of printable ASCII, or a secret: { env = \"NAME\" }".into(),
        ),
    }
}

/// A character of a field name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
