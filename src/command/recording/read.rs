//! A recording, read again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::lines::{
    Asked, Coding, Conditions, Ending, Found, Keys, Last, Opening, Passed, Quotas, Reading, Record,
    decoded, decoded_pieces,
};
use super::{MAX_RECORDING, Recording, VERSION};
use crate::failure::Failure;
use crate::http::Timing;
use crate::text::printable;
use crate::time::{Moment, Timestamp};
use crate::wire::tape::{End, Exchange, Head, Pieces};
use crate::{state, store};

/// No words of a recording that are shown as they stand are longer.
const MAX_WORDS: usize = 4_096;

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
    let mut lines = text.lines().enumerate();
    let version = version(path, lines.next().map_or("", |(_, line)| line))?;
    let mut recording = Recording::default();
    let mut whole = false;
    for (index, line) in lines {
        let damaged = |why: String| format!("{shown}:{}: damaged: {why}; {ANEW}", index + 1);
        if whole {
            return Err(damaged("it goes on after its last line".into()));
        }
        let lines = take(line, &mut recording).map_err(damaged)?;
        whole = lines == Some(index as u64 + 1);
    }
    if version < VERSION {
        // The first version had the records of the first version of the journal.
        let records = &mut recording.circumstances.records;
        *records = records.iter().filter_map(|record| state::upgrade(record)).collect();
    }
    if !whole {
        let lines = text.lines().count();
        return Err(format!("{shown}:{lines}: damaged: the rest is missing; {ANEW}"));
    }
    Ok(recording)
}

/// The version of a recording that begins with this line.
fn version(path: &Path, line: &str) -> Result<u32, String> {
    let none = || {
        let make = "`newsagg once --record FILE` makes one";
        format!("{}: no recording; {make}", path.display())
    };
    let opening: Opening = serde_json::from_str(line).map_err(|_| none())?;
    match opening.version {
        _ if opening.newsagg != "recording" => Err(none()),
        version if version > VERSION => Err(format!(
            "{}:1: a newer newsagg made this recording (version {version}); \
             it takes that one to replay it",
            path.display()
        )),
        version => Ok(version),
    }
}

/// What to do about a damaged one.
const ANEW: &str = "copy it anew from where it was made";

/// Reads a line as JSON.
fn parse<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, String> {
    // The reader knows of this line only, so that its number is always 1.
    let without_line = |words: String| words.replace(" at line 1 column ", ", byte ");
    serde_json::from_str(line).map_err(|error| shown(&without_line(error.to_string())))
}

/// Takes one line. Returns how many there are, where the line says so.
fn take(line: &str, recording: &mut Recording) -> Result<Option<u64>, String> {
    let circumstances = &mut recording.circumstances;
    let span = Duration::from_nanos;
    let keys: Keys = parse(line)?;
    if keys.url.is_some() {
        recording.exchanges.push(exchange(parse(line)?)?);
    } else if keys.record.is_some() {
        let Record { record } = parse(line)?;
        circumstances.records.push(decoded(Coding::Base64, record)?);
    } else if keys.read.is_some() {
        let Reading { read, at, found } = parse(line)?;
        let found = match found {
            Found::Text(text) => Ok(text.into_bytes()),
            Found::Base64(text) => Ok(decoded(Coding::Base64, text)?),
            Found::Error(why) => Err(shown(&why)),
        };
        circumstances.reads.insert(read, (span(at), found));
    } else if keys.once.is_some() {
        let asked: Asked = parse(line)?;
        recording.words = asked.once;
        recording.config = asked.file.map(PathBuf::from).zip(asked.config);
        recording.numbers = asked.secrets;
    } else if keys.wall.is_some() {
        let said: Conditions = parse(line)?;
        let wall = Timestamp::from_unix(said.wall).ok_or("no such time")?;
        circumstances.moment = Some(Moment { wall, boot: said.boot, up: span(said.up) });
        circumstances.fraction = span(said.fraction);
        circumstances.seed = said.seed;
        circumstances.busy = said.busy.as_deref().map(shown);
        circumstances.unwritable = said.unwritable.as_deref().map(shown);
        circumstances.homeless = said.homeless;
        circumstances.times = [said.untils, said.dues];
    } else if keys.quotas.is_some() {
        let Quotas { quotas } = parse(line)?;
        circumstances.quotas = Some(quotas.into_bytes());
    } else if keys.lines.is_some() {
        return parse(line).map(|Last { lines }| Some(lines));
    }
    // What a later program of this version adds is no reason to refuse the rest.
    Ok(None)
}

/// Words that are shown as they stand: they were ours when they were recorded, but another may have
/// put in others since.
fn shown(words: &str) -> String {
    printable(words, MAX_WORDS)
}

fn exchange(passed: Passed) -> Result<(Exchange, Pieces), String> {
    let span = Duration::from_nanos;
    let head = passed.status.map(|status| Head {
        at: span(passed.head.unwrap_or_default()),
        status,
        fields: passed.fields,
        length: passed.length,
        delimited: passed.delimited,
    });
    let failure = |cause: &str| {
        let failure = Failure::new(passed.stage.ok_or("a failure without a stage")?, shown(cause));
        let fault = passed.fault.unwrap_or(failure.fault);
        Ok::<_, String>(Failure { fault, unsent: failure.unsent || passed.unsent, ..failure })
    };
    let end = match passed.end {
        None => None,
        Some(Ending::Whole) => Some(End::Whole),
        Some(Ending::Failed) => Some(End::Failed(failure(&passed.cause)?)),
        Some(Ending::GivenUp) => Some(End::GivenUp(failure(&passed.cause)?)),
        Some(Ending::Left) => Some(End::Left),
    };
    let exchange = Exchange {
        url: passed.url,
        request: passed.request,
        at: span(passed.at),
        timing: Timing {
            resolve: span(passed.resolve),
            connect: span(passed.connect),
            tls: span(passed.tls),
            ..Timing::default()
        },
        local: passed.local,
        head,
        pieces: Vec::new(),
        end: end.map(|end| (span(passed.ended.unwrap_or_default()), end)),
    };
    Ok((exchange, decoded_pieces(passed.body)?))
}

#[cfg(test)]
mod tests;
