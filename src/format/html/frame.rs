//! What stands around the stories: the head, the masthead, what can be chosen, how the sources fare.

use std::io::{self, Write};

use super::markup::{link, text};
use super::style::{hash, style};
use super::survey::{DAYS, Day, Survey};
use crate::format::{Merged, SourceHealth, State};
use crate::item::MAX_TITLE;
use crate::time::Timestamp;

/// So many sources that are not well are named at the top.
pub const ILL: usize = 6;

/// What an error says is shown up to so many characters.
const MAX_ERROR: usize = 300;

/// Everything before the stories.
pub(super) fn head(merged: &Merged<'_>, survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    let style = style(survey.choices(), &survey.days);
    out.write_all(b"<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n")?;
    writeln!(
        out,
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'\">",
        hash(&style)
    )?;
    out.write_all(
        b"<meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
        <meta name=referrer content=no-referrer>\n\
        <meta name=color-scheme content=\"light dark\">\n\
        <meta name=generator content=newsagg>\n<title>",
    )?;
    text(merged.title, MAX_TITLE, out)?;
    writeln!(out, "</title>\n<style>{style}</style>\n</head>\n<body>")?;
    out.write_all(b"<a class=skip href=#news>Skip to the headlines</a>\n")?;
    masthead(merged, survey, out)?;
    if survey.stories > 0 {
        choices(merged, survey, out)?;
        days(survey, out)?;
    }
    out.write_all(b"<main id=news tabindex=-1>\n")?;
    match survey.stories {
        0 => none(merged, out),
        _ => out.write_all(b"<ol>\n"),
    }
}

/// The title, what is in the paper, and who is missing from it.
fn masthead(merged: &Merged<'_>, survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<header>\n<h1 dir=auto>")?;
    text(merged.title, MAX_TITLE, out)?;
    out.write_all(b"</h1>\n<p class=line>")?;
    if let Some(newest) = merged.newest {
        out.write_all(b"<span>")?;
        moment(newest, &long(newest), out)?;
        out.write_all(b"</span> ")?;
    }
    counted(survey.stories, "headline", out)?;
    out.write_all(b"</span> ")?;
    counted(merged.sources.len(), "source", out)?;
    let ill = || merged.sources.iter().filter(|source| source.state != State::Ok);
    let count = ill().count();
    if count == 0 {
        let all: &[u8] = if merged.sources.is_empty() { b"" } else { b", all fresh" };
        out.write_all(all)?;
        return out.write_all(b"</span></p>\n</header>\n");
    }
    writeln!(out, ", <a href=#sources>{} fresh</a></span></p>", merged.sources.len() - count)?;
    out.write_all(b"<ul class=ill aria-label=\"Sources that are not fresh\">\n")?;
    for source in ill().take(ILL) {
        write!(out, "<li class={}>", source.state.name())?;
        standing(source, out)?;
        out.write_all(b"\n")?;
    }
    if count > ILL {
        writeln!(out, "<li><a href=#sources>and {} more</a>", count - ILL)?;
    }
    out.write_all(b"</ul>\n</header>\n")
}

