//! Records of version 1 of the journal, read so that no state and no recording of it is lost.
//!
//! A record is a byte that says its kind, then its fields. Numbers and texts are encoded as postcard
//! encodes them; what is told apart here is what was left out, and how.

use std::time::Duration;

use postcard::fixint;
use serde::Deserialize;

use super::record::{self, Document, Event, Illness, ItemHead, Moved, Outcome, Poll, Totals};
use super::{Stand, Times};
use crate::format::{Pace, State};
use crate::http::Validators;
use crate::item::{Attachment, Extra, Item, Text};
use crate::merge::identity::story_of;
use crate::pack;
use crate::time::Timestamp;

/// The record of this version that says what a record of version 1 does. `None` if it is none, or if it
/// is of the last round's times, which the next round replaces.
pub fn upgrade(record: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    let event = event(record, &mut packed)?;
    let mut out = Vec::new();
    record::write(&event, &mut out);
    Some(out)
}

/// Fields one after the other.
struct Fields<'a>(&'a [u8]);

/// Eight bytes, the lowest first.
#[derive(Deserialize)]
struct Fixed(#[serde(with = "fixint::le")] u64);

/// Four bytes, the lowest first.
#[derive(Deserialize)]
struct Short(#[serde(with = "fixint::le")] u32);

impl<'a> Fields<'a> {
    fn next<T: Deserialize<'a>>(&mut self) -> Option<T> {
        let (field, rest) = postcard::take_from_bytes(self.0).ok()?;
        self.0 = rest;
        Some(field)
    }

    fn next_if<T: Deserialize<'a>>(&mut self, there: bool) -> Option<Option<T>> {
        if there { self.next().map(Some) } else { Some(None) }
    }

    /// All that are left.
    fn all<T: Deserialize<'a>>(&mut self) -> Option<Vec<T>> {
        std::iter::from_fn(|| (!self.0.is_empty()).then(|| self.next())).collect()
    }

    fn ids(&mut self) -> Option<Vec<u64>> {
        self.all::<Fixed>().map(|ids| ids.into_iter().map(|Fixed(id)| id).collect())
    }

    /// As many as the number before them says.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count: u64 = self.next()?;
        (0..count).map(|_| one(self)).collect()
    }
}

/// A number that may be missing: 0 is missing, all others are one more.
fn maybe(n: u64) -> Option<u64> {
    n.checked_sub(1)
}

fn maybe_small(n: u64) -> Option<u32> {
    maybe(n).and_then(|n| u32::try_from(n).ok())
}

fn maybe_text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn event<'a>(record: &'a [u8], packed: &'a mut Vec<u8>) -> Option<Event<'a>> {
    let (kind, fields) = record.split_first()?;
    let mut fields = Fields(fields);
    match kind {
        2 => {
            let (Short(source), Fixed(id), Short(root)) = fields.next()?;
            let (Fixed(first_seen), printed) = fields.next::<(Fixed, u8)>()?;
            let told = item(fields)?;
            pack::pack(&told, packed);
            let (first_seen, printed) = (first_seen as i64, printed != 0);
            let story = story_of(&told.title, told.url.as_deref());
            return Some(Event::Item {
                source,
                item: ItemHead { id, story, root, first_seen, printed },
                packed,
            });
        }
        6 => return Some(Event::Polls { at: fields.next()?, polls: polls(&mut fields)? }),
        13 => {
            let (Fixed(boot), up, at) = fields.next()?;
            return Some(Event::Stand(Stand { at, boot, up }));
        }
        _ => {}
    }
    let source = fields.next()?;
    Some(match kind {
        1 => Event::Source { source, name: fields.next()? },
        3 => Event::Gone { source, at: fields.next()?, ids: fields.ids()? },
        4 => Event::Back { source, ids: fields.ids()? },
        5 => Event::Document { source, document: document(&mut fields)? },
        7 => Event::Ill { source, illness: illness(&mut fields)? },
        8 => {
            let (every, skip_hours, skip_days) = fields.next()?;
            let every = maybe(every).map(Duration::from_secs);
            Event::Pace { source, pace: Pace { every, skip_hours, skip_days } }
        }
        9 => Event::Printed { source, ids: fields.ids()? },
        10 => {
            let (to, first, days, last_day): (String, _, _, _) = fields.next()?;
            let moved = (!to.is_empty()).then_some(Moved { to, first, days, last_day });
            Event::Moved { source, moved }
        }
        11 => Event::Totals { source, totals: totals(&mut fields)? },
        12 => Event::Seen { source, at: fields.next()?, ids: fields.ids()? },
        _ => return None,
    })
}

