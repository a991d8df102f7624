//! Config to outputs: one round, merged and written.
//!
//! `once`, `demo` and the service differ in who calls this and how often, never in how it works.

use std::sync::Arc;

use smol::Executor;

use crate::clock::Clock;
use crate::config::{Config, Place};
use crate::format::{SourceHealth, State, Style};
use crate::item::Story;
use crate::limit::Limiter;
use crate::report::Report;
use crate::round::Span;
use crate::transport::Transport;

mod account;
mod gather;
mod local;
mod outputs;
mod remember;
mod sources;

use gather::Gathered;

/// So many stories are at hand after a round, beside the outputs.
pub const NEWEST: usize = 20;

/// Everything that a round needs and that outlives it.
#[derive(Debug)]
pub struct House<'a> {
    /// What time it is.
    pub clock: Clock,
    /// The way out.
    pub transport: Arc<Transport>,
    /// Where its tasks run.
    pub executor: &'a Executor<'static>,
    /// What was asked when.
    pub limiter: Limiter,
}

/// How this once differs from the config.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// The first failure ends the round.
    pub fail_fast: bool,
    /// What stdout is.
    pub style: Style,
}

/// What came of it.
#[derive(Debug)]
pub struct Updated {
    /// Measured.
    pub report: Report,
    /// How each source stands.
    pub health: Vec<SourceHealth>,
    /// The newest stories of all sources, at most [`NEWEST`].
    pub newest: Vec<Story>,
    /// When each request was under way; `source` counts as the config does.
    pub spans: Vec<Span>,
    /// Outputs that could not be written, in words.
    pub unwritten: Vec<String>,
    /// Whoever read stdout has left.
    pub deserted: bool,
}

/// Asks, merges, writes, remembers.
pub async fn update(config: &Config, house: &mut House<'_>, wishes: Wishes) -> Updated {
    let started = house.clock.wall();
    let mut memory = remember::load(config);

    let mut gathered = Gathered::new(config, &memory, started);
    let mut round = sources::ask(config, house, wishes, &mut gathered).await;
    let news = gathered.finish();

    let verdicts = account::judge(config, &round);
    let mut health = Vec::with_capacity(verdicts.len());
    let mut new = Vec::with_capacity(verdicts.len());
    for (index, (source, verdict)) in config.sources.iter().zip(&verdicts).enumerate() {
        let well = verdict.state == State::Ok;
        let since = match source.place {
            Place::Later => None,
            _ => memory.health(&source.memory, well, started),
        };
        new.push(match well {
            true => memory.note(&source.memory, &news.ids[index], started, config.state.keep),
            false => 0,
        });
        health.push(SourceHealth {
            name: source.name.clone(),
            kind: source.kind,
            state: verdict.state,
            since,
            error: verdict.error.clone(),
        });
    }

    let order = outputs::Order::new(config, &news.collection);
    let written = outputs::write(config, &health, &order, started, wishes.style);
    let (stories, newest) = order.newest(NEWEST);
    remember::save(config, &memory);
    let report = account::report(account::Books {
        config,
        round: &round,
        limiter: &house.limiter,
        health: &health,
        ids: &news.ids,
        stories,
        new: &new,
        outputs: &written,
        started,
    });
    Updated {
        report,
        health,
        newest,
        spans: std::mem::take(&mut round.spans),
        unwritten: written.iter().filter_map(|output| output.error.clone()).collect(),
        deserted: written.iter().any(|output| output.deserted),
    }
}
