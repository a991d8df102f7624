//! One sort for all that is not sorted often.
//!
//! The standard library's sort is made anew for each type and each comparison, at four kilobytes. This one sorts
//! places alone, and moves what lies there afterwards.

use std::cmp::Ordering;

/// Sorts so that `compare` finds nothing out of order; what it takes for equal stays in its order.
pub fn by<T>(items: &mut [T], compare: &dyn Fn(&T, &T) -> Ordering) {
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    places(&mut order, &|a, b| compare(&items[a as usize], &items[b as usize]));
    // Every cycle of the permutation by swaps, each of which brings one item to its place.
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let from = std::mem::replace(&mut order[at], at as u32) as usize;
            if from == start {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// Sorts what orders itself.
pub fn all<T: Ord>(items: &mut [T]) {
    by(items, &T::cmp);
}

/// Sorts places in something else; those that `compare` takes for equal stay in their order.
pub fn places(places: &mut [u32], compare: &dyn Fn(u32, u32) -> Ordering) {
    places.sort_by(|a, b| compare(*a, *b));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does_and_keeps_equals_in_their_order() {
        let mut seed = 1_u64;
        for count in (0..70).chain([500, 4_000]) {
            let mut next = |below: u64| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 33) % below
            };
            let items: Vec<(u64, usize)> = (0..count).map(|n| (next(20), n)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            let mut sorted = items;
            by(&mut sorted, &|a, b| a.0.cmp(&b.0));
            assert_eq!(sorted, expected, "{count}");
            all(&mut sorted);
            assert!(sorted.is_sorted(), "{count}");
        }
    }

    #[test]
    fn places_are_sorted_by_what_lies_there() {
        let words = ["pear", "apple", "plum", "fig"];
        let mut order = [2, 0, 3];
        places(&mut order, &|a, b| words[a as usize].cmp(words[b as usize]));
        assert_eq!(order, [3, 0, 2]);
    }
}
