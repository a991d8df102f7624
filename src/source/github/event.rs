//! What happened on GitHub, in a sentence.
//! <https://docs.github.com/en/rest/using-the-rest-api/github-event-types>
//!
//! Since October 2025 many payloads tell numbers without titles and addresses, so what is missing is
//! made of what is there.

use super::thing::{Part, Thing, markdown};
use crate::format::{bounded_id, complete};
use crate::item::{Item, MAX_TITLE, Text};
use crate::text::{from_plain, link};
use crate::time::parse_date;

/// Of a commit's hash so many digits are told, as Git does.
const SHORT: usize = 10;

/// `None` for an event without an actor and a repository.
pub(super) fn item(thing: &Thing<'_>) -> Option<Item> {
    let kind = thing.get(Part::Kind)?;
    let (actor, repo) = (thing.get(Part::Actor)?, thing.get(Part::Repo)?);
    let mut title = format!("{actor} {}", deed(thing, kind, repo));
    if let Some(about) = thing.any(&[Part::IssueTitle, Part::PullTitle, Part::TalkTitle]) {
        title = format!("{title}: {about}");
    }
    let text = thing.any(&[Part::CommentBody, Part::ReviewBody, Part::ReleaseBody]);
    complete(Item {
        id: bounded_id(thing.get(Part::Id).unwrap_or_default()),
        title: from_plain(&title, MAX_TITLE),
        url: page(thing, kind, repo),
        published: thing.get(Part::Created).and_then(parse_date),
        authors: vec![from_plain(actor, MAX_TITLE)],
        summary: markdown(text),
        tags: vec![from_plain(kind, MAX_TITLE)],
        ..Item::default()
    })
}

/// What the actor did.
fn deed(thing: &Thing<'_>, kind: &str, repo: &str) -> String {
    let number = number(thing).map(|number| format!("#{number} of ")).unwrap_or_default();
    let action = thing.get(Part::Action).unwrap_or("changed").replace('_', " ");
    let branch = thing.get(Part::Ref).unwrap_or_default();
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    let thing_of = |verb: &str| match (thing.get(Part::RefType).unwrap_or_default(), branch) {
        ("" | "repository", _) | (_, "") => format!("{verb} {repo}"),
        (kind, name) => format!("{verb} {kind} {name} of {repo}"),
    };
    match kind {
        "PushEvent" => format!("pushed to {branch} of {repo}"),
        "WatchEvent" => format!("starred {repo}"),
        "ForkEvent" => format!("forked {repo}"),
        "CreateEvent" => thing_of("created"),
        "DeleteEvent" => thing_of("deleted"),
        "IssuesEvent" => format!("{action} issue {number}{repo}"),
        "PullRequestEvent" if thing.is(Part::Merged) => {
            format!("merged pull request {number}{repo}")
        }
        "PullRequestEvent" => format!("{action} pull request {number}{repo}"),
        "PullRequestReviewEvent" => format!("reviewed pull request {number}{repo}"),
        "IssueCommentEvent" | "PullRequestReviewCommentEvent" => {
            format!("commented on {number}{repo}")
        }
        "CommitCommentEvent" => format!("commented on a commit of {repo}"),
        "DiscussionEvent" => format!("{action} discussion {number}{repo}"),
        "ReleaseEvent" => {
            let name = thing.any(&[Part::ReleaseName, Part::ReleaseTag]).unwrap_or("a release");
            format!("{action} {name} of {repo}")
        }
        "GollumEvent" => format!("edited the wiki of {repo}"),
        "PublicEvent" => format!("made {repo} public"),
        "MemberEvent" => format!("{action} a member of {repo}"),
        other => format!("did something to {repo} ({})", other.trim_end_matches("Event")),
    }
}

fn number<'a>(thing: &Thing<'a>) -> Option<&'a str> {
    thing.any(&[Part::IssueNumber, Part::PullNumber, Part::PullOwn, Part::TalkNumber])
}

/// Where to read on: what the payload says, else where it must be.
fn page(thing: &Thing<'_>, kind: &str, repo: &str) -> Option<Text> {
    let told = [
        Part::CommentPage,
        Part::ReviewPage,
        Part::ReleasePage,
        Part::ForkPage,
        Part::IssuePage,
        Part::PullPage,
        Part::TalkPage,
    ];
    if let Some(page) = thing.any(&told).and_then(|page| link(page, None)) {
        return Some(page);
    }
    let path = match (kind, number(thing)) {
        ("DiscussionEvent", Some(number)) => format!("{repo}/discussions/{number}"),
        (kind, Some(number)) if kind.starts_with("PullRequest") => format!("{repo}/pull/{number}"),
        // The site leads on from an issue that is a pull request.
        (_, Some(number)) => format!("{repo}/issues/{number}"),
        ("PushEvent", _) => format!("{repo}{}", pushed(thing).unwrap_or_default()),
        ("CreateEvent", _) => {
            let tree = thing.get(Part::Ref).map(|name| format!("/tree/{name}"));
            format!("{repo}{}", tree.unwrap_or_default())
        }
        ("GollumEvent", _) => format!("{repo}/wiki"),
        _ => repo.to_owned(),
    };
    thing.page(&path)
}

/// The path that shows what was pushed.
fn pushed(thing: &Thing<'_>) -> Option<String> {
    let short = |part| thing.get(part).and_then(|hash| hash.get(..SHORT));
    let head = short(Part::Head)?;
    match short(Part::Before).filter(|before| before.bytes().any(|digit| digit != b'0')) {
        Some(before) => Some(format!("/compare/{before}...{head}")),
        // A new branch has nothing to be compared with.
        None => Some(format!("/commit/{head}")),
    }
}
