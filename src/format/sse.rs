//! Server-Sent Events: a stream of bytes to events, as browsers read them.
//!
//! HTML Standard §9.2.6, <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
//! Bytes come in whatever pieces the network makes of them; nothing is kept but the line and the
//! event that have not ended yet.

use std::time::Duration;

use crate::format::elements::{bounded_id, complete};
use crate::item::{Item, MAX_TITLE};
use crate::text;

/// No line is longer than this many bytes, and no event's data: what goes beyond it costs that event.
pub const MAX_EVENT: usize = 64 << 10;

/// May stand before the first line.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its type: `message` unless the server says another.
    pub kind: String,
    /// Its data; lines are joined by line feeds.
    pub data: String,
    /// The id that the stream stood at when it came; may be empty.
    pub id: String,
    /// Whether this event said that id itself, and not one before it.
    pub says_id: bool,
}

/// A stream, as far as it was read.
#[derive(Debug, Default)]
pub struct Parser {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// Of that line there was more than is kept.
    overlong: bool,
    /// The last line ended with a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    /// The first line was read: what looks like a byte order mark from here on is text.
    begun: bool,
    kind: String,
    data: String,
    /// What was said of an id since the last event; it counts from the end of this one on.
    id: String,
    /// The event says an id.
    says_id: bool,
    /// There was more of the event than is kept.
    spoiled: bool,
    last_id: String,
    retry: Option<Duration>,
    comments: u64,
    skipped: u64,
}

impl Parser {
    /// A stream that begins where another one ended: `last_id` is true until the server says another.
    pub fn resuming(last_id: &str) -> Parser {
        Parser { id: last_id.into(), last_id: last_id.into(), ..Parser::default() }
    }

    /// Takes the next bytes; every event that ends in them goes to `each`.
    pub fn feed(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Event)) {
        while let Some(first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            self.gather(&bytes[..end.unwrap_or(bytes.len())]);
            let Some(end) = end else { return };
            self.after_return = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            self.end_line(each);
        }
    }

    /// The id that the stream stands at: what to go on from after it breaks off.
    pub fn last_id(&self) -> &str {
        &self.last_id
    }

    /// How long the server wants us to wait before we come again, if it said so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// How many comments there were: signs of life.
    pub fn comments(&self) -> u64 {
        self.comments
    }

    /// How many events were left out because they were longer than [`MAX_EVENT`].
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn gather(&mut self, bytes: &[u8]) {
        let room = (MAX_EVENT + BOM.len()).saturating_sub(self.line.len());
        self.overlong |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self, each: &mut dyn FnMut(Event)) {
        let mut line = std::mem::take(&mut self.line);
        let overlong = std::mem::take(&mut self.overlong);
        let begun = std::mem::replace(&mut self.begun, true);
        let bytes = if begun { &line[..] } else { line.strip_prefix(BOM).unwrap_or(&line) };
        // Line by line is as good as all at once: no line end is a part of a character.
        let text = String::from_utf8_lossy(bytes);
        match text.split_once(':') {
            None if text.is_empty() => self.dispatch(each),
            Some(("", _)) => self.comments += 1,
            _ if overlong => self.spoiled = true,
            None => self.field(&text, ""),
            Some((name, value)) => self.field(name, value.strip_prefix(' ').unwrap_or(value)),
        }
        // What one long line took is not held for ever.
        line.clear();
        line.shrink_to(MAX_EVENT / 16);
        self.line = line;
    }

    fn field(&mut self, name: &str, value: &str) {
        match name {
            "event" => value.clone_into(&mut self.kind),
            "data" if self.data.len() + value.len() > MAX_EVENT => self.spoiled = true,
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => {
                self.says_id = true;
                value.clone_into(&mut self.id);
            }
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.retry = Some(Duration::from_millis(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }

    fn dispatch(&mut self, each: &mut dyn FnMut(Event)) {
        self.last_id.clone_from(&self.id);
        let (kind, mut data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        let says_id = std::mem::take(&mut self.says_id);
        if std::mem::take(&mut self.spoiled) {
            self.skipped += 1;
            return;
        }
        // Without data it is none; one empty line of it is enough.
        if data.pop().is_none() {
            return;
        }
        let kind = if kind.is_empty() { "message".into() } else { kind };
        each(Event { kind, data, id: self.last_id.clone(), says_id });
    }
}

/// The item of an event whose data is text and nothing more: that is its title. `id` may be empty.
/// `None` if it says nothing.
pub fn plain(data: &str, id: &str) -> Option<Item> {
    let title = text::from_plain(data, MAX_TITLE);
    let item = Item { id: bounded_id(id), title, ..Item::default() };
    complete(item).filter(|item| !item.title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parser: &mut Parser, text: &str) -> Vec<String> {
        let mut events = Vec::new();
        parser.feed(text.as_bytes(), &mut |event| {
            events.push(format!("{} {} {}", event.kind, event.id, event.data));
        });
        events
    }

    #[test]
    fn an_event_longer_than_the_bound_is_left_out_and_what_follows_is_not() {
        let mut parser = Parser::default();
        let fits = "x".repeat(MAX_EVENT - "data:".len());
        assert_eq!(read(&mut parser, &format!("data:{fits}\n\n"))[0].len(), fits.len() + 9);
        for long in [
            format!("data:{}\n\n", "x".repeat(MAX_EVENT)),
            format!("data:{fits}\ndata:123456\n\n"),
            format!("id:7\nevent:{}\ndata:a\n\n", "x".repeat(3 * MAX_EVENT)),
        ] {
            let (before, mut heard) = (parser.skipped(), Vec::new());
            for piece in long.as_bytes().chunks(1_000) {
                parser.feed(piece, &mut |event| heard.push(event));
                assert!(parser.line.len() <= MAX_EVENT + BOM.len());
                assert!(parser.data.len() <= MAX_EVENT + 1);
            }
            assert_eq!((heard.len(), parser.skipped()), (0, before + 1));
        }
        assert_eq!(read(&mut parser, "data: b\n\n"), ["message 7 b"]);
        assert!(parser.line.capacity() <= MAX_EVENT / 16);
    }

    #[test]
    fn a_comment_however_long_is_a_sign_of_life_and_costs_nothing() {
        let mut parser = Parser::default();
        let long = format!("data: a\n:{}\ndata: b\n\n", "x".repeat(3 * MAX_EVENT));
        assert_eq!(read(&mut parser, &long), ["message  a\nb"]);
        assert_eq!((parser.comments(), parser.skipped()), (1, 0));
    }

    #[test]
    fn a_stream_goes_on_with_the_id_it_ended_with() {
        let mut parser = Parser::resuming("41");
        assert_eq!(read(&mut parser, "data: a\n\nid: 42\ndata: b"), ["message 41 a"]);
        assert_eq!(parser.last_id(), "41", "what did not end was never there");
        assert_eq!(read(&mut parser, "\n\nid\n\n"), ["message 42 b"]);
        assert_eq!(parser.last_id(), "");
    }

    #[test]
    fn a_time_to_wait_is_digits_and_more_than_fit_are_the_longest() {
        let mut parser = Parser::default();
        for (line, expected) in [
            ("retry: 1500", Some(1_500)),
            ("retry: 1.5", Some(1_500)),
            ("retry: +1", Some(1_500)),
            ("retry", Some(1_500)),
            ("retry:99999999999999999999999", Some(u64::MAX)),
        ] {
            read(&mut parser, &format!("{line}\n"));
            assert_eq!(parser.retry(), expected.map(Duration::from_millis), "{line}");
        }
    }
}
