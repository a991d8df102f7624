//! SOURCE on the command line: a name in the config, or a source in a word.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::kinds::{CATEGORIES, LISTS, is_repo, is_subreddit};
use super::secret::{NOT_TOLD, Vault, checked, from_env};
use super::sheet::shown;
use super::suggest::nearest;
use super::values::{is_two_letters, parse_url};
use super::{Config, Fetch, Place, Problem, SourceConfig};
use crate::http::{Secret, Url};
use crate::source::feed::FeedSource;
use crate::source::github::{self, GitHub, What};
use crate::source::guardian::{self, Guardian};
use crate::source::hackernews::{self, Api, HackerNews};
use crate::source::newsapi::{self, Endpoint, NewsApi};
use crate::source::reddit::{List, Reddit};
use crate::source::{Source, account};
use crate::text;

/// How often a source that only the command line names is due.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// Of the path of a URL no more than this is part of a name.
const MAX_PATH: usize = 40;

/// What the names of documents end in, and no host.
const DOCUMENTS: [&str; 8] = ["xml", "rss", "atom", "rdf", "json", "opml", "html", "toml"];

/// What a SOURCE may be, for somebody who wrote something else.
const FORMS: &str = "a source is a name in the config, a URL, a HOST, ./FILE, - for stdin,\n  \
    hn[:LIST], guardian[:SECTION], newsapi[:COUNTRY|:CATEGORY], reddit:SUB or github:OWNER/REPO";

/// Sources that need no key: the built-in config, after Hacker News.
const BUILTIN: [(&str, &str); 5] = [
    ("bbc-world", "https://feeds.bbci.co.uk/news/world/rss.xml"),
    ("guardian-world", "https://www.theguardian.com/world/rss"),
    ("lwn", "https://lwn.net/headlines/rss"),
    ("arstechnica", "https://feeds.arstechnica.com/arstechnica/index"),
    ("lobsters", "https://lobste.rs/rss"),
];

/// What completions offer as a SOURCE: words, and with a colon what may follow them.
pub fn shorthands() -> Vec<String> {
    let words = ["-", "hn", "guardian", "newsapi"].map(str::to_owned);
    let lists = LISTS.iter().map(|(list, _)| format!("hn:{list}"));
    let choices = ["us"].into_iter().chain(CATEGORIES).map(|choice| format!("newsapi:{choice}"));
    words.into_iter().chain(lists).chain(choices).collect()
}

pub(super) fn builtin() -> Config {
    let mut config = Config::empty();
    let every = config.schedule.every;
    config.sources.extend(hackernews("", &config.fetch).ok());
    for (name, url) in BUILTIN {
        if let Ok(mut source) = feed(url, &config.fetch) {
            source.name = name.into();
            source.memory = name.into();
            config.sources.push(source);
        }
    }
    for source in &mut config.sources {
        source.every = every;
    }
    config
}

/// The sources that the words name, in their order, each once.
///
/// A source whose key is missing is among them, and a problem in the second list says why.
///
/// # Errors
/// The words that name no source.
pub(super) fn select(
    config: &Config,
    specs: &[String],
    vault: &Vault,
) -> Result<(Vec<SourceConfig>, Vec<Problem>), Vec<Problem>> {
    let mut chosen: Vec<SourceConfig> = Vec::new();
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let problem = |message| Problem { file: None, at: None, message };
    for (n, spec) in specs.iter().enumerate() {
        if specs[..n].contains(spec) {
            continue;
        }
        match one(config, spec, vault) {
            // A name and the URL of the same source are one.
            Ok(source) if chosen.iter().any(|other| other.memory == source.memory) => {}
            Ok(source) => chosen.push(source),
            Err(NoSource::Problem(message)) => problems.push(problem(message)),
            Err(NoSource::MissingKey(source, message)) => {
                chosen.push(*source);
                warnings.push(problem(message));
            }
        }
    }
    name_apart(&mut chosen);
    if problems.is_empty() { Ok((chosen, warnings)) } else { Err(problems) }
}

