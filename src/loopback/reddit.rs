//! The embedded web's Reddit: a subreddit's feed, tokens, and the list of posts for who has one.

use super::KEY;
use super::feeds::{quoted, xml};
use super::serve::{Answer, Asked};
use super::site::Dated;
use crate::http::Url;
use crate::time::Timestamp;
use crate::wire::basic;

/// The token that this web gives.
const TOKEN: &str = "a-token-of-the-embedded-web";

/// Every how manieth story is posted here, too.
const EVERY: usize = 4;

/// What one answer holds if nobody says (<https://www.reddit.com/dev/api#GET_hot>).
const USUAL: usize = 25;

/// `/api/v1/access_token`: <https://github.com/reddit-archive/reddit/wiki/OAuth2>
pub(super) fn token(asked: &Asked) -> Answer {
    let app = Url::parse(&format!("http://{KEY}:{KEY}@localhost/")).ok();
    if asked.field("authorization") != app.as_ref().and_then(basic).as_deref() {
        return refusal(401, "Unauthorized");
    }
    if asked.posted.as_deref() != Some("grant_type=client_credentials") {
        return Answer::json(200, "{\"error\":\"unsupported_grant_type\"}".into());
    }
    let life = "\"token_type\":\"bearer\",\"expires_in\":86400,\"scope\":\"*\"";
    Answer::json(200, format!("{{\"access_token\":\"{TOKEN}\",{life}}}"))
}

/// `/r/SUB/LIST`: <https://www.reddit.com/dev/api#section_listings>
pub(super) fn posts(
    asked: &Asked,
    subreddit: &str,
    stories: &[Dated],
    discussion: &str,
    now: Timestamp,
) -> Answer {
    if asked.field("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return refusal(401, "Unauthorized");
    }
    let size = asked.parameter("limit").and_then(|size| size.parse().ok()).unwrap_or(USUAL);
    let mut posts: Vec<String> = (0..)
        .zip(chosen(stories, size))
        .map(|(n, story)| {
            let target = format!("{}?utm_source=reddit", story.link);
            post(subreddit, n, story.at, story.tale.title, &target)
        })
        .collect();
    let page = page(subreddit, posts.len());
    posts.push(post(subreddit, posts.len(), now, &discussion.replace("Ask HN: ", ""), &page));
    posts.push(format!(
        "{{\"kind\":\"t3\",\"data\":{{\"name\":\"t3_gone\",\"title\":\"[deleted by user]\",\
         \"author\":\"[deleted]\",\"selftext\":\"[removed]\",\"permalink\":{}}}}}",
        quoted(&format!("/r/{subreddit}/comments/gone/x/"))
    ));
    let body = format!(
        "{{\"kind\":\"Listing\",\"data\":{{\"after\":null,\"children\":[{}]}}}}",
        posts.join(",\n")
    );
    let fields = "x-ratelimit-used: 1\r\nx-ratelimit-remaining: 599.0\r\n\
                  x-ratelimit-reset: 412\r\n";
    Answer { fields: fields.into(), ..Answer::json(200, body) }
}

fn post(subreddit: &str, n: usize, at: Timestamp, title: &str, target: &str) -> String {
    format!(
        "{{\"kind\":\"t3\",\"data\":{{\"name\":\"t3_{n}\",\"subreddit\":\"{subreddit}\",\
         \"title\":{},\"author\":\"orchardist\",\"created_utc\":{}.0,\"permalink\":{},\"url\":{},\
         \"score\":{},\"num_comments\":{},\"link_flair_text\":null}}}}",
        quoted(title),
        at.unix(),
        quoted(&format!("/r/{subreddit}/comments/{n}/x/")),
        quoted(target),
        310 / (n + 1),
        90 / (n + 1)
    )
}

/// `/r/SUB/.rss`
pub(super) fn feed(subreddit: &str, stories: &[Dated]) -> Answer {
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <id>/r/{subreddit}/.rss</id><title>{subreddit}</title>\n"
    );
    for (n, story) in chosen(stories, USUAL).enumerate() {
        let (page, author) = (page(subreddit, n), "/u/orchardist");
        let content = format!(
            "&#32; submitted by &#32; <a href=\"https://www.reddit.com{author}\"> {author} </a> \
             <br/> <span><a href=\"{}\">[link]</a></span> &#32; \
             <span><a href=\"{page}\">[comments]</a></span>",
            xml(&story.link)
        );
        body += &format!(
            "<entry><author><name>{author}</name></author><content type=\"html\">{}</content>\
             <id>t3_{n}</id><link href=\"{page}\"/><published>{}</published>\
             <title>{}</title></entry>\n",
            xml(&content),
            story.at,
            xml(story.tale.title)
        );
    }
    body += "</feed>\n";
    Answer::ok("application/atom+xml; charset=UTF-8", body.into_bytes())
}

fn chosen(stories: &[Dated], size: usize) -> impl Iterator<Item = &Dated> {
    stories.iter().step_by(EVERY).take(size)
}

fn page(subreddit: &str, n: usize) -> String {
    format!("https://www.reddit.com/r/{subreddit}/comments/{n}/x/")
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, format!("{{\"message\":\"{message}\",\"error\":{status}}}"))
}
