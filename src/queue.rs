//! What is still to be asked, and when it may be.
//!
//! Requests stand in lanes, one for each host and account, because those are what limits count by:
//! a limit that holds the first of a lane holds all of it, so a lane is looked at once and then left
//! alone until its time comes. Dispatching costs O(log n) however many wait.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use crate::failure::Failure;
use crate::http::Request;
use crate::schedule::{own_house, spacing};

/// An answer may call for more requests, and theirs for more still, but no further.
pub const MAX_STEP: u8 = 2;
/// No source gets more requests than this in one round, whatever its answers call for.
pub const MAX_REQUESTS: usize = 600;

/// One request on behalf of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Which source, as the round counts them.
    pub source: usize,
    /// What to ask.
    pub request: Request,
    /// From 1.
    pub tries: u8,
    /// Since when it could have been sent, had there been a worker and no limit.
    pub ready: Duration,
    /// When its permit was taken, once it was.
    pub left: Duration,
    /// What its last try came to, if it was tried.
    pub failed: Option<Box<Failure>>,
    lane: usize,
}

/// What the limits of a source are, for its lane.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What is counted together by quotas.
    pub account: &'a str,
    /// Never more of this lane's host under way than this.
    pub per_host: usize,
}

/// What may happen next.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// This one may start now, and is counted as under way from now on.
    Go(Job),
    /// This one may not start before the round's deadline: not before the time given.
    PutOff(Job, Duration),
    /// Nothing may start before this time.
    Wait(Duration),
    /// Nothing may start before something under way has ended.
    Busy,
    /// Nothing is waiting.
    Empty,
}

/// Why a job may not start yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// It may start at this time, and waits for it unless that is beyond the round's deadline.
    Wait(Duration),
    /// It may start at this time, but not in this round.
    Defer(Duration),
}

/// The requests of one round that are not under way.
#[derive(Debug, Default)]
pub struct Queue {
    lanes: Vec<Lane>,
    hosts: Vec<Host>,
    lane_by_key: HashMap<(usize, String), usize>,
    host_by_name: HashMap<String, usize>,
    /// Lanes that may have something to send, in turn.
    turn: VecDeque<usize>,
    alarms: BinaryHeap<Reverse<Alarm>>,
    asked: Vec<usize>,
    /// Of each source, how many are waiting or under way.
    open: Vec<usize>,
    waiting: usize,
    alarm_count: u64,
}

#[derive(Debug)]
struct Lane {
    host: usize,
    per_host: usize,
    jobs: VecDeque<Job>,
    /// In `turn`, parked at its host, or waiting for an alarm: in one place only.
    listed: bool,
}

#[derive(Debug, Default)]
struct Host {
    under_way: usize,
    /// Whose request left for it last, and how long those of other sources keep their distance.
    last: Option<usize>,
    rest: Duration,
    parked: VecDeque<usize>,
}

/// A lane to look at again, or a retry that becomes ready.
#[derive(Debug)]
struct Alarm {
    at: Duration,
    order: u64,
    what: Sleeper,
}

#[derive(Debug)]
enum Sleeper {
    Lane(usize),
    Job(Box<Job>),
}

impl Queue {
    /// Takes the requests that begin a source's round.
    pub fn begin(&mut self, source: usize, terms: Terms<'_>, plan: Vec<Request>, now: Duration) {
        let root = |(root, request)| Request { root, ..request };
        self.push(source, terms, (0..).zip(plan).map(root).collect(), 0, now);
    }

    /// Takes the requests that an answer called for.
    pub fn follow(&mut self, job: &Job, terms: Terms<'_>, more: Vec<Request>, now: Duration) {
        if job.request.step < MAX_STEP {
            let root = job.request.root;
            let more = more.into_iter().map(|request| Request { root, ..request }).collect();
            self.push(job.source, terms, more, job.request.step + 1, now);
        }
    }

    /// Takes a job back that failed, to be tried again at `at`.
    pub fn retry(&mut self, job: Job, failure: Failure, at: Duration) {
        let failed = Some(Box::new(failure));
        let job = Job { tries: job.tries.saturating_add(1), ready: at, failed, ..job };
        self.waiting += 1;
        self.open[job.source] += 1;
        self.alarm(at, Sleeper::Job(Box::new(job)));
    }

    /// Takes other requests in the place of one that failed.
    pub fn replace(
        &mut self,
        failed: &Job,
        terms: Terms<'_>,
        instead: Vec<Request>,
        now: Duration,
    ) {
        let root = failed.request.root;
        let instead = instead.into_iter().map(|request| Request { root, ..request }).collect();
        self.push(failed.source, terms, instead, failed.request.step, now);
    }

    /// Says that a job which was let go is no longer under way.
    pub fn ended(&mut self, job: &Job) {
        self.open[job.source] -= 1;
        let host = &mut self.hosts[self.lanes[job.lane].host];
        host.under_way = host.under_way.saturating_sub(1);
        // All of them: the first may turn out to have a smaller `per_host`, or no permit.
        self.turn.append(&mut host.parked);
    }

