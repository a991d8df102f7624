//! One self-contained page for a browser: no scripts, nothing from elsewhere.
//!
//! Every story stands in it once, by day. What is chosen above them, one source or all, by time or
//! by source, is done by its style alone. It says dates and no ages: nothing in it changes when
//! nothing new happened.

mod frame;
mod markup;
mod story;
mod style;
mod survey;

use std::io::{self, Write};

use crate::format::Merged;
use markup::Counter;
use survey::Survey;

/// As long as the headlines leave room, summaries fill the page up to this many bytes, the newest
/// first.
pub const PAGE: usize = 64 * 1024;

/// So many stories have their summaries whatever the room.
pub const LEADS: usize = 5;

/// Writes it.
///
/// # Errors
/// What `out` said, or what fetching a story said.
pub fn write(merged: &Merged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let survey = Survey::of(merged)?;
    let mut bare = Counter::default();
    frame::head(merged, &survey, &mut bare)?;
    survey.days.iter().try_for_each(|day| frame::day(day, merged, &survey, &mut bare))?;
    frame::foot(merged, &survey, &mut bare)?;
    let room = PAGE.saturating_sub(bare.bytes + survey.bytes);

    frame::head(merged, &survey, out)?;
    stories(merged, &survey, room, out)?;
    frame::foot(merged, &survey, out)
}

/// The stories, day by day; `room` is what their summaries may take.
fn stories(
    merged: &Merged<'_>,
    survey: &Survey,
    mut room: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut days = survey.days.iter();
    let mut left = 0;
    let mut count = 0;
    let mut more = Vec::new();
    merged.stories.each(&mut |story| {
        if left == 0 {
            if let Some(day) = days.next() {
                frame::day(day, merged, survey, out)?;
                left = day.stories;
            }
        }
        left = left.saturating_sub(1);
        more.clear();
        story::more(story, &mut more)?;
        count += 1;
        if more.len() > room && count > LEADS {
            // The first that finds no room is the last: below it there are only headlines.
            room = 0;
            more.clear();
        }
        room = room.saturating_sub(more.len());
        story::write(story, survey.number(&story.source), &more, out)
    })
}
