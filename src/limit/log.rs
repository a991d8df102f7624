//! Departures of one account, in bounded space.
//!
//! Times are milliseconds from the start of this process; earlier ones lie before 0.

use std::time::Duration;

use crate::source::Window;

/// Milliseconds since the process began.
pub(super) type Millis = i64;

/// Later than anything that can happen, and safe to add to.
pub(super) const NEVER: Millis = i64::MAX / 4;

/// A window that counts more than this is kept in steps of its span by this.
pub const GRAINS: u32 = 128;
/// No account remembers more steps than this; beyond it the oldest become one.
pub const MAX_STEPS: usize = 1024;

/// Departures that count as one instant: the latest of them.
#[derive(Clone, Copy, Debug, Hash, PartialEq)]
pub(super) struct Step {
    pub at: Millis,
    /// How long before `at` the first of them was.
    pub span: Millis,
    pub count: u32,
}

/// Steps in order of time.
#[derive(Debug, Default, Hash)]
pub(super) struct Log {
    steps: Vec<Step>,
}

impl Log {
    pub fn of(mut steps: Vec<Step>) -> Log {
        steps.sort_by_key(|a| a.at);
        Log { steps }
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub fn last(&self) -> Option<Millis> {
        self.steps.last().map(|step| step.at)
    }

    pub fn push(&mut self, at: Millis, count: u32, windows: &[Window]) {
        let at = at.max(self.last().unwrap_or(at));
        match self.steps.last_mut() {
            Some(last) if last.at == at => last.count = last.count.saturating_add(count),
            _ => self.steps.push(Step { at, span: 0, count }),
        }
        // Twice the grains is what a full window comes to: a shorter log stays exact.
        if self.steps.len() > 2 * GRAINS as usize {
            self.tidy(windows, at);
        }
    }

    /// Takes back one of those that left at `at`.
    pub fn take_back(&mut self, at: Millis) {
        let theirs = |step: &&mut Step| (step.at - step.span..=step.at).contains(&at);
        if let Some(step) = self.steps.iter_mut().rfind(theirs) {
            step.count = step.count.saturating_sub(1);
        }
        self.steps.retain(|step| step.count > 0);
    }

    /// Drops what left at `at` or before.
    pub fn forget(&mut self, at: Millis) {
        self.steps.retain(|step| step.at > at);
    }

    /// How many left within `per` before `now`.
    pub fn spent(&self, per: Duration, now: Millis) -> u32 {
        let since = now - millis(per);
        let recent = self.steps.iter().rev().take_while(|step| step.at > since);
        recent.fold(0, |sum, step| sum.saturating_add(step.count))
    }

    /// When `window` lets the next one out; `None` if nothing holds it back. `more` left as well,
    /// all at one time.
    pub fn free_at(&self, window: &Window, more: Option<Step>) -> Option<Millis> {
        if window.count == 0 {
            return Some(NEVER);
        }
        let mut more = more;
        let mut sum = 0;
        for step in self.steps.iter().rev() {
            if let Some(other) = more.take_if(|other| other.at >= step.at) {
                sum += u64::from(other.count);
                if sum >= u64::from(window.count) {
                    return Some(other.at.saturating_add(millis(window.per)));
                }
            }
            sum += u64::from(step.count);
            if sum >= u64::from(window.count) {
                return Some(step.at.saturating_add(millis(window.per)));
            }
        }
        let other = more?;
        sum += u64::from(other.count);
        (sum >= u64::from(window.count)).then(|| other.at.saturating_add(millis(window.per)))
    }

    /// Merges neighbours that no window tells apart, into the later one: never too few are
    /// counted, and none for longer than a grain too long.
    fn tidy(&mut self, windows: &[Window], now: Millis) {
        let mut kept: Vec<Step> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            match kept.last_mut() {
                Some(last) if step.at - (last.at - last.span) <= grain(windows, now - step.at) => {
                    *last = joined(last, step);
                }
                _ => kept.push(*step),
            }
        }
        let surplus = kept.len().saturating_sub(MAX_STEPS);
        for index in 1..=surplus {
            kept[index] = joined(&kept[index - 1], &kept[index]);
        }
        kept.drain(..surplus);
        self.steps = kept;
    }
}

