//! The sources of a config as a round asks them; files and stdin as they are read.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::FutureExt;

use super::gather::Gathered;
use super::local::{Local, locals};
use super::{House, Wishes, agenda::Turn, remember, streams};
use crate::config::{Config, Place, SourceConfig};
use crate::failure::{Failure, Stage};
use crate::http::Validators;
use crate::round::{Ask, Holding, Landed, Round, Rules, Tally, round};
use crate::source::grant::Token;
use crate::source::{Page, Quota, Window};
use crate::state::{Known, Memory};

/// Asks the network and reads what is local, at the same time. The tallies are those of the
/// config's sources, one for each.
pub(super) async fn ask(
    config: &Config,
    house: &mut House<'_>,
    wishes: Wishes,
    turns: &[Turn],
    memory: &Memory,
    gathered: &mut Gathered<'_>,
) -> Round {
    let places: Vec<usize> = positions(config, |place| *place == Place::Network);
    let mut places: Vec<usize> =
        places.into_iter().filter(|index| turns[*index] == Turn::Ask).collect();
    let listens = places.iter().any(|index| config.sources[*index].is_stream());
    places.retain(|index| !config.sources[*index].is_stream());
    // What the last round deferred comes first; then, where a quota is too small for all, those who
    // waited longest.
    // An instant in the future is the mark of a clock that ran ahead: nobody knows how long it was.
    let now = gathered.now();
    let turn = |index: &usize| {
        let known = memory.of(&config.sources[*index].memory);
        let asked = known.and_then(Known::asked).filter(|asked| *asked <= now);
        (!known.is_some_and(Known::is_deferred), asked)
    };
    places.sort_by_key(turn);
    let mut locals = locals(config, &house.witness);
    let mut tallies = vec![Tally::default(); config.sources.len()];
    // Without a network and a brake there is nothing to wait for, and a failure that ends everything
    // had better come first.
    let alone = places.is_empty() && !listens && !house.halt.is_fitted();
    if alone || wishes.fail_fast {
        for local in locals.drain(..) {
            settle(local.index, local.read(), &mut tallies, gathered);
        }
    }
    let failed = tallies.iter().any(|tally| !tally.failures.is_empty());
    let cut_short = wishes.fail_fast && failed;
    if alone || cut_short {
        // No worker, no reactor, no second thread.
        let now = house.clock.now();
        return Round { began: now, ended: now, cut_short, tallies, ..Round::default() };
    }
    let deadline = house.clock.now().saturating_add(config.fetch.deadline);
    // What is read from a pipe is lost to whoever reads it next: nothing is begun in vain.
    let halted = house.halt.is_pulled();
    let start = |local: Local| {
        let index = local.index;
        (index, (!halted).then(|| local.reading(house)))
    };
    let reading: Vec<_> = locals.into_iter().map(start).collect();
    let mut round = ask_network(config, house, wishes, &places, memory, gathered).await;
    for (index, read) in reading {
        let page = match read {
            Some(read) => in_time(read, house, deadline).await,
            None => None,
        };
        match page {
            Some(page) => settle(index, page, &mut tallies, gathered),
            None => {
                tallies[index].put_off = Some(None);
                round.halted = true;
            }
        }
    }
    for (tally, index) in std::mem::take(&mut round.tallies).into_iter().zip(&places) {
        tallies[*index] = tally;
    }
    for span in &mut round.spans {
        span.source = places[span.source];
    }
    round.tallies = tallies;
    if listens && !round.cut_short {
        streams::hear(house, deadline).await;
    }
    streams::take(config, house, turns, &mut round, gathered);
    round
}

