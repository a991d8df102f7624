//! Config to outputs: one round, merged and written.
//!
//! `once`, `demo` and the service differ in who calls this and how often, never in how it works.
//! The order of things is what makes `kill -9` harmless: quotas are saved before they are spent, and
//! what is held of an answer only after the outputs that it led to.

use std::sync::Arc;
use std::time::Duration;

use futures_lite::FutureExt;
use log::Level;
use smol::Executor;

use crate::clock::Clock;
use crate::config::Config;
use crate::format::{SourceHealth, State, Style};
use crate::http::without_secrets;
use crate::item::Story;
use crate::limit::{HoldCause, Limiter};
use crate::live::Streams;
use crate::report::Report;
use crate::round::{Halt, Round, Span};
use crate::state::{Illness, Memory, Tokens};
use crate::time::Timestamp;
use crate::transport::Transport;

mod account;
mod agenda;
mod asked;
mod beside;
mod blame;
mod gather;
mod identity;
mod keeping;
mod local;
mod metrics;
mod outputs;
mod past;
mod remember;
mod sources;
mod standing;
mod streams;
mod witness;

use account::Verdict;
use agenda::Turn;
use gather::Gathered;
use keeping::Keeping;

pub use agenda::urls_of;
pub use asked::Asked;
pub use beside::Beside;
pub use gather::keys as keys_of;
pub use keeping::{Stored, stored};
pub use past::span_of;
pub use sources::quota_of;
pub use standing::{Pause, Standing, standing};
pub use witness::{Circumstances, Witness};

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
    /// What was spent, and who is held.
    pub limiter: Limiter,
    /// What is read as it comes.
    pub live: Streams,
    /// What its rounds could not save.
    pub asked: Asked,
    /// The tokens at hand.
    pub tokens: Tokens,
    /// Whether the round is to come to its end.
    pub halt: Halt,
    /// Who looks on.
    pub witness: Witness,
    /// What runs beside the next round.
    pub beside: Beside,
    /// What is wrong with the state, as it was last said.
    said: Option<String>,
}

impl<'a> House<'a> {
    /// As it is before the first round.
    pub fn new(
        clock: Clock,
        transport: Arc<Transport>,
        executor: &'a Executor<'static>,
    ) -> House<'a> {
        let (limiter, asked, halt) = (Limiter::default(), Asked::default(), Halt::default());
        let (tokens, live) = (Tokens::default(), Streams::default());
        let (witness, beside) = (Witness::default(), Beside::default());
        House {
            clock,
            transport,
            executor,
            limiter,
            live,
            asked,
            tokens,
            halt,
            witness,
            beside,
            said: None,
        }
    }
}

impl House<'_> {
    /// Says what is wrong with the state, or that nothing is: once, until it is another thing.
    fn say(&mut self, wrong: Option<(Level, String)>) {
        match wrong {
            Some((level, line)) if self.said.as_ref() != Some(&line) => {
                log::log!(level, "{line}");
                self.said = Some(line);
            }
            Some(_) => {}
            None if self.said.take().is_some() => log::info!("the state is saved again"),
            None => {}
        }
    }
}

/// How this once differs from the config.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// The first failure ends the round.
    pub fail_fast: bool,
    /// What stdout is.
    pub style: Style,
    /// Sources that are not due are asked, too; holds and quotas hold.
    pub force: bool,
    /// Requests carry no validators.
    pub reload: bool,
    /// Nobody is asked.
    pub offline: bool,
    /// Nobody is asked if everybody was, no longer ago than this.
    pub max_age: Option<Duration>,
    /// Only what was never printed.
    pub new: bool,
    /// What is printed counts as printed.
    pub prints: bool,
    /// Nothing is remembered, and that is as it should be.
    pub forgetful: bool,
    /// Only what is stored is written, before the first round of the service.
    pub starts: bool,
    /// A look at what sources say, whether they are due or not. Of feeds what they say is remembered.
    pub probe: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Updated {
    /// Measured.
    pub report: Report,
    /// How each source stands.
    pub health: Vec<SourceHealth>,
    /// What was wrong with each source before this round.
    pub before: Vec<Option<Illness>>,
    /// How many sources were to be fetched in this round; none if none was due or a caller wanted no request.
    pub tried: usize,
    /// When each source is due next, in the order of the config: at the earliest, or now.
    pub due: Vec<Timestamp>,
    /// Nothing was reached at all: our own line is down.
    pub line_down: bool,
    /// Sources that were not asked, in words: name and reason.
    pub rested: Vec<(String, String)>,
    /// The newest stories of all sources, at most [`NEWEST`].
    pub newest: Vec<Story>,
    /// When each request was under way; `source` counts as the config does.
    pub spans: Vec<Span>,
    /// When the round began, as their times count …
    pub began: Duration,
    /// … when its last answer was read …
    pub ended: Duration,
    /// … and until when it might have lasted.
    pub deadline: Duration,
    /// What is to be told of sources that are well, in words.
    pub notes: Vec<String>,
    /// Outputs that could not be written, in words.
    pub unwritten: Vec<String>,
    /// Whoever read stdout has left.
    pub deserted: bool,
}

