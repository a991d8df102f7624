//! How somebody outside a round makes it come to its end, and where they see how far it is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender, bounded};

use super::Board;

/// What is under way when a round is halted may take so long; nothing new is sent.
pub const GRACE: Duration = Duration::from_millis(1_000);

/// Makes a round come to its end: nothing new is asked, what is under way has [`GRACE`], what came is
/// kept. Dropped, it is pulled.
#[derive(Debug)]
pub struct Brake(Sender<Infallible>);

/// What a round looks at. Without a brake it is never pulled.
#[derive(Clone, Debug, Default)]
pub struct Halt {
    brake: Option<Receiver<Infallible>>,
    board: Option<Arc<Board>>,
}

/// A brake for one round.
pub fn brake() -> (Brake, Halt) {
    let (brake, halt) = bounded(1);
    (Brake(brake), Halt { brake: Some(halt), board: None })
}

impl Brake {
    /// Now.
    pub fn pull(&self) {
        self.0.close();
    }
}

impl Halt {
    /// The same, for a round that shows on `board` how far it is.
    pub fn shown_on(self, board: Arc<Board>) -> Halt {
        Halt { board: Some(board), ..self }
    }

    /// Where the round shows how far it is, if anybody looks.
    pub fn board(&self) -> Option<&Board> {
        self.board.as_deref()
    }

    /// Whether there is a brake at all.
    pub fn is_fitted(&self) -> bool {
        self.brake.is_some()
    }

    /// Whether it was.
    pub fn is_pulled(&self) -> bool {
        self.brake.as_ref().is_some_and(Receiver::is_closed)
    }

    /// Waits until it is.
    pub async fn pulled(&self) {
        match &self.brake {
            // Nothing is ever sent: the channel's end is the message.
            Some(halt) => drop(halt.recv().await),
            None => std::future::pending().await,
        }
    }
}
