//! What servers said is left.

use std::time::Duration;

use super::log::{Millis, NEVER};

/// No server's word holds for longer than this.
pub const MAX_RESET: Duration = Duration::from_secs(7 * 86_400);
/// A server that says what is left, but not until when, and an account without windows: so long.
pub const USUAL_RESET: Duration = Duration::from_secs(3600);
/// So many words are kept apart for an account (a minute's and a day's, say); more become one.
pub const MAX_WORDS: usize = 4;

/// No more than `left` requests until `until`.
#[derive(Clone, Copy, Debug, Hash, PartialEq)]
pub(super) struct Word {
    pub left: u32,
    pub until: Millis,
}

/// Words that all hold, in the order of their ends. None is implied by another.
#[derive(Debug, Default, Hash)]
pub(super) struct Words(Vec<Word>);

impl Words {
    pub fn hear(&mut self, word: Word, now: Millis) {
        self.0.retain(|old| old.until > now);
        let implied = |by: &Word, word: &Word| by.left <= word.left && by.until >= word.until;
        if word.until <= now || self.0.iter().any(|old| implied(old, &word)) {
            return;
        }
        self.0.retain(|old| !implied(&word, old));
        let place = self.0.partition_point(|old| old.until < word.until);
        self.0.insert(place, word);
        if self.0.len() > MAX_WORDS {
            self.join_closest();
        }
    }

    /// Words that end at nearly the same time are most likely about the same window.
    fn join_closest(&mut self) {
        let gaps = self.0.windows(2).map(|pair| pair[1].until - pair[0].until);
        let closest = gaps.enumerate().min_by_key(|(_, gap)| *gap).map_or(0, |(index, _)| index);
        let earlier = self.0.remove(closest);
        if let Some(later) = self.0.get_mut(closest) {
            later.left = later.left.min(earlier.left);
        }
    }

    pub fn spend(&mut self, count: u32) {
        self.0.iter_mut().for_each(|word| word.left = word.left.saturating_sub(count));
    }

    /// How many they let out at `now`, if they say anything about it.
    pub fn left(&self, now: Millis) -> Option<u32> {
        self.live(now).map(|word| word.left).min()
    }

    /// When they let the next one out; `None` if they hold nothing back at `now`.
    pub fn free_at(&self, now: Millis) -> Option<Millis> {
        self.live(now).filter(|word| word.left == 0).map(|word| word.until).max()
    }

    /// When the last of them ends.
    pub fn end(&self) -> Millis {
        self.0.last().map_or(-NEVER, |word| word.until)
    }

    pub fn live(&self, now: Millis) -> impl Iterator<Item = &Word> {
        self.0.iter().filter(move |word| word.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: &[(u32, Millis)]) -> Vec<(u32, Millis)> {
        let mut all = Words::default();
        words.iter().for_each(|(left, until)| all.hear(Word { left: *left, until: *until }, 0));
        all.0.iter().map(|word| (word.left, word.until)).collect()
    }

    #[test]
    fn a_word_that_another_implies_is_not_kept() {
        assert_eq!(heard(&[(5, 10), (7, 9)]), [(5, 10)]);
        assert_eq!(heard(&[(7, 9), (5, 10)]), [(5, 10)]);
        assert_eq!(heard(&[(400, 86_400), (9, 60)]), [(9, 60), (400, 86_400)]);
        assert_eq!(heard(&[(5, 0)]), []);
    }

    #[test]
    fn more_words_than_the_bound_become_one_that_is_no_looser() {
        let many = [(1, 10), (2, 20), (3, 600), (4, 605), (9, 3600)];
        assert_eq!(many.len(), MAX_WORDS + 1);
        assert_eq!(heard(&many), [(1, 10), (2, 20), (3, 605), (9, 3600)]);
    }
}
