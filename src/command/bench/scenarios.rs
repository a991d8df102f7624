//! The scenarios: which rows, what they show, and what one run of them showed.

use std::time::Duration;

use super::figures::{Figure, Spread};
use super::row::{Client, Row};
use super::{BenchArgs, Done};
use crate::loopback::Fault;
use crate::report::{bytes, count, milliseconds, took};
use crate::round::READ_INLINE;
use crate::source::Window;

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// For `--scenario`.
    pub name: &'static str,
    /// What it shows, and when sync is the right call.
    pub explain: &'static str,
    /// Whether it means anything in simulated time.
    pub simulated: bool,
    /// The rounds.
    pub rows: fn(&BenchArgs) -> Vec<Row>,
    /// What they showed, in a sentence.
    pub verdict: fn(&[Done]) -> String,
}

/// All, in the order in which they run.
pub const ALL: [Scenario; 12] = [
    Scenario {
        name: "sequential",
        explain: "One worker asks one source after the other, as a synchronous program does: the \
                  round takes the sum of all answers. That is the right call for two or three \
                  sources, for a job at night that nobody waits for, and wherever the next request \
                  depends on the answer before it.",
        simulated: true,
        rows: |o| vec![Row { workers: 1, ..Row::new("one worker", o) }],
        verdict: |done| {
            let one = &done[0];
            let (wall, sum) = (one.time(Figure::Wall), one.time(Figure::Sum));
            format!("One after the other took {wall}: the sum of all answers, {sum}.")
        },
    },
    Scenario {
        name: "threads",
        explain: "A thread for each request, with blocking sockets and the same reader of feeds, \
                  waits for all of them at once, too, in the same time and, up to some hundred, for \
                  no more memory and CPU: but it limits, retries and merges nothing, and nobody can \
                  tell a thread to stop. Sync with threads is the right call for some dozens of \
                  requests, and for libraries that only block.",
        simulated: false,
        rows: |o| vec![Row { client: Client::Threads, ..Row::new("threads", o) }],
        verdict: |done| {
            let one = &done[0];
            let (requests, memory) = (one.count(Figure::Requests, "request"), one.memory());
            let (wall, cpu) = (one.time(Figure::Wall), one.time(Figure::Cpu));
            format!("A thread for each of {requests}: {wall}, {memory} of memory, {cpu} of CPU.")
        },
    },
    Scenario {
        name: "concurrent",
        explain: "A fixed pool of workers on one thread waits for many answers at once: the round \
                  takes about as long as its slowest source, not the sum. Where there is nothing to \
                  wait for, on one fast disk or one busy processor, sync does the same with less \
                  to understand.",
        simulated: true,
        rows: |o| vec![Row::new(&format!("pool of {}", o.workers), o)],
        verdict: |done| {
            let one = &done[0];
            let all = took(one.of(Figure::Wall), one.of(Figure::Sum));
            format!("{all}; the slowest answer took {}.", one.time(Figure::Slowest))
        },
    },
    Scenario {
        name: "unbounded",
        explain: "Ten times the sources (900 at most), through a pool and then all at once: without a bound the \
                  round is shorter as long as nobody minds, and connections, memory and the load \
                  on the other side grow with the list. Sync is the bound of one, and the right \
                  call towards a server that asks not to be asked twice at a time.",
        simulated: true,
        rows: |o| {
            let sources = (o.sources * 10).min(MOST_UNBOUND).max(o.sources);
            let pool = Row { sources, ..Row::new(&format!("pool of {}", o.workers), o) };
            vec![pool, Row { sources, workers: sources, ..Row::new("no bound", o) }]
        },
        verdict: |done| {
            let [pool, none] = [&done[0], &done[1]];
            let flight = none.of(Figure::MostInFlight);
            let mut text = format!(
                "Without a bound {flight} requests were under way at once: {} instead of {}",
                none.time(Figure::Wall),
                pool.time(Figure::Wall)
            );
            if none.has(Figure::Memory) {
                text += &format!(", for {} of memory instead of {}", none.memory(), pool.memory());
            }
            text + "."
        },
    },
    Scenario {
        name: "bounded",
        explain: "50 sources and 5 workers: the pool is a promise that never more than 5 requests \
                  are under way, and the price is the sum divided by 5. Where even 5 are too many \
                  for the other side, one worker, which is sync, keeps the promise best.",
        simulated: true,
        rows: |o| vec![Row { sources: 50, workers: 5, ..Row::new("50 by 5", o) }],
        verdict: |done| {
            let one = &done[0];
            let (most, least) = (one.of(Figure::MostInFlight), one.of(Figure::Sum) / 5.0);
            let (wall, least) = (one.time(Figure::Wall), milliseconds(least));
            format!("Never more than {most} at once: {wall}, where a fifth of the sum is {least}.")
        },
    },
    Scenario {
        name: "rate-limited",
        explain: "All sources share a quota of 5 requests in any second: the queue holds back what \
                  would break it, and no worker waits meanwhile. When a quota, not the network, \
                  sets the pace, a sync loop with a sleep in it is as fast.",
        simulated: true,
        rows: |o| {
            let quota = Some(Window { count: 5, per: Duration::from_secs(1) });
            vec![Row { quota, ..Row::new("5 a second", o) }]
        },
        verdict: |done| {
            let one = &done[0];
            let (left, wall) = (one.count(Figure::InWindow, "request"), one.time(Figure::Wall));
            let seen = one.of(Figure::ArrivedInWindow);
            let mut text = format!("At most {left} left within any second, where 5 are allowed");
            if seen > one.of(Figure::InWindow) {
                text += &format!(
                    "; the web saw up to {seen} come within one, since the first had to connect"
                );
            }
            text + &format!(": {wall} in all.")
        },
    },
    Scenario {
        name: "slow-source",
        explain: "One source takes eight times as long as the slowest other: a timeout for each \
                  request gives up on it alone, a deadline for the round bounds what everything \
                  together may take, however many are slow. Sync needs both more than anybody: \
                  there, one slow source makes all the others late.",
        simulated: true,
        rows: slow_source,
        verdict: |done| {
            let [all, timeout, deadline] = [&done[0], &done[1], &done[2]];
            format!(
                "Waiting for everybody took {}, with the timeout {} and with the deadline {}: each \
                 of the two went without {} of {}.",
                all.time(Figure::Wall),
                timeout.time(Figure::Wall),
                deadline.time(Figure::Wall),
                timeout.row.sources as f64 - timeout.of(Figure::SourcesOk),
                count(all.row.sources, "source", "sources"),
            )
        },
    },
    Scenario {
        name: "degraded",
        explain: "One source is dead: who collects everything has the news of all the others, who \
                  fails fast has an answer sooner and less to show. For news the first is right; \
                  the second is for a job that is worth nothing unless it is whole, and there a \
                  sync loop that stops at the first error does as well.",
        simulated: true,
        rows: |o| {
            let mut all = Row::new("collect all", o);
            all.web.faults.push((Row::path(0), Fault::Status(500)));
            vec![all.clone(), Row { fail_fast: true, name: "fail fast".into(), ..all }]
        },
        verdict: |done| {
            let [all, fast] = [&done[0], &done[1]];
            let of = |done: &Done| (done.of(Figure::SourcesOk), done.time(Figure::Wall));
            let ((all_ok, all_wall), (fast_ok, fast_wall)) = (of(all), of(fast));
            let sources = count(all.row.sources, "source", "sources");
            format!(
                "Collecting everything brought {all_ok} of {sources} in {all_wall}, failing fast \
                 {fast_ok} in {fast_wall}."
            )
        },
    },
    Scenario {
        name: "retry",
        explain: "One source fails twice before it answers: with retries it recovers, while the \
                  others go on, since what waits for its next try waits in the queue and holds no \
                  worker. In a sync program the pause before a retry is a pause for everybody.",
        simulated: true,
        rows: |o| {
            let mut none = Row::new("no retries", o);
            none.web.faults.push((Row::path(0), Fault::First(2, 503)));
            vec![none.clone(), Row { retries: 2, name: "2 retries".into(), ..none }]
        },
        verdict: |done| {
            let [none, two] = [&done[0], &done[1]];
            let of = |done: &Done| (done.of(Figure::SourcesOk), done.time(Figure::Wall));
            let ((none_ok, none_wall), (two_ok, two_wall)) = (of(none), of(two));
            let sources = count(none.row.sources, "source", "sources");
            format!(
                "Without retries {none_ok} of {sources} in {none_wall}; with them {two_ok} in \
                 {two_wall}, for {} more requests.",
                two.of(Figure::Requests) - none.of(Figure::Requests)
            )
        },
    },
    Scenario {
        name: "blocking",
        explain: "The classic mistake: a reader that blocks for a while, on the thread that all \
                  others wait on, makes every answer late, and the round becomes the sum of what \
                  blocks; put off the loop it costs only itself. What must block is the right call \
                  on a thread of its own, or in a program that is sync throughout.",
        simulated: false,
        rows: |o| {
            let blocks = blocks(o);
            let mut row = Row::new("no blocking", o);
            row.web.feed_bytes = READ_INLINE - 8_000;
            let on = Row { blocks, name: "on the loop".into(), ..row.clone() };
            let mut off = Row { name: "off the loop".into(), ..on.clone() };
            // Larger documents are read on another thread.
            off.web.feed_bytes = READ_INLINE + 8_000;
            vec![row, on, off]
        },
        verdict: |done| {
            let [none, on, off] = [&done[0], &done[1], &done[2]];
            let of = |done: &Done| (done.time(Figure::Wall), done.time(Figure::P95));
            let ((none, none_p95), (on_wall, on_p95), (off, off_p95)) = (of(none), of(on), of(off));
            let blocks = super::figures::ms(on.row.blocks);
            format!(
                "With {} of blocking at each answer the round took {on_wall} instead of {none}, \
                 and 95 % of the answers came within {on_p95} instead of {none_p95}; off the loop \
                 {off} and {off_p95}.",
                milliseconds(blocks)
            )
        },
    },
    Scenario {
        name: "large",
        explain: "Large bodies, sent at once, are read as they come, and as many of them are held \
                  at once as there is room for, so memory grows with the largest, not with the \
                  sum. When it is one large file that is wanted, sync reading of it piece by piece \
                  is the right call, and simpler.",
        simulated: false,
        rows: |o| {
            let row = |name: &str, feed_bytes: usize| {
                let mut row = Row::new(name, o);
                row.sources = o.sources.min(20);
                row.web.feed_bytes = feed_bytes;
                row.web.latency = Duration::ZERO..Duration::ZERO;
                row
            };
            vec![row("40 kB each", 40_000), row("2 MB each", 2_000_000)]
        },
        verdict: |done| {
            let of = |done: &Done| (done.of(Figure::BytesIn), done.of(Figure::Memory));
            let ((few, low), (many, high)) = (of(&done[0]), of(&done[1]));
            format!(
                "{} came with {} of memory, {} with {}: {:.0} times the bytes, {:.1} times the \
                 memory.",
                bytes(few as u64),
                bytes(low as u64),
                bytes(many as u64),
                bytes(high as u64),
                many / few,
                high / low
            )
        },
    },
    Scenario {
        name: "keep-alive",
        explain: "Many requests to one server that answers at once: kept connections against a new \
                  one for each request, which costs a handshake, and far away a round trip, every \
                  time. This has nothing to do with async: a sync client that keeps its \
                  connection gains as much.",
        simulated: false,
        rows: |o| {
            let kept = quick("kept", o);
            let mut closed = Row { name: "one a request".into(), ..kept.clone() };
            closed.web.closes = true;
            vec![kept, closed]
        },
        verdict: |done| {
            let [kept, closed] = [&done[0], &done[1]];
            format!(
                "{} over {}: {}, {} of CPU; over {}: {}, {} of CPU.",
                kept.count(Figure::Requests, "request"),
                kept.count(Figure::Connections, "connection"),
                kept.time(Figure::Wall),
                kept.time(Figure::Cpu),
                closed.of(Figure::Connections),
                closed.time(Figure::Wall),
                closed.time(Figure::Cpu)
            )
        },
    },
];