fn counted(count: usize, noun: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<span>{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `Saturday, 21 November 2026, 06:00 UTC`
fn moment(at: Timestamp, day: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<time datetime={at}>{day}, {} UTC</time>", at.utc("%H:%M"))
}

/// `● hn fresh`, `◐ lwn stale since 20 November 2026, 18:00 UTC`
fn standing(source: &SourceHealth, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<i aria-hidden=true>{}</i> <b>", shape(source.state))?;
    text(&source.name, MAX_TITLE, out)?;
    write!(out, "</b> {}", word(source.state))?;
    let (preposition, at) = match (source.until, source.since) {
        (Some(until), _) => ("until", until),
        (None, Some(since)) => ("since", since),
        (None, None) => return Ok(()),
    };
    write!(out, " {preposition} ")?;
    moment(at, &short(at), out)
}

/// A state without its colour.
fn shape(state: State) -> char {
    match state {
        State::Ok => '●',
        State::Stale => '◐',
        State::Limited => '◔',
        State::Failed => '✕',
        State::Off => '○',
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "fresh",
        other => other.name(),
    }
}

/// What can be chosen: sources, order, summaries, light.
fn choices(merged: &Merged<'_>, survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"<section class=view aria-label=\"What is shown\">\n<fieldset class=by><legend>Source</legend>\n")?;
    writeln!(
        out,
        "<label><input type=radio name=s id=all checked>All <small>{}</small></label>",
        survey.stories
    )?;
    let mut next = 1;
    for source in merged.sources {
        if survey.number(&source.name) != Some(next) {
            continue;
        }
        write!(
            out,
            "<label class={}><input type=radio name=s id=s{next}><i aria-hidden=true>{}</i> ",
            source.state.name(),
            shape(source.state)
        )?;
        text(&source.name, MAX_TITLE, out)?;
        write!(out, " <small>{}", survey.count(&source.name))?;
        if source.state != State::Ok {
            write!(out, " {}", word(source.state))?;
        }
        out.write_all(b"</small></label>\n")?;
        next += 1;
    }
    out.write_all(
        b"</fieldset>\n\
        <fieldset><legend>Order</legend>\n\
        <label><input type=radio name=o checked>By time</label>\n\
        <label><input type=radio name=o id=by>By source</label>\n</fieldset>\n\
        <fieldset><legend>Text</legend>\n\
        <label><input type=radio name=t checked>Summaries</label>\n\
        <label><input type=radio name=t id=brief>Headlines</label>\n</fieldset>\n\
        <fieldset><legend>Light</legend>\n\
        <label><input type=radio name=l checked>As the system</label>\n\
        <label><input type=radio name=l id=light>Light</label>\n\
        <label><input type=radio name=l id=dark>Dark</label>\n</fieldset>\n</section>\n",
    )
}

/// Links to the days, if there is more than one.
fn days(survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    if survey.days.len() < 2 {
        return Ok(());
    }
    out.write_all(b"<nav aria-label=Days>\n")?;
    for day in survey.days.iter().take(DAYS) {
        let words = day.at.map_or("Undated".into(), |day| day.utc("%-d %B").to_string());
        writeln!(out, "<a href=#{}>{words} <small>{}</small></a>", anchor(day), day.stories)?;
    }
    out.write_all(b"</nav>\n")
}

/// The headings of the sources, which stand above their stories when these are in their order.
fn headings(merged: &Merged<'_>, survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    let mut next = 1;
    for source in merged.sources {
        if survey.number(&source.name) == Some(next) {
            write!(out, "<li class=\"h s{next}\"><h2>")?;
            text(&source.name, MAX_TITLE, out)?;
            out.write_all(b"</h2>\n")?;
            next += 1;
        }
    }
    Ok(())
}

/// Instead of stories.
fn none(merged: &Merged<'_>, out: &mut dyn Write) -> io::Result<()> {
    let failed = |source: &SourceHealth| matches!(source.state, State::Failed | State::Off);
    out.write_all(match merged.sources {
        [] => b"<p class=none>No sources, no news.\n".as_slice(),
        all if all.iter().all(failed) => {
            b"<p class=none>No news: none of the sources could be read. <a href=#sources>Why</a>\n"
        }
        _ => b"<p class=none>No news yet.\n",
    })
}

/// The heading of a day. It has the numbers of the sources that have something below it.
pub(super) fn day(
    day: &Day,
    merged: &Merged<'_>,
    survey: &Survey,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"<li class=\"d")?;
    for number in survey.numbers(day, merged) {
        write!(out, " s{number}")?;
    }
    write!(out, "\" id={}><h2>", anchor(day))?;
    match day.at {
        Some(at) => write!(out, "<time datetime={}>{}</time>", date(at), long(at))?,
        None => out.write_all(b"Undated")?,
    }
    out.write_all(b"</h2>\n")
}

/// A day's name in links and in the style.
pub(super) fn anchor(day: &Day) -> String {
    day.at.map_or("undated".into(), |at| format!("d{}", date(at)))
}

/// `2026-11-21`
fn date(at: Timestamp) -> String {
    at.utc("%Y-%m-%d").to_string()
}

/// `Saturday, 21 November 2026`
fn long(at: Timestamp) -> String {
    at.utc("%A, %-d %B %-Y").to_string()
}

/// `21 November 2026`
fn short(at: Timestamp) -> String {
    at.utc("%-d %B %-Y").to_string()
}

/// Everything after the stories: how each source stands, and why.
pub(super) fn foot(merged: &Merged<'_>, survey: &Survey, out: &mut dyn Write) -> io::Result<()> {
    if survey.stories > 0 {
        headings(merged, survey, out)?;
        out.write_all(b"</ol>\n")?;
    }
    out.write_all(b"</main>\n<footer>\n<h2 id=sources>Sources</h2>\n<ul>\n")?;
    for source in merged.sources {
        write!(out, "<li class={}>", source.state.name())?;
        standing(source, out)?;
        let count = survey.count(&source.name);
        write!(out, ", {count} headline{}", if count == 1 { "" } else { "s" })?;
        if let Some(feed) = &source.feed {
            let mut markup = Vec::new();
            if link(Some(feed), &mut markup)? {
                out.write_all(b", ")?;
                out.write_all(&markup)?;
                out.write_all(b"feed</a>")?;
            }
        }
        if let Some(error) = &source.error {
            out.write_all(b"<p>")?;
            text(error, MAX_ERROR, out)?;
        }
        out.write_all(b"\n")?;
    }
    out.write_all(b"</ul>\n<p>All times are UTC.\n</footer>\n</body>\n</html>\n")
}
