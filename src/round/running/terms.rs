//! What of a source holds for each of its requests.

use std::time::Duration;

use super::super::Ask;
use crate::backoff::Scope;
use crate::http::{Request, Url};
use crate::limit::{HoldCause, Limiter};
use crate::queue::Terms;

/// The same requests with the source's own header fields. Secret ones are for the server that its
/// plan asks, `home`: a fallback may be somebody else's.
pub(super) fn with_headers(ask: &Ask, home: &Url, mut requests: Vec<Request>) -> Vec<Request> {
    for request in &mut requests {
        let at_home = request.url.origin() == home.origin();
        let own = ask.headers.iter().filter(|header| at_home || !header.secret);
        request.headers.extend(own.cloned());
    }
    requests
}

/// What the plan asks that this request stems from.
pub(super) fn home(ask: &Ask, request: &Request) -> Url {
    let planned = ask.source.plan().into_iter().nth(request.root as usize);
    planned.map_or_else(|| request.url.clone(), |planned| planned.url)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::Header;
    use crate::source::feed::FeedSource;
    use crate::transport::Options;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    #[test]
    fn a_fallback_elsewhere_is_asked_without_the_source_s_secrets() {
        let header = |name: &str, secret| Header { name: name.into(), value: "v".into(), secret };
        let options = Options {
            user_agent: String::new(),
            max_body: 1,
            connect_timeout: Duration::ZERO,
            proxy: None,
        };
        let ask = Ask {
            source: Arc::new(FeedSource {
                url: Some(url("https://a.test/feed")),
                fallback: vec![url("https://b.test/feed"), url("https://a.test/old")],
            }),
            account: String::new(),
            windows: Vec::new(),
            options: Arc::new(options),
            headers: vec![header("x-api-key", true), header("accept-language", false)],
            timeout: Duration::ZERO,
            retries: 0,
            per_host: 1,
            held: Vec::new(),
            token: None,
        };
        let first = ask.source.plan().remove(0);
        let told = |request: Request| -> Vec<String> {
            let asked = with_headers(&ask, &home(&ask, &request), vec![request]).remove(0);
            let own = asked.headers.into_iter().filter(|header| header.value == "v");
            own.map(|header| header.name).collect()
        };
        let second = ask.source.fallback(&first).expect("a fallback");
        let third = ask.source.fallback(&second).expect("another");
        assert_eq!(told(first), ["x-api-key", "accept-language"]);
        assert_eq!(told(second), ["accept-language"]);
        assert_eq!(told(third), ["x-api-key", "accept-language"]);
    }
}
