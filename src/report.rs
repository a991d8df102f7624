//! What a round took: `--report` and the closing line (`interface.md` §5).

use serde::Serialize;

use crate::time::{Timestamp, format_duration};

/// The version of the format.
pub const VERSION: u32 = 1;

/// Below this, waiting at the same time saved nothing: retries, or answers that come at once.
const WORTH_SAYING: f64 = 1.1;

/// One round, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// When the round began: RFC 3339, UTC.
    pub started: Timestamp,
    /// From its beginning until the last answer was read.
    pub wall_ms: f64,
    /// What one request after the other would have cost: the sum of their times on the wire.
    pub sum_ms: f64,
    /// `sum_ms / wall_ms`.
    pub speedup: f64,
    /// The fixed pool.
    pub workers: usize,
    /// The most requests under way at once.
    pub max_in_flight: usize,
    /// Requests sent, redirects and retries included.
    pub requests: u64,
    /// Of these, second and later tries.
    pub retries: u64,
    /// Bytes of bodies as they came over the wire.
    pub bytes_in: u64,
    /// `requests` by `wall_ms`.
    pub requests_per_s: f64,
    /// Stories after merging.
    pub items: usize,
    /// Items never seen before.
    pub new: usize,
    /// What was written.
    pub outputs: Vec<OutputReport>,
    /// What the disk had to bear, the state included.
    pub written: WearReport,
    /// One for each source, in the order of the config.
    pub sources: Vec<SourceReport>,
}

/// One document.
#[derive(Clone, Debug, Serialize)]
pub struct OutputReport {
    /// As given; `-` is stdout.
    pub path: String,
    /// How long the document is.
    pub bytes: u64,
    /// False when the file held the same already, or could not be written.
    pub written: bool,
    /// How many stories it shows; `None` for what shows none, such as metrics.
    #[serde(skip)]
    pub stories: Option<usize>,
    /// Why it could not be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What was written in all.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct WearReport {
    /// Files made, replaced or added to.
    pub files: u64,
    /// Bytes written to them.
    pub bytes: u64,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// As in the config.
    pub name: String,
    /// As in the config.
    pub kind: &'static str,
    /// `fresh`, `unchanged`, `stale`, `failed`, `limited` or `off`.
    pub state: &'static str,
    /// Requests sent.
    pub requests: u32,
    /// Of these, second and later tries.
    pub retries: u32,
    /// The status of its newest answer.
    pub status: Option<u16>,
    /// Bytes of bodies as they came over the wire.
    pub bytes_in: u64,
    /// Items that it shows, after its filters and its limit.
    pub items: usize,
    /// Of these, never seen before.
    pub new: usize,
    /// From when it could first be asked until its last answer was read.
    pub ms: f64,
    /// Of its slowest request: waiting for a worker, a quota, its host.
    pub wait_ms: f64,
    /// Of its slowest request: looking the name up.
    pub resolve_ms: f64,
    /// Of its slowest request: the TCP handshake.
    pub connect_ms: f64,
    /// Of its slowest request: the TLS handshake.
    pub tls_ms: f64,
    /// Of its slowest request: from the request sent to the head of the answer.
    pub first_byte_ms: f64,
    /// Of its slowest request: from there to the last byte.
    pub body_ms: f64,
    /// What went wrong, unless the source is well; one failure of several.
    pub error: Option<String>,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// Its quotas and what is left of them.
    pub quota: Vec<QuotaReport>,
    /// When it may be asked again, RFC 3339.
    pub next_due: Option<Timestamp>,
    /// How its stream stands, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveReport>,
}

/// A stream, since it was first opened.
#[derive(Clone, Debug, Serialize)]
pub struct LiveReport {
    /// Since when it is open, RFC 3339, if it is.
    pub open_since: Option<String>,
    /// Events that came, whatever they said.
    pub events: u64,
    /// Of these, those that could not be read.
    pub unreadable: u64,
    /// Items that came faster than they were taken, and were dropped.
    pub dropped: u64,
    /// How often it was opened again.
    pub reconnects: u64,
}

