//! `newsagg check --politeness`: what publishers complain about in aggregators, counted in what the
//! own runs left behind. Nobody is asked.

use std::time::Duration;

use serde::Serialize;

use crate::clock::Clock;
use crate::command::status::{WIDTH, wrap};
use crate::config::{Config, Place, SourceConfig};
use crate::item::MAX_TITLE;
use crate::state::Totals;
use crate::text::printable;
use crate::time::{Timestamp, format_duration};
use crate::update::{Standing, Stored, standing};

/// The version of the format.
const VERSION: u32 = 1;
/// One early poll in so many is somebody's `--force`, and forgiven.
pub const EARLY_PART: u64 = 20;
/// Whose server refuses more than one poll in so many is asked too often, whatever it allows.
pub const REFUSED_PART: u64 = 10;
/// After so many polls a server that gave no validators will give none.
pub const ENOUGH_POLLS: u64 = 3;

/// How polite all of it was.
#[derive(Debug, Serialize)]
pub struct Score {
    version: u32,
    /// Nobody has anything to complain about.
    pub polite: bool,
    polls: u64,
    requests: u64,
    unchanged: u64,
    last_round: Option<String>,
    gzip: bool,
    /// What is wrong with how all are asked, and how to put it right.
    faults: Vec<String>,
    sources: Vec<Marks>,
}

/// How polite it was to one source.
#[derive(Debug, Default, Serialize)]
struct Marks {
    name: String,
    user_agent: String,
    polls: u64,
    requests: u64,
    unchanged: u64,
    held: u64,
    unconditional: u64,
    shortest_s: Option<u32>,
    allowed_s: u64,
    early: u64,
    refused: u64,
    pressed: u64,
    /// What is wrong, and how to put it right.
    faults: Vec<String>,
    /// Its server gives neither ETag nor Last-Modified.
    without_validators: bool,
}

/// Scores the sources of the config that are on the network.
pub fn score(config: &Config, stored: &Stored, clock: &Clock) -> Score {
    let all = standing(config, stored, clock);
    let asked = all.iter().filter(|standing| standing.source.place == Place::Network);
    let sources: Vec<Marks> = asked.map(marks).collect();
    let faults = faults_of_agents(config);
    let sum = |part: fn(&Marks) -> u64| sources.iter().map(part).sum();
    Score {
        version: VERSION,
        polite: faults.is_empty() && sources.iter().all(|marks| marks.faults.is_empty()),
        polls: sum(|marks| marks.polls),
        requests: sum(|marks| marks.requests),
        unchanged: sum(|marks| marks.unchanged),
        last_round: stored.memory.last_round().map(|at: Timestamp| at.to_string()),
        // The transport asks for it with every request, and no config can change that.
        gzip: true,
        faults,
        sources,
    }
}

fn marks(standing: &Standing<'_>) -> Marks {
    let totals = standing.known.map(|known| known.totals.clone()).unwrap_or_default();
    let SourceConfig { name, options, .. } = standing.source;
    Marks {
        name: printable(name, MAX_TITLE),
        user_agent: options.user_agent.clone(),
        polls: totals.polls,
        requests: totals.requests,
        unchanged: totals.unchanged,
        held: totals.held,
        unconditional: totals.unconditional,
        shortest_s: totals.shortest,
        allowed_s: standing.allowed.as_secs(),
        early: totals.early,
        refused: totals.refused,
        pressed: totals.pressed,
        faults: faults(&totals),
        without_validators: gives_none(&totals),
    }
}

fn faults(totals: &Totals) -> Vec<String> {
    let Totals { polls, early, refused, unconditional, pressed, .. } = totals;
    let mut faults = Vec::new();
    if *unconditional > 0 {
        faults.push(format!(
            "asked {} for all of it although newsagg could have asked only for \
             what changed: that is a mistake of newsagg, please report it",
            times(*unconditional)
        ));
    }
    if *pressed > 0 {
        faults.push(format!(
            "asked {} before its server wanted to be asked again (Retry-After): that \
             is a mistake of newsagg, unless its state was removed, two copies of it run or the \
             clock was set back",
            times(*pressed)
        ));
    }
    if early * EARLY_PART > *polls {
        faults
            .push(format!("asked {early} of {polls} times before it was due: leave out `--force`"));
    }
    if *refused > 1 && refused * REFUSED_PART > *polls {
        faults.push(format!(
            "its server refused {refused} of {polls} polls as too many (429): set a longer `every` \
             for it"
        ));
    }
    faults
}

