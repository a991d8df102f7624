//! A round from start to exit: run it, say what came of it, and with which exit code.

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;

use async_signal::{Signal, Signals};
use futures_lite::{FutureExt, StreamExt};
use log::Level;
use smol::Executor;

use super::progress::Line;
use super::run::STOP;
use super::{FAILED, OK, STRICT, say, timeline};
use crate::chart;
use crate::clock::Clock;
use crate::config::{Config, Place};
use crate::format::{SourceHealth, State, Style};
use crate::report::{Report, SourceReport, count, milliseconds};
use crate::round::{Board, brake};
use crate::state::Illness;
use crate::store;
use crate::transport::Transport;
use crate::update::{Beside, FORCE_ASKS, House, Updated, Wishes, Witness, update};

/// How a round is run and reported, beyond what the config says.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// A source that fails is exit code 3.
    pub strict: bool,
    /// Where the report goes; `-` is stdout.
    pub report: Option<PathBuf>,
    /// Where a picture of the round goes; `-` is stderr.
    pub timeline: Option<PathBuf>,
    /// Shows how far it is.
    pub line: Option<Arc<Line>>,
    /// No closing line.
    pub quiet: bool,
    /// Text says how old stories are, not their dates.
    pub ages: bool,
    /// What the round does differently.
    pub wishes: Wishes,
}

/// What ended a round before its time.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// One round of `config`, with everything that a person or a script is told of it.
pub fn perform(config: &Config, manner: &Manner) -> ExitCode {
    let mut setting = |clock| (Transport::new(clock), Witness::Nobody);
    match run_in(config, manner, &mut setting) {
        Ok(Ended { updated, signal: None }) => conclude(manner, &updated),
        Ok(Ended { updated, signal: Some(code) }) => {
            let signal = if code == INTERRUPTED { "SIGINT" } else { "SIGTERM" };
            log::error!("stopped by {signal}; what had arrived is written");
            conclude(manner, &updated);
            ExitCode::from(code)
        }
        Err(code) => ExitCode::from(code),
    }
}

/// One round over what `transport` makes.
///
/// # Errors
/// The exit code after a signal.
pub fn run(
    config: &Config,
    manner: &Manner,
    transport: fn(Clock) -> Transport,
) -> Result<Updated, u8> {
    let ended = run_in(config, manner, &mut |clock| (transport(clock), Witness::Nobody))?;
    ended.signal.map_or(Ok(ended.updated), Err)
}

/// A round that came to its end.
#[derive(Debug)]
pub struct Ended {
    /// What came of it.
    pub updated: Updated,
    /// The exit code of the signal that stopped it; what had arrived by then is written.
    pub signal: Option<u8>,
}

/// The same with somebody who looks on. The first signal stops the round in an orderly way, the second at once.
///
/// # Errors
/// The exit code after a signal, if the round did not come to its end.
pub fn run_in(
    config: &Config,
    manner: &Manner,
    setting: &mut dyn FnMut(Clock) -> (Transport, Witness),
) -> Result<Ended, u8> {
    let clock = Clock::system();
    let executor: Executor<'static> = Executor::new();
    let (transport, witness) = setting(clock.clone());
    let mut house = House::new(clock.clone(), Arc::new(transport), &executor);
    house.witness = witness;
    let ages = manner.ages.then(|| clock.wall());
    let wishes = Wishes { style: Style { ages, ..style() }, ..manner.wishes };
    let (brake, mut halt) = brake();
    if let Some(line) = &manner.line {
        let board: Arc<Board> = Arc::default();
        halt = halt.shown_on(board.clone());
        house.beside = Beside::new(line.clone().follow(board));
    }
    if config.sources.iter().all(|source| source.place != Place::Network) {
        // Files only: nothing to wait for, so no reactor and no second thread.
        let updated = futures_lite::future::block_on(update(config, &mut house, wishes));
        return Ok(Ended { updated, signal: None });
    }
    house.halt = halt;
    clock.clone().block_on(&executor, async {
        let mut signals = Signals::new([Signal::Int, Signal::Term]).ok();
        let mut signalled = async || match &mut signals {
            Some(signals) => Err(told(signals).await),
            None => std::future::pending().await,
        };
        let mut work = pin!(update(config, &mut house, wishes));
        let code = match async { Ok(work.as_mut().await) }.or(signalled()).await {
            Ok(updated) => return Ok(Ended { updated, signal: None }),
            Err(code) => code,
        };
        brake.pull();
        let end = async {
            clock.sleep_until(clock.now().saturating_add(STOP)).await;
            Err(code)
        };
        let updated = async { Ok(work.await) }.or(signalled()).or(end).await?;
        Ok(Ended { updated, signal: Some(code) })
    })
}

