//! Names to addresses, off the loop: `getaddrinfo` blocks.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use smol::lock::{OnceCell, Semaphore};

use crate::failure::{Failure, Stage, plainly};

/// How many names are looked up at once, each by a thread of its own. A resolver that does
/// not answer blocks these and no more.
const MAX_LOOKUPS: usize = 4;

type Answer = Result<Vec<IpAddr>, Failure>;

/// Blocks until it knows.
type LookUp = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The names being looked up right now; a name asked for by several is looked up once.
#[derive(Debug)]
pub(super) struct Resolver {
    look_up: LookUp,
    permits: Arc<Semaphore>,
    running: Mutex<HashMap<String, Weak<OnceCell<Answer>>>>,
}

impl Resolver {
    /// The system's.
    pub(super) fn new() -> Resolver {
        Resolver::over(|name| (name, 0).to_socket_addrs().map(Iterator::collect))
    }

    fn over(look_up: LookUp) -> Resolver {
        let permits = Arc::new(Semaphore::new(MAX_LOOKUPS));
        Resolver { look_up, permits, running: Mutex::default() }
    }

    /// All addresses of `host` (a name, or a literal; IPv6 in brackets), in the system's order.
    pub(super) async fn resolve(&self, host: &str) -> Answer {
        if let Some(addresses) = literal(host) {
            return Ok(addresses);
        }
        let cell = self.cell(host);
        let answer = cell.get_or_init(|| self.look_up(host)).await.clone();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
        answer
    }

    fn cell(&self, host: &str) -> Arc<OnceCell<Answer>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = running.get(host).and_then(Weak::upgrade) {
            return cell;
        }
        running.retain(|_, cell| cell.strong_count() > 0);
        let cell = Arc::new(OnceCell::new());
        running.insert(host.into(), Arc::downgrade(&cell));
        cell
    }

    async fn look_up(&self, host: &str) -> Answer {
        // The permit goes with the thread: a look-up that nobody waits for any more still counts.
        let permit = self.permits.acquire_arc().await;
        let (name, look_up) = (host.to_string(), self.look_up);
        let found = smol::unblock(move || {
            let found = look_up(&name);
            drop(permit);
            found
        });
        addresses(host, found.await)
    }
}

fn addresses(host: &str, found: io::Result<Vec<SocketAddr>>) -> Answer {
    let failed = |why: &str| Failure::new(Stage::Resolve, format!("{host}: {why}"));
    match found {
        Ok(found) if found.is_empty() => Err(failed("the name has no address")),
        Ok(found) => Ok(found.iter().map(SocketAddr::ip).collect()),
        Err(error) => {
            let cause = plainly(&error);
            let bare = cause.strip_prefix("failed to lookup address information: ");
            let failure = failed(bare.unwrap_or(&cause));
            Err(if super::out_of_descriptors(&error) { failure.ours() } else { failure })
        }
    }
}

/// What needs no resolver: addresses, and `localhost` (RFC 6761 §6.3).
fn literal(host: &str) -> Option<Vec<IpAddr>> {
    if let Some(address) = super::ip_literal(host) {
        return Some(vec![address]);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    (host == "localhost" || host.ends_with(".localhost"))
        .then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn literals_and_localhost_need_no_resolver() {
        let resolver = Resolver::new();
        for (host, expected) in
            [("127.0.0.9", "127.0.0.9"), ("[::1]", "::1"), ("localhost", "127.0.0.1")]
        {
            let found = smol::block_on(resolver.resolve(host)).unwrap();
            assert_eq!(found[0], expected.parse::<IpAddr>().unwrap());
        }
    }

    static ASKED: AtomicUsize = AtomicUsize::new(0);

    #[test]
    fn a_resolver_that_never_answers_blocks_a_few_threads_and_no_more() {
        let resolver = Resolver::over(|_| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            loop {
                std::thread::park();
            }
        });
        let names: Vec<_> = (0..20).map(|i| format!("{}.test", i % 10)).collect();
        let mut waiting: Vec<_> =
            names.iter().map(|name| Box::pin(resolver.resolve(name))).collect();
        smol::block_on(async {
            while ASKED.load(Ordering::SeqCst) < MAX_LOOKUPS {
                for answer in &mut waiting {
                    assert!(future::poll_once(answer).await.is_none());
                }
            }
            drop(waiting);
            // Nobody waits any more, and still no permit came back.
            assert!(future::poll_once(resolver.resolve("more.test")).await.is_none());
        });
        assert_eq!(ASKED.load(Ordering::SeqCst), MAX_LOOKUPS);
    }

    #[test]
    fn a_name_asked_for_at_the_same_time_is_looked_up_once() {
        static ONCE: AtomicUsize = AtomicUsize::new(0);
        static BOTH_HAVE_ASKED: Barrier = Barrier::new(2);
        let resolver = Resolver::over(|_| {
            ONCE.fetch_add(1, Ordering::SeqCst);
            BOTH_HAVE_ASKED.wait();
            Ok(vec!["192.0.2.1:0".parse().unwrap()])
        });
        smol::block_on(async {
            let mut one = Box::pin(resolver.resolve("a.test"));
            let mut two = Box::pin(resolver.resolve("a.test"));
            assert!(future::poll_once(&mut one).await.is_none());
            assert!(future::poll_once(&mut two).await.is_none());
            BOTH_HAVE_ASKED.wait();
            let (one, two) = future::zip(one, two).await;
            assert_eq!(one.unwrap(), two.unwrap());
        });
        assert_eq!(ONCE.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn the_resolvers_complaint_is_passed_on_without_its_preamble() {
        let resolver = Resolver::over(|_| {
            Err(io::Error::other("failed to lookup address information: Name or service not known"))
        });
        let failure = smol::block_on(resolver.resolve("no.test")).unwrap_err();
        assert_eq!(failure.to_string(), "resolve: no.test: Name or service not known");
    }
}
