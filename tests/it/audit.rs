//! A publisher's audit: what a thousand rounds look like from the servers' side.
//!
//! Publishers of different habits write down every request that they should not have seen.

use std::time::Duration;

use newsagg::config::Config;
use newsagg::http::Validators;
use newsagg::time::Timestamp;

use crate::support::world::*;

/// What a publisher is like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    Etag,
    Modified,
    Both,
    Weak,
    /// A new validator with every answer, and the same news.
    Restless,
    NoValidators,
    /// A 304 tells one of two validators anew, in turn.
    Drifting,
    /// `max-age`.
    Fresh,
    /// `ttl` and `skipHours` in the feed.
    Ttl,
    /// 429 now and then, with `Retry-After` in seconds.
    Refuses,
    /// The same with a date.
    RefusesByDate,
    /// 503 now and then, with `Retry-After` or without.
    Fails,
    /// 404 for days.
    Lost,
    /// 410 from the second day on.
    Gone,
    /// 301 to where the feed is.
    Moved,
    /// `X-RateLimit-*`: four requests in a clock hour.
    Counts,
    /// No more than the config says.
    Metered,
}

use Habit::*;

/// Host, path, `every` in minutes, habit.
const PUBLISHERS: [(&str, &str, u64, Habit); 20] = [
    ("etag.test", "/", 10, Etag),
    ("modified.test", "/", 10, Modified),
    ("both.test", "/", 10, Both),
    ("weak.test", "/", 10, Weak),
    ("restless.test", "/", 10, Restless),
    ("nothing.test", "/", 10, NoValidators),
    ("drifting.test", "/", 10, Drifting),
    ("fresh.test", "/", 10, Fresh),
    ("ttl.test", "/", 10, Ttl),
    ("refuses.test", "/", 10, Refuses),
    ("refuses-by-date.test", "/", 10, RefusesByDate),
    ("fails.test", "/", 10, Fails),
    ("lost.test", "/", 10, Lost),
    ("gone.test", "/", 10, Gone),
    ("moved.test", "/", 10, Moved),
    ("api.github.com", "/", 10, Counts),
    ("www.reddit.com", "/r/a.rss", 10, Etag),
    ("www.reddit.com", "/r/b.rss", 10, Both),
    ("metered.test", "/", 10, Metered),
    ("hourly.test", "/", 60, Both),
];

const MAX_AGE: Duration = Duration::from_secs(2_400);
const TTL: Duration = Duration::from_secs(3_600);
const QUIET_HOURS: [i64; 3] = [2, 3, 23];
const LOST: (Duration, Duration) = (DAY, Duration::from_secs(5 * 86_400));
const PER_HOUR: usize = 4;

/// Accounts, and how many requests of theirs may leave within any span.
const QUOTAS: [(&str, usize, Duration); 4] = [
    ("www.reddit.com", 1, MINUTE),
    ("api.github.com", 60, HOUR),
    ("metered.test", 4, HOUR),
    ("metered.test", 20, DAY),
];

/// What should not have happened, and what did.
#[derive(Debug, Default)]
struct Book {
    requests: usize,
    fresh: usize,
    unchanged: usize,
    other: usize,
    /// Validators were held, and not (or not all, or others) told.
    unconditional: Vec<String>,
    /// Inside a `Retry-After`, or with nothing left.
    intruded: Vec<String>,
    /// Sooner than anybody allows.
    early: Vec<String>,
}

#[derive(Debug)]
struct Publisher {
    host: &'static str,
    path: &'static str,
    every: Duration,
    habit: Habit,
    book: Book,
    /// What the client holds, and what it will once its round is over.
    holds: Validators,
    will_hold: Validators,
    /// Since when it is to be left alone, and for how long; the same once the round is over.
    rests: (Duration, Duration),
    will_rest: Option<(Duration, Duration)>,
    /// `Retry-After`: when it was told, and until when.
    closed: Option<(Duration, Duration)>,
    at: Vec<Duration>,
    /// Requests in this clock hour.
    counted: (u64, usize),
}

impl Publisher {
    fn new((host, path, every, habit): (&'static str, &'static str, u64, Habit)) -> Publisher {
        Publisher {
            host,
            path,
            every: MINUTE * every as u32,
            habit,
            book: Book::default(),
            holds: Validators::default(),
            will_hold: Validators::default(),
            rests: (Duration::ZERO, Duration::ZERO),
            will_rest: None,
            closed: None,
            at: Vec::new(),
            counted: (0, 0),
        }
    }

