//! How newsagg fares, for monitors: the text format of Prometheus, version 0.0.4, as the textfile
//! collector of node_exporter reads it.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>
//!
//! It takes plain numbers and knows nothing of where they come from. Names and units are as
//! <https://prometheus.io/docs/practices/naming/> wants them: seconds, bytes, `_total` for what only
//! grows.

use std::io::{self, Write};

use super::State;
use crate::time::Timestamp;

/// Before every name.
const PREFIX: &str = "newsagg_";

/// All that is told.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Of this program.
    pub version: &'static str,
    /// When a source was last asked, of all.
    pub last_round: Option<Timestamp>,
    /// After merging.
    pub stories: u64,
    /// The round that writes this; `None` if nobody was to be asked in it.
    pub round: Option<RoundFigures>,
    /// Bytes in the files of the state directory; `None` where there is none.
    pub state_bytes: Option<u64>,
    /// The documents, each path once.
    pub outputs: Vec<OutputFigures>,
    /// Each name once.
    pub sources: Vec<SourceFigures>,
}

/// What one round took.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundFigures {
    /// From its beginning until the last answer was read, milliseconds.
    pub duration_ms: u64,
    /// Sent, redirects and retries included.
    pub requests: u64,
    /// Of these, second and later tries.
    pub retries: u64,
    /// Of bodies as they came over the wire.
    pub received_bytes: u64,
    /// Items never seen before.
    pub new_items: u64,
    /// Files written, this one excepted.
    pub written_files: u64,
    /// Bytes written to them.
    pub written_bytes: u64,
}

/// One document.
#[derive(Clone, Debug)]
pub struct OutputFigures {
    /// Where it is.
    pub path: String,
    /// It is as it should be.
    pub ok: bool,
    /// How long the file is, if it is one.
    pub bytes: Option<u64>,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceFigures {
    /// As in the config.
    pub name: String,
    /// As in the config.
    pub kind: &'static str,
    /// How it stands.
    pub state: State,
    /// What it shows.
    pub items: u64,
    /// `None` for a file: nobody is asked for it.
    pub asking: Option<Asking>,
}

/// How a source was asked and how that went, since it is known.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Rounds in which it was asked.
    pub polls: u64,
    /// Requests that these took.
    pub requests: u64,
    /// Polls that brought nothing new.
    pub unchanged: u64,
    /// Polls that failed, without those that were refused.
    pub failures: u64,
    /// Polls that were answered with 429.
    pub refused: u64,
    /// Failures in a row.
    pub in_a_row: u64,
    /// When it was last asked.
    pub asked: Option<Timestamp>,
    /// When it last answered well.
    pub answered: Option<Timestamp>,
    /// Until when it is left alone.
    pub held_until: Option<Timestamp>,
    /// When it is asked next, at the earliest.
    pub next_due: Option<Timestamp>,
    /// Each window once.
    pub quotas: Vec<QuotaFigures>,
    /// How long its polls took.
    pub durations: Histogram,
}

/// One sliding window.
#[derive(Clone, Debug)]
pub struct QuotaFigures {
    /// How long it is: `24h`.
    pub window: String,
    /// So many requests may leave in it.
    pub limit: u64,
    /// So many are left.
    pub left: u64,
}

/// Counts by size.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Where the spans end, milliseconds, ascending.
    pub ends_ms: &'static [u32],
    /// How many are in each span alone; the last one has no end.
    pub counts: Vec<u32>,
    /// All together, milliseconds.
    pub sum_ms: u64,
}

/// A value of a sample.
#[derive(Clone, Copy)]
enum Value {
    Whole(u64),
    /// Thousandths of what the name says.
    Milli(u64),
}

/// A family with at most one sample for each thing.
struct Family<T> {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    value: fn(&T) -> Option<Value>,
}

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

fn time(at: Option<Timestamp>) -> Option<Value> {
    Some(Value::Whole(at.map_or(0, |at| u64::try_from(at.unix()).unwrap_or(0))))
}

fn whole(n: u64) -> Option<Value> {
    Some(Value::Whole(n))
}

const ROUND: &[Family<Metrics>] = &[
    Family {
        name: "round_timestamp_seconds",
        kind: GAUGE,
        help: "When a source was last asked, 0 if never.",
        value: |all| time(all.last_round),
    },
    Family {
        name: "round_duration_seconds",
        kind: GAUGE,
        help: "How long the last round took, until its last answer was read.",
        value: |all| Some(Value::Milli(all.round?.duration_ms)),
    },
    Family {
        name: "round_requests",
        kind: GAUGE,
        help: "Requests sent in the last round, redirects and retries included.",
        value: |all| whole(all.round?.requests),
    },
    Family {
        name: "round_retries",
        kind: GAUGE,
        help: "Second and later tries among the requests of the last round.",
        value: |all| whole(all.round?.retries),
    },
    Family {
        name: "round_received_bytes",
        kind: GAUGE,
        help: "Bytes of bodies that the last round received, compressed as they came.",
        value: |all| whole(all.round?.received_bytes),
    },
    Family {
        name: "round_new_items",
        kind: GAUGE,
        help: "Items of the last round that were never seen before.",
        value: |all| whole(all.round?.new_items),
    },
    Family {
        name: "stories",
        kind: GAUGE,
        help: "Stories of all sources after merging.",
        value: |all| whole(all.stories),
    },
    Family {
        name: "written_files",
        kind: GAUGE,
        help: "Files that the last round wrote, this one excepted.",
        value: |all| whole(all.round?.written_files),
    },
    Family {
        name: "written_bytes",
        kind: GAUGE,
        help: "Bytes that the last round wrote to files, this one excepted.",
        value: |all| whole(all.round?.written_bytes),
    },
    Family {
        name: "state_bytes",
        kind: GAUGE,
        help: "Bytes in the files of the state directory.",
        value: |all| all.state_bytes.map(Value::Whole),
    },
];