fn times(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

fn gives_none(totals: &Totals) -> bool {
    totals.polls >= ENOUGH_POLLS && totals.held == 0 && totals.answered > 0
}

/// Whoever is troubled by requests must be able to find out whom to write to.
fn faults_of_agents(config: &Config) -> Vec<String> {
    let network = config.sources.iter().filter(|source| source.place == Place::Network);
    let mut agents: Vec<&str> = network.map(|source| &*source.options.user_agent).collect();
    agents.sort();
    agents.dedup();
    let unknown = agents.into_iter().filter(|agent| !has_contact(agent));
    let fault = |agent: &str| {
        format!(
            "the User-Agent `{}` names nobody to write to: set `user_agent` in [fetch] to \
             something like \"newsagg/{} (+https://example.org/about-me)\"",
            printable(agent, MAX_TITLE),
            env!("CARGO_PKG_VERSION")
        )
    };
    unknown.map(fault).collect()
}

/// A page or an address for mail.
fn has_contact(agent: &str) -> bool {
    let mail = |word: &str| word.split_once('@').is_some_and(|(_, host)| host.contains('.'));
    agent.contains("https://") || agent.contains("http://") || agent.split([' ', '(']).any(mail)
}

/// For programs.
pub fn json(score: &Score) -> String {
    // Plain values: nothing in it can fail.
    String::from_utf8(serde_json::to_vec_pretty(score).unwrap_or_default()).unwrap_or_default()
        + "\n"
}

/// For people, at most [`WIDTH`] columns wide where no single word is wider.
pub fn text(score: &Score) -> String {
    let mut text = String::new();
    if score.polls == 0 {
        text.push_str("Nobody was asked yet: there is nothing to score.\n\n");
    } else {
        table(&mut text, score);
        let share = percent(score.unchanged, score.polls);
        let all = format!(
            "{} polls with {} requests; {share} of the polls were answered with «nothing new».",
            score.polls, score.requests
        );
        text.push('\n');
        wrap(&mut text, &all, WIDTH);
    }
    text.push_str("Compressed answers (gzip) are asked for with every request.\n");
    let about = |marks: &Marks, what: &String| format!("{}: {what}", marks.name);
    let without = score.sources.iter().filter(|marks| marks.without_validators);
    let without: Vec<&str> = without.map(|marks| &*marks.name).collect();
    if !without.is_empty() {
        let without = without.join(", ");
        let line = format!("No ETag and no Last-Modified, so always the whole, from: {without}");
        wrap(&mut text, &line, WIDTH);
    }
    let sources = score.sources.iter();
    let faults = sources.flat_map(|marks| marks.faults.iter().map(|fault| about(marks, fault)));
    let faults: Vec<String> = score.faults.iter().cloned().chain(faults).collect();
    text.push('\n');
    if faults.is_empty() {
        text.push_str("Verdict: polite.\n");
        return text;
    }
    text.push_str("Verdict: not polite. What to change:\n");
    for fault in faults {
        wrap(&mut text, &format!("- {fault}"), WIDTH);
    }
    text
}

const COLUMNS: usize = 8;
const HEAD: [&str; COLUMNS] =
    ["source", "polls", "unchanged", "whole", "shortest", "allowed", "429s", "pressed"];
/// Longer names are cut.
const MOST_NAME: usize = 18;

fn table(text: &mut String, score: &Score) {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(score.sources.iter().map(row));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..COLUMNS).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            match column {
                0 => text.extend([cell, &*pad]),
                _ => text.extend(["  ", &*pad, cell]),
            }
        }
        text.push('\n');
    }
}

fn row(marks: &Marks) -> [String; COLUMNS] {
    let span = |seconds: u64| format_duration(Duration::from_secs(seconds));
    let mut name: String = marks.name.chars().take(MOST_NAME).collect();
    if name.len() < marks.name.len() {
        name.pop();
        name.push('…');
    }
    [
        name,
        marks.polls.to_string(),
        percent(marks.unchanged, marks.polls),
        format!("{}/{}", marks.unconditional, marks.held),
        marks.shortest_s.map_or("-".into(), |seconds| span(seconds.into())),
        span(marks.allowed_s.max(1)),
        marks.refused.to_string(),
        marks.pressed.to_string(),
    ]
}

fn percent(part: u64, whole: u64) -> String {
    match (part * 100).checked_div(whole) {
        Some(percent) => format!("{percent}%"),
        None => "-".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_publishers_complain_about_is_a_fault_and_what_they_accept_is_none() {
        let good = Totals { polls: 100, early: 5, refused: 10, held: 9, ..Totals::default() };
        assert!(faults(&good).is_empty());
        assert!(faults(&Totals { polls: 1, refused: 1, ..Totals::default() }).is_empty());
        for (bad, words) in [
            (Totals { early: 6, ..good.clone() }, "before it was due"),
            (Totals { refused: 11, ..good.clone() }, "longer `every`"),
            (Totals { unconditional: 1, ..good.clone() }, "only for what changed"),
            (Totals { pressed: 1, ..good.clone() }, "(Retry-After)"),
        ] {
            let faults = faults(&bad);
            assert!(faults.len() == 1 && faults[0].contains(words), "{faults:?}");
        }
    }

    #[test]
    fn a_server_without_validators_is_told_after_enough_polls() {
        let told =
            |polls, held| gives_none(&Totals { polls, held, answered: 1, ..Totals::default() });
        assert_eq!((told(ENOUGH_POLLS - 1, 0), told(ENOUGH_POLLS, 0)), (false, true));
        assert!(!told(ENOUGH_POLLS, 1));
    }

    #[test]
    fn a_contact_is_a_page_or_an_address() {
        for (agent, contact) in [
            ("newsagg/0.1 (+https://example.org/)", true),
            ("news me@example.org", true),
            ("news (me@example.org)", true),
            ("newsagg/0.1", false),
            ("news @me", false),
            ("", false),
        ] {
            assert_eq!(has_contact(agent), contact, "{agent}");
        }
    }
}