    /// Writes down what should not have been asked.
    fn look_at(&mut self, asked: &Asked) {
        let at = asked.at;
        self.book.requests += 1;
        self.at.push(at);
        let told = Validators {
            etag: asked.field("if-none-match").map(Into::into),
            last_modified: asked.field("if-modified-since").map(Into::into),
        };
        if told != self.holds && !(self.habit == Moved && asked.url.path() == "/") {
            self.book.unconditional.push(format!("{at:?}: {told:?} for {:?}", self.holds));
        }
        if let Some((_, until)) = self.closed.filter(|(_, until)| at < *until) {
            self.book.intruded.push(format!("{at:?}: not before {until:?}"));
        }
        if self.will_rest.is_none() {
            let (since, span) = self.rests;
            // The calendar counts whole seconds.
            if at + SECOND < since + span {
                self.book.early.push(format!("{at:?}: not before {:?}", since + span));
            }
            if self.habit == Ttl && QUIET_HOURS.contains(&(wall(at).rem_euclid(86_400) / 3_600)) {
                self.book.early.push(format!("{at:?}: in a quiet hour"));
            }
            self.will_rest = Some((at, self.every - self.every / 60));
        }
    }

    /// The validators of what is there at `at`.
    fn current(&self, at: Duration) -> Validators {
        let version = at.as_secs() / 14_400;
        let etag =
            |text: String| Some(text).filter(|_| !matches!(self.habit, Modified | NoValidators));
        // Not how the standard writes it: whoever reads and rewrites dates is found out.
        let date =
            Some(format!("Sat,  21 Nov 2026 0{}:00:{:02} UTC", version / 60 % 10, version % 60));
        let dated = matches!(self.habit, Modified | Both | Drifting | Moved | Refuses);
        Validators {
            etag: match self.habit {
                Weak => etag(format!("W/\"{version}, a\"")),
                Restless => etag(format!("\"{}\"", self.at.len())),
                NoValidators | Ttl => None,
                _ => etag(format!("\"{version}-{}\"", self.path)),
            },
            last_modified: date.filter(|_| dated),
        }
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        let (at, count) = (asked.at, self.at.len());
        if self.habit == Moved && asked.url.path() == "/" {
            return status(301).with("location", "/feed");
        }
        match self.habit {
            Refuses if count % 9 == 0 => return status(429).with("retry-after", 5_400),
            RefusesByDate if count % 7 == 0 => {
                let date = |seconds| http_date(wall(at) + seconds);
                // Its clock is wrong, as it says.
                return status(429)
                    .with("date", date(-900_000))
                    .with("retry-after", date(3_000 - 900_000));
            }
            Fails if count % 11 == 5 => return status(503).with("retry-after", 4_000),
            Fails if count % 11 == 8 => return status(503),
            Lost if LOST.0 <= at && at < LOST.1 => return status(404),
            Gone if at > DAY => return status(410),
            _ => {}
        }
        let current = self.current(at);
        let told = asked.field("if-none-match").or(asked.field("if-modified-since"));
        let held = current.etag.as_deref().or(current.last_modified.as_deref());
        let mut reply = match told.is_some() && told == held {
            true => status(304),
            false => page(self.news(at)),
        };
        if reply.status == 200 || self.habit == Drifting {
            // A 304 of `Drifting` says one of the two.
            let both = reply.status == 200;
            if let Some(etag) = current.etag.filter(|_| both || count % 2 == 0) {
                reply = reply.with("etag", etag);
            }
            let date = match self.habit {
                Drifting => {
                    Some(format!("{} {}", current.last_modified.unwrap_or_default(), count))
                }
                _ => current.last_modified,
            };
            if let Some(date) = date.filter(|_| both || count % 2 == 1) {
                reply = reply.with("last-modified", date);
            }
        }
        match self.habit {
            Fresh => reply.with("cache-control", format!("max-age={}", MAX_AGE.as_secs())),
            Counts => self.count(reply, at),
            _ => reply,
        }
    }