const OUTPUT: &[Family<OutputFigures>] = &[
    Family {
        name: "output_ok",
        kind: GAUGE,
        help: "0 if the output could not be written in the last round, else 1.",
        value: |output| whole(output.ok.into()),
    },
    Family {
        name: "output_bytes",
        kind: GAUGE,
        help: "Size of the output file.",
        value: |output| output.bytes.map(Value::Whole),
    },
];

const SOURCE: &[Family<SourceFigures>] = &[
    Family {
        name: "source_up",
        kind: GAUGE,
        help: "1 if the source is well (its state is ok), else 0.",
        value: |source| whole((source.state == State::Ok).into()),
    },
    Family {
        name: "source_items",
        kind: GAUGE,
        help: "Items that the source shows.",
        value: |source| whole(source.items),
    },
    Family {
        name: "source_polls_total",
        kind: COUNTER,
        help: "How often the source was asked.",
        value: |source| whole(source.asking.as_ref()?.polls),
    },
    Family {
        name: "source_requests_total",
        kind: COUNTER,
        help: "Requests that the polls took, redirects and retries included.",
        value: |source| whole(source.asking.as_ref()?.requests),
    },
    Family {
        name: "source_unchanged_total",
        kind: COUNTER,
        help: "Polls that were answered with nothing new.",
        value: |source| whole(source.asking.as_ref()?.unchanged),
    },
    Family {
        name: "source_failures_total",
        kind: COUNTER,
        help: "Polls that failed, without those that were refused.",
        value: |source| whole(source.asking.as_ref()?.failures),
    },
    Family {
        name: "source_refused_total",
        kind: COUNTER,
        help: "Polls that were refused as too many (status 429).",
        value: |source| whole(source.asking.as_ref()?.refused),
    },
    Family {
        name: "source_consecutive_failures",
        kind: GAUGE,
        help: "Failures in a row of the source, its server or its key, 0 if it is well.",
        value: |source| whole(source.asking.as_ref()?.in_a_row),
    },
    Family {
        name: "source_last_asked_timestamp_seconds",
        kind: GAUGE,
        help: "When the source was last asked, 0 if never.",
        value: |source| time(source.asking.as_ref()?.asked),
    },
    Family {
        name: "source_last_success_timestamp_seconds",
        kind: GAUGE,
        help: "When the source last answered well, 0 if never.",
        value: |source| time(source.asking.as_ref()?.answered),
    },
    Family {
        name: "source_held_until_timestamp_seconds",
        kind: GAUGE,
        help: "Until when the source is left alone, 0 if it is not.",
        value: |source| time(source.asking.as_ref()?.held_until),
    },
    Family {
        name: "source_next_due_timestamp_seconds",
        kind: GAUGE,
        help: "When the source may be asked next, at the earliest.",
        value: |source| time(Some(source.asking.as_ref()?.next_due?)),
    },
];

const QUOTA: &[Family<QuotaFigures>] = &[
    Family {
        name: "source_quota_limit",
        kind: GAUGE,
        help: "Requests that may leave in any window of this length.",
        value: |quota| whole(quota.limit),
    },
    Family {
        name: "source_quota_left",
        kind: GAUGE,
        help: "Requests that are left of the window.",
        value: |quota| whole(quota.left),
    },
];

const STATES: [State; 5] = [State::Ok, State::Stale, State::Failed, State::Limited, State::Off];

/// Writes the metrics, family by family.
///
/// # Errors
/// What `out` said.
pub fn write(metrics: &Metrics, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { out, name: "", pending: None };
    page.family("build_info", GAUGE, "The version of newsagg; the value is always 1.");
    page.sample("", &[("version", metrics.version)], Value::Whole(1))?;
    for family in ROUND {
        page.begin(family);
        page.sample_if("", &[], (family.value)(metrics))?;
    }
    for family in OUTPUT {
        page.begin(family);
        for output in &metrics.outputs {
            page.sample_if("", &[("path", &output.path)], (family.value)(output))?;
        }
    }
    for family in SOURCE {
        page.begin(family);
        for source in &metrics.sources {
            page.sample_if("", &labels(source), (family.value)(source))?;
        }
    }
    page.family("source_state", GAUGE, "1 for the state that the source is in, 0 for the others.");
    for source in &metrics.sources {
        let [name, kind] = labels(source);
        for state in STATES {
            let is = u64::from(state == source.state);
            page.sample("", &[name, kind, ("state", state.name())], Value::Whole(is))?;
        }
    }
    for family in QUOTA {
        page.begin(family);
        for (source, asking) in asked(metrics) {
            let [name, kind] = labels(source);
            for quota in &asking.quotas {
                let labels = [name, kind, ("window", &quota.window)];
                page.sample_if("", &labels, (family.value)(quota))?;
            }
        }
    }
    page.family("source_duration_seconds", "histogram", "How long the polls of the source took.");
    for (source, asking) in asked(metrics) {
        page.histogram(labels(source), &asking.durations)?;
    }
    Ok(())
}

