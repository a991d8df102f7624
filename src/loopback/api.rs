//! The embedded web's NewsAPI, Guardian and Hacker News.

use super::KEY;
use super::feeds::{markup, quoted};
use super::serve::{Answer, Asked};
use super::site::Dated;
use super::stories::Discussion;
use crate::time::Timestamp;

/// Every how manieth story stands in NewsAPI; others only in their own feeds.
const NEWSAPI_EVERY: usize = 3;

/// The first item of Hacker News here.
const FIRST_ID: usize = 46_000_001;

/// `/v2/top-headlines`: <https://newsapi.org/docs/endpoints/top-headlines>
pub(super) fn newsapi(asked: &Asked, stories: &[Dated]) -> Answer {
    let error = |status, code: &str, message: &str| {
        let body = format!(
            "{{\"status\":\"error\",\"code\":{},\"message\":{}}}",
            quoted(code),
            quoted(message)
        );
        Answer::json(status, body)
    };
    match asked.field("x-api-key").or_else(|| asked.parameter("apiKey")) {
        None | Some("") => {
            let message = "Your API key is missing. Append this to the URL with the apiKey param, \
                           or use the x-api-key HTTP header.";
            return error(401, "apiKeyMissing", message);
        }
        Some(key) if key != KEY => {
            let message = "Your API key is invalid or incorrect. Check your key, or go to \
                           https://newsapi.org to create a free API key.";
            return error(401, "apiKeyInvalid", message);
        }
        Some(_) => {}
    }
    let told = |name| asked.parameter(name).is_some();
    if !["country", "category", "q", "sources", "language"].into_iter().any(told) {
        let message = "Required parameters are missing. Please set any of the following \
                       parameters and try again: sources, q, language, country, category.";
        return error(400, "parametersMissing", message);
    }
    if told("sources") && (told("country") || told("category")) {
        let message = "You cannot mix the sources parameter with the country or category \
                       parameters.";
        return error(400, "parametersIncompatible", message);
    }
    let size = asked.parameter("pageSize").and_then(|size| size.parse().ok()).unwrap_or(20);
    let chosen: Vec<&Dated> =
        stories.iter().filter(|story| !story.link.contains("the-lookout")).collect();
    let mut articles: Vec<String> = chosen
        .iter()
        .step_by(NEWSAPI_EVERY)
        .take(size)
        .enumerate()
        .map(|(n, story)| article(n, story))
        .collect();
    articles.push(REMOVED.into());
    let body = format!(
        "{{\"status\":\"ok\",\"totalResults\":{},\"articles\":[{}]}}",
        articles.len(),
        articles.join(",\n")
    );
    Answer::json(200, body)
}

/// What NewsAPI leaves of an article that was withdrawn.
const REMOVED: &str = r#"{"source":{"id":null,"name":"[Removed]"},"author":null,"title":"[Removed]","description":"[Removed]","url":"https://removed.com","urlToImage":null,"publishedAt":"1970-01-01T00:00:00Z","content":"[Removed]"}"#;

/// An article as NewsAPI tells it: the publisher behind the title, a link with a trace of the
/// way it took, a date that is a little late, and now and then a null.
fn article(n: usize, story: &Dated) -> String {
    let null = |every: usize, text: &str| match n % every {
        0 if n > 0 => "null".into(),
        _ => quoted(text),
    };
    let Dated { tale, publisher, at, link, .. } = story;
    let date = Timestamp::from_unix(at.unix() + 120).unwrap_or(*at);
    format!(
        "{{\"source\":{{\"id\":null,\"name\":{}}},\"author\":{},\"title\":{},\"description\":{},\
         \"url\":{},\"urlToImage\":null,\"publishedAt\":\"{date}\",\"content\":{}}}",
        quoted(publisher),
        null(4, tale.author),
        quoted(&format!("{} - {}", tale.title, publisher)),
        null(5, tale.summary),
        quoted(&format!("{link}?utm_source=newsapi&utm_medium=feed")),
        quoted(&format!("{}… [+1234 chars]", tale.summary)),
    )
}

/// `/search`: <https://open-platform.theguardian.com/documentation/search>
pub(super) fn guardian(asked: &Asked, stories: &[&Dated]) -> Answer {
    if asked.field("api-key").or_else(|| asked.parameter("api-key")) != Some(KEY) {
        return Answer::json(401, "{\"message\":\"Unauthorized\"}".into());
    }
    let size: usize = asked.parameter("page-size").and_then(|size| size.parse().ok()).unwrap_or(10);
    if !(1..=200).contains(&size) {
        let message = "page-size must be an integer between 0 and 200";
        let body = format!("{{\"response\":{{\"status\":\"error\",\"message\":\"{message}\"}}}}");
        return Answer::json(400, body);
    }
    let section = asked.parameter("section").filter(|id| *id != "news");
    let in_section = |story: &&&Dated| section.is_none_or(|id| id == section_id(story));
    let fields = asked.parameter("show-fields").unwrap_or_default();
    let results: Vec<String> = stories
        .iter()
        .filter(in_section)
        .take(size)
        .map(|story| result(story, fields.contains("trailText")))
        .collect();
    let body = format!(
        "{{\"response\":{{\"status\":\"ok\",\"userTier\":\"developer\",\"total\":{},\
         \"startIndex\":1,\"pageSize\":{size},\"currentPage\":1,\"pages\":1,\
         \"orderBy\":\"newest\",\"results\":[{}]}}}}",
        results.len(),
        results.join(",\n")
    );
    Answer::json(200, body)
}