    /// A quota by the clock hour, as such services keep it.
    fn count(&mut self, reply: Reply, at: Duration) -> Reply {
        let hour = at.as_secs() / 3_600;
        if self.counted.0 != hour {
            self.counted = (hour, 0);
        }
        self.counted.1 += 1;
        let reset = (hour + 1) * 3_600 - at.as_secs();
        let left = PER_HOUR.saturating_sub(self.counted.1);
        let reply = if self.counted.1 > PER_HOUR { status(403) } else { reply };
        reply
            .with("x-ratelimit-limit", PER_HOUR)
            .with("x-ratelimit-remaining", left)
            .with("x-ratelimit-reset", reset)
    }

    fn news(&self, at: Duration) -> String {
        let newest = if self.habit == Restless { 7 } else { 7 + at.as_secs() / 14_400 };
        let stories = (newest - 3..newest).map(|n| format!("{}-{n}", self.host));
        let hours: String = QUIET_HOURS.iter().map(|hour| format!("<hour>{hour}</hour>")).collect();
        let pace = format!("<ttl>{}</ttl><skipHours>{hours}</skipHours>", TTL.as_secs() / 60);
        channel(if self.habit == Ttl { &pace } else { "" }, stories)
    }

    /// What the client knows from now on.
    fn arrived(&mut self, reply: &Reply, at: Duration) {
        let given = Validators {
            etag: reply.field("etag").map(Into::into),
            last_modified: reply.field("last-modified").map(Into::into),
        };
        match reply.status {
            200 => (self.book.fresh, self.will_hold) = (self.book.fresh + 1, given),
            304 => {
                self.book.unchanged += 1;
                self.will_hold.etag = given.etag.or(self.will_hold.etag.take());
                self.will_hold.last_modified =
                    given.last_modified.or(self.will_hold.last_modified.take());
            }
            301 => {}
            _ => self.book.other += 1,
        }
        if let Some(rest) = &mut self.will_rest {
            let good = matches!(reply.status, 200 | 304);
            let wish = match self.habit {
                Fresh if good => MAX_AGE,
                Ttl if good => TTL,
                Gone if reply.status == 410 => 30 * DAY,
                _ => Duration::ZERO,
            };
            rest.1 = rest.1.max(wish);
        }
        if self.habit == Counts && reply.field("x-ratelimit-remaining") == Some("0") {
            let reset: u64 = reply.field("x-ratelimit-reset").unwrap().parse().unwrap();
            self.closed = Some((at, at + Duration::from_secs(reset)));
        }
        if let Some(text) = reply.field("retry-after") {
            let seconds = text.parse().unwrap_or(3_000);
            self.closed = Some((at, at + Duration::from_secs(seconds)));
        }
    }

    fn ended(&mut self, killed: bool, at: Duration) {
        let rest = self.will_rest.take();
        if killed {
            self.will_hold = self.holds.clone();
            // What arrives in the moment of death is not heard.
            self.closed = self.closed.filter(|(told, _)| *told != at);
            // Who was asked by somebody who is dead may be asked again.
            self.rests.1 = if rest.is_some() { Duration::ZERO } else { self.rests.1 };
        } else {
            self.holds = self.will_hold.clone();
            self.rests = rest.unwrap_or(self.rests);
        }
    }
}

fn wall(at: Duration) -> i64 {
    BEGIN + at.as_secs() as i64
}

/// RFC 9110 §5.6.7.
fn http_date(unix: i64) -> String {
    let text = Timestamp::from_unix(unix).unwrap().to_string();
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month: usize = text[5..7].parse().unwrap();
    format!("Sun, {} {} {} {} GMT", &text[8..10], MONTHS[month - 1], &text[..4], &text[11..19])
}

struct Press(Vec<Publisher>);

impl Press {
    fn of(&mut self, asked: &Asked) -> &mut Publisher {
        let reddit = asked.host() == "www.reddit.com";
        let mine = |publisher: &&mut Publisher| {
            publisher.host == asked.host() && (!reddit || publisher.path == asked.url.path())
        };
        self.0.iter_mut().find(mine).unwrap()
    }

    /// Requests beyond a quota, in any span.
    fn over(&self) -> Vec<String> {
        let mut over = Vec::new();
        for (host, count, per) in QUOTAS {
            let own = self.0.iter().filter(|publisher| publisher.host == host);
            let mut all: Vec<Duration> = own.flat_map(|publisher| publisher.at.clone()).collect();
            all.sort();
            let close = all.windows(count + 1).filter(|run| run[count] - run[0] < per);
            over.extend(close.map(|run| format!("{host}: {run:?} within {per:?}")));
        }
        over
    }

