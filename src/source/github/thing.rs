//! One thing that GitHub has: a release, an issue, a pull request, a repository, a commit, an event.

use super::{event, markdown};
use crate::format::{bounded_id, complete};
use crate::http::Url;
use crate::item::{Item, MAX_LIST, MAX_SUMMARY, MAX_TITLE, Text};
use crate::json::{Bring, Found, Pointer, Slots};
use crate::text::{from_html, from_plain, link};
use crate::time::parse_date;

/// What is looked for in each thing, whatever it is.
macro_rules! parts {
    ($($bring:ident: $($part:ident $pointer:literal),* ;)*) => {
        /// A part of a thing.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Part { $($($part,)*)* }

        const PARTS: &[(&str, Bring)] = &[$($(($pointer, Bring::$bring),)*)*];
    };
}

parts! {
    Value:
        Id "/id", Kind "/type", Title "/title", Name "/name", FullName "/full_name",
        Tag "/tag_name", Sha "/sha", Number "/number", Page "/html_url", Body "/body",
        Description "/description", Language "/language",
        Published "/published_at", Created "/created_at", Updated "/updated_at",
        Author "/author/login", User "/user/login", Owner "/owner/login", Actor "/actor/login",
        Stars "/stargazers_count", Comments "/comments", Reactions "/reactions/total_count",
        Message "/commit/message", Committer "/commit/author/name",
        CommitDate "/commit/author/date", CommitComments "/commit/comment_count",
        Repo "/repo/name", Action "/payload/action", Ref "/payload/ref",
        RefType "/payload/ref_type", Before "/payload/before", Head "/payload/head",
        PullNumber "/payload/number",
        IssueNumber "/payload/issue/number", IssueTitle "/payload/issue/title",
        IssuePage "/payload/issue/html_url",
        PullTitle "/payload/pull_request/title", PullPage "/payload/pull_request/html_url",
        PullOwn "/payload/pull_request/number",
        CommentPage "/payload/comment/html_url", CommentBody "/payload/comment/body",
        ReviewPage "/payload/review/html_url", ReviewBody "/payload/review/body",
        ReleasePage "/payload/release/html_url", ReleaseName "/payload/release/name",
        ReleaseTag "/payload/release/tag_name", ReleaseBody "/payload/release/body",
        ForkPage "/payload/forkee/html_url",
        TalkNumber "/payload/discussion/number", TalkTitle "/payload/discussion/title",
        TalkPage "/payload/discussion/html_url";
    List: Labels "/labels", Topics "/topics";
    Flag:
        Draft "/draft", Prerelease "/prerelease", Pull "/pull_request", Payload "/payload",
        Merged "/payload/pull_request/merged";
}

/// A thing, as far as it was found.
pub(super) struct Thing<'a> {
    found: &'a Found,
    /// Where the pages are.
    web: &'a Url,
}

impl<'a> Thing<'a> {
    /// What to look for.
    pub(super) fn slots() -> Slots {
        let mut slots = Slots::default();
        for (pointer, bring) in PARTS {
            slots.add(Pointer::parse(pointer).unwrap_or_default(), *bring);
        }
        slots
    }

    pub(super) fn new(found: &'a Found, web: &'a Url) -> Thing<'a> {
        Thing { found, web }
    }

    /// A part that is a value.
    pub(super) fn get(&self, part: Part) -> Option<&'a str> {
        self.found[part as usize].first().map(String::as_str)
    }

    /// The first of these parts.
    pub(super) fn any(&self, parts: &[Part]) -> Option<&'a str> {
        parts.iter().find_map(|part| self.get(*part))
    }

    pub(super) fn is(&self, part: Part) -> bool {
        !self.found[part as usize].is_empty()
    }

    /// A page of the site.
    pub(super) fn page(&self, path: &str) -> Option<Text> {
        link(&format!("{}/{path}", self.web.as_str().trim_end_matches('/')), None)
    }

    /// Whether it is a thing at all, and be it one that is left out.
    pub(super) fn is_known(&self) -> bool {
        self.is(Part::Tag) || self.is(Part::Page)
    }

    /// `None` for drafts, which nobody is meant to see yet, and for what has no title.
    pub(super) fn item(&self) -> Option<Item> {
        if self.is(Part::Payload) && self.is(Part::Kind) {
            return event::item(self);
        }
        if self.is(Part::Draft) && self.is(Part::Tag) {
            return None;
        }
        let (title, summary) = self.words()?;
        let mut item = Item {
            id: bounded_id(self.any(&[Part::Page, Part::Id]).unwrap_or_default()),
            title: from_plain(title, MAX_TITLE),
            url: self.get(Part::Page).and_then(|page| link(page, None)),
            published: self
                .any(&[Part::Published, Part::Created, Part::CommitDate])
                .and_then(parse_date),
            authors: self.author(),
            summary,
            tags: self.tags(),
            ..Item::default()
        };
        if self.is_issue() {
            item.updated = self.get(Part::Updated).and_then(parse_date);
        }
        self.count(&mut item);
        complete(item)
    }

    fn is_issue(&self) -> bool {
        self.is(Part::Title) && self.is(Part::Number)
    }

    /// Title and text.
    fn words(&self) -> Option<(&'a str, Option<Text>)> {
        let body = || markdown(self.get(Part::Body));
        if self.is(Part::Tag) {
            return Some((self.any(&[Part::Name, Part::Tag])?, body()));
        }
        if self.is(Part::Sha) {
            // The first line is what Git shows (git-commit(1), DISCUSSION).
            let message = self.get(Part::Message)?.trim();
            let (title, text) = message.split_once('\n').unwrap_or((message, ""));
            return Some((title, plain(text)));
        }
        if self.is_issue() {
            return Some((self.get(Part::Title)?, body()));
        }
        let description = self.get(Part::Description).unwrap_or_default();
        Some((self.get(Part::FullName)?, plain(description)))
    }

    fn author(&self) -> Vec<Text> {
        let name = self.any(&[Part::Author, Part::User, Part::Owner, Part::Committer]);
        name.map(|name| from_plain(name, MAX_TITLE)).into_iter().collect()
    }

    fn tags(&self) -> Vec<Text> {
        let told = self.found[Part::Labels as usize].iter();
        let told = told.chain(&self.found[Part::Topics as usize]).map(String::as_str);
        let marks = [
            (self.is(Part::Prerelease), "prerelease"),
            (self.is(Part::Pull), "pull request"),
            (self.is(Part::FullName), self.get(Part::Language).unwrap_or_default()),
        ];
        let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark);
        let tags = told.chain(marks).map(|tag| from_plain(tag, MAX_TITLE));
        tags.filter(|tag| !tag.is_empty()).take(MAX_LIST).collect()
    }

    fn count(&self, item: &mut Item) {
        let score = self.any(&[Part::Stars, Part::Reactions]).and_then(|count| count.parse().ok());
        let comments = self.any(&[Part::Comments, Part::CommitComments]);
        let comments = comments.and_then(|count| count.parse().ok());
        if score.is_some() || comments.is_some() {
            let extra = item.extra();
            (extra.score, extra.comments) = (score, comments);
        }
    }
}

/// Text with Markdown and HTML in it, the HTML taken out.
pub(super) fn markdown(text: Option<&str>) -> Option<Text> {
    let text = text.map(|text| from_html(&markdown::to_html(text), MAX_SUMMARY));
    text.filter(|text| !text.is_empty())
}

fn plain(text: &str) -> Option<Text> {
    Some(from_plain(text, MAX_SUMMARY)).filter(|text| !text.is_empty())
}
