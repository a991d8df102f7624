//! How long all polls of a source took, counted by spans: what a histogram is made of.

use crate::pack::{Reader, number};

/// Where the spans end, milliseconds, inclusive; the last span has no end. They never change: what
/// the journal has counted was counted by them.
pub const SPANS_MS: [u32; 10] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000];

/// Polls by how long they took. Polls that an older program put into its totals are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// The sum, then the counts without the zeros at their end.
pub(super) fn write(times: &Times, out: &mut Vec<u8>) {
    number(times.sum_ms, out);
    let told = times.counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    times.counts[..told].iter().for_each(|count| number((*count).into(), out));
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Times> {
    let mut times = Times { sum_ms: reader.number()?, ..Times::default() };
    for count in &mut times.counts {
        if reader.0.is_empty() {
            return Some(times);
        }
        *count = u32::try_from(reader.number()?).ok()?;
    }
    reader.0.is_empty().then_some(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(all: &[u32]) -> Times {
        let mut times = Times::default();
        all.iter().for_each(|ms| times.count(*ms));
        times
    }

    #[test]
    fn a_poll_falls_into_the_first_span_that_is_long_enough() {
        let times = times(&[0, 50, 51, 60_000, 60_001, u32::MAX]);
        assert_eq!(times.counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(times.sum_ms, 50 + 51 + 60_000 + 60_001 + u64::from(u32::MAX));
    }

    #[test]
    fn they_come_back_from_few_bytes() {
        for (all, bytes) in [(&[][..], 1), (&[20], 2), (&[20, 400, 700], 7), (&[u32::MAX], 16)] {
            let mut written = Vec::new();
            write(&times(all), &mut written);
            assert_eq!(written.len(), bytes, "{all:?}");
            assert_eq!(read(&mut Reader(&written)), Some(times(all)));
        }
    }

    #[test]
    fn a_damaged_record_is_none() {
        let too_many = [1; SPANS_MS.len() + 3];
        assert_eq!(read(&mut Reader(&too_many)), None);
        assert!(read(&mut Reader(&too_many[1..])).is_some());
        for record in [&[][..], &[0x80], &[0, 0x80], &[0, 0xff, 0xff, 0xff, 0xff, 0x7f]] {
            assert_eq!(read(&mut Reader(record)), None, "{record:?}");
        }
    }
}
