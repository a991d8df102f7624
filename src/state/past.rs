//! When which request of the last round was under way, in some four bytes each.
//!
//! Instants are milliseconds since the round began. They are rounded, and what lies between two of
//! them is written: so nothing is lost where many short phases add up. Much of that is about as long
//! as it was for the request before, so the difference is what is written.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::Memory;
use super::record::Event;

/// So many requests of a round are remembered: those that took longest.
pub const MAX_SPELLS: usize = 1_000;

/// No round lasts longer: thirty days.
const LONGEST: u64 = 30 * 86_400_000;

/// Resolve, connect, TLS, first byte, body.
pub const PHASES: usize = 5;

/// Before the first of them, the wait; after the last, what belongs to none.
const PARTS: usize = PHASES + 2;

/// No record is longer: six numbers, then of each request its source, which of its parts took time, and
/// those, in at most ten bytes each.
const MAX_RECORD: usize = 6 * 10 + MAX_SPELLS * (2 + 1 + PARTS) * 10;

/// The last round that asked anybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When it began, seconds since 1970.
    pub at: i64,
    /// When its last answer was read.
    pub ended: u64,
    /// Until when it might have lasted.
    pub deadline: u64,
    /// So many requests it made, also those that are not remembered.
    pub requests: u64,
    /// How long all of them were on the wire, together.
    pub sum: u64,
    /// By source, then as they could have been sent.
    pub spells: Vec<Spell>,
}

/// One request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spell {
    /// The source's number.
    pub source: u32,
    /// When it could have been sent.
    pub ready: u64,
    /// When it was sent.
    pub start: u64,
    /// When each phase ended. One that did not happen ended with the one before.
    pub phases: [u64; PHASES],
    /// When the answer was whole, or failed.
    pub end: u64,
    /// Whether the source could read the answer.
    pub ok: bool,
}

impl Spell {
    /// The instants between which its parts lie.
    fn instants(&self) -> [u64; PARTS + 1] {
        let [resolve, connect, tls, first_byte, body] = self.phases;
        [self.ready, self.start, resolve, connect, tls, first_byte, body, self.end]
    }
}

/// The round as its record has it.
#[derive(Default, Deserialize, Serialize)]
struct PastRecord {
    at: i64,
    ended: u64,
    deadline: u64,
    requests: u64,
    sum: u64,
    /// The requests, each by its difference to the one before: small numbers take one byte.
    numbers: Vec<i64>,
}

/// The request before, by which the next one is told.
#[derive(Default)]
struct Before {
    source: u32,
    /// Its parts that took any time, a bit for each.
    which: u8,
    /// How long each part took when it last did.
    parts: [u64; PARTS + 1],
}

/// As a record.
pub(super) fn write(past: &Past) -> Vec<u8> {
    let mut before = Before::default();
    let (mut numbers, mut parts) = (Vec::new(), Vec::new());
    for spell in &past.spells {
        parts.clear();
        let (mut last, mut which) = (0, 0_u8);
        for (bit, instant) in spell.instants().into_iter().enumerate() {
            // What took no time is left out.
            if instant > last {
                which |= 1 << bit;
                let part = instant - last;
                parts.push(part.wrapping_sub(before.parts[bit]) as i64);
                (last, before.parts[bit]) = (instant, part);
            }
        }
        // Sources ascend: their steps are small.
        let step = i64::from(spell.source.saturating_sub(before.source));
        let other = which != before.which;
        numbers.push(step << 2 | i64::from(other) << 1 | i64::from(!spell.ok));
        numbers.extend(other.then_some(i64::from(which)));
        numbers.append(&mut parts);
        (before.source, before.which) = (spell.source, which);
    }
    let Past { at, ended, deadline, requests, sum, .. } = *past;
    let record = PastRecord { at, ended, deadline, requests, sum, numbers };
    // Only a list of unknown length is an error, and there is none.
    postcard::to_stdvec(&record).unwrap_or_default()
}

/// Reads what [`write()`] wrote.
pub(super) fn read(record: &[u8]) -> Option<Past> {
    let record: PastRecord = postcard::from_bytes(record).ok()?;
    let PastRecord { at, ended, deadline, requests, sum, numbers } = record;
    let [ended, deadline] = [ended, deadline].map(|n| n.min(LONGEST));
    let mut past = Past { at, ended, deadline, requests, sum, spells: Vec::new() };
    let mut before = Before::default();
    let mut numbers = numbers.into_iter();
    while let Some(head) = numbers.next().filter(|_| past.spells.len() < MAX_SPELLS) {
        before.source = before.source.checked_add(u32::try_from(head >> 2).ok()?)?;
        if head & 2 != 0 {
            before.which = u8::try_from(numbers.next()?).ok()?;
        }
        let (mut instants, mut last) = ([0; PARTS + 1], 0_u64);
        for (bit, instant) in instants.iter_mut().enumerate() {
            if before.which & 1 << bit != 0 {
                let part = &mut before.parts[bit];
                *part = part.wrapping_add(numbers.next()? as u64);
                last = last.saturating_add(*part).min(LONGEST);
            }
            *instant = last;
        }
        let [ready, start, phases @ .., end] = instants;
        let (source, ok) = (before.source, head & 1 == 0);
        past.spells.push(Spell { source, ready, start, phases, end, ok });
    }
    Some(past)
}

