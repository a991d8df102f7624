//! Whole rounds in simulated time: a config, a state directory, and a web that does not exist.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::config::Config;
use newsagg::failure::{Failure, Stage};
use newsagg::http::Url;
use newsagg::time::Timestamp;
use newsagg::transport::Transport;
use newsagg::update::{House, Updated, Wishes, update};
use smol::Executor;
use surf::http as wire;

use super::drip::Drip;
use super::fake::pulled_at;

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);
/// 2026-11-22 06:00, a Sunday.
pub const BEGIN: i64 = 1_795_327_200;

/// The same numbers for the same seed.
pub struct Luck(u64);

impl Luck {
    pub fn new(seed: u64) -> Luck {
        Luck(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A request, as the server sees it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub url: Url,
    fields: Vec<(String, String)>,
    /// The form, if it was posted.
    pub posted: Option<String>,
    /// True time: since the world began, whatever the calendar says.
    pub at: Duration,
    /// Which round it belongs to, from 0.
    pub round: usize,
}

impl Asked {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    pub fn host(&self) -> &str {
        self.url.host_str().unwrap()
    }
}

/// What comes when, and when it ends.
type Pieces = (Vec<(Duration, String)>, Option<Duration>);

/// How the server answers.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub latency: Duration,
    fields: Vec<(&'static str, String)>,
    body: String,
    /// What comes instead of a body, how long after the head, and when it ends: never, or then.
    pieces: Option<Pieces>,
    failure: Option<Failure>,
}

impl Reply {
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.fields.push((name, value.to_string()));
        self
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }

    pub fn after(self, latency: Duration) -> Reply {
        Reply { latency, ..self }
    }

    /// With another status.
    pub fn coming(self, status: u16) -> Reply {
        Reply { status, ..self }
    }
}

pub fn status(status: u16) -> Reply {
    let latency = Duration::from_millis(100);
    let (fields, body) = (Vec::new(), String::new());
    Reply { status, latency, fields, body, pieces: None, failure: None }
}

pub fn page(body: impl Into<String>) -> Reply {
    Reply { body: body.into(), ..status(200) }
}

/// A stream of events: each piece so long after its head. It ends then, or stays open for ever.
pub fn stream<T: ToString>(
    pieces: impl IntoIterator<Item = (Duration, T)>,
    end: Option<Duration>,
) -> Reply {
    let pieces = pieces.into_iter().map(|(at, piece)| (at, piece.to_string())).collect();
    let reply = status(200).with("content-type", "text/event-stream");
    Reply { pieces: Some((pieces, end)), ..reply }
}

/// No answer at all.
pub fn fails(stage: Stage, cause: &str) -> Reply {
    fails_with(Failure::new(stage, cause))
}

/// The same.
pub fn fails_with(failure: Failure) -> Reply {
    Reply { failure: Some(failure), ..status(0) }
}

/// An RSS feed of these stories, each with a date of its own.
pub fn feed<T: fmt::Display>(stories: impl IntoIterator<Item = T>) -> String {
    channel("", stories)
}

/// The same with more to say about the channel.
pub fn channel<T: fmt::Display>(more: &str, stories: impl IntoIterator<Item = T>) -> String {
    let item = |story: T| {
        format!(
            "<item><title>{story}</title><link>https://news.test/{story}</link>\
             <guid isPermaLink=\"false\">{story}</guid>\
             <pubDate>Sat, 21 Nov 2026 06:00:00 GMT</pubDate></item>"
        )
    };
    let items: String = stories.into_iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel><title>t</title>{more}{items}</channel></rss>")
}

/// Who answers.
pub trait Web: Send + 'static {
    fn answer(&mut self, asked: &Asked) -> Reply;
    /// The answer has arrived, at this true time.
    fn arrived(&mut self, _asked: &Asked, _reply: &Reply, _at: Duration) {}
    /// A round ended at this true time: as it should, or killed.
    fn ended(&mut self, _killed: bool, _at: Duration) {}
}

impl<F: FnMut(&Asked) -> Reply + Send + 'static> Web for F {
    fn answer(&mut self, asked: &Asked) -> Reply {
        self(asked)
    }
}

/// When the process is killed: at the so-many-th request.
#[derive(Debug, Default)]
struct Fate {
    requests_left: AtomicUsize,
    killed: AtomicBool,
    round: AtomicUsize,
}

/// Stands below surf, where the wire would be.
struct Wire<W> {
    clock: Clock,
    web: Arc<Mutex<W>>,
    fate: Arc<Fate>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl<W> fmt::Debug for Wire<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl<W: Web> Wire<W> {
    fn see(&self, request: &wire::Request) -> Asked {
        let field = |(name, values): (&wire::headers::HeaderName, &wire::headers::HeaderValues)| {
            (name.as_str().to_owned(), values.last().as_str().to_owned())
        };
        let fields = request.iter().map(field).collect();
        let round = self.fate.round.load(Ordering::Relaxed);
        Asked { url: request.url().clone(), fields, posted: None, at: self.clock.now(), round }
    }
}

#[surf::utils::async_trait]
impl<W: Web> surf::HttpClient for Wire<W> {
    async fn send(&self, mut request: wire::Request) -> Result<wire::Response, surf::Error> {
        let mut asked = self.see(&request);
        if request.method() == wire::Method::Post {
            asked.posted = Some(request.body_string().await?);
        }
        self.asked.lock().unwrap().push(asked.clone());
        let reply = self.web.lock().unwrap().answer(&asked);
        if self.fate.requests_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.fate.killed.store(true, Ordering::Relaxed);
            std::future::pending().await
        }
        self.clock.sleep_until(self.clock.now() + reply.latency).await;
        if let Some(failure) = reply.failure {
            return Err(surf::Error::new(surf::StatusCode::BadGateway, failure));
        }
        self.web.lock().unwrap().arrived(&asked, &reply, self.clock.now());
        let mut response = wire::Response::new(reply.status);
        for (name, value) in &reply.fields {
            response.append_header(*name, value);
        }
        match reply.pieces {
            Some((pieces, end)) => {
                let drip = Drip::new(self.clock.clone(), pieces, end);
                response.set_body(wire::Body::from_reader(drip, None));
                response.insert_header("content-type", "text/event-stream");
            }
            None => response.set_body(reply.body),
        }
        Ok(response)
    }
}

