//! For people: lines that fit on a terminal, one line a story in a pipe.
//!
//! In a pipe the fields are date, source, title and link, parted by tabs, with `-` for what is
//! unknown; so `cut -f3` and `awk -F'\t'` work, and no field holds a tab. Dates are in UTC.

mod hyperlink;
mod terminal;

use std::io::{self, Write};

use crate::format::{Merged, Style};
use crate::item::{MAX_TITLE, Story};
use crate::text::printable;
use crate::time::Timestamp;

/// No link that an item has is longer.
pub(super) const MAX_LINK: usize = 8_192;

/// Writes the stories: without a width one line each and never in colour, for `grep`, `cut` and
/// `head`; with one as a terminal has it.
///
/// # Errors
/// What `out` said, or what fetching a story said.
pub fn write(merged: &Merged<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match style.width {
        Some(width) => terminal::write(merged, style, width, out),
        None => merged.stories.each(&mut |story| line(story, style, out)),
    }
}

/// One story in a pipe.
fn line(story: &Story, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let link = link(story).unwrap_or("-".into());
    let date = when(story, style).unwrap_or("-".into());
    writeln!(out, "{date}\t{}\t{}\t{link}", source(story), title(story))
}

fn source(story: &Story) -> String {
    let name = printable(&story.source, MAX_TITLE);
    if name.is_empty() { "-".into() } else { name }
}

/// The date or, if that is asked for, the age.
fn when(story: &Story, style: Style) -> Option<String> {
    let at = story.date()?;
    Some(style.ages.and_then(|now| age(at, now)).unwrap_or_else(|| date(at)))
}

/// `2026-11-21 06:00 UTC`
fn date(at: Timestamp) -> String {
    at.utc("%Y-%m-%d %H:%M UTC").to_string()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
const YEAR: i64 = 365 * DAY;

/// `3 h`: how old it is in the largest unit of which there is more than one, or just one; `None` if
/// it is of the future.
fn age(at: Timestamp, now: Timestamp) -> Option<String> {
    let seconds = now.unix().saturating_sub(at.unix());
    if seconds <= -MINUTE {
        return None;
    }
    let (unit, name) = match seconds {
        // Within a minute clocks may differ.
        ..MINUTE => return Some("now".into()),
        MINUTE..HOUR => (MINUTE, "min"),
        HOUR..DAY => (HOUR, "h"),
        DAY..WEEK => (DAY, "d"),
        WEEK..YEAR => (WEEK, "w"),
        _ => (YEAR, "y"),
    };
    Some(format!("{} {name}", seconds / unit))
}

/// The title, or what may stand for it: posts and photographs often have none.
pub(super) fn title(story: &Story) -> String {
    let item = &story.item;
    let words = [Some(&*item.title), item.summary.as_deref(), link_of(story), Some(&*item.id)];
    let first = words.into_iter().flatten().find(|text| !text.trim().is_empty());
    // Clean by contract; what reaches a terminal is looked at twice.
    printable(first.unwrap_or("-"), MAX_TITLE)
}

pub(super) fn link(story: &Story) -> Option<String> {
    link_of(story).map(|link| printable(link, MAX_LINK))
}

/// The page that the story is about rather than its discussion.
fn link_of(story: &Story) -> Option<&str> {
    story.item.external_url.as_deref().or(story.item.url.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_one_unit() {
        let now = Timestamp::from_unix(1_795_240_800).unwrap();
        for (seconds, wanted) in [
            (0, "now"),
            (59, "now"),
            (-59, "now"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (86_399, "23 h"),
            (86_400, "1 d"),
            (7 * 86_400 - 1, "6 d"),
            (7 * 86_400, "1 w"),
            (365 * 86_400 - 1, "52 w"),
            (365 * 86_400, "1 y"),
        ] {
            let at = Timestamp::from_unix(now.unix() - seconds).unwrap();
            assert_eq!(age(at, now).as_deref(), Some(wanted), "{seconds}");
        }
        let ahead = Timestamp::from_unix(now.unix() + 60).unwrap();
        assert_eq!(age(ahead, now), None);
    }
}
