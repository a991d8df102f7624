//! One publisher: how it answers, what it remembers, and what it complains of.

use super::*;

/// What a publisher is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Habit {
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

const MAX_AGE: Duration = Duration::from_secs(2_400);
const TTL: Duration = Duration::from_secs(3_600);
const QUIET_HOURS: [i64; 3] = [2, 3, 23];
pub const LOST: (Duration, Duration) = (DAY, Duration::from_secs(5 * 86_400));
const PER_HOUR: usize = 4;

/// What should not have happened, and what did.
#[derive(Debug, Default)]
pub struct Book {
    pub requests: usize,
    pub fresh: usize,
    pub unchanged: usize,
    pub other: usize,
    /// Validators were held, and not (or not all, or others) told.
    pub unconditional: Vec<String>,
    /// Inside a `Retry-After`, or with nothing left.
    pub intruded: Vec<String>,
    /// Sooner than anybody allows.
    pub early: Vec<String>,
}

#[derive(Debug)]
pub struct Publisher {
    pub host: &'static str,
    pub path: &'static str,
    every: Duration,
    pub habit: Habit,
    pub book: Book,
    /// What the client holds, and what it will once its round is over.
    holds: Validators,
    will_hold: Validators,
    /// Since when it is to be left alone, and for how long; the same once the round is over.
    rests: (Duration, Duration),
    will_rest: Option<(Duration, Duration)>,
    /// `Retry-After`: when it was told, and until when.
    closed: Option<(Duration, Duration)>,
    pub at: Vec<Duration>,
    /// Requests in this clock hour.
    counted: (u64, usize),
}

impl Publisher {
    pub fn new((host, path, every, habit): (&'static str, &'static str, u64, Habit)) -> Publisher {
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
    pub fn look_at(&mut self, asked: &Asked) {
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

    pub fn answer(&mut self, asked: &Asked) -> Reply {
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
    pub fn arrived(&mut self, reply: &Reply, at: Duration) {
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

    pub fn ended(&mut self, killed: bool, at: Duration) {
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