/// A machine, its disk and the web around it.
pub struct World<W> {
    pub clock: Clock,
    pub web: Arc<Mutex<W>>,
    pub dir: PathBuf,
    transport: Arc<Transport>,
    fate: Arc<Fate>,
    asked: Arc<Mutex<Vec<Asked>>>,
    rounds: Cell<usize>,
}

impl<W: Web> World<W> {
    /// With a directory of its own, in memory where there is one: thousands of rounds are no test
    /// of a disk.
    pub fn new(name: &str, web: W) -> World<W> {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let dir = base.join(format!("newsagg-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let clock = Clock::simulated(Timestamp::from_unix(BEGIN).unwrap());
        let (fate, asked) = (Arc::<Fate>::default(), Arc::<Mutex<Vec<Asked>>>::default());
        let web = Arc::new(Mutex::new(web));
        let wire = Wire {
            clock: clock.clone(),
            web: web.clone(),
            fate: fate.clone(),
            asked: asked.clone(),
        };
        let transport = Arc::new(Transport::over(wire, clock.clone()));
        World { clock, web, dir, transport, fate, asked, rounds: Cell::new(0) }
    }

    pub fn config(&self, text: &str) -> Config {
        let text = format!("state.dir = \"state\"\n{text}");
        let config = Config::parse(&self.dir.join("newsagg.toml"), &text);
        config.unwrap_or_else(|problems| panic!("{problems:?} in\n{text}"))
    }

    /// A round by a process of its own.
    pub fn round(&self, config: &Config) -> Updated {
        self.round_with(config, Wishes::default())
    }

    pub fn round_with(&self, config: &Config, wishes: Wishes) -> Updated {
        self.start(config, wishes, usize::MAX).expect("nobody killed it")
    }

    /// Who can reach this world's servers.
    pub fn transport(&self) -> Arc<Transport> {
        self.fate.requests_left.store(usize::MAX, Ordering::Relaxed);
        self.transport.clone()
    }

    /// The process is killed when its `requests`-th request reaches its server; `None` if it was.
    pub fn killed_at(&self, config: &Config, requests: usize) -> Option<Updated> {
        self.start(config, Wishes::default(), requests)
    }

    /// A round of a service that is halted at this time, and how long it took from then on.
    pub fn halted_at(&self, config: &Config, at: Duration) -> (Updated, Duration) {
        let updated = self.process(|house| {
            house.halt = pulled_at(at, &self.clock, house.executor);
            self.turn(house, config, Wishes::default(), usize::MAX)
        });
        (updated.expect("nobody killed it"), self.clock.now().saturating_sub(at))
    }

    fn start(&self, config: &Config, wishes: Wishes, requests: usize) -> Option<Updated> {
        self.process(|house| self.turn(house, config, wishes, requests))
    }

    /// A process that lives for many rounds.
    pub fn process<T>(&self, life: impl FnOnce(&mut House<'_>) -> T) -> T {
        let executor: Executor<'static> = Executor::new();
        life(&mut House::new(self.clock.clone(), self.transport.clone(), &executor))
    }

    /// One of its rounds.
    pub fn round_of(&self, house: &mut House<'_>, config: &Config) -> Updated {
        self.turn(house, config, Wishes::default(), usize::MAX).expect("nobody killed it")
    }

    /// What a service does when its calendar is set: it looks at what is stored.
    pub fn look_of(&self, house: &mut House<'_>, config: &Config) -> Updated {
        let wishes = Wishes { offline: true, ..Wishes::default() };
        self.turn(house, config, wishes, usize::MAX).expect("nobody killed it")
    }

    fn turn(
        &self,
        house: &mut House<'_>,
        config: &Config,
        wishes: Wishes,
        requests: usize,
    ) -> Option<Updated> {
        self.fate.requests_left.store(requests, Ordering::Relaxed);
        self.fate.killed.store(false, Ordering::Relaxed);
        self.fate.round.store(self.rounds.get(), Ordering::Relaxed);
        self.rounds.set(self.rounds.get() + 1);
        let executor = house.executor;
        let mut life = pin!(update(config, house, wishes));
        let death = poll_fn(|cx| match self.fate.killed.load(Ordering::Relaxed) {
            true => Poll::Ready(None),
            false => life.as_mut().poll(cx).map(Some),
        });
        let updated = self.clock.block_on(executor, death);
        self.web.lock().unwrap().ended(updated.is_none(), self.clock.now());
        updated
    }

    pub fn wait(&self, span: Duration) {
        self.wait_until(self.clock.now() + span);
    }

    pub fn wait_until(&self, at: Duration) {
        self.clock.block_on(&Executor::new(), self.clock.sleep_until(at));
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// True times of all requests to a host.
    pub fn asked_at(&self, host: &str) -> Vec<Duration> {
        self.asked().iter().filter(|asked| asked.host() == host).map(|asked| asked.at).collect()
    }

    /// Takes the requests since this was last called.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(name)).unwrap()
    }
}

impl<W> Drop for World<W> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