/// The exit code of the next signal that asks the program to stop.
pub(super) async fn told(signals: &mut Signals) -> u8 {
    match signals.next().await {
        Some(Ok(Signal::Int)) => INTERRUPTED,
        Some(Ok(_)) => TERMINATED,
        _ => std::future::pending().await,
    }
}

/// Colour and width only on a terminal, and no colour where it is not wanted
/// (<https://no-color.org>).
pub fn style() -> Style {
    style_of(io::stdout().as_fd())
}

/// The same for stdout or stderr.
fn style_of(out: BorrowedFd<'_>) -> Style {
    if !out.is_terminal() {
        return Style::default();
    }
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let width = rustix::termios::tcgetwinsize(out).ok().map(|size| usize::from(size.ws_col));
    Style {
        colour: !plain,
        width: Some(width.filter(|width| *width > 0).unwrap_or(80)),
        links: opens_links(&|name| std::env::var(name).ok()),
        ages: None,
    }
}

/// Whether the terminal is one of those known to open hyperlinks (OSC 8); one that does not know
/// them may print their addresses, so in doubt it does not.
fn opens_links(var: &dyn Fn(&str) -> Option<String>) -> bool {
    let has_var = |name: &str| var(name).is_some_and(|value| !value.is_empty());
    let number_var =
        |name: &str| var(name).and_then(|value| value.parse::<u32>().ok()).unwrap_or(0);
    let term = var("TERM").unwrap_or_default();
    let within = ["dumb", "screen", "tmux", "linux"].into_iter().any(|name| term.starts_with(name));
    if term.is_empty() || within || has_var("TMUX") {
        // The variables below may be those of the terminal around it.
        return false;
    }
    let known = ["xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm", "contour"];
    let program = var("TERM_PROGRAM").unwrap_or_default();
    known.into_iter().any(|name| term.starts_with(name))
        || ["iTerm.app", "WezTerm", "vscode", "ghostty", "rio", "mintty"].contains(&&*program)
        // Before 0.50.1 a hyperlink could crash VTE.
        || number_var("VTE_VERSION") >= 5_001
        || number_var("KONSOLE_VERSION") >= 201_200
        || has_var("KITTY_WINDOW_ID")
        || has_var("WT_SESSION")
}

/// Says what came of it, and returns the exit code.
pub fn conclude(manner: &Manner, updated: &Updated) -> ExitCode {
    // With -q a trouble is told when it begins and when it ends, so that a job of cron sends two mails, not one a run.
    match code(manner, updated, true) {
        STRICT => complain(updated, Level::Error),
        _ if manner.quiet => changes(updated).iter().for_each(|line| log::error!("{line}")),
        OK => complain(updated, Level::Warn),
        _ => complain(updated, Level::Error),
    }
    let reported = manner.report.as_deref().map_or(Ok(()), |path| save(&updated.report, path));
    let drawn = manner.timeline.as_deref().map_or(Ok(()), |path| draw(updated, path));
    for error in [&reported, &drawn].into_iter().filter_map(|outcome| outcome.as_ref().err()) {
        log::error!("{error}");
    }
    if !manner.quiet {
        rested(updated);
        // Without a reader of stderr there is nobody to tell, and nothing to do about it.
        writeln!(io::stderr(), "newsagg: {}", updated.report.line()).ok();
    }
    ExitCode::from(code(manner, updated, reported.is_ok() && drawn.is_ok()))
}

/// `--timeline`: stdout is for the news.
fn draw(updated: &Updated, path: &Path) -> Result<(), String> {
    let chart = timeline::of_round(updated);
    if path != Path::new(timeline::DASH) {
        return timeline::save(&chart, path);
    }
    say::err(&chart::gantt(&chart, style_of(io::stderr().as_fd())));
    Ok(())
}

