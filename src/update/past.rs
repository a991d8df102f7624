//! The last round, on its way into the memory and out of it.

use std::time::Duration;

use crate::config::Config;
use crate::http::Timing;
use crate::round::{Round, Span};
use crate::state::{Memory, Past, Spell};
use crate::time::Timestamp;

/// Notes when which request was under way, unless nobody was asked or nobody could be.
pub(super) fn note(config: &Config, memory: &mut Memory, round: &Round, now: Timestamp) {
    if round.spans.is_empty() || round.line_down {
        return;
    }
    let on_wire = |span: &Span| span.end.saturating_sub(span.start);
    let mut spells = Vec::with_capacity(round.spans.len());
    for span in &round.spans {
        let source = memory.meet(&config.sources[span.source].memory);
        spells.push(spell_of(span, source, round.began));
    }
    memory.pass(Past {
        at: now.unix(),
        ended: milliseconds(round.ended.saturating_sub(round.began)),
        deadline: milliseconds(config.fetch.deadline),
        requests: spells.len() as u64,
        sum: milliseconds(round.spans.iter().map(on_wire).sum()),
        spells,
    });
}

fn spell_of(span: &Span, source: u32, began: Duration) -> Spell {
    let since = |at: Duration| milliseconds(at.saturating_sub(began));
    let Timing { resolve, connect, tls, first_byte, body } = span.timing;
    let mut at = span.start;
    let phases = [resolve, connect, tls, first_byte, body].map(|phase| {
        // A phase may be longer than what was measured around it, by its rounding.
        at = at.saturating_add(phase).min(span.end);
        since(at)
    });
    let (ready, start, end) = (since(span.ready), since(span.start), since(span.end));
    Spell { source, ready, start, phases, end, ok: span.ok }
}

/// A request of the last round, as one of `source`; its times count from when the round began.
pub fn span_of(spell: &Spell, source: usize) -> Span {
    let at = Duration::from_millis;
    let mut before = spell.start;
    let [resolve, connect, tls, first_byte, body] = spell.phases.map(|end| {
        let phase = at(end.saturating_sub(before));
        before = end;
        phase
    });
    Span {
        source,
        ready: at(spell.ready),
        start: at(spell.start),
        end: at(spell.end),
        timing: Timing { resolve, connect, tls, first_byte, body },
        ok: spell.ok,
    }
}

/// Rounded.
fn milliseconds(span: Duration) -> u64 {
    let half = Duration::from_micros(500);
    u64::try_from(span.saturating_add(half).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_a_request_is_off_by_half_a_millisecond_at_most() {
        let us = Duration::from_micros;
        let began = us(7_777_777);
        let timing = Timing {
            resolve: us(1_400),
            connect: us(1_400),
            tls: us(1_400),
            first_byte: us(500_400),
            body: Duration::ZERO,
        };
        let (ready, start) = (began + us(100), began + us(2_600));
        let end = start + timing.total() + us(300);
        let span = Span { source: 3, ready, start, end, timing, ok: false };
        let spell = spell_of(&span, 9, began);
        assert_eq!(spell.phases, [4, 5, 7, 507, 507]);
        let again = span_of(&spell, 3);
        let near = |a: Duration, b: Duration| a.abs_diff(b) <= us(500);
        assert!(near(again.start, us(2_600)) && near(again.end, end - began), "{again:?}");
        assert!(near(again.start + again.timing.total(), end - began - us(300)), "{again:?}");
        assert_eq!((again.source, again.ok), (3, false));
    }
}
