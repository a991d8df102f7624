//! Made-up news. No such town, ferry, person or publisher exists.

use serde::Deserialize;

/// One story of a publisher.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Tale<'a> {
    pub section: &'a str,
    pub title: &'a str,
    pub summary: &'a str,
    pub author: &'a str,
}

/// One publisher and its stories.
#[derive(Debug, Deserialize)]
pub(super) struct Publisher<'a> {
    pub name: &'a str,
    /// The name of its feed beneath `/feeds/`.
    pub feed: &'a str,
    pub host: &'a str,
    #[serde(borrow)]
    pub tales: Vec<Tale<'a>>,
}

/// A title and a text.
pub(super) type Discussion<'a> = (&'a str, &'a str);

/// All of it, as `stories.json` has it.
#[derive(Debug, Deserialize)]
pub(super) struct News<'a> {
    /// Those with feeds of their own.
    #[serde(borrow)]
    pub publishers: Vec<Publisher<'a>>,
    /// The publisher of the web's Guardian.
    pub lookout: Publisher<'a>,
    /// Discussions without a link on the web's Hacker News.
    pub discussions: Vec<Discussion<'a>>,
}

impl News<'static> {
    /// Reads the file that is part of the program.
    pub(super) fn read() -> News<'static> {
        let text = include_str!("stories.json");
        serde_json::from_str(text).expect("the project's own file, without escapes")
    }
}
