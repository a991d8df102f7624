//! How far a round is, for who looks on while it runs: the round says so, and waits for nobody.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which of the sources that are asked have nothing more to wait for.
#[derive(Debug, Default)]
pub struct Board(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    name: String,
    done: bool,
}

/// What a look at the board showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// So many sources are done …
    pub done: usize,
    /// … of so many.
    pub all: usize,
    /// The first of the others.
    pub waiting: Vec<String>,
}

impl Board {
    /// A round asks the sources of these names.
    pub fn begin(&self, names: impl Iterator<Item = String>) {
        *self.entries() = names.map(|name| Entry { name, done: false }).collect();
    }

    /// How a source stands, as the round counts them.
    pub(super) fn note(&self, source: usize, done: bool) {
        if let Some(entry) = self.entries().get_mut(source) {
            entry.done = done;
        }
    }

    /// How far the round is, with at most so many names.
    pub fn look(&self, names: usize) -> Glance {
        let entries = self.entries();
        let waiting = || entries.iter().filter(|entry| !entry.done);
        Glance {
            done: entries.len() - waiting().count(),
            all: entries.len(),
            waiting: waiting().take(names).map(|entry| entry.name.clone()).collect(),
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
