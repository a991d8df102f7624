//! GitHub's Markdown, made into HTML whose text is what a reader sees as text: between backticks and fences, in
//! autolinks and where no tag can be meant, `<` and `&` stand for themselves. All other marks of Markdown stay.
//!
//! <https://github.github.com/gfm/>: §4.4 and §4.5 code blocks, §6.3 code spans, §6.8 autolinks, §6.10 raw HTML.

/// Elements that GitHub shows or takes out; other names in angle brackets are words: `Vec<T>`, `<config>`.
const ELEMENTS: &str = "a abbr b bdo big blockquote body br caption center cite code dd del details dfn div dl dt em \
    figcaption figure font h1 h2 h3 h4 h5 h6 hr html i iframe img input ins kbd li mark ol p picture pre q rp rt ruby s \
    samp script small source span strike strong style sub summary sup svg table tbody td tfoot th thead time tr tt u ul \
    var video wbr";

/// Elements that are not closed, or need not be.
const UNCLOSED: [&str; 13] =
    ["br", "hr", "img", "input", "source", "wbr", "p", "li", "dd", "dt", "td", "th", "tr"];

/// A tag is no longer than this many bytes: looking for the end of each would take too long otherwise.
const MAX_TAG: usize = 2_000;

/// What HTML would be read as the same text.
pub(super) fn to_html(markdown: &str) -> String {
    let mut blocks =
        Blocks { html: String::with_capacity(markdown.len() + 64), ..Blocks::default() };
    let mut paragraph = 0..0;
    let mut at = 0;
    for line in markdown.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        if blocks.is_text(line) {
            if paragraph.is_empty() {
                paragraph.start = begin;
            }
            paragraph.end = at;
            continue;
        }
        Spans::new(&markdown[paragraph.clone()]).write(&mut blocks.html);
        paragraph = 0..0;
        escape(line, &mut blocks.html);
    }
    Spans::new(&markdown[paragraph]).write(&mut blocks.html);
    blocks.html
}

/// Which lines are code.
#[derive(Default)]
struct Blocks {
    html: String,
    /// The fence that is open: its character, and how often it stands there.
    fence: Option<(u8, usize)>,
    /// The last line was blank, or indented code.
    blank: bool,
    /// A list has begun: what is indented belongs to it.
    list: bool,
    begun: bool,
}

impl Blocks {
    /// Whether a line is text with spans in it: no code, and not blank.
    fn is_text(&mut self, line: &str) -> bool {
        let inner = line.trim_start_matches([' ', '\t', '>']);
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let (marker, content) = list_item(inner);
        let run = |text: &str, mark: u8| text.bytes().take_while(|byte| *byte == mark).count();
        if let Some((mark, length)) = self.fence {
            let count = run(inner, mark);
            if count >= length && inner[count..].trim().is_empty() {
                self.fence = None;
            }
            return false;
        }
        for mark in [b'`', b'~'] {
            let count = run(content, mark);
            if count >= 3 && !(mark == b'`' && content[count..].contains('`')) {
                self.fence = Some((mark, count));
                self.blank = false;
                return false;
            }
        }
        if inner.trim().is_empty() {
            self.blank = true;
            return false;
        }
        let deep = indent >= 4 || line.starts_with('\t');
        if deep && !self.list && (self.blank || !self.begun) {
            return false;
        }
        if marker {
            self.list = true;
        } else if indent == 0 && self.blank {
            self.list = false;
        }
        (self.blank, self.begun) = (false, true);
        true
    }
}

/// Whether a line begins an item of a list, and what stands in it.
fn list_item(line: &str) -> (bool, &str) {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let marks: &[_] = if digits > 0 { &['.', ')'] } else { &['-', '*', '+'] };
    let content =
        line[digits..].strip_prefix(marks).and_then(|rest| rest.strip_prefix([' ', '\t']));
    content.map_or((false, line), |content| (true, content.trim_start()))
}

/// Text within a paragraph.
struct Spans<'a> {
    text: &'a str,
    at: usize,
    /// Where the last closing tag of an element stands, as far as somebody asked.
    closed: Vec<(&'a str, Option<usize>)>,
}

impl<'a> Spans<'a> {
    fn new(text: &'a str) -> Spans<'a> {
        Spans { text, at: 0, closed: Vec::new() }
    }

    fn write(mut self, html: &mut String) {
        while let Some(found) = self.text[self.at..].find(['`', '<', '\\']) {
            html.push_str(&self.text[self.at..self.at + found]);
            self.at += found;
            let rest = &self.text[self.at..];
            let next = rest.as_bytes().get(1);
            match rest.as_bytes()[0] {
                b'`' => {
                    let length = code_span(rest);
                    escape(&rest[..length], html);
                    self.at += length;
                }
                b'\\' if next.is_some_and(|byte| b"<`\\".contains(byte)) => {
                    escape(&rest[1..2], html);
                    self.at += 2;
                }
                b'<' => {
                    let length = self.tag(rest);
                    match length {
                        Some(length) => html.push_str(&rest[..length]),
                        None => html.push_str("&lt;"),
                    }
                    self.at += length.unwrap_or(1);
                }
                _ => {
                    html.push('\\');
                    self.at += 1;
                }
            }
        }
        html.push_str(&self.text[self.at..]);
    }

    /// How long the HTML is that begins here, if it is any.
    fn tag(&mut self, rest: &'a str) -> Option<usize> {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return Some(comment.find("-->").map_or(rest.len(), |end| end + 7));
        }
        let name = rest[1..].trim_start_matches('/');
        let begin = rest.len() - name.len();
        let letters = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(0);
        let (name, after) = name.split_at(letters);
        let element = ELEMENTS.split(' ').find(|element| element.eq_ignore_ascii_case(name))?;
        if begin > 2 || !after.starts_with(['>', '/', ' ', '\t', '\n', '\r']) {
            return None;
        }
        let length = begin + letters + tag_end(after)?;
        let before = self.text[..self.at].chars().next_back();
        let glued = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
        // `Foo<S>`: a parameter, unless it is closed.
        if begin == 1 && glued && after.starts_with('>') && !UNCLOSED.contains(&element) {
            let closed = self.last_close(element, name);
            return closed.is_some_and(|at| at > self.at).then_some(length);
        }
        Some(length)
    }

