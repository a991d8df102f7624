//! `newsagg demo`: the main job against an embedded news web, so that a person sees in two
//! seconds what newsagg is for. No keys, no network, and the same `update` as `once`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use argh::{ArgsInfo, FromArgs};

use crate::clock::Clock;
use crate::config::{Config, Output, OutputFormat, Place, SourceConfig};
use crate::format::Format;
use crate::http::{Secret, Url};
use crate::loopback::{self, Web, WebOptions};
use crate::source::Source;
use crate::source::feed::FeedSource;
use crate::source::guardian::Guardian;
use crate::source::hackernews::{Api, HackerNews, List};
use crate::source::newsapi::{Endpoint, NewsApi};
use crate::store;
use crate::transport::Transport;
use crate::update::{Updated, Wishes};

use super::perform::{self, Manner};

mod show;

pub use show::{DemoSummary, Headline, Row, print};

/// What has not come by then is put off: nobody watches a demo for longer.
const DEADLINE: Duration = Duration::from_millis(2_500);

/// One request; only the source that hangs needs it.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Everything stands on one host here, and all of it is ours.
const PER_HOST: usize = 64;

/// How many stories of Hacker News.
const HN_LIMIT: usize = 12;

/// How many headlines are shown.
const HEADLINES: usize = 8;

/// How many names are tried for a directory of our own.
const DIRECTORY_TRIES: u32 = 100;

/// The feeds: name and path. One answers 500, one never.
const FEEDS: [(&str, &str); 8] = [
    ("harbour", "/feeds/harbour.rss"),
    ("lantern", "/feeds/lantern.atom"),
    ("copperfield", "/feeds/copperfield.json"),
    ("tidewater", "/feeds/tidewater.rss"),
    ("kettle", "/feeds/kettle-and-loom.atom"),
    ("upland", "/feeds/upland.rss"),
    ("broken", "/broken/feed.rss"),
    ("silent", "/silent/feed.rss"),
];

/// see it work in two seconds against an embedded news web
#[derive(ArgsInfo, FromArgs, Debug, Default)]
#[argh(
    subcommand,
    name = "demo",
    help_triggers("-h", "--help"),
    note = "A small made-up news web is started on the loopback interface: NewsAPI, the
Guardian, Hacker News and feeds, with the delays of real ones, one that is
broken and one that never answers. All of it is fetched at once, as `once`
does, and what that took is shown against one request after the other. No
keys, no network and no config are needed.",
    example = "newsagg demo
newsagg demo -o news && ls news",
    error_code(0, "it worked"),
    error_code(1, "it did not"),
    error_code(2, "wrong usage")
)]
pub struct DemoArgs {
    /// write the files to DIR instead of a new folder below $TMPDIR
    #[argh(option, short = 'o', arg_name = "DIR")]
    pub output: Option<PathBuf>,
    /// print only what went wrong
    #[argh(switch, short = 'q')]
    pub quiet: bool,
    /// print a line for each source; with `-vv` for each request
    #[argh(switch, short = 'v')]
    pub verbose: u8,
}

/// Runs the command.
pub fn run(options: DemoArgs) -> ExitCode {
    super::log::set_up(options.quiet, options.verbose);
    demonstrate(options.output.as_deref(), options.quiet)
}

/// Starts the web, runs one round against it, writes and prints what came of it.
pub fn demonstrate(output: Option<&Path>, quiet: bool) -> ExitCode {
    match attempt(output, quiet) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Without a reader of stderr there is nobody to tell.
            writeln!(io::stderr(), "newsagg: {error}").ok();
            ExitCode::from(1)
        }
    }
}

fn attempt(output: Option<&Path>, quiet: bool) -> Result<u8, String> {
    let now = Clock::system().wall();
    let web = Web::start(WebOptions::demo(now))
        .map_err(|error| format!("starting the embedded web: {}", store::plainly(&error)))?;
    let directory = directory(output)?;
    let config = config(&web, &directory);
    if !quiet {
        let latency = WebOptions::demo(now).latency;
        // Said before the waiting; who cannot read it will not read the rest either.
        let mut out = io::stdout().lock();
        show::begin(config.sources.len(), &latency, &mut out).and_then(|()| out.flush()).ok();
    }
    // The web is ours: no proxy of the environment has any part in it.
    let wishes = Wishes { forgetful: true, ..Wishes::default() };
    let manner = Manner { wishes, ..Manner::default() };
    let updated = match perform::run(&config, &manner, Transport::direct) {
        Ok(updated) => updated,
        Err(code) => return Ok(code),
    };
    let mut files: Vec<PathBuf> = config.outputs.iter().filter_map(|o| o.path.clone()).collect();
    let report = directory.join("report.json");
    let render = |out: &mut dyn Write| {
        out.write_all(&serde_json::to_vec_pretty(&updated.report)?)?;
        out.write_all(b"\n")
    };
    store::write_if_changed(&report, 0o644, &render).map_err(|failure| failure.to_string())?;
    files.push(report);
    for error in &updated.unwritten {
        writeln!(io::stderr(), "newsagg: {error}").ok();
    }
    let code = u8::from(!updated.unwritten.is_empty());
    if quiet {
        return Ok(code);
    }
    let summary = summary(&updated, files);
    let mut out = io::BufWriter::new(io::stdout().lock());
    match print(&summary, now, perform::style(), &mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("writing to stdout: {}", store::plainly(&error)))
        }
        _ => Ok(code),
    }
}