impl Memory {
    /// The last round that asked anybody, if it is remembered.
    pub fn past(&self) -> Option<Past> {
        read(&self.past).filter(|_| !self.past.is_empty())
    }

    /// Notes a round that asked somebody, in the place of the one before.
    pub fn pass(&mut self, mut past: Past) {
        let spells = &mut past.spells;
        let on_wire = |spell: &Spell| spell.end.saturating_sub(spell.start);
        if spells.len() > MAX_SPELLS {
            spells.sort_by_key(|spell| Reverse(on_wire(spell)));
            spells.truncate(MAX_SPELLS);
        }
        spells.sort_by_key(|a| (a.source, a.ready, a.start));
        let record = write(&past);
        self.note(&Event::Past(&record));
        self.past = record;
    }

    /// Takes a record of the journal. It is read when somebody asks for it.
    pub(super) fn learn_past(&mut self, record: &[u8]) {
        if record.len() <= MAX_RECORD {
            self.past.clear();
            self.past.extend_from_slice(record);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::backoff::scramble;

    fn read_again(past: &Past) -> (Option<Past>, usize) {
        let record = write(past);
        (read(&record), record.len())
    }

    fn past(spells: Vec<Spell>) -> Past {
        let requests = spells.len() as u64;
        Past { at: 1_795_240_800, ended: 512, deadline: 60_000, requests, sum: 9_876, spells }
    }

    fn spell(source: u32, instants: [u64; PARTS + 1], ok: bool) -> Spell {
        let [ready, start, phases @ .., end] = instants;
        Spell { source, ready, start, phases, end, ok }
    }

    #[test]
    fn a_round_comes_back_as_it_was() {
        for seed in 0..100_u64 {
            let mut luck = seed;
            let mut next = |below: u64| {
                luck = scramble(luck + 1);
                luck % below
            };
            let mut source = 0;
            let spells = (0..next(9)).map(|_| {
                source += next(200) as u32;
                let mut instant = 0;
                let instants = std::array::from_fn(|_| {
                    instant += [0, 0, 1, 499, 70_000][next(5) as usize];
                    instant
                });
                spell(source, instants, next(2) == 0)
            });
            let past = past(spells.collect());
            assert_eq!(read_again(&past).0, Some(past), "seed {seed}");
        }
        assert_eq!(read_again(&Past::default()).0, Some(Past::default()));
    }

    #[test]
    fn a_request_costs_as_few_bytes_as_it_had_phases() {
        let (_, empty) = read_again(&past(vec![]));
        let cost = |instants| read_again(&past(vec![spell(1, instants, true)])).1 - empty;
        assert_eq!(cost([0; PARTS + 1]), 1);
        assert_eq!(cost([0, 0, 0, 0, 0, 1, 1, 1]), 3);
        assert_eq!(cost([0, 0, 0, 0, 0, 500, 500, 500]), 4);
        assert_eq!(cost([0, 3, 4, 5, 6, 509, 511, 511]), 10);
        assert!(empty <= 14, "{empty}");
        let like = |n: u32| {
            let ms = u64::from(n % 50);
            spell(n, [0, ms, ms, ms, ms, 500 + 2 * ms, 501 + 2 * ms, 501 + 2 * ms], true)
        };
        let (_, all) = read_again(&past((0..200).map(like).collect()));
        assert!(all <= 200 * 4 + 30, "{all}");
    }

    #[test]
    fn of_too_many_requests_those_that_took_longest_are_kept() {
        let mut memory = Memory::default();
        assert_eq!(memory.past(), None);
        let took = |n: u64| [0, 0, 0, 0, 0, n, n, n];
        let all = (0..2 * MAX_SPELLS as u64).map(|n| spell(7, took(n), true));
        memory.pass(past(all.collect()));
        let kept = memory.past().unwrap();
        assert_eq!((kept.spells.len(), kept.requests), (MAX_SPELLS, 2 * MAX_SPELLS as u64));
        assert!(kept.spells.iter().all(|spell| spell.end >= MAX_SPELLS as u64));
        assert!(memory.past.len() <= MAX_RECORD);
    }

    #[test]
    fn a_damaged_record_is_none_and_a_long_one_is_cut() {
        let ages = past(vec![spell(1, [u64::MAX; PARTS + 1], true)]);
        let ages = read_again(&Past { ended: u64::MAX, deadline: u64::MAX, ..ages }).0.unwrap();
        assert_eq!([ages.ended, ages.deadline, ages.spells[0].end], [LONGEST; 3]);
        for numbers in [&[2][..], &[2, 1], &[2, 256], &[-4], &[i64::MAX]] {
            let record = PastRecord { numbers: numbers.into(), ..PastRecord::default() };
            assert_eq!(read(&postcard::to_stdvec(&record).unwrap()), None, "{numbers:?}");
        }
        for record in [&[][..], &[0x80], &[0, 0, 0, 0], &[0, 0, 0, 0, 0, 2, 0]] {
            assert_eq!(read(record), None, "{record:?}");
        }
        let endless = PastRecord { numbers: vec![0; 2 * MAX_SPELLS], ..PastRecord::default() };
        let endless = postcard::to_stdvec(&endless).unwrap();
        assert_eq!(read(&endless).unwrap().spells.len(), MAX_SPELLS);
        let mut memory = Memory::default();
        memory.learn_past(&vec![0; MAX_RECORD + 1]);
        assert_eq!(memory.past(), None);
    }
}