async fn ask_network(
    config: &Config,
    house: &mut House<'_>,
    wishes: Wishes,
    places: &[usize],
    memory: &Memory,
    gathered: &mut Gathered<'_>,
) -> Round {
    let asked = places.iter().map(|index| &config.sources[*index]);
    let ask = |source| {
        let mut held = remember::held(source, memory);
        if wishes.reload || !source.revalidate {
            // The digest stays: a response that is the same is no news.
            let all = held.iter_mut().flatten();
            all.for_each(|holding| holding.held.validators = Validators::default());
        }
        Some(Ask { token: token(source, house), ..ask_of(config, source, held)? })
    };
    let asks: Vec<Ask> = asked.filter_map(ask).collect();
    let rules = Rules {
        workers: NonZeroUsize::new(config.fetch.workers).unwrap_or(NonZeroUsize::MIN),
        deadline: config.fetch.deadline,
        fail_fast: wishes.fail_fast,
        force: wishes.force || wishes.probe,
        seed: house.witness.seed(seed(house)),
    };
    let mut keep = |landed: Landed| gathered.land(places[landed.source], landed);
    let halt = house.halt.clone();
    if let Some(board) = halt.board() {
        board.begin(places.iter().map(|index| config.sources[*index].name.clone()));
    }
    let mut round =
        round(&asks, rules, &halt, &mut house.limiter, &house.transport, house.executor, &mut keep)
            .await;
    house.tokens.note(std::mem::take(&mut round.tokens), house.clock.wall());
    round
}

/// The token at hand for a source that needs one.
pub(super) fn token(source: &SourceConfig, house: &House<'_>) -> Option<Token> {
    let grant = source.source.as_ref()?.grant()?;
    house.tokens.get(&grant.key(), house.clock.wall()).cloned()
}

/// Another one for each round, and the same in the same simulated moment.
fn seed(house: &House<'_>) -> u64 {
    let moment = house.clock.moment();
    moment.boot ^ u64::try_from(moment.up.as_nanos()).unwrap_or(0)
}

/// Sets aside, once and durably, what the sources that are asked will spend at least.
pub(super) fn reserve(config: &Config, house: &mut House<'_>, turns: &[Turn]) {
    let now = house.clock.now();
    let mut wanted = BTreeMap::new();
    for (source, _) in config.sources.iter().zip(turns).filter(|(_, turn)| **turn == Turn::Ask) {
        let quota = quota_of(source);
        let plan = source.source.as_ref().map_or(0, |own| own.plan().len());
        if !quota.windows.is_empty() {
            let (_, want) = wanted.entry(quota.account).or_insert((quota.windows, 0));
            *want += u32::try_from(plan).unwrap_or(u32::MAX);
        }
    }
    let reserve = |(account, (windows, want)): (&String, &(Vec<Window>, u32))| {
        house.limiter.reserve(account, windows, *want, now)
    };
    if wanted.iter().map(reserve).sum::<u32>() > 0 {
        // Who reads or writes the state tells of it; here nothing is spent, and that is enough.
        house.limiter.save(now).ok();
    }
}

/// What was read; a pipe may have said nothing by the round's deadline. `None` if the round is halted
/// first.
async fn in_time(
    read: impl Future<Output = Result<Page, Failure>>,
    house: &House<'_>,
    deadline: Duration,
) -> Option<Result<Page, Failure>> {
    let silence = async {
        house.clock.sleep_until(deadline).await;
        Err(Failure::new(Stage::Timeout, "not read to its end before the round's deadline"))
    };
    let halted = async {
        house.halt.pulled().await;
        None
    };
    async { Some(read.or(silence).await) }.or(halted).await
}

fn settle(
    index: usize,
    page: Result<Page, Failure>,
    tallies: &mut [Tally],
    gathered: &mut Gathered<'_>,
) {
    match page {
        Ok(page) => {
            tallies[index].pages = 1;
            tallies[index].items = page.items.len();
            gathered.take(index, 0, page);
        }
        Err(failure) => tallies[index].failures.push(failure),
    }
}

fn positions(config: &Config, wanted: impl Fn(&Place) -> bool) -> Vec<usize> {
    let sources = config.sources.iter().enumerate();
    sources.filter(|(_, source)| wanted(&source.place)).map(|(index, _)| index).collect()
}

fn ask_of(config: &Config, source: &SourceConfig, held: Vec<Option<Holding>>) -> Option<Ask> {
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
        held,
        token: None,
    })
}

/// The quota that holds for a source: the config knows what the user pays for, so its windows
/// replace the built-in ones.
pub fn quota_of(source: &SourceConfig) -> Quota {
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