    /// The next job that is due, that its host has room for and that `admit` lets through.
    ///
    /// What `admit` defers, or holds back until `deadline` or later, is put off at once.
    pub fn next(
        &mut self,
        now: Duration,
        deadline: Duration,
        mut admit: impl FnMut(&Job) -> Result<(), NotYet>,
    ) -> Next {
        self.wake(now);
        while let Some(index) = self.turn.pop_front() {
            let lane = &mut self.lanes[index];
            let host = &mut self.hosts[lane.host];
            let Some(mut job) = lane.jobs.pop_front() else {
                lane.listed = false;
                continue;
            };
            if host.under_way >= lane.per_host {
                lane.jobs.push_front(job);
                host.parked.push_back(index);
                continue;
            }
            // Many feeds of one server do not reach it as one burst; the follow-ups of one source may.
            if host.rest > now && host.last != Some(job.source) {
                let at = host.rest;
                lane.jobs.push_front(job);
                self.alarm(at, Sleeper::Lane(index));
                continue;
            }
            match admit(&job) {
                Ok(()) => {
                    host.under_way += 1;
                    host.last = Some(job.source);
                    let luck = (self.waiting as u64) << 32 | job.source as u64;
                    host.rest = now.saturating_add(spacing(own_house(&job.request.url), luck));
                    self.waiting -= 1;
                    self.turn.push_back(index);
                    job.left = now;
                    return Next::Go(job);
                }
                Err(NotYet::Wait(at)) if at < deadline => {
                    lane.jobs.push_front(job);
                    self.alarm(at, Sleeper::Lane(index));
                }
                Err(NotYet::Wait(at) | NotYet::Defer(at)) => {
                    self.waiting -= 1;
                    self.open[job.source] -= 1;
                    self.turn.push_front(index);
                    return Next::PutOff(job, at);
                }
            }
        }
        match self.alarms.peek() {
            Some(Reverse(alarm)) => Next::Wait(alarm.at),
            None if self.waiting > 0 => Next::Busy,
            None => Next::Empty,
        }
    }

    /// Whether a request to this host is under way.
    pub fn is_under_way(&self, host: &str) -> bool {
        let host = self.host_by_name.get(host).and_then(|index| self.hosts.get(*index));
        host.is_some_and(|host| host.under_way > 0)
    }

    /// Whether a source was asked all that it wanted to know, so far.
    pub fn is_done(&self, source: usize) -> bool {
        self.open.get(source) == Some(&0)
    }

    /// Everything that is still waiting, for a round that ends.
    pub fn drain(&mut self) -> Vec<Job> {
        let lanes = self.lanes.iter_mut().flat_map(|lane| lane.jobs.drain(..));
        let retries = self.alarms.drain().filter_map(|Reverse(alarm)| match alarm.what {
            Sleeper::Job(job) => Some(*job),
            Sleeper::Lane(_) => None,
        });
        let left: Vec<Job> = lanes.chain(retries).collect();
        self.waiting = 0;
        for job in &left {
            self.open[job.source] -= 1;
        }
        left
    }

    fn push(
        &mut self,
        source: usize,
        terms: Terms<'_>,
        requests: Vec<Request>,
        step: u8,
        now: Duration,
    ) {
        if self.asked.len() <= source {
            self.asked.resize(source + 1, 0);
            self.open.resize(source + 1, 0);
        }
        let room = MAX_REQUESTS.saturating_sub(self.asked[source]);
        for request in requests.into_iter().take(room) {
            self.asked[source] += 1;
            self.open[source] += 1;
            self.waiting += 1;
            let lane = self.lane(request.host(), terms);
            let request = Request { step, ..request };
            self.lanes[lane].jobs.push_back(Job {
                source,
                request,
                tries: 1,
                ready: now,
                left: now,
                failed: None,
                lane,
            });
            self.list(lane);
        }
    }

    fn lane(&mut self, host: &str, terms: Terms<'_>) -> usize {
        let host = match self.host_by_name.get(host) {
            Some(index) => *index,
            None => {
                self.hosts.push(Host::default());
                self.host_by_name.insert(host.into(), self.hosts.len() - 1);
                self.hosts.len() - 1
            }
        };
        let (lanes, per_host) = (&mut self.lanes, terms.per_host);
        *self.lane_by_key.entry((host, terms.account.into())).or_insert_with(|| {
            lanes.push(Lane { host, per_host, jobs: VecDeque::new(), listed: false });
            lanes.len() - 1
        })
    }

    fn list(&mut self, lane: usize) {
        if !std::mem::replace(&mut self.lanes[lane].listed, true) {
            self.turn.push_back(lane);
        }
    }

    fn alarm(&mut self, at: Duration, what: Sleeper) {
        self.alarm_count += 1;
        self.alarms.push(Reverse(Alarm { at, order: self.alarm_count, what }));
    }

    fn wake(&mut self, now: Duration) {
        while self.alarms.peek().is_some_and(|Reverse(alarm)| alarm.at <= now) {
            match self.alarms.pop() {
                Some(Reverse(Alarm { what: Sleeper::Lane(lane), .. })) => self.turn.push_back(lane),
                Some(Reverse(Alarm { what: Sleeper::Job(job), .. })) => {
                    let lane = job.lane;
                    self.lanes[lane].jobs.push_back(*job);
                    self.list(lane);
                }
                None => return,
            }
        }
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Alarm) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Alarm) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Alarm) -> bool {
        self.order == other.order
    }
}

impl Eq for Alarm {}