    fn table(&self) -> String {
        let mut table = format!(
            "{:22} {:>8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>6}\n",
            "publisher", "requests", "200", "304", "other", "uncond", "intruded", "early"
        );
        for Publisher { host, path, book, .. } in &self.0 {
            table += &format!(
                "{:22} {:>8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>6}\n",
                format!("{host}{path}"),
                book.requests,
                book.fresh,
                book.unchanged,
                book.other,
                book.unconditional.len(),
                book.intruded.len(),
                book.early.len()
            );
            for complaints in [&book.unconditional, &book.intruded, &book.early] {
                for complaint in complaints.iter().take(3) {
                    table += &format!("    {complaint}\n");
                }
            }
        }
        table
    }
}

impl Web for Press {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let publisher = self.of(asked);
        publisher.look_at(asked);
        publisher.answer(asked)
    }

    fn arrived(&mut self, asked: &Asked, reply: &Reply, at: Duration) {
        self.of(asked).arrived(reply, at);
    }

    fn ended(&mut self, killed: bool, at: Duration) {
        self.0.iter_mut().for_each(|publisher| publisher.ended(killed, at));
    }
}

fn subscriptions(world: &World<Press>) -> Config {
    let source = |(host, path, every, habit): (&str, &str, u64, Habit)| {
        let quota = if habit == Metered { "quota = [\"4/1h\", \"20/24h\"]" } else { "" };
        format!(
            "[[source]]\nname = \"{host}{path}\"\nkind = \"feed\"\nurl = \"https://{host}{path}\"\n\
             every = \"{every}m\"\n{quota}\n"
        )
    };
    let sources: String = PUBLISHERS.into_iter().map(source).collect();
    world.config(&format!("state.keep = \"1h\"\n[[output]]\npath = \"feed.json\"\n{sources}"))
}

#[test]
fn a_thousand_rounds_give_no_publisher_a_reason_to_complain() {
    const SEED: u64 = 5;
    let mut luck = Luck::new(SEED);
    let press = Press(PUBLISHERS.into_iter().map(Publisher::new).collect());
    let world = World::new("audit", press);
    let config = subscriptions(&world);
    for round in 0..1_000u32 {
        if luck.one_in(12) {
            world.killed_at(&config, 1 + luck.below(12) as usize);
        } else {
            world.round(&config);
        }
        if luck.one_in(50) {
            world.clock.reboot();
        }
        // From time to time nobody looks for a day.
        let pause = if round % 25 == 24 { DAY } else { Duration::ZERO };
        world.wait(pause + 9 * MINUTE + Duration::from_millis(luck.below(120_000)));
    }
    let press = world.web.lock().unwrap();
    let over = press.over();
    let blameless = |publisher: &Publisher| {
        let book = &publisher.book;
        book.unconditional.len() + book.intruded.len() + book.early.len() == 0
    };
    let table = format!("seed {SEED}\n{}{over:#?}", press.table());
    assert!(over.is_empty() && press.0.iter().all(blameless), "{table}");

    // Whoever never asks gives no reason to complain either.
    for Publisher { host, habit, book, at, .. } in &press.0 {
        let least = match habit {
            Gone => 15,
            Refuses | RefusesByDate | Ttl | Fresh | Metered => 150,
            _ if *host == "hourly.test" => 100,
            // Two of them share what one could use up.
            _ if *host == "www.reddit.com" => 400,
            _ => 500,
        };
        assert!(book.requests >= least, "{host} was forgotten:\n{table}");
        let told = !matches!(habit, NoValidators | Restless | Ttl);
        assert!(!told || book.unchanged > book.requests / 4, "{host} gave it all again:\n{table}");
        if *habit == Lost {
            let lost = at.iter().filter(|at| LOST.0 <= **at && **at < LOST.1).count();
            assert!((4..=12).contains(&lost), "{host} was asked {lost} times while away:\n{table}");
        }
        if *habit == Gone {
            let after = at.iter().filter(|at| **at > DAY).count();
            assert_eq!(after, 2, "{host} is asked once a month whether it is back:\n{table}");
        }
    }
}
