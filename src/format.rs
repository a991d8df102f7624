//! Formats: text to items and back, a file each.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::Document;
use crate::item::{Item, MAX_ITEMS, Story, Text, bound};
use crate::time::Timestamp;

pub mod atom;
mod content;
mod elements;
pub mod html;
pub mod jsonfeed;
pub mod jsonl;
mod markup;
mod media;
mod names;
pub mod opml;
mod pace;
pub mod prometheus;
pub mod rss;
mod sniff;
pub mod sse;
pub mod text;
pub mod tsv;

pub use names::entry_id;

pub(crate) use elements::{bounded_id, complete, hashed};
pub(crate) use markup::escaped;

/// What wrote a document, for those who meet it in one.
const ABOUT: &str = "https://github.com/newsagg/newsagg";

/// What a document of a known format holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feed {
    /// `rss`, `atom`, `jsonfeed`, … with the version where it is told: `rss 2.0`.
    pub format: Text,
    /// Plain text; may be empty.
    pub title: Text,
    /// In document order.
    pub items: Vec<Item>,
    /// Entries that were recognised and left out.
    pub skipped: usize,
    /// Of these, the oldest of more than [`MAX_ITEMS`].
    pub left_out: usize,
    /// The document ended early: its whole items are here, its validators are not to be kept.
    pub partial: bool,
    /// How often its publisher wants to be asked.
    pub pace: Pace,
}

/// How often a publisher wants to be asked, as the document says it; nothing is bounded yet.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Pace {
    /// Not more often than this: RSS `ttl`, `sy:updatePeriod` by `sy:updateFrequency`; the longer
    /// where both are told. Never zero.
    pub every: Option<Duration>,
    /// Hours of the day, GMT, when not to ask: bit 0 is midnight to one (RSS `skipHours`). Never
    /// all of them.
    pub skip_hours: u32,
    /// Days of the week, GMT, when not to ask: bit 0 is Monday (RSS `skipDays`). Never all of them.
    pub skip_days: u8,
}

impl Feed {
    /// Takes an entry that was just read. Without its end nobody knows what it would have said.
    fn push(&mut self, item: Option<Item>, ended: bool) {
        match item {
            _ if !ended => {}
            Some(item) => {
                self.items.push(item);
                // Not one by one: each time, all of them are looked at.
                if self.items.len() >= 2 * MAX_ITEMS {
                    self.bound();
                }
            }
            None => self.skipped += 1,
        }
    }

    /// Leaves out all but the newest [`MAX_ITEMS`].
    fn bound(&mut self) {
        let left_out = bound(&mut self.items);
        self.skipped += left_out;
        self.left_out += left_out;
    }
}

/// Finds out the format of a feed, and reads it.
///
/// The error says what the document is instead, for people.
pub fn read(document: &Document<'_>) -> Result<Feed, String> {
    let text = crate::decode::decode(document.body, document.content_type);
    sniff::read(&text, document.url)
}

/// The merged feed, as every output format writes it.
#[derive(Clone, Debug)]
pub struct Merged<'a> {
    /// The output's title.
    pub title: &'a str,
    /// One for each source of this output, in the order of the config.
    pub sources: &'a [SourceHealth],
    /// The date of its newest story, if there is any.
    pub newest: Option<Timestamp>,
    /// Newest first.
    pub stories: &'a dyn Stories,
}

/// Stories one after the other, wherever they lie.
pub trait Stories {
    /// Shows each story to `visit`, in order, until that fails.
    ///
    /// # Errors
    /// What `visit` said, or what fetching a story said.
    fn each(&self, visit: &mut dyn FnMut(&Story) -> io::Result<()>) -> io::Result<()>;
}

impl std::fmt::Debug for dyn Stories + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stories")
    }
}

impl Stories for Vec<Story> {
    fn each(&self, visit: &mut dyn FnMut(&Story) -> io::Result<()>) -> io::Result<()> {
        self.iter().try_for_each(visit)
    }
}

/// How a source stands, for the document (`interface.md` §4, `_newsagg.sources`).
#[derive(Clone, Debug, PartialEq)]
pub struct SourceHealth {
    /// As in the config.
    pub name: String,
    /// As in the config.
    pub kind: &'static str,
    /// How it stands.
    pub state: State,
    /// Since when it stands so, unless it is well.
    pub since: Option<Timestamp>,
    /// Why, unless it is well.
    pub error: Option<String>,
    /// Until when it is left alone, if it is [`State::Limited`].
    pub until: Option<Timestamp>,
    /// The address of its feed, without secrets; `None` for what is no feed on the web.
    pub feed: Option<String>,
    /// As in the config.
    pub tags: Vec<String>,
}

/// How a source stands. The journal tells a state by its place here.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum State {
    /// Its news is here.
    Ok,
    /// It failed, and its last items are shown.
    Stale,
    /// It failed, and there is nothing to show.
    Failed,
    /// A quota or the round's deadline put it off.
    Limited,
    /// It said that it is gone.
    Off,
}

impl State {
    /// As the document says it.
    pub fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Stale => "stale",
            State::Failed => "failed",
            State::Limited => "limited",
            State::Off => "off",
        }
    }
}

/// The formats that outputs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Feed 1.1.
    JsonFeed,
    /// One item a line, as in JSON Feed.
    Jsonl,
    /// Atom, RFC 4287.
    Atom,
    /// RSS 2.0.
    Rss,
    /// sfeed(5).
    Tsv,
    /// One page for a browser.
    Html,
    /// The feeds themselves, OPML 2.0.
    Opml,
    /// For people, on a terminal.
    Text,
}

/// What only a terminal needs to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
    /// Columns to cut lines to; `None` means uncut.
    pub width: Option<usize>,
    /// Links as OSC 8 hyperlinks.
    pub links: bool,
    /// Ages instead of dates, as seen from here.
    pub ages: Option<Timestamp>,
}

impl Format {
    /// Writes the merged feed. The same input gives the same bytes.
    pub fn write(
        self,
        merged: &Merged<'_>,
        style: Style,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self {
            Format::JsonFeed => jsonfeed::write(merged, out),
            Format::Jsonl => jsonl::write(merged, out),
            Format::Atom => atom::write(merged, out),
            Format::Rss => rss::write(merged, out),
            Format::Tsv => tsv::write(merged, out),
            Format::Html => html::write(merged, out),
            Format::Opml => opml::write(merged, out),
            Format::Text => text::write(merged, style, out),
        }
    }
}