fn labels(source: &SourceFigures) -> [(&'static str, &str); 2] {
    [("source", &source.name), ("kind", source.kind)]
}

fn asked(metrics: &Metrics) -> impl Iterator<Item = (&SourceFigures, &Asking)> {
    metrics.sources.iter().filter_map(|source| Some((source, source.asking.as_ref()?)))
}

/// What is being written. A family without a sample leaves nothing.
struct Page<'a> {
    out: &'a mut dyn Write,
    name: &'static str,
    /// Type and help of the family, as long as it has no sample.
    pending: Option<(&'static str, &'static str)>,
}

impl Page<'_> {
    fn begin<T>(&mut self, family: &Family<T>) {
        self.family(family.name, family.kind, family.help);
    }

    fn family(&mut self, name: &'static str, kind: &'static str, help: &'static str) {
        self.name = name;
        self.pending = Some((kind, help));
    }

    fn sample_if(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: Option<Value>,
    ) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.sample(suffix, labels, value))
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: Value) -> io::Result<()> {
        let name = self.name;
        if let Some((kind, help)) = self.pending.take() {
            self.put(&["# HELP ", PREFIX, name, " ", help, "\n"])?;
            self.put(&["# TYPE ", PREFIX, name, " ", kind, "\n"])?;
        }
        self.put(&[PREFIX, name, suffix])?;
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            self.put(&[before, label, "=\"", &escaped(value), "\""])?;
        }
        let after = if labels.is_empty() { " " } else { "} " };
        self.put(&[after, &text(value), "\n"])
    }

    /// Each bucket holds all that are no larger than its end.
    fn histogram(&mut self, labels: [(&str, &str); 2], histogram: &Histogram) -> io::Result<()> {
        let [name, kind] = labels;
        let ends = histogram.ends_ms.iter().map(|end| text(Value::Milli((*end).into())));
        let mut count = 0;
        for (end, own) in ends.chain(["+Inf".to_owned()]).zip(&histogram.counts) {
            count += u64::from(*own);
            self.sample("_bucket", &[name, kind, ("le", &end)], Value::Whole(count))?;
        }
        self.sample("_sum", &labels, Value::Milli(histogram.sum_ms))?;
        self.sample("_count", &labels, Value::Whole(count))
    }

    fn put(&mut self, parts: &[&str]) -> io::Result<()> {
        parts.iter().try_for_each(|part| self.out.write_all(part.as_bytes()))
    }
}

/// `12`, `0.05`, `1.5`.
fn text(value: Value) -> String {
    match value {
        Value::Whole(n) => n.to_string(),
        Value::Milli(n) => {
            let mut text = (n / 1000).to_string();
            if n % 1000 > 0 {
                // The leading one keeps the zeros behind it.
                let part = (1000 + n % 1000).to_string();
                text.push('.');
                text.push_str(part[1..].trim_end_matches('0'));
            }
            text
        }
    }
}

/// The value of a label. What a terminal could take for an order is no name's; different names stay
/// different, or a series would be there twice.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => strange(letter, &mut text),
            letter if letter.is_control() => strange(letter, &mut text),
            letter => text.push(letter),
        }
    }
    text
}

/// `\u{1b}`, as the value of a label.
fn strange(letter: char, text: &mut String) {
    text.push('\\');
    text.extend(letter.escape_unicode());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_written_without_what_says_nothing() {
        for (ms, expected) in
            [(0, "0"), (5, "0.005"), (50, "0.05"), (500, "0.5"), (1_000, "1"), (61_230, "61.23")]
        {
            assert_eq!(text(Value::Milli(ms)), expected);
        }
        assert_eq!(text(Value::Milli(u64::MAX)), "18446744073709551.615");
    }

    #[test]
    fn a_label_is_one_line_without_orders_for_a_terminal() {
        assert_eq!(escaped("a\\b\"c\nd"), r#"a\\b\"c\nd"#);
        assert_eq!(escaped("\u{1b}[31m\t\u{202e}ü"), r"\\u{1b}[31m\\u{9}\\u{202e}ü");
    }

    #[test]
    fn a_family_without_a_sample_leaves_nothing() {
        let mut out = Vec::new();
        write(&Metrics { version: "1", ..Metrics::default() }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("# TYPE").count(), 3, "{text}");
        let names: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = ["build_info{version=\"1\"} 1", "round_timestamp_seconds 0", "stories 0"];
        assert_eq!(names, expected.map(|sample| format!("{PREFIX}{sample}")));
    }
}