/// Who was not asked, one line for each reason.
fn rested(updated: &Updated) {
    // Who is not well has a line of its own.
    let well = |name: &str| {
        updated.health.iter().any(|health| health.name == name && health.state == State::Ok)
    };
    let rested = updated.rested.iter().filter(|(name, _)| well(name));
    let mut rested: Vec<&(String, String)> = rested.collect();
    rested.sort_by(|a, b| a.1.cmp(&b.1));
    for group in rested.chunk_by(|a, b| a.1 == b.1) {
        let names: Vec<&str> = group.iter().map(|(name, _)| &**name).collect();
        let line = format!("newsagg: {}: {}", listed(&names), group[0].1);
        // Without a reader of stderr there is nobody to tell, and nothing to do about it.
        writeln!(io::stderr(), "{line}").ok();
    }
}

/// No line names more sources than this.
const MOST_NAMED: usize = 8;

/// `a, b and 3 more`, for people.
pub fn listed(names: &[&str]) -> String {
    let (named, others) = names.split_at(names.len().min(MOST_NAMED));
    match others.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What was well before this round and is not, and what is well again. That a quota is used up is as it should be.
fn changes(updated: &Updated) -> Vec<String> {
    let sources = updated.health.iter().zip(&updated.before);
    let began = sources.clone().filter(|(health, before)| {
        let same = |old: &Illness| {
            Some(&old.error) == health.error.as_ref()
                && (old.state == State::Limited) == (health.state == State::Limited)
        };
        !matches!(health.state, State::Ok | State::Limited) && !before.as_ref().is_some_and(same)
    });
    let began: Vec<&str> = began.map(|(health, _)| &*health.name).collect();
    let mut lines: Vec<String> = match updated.line_down && updated.health.len() > 1 {
        true => began.first().map(|_| LINE_DOWN.to_owned()).into_iter().collect(),
        false => {
            let lines = complaints(updated, &|health| began.contains(&&*health.name));
            lines.into_iter().map(|(_, line)| line).collect()
        }
    };
    let ended = sources.filter(|(health, before)| {
        let was_ill = before.as_ref().is_some_and(|old| old.state != State::Limited);
        health.state == State::Ok && was_ill
    });
    let ended: Vec<&str> = ended.map(|(health, _)| &*health.name).collect();
    if !ended.is_empty() {
        lines.push(format!("well again: {}", listed(&ended)));
    }
    lines.extend(updated.unwritten.iter().cloned());
    lines
}

/// Sources that are not well, at this level, and outputs that could not be written.
fn complain(updated: &Updated, level: Level) {
    for line in lines(updated) {
        log::info!("{line}");
    }
    for line in &updated.notes {
        log::warn!("{line}");
    }
    if updated.line_down {
        log::warn!("{LINE_DOWN}");
    }
    for (_, line) in complaints(updated, &|_| true) {
        log::log!(level, "{line}");
    }
    for error in &updated.unwritten {
        log::error!("{error}");
    }
}

/// What to say when nobody was reached.
pub const LINE_DOWN: &str = "nothing could be reached: the network is down, no source is blamed";

/// A line for each source that was asked and is well.
pub fn lines(updated: &Updated) -> Vec<String> {
    let mut rested: Vec<&str> = updated.rested.iter().map(|(name, _)| &**name).collect();
    rested.sort();
    let sources = updated.health.iter().zip(&updated.report.sources);
    let asked = sources.filter(|(health, _)| rested.binary_search(&&*health.name).is_err());
    let well = asked.filter(|(health, _)| health.state == State::Ok);
    let line = |(health, report): (&SourceHealth, &SourceReport)| {
        let ms = milliseconds(report.ms);
        let items = count(report.items, "item", "items");
        format!("{}: {items}, {} new, {ms}", health.name, report.new)
    };
    well.map(line).collect()
}

/// A line for each of these sources that is not well. What holds for several in a row is told once.
pub fn complaints(
    updated: &Updated,
    which: &dyn Fn(&SourceHealth) -> bool,
) -> Vec<(State, String)> {
    let sources = updated.health.iter().zip(&updated.report.sources);
    let ill: Vec<(&SourceHealth, &SourceReport)> =
        sources.filter(|(health, _)| health.state != State::Ok && which(health)).collect();
    // What is told is what was said last: who was not asked now can be.
    let hint = |name: &str| {
        let rested = updated.rested.iter().find(|(rested, _)| rested == name);
        rested.filter(|(_, why)| why.ends_with(FORCE_ASKS)).map_or("", |_| FORCE_ASKS)
    };
    let alike = |a: &(&SourceHealth, &SourceReport), b: &(&SourceHealth, &SourceReport)| {
        (a.0.state, &a.0.error, &a.1.next_due) == (b.0.state, &b.0.error, &b.1.next_due)
            && hint(&a.0.name) == hint(&b.0.name)
    };
    let mut lines = Vec::new();
    for group in ill.chunk_by(alike) {
        let (health, report) = group[0];
        let names: Vec<&str> = group.iter().map(|(health, _)| &*health.name).collect();
        let (names, why) = (listed(&names), health.error.as_deref().unwrap_or("nothing came"));
        let line = match &report.next_due {
            Some(due) => {
                let due = due.near(updated.report.started);
                format!("{names}: {why}, not before {due}{}", hint(&health.name))
            }
            None => format!("{names}: {why}"),
        };
        lines.push((health.state, line));
    }
    lines
}

fn save(report: &Report, path: &Path) -> Result<(), String> {
    let render = |out: &mut dyn Write| {
        out.write_all(&serde_json::to_vec_pretty(report)?)?;
        out.write_all(b"\n")
    };
    if path == Path::new("-") {
        let mut out = io::stdout().lock();
        let outcome = render(&mut out).and_then(|()| out.flush());
        return match outcome {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("writing the report to stdout: {}", store::plainly(&error)))
            }
            _ => Ok(()),
        };
    }
    store::write_if_changed(path, 0o644, &render).map(drop).map_err(|failure| failure.to_string())
}