/// Names that no two sources share: URLs of one host are named with their paths, and what is still
/// the same is numbered.
fn name_apart(sources: &mut [SourceConfig]) {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let twice = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    for source in sources.iter_mut().filter(|source| twice(&source.name)) {
        // Only what the command line names by a URL is remembered under something else.
        let url = source.source.as_ref().filter(|_| source.memory != source.name);
        if let Some(request) = url.and_then(|reader| reader.plan().into_iter().next()) {
            source.name += &text::printable(request.url.path().trim_end_matches('/'), MAX_PATH);
        }
    }
    for n in 1..sources.len() {
        let (before, rest) = sources.split_at_mut(n);
        rest[0].name = unique(&rest[0].name, before);
    }
}

/// Why a word gives no source that can be fetched.
enum NoSource {
    /// The word names no source.
    Problem(String),
    /// The word names this source, but its key cannot be read, and why.
    MissingKey(Box<SourceConfig>, String),
}

impl From<String> for NoSource {
    fn from(problem: String) -> NoSource {
        NoSource::Problem(problem)
    }
}

fn one(config: &Config, spec: &str, vault: &Vault) -> Result<SourceConfig, NoSource> {
    if let Some(known) = config.sources.iter().find(|source| source.name == spec) {
        return Ok(known.clone());
    }
    let fetch = &config.fetch;
    let url = address(spec).or_else(|| spec.contains("://").then(|| spec.to_owned()));
    let url = url.and_then(|url| Url::parse(&url).ok());
    if let Some(known) = url.and_then(|url| whole(config, &url)) {
        return Ok(known.clone());
    }
    if let Some(url) = address(spec) {
        return Ok(feed(&url, fetch)?);
    }
    let (head, rest) = spec.split_once(':').unwrap_or((spec, ""));
    let bare = head == spec;
    let lower = head.to_ascii_lowercase();
    match lower.as_str() {
        "http" | "https" if !bare => Ok(feed(spec, fetch)?),
        "file" if !bare => Ok(file_url(spec, fetch)?),
        "hn" => Ok(hackernews(rest, fetch)?),
        "guardian" => guardian(rest, fetch, vault),
        "newsapi" => newsapi(rest, fetch, vault),
        "reddit" if is_subreddit(rest) => Ok(reddit(rest, fetch)),
        "reddit" => Err(format!("\"{}\" names no subreddit: write reddit:SUB", shown(spec)).into()),
        "github" if is_repo(rest) => github(rest, fetch, vault),
        "github" => {
            Err(format!("\"{}\" names no repository: write github:OWNER/REPO", shown(spec)).into())
        }
        _ if spec == "-" => Ok(local("stdin", Place::Stdin, fetch)),
        _ if !bare && rest.starts_with("//") => {
            Err(format!("\"{}\" is neither http:// nor https:// nor file:///", shown(spec)).into())
        }
        _ if spec.contains('/') => Ok(local(spec, Place::File(PathBuf::from(spec)), fetch)),
        _ => Err(unknown(config, spec).into()),
    }
}

/// The source of the config that shows the whole feed at this URL: what is remembered of it holds for the URL.
fn whole<'a>(config: &'a Config, url: &Url) -> Option<&'a SourceConfig> {
    let shows_all = |source: &&SourceConfig| {
        source.include.is_empty() && source.exclude.is_empty() && source.limit.is_none()
    };
    config.sources.iter().filter(shows_all).find(|source| source.feed().as_ref() == Some(url))
}

