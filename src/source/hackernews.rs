//! Hacker News, through its Firebase API: a list of ids, then one request for each; or through
//! Algolia, which has the whole list in one answer.
//!
//! <https://github.com/HackerNews/API>

use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Secret, Url, same_server};
use crate::item::{Item, MAX_ITEMS, MAX_SUMMARY, MAX_TITLE};
use crate::json::{self, Bring, Found, Pointer, Slots};
use crate::source::{Page, Source, endpoint, not_json, said};
use crate::text::{from_html, from_maybe_html, from_plain, link};
use crate::time::Timestamp;

pub mod algolia;
mod live;

pub use live::LiveHackerNews;

/// Where the service is.
pub const BASE_URL: &str = "https://hacker-news.firebaseio.com";

/// How many stories of a list are asked for unless the config says otherwise.
pub const DEFAULT_LIMIT: usize = 30;

/// Requests at once: the service has no limit, and every story is a request of its own.
const PER_HOST: usize = 16;

/// One list of Hacker News.
#[derive(Clone, Debug)]
pub struct HackerNews {
    /// Who is asked.
    pub api: Api,
    /// [`BASE_URL`] (or [`algolia::BASE_URL`]), a mirror, or a test server.
    pub base_url: Url,
    /// Which list.
    pub list: List,
    /// How many of its stories to ask for.
    pub limit: usize,
}

/// Who is asked for a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Api {
    /// Firebase, and Algolia when it does not have the list.
    #[default]
    Both,
    /// Firebase alone.
    Firebase,
    /// Algolia alone.
    Algolia,
}

/// The lists of <https://github.com/HackerNews/API#new-top-and-best-stories>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum List {
    #[default]
    Top,
    New,
    Best,
    Ask,
    Show,
    Job,
}

impl List {
    /// As the config and the service's URLs name it.
    pub fn name(self) -> &'static str {
        match self {
            List::Top => "top",
            List::New => "new",
            List::Best => "best",
            List::Ask => "ask",
            List::Show => "show",
            List::Job => "job",
        }
    }

    /// The list of that name.
    pub fn from_name(name: &str) -> Option<List> {
        let all = [List::Top, List::New, List::Best, List::Ask, List::Show, List::Job];
        all.into_iter().find(|list| list.name() == name)
    }
}

impl Source for HackerNews {
    fn kind(&self) -> &'static str {
        "hackernews"
    }

    fn plan(&self) -> Vec<Request> {
        if self.api == Api::Algolia {
            return vec![algolia::request(&self.base_url, self.list, self.limit)];
        }
        vec![self.request(&format!("v0/{}stories.json", self.list.name()))]
    }

    fn fallback(&self, request: &Request) -> Option<Request> {
        // Whoever has a mirror does not mean anybody else.
        let own = self.api == Api::Both && self.base_url.as_str().trim_end_matches('/') == BASE_URL;
        let is_list = own && same_server(&request.url, &self.base_url) && request.step == 0;
        let other = Url::parse(algolia::BASE_URL).ok().filter(|_| is_list)?;
        Some(algolia::request(&other, self.list, self.limit))
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let mut page = Page { format: "hackernews".into(), ..Page::default() };
        if request.step == 0 && algolia::is_answer(&String::from_utf8_lossy(document.body)) {
            let (posts, skipped) = algolia::posts(document.body).map_err(not_json)?;
            page.items = posts.iter().filter_map(Post::item).collect();
            page.skipped = skipped + posts.len() - page.items.len();
            return Ok(page);
        }
        let answer = Answer::read(document.body)?;
        if let Some(error) = answer.error() {
            let words = said(error, &Secret(String::new()));
            return Err(Failure::new(Stage::Service, words));
        }
        page.more = self.items(&answer.ids);
        page.skipped = answer.skipped + answer.ids.len();
        // An item that a list led to has to be news. What was handed to us to read is shown
        // for what it is: comments too, and on its own even a deleted one.
        let asked = request.step > 0;
        page.skipped += usize::from(asked && answer.alone && answer.posts.is_empty());
        for post in answer.posts {
            let wanted = if asked { post.is_news() } else { answer.alone || !post.gone };
            match post.item().filter(|_| wanted) {
                Some(item) => page.items.push(item),
                None => page.skipped += 1,
            }
        }
        Ok(page)
    }

    fn explain(&self, _status: u16, body: &[u8]) -> Option<String> {
        let answer = Answer::read(body).ok()?;
        let own = answer.error().or(answer.posts.first().and_then(|post| post.message.as_deref()));
        own.map(|error| said(error, &Secret(String::new())))
    }

    fn per_host(&self) -> Option<usize> {
        Some(PER_HOST)
    }
}

impl HackerNews {
    fn request(&self, path: &str) -> Request {
        Request::get(endpoint(&self.base_url, path))
    }

    /// One request for each of the first ids, marked with its rank.
    fn items(&self, ids: &[u64]) -> Vec<Request> {
        let first = ids.iter().take(self.limit.min(MAX_ITEMS));
        let ranked = first.zip(0..).map(|(id, tag)| {
            let request = self.request(&format!("v0/item/{id}.json"));
            Request { tag, ..request }
        });
        ranked.collect()
    }
}

