//! Any RSS, Atom or JSON feed: the format is found out, never asked.

use crate::http::Url;

/// A feed at a URL.
#[derive(Clone, Debug)]
pub struct FeedSource {
    /// Where it is. `None` for a file or stdin, which are read, not asked for.
    pub url: Option<Url>,
    /// Asked in order when the one before fails.
    pub fallback: Vec<Url>,
}