/// Where ten times the sources are too many: 1024 open files is what most systems allow.
const MOST_UNBOUND: usize = 900;

/// How long the reader of `blocking` blocks.
fn blocks(options: &BenchArgs) -> Duration {
    (options.latency / 4).clamp(Duration::from_millis(1), Duration::from_millis(50))
}

/// Many small answers at once, through four workers.
pub fn quick(name: &str, options: &BenchArgs) -> Row {
    let mut row = Row { sources: options.sources * 10, workers: 4, ..Row::new(name, options) };
    row.web.feed_bytes = 1_000;
    row.web.latency = Duration::ZERO..Duration::ZERO;
    row
}

fn slow_source(options: &BenchArgs) -> Vec<Row> {
    let slowest = (options.latency + options.jitter).max(Duration::from_millis(10));
    let mut all = Row::new("no limit", options);
    all.web.faults.push((Row::path(0), Fault::Latency(slowest * 8)));
    let named = |what: &str, span: Duration| format!("{what} {}", short(span));
    let (timeout, deadline) = (slowest * 2, slowest * 4);
    vec![
        all.clone(),
        Row { timeout, name: named("timeout", timeout), ..all.clone() },
        Row { deadline, name: named("deadline", deadline), ..all },
    ]
}

/// `600ms`, `1.2s`.
fn short(span: Duration) -> String {
    match span.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{}ms", span.as_millis()),
        seconds => format!("{seconds:.1}s"),
    }
}

