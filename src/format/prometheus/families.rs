//! The families: what each is called, what it is, and where its value comes from.

use super::super::State;
use super::{Metrics, OutputFigures, QuotaFigures, SourceFigures};
use crate::time::Timestamp;

/// A value of a sample.
#[derive(Clone, Copy)]
pub(super) enum Value {
    Whole(u64),
    /// Thousandths of what the name says.
    Milli(u64),
}

/// A family with at most one sample for each thing.
pub(super) struct Family<T> {
    pub name: &'static str,
    pub kind: &'static str,
    pub help: &'static str,
    pub value: fn(&T) -> Option<Value>,
}

pub(super) const GAUGE: &str = "gauge";
pub(super) const COUNTER: &str = "counter";

fn time(at: Option<Timestamp>) -> Option<Value> {
    Some(Value::Whole(at.map_or(0, |at| u64::try_from(at.unix()).unwrap_or(0))))
}

fn whole(n: u64) -> Option<Value> {
    Some(Value::Whole(n))
}

pub(super) const ROUND: &[Family<Metrics>] = &[
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

pub(super) const OUTPUT: &[Family<OutputFigures>] = &[
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

pub(super) const SOURCE: &[Family<SourceFigures>] = &[
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
    Family {
        name: "stream_open_timestamp_seconds",
        kind: GAUGE,
        help: "Since when the stream of the source is open, 0 if it is not.",
        value: |source| time(source.stream?.open_since),
    },
    Family {
        name: "stream_events_total",
        kind: COUNTER,
        help: "Events that came on the stream, whatever they said.",
        value: |source| whole(source.stream?.events),
    },
    Family {
        name: "stream_unreadable_total",
        kind: COUNTER,
        help: "Events of the stream that could not be read.",
        value: |source| whole(source.stream?.unreadable),
    },
    Family {
        name: "stream_dropped_total",
        kind: COUNTER,
        help: "Items of the stream that came faster than they were taken.",
        value: |source| whole(source.stream?.dropped),
    },
    Family {
        name: "stream_reconnects_total",
        kind: COUNTER,
        help: "How often the stream was opened again.",
        value: |source| whole(source.stream?.reconnects),
    },
];

pub(super) const QUOTA: &[Family<QuotaFigures>] = &[
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