fn document(fields: &mut Fields<'_>) -> Option<Document> {
    let (Fixed(key), Fixed(asked), Fixed(from)) = fields.next()?;
    let (held, Fixed(digest)) = fields.next::<(u8, Fixed)>()?;
    let (etag, last_modified) = fields.next()?;
    let validators =
        Validators { etag: maybe_text(etag), last_modified: maybe_text(last_modified) };
    Some(Document { key, asked, from, validators, digest: (held != 0).then_some(digest) })
}

fn illness(fields: &mut Fields<'_>) -> Option<Option<Illness>> {
    let states =
        [None, Some(State::Stale), Some(State::Failed), Some(State::Limited), Some(State::Off)];
    let Some(state) = *states.get(fields.next::<u8>().map(usize::from)?)? else {
        return Some(None);
    };
    let (since, status, error) = fields.next()?;
    Some(Some(Illness { state, since, status: Some(status).filter(|status| *status != 0), error }))
}

fn polls(fields: &mut Fields<'_>) -> Option<Vec<Poll>> {
    let outcomes = [Outcome::Fresh, Outcome::Unchanged, Outcome::Failed, Outcome::Refused];
    let (mut polls, mut source) = (Vec::new(), 0_u32);
    while !fields.0.is_empty() {
        let (step, flags, ms) = fields.next::<(u32, u8, u32)>()?;
        source = source.checked_add(step)?;
        let fresh_for = fields.next_if(flags & 16 != 0)?;
        let (requests, wait) = fields.next()?;
        polls.push(Poll {
            source,
            outcome: outcomes[usize::from(flags & 3)],
            held: flags & 4 != 0,
            conditional: flags & 8 != 0,
            ms,
            fresh_for,
            requests,
            early: flags & 32 != 0,
            pressed: flags & 64 != 0,
            wait: maybe_small(wait),
        });
    }
    Some(polls)
}

fn totals(fields: &mut Fields<'_>) -> Option<Totals> {
    let (asked, answered, fresh_for) = fields.next()?;
    let (polls, unchanged, failed, refused, held, unconditional) = fields.next()?;
    let (shortest, requests, early, pressed, wait_until) = fields.next()?;
    Some(Totals {
        asked,
        answered,
        fresh_for: maybe_small(fresh_for),
        polls,
        unchanged,
        failed,
        refused,
        held,
        unconditional,
        shortest: maybe_small(shortest),
        requests,
        early,
        pressed,
        wait_until,
        latencies: fields.all()?,
        times: Times::default(),
    })
}

/// An item: flags, then those of its fields that they name.
fn item(mut fields: Fields<'_>) -> Option<Item> {
    let flags: u64 = fields.next()?;
    let has = |bit: u32| flags & 1 << bit != 0;
    let (id, title): (Text, Text) = fields.next()?;
    let url = if has(13) { Some(id.clone()) } else { fields.next_if(has(0))? };
    let (external_url, summary) = (fields.next_if(has(1))?, fields.next_if(has(2))?);
    let mut date = |bit| Some(fields.next_if(has(bit))?.and_then(Timestamp::from_unix));
    let (published, updated) = (date(3)?, date(4)?);
    let text = |fields: &mut Fields<'_>| fields.next();
    let mut list = |bit| if has(bit) { fields.list(text) } else { Some(Vec::new()) };
    let (authors, tags) = (list(5)?, list(6)?);
    let mut extra = None;
    if has(12) {
        extra = Some(Box::new(Extra {
            image: fields.next_if(has(7))?,
            language: fields.next_if(has(8))?,
            score: fields.next_if(has(9))?,
            comments: fields.next_if(has(10))?,
            attachments: if has(11) { fields.list(attachment)? } else { Vec::new() },
        }));
    }
    let item = Item {
        id,
        title,
        url,
        external_url,
        published,
        updated,
        authors,
        summary,
        tags,
        extra,
        ..Item::default()
    };
    fields.0.is_empty().then_some(item)
}

