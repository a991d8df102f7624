//! What the API answers: things, and lists of things.
//! <https://github.com/reddit-archive/reddit/wiki/JSON>

use std::borrow::Cow;

use serde::Deserialize;

use super::{Reddit, absolute, is_same};
use crate::failure::{Failure, Stage};
use crate::item::{Item, MAX_SUMMARY, MAX_TITLE, Text};
use crate::json;
use crate::source::{Page, not_json, unreadable};
use crate::text::{from_html, from_plain, link};
use crate::time::Timestamp;

/// The kind of a post; comments are `t1`, people `t2`, subreddits `t5`.
const POST: &str = "t3";

/// Reads a list of posts, or several: the page of one post is a list of it and one of comments.
pub(super) fn read(source: &Reddit, body: &[u8]) -> Result<Page, Failure> {
    let lists = if body.trim_ascii_start().starts_with(b"[") {
        json::list_from_slice::<Thing>(body).map_err(not_json)?.items
    } else {
        vec![json::from_slice::<Thing>(body).map_err(not_json)?]
    };
    let mut page = Page { format: "reddit".into(), ..Page::default() };
    let mut listed = false;
    for thing in lists {
        if let Some(refusal) = source.refusal(&thing) {
            return Err(Failure::new(Stage::Service, refusal));
        }
        let kind = thing.kind;
        let Some(data) = thing.data else { continue };
        listed |= data.children.is_array || kind.as_deref() == Some(POST);
        if kind.as_deref() == Some(POST) {
            take(&mut page, &data);
            continue;
        }
        page.skipped += data.children.skipped;
        let posts = data.children.items.iter().filter(|child| child.kind.as_deref() == Some(POST));
        posts.filter_map(|child| child.data.as_deref()).for_each(|post| take(&mut page, post));
    }
    if !listed {
        return Err(unreadable("no answer of Reddit: `data` and its `children` are missing"));
    }
    Ok(page)
}

fn take(page: &mut Page, post: &Post) {
    match post.item() {
        Some(item) => page.items.push(item),
        None => page.skipped += 1,
    }
}

/// Anything that the API says: `{"kind", "data"}`, or that it will not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Thing {
    #[serde(deserialize_with = "json::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "json::object")]
    data: Option<Box<Post>>,
    /// What it says instead of an answer, and why.
    #[serde(deserialize_with = "json::text")]
    pub(super) message: Option<String>,
    #[serde(deserialize_with = "json::text")]
    pub(super) reason: Option<String>,
}

/// A list, or a post: <https://www.reddit.com/dev/api#GET_hot>
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Post {
    children: json::List<Thing>,
    #[serde(deserialize_with = "json::text")]
    name: Option<String>,
    #[serde(deserialize_with = "json::text")]
    title: Option<String>,
    #[serde(deserialize_with = "json::text")]
    permalink: Option<String>,
    #[serde(deserialize_with = "json::text")]
    url: Option<String>,
    #[serde(deserialize_with = "json::text")]
    author: Option<String>,
    #[serde(deserialize_with = "json::integer")]
    created_utc: Option<i64>,
    #[serde(deserialize_with = "json::integer")]
    edited: Option<i64>,
    #[serde(deserialize_with = "json::integer")]
    score: Option<i64>,
    #[serde(deserialize_with = "json::boolean")]
    hide_score: Option<bool>,
    #[serde(deserialize_with = "json::integer")]
    num_comments: Option<i64>,
    #[serde(deserialize_with = "json::text")]
    selftext: Option<String>,
    #[serde(deserialize_with = "json::text")]
    selftext_html: Option<String>,
    #[serde(deserialize_with = "json::text")]
    subreddit: Option<String>,
    #[serde(deserialize_with = "json::text")]
    link_flair_text: Option<String>,
    #[serde(deserialize_with = "json::text")]
    removed_by_category: Option<String>,
    #[serde(deserialize_with = "json::boolean")]
    over_18: Option<bool>,
    #[serde(deserialize_with = "json::boolean")]
    spoiler: Option<bool>,
    #[serde(deserialize_with = "json::text")]
    thumbnail: Option<String>,
    #[serde(deserialize_with = "json::object")]
    preview: Option<Preview>,
}

