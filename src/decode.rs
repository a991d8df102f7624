//! Bytes and labels to text.

use std::borrow::Cow;

/// Text from a document's bytes: byte order mark, HTTP charset, XML declaration, sniffing, in
/// that order; bad bytes become U+FFFD, never an error.
pub fn decode<'a>(_body: &'a [u8], _content_type: Option<&str>) -> Cow<'a, str> {
    todo!()
}