    fn last_close(&mut self, element: &'static str, name: &str) -> Option<usize> {
        if let Some((_, at)) = self.closed.iter().find(|(known, _)| *known == element) {
            return *at;
        }
        let at = self.text.rfind(&format!("</{name}>"));
        self.closed.push((element, at));
        at
    }
}

/// Where a tag ends that has begun: behind the `>` that is in no quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().take(MAX_TAG).enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// How long the code span is that begins here; without an end it is the backticks alone.
fn code_span(text: &str) -> usize {
    let run = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let ticks = run(text);
    let mut at = ticks;
    while let Some(next) = text[at..].find('`') {
        let count = run(&text[at + next..]);
        at += next + count;
        if count == ticks {
            return at;
        }
    }
    ticks
}

/// Text as HTML.
fn escape(text: &str, html: &mut String) {
    for part in text.split_inclusive(['<', '&']) {
        let mark = part.chars().next_back().filter(|mark| "<&".contains(*mark));
        html.push_str(part.strip_suffix(['<', '&']).unwrap_or(part));
        html.push_str(match mark {
            Some('<') => "&lt;",
            Some(_) => "&amp;",
            None => "",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::MAX_SUMMARY;
    use crate::text::from_html;

    #[test]
    fn what_is_code_or_no_tag_is_text_and_what_is_html_goes() {
        for (markdown, text) in [
            ("`Vec<T>` and ``a`<b>`` &amp; `&amp;`", "`Vec<T>` and ``a`<b>`` & `&amp;`"),
            ("a <b>bold</b> word<br>next <!-- gone -->end", "a bold word next end"),
            (
                "<https://a.test/?x=1&y> <me@a.test> <irc://b>",
                "<https://a.test/?x=1&y> <me@a.test> <irc://b>",
            ),
            (
                "HashMap<String, Vec<u8>> and Foo<S>, Arc<T>",
                "HashMap<String, Vec<u8>> and Foo<S>, Arc<T>",
            ),
            ("H<sub>2</sub>O, a<br/>b, x < y && y > z", "H2O, a b, x < y && y > z"),
            ("<details><summary>More</summary>\n\n<T>\n</details>", "More <T>"),
            ("<img alt=\"a > b\" src='x'>pic", "pic"),
            ("a `tick and <i>x</i>", "a `tick and x"),
            ("a \\`<b>x</b>\\` \\<b> \\d", "a `x` <b> \\d"),
            ("a ` b\n\n<i>c</i> ` d", "a ` b c ` d"),
            (
                "```html\n<p>`</p>\n<!-- kept -->\n```\n<p>x</p>",
                "```html <p>`</p> <!-- kept --> ``` x",
            ),
            ("~~~~\n```\n~~~\n<b>\n~~~~\n<b>x</b>", "~~~~ ``` ~~~ <b> ~~~~ x"),
            ("- item\n  ```\n  <i>\n  ```\n- <i>x</i>", "- item ``` <i> ``` - x"),
            ("> ```\n> <i>\n> ```\n> <i>x</i>", "> ``` > <i> > ``` > x"),
            ("text\n\n    <i>code</i>\n\n    <b>\n\n<i>x</i>", "text <i>code</i> <b> x"),
            ("- item\n\n    <i>x</i>", "- item x"),
            ("text\n    <i>x</i>", "text x"),
            ("```\n<p>never closed", "``` <p>never closed"),
            ("``` no `fence <i>x</i>", "``` no `fence x"),
            (
                "Option<option> <config><port>80</port></config>",
                "Option<option> <config><port>80</port></config>",
            ),
            ("<a href=\"x\">link</a> <A>x</A> </a", "link x </a"),
            ("<", "<"),
            ("</> <//b> <b", "</> <//b> <b"),
        ] {
            assert_eq!(&*from_html(&to_html(markdown), MAX_SUMMARY), text, "{markdown}");
        }
    }

    #[test]
    fn what_never_ends_takes_no_longer_for_it() {
        for piece in ["<a>", "x<b>", "`a ``b ", "<!--", "<a ", "\\", "~~~\n", "> ", "<a b='"] {
            let text = piece.repeat(40_000 / piece.len());
            let _ = to_html(&text);
        }
        let runs: String = (1..400).map(|n| format!("{}x", "`".repeat(n))).collect();
        assert_eq!(to_html(&runs), runs);
    }
}
