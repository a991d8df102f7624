//! How long all polls of a source took, counted by spans: what a histogram is made of.

use serde::{Deserialize, Serialize};

/// Where the spans end, milliseconds, inclusive; the last span has no end. They never change: what
/// the journal has counted was counted by them.
pub const SPANS_MS: [u32; 10] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// Polls by how long they took.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Times {
    /// How many fell into each span and into none before it.
    pub counts: [u32; SPANS_MS.len() + 1],
    /// How long they took together, milliseconds.
    pub sum_ms: u64,
}

impl Times {
    /// Counts one poll.
    pub(super) fn count(&mut self, ms: u32) {
        let span = SPANS_MS.partition_point(|end| *end < ms);
        self.counts[span] = self.counts[span].saturating_add(1);
        self.sum_ms = self.sum_ms.saturating_add(ms.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_falls_into_the_first_span_that_is_long_enough() {
        let mut times = Times::default();
        [0, 50, 51, 60_000, 60_001, u32::MAX].into_iter().for_each(|ms| times.count(ms));
        assert_eq!(times.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(times.sum_ms, 50 + 51 + 60_000 + 60_001 + u64::from(u32::MAX));
    }
}
