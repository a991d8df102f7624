//! A recording, read again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;

use super::{MAX_RECORDING, Recording, VERSION};
use crate::failure::{Failure, Fault, Stage};
use crate::http::Timing;
use crate::text::printable;
use crate::time::{Moment, Timestamp};
use crate::wire::tape::{End, Exchange, Head, Pieces};
use crate::{state, store};

const STAGES: [Stage; 14] = [
    Stage::Config,
    Stage::Resolve,
    Stage::Connect,
    Stage::Tls,
    Stage::Timeout,
    Stage::Redirect,
    Stage::Protocol,
    Stage::Status,
    Stage::TooLarge,
    Stage::Decode,
    Stage::Read,
    Stage::Service,
    Stage::Quota,
    Stage::Cancelled,
];

/// No words of a recording that are shown as they stand are longer.
const MAX_WORDS: usize = 4_096;

/// Any line: which one it is, its keys tell.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    newsagg: Option<String>,
    version: u32,
    once: Option<Vec<String>>,
    file: Option<String>,
    config: Option<String>,
    secrets: Vec<Option<usize>>,
    wall: Option<i64>,
    fraction: u64,
    boot: u64,
    up: u64,
    seed: u64,
    busy: Option<String>,
    unwritable: Option<String>,
    homeless: bool,
    untils: Vec<Option<i64>>,
    dues: Vec<Option<i64>>,
    record: Option<String>,
    quotas: Option<String>,
    read: Option<usize>,
    text: Option<String>,
    base64: Option<String>,
    error: Option<String>,
    url: Option<String>,
    at: u64,
    request: Vec<(String, String)>,
    resolve: u64,
    connect: u64,
    tls: u64,
    local: Option<bool>,
    head: u64,
    status: Option<u16>,
    fields: Vec<(String, String)>,
    delimited: bool,
    length: Option<u64>,
    body: Vec<(u64, String, String)>,
    ended: u64,
    end: Option<String>,
    stage: String,
    cause: String,
    fault: String,
    unsent: bool,
    lines: Option<usize>,
}

/// Reads a recording.
///
/// # Errors
/// Why it is none, where, and what to do about it; for people.
pub fn read(path: &Path) -> Result<Recording, String> {
    let shown = path.display();
    let bytes = store::read(path, MAX_RECORDING)
        .map_err(|error| format!("reading {shown}: {}", store::plainly(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{shown}:{line}: damaged: not UTF-8; {ANEW}")
    })?;
    let mut recording = Recording::default();
    let (mut whole, mut version) = (false, VERSION);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let damaged = |why: &str| format!("{shown}:{number}: damaged: {why}; {ANEW}");
        let entry: Entry = match serde_json::from_str(line) {
            Ok(entry) => entry,
            Err(_) if index == 0 => return Err(none(path)),
            Err(error) => return Err(damaged(&without_place(&error.to_string()))),
        };
        if index == 0 {
            if entry.newsagg.as_deref() != Some("recording") {
                return Err(none(path));
            }
            if entry.version > VERSION {
                return Err(format!(
                    "{shown}:1: a newer newsagg made this recording (version {}); \
                     it takes that one to replay it",
                    entry.version
                ));
            }
            version = entry.version;
            continue;
        }
        if whole {
            return Err(damaged("it goes on after its last line"));
        }
        whole = entry.lines == Some(number);
        take(entry, &mut recording).map_err(damaged)?;
    }
    if version < VERSION {
        // The first version had the records of the first version of the journal.
        let records = &mut recording.circumstances.records;
        *records = records.iter().filter_map(|record| state::upgrade(record)).collect();
    }
    match (whole, text.is_empty()) {
        (true, _) => Ok(recording),
        (false, true) => Err(none(path)),
        (false, false) => {
            let lines = text.lines().count();
            Err(format!("{shown}:{lines}: damaged: the rest is missing; {ANEW}"))
        }
    }
}

/// What to do about a damaged one.
const ANEW: &str = "copy it anew from where it was made";

fn none(path: &Path) -> String {
    let make = "`newsagg once --record FILE` makes one";
    format!("{}: no recording; {make}", path.display())
}