fn joined(earlier: &Step, later: &Step) -> Step {
    Step {
        at: later.at,
        span: later.at - (earlier.at - earlier.span),
        count: earlier.count.saturating_add(later.count),
    }
}

/// How far apart departures of this age may lie and still be one step: what the finest of the
/// windows that still look at them allows.
fn grain(windows: &[Window], age: Millis) -> Millis {
    let looking = windows.iter().filter(|window| millis(window.per) > age);
    let grain = |window: &Window| match window.count > GRAINS {
        true => millis(window.per) / i64::from(GRAINS),
        // It never sees more steps than it counts.
        false => 0,
    };
    looking.map(grain).min().unwrap_or(0)
}

/// Whole milliseconds, rounded up.
pub(super) fn millis(span: Duration) -> Millis {
    millis_before(span.saturating_add(Duration::from_nanos(999_999)))
}

/// Whole milliseconds, rounded down.
pub(super) fn millis_before(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(NEVER).min(NEVER)
}

/// As the clock counts; what lies before the process is its beginning.
pub(super) fn duration(at: Millis) -> Duration {
    if at >= NEVER {
        return Duration::MAX;
    }
    Duration::from_millis(u64::try_from(at).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(count: u32, seconds: u64) -> Window {
        Window { count, per: Duration::from_secs(seconds) }
    }

    #[test]
    fn five_thousand_in_an_hour_are_a_few_hundred_steps_and_none_is_counted_too_briefly() {
        let windows = [window(5000, 3600)];
        let mut log = Log::default();
        let mut truth: Vec<Millis> = Vec::new();
        for n in 0..20_000_i64 {
            let at = n * 721;
            log.forget(at - 3_600_000);
            log.push(at, 1, &windows);
            truth.push(at);
            assert!(log.steps.len() <= 2 * GRAINS as usize + 2, "{} steps", log.steps.len());
            if n % 97 == 0 {
                let since = at - 3_600_000;
                let real = truth.iter().rev().take_while(|at| **at > since).count() as u32;
                let counted = log.spent(windows[0].per, at);
                assert!(counted >= real, "after {n}: {counted} of {real}");
                let more = 3_600_000 / i64::from(GRAINS) / 721 + 1;
                assert!(i64::from(counted - real) <= more, "after {n}: {counted} of {real}");
            }
        }
    }

    #[test]
    fn what_a_short_window_looks_at_stays_exact_beside_a_long_one() {
        let windows = [window(6, 60), window(5000, 3600)];
        let mut log = Log::default();
        for n in 0..600 {
            log.push(n * 10_000, 1, &windows);
        }
        let recent: Vec<Millis> = log.steps.iter().rev().take(6).map(|step| step.at).collect();
        assert_eq!(recent, [599, 598, 597, 596, 595, 594].map(|n| n * 10_000));
        assert_eq!(log.spent(windows[0].per, 5_990_000), 6);
        assert!(log.steps.len() < 600, "{}", log.steps.len());
    }

    #[test]
    fn more_steps_than_the_bound_become_one_that_is_the_later() {
        let mut log = Log::default();
        let last = MAX_STEPS as i64 + 9;
        for n in 0..=last {
            log.push(n, 1, &[window(100, 86_400)]);
        }
        assert_eq!(log.steps.len(), MAX_STEPS);
        assert_eq!(log.steps[0], Step { at: 10, span: 10, count: 11 });
        assert_eq!(log.last(), Some(last));
    }

    #[test]
    fn milliseconds_are_rounded_up_and_down_and_no_span_is_too_long() {
        assert_eq!(millis(Duration::from_micros(1001)), 2);
        assert_eq!(millis(Duration::from_millis(2)), 2);
        assert_eq!(millis_before(Duration::from_micros(1999)), 1);
        assert_eq!(duration(millis(Duration::MAX)), Duration::MAX);
        assert_eq!(duration(-5), Duration::ZERO);
    }
}
