//! One story of the page.

use std::io::{self, Write};

use super::markup::{host, link, shorten, text, tongue};
use crate::item::{Attachment, DateOrigin, MAX_SUMMARY, MAX_TITLE, Story};

/// So many characters of a summary are shown.
pub const SUMMARY: usize = 280;
/// So many authors, tags, attachments and sources of the same story are named.
pub const NAMED: usize = 3;

/// Writes a story of the source with this number; `more` is what stands below it ([`more`]).
pub(super) fn write(
    story: &Story,
    source: Option<usize>,
    more: &[u8],
    out: &mut dyn Write,
) -> io::Result<()> {
    match source {
        Some(source) => write!(out, "<li class=s{source}>")?,
        None => out.write_all(b"<li>")?,
    }
    headline(story, out)?;
    out.write_all(more)?;
    facts(story, out)?;
    out.write_all(b"\n")
}

fn headline(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let item = &story.item;
    let title = title(story);
    out.write_all(b"<h3")?;
    tongue(title, item.rare().language.as_deref(), out)?;
    out.write_all(b">")?;
    let linked = link(item.external_url.as_deref().or(item.url.as_deref()), out)?;
    let (title, cut) = match item.title.trim().is_empty() {
        true => shorten(title, SUMMARY),
        false => (title, false),
    };
    text(title, MAX_TITLE, out)?;
    out.write_all(if cut { "…".as_bytes() } else { b"" })?;
    out.write_all(if linked { b"</a></h3>" } else { b"</h3>" })
}

/// The title, or what may stand for it: posts and photographs often have none.
fn title(story: &Story) -> &str {
    let item = &story.item;
    let words = [Some(&*item.title), item.summary.as_deref(), item.url.as_deref(), Some(&*item.id)];
    words.into_iter().flatten().find(|text| !text.trim().is_empty()).unwrap_or("untitled")
}

/// The summary with who wrote it and what it is about: as HTML, empty if there is nothing to say.
///
/// # Errors
/// None but those of writing to memory.
pub(super) fn more(story: &Story, out: &mut Vec<u8>) -> io::Result<()> {
    let item = &story.item;
    // Where there is no title the summary stands for it already.
    let summary = item.summary.as_deref().filter(|_| !item.title.trim().is_empty());
    if let Some(summary) = summary.filter(|summary| !summary.trim().is_empty()) {
        let (words, cut) = shorten(summary.trim(), SUMMARY);
        out.write_all(b"<p class=t")?;
        tongue(words, item.rare().language.as_deref(), out)?;
        out.write_all(b">")?;
        text(words, MAX_SUMMARY, out)?;
        out.write_all(if cut { "…".as_bytes() } else { b"" })?;
    }
    let authors = item.authors.iter().take(NAMED).map(|author| ("", author));
    let tags = item.tags.iter().take(NAMED).map(|tag| ("#", tag));
    let mut before: &[u8] = b"<p class=b>";
    for (mark, name) in authors.chain(tags).filter(|(_, name)| !name.trim().is_empty()) {
        out.write_all(before)?;
        out.write_all(mark.as_bytes())?;
        text(name, MAX_TITLE, out)?;
        before = " · ".as_bytes();
    }
    Ok(())
}

/// Where it is from, when, what people said of it, and who else has it.
fn facts(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let (item, rare) = (&story.item, story.item.rare());
    out.write_all(b"<p><b>")?;
    text(if story.source.is_empty() { "-" } else { &story.source }, MAX_TITLE, out)?;
    out.write_all(b"</b>")?;
    // What parts the facts that every story has is in the style.
    if let Some(date) = story.date() {
        // A date that the feed did not tell is no date of publication.
        let seen = if story.date_origin == DateOrigin::Feed { "" } else { "seen " };
        // The day is told by the heading above it.
        write!(out, " {seen}<time>{}</time>", date.utc("%H:%M"))?;
    }
    if let Some(host) = item.external_url.as_deref().and_then(host) {
        out.write_all(" · ".as_bytes())?;
        text(host, MAX_TITLE, out)?;
    }
    discussion(story, out)?;
    for attachment in rare.attachments.iter().take(NAMED) {
        enclosure(attachment, out)?;
    }
    for (index, also) in story.also.iter().take(NAMED).enumerate() {
        out.write_all(if index == 0 { " · also ".as_bytes() } else { b", " })?;
        let linked = link(also.url.as_deref(), out)?;
        text(&also.source, MAX_TITLE, out)?;
        out.write_all(if linked { b"</a>" } else { b"" })?;
    }
    if story.also.len() > NAMED {
        write!(out, " and {} more", story.also.len() - NAMED)?;
    }
    Ok(())
}

/// Score and comments, with a link to where they are if the headline leads elsewhere.
fn discussion(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    let (item, rare) = (&story.item, story.item.rare());
    let score = rare.score.map(|score| (score.to_string(), "point", score == 1));
    let comments = rare.comments.map(|count| (count.to_string(), "comment", count == 1));
    let page = item.url.as_deref().filter(|_| item.external_url.is_some());
    if score.is_none() && comments.is_none() && page.is_none() {
        return Ok(());
    }
    out.write_all(" · ".as_bytes())?;
    let linked = link(page, out)?;
    let mut between = "";
    for (count, noun, one) in [&score, &comments].into_iter().flatten() {
        write!(out, "{between}{count} {noun}{}", if *one { "" } else { "s" })?;
        between = ", ";
    }
    if between.is_empty() {
        out.write_all(b"discussion")?;
    }
    out.write_all(if linked { b"</a>" } else { b"" })
}

/// Sound, film or a document: its kind, length and size.
fn enclosure(attachment: &Attachment, out: &mut dyn Write) -> io::Result<()> {
    let mut markup = Vec::new();
    if !link(Some(&attachment.url), &mut markup)? {
        return Ok(());
    }
    out.write_all(" · ".as_bytes())?;
    out.write_all(&markup)?;
    let kind = attachment.mime_type.split('/').next().unwrap_or_default();
    out.write_all(match kind {
        "audio" => b"audio",
        "video" => b"video",
        "image" => b"picture",
        _ => b"file",
    })?;
    if let Some(seconds) = attachment.duration {
        let minutes = seconds.saturating_add(30) / 60;
        match minutes {
            0 => write!(out, ", {seconds} s")?,
            1..60 => write!(out, ", {minutes} min")?,
            _ => write!(out, ", {} h {:02} min", minutes / 60, minutes % 60)?,
        }
    }
    if let Some(size) = attachment.size {
        // Tenths of a megabyte, rounded.
        let tenths = size.saturating_add(50_000) / 100_000;
        write!(out, ", {}.{} MB", tenths / 10, tenths % 10)?;
    }
    out.write_all(b"</a>")
}
