//! Subscription lists: OPML 2.0, and what else goes by that name.
//! <https://opml.org/spec2.opml>

mod read;
mod tags;
mod write;

pub use read::{List, MAX_OUTLINES, Outline, read};
pub use write::{Subscription, export, write};
