//! A stream of events, each of which is a story.

use std::time::Duration;

use crate::failure::Failure;
use crate::format::sse::{self, Event, Parser};
use crate::format::{bounded_id, jsonfeed};
use crate::http::{Document, Request, Url};
use crate::item::{Item, MAX_ITEMS};
use crate::source::json::{Field, Fields};
use crate::source::live::{Heard, Live};
use crate::source::{Page, Source, unreadable};

/// A stream shows so many of its newest items, unless its `limit` says another number.
pub const SHOWN: usize = 200;

/// Server-Sent Events at a URL.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// Where they come from. `None` for a file, which is read, not asked for.
    pub url: Option<Url>,
    /// The types of event that are read; none: all.
    pub events: Vec<String>,
    /// Where the fields of an item are in an event's data. Without them that is an item of a JSON
    /// Feed, or plain text.
    pub fields: Option<Fields>,
    /// After so long without a byte the stream is taken for dead.
    pub idle: Duration,
    /// So long `once` listens at least.
    pub listen: Duration,
}

impl Source for StreamSource {
    fn kind(&self) -> &'static str {
        "stream"
    }

    fn reading(&self) -> String {
        format!("{:?}{:?}", self.events, self.fields)
    }

    fn plan(&self) -> Vec<Request> {
        let request = |url: &Url| {
            Request::get(url.clone())
                .with("accept", "text/event-stream", false)
                // A coding would keep back what it waits to make smaller.
                .with("accept-encoding", "identity", false)
                .with("cache-control", "no-cache", false)
        };
        self.url.iter().map(request).collect()
    }

    /// A recorded stream; of more items than a document may have, the newest.
    fn read(&self, _: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let mut page = Page { format: "event stream".into(), ..Page::default() };
        let (mut parser, mut heard) = (Parser::default(), false);
        parser.feed(document.body, &mut |event| match self.item(event, document.url) {
            Heard::Item(item) => page.items.push(*item),
            Heard::Unreadable => page.skipped += 1,
            _ => heard = true,
        });
        if page.items.is_empty() && page.skipped == 0 && !heard && parser.comments() == 0 {
            return Err(unreadable(
                "no event stream: there is neither an event nor a comment in it",
            ));
        }
        let old = page.items.len().saturating_sub(MAX_ITEMS);
        page.items.drain(..old);
        page.skipped += old + usize::try_from(parser.skipped()).unwrap_or(usize::MAX);
        Ok(page)
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }
}

impl Live for StreamSource {
    fn open(&self) -> Option<Request> {
        self.plan().pop()
    }

    fn hear(&self, event: Event, _: &mut Vec<u64>) -> Heard {
        self.item(event, self.url.as_ref())
    }

    fn idle(&self) -> Duration {
        self.idle
    }

    fn listen(&self) -> Duration {
        self.listen
    }
}

