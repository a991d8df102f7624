//! One row: a round against a web, as a config for `update`.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Place, SourceConfig};
use crate::failure::Failure;
use crate::http::{Document, Request, Url};
use crate::loopback::WebOptions;
use crate::source::feed::FeedSource;
use crate::source::{Page, Quota, Source, Window};
use crate::time::Timestamp;

use super::BenchArgs;

/// When the web is: nothing that is measured depends on it.
const NOW: i64 = 1_795_219_200;

/// How large a feed is.
const FEED: usize = 10_000;

/// No request and no round takes longer, but where that is what is shown.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// newsagg: [`crate::update::update`].
    Update,
    /// A thread for each request, and the standard library.
    Threads,
}

/// One round.
#[derive(Clone, Debug)]
pub struct Row {
    /// Unique within its scenario.
    pub name: String,
    /// Who asks.
    pub client: Client,
    /// How many feeds.
    pub sources: usize,
    /// Never more requests at once.
    pub workers: usize,
    /// For a request.
    pub timeout: Duration,
    /// For the round.
    pub deadline: Duration,
    /// For each request.
    pub retries: u32,
    /// The first failure ends the round.
    pub fail_fast: bool,
    /// What all requests share.
    pub quota: Option<Window>,
    /// The reader blocks for so long, at each answer.
    pub blocks: Duration,
    /// Who answers.
    pub web: WebOptions,
}

impl Row {
    /// A pool, as the command line says it, and nothing that goes wrong.
    pub fn new(name: &str, options: &BenchArgs) -> Row {
        let now = Timestamp::from_unix(NOW).unwrap_or(Timestamp::EPOCH);
        let latency = options.latency..options.latency + options.jitter;
        Row {
            name: name.into(),
            client: Client::Update,
            sources: options.sources,
            workers: options.workers,
            timeout: PATIENCE,
            deadline: PATIENCE * 10,
            retries: 0,
            fail_fast: false,
            quota: None,
            blocks: Duration::ZERO,
            web: WebOptions { latency, feed_bytes: FEED, ..WebOptions::new(now) },
        }
    }

    /// Where a source is, beneath the web's address.
    pub fn path(source: usize) -> String {
        format!("/feed/{source}")
    }

    /// How many requests are under way at once at most.
    pub fn width(&self) -> usize {
        match self.client {
            Client::Update => self.workers.min(self.sources),
            Client::Threads => self.sources,
        }
    }

    /// How long it takes about.
    pub fn expected(&self) -> Duration {
        let latency = (self.web.latency.start + self.web.latency.end) / 2;
        let turns = u32::try_from(self.sources.div_ceil(self.width())).unwrap_or(u32::MAX);
        let rounds = latency.saturating_mul(turns);
        let slowest = (0..2).filter_map(|n| match self.web.fault_of(&Row::path(0), n + 1) {
            Some(crate::loopback::Fault::Latency(span)) => Some(span),
            _ => None,
        });
        let slowest = slowest.max().unwrap_or_default().min(self.timeout).min(self.deadline);
        let count = self.sources as u32;
        let quota = self.quota.map_or(Duration::ZERO, |window| {
            window.per * (count.saturating_sub(1) / window.count.max(1))
        });
        rounds.max(slowest) + quota + self.blocks * count + Duration::from_millis(60)
    }

    /// What a config file would say; `base` is the web's address without a path.
    pub fn config(&self, base: &str) -> Config {
        let mut config = Config::empty();
        config.state.dir = None;
        config.fetch.workers = self.workers;
        config.fetch.per_host = self.workers;
        config.fetch.timeout = self.timeout;
        config.fetch.deadline = self.deadline;
        config.fetch.retries = self.retries;
        for index in 0..self.sources {
            let url = Url::parse(&format!("{base}{}", Row::path(index))).ok();
            let feed = FeedSource { url, fallback: Vec::new() };
            let source = Measured { feed, blocks: self.blocks, quota: self.quota };
            let name = format!("feed-{index}");
            config.sources.push(SourceConfig::new(
                name,
                "feed",
                Place::Network,
                Some(Arc::new(source)),
                &config.fetch,
            ));
        }
        config
    }
}

/// A feed with a quota that all share, and a reader that may make the classic mistake.
#[derive(Debug)]
struct Measured {
    feed: FeedSource,
    blocks: Duration,
    quota: Option<Window>,
}

impl Source for Measured {
    fn kind(&self) -> &'static str {
        self.feed.kind()
    }

    fn plan(&self) -> Vec<Request> {
        self.feed.plan()
    }

    fn read(&self, request: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        if !self.blocks.is_zero() {
            std::thread::sleep(self.blocks);
        }
        self.feed.read(request, document)
    }

    fn quota(&self) -> Quota {
        let windows = self.quota.into_iter().collect();
        Quota { account: "bench".into(), windows }
    }
}
