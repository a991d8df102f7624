//! A forgiving reader over quick-xml.
//!
//! Feeds are read by millions of readers that mend what is broken, so publishers do not notice
//! that it is. This reader mends, too: a `<` that begins no tag is text, an end tag closes the
//! nearest open element of its name, a quote that never closes ends with its tag. Nothing is
//! expanded but the references of [`unescape`].
//!
//! quick-xml reads what stands between `<` and `>`: comments, CDATA, document type
//! declarations with their internal subset, attributes. Text is only ever sliced, and decoded
//! when somebody wants it ([`Body`]): an element that nobody wants costs one search for `<`.
//!
//! Time is linear: a search that ran into the end of the document is not done again.

use memchr::{memchr, memchr2, memmem};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::http::Url;

mod body;
mod namespace;
mod tag;

pub use body::{Body, unescape};
pub use namespace::Ns;
pub use tag::{MAX_ATTRIBUTES, Tag};

use tag::{Unclosed, attributes, has_xml, is_void, name_len, split, tag_end};

/// Elements may not be nested deeper than this.
pub const MAX_DEPTH: usize = 256;
/// No more namespace declarations are in force at once; later ones are not seen.
pub const MAX_NAMESPACES: usize = 64;
/// A longer `xml:base` is not seen: everything relative would have to be joined to it.
pub const MAX_BASE: usize = 2_048;

/// Elements nested deeper than [`MAX_DEPTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

impl From<TooDeep> for String {
    fn from(_: TooDeep) -> String {
        format!("elements are nested deeper than {MAX_DEPTH}")
    }
}

