//! The sources of a config as a round asks them; files and stdin as they are read.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use super::{House, Wishes};
use crate::config::{Config, Place, SourceConfig};
use crate::failure::{Failure, Stage};
use crate::http::{Document, Request, Url};
use crate::round::{Ask, Round, Rules, Tally, round};
use crate::source::{Page, Quota};
use crate::store;
use crate::update::gather::Gathered;

/// Asks the network and reads what is local, at the same time. The tallies are those of the
/// config's sources, one for each.
pub(super) async fn ask(
    config: &Config,
    house: &mut House<'_>,
    wishes: Wishes,
    gathered: &mut Gathered<'_>,
) -> Round {
    let places: Vec<usize> = positions(config, |place| *place == Place::Network);
    let asks: Vec<Ask> =
        places.iter().filter_map(|index| ask_of(config, &config.sources[*index])).collect();
    let mut tallies = read_local(config, gathered);
    let failed = tallies.iter().any(|tally| !tally.failures.is_empty());
    let cut_short = wishes.fail_fast && failed;
    let mut result = match asks.is_empty() || cut_short {
        // Nothing to ask: no worker, no reactor, no second thread.
        true => {
            let now = house.clock.now();
            Round { began: now, ended: now, cut_short, ..Round::default() }
        }
        false => {
            let rules = Rules {
                workers: NonZeroUsize::new(config.fetch.workers).unwrap_or(NonZeroUsize::MIN),
                deadline: config.fetch.deadline,
                fail_fast: wishes.fail_fast,
                seed: house.clock.wall().unix().unsigned_abs() ^ u64::from(std::process::id()),
            };
            let mut keep = |ask: usize, page: Page| gathered.keep(places[ask], page.items);
            round(&asks, rules, &mut house.limiter, &house.transport, house.executor, &mut keep)
                .await
        }
    };
    for (tally, index) in std::mem::take(&mut result.tallies).into_iter().zip(&places) {
        tallies[*index] = tally;
    }
    for span in &mut result.spans {
        span.source = places[span.source];
    }
    result.tallies = tallies;
    result
}

fn positions(config: &Config, wanted: impl Fn(&Place) -> bool) -> Vec<usize> {
    let sources = config.sources.iter().enumerate();
    sources.filter(|(_, source)| wanted(&source.place)).map(|(index, _)| index).collect()
}

fn ask_of(config: &Config, source: &SourceConfig) -> Option<Ask> {
    let reader = source.source.clone()?;
    let Quota { account, windows } = quota_of(source);
    let per_host = source.per_host.or(reader.per_host()).unwrap_or(config.fetch.per_host);
    Some(Ask {
        account,
        windows,
        options: Arc::new(source.options.clone()),
        headers: source.headers.clone(),
        timeout: source.timeout,
        retries: u8::try_from(source.retries).unwrap_or(u8::MAX),
        per_host,
        source: reader,
    })
}

/// The quota that holds for a source: the config knows what the user pays for, so its windows
/// replace the built-in ones.
pub(super) fn quota_of(source: &SourceConfig) -> Quota {
    let own = source.source.as_ref().map(|reader| reader.quota()).unwrap_or_default();
    if source.quota.is_empty() {
        return own;
    }
    let account = match own.account.is_empty() {
        true => format!("source:{}", source.name),
        false => own.account,
    };
    Quota { account, windows: source.quota.clone() }
}

/// Files and stdin are read before the round: they cost milliseconds, and a pipe that says nothing
/// is the user's own.
fn read_local(config: &Config, gathered: &mut Gathered<'_>) -> Vec<Tally> {
    let mut tallies = vec![Tally::default(); config.sources.len()];
    for (index, source) in config.sources.iter().enumerate() {
        let bytes = match &source.place {
            Place::File(path) => store::read(path, source.options.max_body),
            Place::Stdin => store::read_all(std::io::stdin().lock(), source.options.max_body),
            Place::Network | Place::Later => continue,
        };
        let tally = &mut tallies[index];
        match bytes.map_err(unread).and_then(|bytes| read_document(source, &bytes)) {
            Ok(page) => {
                tally.pages = 1;
                tally.items = page.items.len();
                gathered.keep(index, page.items);
            }
            Err(failure) => tally.failures.push(failure),
        }
    }
    tallies
}

/// The source of a file or of stdin is named by it: the name need not be said again.
fn unread(error: std::io::Error) -> Failure {
    Failure::new(Stage::Read, store::plainly(&error))
}

fn read_document(source: &SourceConfig, body: &[u8]) -> Result<Page, Failure> {
    let reader = source.source.as_ref().ok_or_else(|| Failure::new(Stage::Read, "no reader"))?;
    let url = match &source.place {
        Place::File(path) => file_url(path),
        _ => None,
    };
    let nowhere = || Url::parse("file:///dev/stdin").map_err(|error| error.to_string());
    let request = match url.map_or_else(nowhere, Ok) {
        Ok(url) => Request::get(url),
        Err(error) => return Err(Failure::new(Stage::Read, error)),
    };
    reader.read(&request, &Document { url: None, content_type: None, body })
}

fn file_url(path: &Path) -> Option<Url> {
    Url::from_file_path(std::path::absolute(path).ok()?).ok()
}
