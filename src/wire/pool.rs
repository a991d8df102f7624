//! Idle connections, each after an answer that ended cleanly.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::link::Link;

/// Idle connections to one host: as many as a source may ask it at once (`hackernews`: 16).
const MAX_IDLE_PER_KEY: usize = 16;

/// Idle connections altogether.
const MAX_IDLE: usize = 64;

/// Servers close idle connections after 5 s to 75 s; nobody gains from keeping them longer.
const MAX_AGE: Duration = Duration::from_secs(30);

/// What two requests must have in common to share a connection. Never the address: a certificate
/// was checked for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// The proxy in between, with its credentials.
    pub(super) proxy: Option<super::proxy::Proxy>,
}

#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Idle>>);

#[derive(Debug)]
struct Idle {
    key: Key,
    since: Instant,
    link: Link,
}

impl Pool {
    /// A connection that the server had not closed when it was put here; the one used last first.
    pub(super) fn take(&self, key: &Key, local_ok: bool) -> Option<Link> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < MAX_AGE);
        let fits = |idle: &Idle| idle.key == *key && (local_ok || !idle.link.local);
        let index = idle.iter().rposition(fits)?;
        Some(idle.remove(index).link)
    }

    /// Keeps a connection, unless it is not fit for another request.
    pub(super) fn put(&self, key: Key, mut link: Link) {
        if !link.is_reusable() {
            return;
        }
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < MAX_AGE);
        if idle.iter().filter(|idle| idle.key == key).count() >= MAX_IDLE_PER_KEY {
            return;
        }
        if idle.len() >= MAX_IDLE {
            idle.remove(0);
        }
        idle.push(Idle { key, since: Instant::now(), link });
    }

    /// Closes them all; whether there were any.
    pub(super) fn clear(&self) -> bool {
        !std::mem::take(&mut *self.lock()).is_empty()
    }

    /// Closes those to hosts that are not `wanted`.
    pub(super) fn retain(&self, wanted: &dyn Fn(&str) -> bool) {
        self.lock().retain(|idle| wanted(&idle.key.host));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