/// Where the files go: as ordered, or a new directory among the temporary files.
fn directory(output: Option<&Path>) -> Result<PathBuf, String> {
    let told = |path: &Path, error: &io::Error| {
        format!("making the directory {}: {}", path.display(), store::plainly(error))
    };
    if let Some(path) = output {
        return match store::make_directory(path, 0o755) {
            Err(error) if !path.is_dir() => Err(told(path, &error)),
            _ => Ok(path.to_owned()),
        };
    }
    let base = std::env::temp_dir();
    let id = std::process::id();
    for n in 0..DIRECTORY_TRIES {
        let path = base.join(format!("newsagg-demo-{id}-{n}"));
        // Not one that stands there already, whoever made it.
        if path.symlink_metadata().is_ok() {
            continue;
        }
        return store::make_directory(&path, 0o700)
            .map(|()| path.clone())
            .map_err(|e| told(&path, &e));
    }
    Err(format!("no free name for a directory in {}", base.display()))
}

/// What a config file for the embedded web would say.
fn config(web: &Web, directory: &Path) -> Config {
    let mut config = Config::empty();
    config.fetch.deadline = DEADLINE;
    config.fetch.timeout = TIMEOUT;
    config.fetch.per_host = PER_HOST;
    // One try each: the source that is broken stays broken.
    config.fetch.retries = 0;
    config.state.dir = None;
    let mut sources: Vec<(&str, Arc<dyn Source>)> = services(web);
    sources.extend(FEEDS.map(|(name, path)| {
        let feed = FeedSource { url: Some(web.url(path)), fallback: Vec::new() };
        (name, Arc::new(feed) as Arc<dyn Source>)
    }));
    for (name, source) in sources {
        let (kind, name) = (source.kind(), name.to_owned());
        let source = SourceConfig::new(name, kind, Place::Network, Some(source), &config.fetch);
        config.sources.push(source);
    }
    for (name, format) in [("feed.json", Format::JsonFeed), ("feed.jsonl", Format::Jsonl)] {
        let mut output = Output::stdout(config.sources.len());
        output.path = Some(directory.join(name));
        output.format = OutputFormat::Now(format);
        output.title = "newsagg demo".into();
        config.outputs.push(output);
    }
    config
}

/// The three services that are no feeds.
fn services(web: &Web) -> Vec<(&'static str, Arc<dyn Source>)> {
    let key = || Secret(loopback::KEY.into());
    let base = |path: &str| -> Url { web.url(path) };
    let newsapi = NewsApi {
        endpoint: Endpoint::Headlines,
        domains: Vec::new(),
        base_url: base("/newsapi"),
        key: key(),
        country: Some("us".into()),
        category: None,
        query: None,
        sources: Vec::new(),
        language: None,
        page_size: None,
    };
    let guardian = Guardian {
        base_url: base("/guardian"),
        key: key(),
        section: None,
        query: None,
        tag: None,
        page_size: Some(20),
    };
    let hn =
        HackerNews { api: Api::Firebase, base_url: base("/hn"), list: List::Top, limit: HN_LIMIT };
    vec![("newsapi", Arc::new(newsapi)), ("guardian", Arc::new(guardian)), ("hn", Arc::new(hn))]
}

fn summary(updated: &Updated, files: Vec<PathBuf>) -> DemoSummary {
    let report = &updated.report;
    let began = updated.spans.iter().map(|span| span.ready).min().unwrap_or_default();
    let rows = report.sources.iter().enumerate().map(|(index, source)| {
        let own = updated.spans.iter().filter(|span| span.source == index);
        let from = own.clone().map(|span| span.start).min().unwrap_or(began);
        let to = own.map(|span| span.end).max().unwrap_or(from);
        Row {
            name: source.name.clone(),
            kind: source.kind,
            state: source.state,
            items: source.items,
            requests: source.requests,
            from: from.saturating_sub(began),
            to: to.saturating_sub(began),
            error: source.error.clone(),
        }
    });
    let headlines = updated.newest.iter().take(HEADLINES).map(|story| Headline {
        title: story.item.title.to_string(),
        at: story.date(),
        source: story.source.to_string(),
        also: story.also.iter().map(|also| also.source.to_string()).collect(),
    });
    DemoSummary {
        rows: rows.collect(),
        wall: Duration::from_secs_f64(report.wall_ms.max(0.0) / 1e3),
        sum: Duration::from_secs_f64(report.sum_ms.max(0.0) / 1e3),
        requests: report.requests,
        at_once: report.max_in_flight,
        stories: report.items,
        headlines: headlines.collect(),
        files,
    }
}