/// The pictures of a post, each in several sizes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Preview {
    images: json::List<Picture>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Picture {
    #[serde(deserialize_with = "json::object")]
    source: Option<Size>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Size {
    #[serde(deserialize_with = "json::text")]
    url: Option<String>,
}

impl Post {
    /// `None` for what was deleted or removed, and what has neither a name nor a title.
    ///
    /// What is pinned (`stickied`) is a post like others: by its date it stands where it belongs.
    /// What is for adults (`over_18`) was asked for by whoever chose the subreddit: it is marked with
    /// a tag, and comes without a picture, as what would spoil a story does.
    fn item(&self) -> Option<Item> {
        if self.is_gone() {
            return None;
        }
        let title = literal(self.title.as_deref()?);
        let path = |link: &&str| link.starts_with('/') && !link.starts_with("//");
        let permalink = self.permalink.as_deref().filter(path).and_then(absolute);
        let target = self.url.as_deref().and_then(absolute);
        let own = |target: &&Text| permalink.as_ref().is_some_and(|page| is_same(target, page));
        let url = target.as_ref().filter(own).or(permalink.as_ref()).cloned();
        let mut item = Item {
            id: from_plain(self.name.as_deref().or(url.as_deref())?, MAX_TITLE),
            title: from_plain(&title, MAX_TITLE),
            external_url: target.filter(|target| !own(&target)),
            url,
            published: self.created_utc.filter(|at| *at > 0).and_then(Timestamp::from_unix),
            updated: self.edited.filter(|at| *at > 0).and_then(Timestamp::from_unix),
            summary: self.words(),
            tags: self.tags(),
            ..Item::default()
        };
        let author = self.author.as_deref().filter(|name| !is_void(name) && !name.is_empty());
        item.authors.extend(author.map(|name| from_plain(&format!("/u/{name}"), MAX_TITLE)));
        let extra = item.extra();
        extra.score = self.score.filter(|_| self.hide_score != Some(true));
        extra.comments = self.num_comments.and_then(|count| u64::try_from(count).ok());
        extra.image = self.image();
        Some(item)
    }

    fn is_gone(&self) -> bool {
        let void = |text: &Option<String>| text.as_deref().is_some_and(is_void);
        self.removed_by_category.is_some() || void(&self.selftext) || void(&self.title)
    }

    /// What the author wrote, without the Markdown.
    fn words(&self) -> Option<Text> {
        let html = self.selftext_html.as_deref().filter(|html| !html.is_empty());
        let words = match html {
            Some(html) => from_html(&literal(html), MAX_SUMMARY),
            None => from_plain(&literal(self.selftext.as_deref()?), MAX_SUMMARY),
        };
        Some(words).filter(|words| !words.is_empty())
    }

    /// The subreddit, as its feed names it, and the flair.
    fn tags(&self) -> Vec<Text> {
        let subreddit = self.subreddit.as_ref().map(|name| format!("r/{name}"));
        let flair = self.link_flair_text.as_deref().map(|flair| literal(flair).into_owned());
        let adult = (self.over_18 == Some(true)).then(|| "nsfw".to_owned());
        let told = subreddit.into_iter().chain(flair).chain(adult);
        let mut tags: Vec<Text> = told.map(|tag| from_plain(&tag, MAX_TITLE)).collect();
        tags.retain(|tag| !tag.is_empty());
        tags
    }

    /// The preview, else the thumbnail, which may be a word: `self`, `default`, `nsfw`.
    fn image(&self) -> Option<Text> {
        if self.over_18 == Some(true) || self.spoiler == Some(true) {
            return None;
        }
        let first = self.preview.as_ref().and_then(|preview| preview.images.items.first());
        let first = first.and_then(|picture| picture.source.as_ref()?.url.as_deref());
        let first = first.and_then(|url| link(&literal(url), None));
        first.or_else(|| link(self.thumbnail.as_deref()?, None))
    }
}

/// What stands where a text was.
fn is_void(text: &str) -> bool {
    matches!(text.trim(), "[deleted]" | "[removed]" | "[deleted by user]")
}

/// The text as it was written. Without `raw_json` in the request, `<`, `>` and `&` come as in HTML,
/// and then none of them stands alone.
fn literal(text: &str) -> Cow<'_, str> {
    let ends = ["&lt;", "&gt;", "&amp;"];
    let escaped =
        text.match_indices('&').all(|(at, _)| ends.iter().any(|end| text[at..].starts_with(end)));
    if !escaped || text.contains(['<', '>']) || !text.contains('&') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
