//! What runs beside a round: it ends when the last answer is read, before anything is written.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;

/// A future that takes no part in a round. When the round is over it is dropped where it stands.
#[derive(Default)]
pub struct Beside(Option<Pin<Box<dyn Future<Output = Infallible> + Send>>>);

impl Beside {
    /// This one.
    pub fn new(future: impl Future<Output = Infallible> + Send + 'static) -> Beside {
        Beside(Some(Box::pin(future)))
    }

    pub(super) async fn run<T>(self) -> T {
        match self.0 {
            Some(future) => match future.await {},
            None => std::future::pending().await,
        }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Beside")
    }
}
