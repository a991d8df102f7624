//! Why one request brought nothing.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where it went wrong, in the order of the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A setting cannot be used, or a secret that the config names cannot be read: nothing was sent.
    Config,
    /// The name has no address, or the resolver did not answer.
    Resolve,
    /// No connection, or to an address that is refused.
    Connect,
    /// The handshake, the certificate.
    Tls,
    /// Nothing, or not all, within the deadline.
    Timeout,
    /// Too many redirects, a loop, a target that is refused.
    Redirect,
    /// Broken HTTP, a connection that ended early.
    Protocol,
    /// The server said no.
    Status,
    /// More bytes than `max_body`.
    #[serde(rename = "too large")]
    TooLarge,
    /// A content coding that is unknown or damaged.
    Decode,
    /// The document is not what the source reads.
    Read,
    /// The service's own error message.
    Service,
    /// The quota is used up, or the server says to wait.
    Quota,
    /// Given up because the round ended first.
    Cancelled,
}

/// Whose doing a failure is, as far as the failure itself shows. Policy decides by this and by the
/// [`Stage`], never by the words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fault {
    /// The server's, or nobody can tell.
    #[default]
    Theirs,
    /// Ours: a proxy, a setting, too few file descriptors, a round that ended.
    Ours,
    /// Maybe that of the network this machine is on: no route, or a name that could not be looked up.
    Network,
    /// Maybe that of this machine's clock: a certificate that is not valid yet.
    Clock,
}

/// One request's failure: a stage, a cause for people, and what a retry needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Where it went wrong.
    pub stage: Stage,
    /// What happened, in lower case, without control characters, without secrets.
    pub cause: String,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the server asks us to stay away.
    pub retry_after: Option<Duration>,
    /// Whose doing it is.
    pub fault: Fault,
    /// Whether the request ended before there was a connection: nothing of it was sent.
    pub unsent: bool,
}

impl Failure {
    /// A failure without an answer.
    pub fn new(stage: Stage, cause: impl Into<String>) -> Failure {
        let fault = match stage {
            Stage::Resolve => Fault::Network,
            Stage::Config | Stage::Cancelled => Fault::Ours,
            _ => Fault::Theirs,
        };
        let unsent = matches!(stage, Stage::Config | Stage::Resolve | Stage::Connect);
        let cause = cause.into();
        Failure { stage, cause, status: None, retry_after: None, fault, unsent }
    }

    /// The same, and it is our own doing.
    pub fn ours(self) -> Failure {
        Failure { fault: Fault::Ours, ..self }
    }

    /// Whether asking again within the same round could help.
    pub fn transient(&self) -> bool {
        match self.stage {
            Stage::Resolve | Stage::Connect | Stage::Timeout | Stage::Protocol => true,
            // Who asks for less and does not say when is asked no more in this round.
            Stage::Status | Stage::Service | Stage::Quota if self.status == Some(429) => {
                self.retry_after.is_some()
            }
            // 408, 425 and 5xx say «later»; 501 and 505 say «never».
            Stage::Status | Stage::Service | Stage::Quota => {
                matches!(self.status, Some(408 | 425 | 500 | 502..=504 | 506..=599))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.cause)
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Config => "config",
            Stage::Resolve => "resolve",
            Stage::Connect => "connect",
            Stage::Tls => "tls",
            Stage::Timeout => "timeout",
            Stage::Redirect => "redirect",
            Stage::Protocol => "protocol",
            Stage::Status => "status",
            Stage::TooLarge => "too large",
            Stage::Decode => "decode",
            Stage::Read => "read",
            Stage::Service => "service",
            Stage::Quota => "quota",
            Stage::Cancelled => "cancelled",
        })
    }
}

/// The operating system's words without Rust's `(os error 13)`.
pub fn plainly(error: &io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error ").next().unwrap_or(&text);
    let mut letters = plain.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => "unknown error".into(),
    }
}