fn section_id(story: &Dated) -> String {
    story.tale.section.split(' ').next().unwrap_or_default().to_ascii_lowercase()
}

fn result(story: &Dated, with_fields: bool) -> String {
    let Dated { tale, host, at, link, .. } = story;
    let home = format!("https://{host}/");
    let kind = if tale.title.contains("– live") { "liveblog" } else { "article" };
    let fields = match with_fields {
        true => format!(
            ",\"fields\":{{\"trailText\":{},\"byline\":{},\"lastModified\":\"{at}\"}}",
            quoted(&markup(tale.summary)),
            quoted(tale.author)
        ),
        false => String::new(),
    };
    format!(
        "{{\"id\":{},\"type\":\"{kind}\",\"sectionId\":\"{}\",\"sectionName\":{},\
         \"webPublicationDate\":\"{at}\",\"webTitle\":{},\"webUrl\":{}{fields},\"tags\":[],\
         \"isHosted\":false}}",
        quoted(link.strip_prefix(&home).unwrap_or(link)),
        section_id(story),
        quoted(tale.section),
        quoted(tale.title),
        quoted(link),
    )
}

/// Every document of Hacker News: path and body.
pub(super) fn hacker_news(
    stories: &[Dated],
    discussions: &[Discussion<'_>],
    now: Timestamp,
) -> Vec<(String, String)> {
    let items = items(stories, discussions, now);
    let ids = |wanted: fn(&Post) -> bool| {
        let chosen = items.iter().filter(|post| wanted(post)).map(|post| post.id.to_string());
        format!("[{}]", chosen.collect::<Vec<_>>().join(","))
    };
    let lists = [
        ("top", ids(|post| post.kind != "comment")),
        ("new", ids(|post| post.kind == "story")),
        ("best", ids(|post| post.kind == "story")),
        ("ask", ids(|post| post.kind == "ask" || post.kind == "poll")),
        ("show", ids(|post| post.kind == "story" && post.id % 5 == 0)),
        ("job", ids(|post| post.kind == "job")),
    ];
    let lists = lists.map(|(name, body)| (format!("/hn/v0/{name}stories.json"), body));
    let items =
        items.iter().map(|post| (format!("/hn/v0/item/{}.json", post.id), post.json.clone()));
    lists.into_iter().chain(items).collect()
}

struct Post {
    id: usize,
    kind: &'static str,
    json: String,
}

/// Links to what the engineers, the scientists and the ledger wrote, with discussions, a job and
/// a poll between them, and what a list holds for a moment after it is gone.
fn items(stories: &[Dated], discussions: &[Discussion<'_>], now: Timestamp) -> Vec<Post> {
    let mut posts = Vec::new();
    let mut push = |kind: &'static str, json: &dyn Fn(usize) -> String| {
        let id = FIRST_ID + posts.len();
        posts.push(Post { id, kind, json: json(id) });
    };
    let liked = ["copperfield-notes.example", "lantern-science.example", "upland-ledger.example"];
    let liked = stories.iter().filter(|story| liked.contains(&story.host));
    for (n, story) in liked.enumerate() {
        let (score, comments) = (412 / (n + 1) + 7, 180 / (n + 2));
        push("story", &|id| {
            format!(
                "{{\"by\":\"{}\",\"descendants\":{comments},\"id\":{id},\"kids\":[],\"score\":{score},\
                 \"time\":{},\"title\":{},\"type\":\"story\",\"url\":{}}}",
                NAMES[n % NAMES.len()],
                story.at.unix() + 90,
                quoted(story.tale.title),
                quoted(&story.link),
            )
        });
        let time = now.unix() - 900 * (n as i64 + 1);
        match n {
            1 => push("story", &|_| "null".into()),
            3 => push("story", &|id| {
                format!("{{\"deleted\":true,\"id\":{id},\"time\":{time},\"type\":\"story\"}}")
            }),
            5 => push("story", &|id| {
                format!(
                    "{{\"by\":\"pennyworth\",\"dead\":true,\"id\":{id},\"score\":1,\"time\":{time},\
                     \"title\":\"[flagged]\",\"type\":\"story\",\"url\":\"https://spam.example/\"}}"
                )
            }),
            7 => push("job", &|id| {
                format!(
                    "{{\"by\":\"copperfield\",\"id\":{id},\"score\":1,\"time\":{time},\"title\":\
                     \"Copperfield is hiring an engineer who likes small programs\",\"type\":\"job\",\
                     \"url\":\"https://copperfield-notes.example/jobs\"}}"
                )
            }),
            _ => {}
        }
        if let Some((title, text)) = discussions.get(n / 2).filter(|_| n % 2 == 0) {
            let kind = if title.starts_with("Poll") { "poll" } else { "story" };
            push(if kind == "poll" { "poll" } else { "ask" }, &|id| {
                format!(
                    "{{\"by\":\"{}\",\"descendants\":{},\"id\":{id},\"score\":{},\"text\":{},\
                     \"time\":{time},\"title\":{},\"type\":\"{kind}\"}}",
                    NAMES[(n + 3) % NAMES.len()],
                    n + 12,
                    40 + n,
                    quoted(text),
                    quoted(title),
                )
            });
        }
    }
    posts
}

/// Who posts there.
const NAMES: [&str; 7] =
    ["mothwing", "tin_kettle", "orchardist", "halfpenny", "quayside", "lowtide", "brackenridge"];
