//! Markup to plain text, white space, cutting, escaping.

use crate::http::Url;
use crate::item::Text;

/// Plain text from text that may hold HTML: tags dropped, entities resolved, controls and
/// bidirectional overrides removed, white space folded, at most `max` characters.
pub fn from_html(_html: &str, _max: usize) -> Text {
    todo!()
}

/// Plain text from plain text: `<` and `&` stay as they are; the rest as in [`from_html`].
pub fn from_plain(_text: &str, _max: usize) -> Text {
    todo!()
}

/// An absolute `http` or `https` URL without credentials, joined to `base`, or nothing.
pub fn link(_href: &str, _base: Option<&Url>) -> Option<Text> {
    todo!()
}

/// One line that is safe on a terminal, in a log and in an error: controls, escape sequences
/// and bidirectional marks removed, white space folded, at most `max` characters.
pub fn printable(_text: &str, _max: usize) -> String {
    todo!()
}
