//! What a row measures, and how a run of it tells.

use std::time::Duration;

use crate::http::Timing;
use crate::round::Span;

/// What is told of a row. The order is that of [`NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Sent.
    Requests,
    /// Requests that brought nothing.
    Failures,
    /// Sources that brought something.
    SourcesOk,
    /// From beginning to end.
    Wall,
    /// Of all requests' times.
    Sum,
    /// [`Figure::Sum`] by [`Figure::Wall`].
    Speedup,
    /// By [`Figure::Wall`].
    Rate,
    /// The most requests at once.
    MostInFlight,
    /// How many were under way on average.
    MeanInFlight,
    /// Half of the requests took no longer.
    P50,
    /// 95 of 100 took no longer.
    P95,
    /// The slowest.
    Slowest,
    /// User and system.
    Cpu,
    /// The most that was resident.
    Memory,
    /// Of bodies, as they came over the wire.
    BytesIn,
    /// That the web saw.
    Connections,
    /// The most requests that left within one window of the quota.
    InWindow,
    /// The most that the web saw come within one.
    ArrivedInWindow,
}

/// How the figures are called in JSON.
pub const NAMES: [&str; 18] = [
    "requests",
    "failures",
    "sources_ok",
    "wall_ms",
    "sum_ms",
    "speedup",
    "requests_per_s",
    "max_in_flight",
    "mean_in_flight",
    "p50_ms",
    "p95_ms",
    "max_ms",
    "cpu_ms",
    "peak_memory_bytes",
    "bytes_in",
    "connections",
    "max_in_window",
    "max_arrived_in_window",
];

/// One run's figures; what it does not have is no number.
pub type Values = [f64; NAMES.len()];

/// What one run saw.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// From beginning to end.
    pub wall: Duration,
    /// User and system; zero if nobody knows.
    pub cpu: Duration,
    /// The most that was resident, in bytes; zero if nobody knows.
    pub memory: u64,
    /// Of bodies.
    pub bytes_in: u64,
    /// Sources that brought something.
    pub sources_ok: u64,
    /// One for each request.
    pub spans: Vec<Span>,
}

/// Numbers before the spans, and for each of them.
const HEAD: usize = 5;
const EACH: usize = 10;

impl Run {
    /// As one line of numbers: what a child tells its parent.
    pub fn line(&self) -> String {
        let head = [nanos(self.wall), nanos(self.cpu), self.memory, self.bytes_in, self.sources_ok];
        let mut line = String::new();
        let mut add = |number: u64| line += &format!("{number} ");
        head.into_iter().for_each(&mut add);
        for span in &self.spans {
            let Timing { resolve, connect, tls, first_byte, body } = span.timing;
            add(span.source as u64);
            for time in [span.ready, span.start, span.end, resolve, connect, tls, first_byte, body]
            {
                add(nanos(time));
            }
            add(u64::from(span.ok));
        }
        line
    }

    /// What a child told, if it is that.
    pub fn read(line: &str) -> Option<Run> {
        let numbers: Option<Vec<u64>> =
            line.split_whitespace().map(|word| word.parse().ok()).collect();
        let numbers = numbers?;
        let (head, rest) = numbers.split_at_checked(HEAD)?;
        let time = |nanos: u64| Duration::from_nanos(nanos);
        let span = |each: &[u64]| Span {
            source: each[0] as usize,
            ready: time(each[1]),
            start: time(each[2]),
            end: time(each[3]),
            timing: Timing {
                resolve: time(each[4]),
                connect: time(each[5]),
                tls: time(each[6]),
                first_byte: time(each[7]),
                body: time(each[8]),
            },
            ok: each[9] != 0,
        };
        Some(Run {
            wall: time(head[0]),
            cpu: time(head[1]),
            memory: head[2],
            bytes_in: head[3],
            sources_ok: head[4],
            spans: rest.chunks_exact(EACH).map(span).collect(),
        })
    }

