//! A calendar that is set while the machine is up: what was noted before is put right by the time
//! that the machine itself has counted since.
//!
//! What belongs to this boot is known by its time alone: it lies between the boot and now, as the
//! calendar stood. What was noted in another boot stays as it is.

use serde::{Deserialize, Serialize};

use super::{Known, SHOWN};
use crate::time::Moment;

/// Two looks at both clocks, in whole seconds each, may differ by this without anybody having set the
/// calendar.
pub const UNSET: i64 = 2;

/// No calendar that was right when this program first remembered anything: 2026-11-21. Other than
/// [`crate::backoff::BUILT`] it stays what it is: what an older release noted is no less right.
pub const FIRST_NOTE: i64 = 1_795_219_200;

/// How the calendar stood at one moment of one boot.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Stand {
    /// What the calendar said, seconds since 1970.
    pub at: i64,
    /// Which boot it was; 0 if that is not known: then nothing is put right.
    pub boot: u64,
    /// How long ago that was, seconds.
    pub up: u64,
}

impl Stand {
    /// As it stands at a moment.
    pub fn of(moment: &Moment) -> Stand {
        Stand { at: moment.wall.unix(), boot: moment.boot, up: moment.up.as_secs() }
    }

    /// What the calendar has for the beginning of the boot.
    fn began(&self) -> i64 {
        self.at.saturating_sub(i64::try_from(self.up).unwrap_or(i64::MAX))
    }

    /// Whether `later` is of the same boot and by the same calendar.
    pub fn holds(&self, later: &Stand) -> bool {
        self.boot == later.boot && (self.boot == 0 || self.step(later).is_none())
    }

    /// How the calendar was set between this and a later stand in the same boot; `None` if it was not,
    /// or if nobody knows.
    pub fn step(&self, later: &Stand) -> Option<Step> {
        let by = later.began().checked_sub(self.began())?;
        if self.boot != later.boot || self.boot == 0 || by.abs() <= UNSET {
            return None;
        }
        let (from, to) = (self.began(), later.at.saturating_sub(by));
        Some(Step {
            from: from.saturating_sub(UNSET),
            to: to.saturating_add(UNSET),
            by,
            now: later.at,
        })
    }
}

/// The calendar was set: what it called `from` to `to` is another time now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    from: i64,
    to: i64,
    by: i64,
    now: i64,
}

impl Step {
    /// A time that is there to be compared with now.
    pub(super) fn passed(&self, at: i64) -> i64 {
        match (self.from..=self.to).contains(&at) {
            true => at.saturating_add(self.by),
            false => at,
        }
    }

    /// A time that documents show: they do not change with the calendar, unless what they show cannot
    /// be. A calendar that is wrong itself puts nothing right.
    fn shown(&self, at: i64) -> i64 {
        let wrong = at < FIRST_NOTE || at > self.now;
        if wrong && self.now >= FIRST_NOTE { self.passed(at) } else { at }
    }
}

impl Known {
    /// What was noted by a calendar that was set since.
    pub(super) fn put_right(&mut self, step: &Step) {
        let totals = &mut self.totals;
        if totals.asked > 0 {
            let asked = step.passed(totals.asked);
            // What a server asked for counts from when it was asked.
            if totals.wait_until > 0 {
                totals.wait_until = totals.wait_until.saturating_add(asked - totals.asked);
            }
            totals.asked = asked;
        }
        if totals.answered > 0 {
            totals.answered = step.passed(totals.answered);
        }
        if let Some(illness) = &mut self.illness {
            illness.since = step.passed(illness.since);
        }
        if let Some(moved) = &mut self.moved {
            moved.first = step.passed(moved.first);
        }
        for item in &mut self.items {
            item.head.first_seen = step.shown(item.head.first_seen);
            if item.gone != SHOWN {
                item.gone = step.shown(item.gone);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = FIRST_NOTE + 43_200;
    const YEAR: i64 = 366 * 86_400;

    fn stand(at: i64, boot: u64, up: u64) -> Stand {
        Stand { at, boot, up }
    }

    #[test]
    fn only_a_calendar_that_was_set_within_a_boot_puts_anything_right() {
        let first = stand(NOON, 7, 100);
        for later in
            [stand(NOON + 500, 7, 600), stand(NOON + 502, 7, 600), stand(NOON + 498, 7, 600)]
        {
            assert_eq!(first.step(&later), None, "{later:?}");
            assert!(first.holds(&later), "{later:?}");
        }
        for later in [stand(NOON + YEAR, 8, 600), stand(NOON + YEAR, 0, 600)] {
            assert_eq!(first.step(&later), None, "{later:?}");
            assert!(!first.holds(&later), "{later:?}");
        }
        assert!(stand(NOON, 0, 5).holds(&stand(NOON + YEAR, 0, 9)), "nobody knows");
        let step = first.step(&stand(NOON + YEAR + 500, 7, 600)).unwrap();
        for (at, right) in [
            (NOON, NOON + YEAR),
            (NOON + 500, NOON + YEAR + 500),
            (NOON - 100, NOON - 100 + YEAR),
            (NOON - 103, NOON - 103),
            (NOON + 503, NOON + 503),
        ] {
            assert_eq!(step.passed(at), right, "{at}");
            assert_eq!(step.shown(at), at, "that is no reason to show another time");
        }
    }

    #[test]
    fn what_is_shown_is_put_right_only_where_it_cannot_be_and_by_a_calendar_that_can() {
        let begun = stand(300, 7, 300);
        let step = begun.step(&stand(NOON, 7, 900)).unwrap();
        assert_eq!((step.shown(300), step.passed(300)), (NOON - 600, NOON - 600));
        let step = stand(NOON, 7, 900).step(&stand(300, 7, 1_200)).unwrap();
        assert_eq!((step.shown(NOON), step.passed(NOON)), (NOON, 0));
        let step = stand(NOON + YEAR, 7, 900).step(&stand(NOON, 7, 960)).unwrap();
        assert_eq!(step.shown(NOON + YEAR), NOON - 60);
        assert_eq!(step.shown(NOON + 2 * YEAR), NOON + 2 * YEAR, "it was not this boot");
    }
}
