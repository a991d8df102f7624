//! Where the time of one exchange goes, phase by phase.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::http::{Timing, Url};
use crate::redact::Redactor;

/// What a request is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looking the name up.
    Resolve,
    /// Connecting.
    Connect,
    /// In the TLS handshake.
    Tls,
    /// Waiting for the head.
    FirstByte,
    /// Reading the body.
    Body,
}

/// Where the time of one exchange goes, kept where it outlives a request that is given up.
#[derive(Debug)]
pub struct Trace {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    timing: Timing,
    phase: Option<(Phase, Duration)>,
    bytes_in: u64,
    requests: u32,
    place: Option<Url>,
    local: Option<bool>,
    lacks: Option<&'static str>,
    asks_proxy: bool,
    given_up: Option<Failure>,
    foretold: Option<Failure>,
    confided: Redactor,
}

impl Trace {
    /// Nothing happened yet.
    pub fn new(clock: Clock) -> Trace {
        Trace { clock, state: Mutex::default() }
    }

    /// A phase begins, and the one before ends.
    pub fn enter(&self, phase: Phase) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.settle(now);
        state.phase = Some((phase, now));
    }

    /// This URL is asked now.
    pub fn at(&self, url: &Url) {
        self.lock().place = Some(url.clone());
    }

    /// Notes what a proxy or a server was told in confidence on the way, beside what the request itself says.
    pub fn confide(&self, add: impl FnOnce(&mut Redactor)) {
        add(&mut self.lock().confided);
    }

    /// What must not be said back.
    pub fn confided(&self) -> Redactor {
        self.lock().confided.clone()
    }

    /// Which URL was asked last.
    pub fn place(&self) -> Option<Url> {
        self.lock().place.clone()
    }

    /// A request is sent.
    pub fn request(&self) {
        self.lock().requests += 1;
    }

    /// Bytes of a body came.
    pub fn received(&self, count: usize) {
        self.lock().bytes_in += count as u64;
    }

    /// Our own house has none of this just now, and the request waits for it.
    pub fn lacks(&self, what: Option<&'static str>) {
        self.lock().lacks = what;
    }

    /// Whether the connection that is made leads to a proxy.
    pub fn asks_proxy(&self, asks: bool) {
        self.lock().asks_proxy = asks;
    }

    /// Whether a proxy did not accept the connection yet.
    pub fn awaits_proxy(&self) -> bool {
        self.lock().asks_proxy
    }

    /// What it waits for that our own house lacks, if that is so.
    pub fn lacking(&self) -> Option<&'static str> {
        self.lock().lacks
    }

    /// The deadline is over, and this is what is said of it; or what was said the first time, if
    /// this is a second one.
    pub fn give_up(&self, failure: Failure) -> Failure {
        let mut state = self.lock();
        let failure = state.foretold.take().unwrap_or(failure);
        state.given_up = Some(failure.clone());
        failure
    }

    pub(super) fn given_up(&self) -> Option<Failure> {
        self.lock().given_up.clone()
    }

    pub(super) fn foretell(&self, failure: Failure) {
        self.lock().foretold = Some(failure);
    }

    /// Whether the first connection led into somebody's own network, if there was one.
    pub(super) fn led_local(&self) -> Option<bool> {
        self.lock().local
    }

    pub(super) fn connected(&self, local: bool) {
        self.lock().local.get_or_insert(local);
    }

    /// Whether the first connection of this exchange led into somebody's own network.
    pub fn began_local(&self) -> bool {
        self.lock().local.unwrap_or(false)
    }

    /// The phase that is running, the time of all, bytes and requests, as of now.
    pub fn sum(&self) -> (Option<Phase>, Timing, u64, u32) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.settle(now);
        let phase = state.phase.map(|(phase, _)| phase);
        (phase, state.timing, state.bytes_in, state.requests)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn settle(&mut self, now: Duration) {
        let Some((phase, since)) = &mut self.phase else { return };
        let timing = &mut self.timing;
        *match phase {
            Phase::Resolve => &mut timing.resolve,
            Phase::Connect => &mut timing.connect,
            Phase::Tls => &mut timing.tls,
            Phase::FirstByte => &mut timing.first_byte,
            Phase::Body => &mut timing.body,
        } += now.saturating_sub(*since);
        *since = now;
    }
}