/// What comes next in a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// A start tag. Also for `<a/>`, whose [`Token::End`] follows.
    Start(Tag<'a>),
    /// The end of one or, where end tags are missing, of several elements.
    End,
    /// As it stands: references are not resolved.
    Text(&'a str),
    /// What is between `<![CDATA[` and `]]>`.
    CData(&'a str),
    /// The end of the document; elements may still be open.
    Eof,
}

/// A document on its way through.
#[derive(Debug)]
pub struct Xml<'a> {
    text: &'a str,
    /// Where the next token begins.
    at: usize,
    /// Where the last token began.
    began: usize,
    reader: Reader<&'a [u8]>,
    open: Vec<Open<'a>>,
    namespaces: Vec<(&'a str, Ns)>,
    document_base: Option<&'a Url>,
    /// `xml:base`, and the depth of the element that has it.
    bases: Vec<(usize, Url)>,
    /// The innermost element came as `<a/>`.
    close_next: bool,
    /// Within [`Xml::body`], where `<br>` has no end tag.
    in_body: bool,
    /// Comments and instructions passed so far.
    passed: usize,
    /// A search for an end ran into the end of the document.
    damaged: bool,
}

#[derive(Debug)]
struct Open<'a> {
    /// With its prefix.
    name: &'a str,
    /// How many namespaces were declared outside.
    namespaces: usize,
}

impl<'a> Xml<'a> {
    /// A reader at the beginning of `text`; relative `xml:base`s are relative to `base`.
    pub fn new(text: &'a str, base: Option<&'a Url>) -> Xml<'a> {
        Xml {
            text,
            at: 0,
            began: 0,
            reader: Reader::from_str(""),
            open: Vec::new(),
            namespaces: Vec::new(),
            document_base: base,
            bases: Vec::new(),
            close_next: false,
            in_body: false,
            passed: 0,
            damaged: false,
        }
    }

    /// How many elements are open, the one whose start tag was just read included.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Where the last token began, in bytes.
    pub fn began(&self) -> usize {
        self.began
    }

    /// What relative links are relative to, here.
    pub fn base(&self) -> Option<&Url> {
        self.declared_base().or(self.document_base)
    }

    /// The URL that an `xml:base` declares, here.
    pub fn declared_base(&self) -> Option<&Url> {
        self.bases.last().map(|(_, url)| url)
    }

    /// Whether the document ended and elements are still open.
    pub fn is_cut(&self) -> bool {
        self.at >= self.text.len() && !self.open.is_empty()
    }

    /// The next start tag within the element at `depth`, however deep; `None` when that element
    /// or the document ended.
    pub fn descendant(&mut self, depth: usize) -> Result<Option<Tag<'a>>, TooDeep> {
        loop {
            if self.open.len() < depth {
                return Ok(None);
            }
            if !self.close_next {
                // Text is of no use here, and mostly a line's end.
                let rest = &self.text.as_bytes()[self.at..];
                let near = rest.iter().take(4).position(|byte| *byte == b'<');
                self.at += near.or_else(|| memchr(b'<', rest)).unwrap_or(rest.len());
            }
            match self.next()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    /// As [`Xml::descendant`], but only its own children: what is left of the last one is skipped.
    pub fn child(&mut self, depth: usize) -> Result<Option<Tag<'a>>, TooDeep> {
        while let Some(tag) = self.descendant(depth)? {
            if self.open.len() == depth + 1 {
                return Ok(Some(tag));
            }
        }
        Ok(None)
    }

    /// Passes over what is left of the element whose start tag was just read.
    pub fn skip(&mut self) -> Result<(), TooDeep> {
        let depth = self.open.len();
        while self.descendant(depth)?.is_some() {}
        Ok(())
    }

    /// What is within the element whose start tag was just read, up to its end.
    pub fn body(&mut self) -> Result<Body<'a>, TooDeep> {
        if let Some(body) = self.plain_body() {
            return Ok(body);
        }
        let depth = self.open.len();
        self.in_body = true;
        let body = self.body_of(depth);
        self.in_body = false;
        body
    }

    /// A body of text alone or of one CDATA section, up to the end tag as it should be: nearly all.
    fn plain_body(&mut self) -> Option<Body<'a>> {
        let open = self.open.last().filter(|_| !self.close_next)?;
        let rest = &self.text[self.at..];
        let text = memchr(b'<', rest.as_bytes())?;
        let inside = match rest.as_bytes().get(text + 1) {
            Some(b'!') => rest[text..].strip_prefix(CDATA),
            _ => None,
        };
        let (inner, cdata) = match inside {
            None => (&rest[..text], None),
            Some(_) if !is_blank(&rest[..text]) => return None,
            Some(inside) => {
                let cdata = &inside[..cdata_end(inside.as_bytes())?];
                let end = text + CDATA.len() + cdata.len() + "]]>".len();
                let blank = rest.as_bytes()[end..].iter().position(|b| !b.is_ascii_whitespace())?;
                (&rest[..end + blank], Some(cdata))
            }
        };
        let tag = rest[inner.len()..].strip_prefix("</")?.strip_prefix(open.name)?;
        if tag.as_bytes().first() != Some(&b'>') {
            return None;
        }
        self.began = self.at + inner.len();
        self.at = self.text.len() - tag.len() + 1;
        self.close(self.open.len() - 1);
        Some(Body::new(inner, cdata, false, false))
    }

    fn body_of(&mut self, depth: usize) -> Result<Body<'a>, TooDeep> {
        let (begin, passed) = (self.at, self.passed);
        let (mut text, mut markup, mut cdata) = (false, false, None);
        let end = loop {
            match self.next()? {
                Token::Text(piece) => text |= !is_blank(piece),
                Token::CData(piece) => {
                    markup |= cdata.is_some();
                    cdata = Some(piece);
                }
                Token::Start(_) => markup = true,
                Token::End => {}
                Token::Eof => break self.text.len(),
            }
            if self.open.len() < depth {
                break self.began.max(begin);
            }
        };
        markup |= self.passed != passed;
        Ok(Body::new(&self.text[begin..end], cdata, text, markup))
    }

    /// The next token. Comments, instructions and declarations are passed over.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Token<'a>, TooDeep> {
        if self.close_next {
            self.close_next = false;
            self.began = self.at;
            self.close(self.open.len() - 1);
            return Ok(Token::End);
        }
        loop {
            self.began = self.at;
            let rest = &self.text[self.at..];
            let token = match rest.as_bytes() {
                [] => return Ok(Token::Eof),
                [b'<', b'/', ..] => self.end_tag(rest),
                [b'<', b'!' | b'?', ..] => self.aside(rest),
                [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'_' | b':' | 0x80.., ..] => {
                    self.start_tag(rest)?
                }
                [b'<', ..] => Some(self.literal(rest)),
                bytes => {
                    let text = memchr(b'<', bytes).unwrap_or(bytes.len());
                    self.at += text;
                    return Ok(Token::Text(&rest[..text]));
                }
            };
            if let Some(token) = token {
                return Ok(token);
            }
        }
    }

    /// The `<` at the beginning of `rest`, which turned out to be text.
    fn literal(&mut self, rest: &'a str) -> Token<'a> {
        self.at += 1;
        Token::Text(&rest[..1])
    }

    fn end_tag(&mut self, rest: &'a str) -> Option<Token<'a>> {
        // A tag without `>` ends where the next one begins.
        let end = memchr2(b'>', b'<', &rest.as_bytes()[1..]).map_or(rest.len(), |i| i + 1);
        self.at += end + usize::from(rest.as_bytes().get(end) == Some(&b'>'));
        let name = &rest[2..end];
        let index = match self.open.last() {
            Some(open) if open.name == name => self.open.len() - 1,
            _ => {
                let name = name.split_ascii_whitespace().next().unwrap_or_default();
                // Nobody opened it: a stray.
                self.open.iter().rposition(|open| open.name.eq_ignore_ascii_case(name))?
            }
        };
        self.close(index);
        Some(Token::End)
    }

    /// Closes all elements from `index` on.
    fn close(&mut self, index: usize) {
        if let Some(open) = self.open.get(index) {
            self.namespaces.truncate(open.namespaces);
        }
        self.open.truncate(index);
        while self.bases.last().is_some_and(|&(depth, _)| depth > index) {
            self.bases.pop();
        }
    }

    /// `<!…>` and `<?…>`, of which only CDATA is a token.
    fn aside(&mut self, rest: &'a str) -> Option<Token<'a>> {
        if let Some(inside) = rest.strip_prefix(CDATA) {
            if let Some(length) = cdata_end(inside.as_bytes()) {
                self.at += CDATA.len() + length + "]]>".len();
                return Some(Token::CData(&inside[..length]));
            }
        }
        self.passed += 1;
        *self.reader.get_mut() = rest.as_bytes();
        let event = if self.damaged { Ok(Event::Eof) } else { self.reader.read_event() };
        let length = rest.len() - self.reader.get_ref().len();
        match event {
            Ok(Event::Eof) | Err(_) => {
                self.reader = Reader::from_str("");
                self.broken_aside(rest)
            }
            Ok(_) => {
                self.at += length;
                None
            }
        }
    }

    /// `<!…>` and `<?…>` that quick-xml does not take: what follows counts up to the end that
    /// would be right, else to the next `>`.
    fn broken_aside(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let bytes = rest.as_bytes();
        let (end, skip) = match rest {
            _ if rest.starts_with(CDATA) => ("]]>", CDATA.len()),
            _ if rest.starts_with("<!--") => ("-->", 4),
            _ if rest.starts_with("<?") => ("?>", 2),
            _ => (">", 2),
        };
        let hopeless = self.damaged && matches!(end, "-->" | "?>");
        let found = if hopeless { None } else { memmem::find(&bytes[skip..], end.as_bytes()) };
        let Some(length) = found else {
            if end == "]]>" {
                self.at = self.text.len();
                return Some(Token::CData(&rest[skip..]));
            }
            self.damaged = true;
            self.at += memchr(b'>', bytes).map_or(rest.len(), |i| i + 1);
            return None;
        };
        self.at += skip + length + end.len();
        if end == "]]>" {
            self.passed -= 1;
            return Some(Token::CData(&rest[skip..skip + length]));
        }
        None
    }

    fn start_tag(&mut self, rest: &'a str) -> Result<Option<Token<'a>>, TooDeep> {
        let name_len = name_len(&rest.as_bytes()[1..]);
        let end = match tag_end(rest.as_bytes(), 1 + name_len, !self.damaged) {
            Err(Unclosed) => {
                self.damaged = true;
                tag_end(rest.as_bytes(), 1 + name_len, false)
            }
            end => end,
        };
        let end = match end {
            Ok(Some(end)) => end,
            Ok(None) => return Ok(Some(self.literal(rest))),
            // Cut off within the tag.
            Err(Unclosed) => {
                self.at = self.text.len();
                return Ok(Some(Token::Eof));
            }
        };
        self.at += end + 1;
        let mut inner = &rest[1..end];
        let empty = inner.as_bytes().last() == Some(&b'/');
        if empty {
            inner = &inner[..inner.len() - 1];
        }
        let full = &inner[..name_len];
        if self.in_body && !empty && is_void(full) {
            let (_, name) = split(full);
            return Ok(Some(Token::Start(Tag { ns: Ns::Other, name, inner, name_len })));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(TooDeep);
        }
        self.open.push(Open { name: full, namespaces: self.namespaces.len() });
        self.close_next = empty;
        if !self.in_body && inner.len() > name_len && has_xml(&inner.as_bytes()[name_len..]) {
            self.declarations(inner, name_len);
        }
        let (prefix, name) = split(full);
        let ns = namespace::resolve(prefix, &self.namespaces);
        Ok(Some(Token::Start(Tag { ns, name, inner, name_len })))
    }

    /// Takes `xmlns`, `xmlns:…` and `xml:base` of a tag into account.
    fn declarations(&mut self, inner: &'a str, name_len: usize) {
        for (key, raw) in attributes(inner, name_len) {
            let prefix = match key.strip_prefix("xmlns") {
                Some("") => "",
                Some(prefixed) if prefixed.starts_with(':') => &prefixed[1..],
                _ => {
                    if key == "xml:base" {
                        self.rebase(&unescape(raw));
                    }
                    continue;
                }
            };
            if self.namespaces.len() < MAX_NAMESPACES {
                self.namespaces.push((prefix, namespace::of(prefix, raw)));
            }
        }
    }

    fn rebase(&mut self, href: &str) {
        let href = href.trim();
        let url = match self.base() {
            Some(base) => base.join(href),
            None => Url::parse(href),
        };
        if let Some(url) = url.ok().filter(|url| url.as_str().len() <= MAX_BASE) {
            self.bases.push((self.open.len(), url));
        }
    }
}

/// What a section of characters begins with (XML 1.0 §2.7).
const CDATA: &str = "<![CDATA[";

/// Where `]]>` is. Brackets are rare in HTML, `>` is not.
fn cdata_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b']', &bytes[at..])?;
        if let [_, b']', b'>', ..] = bytes[at..] {
            return Some(at);
        }
        at += 1;
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}

#[cfg(test)]
mod tests;
