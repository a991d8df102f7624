//! Below the table: what is wrong with whom, and what to do about it.

use super::{View, is_well, state_name, words};
use crate::http::{Url, without_secrets};
use crate::item::MAX_TITLE;
use crate::report;
use crate::state::Moved;
use crate::text::printable;
use crate::time::Timestamp;
use crate::update::Standing;

/// On so many different days a publisher must have said that a feed has moved for good before anybody
/// is told to believe it.
pub const DAYS_OF_MOVED: u32 = 3;

/// No error is longer than this.
const MAX_ERROR: usize = 2_000;
const MAX_LINK: usize = 8_192;
/// Before the second line of a paragraph, and the next ones.
const INDENT: &str = "  ";

pub(super) fn write(text: &mut String, view: &View<'_>, width: usize) {
    let mut notes = Vec::new();
    notes.extend(
        view.sources
            .iter()
            .filter(|standing| !is_well(standing))
            .map(|standing| ill(standing, view.now)),
    );
    // A quota may be used up without anything being wrong.
    let resting = view.sources.iter().filter(|standing| is_well(standing));
    notes.extend(resting.filter_map(|standing| {
        Some([name(standing), ": ".into(), rest(standing, view.now)?].concat())
    }));
    notes.extend(view.sources.iter().filter_map(|standing| moved(standing)));
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        wrap(text, &note, width);
    }
}

fn name(standing: &Standing<'_>) -> String {
    printable(&standing.source.name, MAX_TITLE)
}

/// `bbc: status: answered with 503; 3 times in a row; left alone for …`
fn ill(standing: &Standing<'_>, now: Timestamp) -> String {
    let mut note = format!("{}: ", name(standing));
    match &standing.error {
        Some(error) => note.push_str(&printable(error, MAX_ERROR)),
        None if standing.state.is_none() => note.push_str("never asked yet"),
        None => note.push_str(state_name(standing)),
    }
    if standing.failures > 1 {
        note.push_str(&format!("; {} times in a row", standing.failures));
    }
    if let Some(rest) = rest(standing, now) {
        note.push_str("; ");
        note.push_str(&rest);
    }
    note
}

/// `left alone for 18 min (until 06:00 UTC): the server asked for it`
fn rest(standing: &Standing<'_>, now: Timestamp) -> Option<String> {
    let pause = standing.pause.as_ref()?;
    let span = words::span(pause.until.unix().saturating_sub(now.unix()), true);
    Some(format!("left alone for {span} (until {}): {}", pause.until.near(now), pause.why))
}

/// Where a source has moved, as far as that is to be believed.
pub(super) fn moved_to<'a>(standing: &Standing<'a>) -> Option<(String, &'a Moved)> {
    let moved = standing.known?.moved.as_ref()?;
    let url = Url::parse(&moved.to).map_or_else(|_| moved.to.clone(), |url| without_secrets(&url));
    Some((printable(&url, MAX_LINK), moved))
}

fn moved(standing: &Standing<'_>) -> Option<String> {
    let (to, moved) = moved_to(standing).filter(|(_, moved)| moved.days >= DAYS_OF_MOVED)?;
    let (name, days) = (name(standing), moved.days);
    Some(format!(
        "{name} has moved for good to {to} (seen on {days} days): change `url` in newsagg.toml"
    ))
}

/// When a source last answered well.
pub(super) fn last_ok(standing: &Standing<'_>) -> Option<Timestamp> {
    let answered = standing.known.map(|known| known.totals.answered);
    answered.filter(|answered| *answered > 0).and_then(Timestamp::from_unix)
}

/// Where all this comes from.
pub(super) fn footer(text: &mut String, view: &View<'_>) {
    let dir = printable(&view.dir, MAX_LINK);
    let took = view.took.map(|(wall, sum)| report::took(report::tenths(wall), report::tenths(sum)));
    let took = took.map_or_else(String::new, |took| format!(", {took}"));
    let round = view.last_round.map(|at| words::age(at, view.now) + " ago" + &took);
    let lines = [
        format!("last round  {}\n", round.unwrap_or_else(|| "none yet".into())),
        match (view.dir.is_empty(), view.size) {
            (true, _) => "state       nowhere: $HOME is not set\n".into(),
            (_, None) => format!("state       {dir} (not there yet)\n"),
            (_, Some(size)) => format!("state       {dir} ({})\n", report::bytes(size)),
        },
    ];
    text.push_str(&lines.concat());
    match view.service.as_ref().map(|holder| holder.process) {
        None => {}
        Some(None) => text.push_str("service     running\n"),
        Some(Some(process)) => {
            text.push_str(&format!("service     running (process {process})\n"));
        }
    }
    match view.unnamed {
        0 => {}
        1 => text.push_str("            1 source in it is not in the config\n"),
        n => text.push_str(&format!("            {n} sources in it are not in the config\n")),
    }
}

/// A paragraph in lines of at most `width` columns; a longer word has a line of its own.
pub fn wrap(text: &mut String, paragraph: &str, width: usize) {
    let mut column = 0;
    for word in paragraph.split(' ') {
        let letters = word.chars().count();
        if column > 0 && column + 1 + letters > width {
            text.push('\n');
            text.push_str(INDENT);
            column = INDENT.len();
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += letters;
    }
    text.push('\n');
}