impl Done {
    /// The median of a figure.
    pub fn of(&self, figure: Figure) -> f64 {
        Spread::of(&self.runs, figure as usize).map_or(f64::NAN, |spread| spread.median)
    }

    /// Whether it was measured.
    pub fn has(&self, figure: Figure) -> bool {
        !self.of(figure).is_nan()
    }

    fn time(&self, figure: Figure) -> String {
        milliseconds(self.of(figure))
    }

    fn memory(&self) -> String {
        bytes(self.of(Figure::Memory) as u64)
    }

    fn count(&self, figure: Figure, one: &str) -> String {
        count(self.of(figure) as usize, one, &format!("{one}s"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_says_in_two_sentences_what_it_shows_and_when_sync_is_the_right_call() {
        for Scenario { name, explain, .. } in ALL {
            let sentences = explain.matches(". ").count() + 1;
            assert_eq!(sentences, 2, "{name}: {explain}");
            assert!(explain.ends_with('.') && explain.to_lowercase().contains("sync"), "{name}");
        }
    }

    #[test]
    fn names_of_rows_fit_into_their_column_and_differ() {
        for scenario in ALL {
            let rows = (scenario.rows)(&crate::command::args::of_command(&[]).unwrap());
            for (n, row) in rows.iter().enumerate() {
                assert!(row.name.len() <= super::super::table::NAME, "{}", row.name);
                assert!(!rows[..n].iter().any(|other| other.name == row.name), "{}", row.name);
            }
        }
    }
}
