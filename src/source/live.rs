//! Services that say by themselves when there is news: as Server-Sent Events.

use std::time::Duration;

use crate::format::sse::Event;
use crate::http::Request;
use crate::item::Item;

/// A stream on which nothing comes for so long, not even a comment, is taken for dead, unless its
/// source says otherwise. The HTML Standard (§9.2.7) has servers send a comment every 15 s or so.
pub const IDLE: Duration = Duration::from_secs(5 * 60);

/// `once` listens to a stream for so long at least, unless its source says otherwise: servers that
/// begin with what was last do so within that.
pub const LISTEN: Duration = Duration::from_secs(2);

/// A stream of events, described without touching the network.
pub trait Live: Sync {
    /// Asks for the stream; `None` where there is none to ask for.
    fn open(&self) -> Option<Request>;

    /// What one event says. `heard` is the source's own: what it needs to know of earlier ones;
    /// empty when the process begins.
    fn hear(&self, event: Event, heard: &mut Vec<u64>) -> Heard;

    /// After so long without a byte the stream is taken for dead.
    fn idle(&self) -> Duration {
        IDLE
    }

    /// So long `once` listens at least.
    fn listen(&self) -> Duration {
        LISTEN
    }
}

/// What an event says.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// News.
    Item(Box<Item>),
    /// There is news where the source's plan asks.
    Due,
    /// Nothing that matters here.
    Nothing,
    /// Nobody knows what.
    Unreadable,
    /// That the stream is over, and why.
    Over(&'static str),
}
