//! Hacker News as it changes: the stream of a list.
//!
//! <https://github.com/HackerNews/API#changed-items-and-profiles> leaves to Firebase how to listen:
//! <https://firebase.google.com/docs/reference/rest/database#section-streaming>. An event tells the
//! list, or what changed in it; when a story comes up that was not among the first, the plan asks.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{HackerNews, MAX_ITEMS};
use crate::failure::Failure;
use crate::format::sse::Event;
use crate::http::{Document, Request};
use crate::json;
use crate::source::live::{Heard, Live};
use crate::source::{Page, Quota, Source};

/// A list that also says when it changes.
#[derive(Clone, Debug)]
pub struct LiveHackerNews(pub HackerNews);

impl Source for LiveHackerNews {
    fn kind(&self) -> &'static str {
        self.0.kind()
    }

    fn plan(&self) -> Vec<Request> {
        self.0.plan()
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        self.0.read(request, document)
    }

    fn fallback(&self, request: &Request) -> Option<Request> {
        self.0.fallback(request)
    }

    fn explain(&self, status: u16, body: &[u8]) -> Option<String> {
        self.0.explain(status, body)
    }

    fn quota(&self) -> Quota {
        self.0.quota()
    }

    fn live(&self) -> Option<&dyn Live> {
        Some(self)
    }

    fn per_host(&self) -> Option<usize> {
        self.0.per_host()
    }
}

impl Live for LiveHackerNews {
    fn open(&self) -> Option<Request> {
        let request = self.0.request(&format!("v0/{}stories.json", self.0.list.name()));
        Some(request.with("accept", "text/event-stream", false).with(
            "accept-encoding",
            "identity",
            false,
        ))
    }

    /// `heard` is the list as it was told last.
    fn hear(&self, event: Event, heard: &mut Vec<u64>) -> Heard {
        match event.kind.as_str() {
            "put" | "patch" => {}
            "cancel" => return Heard::Over("the service takes the list away"),
            "auth_revoked" => return Heard::Over("the service takes the access away"),
            _ => return Heard::Nothing,
        }
        let Ok(change) = json::from_text::<Change>(&event.data) else { return Heard::Unreadable };
        let before: Vec<u64> = heard.iter().copied().take(self.0.limit).collect();
        let Some(()) = change.apply(heard) else { return Heard::Unreadable };
        // The first list is that of the plan, which was asked when the service began.
        let is_new = |id: &u64| *id != 0 && !before.contains(id);
        match !before.is_empty() && heard.iter().take(self.0.limit).any(is_new) {
            true => Heard::Due,
            false => Heard::Nothing,
        }
    }
}

/// What `put` and `patch` say: what is now at a path, or beneath it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change {
    #[serde(deserialize_with = "json::text")]
    path: Option<String>,
    data: Data,
}

impl Change {
    /// Changes the list so; `None` if it is not about a list.
    fn apply(self, list: &mut Vec<u64>) -> Option<()> {
        let place = self.path.as_deref().unwrap_or_default().trim_matches('/').to_owned();
        match self.data {
            Data::List(ids) if place.is_empty() => {
                *list = ids.iter().take(MAX_ITEMS).map(Data::id).collect();
            }
            Data::Nothing if place.is_empty() => list.clear(),
            Data::Places(places) if place.is_empty() => {
                for (place, id) in places {
                    place.parse().into_iter().for_each(|index| set(list, index, id.id()));
                }
            }
            Data::One(id) => set(list, place.parse().ok()?, id),
            Data::Nothing => set(list, place.parse().ok()?, 0),
            _ => return None,
        }
        Some(())
    }
}

/// A place that holds nothing is 0, which no story is.
fn set(list: &mut Vec<u64>, index: usize, id: u64) {
    if index < MAX_ITEMS {
        list.resize(list.len().max(index + 1), 0);
        list[index] = id;
    }
}

/// What serde keeps of it meanwhile is bounded by the bound of an event: some 32 bytes for each two of its 64 KiB.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Data {
    List(Vec<Data>),
    /// By their places in the list.
    Places(BTreeMap<String, Data>),
    One(u64),
    #[default]
    Nothing,
    Other(IgnoredAny),
}

impl Data {
    fn id(&self) -> u64 {
        match self {
            Data::One(id) => *id,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::hackernews::{Api, BASE_URL, List};

    fn live() -> LiveHackerNews {
        let base_url = crate::http::Url::parse(BASE_URL).expect("a URL");
        LiveHackerNews(HackerNews { api: Api::default(), base_url, list: List::Top, limit: 3 })
    }

    fn hear(events: &[(&str, &str)]) -> Vec<Heard> {
        let mut heard = Vec::new();
        let event = |kind: &str, data: &str| Event {
            kind: kind.into(),
            data: data.into(),
            id: String::new(),
            says_id: false,
        };
        events.iter().map(|(kind, data)| live().hear(event(kind, data), &mut heard)).collect()
    }

    #[test]
    fn only_a_story_that_comes_up_among_the_first_makes_the_list_due() {
        let first = ("put", r#"{"path":"/","data":[5,6,7,8,9]}"#);
        for (kind, data, due) in [
            ("put", r#"{"path":"/","data":[7,6,5,9,10]}"#, false),
            ("put", r#"{"path":"/","data":[7,6,9,5]}"#, true),
            ("put", r#"{"path":"/2","data":10}"#, true),
            ("put", r#"{"path":"/3","data":10}"#, false),
            ("patch", r#"{"path":"/","data":{"0":6,"1":5}}"#, false),
            ("patch", r#"{"path":"/","data":{"0":11,"700":12,"99999999999":1,"x":[{}]}}"#, true),
            ("put", r#"{"path":"/","data":null}"#, false),
            ("put", r#"{"path":"/1","data":null}"#, false),
            ("keep-alive", "null", false),
        ] {
            let expected = if due { Heard::Due } else { Heard::Nothing };
            assert_eq!(hear(&[first, (kind, data)]), [Heard::Nothing, expected], "{data}");
        }
    }

    #[test]
    fn what_changed_counts_from_the_change_before() {
        let told = hear(&[
            ("put", r#"{"path":"/","data":[1,2,3]}"#),
            ("patch", r#"{"path":"/","data":{"0":4,"1":1,"2":2}}"#),
            ("patch", r#"{"path":"/","data":{"0":1,"1":4,"2":2}}"#),
            ("patch", r#"{"path":"/","data":{"0":1,"1":3,"2":2}}"#),
        ]);
        assert_eq!(told, [Heard::Nothing, Heard::Due, Heard::Nothing, Heard::Due]);
    }

    #[test]
    fn nonsense_is_unreadable_and_an_end_is_one() {
        for data in ["", "{", r#"{"path":"/x","data":1}"#, r#"{"path":"/","data":"no"}"#] {
            assert_eq!(hear(&[("put", data)]), [Heard::Unreadable], "{data}");
        }
        assert!(matches!(hear(&[("cancel", "null")])[..], [Heard::Over(_)]));
        assert!(matches!(hear(&[("auth_revoked", "x")])[..], [Heard::Over(_)]));
    }
}
