//! Sources that are read, not asked: files and stdin.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::config::{Config, Place};
use crate::failure::Failure;
use crate::http::{Document, Request, Url};
use crate::source::{Page, Source, unreadable};
use crate::store;

/// One document to be read.
#[derive(Debug)]
pub(super) struct Local {
    /// Of the source, as the config counts.
    pub index: usize,
    place: Place,
    source: Arc<dyn Source>,
    max_body: u64,
}

/// What there is to read.
pub(super) fn locals(config: &Config) -> Vec<Local> {
    let local = |(index, source): (usize, &crate::config::SourceConfig)| match source.place {
        Place::File(_) | Place::Stdin => Some(Local {
            index,
            place: source.place.clone(),
            source: source.source.clone()?,
            max_body: source.options.max_body,
        }),
        Place::Network => None,
    };
    config.sources.iter().enumerate().filter_map(local).collect()
}

impl Local {
    /// Reads it; may block for as long as a pipe says nothing.
    pub(super) fn read(self) -> Result<Page, Failure> {
        let (bytes, url) = match &self.place {
            Place::File(path) => (store::read(path, self.max_body), file_url(path)),
            _ => (store::read_all(io::stdin().lock(), self.max_body), None),
        };
        // The source is named by its file: the name need not be said again.
        let body = bytes.map_err(|error| unreadable(store::plainly(&error)))?;
        let url = match url {
            Some(url) => url,
            None => {
                Url::parse("file:///dev/stdin").map_err(|error| unreadable(error.to_string()))?
            }
        };
        // Relative links in a file lead nowhere: nobody said where it is from.
        let document = Document { url: None, content_type: None, body: &body };
        self.source.read(&Request::get(url), &document)
    }
}

fn file_url(path: &Path) -> Option<Url> {
    Url::from_file_path(std::path::absolute(path).ok()?).ok()
}