impl StreamSource {
    fn item(&self, event: Event, base: Option<&Url>) -> Heard {
        if !self.events.is_empty() && !self.events.contains(&event.kind) {
            return Heard::Nothing;
        }
        // An id that an earlier event said is not this one's.
        let id = if event.says_id { event.id.as_str() } else { "" };
        let data = event.data.trim();
        let item = match &self.fields {
            Some(fields) => fields.item(data, base).map(|item| match fields.knows(Field::Id) {
                false if !id.is_empty() => Item { id: bounded_id(id), ..item },
                _ => item,
            }),
            None => match data.as_bytes().first() {
                None => return Heard::Nothing,
                Some(b'{') => jsonfeed::read_item(data, base, id).ok().flatten(),
                Some(b'[') => None,
                Some(_) => sse::plain(data, id),
            },
        };
        item.map_or(Heard::Unreadable, |item| Heard::Item(Box::new(item)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::json::Pointer;
    use crate::source::live::{IDLE, LISTEN};

    fn source(pointers: &[(Field, &str)], events: &[&str]) -> StreamSource {
        let mut fields = Fields::default();
        for (field, pointer) in pointers {
            fields.point(*field, Pointer::parse(pointer).unwrap()).unwrap();
        }
        StreamSource {
            url: Some(Url::parse("https://a.test/live/events").unwrap()),
            events: events.iter().map(ToString::to_string).collect(),
            fields: (!pointers.is_empty()).then_some(fields),
            idle: IDLE,
            listen: LISTEN,
        }
    }

    /// Id, title and link of what the stream brings.
    fn read(source: &StreamSource, stream: &str) -> Result<(Vec<String>, usize), Failure> {
        let url = source.url.clone().unwrap();
        let document = Document { url: Some(&url), content_type: None, body: stream.as_bytes() };
        let page = source.read(&source.plan()[0], &document)?;
        let told = |item: &Item| {
            format!("{} {} {}", item.id, item.title, item.url.as_deref().unwrap_or("-"))
        };
        Ok((page.items.iter().map(told).collect(), page.skipped))
    }

    #[test]
    fn data_is_an_item_of_a_json_feed_or_a_title() {
        let stream = "id: 1\ndata: a <b> &amp; c\n\n\
                      id: 2\ndata: {\"title\": \"<b>d</b>\", \"url\": \"../e\"}\n\n\
                      id: 3\ndata: {\"id\": 30, \"content_text\": \"f\"}\n\n\
                      data: {}\n\ndata: [1]\n\ndata: {\"a\n\ndata:   \n\n";
        let (items, skipped) = read(&source(&[], &[]), stream).unwrap();
        assert_eq!(items, ["1 a <b> &amp; c -", "2 <b>d</b> https://a.test/e", "30  -"]);
        assert_eq!(skipped, 3);
    }

    #[test]
    fn pointers_lead_to_the_fields_and_the_id_is_the_events_unless_one_leads_there() {
        let stream = "id: 7\ndata: {\"a\": {\"t\": \"x\"}, \"l\": \"/x\", \"n\": 5}\n\n\
                      data: {\"a\": {\"t\": \"y\"}, \"l\": \"/y\", \"n\": 6}\n\n\
                      data: {\"l\": null}\n\ndata: no object\n\n";
        let pointers = [(Field::Title, "/a/t"), (Field::Link, "/l"), (Field::Id, "/n")];
        let (items, skipped) = read(&source(&pointers[..2], &[]), stream).unwrap();
        let y = "https://a.test/y y https://a.test/y";
        assert_eq!((&*items[0], &*items[1], skipped), ("7 x https://a.test/x", y, 2));
        let (items, _) = read(&source(&pointers, &[]), stream).unwrap();
        assert_eq!(items, ["5 x https://a.test/x", "6 y https://a.test/y"]);
    }

    #[test]
    fn an_id_that_an_earlier_event_said_does_not_make_two_stories_one() {
        let (items, _) = read(&source(&[], &[]), "id: 1\ndata: a\n\ndata: b\n\n").unwrap();
        assert_eq!(items[0], "1 a -");
        assert!(items[1].starts_with("hash:"), "{items:?}");
    }

    #[test]
    fn only_events_of_the_types_that_are_named_are_read() {
        let stream = "event: a\ndata: 1\n\ndata: 2\n\nevent: b\ndata: 3\n\n";
        for (events, count) in [(&[][..], 3), (&["a"], 1), (&["message", "b"], 2), (&["c"], 0)] {
            assert_eq!(read(&source(&[], events), stream).unwrap().0.len(), count);
        }
    }

    #[test]
    fn of_a_long_recording_the_newest_stay_and_what_is_none_is_said_to_be() {
        let all: String = (0..MAX_ITEMS + 5).map(|n| format!("id: {n}\ndata: x\n\n")).collect();
        let (items, skipped) = read(&source(&[], &[]), &all).unwrap();
        assert_eq!((items.len(), &*items[0], skipped), (MAX_ITEMS, "5 x -", 5));
        assert!(read(&source(&[], &[]), "<html>\n</html>\n").is_err());
        assert!(read(&source(&[], &[]), ": alive\n\n").is_ok());
    }
}