fn attachment(fields: &mut Fields<'_>) -> Option<Attachment> {
    let (url, mime_type, size, duration) = fields.next()?;
    Some(Attachment { url, mime_type, size: maybe(size), duration: maybe(duration) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Records of version 1, a byte for the kind and the fields behind it. Those of items, documents,
    /// names, polls and failures are in `tests/fixtures/state`.
    #[test]
    fn records_that_a_rewritten_journal_has_come_back() {
        let ids = [[7, 0, 0, 0, 0, 0, 0, 0], [9, 0, 0, 0, 0, 0, 0, 1]].concat();
        let read = |record: &[u8]| {
            let mut packed = Vec::new();
            event(record, &mut packed).map(|event| format!("{event:?}"))
        };
        let told = |event: Event<'_>| Some(format!("{event:?}"));
        let all = vec![7, 9 | 1 << 56];
        let gone = Event::Gone { source: 1, at: -1, ids: all.clone() };
        assert_eq!(read(&[&[3, 1, 1][..], &ids].concat()), told(gone));
        assert_eq!(
            read(&[&[4, 1][..], &ids].concat()),
            told(Event::Back { source: 1, ids: all.clone() })
        );
        let seen = Event::Seen { source: 1, at: 2, ids: all };
        assert_eq!(read(&[&[12, 1, 4][..], &ids].concat()), told(seen));
        let pace = Pace { every: Some(Duration::from_secs(60)), skip_hours: 128, skip_days: 65 };
        assert_eq!(read(&[8, 1, 61, 0x80, 1, 65]), told(Event::Pace { source: 1, pace }));
        let moved = Moved { to: "x".into(), first: 1, days: 2, last_day: 3 };
        assert_eq!(
            read(&[10, 1, 1, b'x', 2, 2, 6]),
            told(Event::Moved { source: 1, moved: Some(moved) })
        );
        assert_eq!(read(&[10, 1, 0, 0, 0, 0]), told(Event::Moved { source: 1, moved: None }));
        assert_eq!(read(&[7, 1, 0]), told(Event::Ill { source: 1, illness: None }));
        let totals = Totals {
            asked: 5,
            answered: 4,
            fresh_for: Some(3),
            polls: 9,
            unchanged: 1,
            failed: 2,
            refused: 3,
            held: 4,
            unconditional: 5,
            shortest: None,
            requests: 6,
            early: 7,
            pressed: 8,
            wait_until: 1,
            latencies: vec![20, 300],
            times: Times::default(),
        };
        let record = [11, 1, 10, 8, 4, 9, 1, 2, 3, 4, 5, 0, 6, 7, 8, 2, 20, 0xac, 2];
        assert_eq!(read(&record), told(Event::Totals { source: 1, totals }));
        let stand = Stand { at: 1, boot: 7, up: 3 };
        assert_eq!(read(&[&[13][..], &ids[..8], &[3, 2]].concat()), told(Event::Stand(stand)));
        for other in [&[][..], &[0], &[14, 1, 0], &[15, 0], &[99, 0], &[5, 1], &[2, 0], &[7, 1, 9]]
        {
            assert_eq!(upgrade(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_item_with_every_field_comes_back() {
        let mut record = vec![2];
        record.extend(
            [
                [1, 0, 0, 0].as_slice(),
                &[7, 0, 0, 0, 0, 0, 0, 0],
                &[3, 0, 0, 0],
                &[9, 0, 0, 0, 0, 0, 0, 0],
                &[1],
            ]
            .concat(),
        );
        // All flags but that of a link that is the id.
        record.extend([0xff, 0x3f]);
        for text in ["id", "title", "url", "external", "summary"] {
            record.push(text.len() as u8);
            record.extend(text.bytes());
        }
        record.extend([
            2, 1, 1, 3, b'A', b'n', b'n', 2, 1, b'x', 1, b'y', 2, b'i', b'm', 2, b'd', b'e', 3, 5,
        ]);
        record.extend([1, 1, b'u', 1, b'm', 0, 8]);
        let upgraded = upgrade(&record).unwrap();
        let Some(Event::Item { source, item, packed }) = record::read(&upgraded) else { panic!() };
        let story = story_of("title", Some("url"));
        assert_eq!(
            (source, item),
            (1, ItemHead { id: 7, story, root: 3, first_seen: 9, printed: true })
        );
        let attachment =
            Attachment { url: "u".into(), mime_type: "m".into(), size: None, duration: Some(7) };
        let extra = Extra {
            image: Some("im".into()),
            language: Some("de".into()),
            score: Some(-2),
            comments: Some(5),
            attachments: vec![attachment],
        };
        let expected = Item {
            id: "id".into(),
            title: "title".into(),
            url: Some("url".into()),
            external_url: Some("external".into()),
            summary: Some("summary".into()),
            published: Timestamp::from_unix(1),
            updated: Timestamp::from_unix(-1),
            authors: vec!["Ann".into()],
            tags: vec!["x".into(), "y".into()],
            extra: Some(Box::new(extra)),
            ..Item::default()
        };
        assert_eq!(pack::unpack(packed), Some(expected));
        for length in 0..record.len() {
            assert_eq!(upgrade(&record[..length]), None, "{length}");
        }
    }
}
