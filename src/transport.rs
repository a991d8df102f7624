//! The way out: one request, one answer, one deadline. The only module that knows of surf.

use std::time::Duration;

use crate::clock::Clock;
use crate::http::{Exchange, Request};

/// How every request is made, unless its source says otherwise.
#[derive(Clone, Debug)]
pub struct Options {
    /// `User-Agent`.
    pub user_agent: String,
    /// No body is larger than this after decoding.
    pub max_body: u64,
    /// For one address to accept the connection.
    pub connect_timeout: Duration,
    /// `[fetch] proxy`; without it the environment decides.
    pub proxy: Option<crate::http::Url>,
}

/// The network, or what passes for it.
#[derive(Debug)]
pub struct Transport {
    clock: Clock,
}

impl Transport {
    /// The clock that deadlines are held against.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Asks, and waits no longer than `timeout` from here to the last byte.
    pub async fn get(
        &self,
        _request: &Request,
        _options: &Options,
        _timeout: Duration,
    ) -> Exchange {
        let _ = &self.clock;
        todo!()
    }
}