/// Asks, merges, writes, remembers.
pub async fn update(config: &Config, house: &mut House<'_>, wishes: Wishes) -> Updated {
    // Whatever is set during the round: its times are by the calendar of this moment.
    let (mut keeping, mut memory, began) = Keeping::open(config, house, &wishes).await;
    let started = began.wall;
    let opened = house.clock.now();
    let halted = || house.halt.is_pulled().then(|| account::STOPPED.to_owned());
    let closed = keeping.closed(config, &memory, &wishes, started).or_else(halted);
    let turns = agenda::draw(config, &memory, house, &wishes, closed.as_deref(), started);
    let before = config.sources.iter().map(|source| memory.of(&source.memory)?.illness.clone());
    let before = before.collect();
    streams::tune(config, house, &wishes, &turns, &memory);
    sources::reserve(config, house, &turns);

    let mut gathered = Gathered::new(config, &memory, started, keeping.shelf());
    let beside = std::mem::take(&mut house.beside);
    let asking = sources::ask(config, house, wishes, &turns, &memory, &mut gathered);
    let mut round = asking.or(beside.run()).await;
    streams::admit(config, house, &turns);
    let awake = house.clock.now().saturating_sub(opened);
    round.slept = house.clock.moment().up.saturating_sub(began.up).saturating_sub(awake);
    gathered.forgive(&round);
    gathered.limit();
    let recalled = keeping.recall(config, &memory, &mut gathered, wishes.new);
    let unread = keeping.unread().or(recalled.err()).or_else(|| keeping.unmarked(&wishes));
    let Gathered { collection, mut brought, notes, .. } = gathered;
    streams::stand(config, house, &mut brought);

    blame::place(config, &memory, house, &mut round, &brought, &turns);
    streams::spare(config, house, &memory, started);
    let mut verdicts =
        account::judge(config, &memory, &house.limiter, &turns, &round, wishes.starts);
    let counts = collection.counts(config.sources.len());
    let mut health = diagnose(config, &memory, &round, &verdicts, &turns, &counts, started);
    for (source, health) in config.sources.iter().zip(&mut health) {
        if health.state == State::Limited {
            let known = memory.of(&source.memory);
            health.until = standing::until(source, known, &house.limiter, &house.clock);
        }
    }
    house.witness.steady(0, health.iter_mut().map(|health| &mut health.until));
    let order = outputs::Order::new(config, &collection, wishes.new);
    let mut written = match &unread {
        Some(why) => outputs::refuse(config, why),
        None => {
            let lost = house.asked.lost(config, &turns);
            let unwanted = brought.iter().map(|brought| brought.unwanted).collect();
            let (health, counts, busy) = (&*health, &*counts, keeping.is_busy());
            let stand = outputs::Stand { health, counts, unwanted, busy, lost };
            outputs::write(config, &order, &stand, started, wishes.style)
        }
    };

    if wishes.probe {
        // Of the others only the first of several requests was made.
        let whole = config.sources.iter().map(|source| source.kind == "feed");
        verdicts.iter_mut().zip(whole).for_each(|(verdict, whole)| verdict.asked &= whole);
    }
    let durable = |index: usize| outputs::durable(config, &written, index);
    let new =
        remember::note(config, &mut memory, &round, &mut brought, &verdicts, &durable, started);
    // A look is no round.
    if !wishes.probe {
        past::note(config, &mut memory, &round, started);
    }
    remember::published(config, &mut memory, order.publications());
    if wishes.prints && keeping.is_ours() {
        let printed = |output: &_| wishes.new || outputs::prints(output);
        let all = written.iter().all(|output| output.error.is_none() && !output.deserted);
        let shown = if all { outputs::shown(config, &order, started, printed) } else { Vec::new() };
        remember::printed(config, &mut memory, &shown);
    }
    let (stories, newest) = order.newest(NEWEST);
    keeping.laid(house);
    let saved = keeping.save(house, &mut memory, &collection);
    house.live.settle(saved.1);
    if !wishes.forgetful {
        let outcome =
            asked::Outcome { config, memory: &memory, round: &round, brought: &brought, saved };
        asked::note(house, &outcome);
    }
    // What is due is told by the calendar as it stands now.
    let moment = house.clock.moment();
    let now = began.calendar_at(&moment);
    let mut due = agenda::next(config, &memory, house, &turns, now);
    house.witness.steady(1, due.iter_mut());
    let mut service = agenda::service(config, house, &due, started, now);
    let told = due.iter_mut().flatten().chain(&mut service);
    told.for_each(|at| *at = at.moved(now, moment.wall));
    let mut wear = keeping.wear();
    wear += outputs::wear(&written);
    let mut report = account::report(account::Books {
        config,
        round: &round,
        limiter: &house.limiter,
        health: &health,
        brought: &brought,
        items: &counts,
        due: &due,
        stories,
        new: &new,
        outputs: &written,
        wear,
        started,
    });
    let facts = metrics::Facts {
        config,
        memory: &memory,
        health: &health,
        round: &round,
        brought: &brought,
        asks: !wishes.offline,
        busy: keeping.is_busy(),
    };
    metrics::write(&facts, house, &mut written, &mut report);
    Updated {
        report,
        health,
        before,
        tried: match keeping.is_busy() {
            true => turns.len(),
            false => {
                turns.iter().filter(|turn| matches!(turn, Turn::Ask | Turn::Unusable(_))).count()
            }
        },
        due: service,
        line_down: round.line_down,
        rested: rested(config, &turns, started),
        newest,
        spans: std::mem::take(&mut round.spans),
        began: round.began,
        ended: round.ended,
        deadline: round.began.saturating_add(config.fetch.deadline),
        notes,
        unwritten: complaints(&written),
        deserted: written.iter().any(|output| output.deserted),
    }
}