/// The URL that is meant by `feed:` in front of one, or by a host without a scheme: `lwn.net/headlines/rss`.
fn address(spec: &str) -> Option<String> {
    if let Some(url) = without_feed(spec) {
        return Some(url);
    }
    let (authority, path) = spec.split_once(['/', '?']).unwrap_or((spec, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_domain =
        host.contains('.') && last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic());
    let is_host = host.split('.').all(is_label)
        && (is_domain
            || host.parse::<Ipv4Addr>().is_ok()
            || (host == "localhost" && authority != spec));
    // `feed.xml` is a file that is not there, and no host.
    let is_document = authority == spec && DOCUMENTS.contains(&last.to_ascii_lowercase().as_str());
    let is_url = is_host && port.parse::<u16>().is_ok() && !is_document && !path.starts_with('/');
    (is_url && !Path::new(spec).exists()).then(|| format!("https://{spec}"))
}

/// What browsers once handed to feed readers: `feed:https://…`, and `feed://…` for `http://…`.
/// <https://en.wikipedia.org/wiki/Feed_URI_scheme>
pub fn without_feed(url: &str) -> Option<String> {
    let scheme = url.get(..5)?;
    let rest = scheme.eq_ignore_ascii_case("feed:").then(|| &url[5..])?;
    Some(if rest.starts_with("//") { ["http:", rest].concat() } else { rest.to_owned() })
}

fn unknown(config: &Config, spec: &str) -> String {
    let names = config.sources.iter().map(|source| source.name.as_str());
    let near = nearest(spec, names.chain(["hn", "guardian", "newsapi"]));
    let word = shown(spec);
    match near {
        Some(near) => format!("\"{word}\" is no source; did you mean \"{}\"?", shown(near)),
        None if Path::new(spec).exists() => {
            format!("\"{word}\" is no source; for the file of that name write ./{word}")
        }
        None => format!("\"{word}\" is no source: {FORMS}"),
    }
}

/// A name that no other source has.
fn unique(name: &str, others: &[SourceConfig]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.name == name);
    if !taken(name) {
        return name.to_owned();
    }
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    numbered.into_iter().find(|name| !taken(name)).unwrap_or_default()
}

fn network(name: &str, source: Arc<dyn Source>, kind: &'static str, fetch: &Fetch) -> SourceConfig {
    let mut config = SourceConfig::new(name.into(), kind, Place::Network, Some(source), fetch);
    config.every = EVERY;
    config
}

fn feed(spec: &str, fetch: &Fetch) -> Result<SourceConfig, String> {
    let url =
        parse_url(spec).map_err(|expected| format!("\"{}\" must be {expected}", shown(spec)))?;
    let name = url.host_str().unwrap_or(spec).to_owned();
    let memory = account(&name, &Secret(url.as_str().to_owned()));
    let source = FeedSource { url: Some(url), fallback: Vec::new() };
    Ok(SourceConfig { memory, ..network(&name, Arc::new(source), "feed", fetch) })
}

fn file_url(spec: &str, fetch: &Fetch) -> Result<SourceConfig, String> {
    let path = Url::parse(spec).ok().and_then(|url| url.to_file_path().ok());
    let path = path.ok_or_else(|| {
        format!("\"{}\" is no file: URL of this machine; write file:///PATH", shown(spec))
    })?;
    let name = path.display().to_string();
    Ok(local(&name, Place::File(path), fetch))
}

fn local(name: &str, place: Place, fetch: &Fetch) -> SourceConfig {
    let source: Arc<dyn Source> = Arc::new(FeedSource { url: None, fallback: Vec::new() });
    let mut config = SourceConfig::new(name.into(), "feed", place, Some(source), fetch);
    config.every = Duration::ZERO;
    config
}

fn hackernews(list: &str, fetch: &Fetch) -> Result<SourceConfig, String> {
    let wanted = if list.is_empty() { "top" } else { list };
    let names = || LISTS.iter().map(|(name, _)| *name);
    let Some((_, chosen)) = LISTS.iter().find(|(name, _)| *name == wanted) else {
        return Err(no_choice("list of Hacker News", list, &names().collect::<Vec<_>>()));
    };
    let base_url = base_url(hackernews::BASE_URL)?;
    let limit = hackernews::DEFAULT_LIMIT;
    let source = HackerNews { api: Api::Both, base_url, list: *chosen, limit };
    Ok(network(&spec_name("hn", list), Arc::new(source), "hackernews", fetch))
}

/// Where there are keys for the Guardian.
const GUARDIAN_KEYS: &str = "https://open-platform.theguardian.com/access/";

fn guardian(section: &str, fetch: &Fetch, vault: &Vault) -> Result<SourceConfig, NoSource> {
    let name = spec_name("guardian", section);
    let key = key(vault, "guardian", "GUARDIAN_KEY", GUARDIAN_KEYS);
    let source = Guardian {
        base_url: base_url(guardian::BASE_URL)?,
        key: key.map_err(|why| without_key(&name, "guardian", fetch, why))?,
        section: (!section.is_empty()).then(|| section.to_owned()),
        query: None,
        tag: None,
        page_size: None,
    };
    Ok(network(&name, Arc::new(source), "guardian", fetch))
}