    /// The figures that follow from it; the web's are left out.
    pub fn values(&self) -> Values {
        let mut values = [f64::NAN; NAMES.len()];
        let mut set = |figure: Figure, value: f64| values[figure as usize] = value;
        let mut times: Vec<Duration> =
            self.spans.iter().map(|span| span.end.saturating_sub(span.start)).collect();
        times.sort();
        let sum = ms(times.iter().sum());
        let wall = ms(self.wall);
        let by_wall = |amount: f64| if wall > 0.0 { amount / wall } else { 0.0 };
        set(Figure::Requests, times.len() as f64);
        set(Figure::Failures, self.spans.iter().filter(|span| !span.ok).count() as f64);
        set(Figure::SourcesOk, self.sources_ok as f64);
        set(Figure::Wall, wall);
        set(Figure::Sum, sum);
        set(Figure::Speedup, by_wall(sum));
        set(Figure::Rate, by_wall(times.len() as f64 * 1e3));
        set(Figure::MostInFlight, most_at_once(&self.spans) as f64);
        set(Figure::MeanInFlight, by_wall(sum));
        for (figure, percent) in [(Figure::P50, 50), (Figure::P95, 95), (Figure::Slowest, 100)] {
            // Nearest rank: one of those that were measured.
            let rank = (times.len() * percent).div_ceil(100).saturating_sub(1);
            set(figure, times.get(rank).map_or(f64::NAN, |time| ms(*time)));
        }
        if self.memory > 0 {
            set(Figure::Cpu, ms(self.cpu));
            set(Figure::Memory, self.memory as f64);
        }
        set(Figure::BytesIn, self.bytes_in as f64);
        values
    }
}

/// The most spans that overlap.
pub fn most_at_once(spans: &[Span]) -> usize {
    let starts = spans.iter().map(|span| (span.start, 1));
    let mut edges: Vec<(Duration, isize)> =
        starts.chain(spans.iter().map(|span| (span.end, -1))).collect();
    // One that ends when another begins makes room for it.
    edges.sort();
    let (mut now, mut most) = (0, 0);
    for (_, change) in edges {
        now += change;
        most = most.max(now);
    }
    most.unsigned_abs()
}

/// The most spans that began within any so long.
pub fn most_within(spans: &[Span], per: Duration) -> usize {
    let of = |first: &Span| {
        let within = |span: &&Span| span.start >= first.start && span.start - first.start < per;
        spans.iter().filter(within).count()
    };
    spans.iter().map(of).max().unwrap_or(0)
}

/// The middle one of several runs, and the span of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// `None` for what was not measured.
    pub fn of(runs: &[Values], figure: usize) -> Option<Spread> {
        let mut all: Vec<f64> = runs.iter().map(|values| values[figure]).collect();
        all.retain(|value| !value.is_nan());
        all.sort_by(f64::total_cmp);
        let (min, max) = (*all.first()?, *all.last()?);
        let median = (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0;
        Some(Spread { median, min, max })
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64, ok: bool) -> Span {
        let time = Duration::from_millis;
        let timing = Timing { first_byte: time(end - start), ..Timing::default() };
        Span { source: 3, ready: Duration::ZERO, start: time(start), end: time(end), timing, ok }
    }

    fn run() -> Run {
        Run {
            wall: Duration::from_millis(200),
            cpu: Duration::from_millis(3),
            memory: 5_000_000,
            bytes_in: 1_234,
            sources_ok: 2,
            spans: vec![span(0, 100, true), span(100, 200, false), span(50, 150, true)],
        }
    }

    #[test]
    fn what_a_child_tells_is_what_its_parent_hears() {
        let (told, heard) = (run(), Run::read(&run().line()).unwrap());
        assert_eq!(format!("{told:?}"), format!("{heard:?}"));
        for garbage in ["", "1 2 3", "a b c d e", "1 2 3 4 -5", "panicked at src/x.rs"] {
            assert!(Run::read(garbage).is_none(), "{garbage}");
        }
    }

    #[test]
    fn the_figures_follow_from_the_spans() {
        let values = run().values();
        let of = |figure: Figure| values[figure as usize];
        assert_eq!((of(Figure::Requests), of(Figure::Failures)), (3.0, 1.0));
        assert_eq!((of(Figure::Wall), of(Figure::Sum), of(Figure::Speedup)), (200.0, 300.0, 1.5));
        assert_eq!((of(Figure::MostInFlight), of(Figure::MeanInFlight)), (2.0, 1.5));
        assert_eq!((of(Figure::P50), of(Figure::P95), of(Figure::Rate)), (100.0, 100.0, 15.0));
        assert!(of(Figure::Connections).is_nan());
        assert_eq!(most_within(&run().spans, Duration::from_millis(100)), 2);
    }

    #[test]
    fn several_runs_are_told_by_their_middle_and_their_ends() {
        let of = |all: &[f64]| {
            let runs: Vec<Values> = all.iter().map(|value| [*value; NAMES.len()]).collect();
            Spread::of(&runs, 0)
        };
        assert_eq!(of(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(of(&[4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(of(&[f64::NAN]), None);
    }
}