/// How each source stands in the documents and the report.
fn diagnose(
    config: &Config,
    memory: &Memory,
    round: &Round,
    verdicts: &[Verdict],
    turns: &[Turn],
    counts: &[usize],
    now: Timestamp,
) -> Vec<SourceHealth> {
    let mut health = Vec::with_capacity(verdicts.len());
    for (index, source) in config.sources.iter().enumerate() {
        let (verdict, known) = (&verdicts[index], memory.of(&source.memory));
        let illness = known.and_then(|known| known.illness.as_ref());
        let state = match verdict.state {
            State::Failed | State::Stale if counts[index] > 0 => State::Stale,
            State::Stale => State::Failed,
            state => state,
        };
        let since = match (state, &turns[index]) {
            // A time of this round would change the document in each round.
            (State::Ok, _) | (_, Turn::Unusable(_)) => None,
            (_, Turn::Held(rest)) => Some(rest.since),
            _ => illness.and_then(|illness| Timestamp::from_unix(illness.since)).or(Some(now)),
        };
        // As long as the cause is the same, so are the words: a number in them is no news.
        let now_ill = remember::illness(verdict, &round.tallies[index], now);
        let same = illness.filter(|old| now_ill.is_some_and(|new| new.has_cause_of(old)));
        let error = same.map(|illness| illness.error.clone()).or_else(|| verdict.error.clone());
        health.push(SourceHealth {
            name: source.name.clone(),
            kind: source.kind,
            state,
            since,
            error: error.filter(|_| state != State::Ok),
            until: None,
            feed: source.feed().as_ref().map(without_secrets),
            tags: source.tags.clone(),
        });
    }
    health
}

/// What could not be written, and why: each sentence once.
fn complaints(written: &[outputs::Written]) -> Vec<String> {
    let mut all: Vec<String> = written.iter().filter_map(|output| output.error.clone()).collect();
    all.dedup();
    all
}

/// What to do about it.
pub const FORCE_ASKS: &str = ", --force asks";

/// Who was not asked, and why, for people.
fn rested(config: &Config, turns: &[Turn], now: Timestamp) -> Vec<(String, String)> {
    let words = |turn: &Turn| match turn {
        // Our own caution can be overruled, what a server asked for cannot.
        Turn::Held(rest) if rest.cause == HoldCause::Backoff => {
            Some(format!("left alone until {}{FORCE_ASKS}", rest.until.near(now)))
        }
        Turn::Ask | Turn::Held(_) | Turn::Unusable(_) => None,
        Turn::NotDue(at) => Some(format!("not due until {}{FORCE_ASKS}", at.near(now))),
        Turn::Nobody(why) => Some(why.clone()),
    };
    let rested = config.sources.iter().zip(turns);
    rested.filter_map(|(source, turn)| Some((source.name.clone(), words(turn)?))).collect()
}