/// An item of any type. <https://github.com/HackerNews/API#items>
#[derive(Debug, Default)]
struct Post {
    id: Option<i64>,
    kind: Option<String>,
    /// Deleted by its author, or dead.
    gone: bool,
    by: Option<String>,
    time: Option<i64>,
    title: Option<String>,
    text: Option<String>,
    url: Option<String>,
    score: Option<i64>,
    descendants: Option<i64>,
    /// What Firebase says instead of an item.
    error: Option<String>,
    /// What Algolia says.
    message: Option<String>,
}

/// Where the parts of a [`Post`] are in an item of Firebase; before them the item itself, which may be a bare id.
const PLACES: [(&str, Bring); 14] = [
    ("", Bring::Value),
    ("/id", Bring::Value),
    ("/type", Bring::Value),
    ("/deleted", Bring::Flag),
    ("/dead", Bring::Flag),
    ("/by", Bring::Value),
    ("/time", Bring::Value),
    ("/title", Bring::Value),
    ("/text", Bring::Value),
    ("/url", Bring::Value),
    ("/score", Bring::Value),
    ("/descendants", Bring::Value),
    ("/error", Bring::Value),
    ("/message", Bring::Value),
];

fn number(found: &Found, place: usize) -> Option<i64> {
    found[place].first()?.parse().ok()
}

impl Post {
    fn new(found: &Found) -> Post {
        let text = |place: usize| found[place].first().cloned();
        Post {
            id: number(found, 1),
            kind: text(2),
            gone: !found[3].is_empty() || !found[4].is_empty(),
            by: text(5),
            time: number(found, 6),
            title: text(7),
            text: text(8),
            url: text(9),
            score: number(found, 10),
            descendants: number(found, 11),
            error: text(12),
            message: text(13),
        }
    }

    /// A story, job or poll with a title; not a comment, a poll's option, or something deleted.
    fn is_news(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or("story");
        let titled = self.title.as_ref().is_some_and(|title| !title.trim().is_empty());
        !self.gone && titled && matches!(kind, "story" | "job" | "poll")
    }

    /// `None` for what is no item at all: a user, something without an id.
    fn item(&self) -> Option<Item> {
        let id = self.id.filter(|id| *id > 0)?;
        self.title.as_ref().or(self.kind.as_ref())?;
        let page = format!("https://news.ycombinator.com/item?id={id}");
        let mut item = Item {
            id: page.as_str().into(),
            title: from_maybe_html(self.title.as_deref().unwrap_or_default(), MAX_TITLE),
            url: Some(page.into()),
            external_url: self.url.as_deref().and_then(|url| link(url, None)),
            // The service knows no item from before 1970, but `0` for «unknown».
            published: self.time.filter(|time| *time > 0).and_then(Timestamp::from_unix),
            ..Item::default()
        };
        item.authors.extend(self.by.as_deref().map(|by| from_plain(by, MAX_TITLE)));
        item.authors.retain(|name| !name.is_empty());
        let text = self.text.as_deref().map(|text| from_html(text, MAX_SUMMARY));
        item.summary = text.filter(|text| !text.is_empty());
        if self.score.is_some() || self.descendants.is_some() {
            item.extra().score = self.score;
            item.extra().comments = self.descendants.and_then(|count| u64::try_from(count).ok());
        }
        Some(item)
    }
}

/// Any answer of the service: a list of ids, an item, `null`, a number; and what mirrors make of
/// it: a list of items.
#[derive(Debug, Default)]
struct Answer {
    ids: Vec<u64>,
    posts: Vec<Post>,
    /// Entries of a list that are neither id nor item.
    skipped: usize,
    /// Not a list.
    alone: bool,
}

impl Answer {
    fn read(body: &[u8]) -> Result<Answer, Failure> {
        let mut slots = Slots::default();
        for (place, bring) in PLACES {
            slots.add(Pointer::parse(place).unwrap_or_default(), bring);
        }
        let text = String::from_utf8_lossy(body);
        let start = text.trim_start_matches('\u{feff}').trim_start();
        let mut answer = Answer { alone: !start.starts_with('['), ..Answer::default() };
        if answer.alone {
            let found = json::one(&text, &slots).map_err(not_json)?;
            answer.posts.extend(start.starts_with('{').then(|| Post::new(&found)));
            return Ok(answer);
        }
        let list = json::each(body, &Pointer::default(), &slots, &Entry::new);
        let (entries, skipped) = list.map_err(not_json)?;
        answer.skipped = skipped;
        for entry in entries {
            match entry {
                Entry::Id(id) => answer.ids.push(id),
                Entry::Post(post) => answer.posts.push(*post),
            }
        }
        Ok(answer)
    }
    fn error(&self) -> Option<&str> {
        match &self.posts[..] {
            [post] if self.alone => post.error.as_deref(),
            _ => None,
        }
    }
}

/// An element of a list.
enum Entry {
    Id(u64),
    Post(Box<Post>),
}

impl Entry {
    fn new(found: &Found) -> Option<Entry> {
        match number(found, 0) {
            Some(id) => u64::try_from(id).ok().map(Entry::Id),
            None if found.iter().all(Vec::is_empty) => None,
            None => Some(Entry::Post(Box::new(Post::new(found)))),
        }
    }
}
