//! What of a source holds for each of its requests.

use std::time::Duration;

use super::super::Ask;
use crate::backoff::Scope;
use crate::http::{Request, Url};
use crate::limit::{HoldCause, Limiter};
use crate::queue::Terms;

/// The same requests with the header fields of their source.
pub(super) fn with_headers(ask: &Ask, mut requests: Vec<Request>) -> Vec<Request> {
    for request in &mut requests {
        request.headers.extend(ask.headers.iter().cloned());
    }
    requests
}

/// The same requests with what is held of their answers.
pub(super) fn with_held(ask: &Ask, mut requests: Vec<Request>, root: usize) -> Vec<Request> {
    for (request, holding) in requests.iter_mut().zip(ask.held.iter().skip(root)) {
        let holding = holding.as_ref().filter(|holding| holding.asked == request.url);
        request.held = holding.map(|holding| Box::new(holding.held.clone()));
    }
    requests
}

/// For the queue.
pub(super) fn terms(ask: &Ask) -> Terms<'_> {
    Terms { account: &ask.account, per_host: ask.per_host }
}

/// A `Retry-After` holds for the account, or for the server where there is none.
pub(super) fn hold_key(account: &str, url: &Url) -> String {
    match account {
        "" => {
            let port = url.port_or_known_default().unwrap_or_default();
            format!("{}:{port}", url.host_str().unwrap_or_default())
        }
        account => account.into(),
    }
}

/// Until when a URL is to be left alone, if it is: because a server asked for it (`strictly`), or
/// because we had better.
pub(super) fn wait_for(
    limiter: &Limiter,
    ask: &Ask,
    url: &Url,
    now: Duration,
    strictly: bool,
) -> Option<Duration> {
    let scopes = Scope::all(url, &ask.account);
    let holds = scopes.iter().filter_map(|scope| limiter.held(&scope.key(), now));
    let holds = holds.filter(|hold| hold.cause == HoldCause::Asked || !strictly);
    holds.map(|hold| hold.until).max()
}
