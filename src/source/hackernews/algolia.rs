//! Hacker News as Algolia searches it: one request for a whole list. <https://hn.algolia.com/api>

use super::{List, Post};
use crate::http::{Request, Url};
use crate::json::{self, Bring, Found, Pointer, Slots};
use crate::source::endpoint;

/// Where the service is.
pub const BASE_URL: &str = "https://hn.algolia.com";

/// It has no list of the best stories: the newest with so many points stand for it.
pub const BEST: &str = "points>=200";

/// The stories of a list, at most `limit`.
pub(super) fn request(base: &Url, list: List, limit: usize) -> Request {
    let (path, tags, filter) = match list {
        List::Top => ("search", "front_page", ""),
        List::New => ("search_by_date", "story", ""),
        List::Best => ("search_by_date", "story", BEST),
        List::Ask => ("search_by_date", "ask_hn", ""),
        List::Show => ("search_by_date", "show_hn", ""),
        List::Job => ("search_by_date", "job", ""),
    };
    let mut url = endpoint(base, &format!("api/v1/{path}"));
    let size = limit.to_string();
    for (name, value) in [("tags", tags), ("numericFilters", filter), ("hitsPerPage", &size)] {
        if !value.is_empty() {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Request::get(url)
}

/// Whether an answer is one of Algolia's.
pub(super) fn is_answer(text: &str) -> bool {
    let mut slots = Slots::default();
    slots.add(hits(), Bring::Flag);
    text.trim_start().starts_with('{')
        && json::one(text, &slots).is_ok_and(|found| !found[0].is_empty())
}

/// The stories of an answer, and how many entries are none.
///
/// # Errors
/// It is not JSON, and where.
pub(super) fn posts(body: &[u8]) -> Result<(Vec<Post>, usize), String> {
    const PLACES: [&str; 8] = [
        "/objectID",
        "/title",
        "/url",
        "/author",
        "/story_text",
        "/created_at_i",
        "/points",
        "/num_comments",
    ];
    let mut slots = Slots::default();
    for place in PLACES {
        slots.add(Pointer::parse(place).unwrap_or_default(), Bring::Value);
    }
    json::each(body, &hits(), &slots, &post)
}

fn hits() -> Pointer {
    Pointer::parse("/hits").unwrap_or_default()
}

/// `None` for a comment, which has no title.
fn post(found: &Found) -> Option<Post> {
    let text = |place: usize| found[place].first().cloned();
    let number = |place: usize| found[place].first().and_then(|text| text.parse().ok());
    let post = Post {
        id: number(0),
        title: text(1),
        url: text(2),
        by: text(3),
        text: text(4),
        time: number(5),
        score: number(6),
        descendants: number(7),
        ..Post::default()
    };
    Some(post).filter(Post::is_news)
}