/// What the JSON reader says without its line, which is always 1.
fn without_place(words: &str) -> String {
    words.replace(" at line 1 column ", ", byte ")
}

fn take(mut entry: Entry, recording: &mut Recording) -> Result<(), &'static str> {
    // They were ours when they were said; who sends a recording may have put in others.
    let shown = [&mut entry.busy, &mut entry.unwritable, &mut entry.error].into_iter().flatten();
    shown.chain([&mut entry.cause]).for_each(|words| *words = printable(words, MAX_WORDS));
    let circumstances = &mut recording.circumstances;
    let span = Duration::from_nanos;
    if entry.url.is_some() {
        recording.exchanges.push(exchange(entry)?);
    } else if let Some(record) = &entry.record {
        circumstances.records.push(BASE64_STANDARD.decode(record).map_err(|_| "not base64")?);
    } else if let Some(index) = entry.read {
        let said = match (entry.error, entry.text, entry.base64) {
            (Some(why), _, _) => Err(why),
            (_, Some(text), _) => Ok(text.into_bytes()),
            (_, _, Some(text)) => Ok(BASE64_STANDARD.decode(&text).map_err(|_| "not base64")?),
            _ => return Err("it says neither what was read nor why not"),
        };
        circumstances.reads.insert(index, (span(entry.at), said));
    } else if let Some(words) = entry.once {
        recording.words = words;
        let file = entry.file.map(PathBuf::from);
        recording.config = file.zip(entry.config);
        recording.numbers = entry.secrets;
    } else if let Some(wall) = entry.wall {
        let wall = Timestamp::from_unix(wall).ok_or("no such time")?;
        circumstances.moment = Some(Moment { wall, boot: entry.boot, up: span(entry.up) });
        circumstances.fraction = span(entry.fraction);
        circumstances.seed = entry.seed;
        circumstances.busy = entry.busy;
        circumstances.unwritable = entry.unwritable;
        circumstances.homeless = entry.homeless;
        circumstances.times = [entry.untils, entry.dues];
    } else if let Some(ledger) = entry.quotas {
        circumstances.quotas = Some(ledger.into_bytes());
    }
    // What a later program of this version adds is no reason to refuse the rest.
    Ok(())
}

fn exchange(entry: Entry) -> Result<(Exchange, Pieces), &'static str> {
    let span = Duration::from_nanos;
    let mut pieces = Vec::with_capacity(entry.body.len());
    for (at, kind, text) in entry.body {
        let bytes = match kind.as_str() {
            "text" => text.into_bytes(),
            _ => BASE64_STANDARD.decode(&text).map_err(|_| "not base64")?,
        };
        pieces.push((span(at), bytes));
    }
    let head = entry.status.map(|status| Head {
        at: span(entry.head),
        status,
        fields: entry.fields,
        length: entry.length,
        delimited: entry.delimited,
    });
    let stage = STAGES.into_iter().find(|stage| stage.to_string() == entry.stage);
    let fault = Fault::ALL.into_iter().find(|fault| fault.name() == entry.fault);
    let failure = |cause| {
        let failure = Failure::new(stage.ok_or("no such stage")?, cause);
        let (fault, unsent) = (fault.unwrap_or(failure.fault), failure.unsent || entry.unsent);
        Ok::<_, &'static str>(Failure { fault, unsent, ..failure })
    };
    let end = match entry.end.as_deref() {
        None => None,
        Some("whole") => Some(End::Whole),
        Some("failed") => Some(End::Failed(failure(entry.cause)?)),
        Some("given up") => Some(End::GivenUp(failure(entry.cause)?)),
        Some(_) => Some(End::Left),
    };
    let exchange = Exchange {
        url: entry.url.unwrap_or_default(),
        request: entry.request,
        at: span(entry.at),
        timing: Timing {
            resolve: span(entry.resolve),
            connect: span(entry.connect),
            tls: span(entry.tls),
            ..Timing::default()
        },
        local: entry.local,
        head,
        pieces: Vec::new(),
        end: end.map(|end| (span(entry.ended), end)),
    };
    Ok((exchange, pieces))
}

#[cfg(test)]
mod tests;
