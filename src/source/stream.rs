//! A stream of events, each of which is a story.

use std::time::Duration;

use crate::failure::Failure;
use crate::format::sse::{self, Event, Parser};
use crate::format::{bounded_id, jsonfeed};
use crate::http::{Document, Request, Url};
use crate::item::{Item, MAX_ITEMS};
use crate::source::json::{Field, Fields};
use crate::source::live::{Heard, Live};
use crate::source::{Page, Source};

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
        let mut parser = Parser::default();
        parser.feed(document.body, &mut |event| match self.item(event, document.url) {
            Heard::Item(item) => page.items.push(*item),
            Heard::Unreadable => page.skipped += 1,
            _ => {}
        });
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