/// Without a country or category NewsAPI refuses to answer: the United States are its own
/// example.
fn newsapi(which: &str, fetch: &Fetch, vault: &Vault) -> Result<SourceConfig, NoSource> {
    let (mut country, mut category) = (None, None);
    match which {
        "" => country = Some("us".to_owned()),
        code if is_two_letters(code) => country = Some(code.to_ascii_lowercase()),
        name if CATEGORIES.contains(&name) => category = Some(name.to_owned()),
        name => {
            let what = "country of two letters or category of NewsAPI";
            return Err(no_choice(what, name, &CATEGORIES).into());
        }
    }
    let name = spec_name("newsapi", which);
    let key = key(vault, "newsapi", "NEWSAPI_KEY", "https://newsapi.org/register");
    let source = NewsApi {
        base_url: base_url(newsapi::BASE_URL)?,
        key: key.map_err(|why| without_key(&name, "newsapi", fetch, why))?,
        endpoint: Endpoint::Headlines,
        country,
        category,
        query: None,
        sources: Vec::new(),
        domains: Vec::new(),
        language: None,
        page_size: None,
    };
    Ok(network(&name, Arc::new(source), "newsapi", fetch))
}

/// Releases, with a token if there is one.
fn github(repo: &str, fetch: &Fetch, vault: &Vault) -> Result<SourceConfig, NoSource> {
    let look = || match std::env::var_os("GITHUB_TOKEN").filter(|token| !token.is_empty()) {
        Some(_) => from_env("GITHUB_TOKEN").and_then(|text| checked(&text)),
        None => Err(NOT_TOLD.into()),
    };
    let name = spec_name("github", repo);
    let token = match vault.find(look) {
        Err(why) if why == NOT_TOLD => Secret(String::new()),
        found => found
            .map_err(|why| without_key(&name, "github", fetch, format!("source github: {why}")))?,
    };
    let base_url = base_url(github::BASE_URL)?;
    let source = GitHub { base_url, token, what: What::Releases(repo.to_owned()), limit: None };
    Ok(network(&name, Arc::new(source), "github", fetch))
}

/// The feed: without a key nobody gets more.
fn reddit(subreddit: &str, fetch: &Fetch) -> SourceConfig {
    let subreddit = subreddit.to_owned();
    let name = spec_name("reddit", &subreddit);
    let source = Reddit { base_url: None, subreddit, list: List::Hot, limit: None, app: None };
    network(&name, Arc::new(source), "reddit", fetch)
}

fn spec_name(head: &str, rest: &str) -> String {
    if rest.is_empty() { head.to_owned() } else { format!("{head}:{rest}") }
}

fn no_choice(what: &str, word: &str, choices: &[&str]) -> String {
    let near = nearest(word, choices.iter().copied());
    let near = near.map(|near| format!("; did you mean \"{near}\"?"));
    let near = near.unwrap_or_else(|| format!("; known are {}", choices.join(", ")));
    format!("\"{}\" is no {what}{near}", shown(word))
}

fn base_url(text: &str) -> Result<Url, String> {
    Url::parse(text).map_err(|error| error.to_string())
}

/// A source that fails because its key cannot be read.
fn without_key(name: &str, kind: &'static str, fetch: &Fetch, why: String) -> NoSource {
    let mut source = SourceConfig::new(name.into(), kind, Place::Network, None, fetch);
    source.every = EVERY;
    source.missing_secret = Some(if kind == "github" { "token" } else { "key" }.into());
    NoSource::MissingKey(Box::new(source), why)
}

/// The key that a source named on the command line needs.
fn key(vault: &Vault, source: &str, variable: &str, page: &str) -> Result<Secret, String> {
    let found = vault.find(|| from_env(variable).and_then(|text| checked(&text)));
    found.map_err(|error| {
        format!("source {source}: {error}; a key in ${variable} is needed, from {page}")
    })
}
