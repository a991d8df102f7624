//! What is within an element of a feed: characters, HTML in one of three wrappings, or Base64.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use crate::item::{MAX_SUMMARY, Text};
use crate::text;
use crate::xml::Body;

/// No more markup than this is looked at for one field.
const MAX_MARKUP: usize = 16 * MAX_SUMMARY;

/// The inside of an element and how to take it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content<'a> {
    pub body: Body<'a>,
    pub mode: Mode,
}

/// How the inside of an element is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Characters.
    Plain,
    /// HTML, escaped or in CDATA.
    Html,
    /// Characters, or HTML where that is evident.
    MaybeHtml,
    /// HTML as it stands.
    Xhtml,
    /// Base64 of HTML (Atom 0.3).
    Base64,
}

impl<'a> Content<'a> {
    /// Escaped HTML.
    pub fn html(body: Body<'a>) -> Content<'a> {
        Content { body, mode: Mode::Html }
    }

    /// What is plain by its specification and HTML at many publishers: titles of RSS.
    pub fn maybe_html(body: Body<'a>) -> Content<'a> {
        Content { body, mode: Mode::MaybeHtml }
    }

    /// Plain text of at most `max` characters.
    pub fn plain_text(&self, max: usize) -> Text {
        let body = self.body.cut(MAX_MARKUP);
        match self.mode {
            Mode::Plain => text::from_plain(&body.text(), max),
            Mode::Html => text::from_html(&body.html(), max),
            Mode::MaybeHtml => text::from_maybe_html(&body.html(), max),
            Mode::Xhtml => text::from_html(&body.xhtml(), max),
            Mode::Base64 => {
                let text = body.text();
                text::from_html(base64(&text).as_deref().unwrap_or(&text), max)
            }
        }
    }
}

/// Publishers fold Base64 into lines, leave out its padding and use either alphabet.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Decodes Base64 of either alphabet (RFC 4648 §4, §5) and ignores all characters that are no digits of
/// it. Returns `None` if the result is not UTF-8: a strange media type seldom means Base64.
fn base64(text: &str) -> Option<String> {
    let digit = |letter: char| match letter {
        '-' => Some('+'),
        '_' => Some('/'),
        '+' | '/' => Some(letter),
        _ => letter.is_ascii_alphanumeric().then_some(letter),
    };
    let mut digits: String = text.chars().filter_map(digit).collect();
    // A digit alone at the end is no byte yet: the text was cut.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    String::from_utf8(FORGIVING.decode(&digits).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_around_line_breaks() {
        assert_eq!(base64("PGI+\n YWJj PC9iPg==").as_deref(), Some("<b>abc</b>"));
        for (text, decoded) in [
            ("PGI+YWJjPC9iPg", "<b>abc</b>"),
            ("PGI-YWJjPC9iPg==", "<b>abc</b>"),
            ("PGI+YWJjPC9iPh==", "<b>abc</b>"),
            ("PGI+Y", "<b>"),
            ("", ""),
        ] {
            assert_eq!(base64(text).as_deref(), Some(decoded), "{text}");
        }
        assert_eq!(base64("test"), None);
    }
}
