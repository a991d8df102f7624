//! For people: two lines a story on a terminal, one line a story in a pipe.
//!
//! In a pipe the fields are date, source, title and link, parted by tabs, with `-` for what is
//! unknown; so `cut -f3` and `awk -F'\t'` work, and no field holds a tab. Dates are in UTC.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::format::{Merged, Style};
use crate::item::{DateOrigin, MAX_TITLE, Story};
use crate::text::printable;

/// Titles are not cut below this many columns, however narrow the terminal says it is.
const MIN_WIDTH: usize = 20;

/// No link that an item has is longer.
pub(super) const MAX_LINK: usize = 8_192;

/// What a terminal is told. ECMA-48 §8.3.117, in colours that follow the terminal's own.
const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// Writes the stories: without a width one line each and never in colour, for `grep`, `cut` and
/// `head`; with one the title, cut to it, and below it where it is from. Links are not cut: a
/// terminal that wraps them still opens them.
pub fn write(merged: &Merged<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    merged.stories.each(&mut |story| match style.width {
        Some(width) => block(story, width.max(MIN_WIDTH), style.colour, out),
        None => line(story, out),
    })
}

/// One story in a pipe.
fn line(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let source = source(story);
    let link = link(story).unwrap_or("-".into());
    writeln!(out, "{}\t{source}\t{}\t{link}", date(story).unwrap_or("-".into()), title(story))
}

/// One story on a terminal.
fn block(story: &Story, width: usize, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let [bold, dim, plain] = if colour { [BOLD, DIM, PLAIN] } else { [""; 3] };
    writeln!(out, "{bold}{}{plain}", cut(&title(story), width))?;
    write!(out, "{dim}  {}", source(story))?;
    if let Some(date) = date(story) {
        // A date that the feed did not tell is no date of publication.
        let seen = if story.date_origin == DateOrigin::Feed { "" } else { "seen " };
        write!(out, " · {seen}{date}")?;
    }
    if let Some(extra) = &story.item.extra {
        if let Some(score) = extra.score {
            write!(out, " · {score} {}", if score == 1 { "point" } else { "points" })?;
        }
        if let Some(comments) = extra.comments {
            write!(out, " · {comments} {}", if comments == 1 { "comment" } else { "comments" })?;
        }
    }
    for (index, also) in story.also.iter().enumerate() {
        let before = if index == 0 { " · also " } else { ", " };
        write!(out, "{before}{}", printable(&also.source, MAX_TITLE))?;
    }
    if let Some(link) = link(story) {
        write!(out, " · {link}")?;
    }
    writeln!(out, "{plain}")
}

fn source(story: &Story) -> String {
    let name = printable(&story.source, MAX_TITLE);
    if name.is_empty() { "-".into() } else { name }
}

/// `2026-11-21 06:00`, in UTC.
fn date(story: &Story) -> Option<String> {
    let date = story.date()?.to_string();
    let (day, time) = date.split_once('T')?;
    Some(format!("{day} {}", time.get(..5)?))
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

/// As much of a text as fits into so many columns, with `…` where something is missing.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    let (mut column, mut end) = (0, 0);
    for (at, letter) in text.char_indices() {
        let columns = columns(letter);
        // Here the ellipsis would still fit; a mark stays with its letter.
        if column < width && columns > 0 {
            end = at;
        }
        column += columns;
        if column > width {
            return Cow::Owned(format!("{}…", text[..end].trim_end()));
        }
    }
    Cow::Borrowed(text)
}

/// Columns that a character takes: none for marks, two for the wide ones of East Asia and for
/// pictures (UAX #11), by blocks.
fn columns(letter: char) -> usize {
    match letter {
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}'
        | '\u{e31}'
        | '\u{e34}'..='\u{e3a}'
        | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{200b}'..='\u{200f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}'
        | '\u{e0100}'..='\u{e01ef}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{303e}'
        | '\u{3041}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}'
        | '\u{1f900}'..='\u{1f9ff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_cut_by_columns_not_by_characters() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 5), "abcd…");
        assert_eq!(cut("ab cdef", 4), "ab…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abe\u{301}", 3), "abe\u{301}");
        assert_eq!(cut("abe\u{301}de", 4), "abe\u{301}…");
        for width in 1..30 {
            let text = cut("日本 e\u{301}\u{301} 👩 wide and narrow", width).into_owned();
            assert!(text.chars().map(columns).sum::<usize>() <= width, "{width}: {text}");
        }
    }
}