fn code(manner: &Manner, updated: &Updated, reported: bool) -> u8 {
    let failed = |state: State| matches!(state, State::Failed | State::Stale | State::Off);
    let well = updated.health.iter().filter(|health| health.state == State::Ok).count();
    if updated.deserted {
        // `| head` has what it wanted.
        return OK;
    }
    if !updated.unwritten.is_empty() || !reported {
        return FAILED;
    }
    if (manner.strict || manner.wishes.fail_fast) && updated.health.iter().any(|h| failed(h.state))
    {
        return STRICT;
    }
    if well == 0 && updated.tried > 0 {
        return FAILED;
    }
    OK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_written_only_where_they_are_known_to_work() {
        let opens = |pairs: &[(&str, &str)]| {
            let var = |name: &str| {
                let own = pairs.iter().find(|(known, _)| *known == name);
                own.map(|(_, value)| (*value).to_owned())
            };
            opens_links(&var)
        };
        let xterm = ("TERM", "xterm-256color");
        for known in [
            &[("TERM", "xterm-kitty")][..],
            &[("TERM", "foot-extra")],
            &[xterm, ("TERM_PROGRAM", "iTerm.app")],
            &[xterm, ("VTE_VERSION", "7600")],
            &[xterm, ("KONSOLE_VERSION", "220400")],
            &[xterm, ("WT_SESSION", "x")],
        ] {
            assert!(opens(known), "{known:?}");
        }
        for unknown in [
            &[][..],
            &[xterm],
            &[("VTE_VERSION", "7600")],
            &[xterm, ("VTE_VERSION", "4400")],
            &[xterm, ("VTE_VERSION", "many")],
            &[xterm, ("TERM_PROGRAM", "Apple_Terminal")],
            &[("TERM", "dumb"), ("WT_SESSION", "x")],
            &[("TERM", "screen-256color"), ("VTE_VERSION", "7600")],
            &[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")],
            &[("TERM", "xterm-kitty"), ("TMUX", "/tmp/x")],
        ] {
            assert!(!opens(unknown), "{unknown:?}");
        }
    }
}
