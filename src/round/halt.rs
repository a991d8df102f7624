//! How somebody outside a round makes it come to its end.

use std::convert::Infallible;
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};

/// What is under way when a round is halted may take so long; nothing new is sent.
pub const GRACE: Duration = Duration::from_millis(1_000);

/// Makes a round come to its end: nothing new is asked, what is under way has [`GRACE`], what came is
/// kept. Dropped, it is pulled.
#[derive(Debug)]
pub struct Brake(Sender<Infallible>);

/// What a round looks at. Without a brake it is never pulled.
#[derive(Clone, Debug, Default)]
pub struct Halt(Option<Receiver<Infallible>>);

/// A brake for one round.
pub fn brake() -> (Brake, Halt) {
    let (brake, halt) = bounded(1);
    (Brake(brake), Halt(Some(halt)))
}

impl Brake {
    /// Now.
    pub fn pull(&self) {
        self.0.close();
    }
}

impl Halt {
    /// Whether there is a brake at all.
    pub fn is_fitted(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it was.
    pub fn is_pulled(&self) -> bool {
        self.0.as_ref().is_some_and(Receiver::is_closed)
    }

    /// Waits until it is.
    pub async fn pulled(&self) {
        match &self.0 {
            // Nothing is ever sent: the channel's end is the message.
            Some(halt) => drop(halt.recv().await),
            None => std::future::pending().await,
        }
    }
}
