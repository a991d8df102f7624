//! Stories on a terminal of so many columns.
//!
//! On a wide one each has its date and its source beside it, in columns of their own; on a narrow
//! one they stand below. Where the terminal opens links by itself, titles, discussions and the
//! names of other sources are links; elsewhere the address stands below, uncut, so that a terminal
//! that finds addresses in text opens it.

use std::io::{self, Write};

use super::hyperlink::linked;
use super::{link, link_of, source, title, when};
use crate::format::{Merged, Style};
use crate::item::{DateOrigin, MAX_TITLE, Story};
use crate::text::printable;
use crate::text::width::{cut, fold, width};

/// Nothing is cut below this many columns, however narrow the terminal says it is.
const MIN_WIDTH: usize = 20;
/// From here on date and source stand beside the title.
pub(super) const WIDE: usize = 100;
/// No source's name takes more columns of them.
const MAX_SOURCE: usize = 20;
/// A title takes no more lines than this.
const TITLE_LINES: usize = 3;
/// What a date takes, and what an age does.
const DATE: usize = 20;
const AGE: usize = 6;
/// Between facts.
const MARK: &str = " · ";
/// Between columns, and before what stands below a title.
const GAP: usize = 2;

/// What a terminal is told. ECMA-48 §8.3.117, in colours that follow the terminal's own.
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// How the stories are laid out.
#[derive(Debug)]
struct Layout {
    style: Style,
    width: usize,
    /// Columns before the titles: those of the date and of the source. `None` on a narrow terminal.
    beside: Option<(usize, usize)>,
}

pub(super) fn write(
    merged: &Merged<'_>,
    style: Style,
    width: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let layout = Layout::new(merged, style, width.max(MIN_WIDTH));
    merged.stories.each(&mut |story| layout.story(story, out))
}

/// A fact in the line below a title, and where it leads.
struct Fact<'a> {
    /// What parts it from the one before.
    mark: &'static str,
    text: String,
    url: Option<&'a str>,
}

impl Layout {
    fn new(merged: &Merged<'_>, style: Style, columns: usize) -> Layout {
        let names = merged.sources.iter().map(|source| printable(&source.name, MAX_TITLE));
        let longest = names.map(|name| width(&name)).max().unwrap_or(0).min(MAX_SOURCE);
        let date = if style.ages.is_some() { AGE } else { DATE };
        Layout {
            style,
            width: columns,
            beside: (columns >= WIDE).then_some((date, longest.max(4))),
        }
    }

    /// Columns before the title.
    fn indent(&self) -> usize {
        self.beside.map_or(0, |(date, source)| date + source + 2 * GAP)
    }

    fn story(&self, story: &Story, out: &mut dyn Write) -> io::Result<()> {
        let indent = self.indent();
        let lines = fold(&title(story), self.width - indent, TITLE_LINES);
        let facts = self.facts(story);
        let below: usize = facts.iter().map(|fact| width(&fact.text) + MARK.len()).sum();
        for (index, line) in lines.iter().enumerate() {
            match (index, self.beside) {
                (0, Some(columns)) => self.beside(story, columns, out)?,
                _ => pad(indent, out)?,
            }
            let shown = if self.style.links { linked(line, link_of(story)) } else { line.clone() };
            self.coloured(BOLD, &shown, out)?;
            // A short title leaves room for what would stand below it.
            let last = index + 1 == lines.len();
            if last
                && self.beside.is_some()
                && below > 0
                && indent + width(line) + below < self.width
            {
                pad(GAP, out)?;
                self.write_facts(&facts, usize::MAX, out)?;
            }
            out.write_all(b"\n")?;
            if last && (self.beside.is_none() || indent + width(line) + below >= self.width) {
                self.below(&facts, indent, out)?;
            }
        }
        self.address(story, indent, out)
    }

    /// Date and source, in their columns.
    fn beside(
        &self,
        story: &Story,
        (date, source_columns): (usize, usize),
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let when = when(story, self.style).unwrap_or("-".into());
        // An age stands at the right of its column: the units are below each other.
        let before = if self.style.ages.is_some() { date.saturating_sub(width(&when)) } else { 0 };
        pad(before, out)?;
        self.coloured(DIM, &when, out)?;
        pad((date - before).saturating_sub(width(&when)) + GAP, out)?;
        let name = cut(&source(story), source_columns);
        out.write_all(name.as_bytes())?;
        pad(source_columns.saturating_sub(width(&name)) + GAP, out)
    }

    /// The line below the title.
    fn below(&self, facts: &[Fact<'_>], indent: usize, out: &mut dyn Write) -> io::Result<()> {
        if facts.is_empty() {
            return Ok(());
        }
        pad(indent + GAP, out)?;
        self.write_facts(facts, self.width - indent - GAP, out)?;
        out.write_all(b"\n")
    }

    /// As many facts as fit into so many columns.
    fn write_facts(
        &self,
        facts: &[Fact<'_>],
        mut room: usize,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let [dim, plain] = if self.style.colour { [DIM, PLAIN] } else { [""; 2] };
        out.write_all(dim.as_bytes())?;
        for (index, fact) in facts.iter().enumerate() {
            let before = if index == 0 { "" } else { fact.mark };
            if room <= before.len() {
                break;
            }
            let text = cut(&fact.text, room - width(before));
            let shown = if self.style.links { linked(&text, fact.url) } else { text.clone() };
            write!(out, "{before}{shown}")?;
            room = room.saturating_sub(width(before) + width(&text));
            if text.len() < fact.text.len() {
                break;
            }
        }
        out.write_all(plain.as_bytes())
    }

    /// Where a terminal does not open titles, the address, uncut.
    fn address(&self, story: &Story, indent: usize, out: &mut dyn Write) -> io::Result<()> {
        let Some(link) = link(story).filter(|_| !self.style.links) else { return Ok(()) };
        pad(indent + GAP, out)?;
        self.coloured(DIM, &link, out)?;
        out.write_all(b"\n")
    }

    /// What is told of a story beside its title.
    fn facts<'a>(&self, story: &'a Story) -> Vec<Fact<'a>> {
        let mut facts = Vec::new();
        let mut say =
            |text: String, url: Option<&'a str>| facts.push(Fact { mark: MARK, text, url });
        // A date that the feed did not tell is no date of publication.
        let told = story.date_origin == DateOrigin::Feed || story.date().is_none();
        if self.beside.is_none() {
            say(source(story), None);
            if let Some(when) = when(story, self.style) {
                say(if told { when } else { format!("seen {when}") }, None);
            }
        } else if !told {
            say("first seen".into(), None);
        }
        let rare = story.item.rare();
        let page = story.item.url.as_deref().filter(|_| story.item.external_url.is_some());
        if let Some(score) = rare.score {
            say(format!("{score} {}", if score == 1 { "point" } else { "points" }), None);
        }
        if let Some(count) = rare.comments {
            say(format!("{count} {}", if count == 1 { "comment" } else { "comments" }), page);
        }
        if rare.comments.is_none() && page.is_some() && self.style.links {
            say("discussion".into(), page);
        }
        for (index, also) in story.also.iter().enumerate() {
            let name = printable(&also.source, MAX_TITLE);
            let (mark, text) = match index {
                0 => (MARK, format!("also {name}")),
                _ => (", ", name),
            };
            facts.push(Fact { mark, text, url: also.url.as_deref() });
        }
        facts
    }

    fn coloured(&self, how: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
        match self.style.colour {
            true => write!(out, "{how}{text}{PLAIN}"),
            false => out.write_all(text.as_bytes()),
        }
    }
}

fn pad(columns: usize, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{:columns$}", "")
}