/// One sliding window.
#[derive(Clone, Debug, Serialize)]
pub struct QuotaReport {
    /// At most so many requests …
    pub limit: u32,
    /// … in so long: `24h`.
    pub window: String,
    /// So many are left.
    pub left: u32,
}

impl Report {
    /// The same figures in one line, for people.
    pub fn line(&self) -> String {
        let well = self.sources.iter().filter(|source| source.is_well()).count();
        let mut line = format!(
            "{}{} from {well} of {}: {} new",
            self.part(),
            count(self.items, "story", "stories"),
            count(self.sources.len(), "source", "sources"),
            self.new,
        );
        if self.requests > 0 {
            let requests = count(self.requests as usize, "request", "requests");
            line += &format!(", {requests} in {}", milliseconds(self.wall_ms));
        }
        if self.requests > 1 && well > 0 && self.speedup >= WORTH_SAYING {
            line += &gain(self.sum_ms, self.speedup);
        }
        if self.retries > 0 {
            line += &format!(", {}", count(self.retries as usize, "retry", "retries"));
        }
        if self.bytes_in > 0 {
            line += &format!(", {} in", bytes(self.bytes_in));
        }
        for output in &self.outputs {
            let verdict = match (&output.error, output.written) {
                (Some(_), _) => "not written".to_string(),
                (None, true) => format!("{} written", bytes(output.bytes)),
                (None, false) => "unchanged".to_string(),
            };
            if output.path != "-" {
                line += &format!("; {}: {verdict}", output.path);
            }
        }
        line
    }
}

impl Report {
    /// `3 of `, where no more of the stories than that were printed.
    fn part(&self) -> String {
        let printed = self.outputs.iter().find(|output| output.path == "-");
        match printed.and_then(|output| output.stories) {
            Some(printed) if printed < self.items => format!("{printed} of "),
            _ => String::new(),
        }
    }
}

impl SourceReport {
    /// Whether its news is here.
    pub fn is_well(&self) -> bool {
        matches!(self.state, "fresh" | "unchanged")
    }
}

/// `1 story`, `2 stories`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `512 ms`, `2.31 s`.
pub fn milliseconds(ms: f64) -> String {
    match ms {
        ms if ms < 10.0 => format!("{ms:.1} ms"),
        ms if ms < 1000.0 => format!("{ms:.0} ms"),
        ms => format!("{:.2} s", ms / 1000.0),
    }
}

/// `512 ms instead of 9.88 s (19.3 times faster)`; only the first where nothing was gained.
pub fn took(wall_ms: f64, sum_ms: f64) -> String {
    let speedup = if wall_ms > 0.0 { sum_ms / wall_ms } else { 0.0 };
    let gain = if speedup >= WORTH_SAYING { gain(sum_ms, speedup) } else { String::new() };
    milliseconds(wall_ms) + &gain
}

fn gain(sum_ms: f64, speedup: f64) -> String {
    format!(" instead of {} ({speedup:.1} times faster)", milliseconds(sum_ms))
}

/// `512 B`, `40.0 kB`, `1.2 MB`: powers of ten.
pub fn bytes(n: u64) -> String {
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        _ => format!("{:.1} MB", n as f64 / 1e6),
    }
}

/// Rounded to a tenth of a millisecond.
pub fn tenths(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// For the windows of a source.
pub fn quota(limit: u32, window: std::time::Duration, left: u32) -> QuotaReport {
    QuotaReport { limit, window: span(window), left }
}

/// How publishers write the span of a quota: `24h` rather than `1d`.
pub fn span(window: std::time::Duration) -> String {
    const HOUR: u64 = 3_600;
    match window.as_secs() {
        seconds if seconds % HOUR == 0 && (HOUR..=48 * HOUR).contains(&seconds) => {
            format!("{}h", seconds / HOUR)
        }
        _ => format_duration(window),
    }
}

/// RFC 3339 or nothing.
pub fn date(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
