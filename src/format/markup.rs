//! XML, written: an element a line, so that `diff` and line tools show what is new.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::text;

/// A document under construction.
pub(super) struct Markup<'a> {
    out: &'a mut dyn Write,
    /// Whether a character is left out.
    unwanted: fn(char) -> bool,
}

impl<'a> Markup<'a> {
    /// For what strangers say: nothing that hides or moves anything gets through.
    pub fn new(out: &'a mut dyn Write) -> Markup<'a> {
        Markup { out, unwanted: text::unwanted }
    }

    /// For names of the config, which have to be the same when they come back.
    pub fn faithful(out: &'a mut dyn Write) -> Markup<'a> {
        Markup { out, unwanted: is_no_xml }
    }

    /// Markup as it stands.
    pub fn raw(&mut self, markup: &str) -> io::Result<()> {
        self.out.write_all(markup.as_bytes())
    }

    /// `<name>text</name>`
    pub fn text(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.element(name, &[], Some(text))
    }

    /// The same if there is a text.
    pub fn text_if(&mut self, name: &str, text: Option<&str>) -> io::Result<()> {
        text.map_or(Ok(()), |text| self.text(name, text))
    }

    /// `<name key="value"/>`
    pub fn empty(&mut self, name: &str, attributes: &[(&str, Option<&str>)]) -> io::Result<()> {
        self.element(name, attributes, None)
    }

    /// An element with those of the attributes that have a value.
    pub fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, Option<&str>)],
        text: Option<&str>,
    ) -> io::Result<()> {
        self.raw("<")?;
        self.raw(name)?;
        for (key, value) in attributes {
            let Some(value) = value else { continue };
            for part in [" ", *key, "=\"", &escaped(value, self.unwanted), "\""] {
                self.raw(part)?;
            }
        }
        let Some(text) = text else { return self.raw("/>\n") };
        for part in [">", &escaped(text, self.unwanted), "</", name, ">\n"] {
            self.raw(part)?;
        }
        Ok(())
    }
}

/// Text for an element or an attribute in double quotes (XML 1.0 §2.4). White space is a space.
pub(crate) fn escaped(text: &str, unwanted: fn(char) -> bool) -> Cow<'_, str> {
    let odd = |letter: char| matches!(letter, '&' | '<' | '>' | '"') || unwanted(letter);
    if !text.contains(odd) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\t' | '\n' | '\r' => escaped.push(' '),
            letter if unwanted(letter) => {}
            letter => escaped.push(letter),
        }
    }
    Cow::Owned(escaped)
}

/// What XML 1.0 §2.2 forbids or discourages, and what it would not give back as it was.
fn is_no_xml(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Token, Xml};

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        Markup::new(&mut out).element("a", &[("b", Some(text)), ("c", None)], Some(text)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_ends_an_element_or_an_attribute_but_its_own_end() {
        let hostile = "]]></a>\" c=\"<script>&amp; 'x' \u{1f469}\u{200d}\u{1f680}";
        let xml = written(hostile);
        let mut xml = Xml::new(&xml, None);
        let Ok(Token::Start(tag)) = xml.next() else { panic!("no start tag") };
        assert_eq!(tag.attribute("b").as_deref(), Some(hostile));
        assert_eq!(tag.attribute("c"), None);
        assert_eq!(xml.body().unwrap().text(), hostile);
    }

    #[test]
    fn what_xml_may_not_hold_and_what_hides_is_left_out() {
        assert_eq!(written("a\u{0}\u{1b}b\tc\u{fffe}\u{9b}\u{202e}d"), {
            "<a b=\"ab cd\">ab cd</a>\n"
        });
        let mut out = Vec::new();
        Markup::faithful(&mut out).text("a", "\u{200f}b\u{1}\u{ffff}").unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "<a>\u{200f}b</a>\n");
    }
}
