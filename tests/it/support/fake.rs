//! A server that does not exist, in time that does not pass.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::failure::Failure;
use newsagg::http::{Document, Request, Url};
use newsagg::item::Item;
use newsagg::limit::Limiter;
use newsagg::round::{Ask, Halt, Landed, Round, Rules, Span, brake, round};
use newsagg::source::{Page, Quota, Source, Window};
use newsagg::time::Timestamp;
use newsagg::transport::{Options, Transport};
use smol::Executor;
use surf::http as wire;

pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How the server answers one request; without a latency it never does.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub latency: Option<Duration>,
    pub retry_after: Option<&'static str>,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub fn ok(body: impl Into<String>) -> Answer {
    let latency = Some(Duration::from_millis(100));
    Answer { status: 200, latency, retry_after: None, headers: Vec::new(), body: body.into() }
}

pub fn status(status: u16) -> Answer {
    Answer { status, ..ok("") }
}

pub fn silence() -> Answer {
    Answer { latency: None, ..ok("") }
}

pub type Server = Box<dyn FnMut(&Url, Duration) -> Answer + Send>;

/// Stands below surf, where the wire would be.
struct Canned {
    clock: Clock,
    server: Mutex<Server>,
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

#[surf::utils::async_trait]
impl surf::HttpClient for Canned {
    async fn send(&self, request: wire::Request) -> Result<wire::Response, surf::Error> {
        let answer = (self.server.lock().unwrap())(request.url(), self.clock.now());
        match answer.latency {
            Some(latency) => self.clock.sleep_until(self.clock.now() + latency).await,
            None => std::future::pending().await,
        }
        let mut response = wire::Response::new(answer.status);
        if let Some(value) = answer.retry_after {
            response.insert_header("retry-after", value);
        }
        for (name, value) in answer.headers {
            response.insert_header(name, value);
        }
        response.set_body(answer.body);
        Ok(response)
    }
}

/// A source that asks for what it is told and reads one item from each answer: its whole text.
/// An answer that begins with `http` is a list of follow-ups; one with `<` cannot be read.
#[derive(Clone, Debug, Default)]
pub struct Plain {
    pub plan: Vec<&'static str>,
    pub fallback: Vec<&'static str>,
    pub windows: Vec<Window>,
    pub account: &'static str,
}

pub fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

pub fn one(address: &'static str) -> Plain {
    Plain { plan: vec![address], ..Plain::default() }
}

impl Source for Plain {
    fn kind(&self) -> &'static str {
        "plain"
    }

    fn plan(&self) -> Vec<Request> {
        self.plan.iter().map(|address| Request::get(url(address))).collect()
    }

    fn read(&self, _: &Request, document: &Document<'_>) -> Result<Page, Failure> {
        let text = String::from_utf8_lossy(document.body);
        if text.starts_with('<') {
            return Err(Failure::new(newsagg::failure::Stage::Read, "a page, no news"));
        }
        if text.starts_with("http") {
            let more = text.split(' ').map(|address| Request::get(url(address))).collect();
            return Ok(Page { more, ..Page::default() });
        }
        let item = Item { id: text.as_ref().into(), title: text.into(), ..Item::default() };
        Ok(Page { items: vec![item], ..Page::default() })
    }

    fn fallback(&self, request: &Request) -> Option<Request> {
        let mut places = self.plan.iter().chain(&self.fallback).map(|address| url(address));
        places.find(|place| *place == request.url)?;
        places.next().map(Request::get)
    }

    fn quota(&self) -> Quota {
        Quota { account: self.account.into(), windows: self.windows.clone() }
    }
}

/// A round against a server, told step by step.
pub struct Scene {
    pub asks: Vec<Ask>,
    pub rules: Rules,
    pub limiter: Limiter,
    /// When the brake is pulled, if there is one.
    pub halt: Option<Duration>,
}

/// What came of it.
pub struct Played {
    pub round: Round,
    pub items: Vec<(usize, Item)>,
    pub took: Duration,
    pub limiter: Limiter,
}

pub fn ask(source: impl Source + 'static) -> Ask {
    let quota = source.quota();
    let options = Options {
        user_agent: "newsagg/test".into(),
        max_body: 1 << 20,
        connect_timeout: TIMEOUT,
        proxy: None,
    };
    Ask {
        account: quota.account,
        windows: quota.windows,
        options: Arc::new(options),
        headers: Vec::new(),
        timeout: TIMEOUT,
        retries: 2,
        per_host: 1000,
        source: Arc::new(source),
        held: Vec::new(),
        token: None,
    }
}

impl Scene {
    pub fn new(asks: impl IntoIterator<Item = Ask>) -> Scene {
        let rules = Rules {
            workers: NonZeroUsize::new(32).unwrap(),
            deadline: Duration::from_secs(60),
            fail_fast: false,
            force: false,
            seed: 1,
        };
        Scene { asks: asks.into_iter().collect(), rules, limiter: Limiter::default(), halt: None }
    }

    pub fn workers(mut self, workers: usize) -> Scene {
        self.rules.workers = NonZeroUsize::new(workers).unwrap();
        self
    }

    pub fn deadline(mut self, seconds: u64) -> Scene {
        self.rules.deadline = Duration::from_secs(seconds);
        self
    }

    /// The brake is pulled at this time.
    pub fn halted_at(mut self, at: Duration) -> Scene {
        self.halt = Some(at);
        self
    }

    pub fn play(mut self, server: impl FnMut(&Url, Duration) -> Answer + Send + 'static) -> Played {
        let clock = Clock::simulated(Timestamp::EPOCH);
        let backend = Canned { clock: clock.clone(), server: Mutex::new(Box::new(server)) };
        let transport = Arc::new(Transport::over(backend, clock.clone()));
        let executor = Executor::new();
        let mut items = Vec::new();
        let mut keep = |landed: Landed| {
            let page = landed.page.unwrap_or_default();
            items.extend(page.items.into_iter().map(|item| (landed.source, item)));
        };
        let halt = self.halt.map(|at| pulled_at(at, &clock, &executor)).unwrap_or_default();
        let (rules, limiter) = (self.rules, &mut self.limiter);
        let future = round(&self.asks, rules, &halt, limiter, &transport, &executor, &mut keep);
        let round = clock.block_on(&executor, future);
        let took = clock.now();
        Played { round, items, took, limiter: self.limiter }
    }
}

/// A brake that is pulled at this time; at once, if that is now.
pub fn pulled_at(at: Duration, clock: &Clock, executor: &Executor<'_>) -> Halt {
    let (brake, halt) = brake();
    if at <= clock.now() {
        brake.pull();
        return halt;
    }
    let clock = clock.clone();
    let pull = async move {
        clock.sleep_until(at).await;
        brake.pull();
    };
    executor.spawn(pull).detach();
    halt
}

/// The most spans that overlap.
pub fn busiest<'a>(spans: impl IntoIterator<Item = &'a Span>) -> usize {
    let edges = |span: &Span| [(span.start, 1), (span.end, -1)];
    let mut edges: Vec<(Duration, i32)> = spans.into_iter().flat_map(edges).collect();
    edges.sort();
    let mut level = 0;
    let mut levels = edges.iter().map(|(_, edge)| {
        level += edge;
        level
    });
    levels.by_ref().max().unwrap_or(0).try_into().unwrap()
}
