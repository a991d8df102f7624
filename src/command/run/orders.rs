//! What a service is told from outside: signals, as orders.

use std::io;

use async_channel::{Receiver, unbounded};
use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use smol::Executor;

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// SIGTERM, SIGINT: save and go.
    Stop(&'static str),
    /// SIGHUP: read the config again.
    Reload,
    /// SIGUSR1: a round now.
    Now,
}

/// Hears signals from now on.
///
/// # Errors
/// The system takes no more handlers.
pub(super) fn listen(executor: &Executor<'static>) -> io::Result<Receiver<Order>> {
    let mut signals = Signals::new([Signal::Term, Signal::Int, Signal::Hup, Signal::Usr1])?;
    let (tell, orders) = unbounded();
    let forward = async move {
        while let Some(Ok(signal)) = signals.next().await {
            let order = match signal {
                Signal::Hup => Order::Reload,
                Signal::Usr1 => Order::Now,
                Signal::Int => Order::Stop("SIGINT"),
                _ => Order::Stop("SIGTERM"),
            };
            // Nobody listens any more: the program ends.
            if tell.send(order).await.is_err() {
                break;
            }
        }
    };
    executor.spawn(forward).detach();
    Ok(orders)
}
