//! The documents of a config, written.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::gather::News;
use crate::config::{Config, Output, OutputFormat};
use crate::format::{Format, Merged, SourceHealth, State, Style};
use crate::item::Story;
use crate::store::{self, Appeared, Counted};
use crate::time::Timestamp;

/// What became of one output.
#[derive(Debug)]
pub(super) struct Written {
    pub path: String,
    pub bytes: u64,
    pub written: bool,
    pub error: Option<String>,
    /// Whoever read stdout has left: no error, but the end of our work.
    pub deserted: bool,
}

/// Writes every output of the config; one that fails does not keep the others from being written.
pub(super) fn write(
    config: &Config,
    health: &[SourceHealth],
    news: &News,
    now: Timestamp,
    style: Style,
) -> Vec<Written> {
    // When nothing could be fetched, a document that is there says more than an empty one.
    let nothing = health.iter().all(|source| source.state != State::Ok);
    let mut written = Vec::with_capacity(config.outputs.len());
    for (output, selection) in config.outputs.iter().zip(&news.of_output) {
        let OutputFormat::Now(format) = output.format else { continue };
        let stories = shown(output, &news.stories[*selection], now);
        let sources: Vec<SourceHealth> =
            output.sources.iter().map(|index| health[*index].clone()).collect();
        let merged = Merged { title: &output.title, sources: &sources, stories: &stories };
        written.push(match &output.path {
            Some(path) if nothing && path.is_file() => left(path),
            Some(path) => to_file(path, output.mode, format, &merged),
            None => to_stdout(format, &merged, style),
        });
    }
    written
}

/// The stories of an output, in their order.
pub(super) fn shown<'a>(output: &Output, stories: &'a [Story], now: Timestamp) -> Vec<&'a Story> {
    let age = output.max_age.map(|age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    let oldest = age.map_or(i64::MIN, |age| now.unix().saturating_sub(age));
    let young = |story: &&Story| story.date().is_none_or(|date| date.unix() >= oldest);
    stories.iter().filter(young).take(output.limit.unwrap_or(usize::MAX)).collect()
}

fn to_file(path: &Path, mode: u32, format: Format, merged: &Merged<'_>) -> Written {
    let render = |out: &mut dyn Write| format.write(merged, Style::default(), out);
    match store::appear(path, mode, &render) {
        Ok(Appeared { bytes, written }) => Written { bytes, written, ..left(path) },
        Err(failure) => Written { error: Some(failure.to_string()), ..left(path) },
    }
}

/// A file that stays as it is.
fn left(path: &Path) -> Written {
    let path = path.display().to_string();
    Written { path, bytes: 0, written: false, error: None, deserted: false }
}

fn to_stdout(format: Format, merged: &Merged<'_>, style: Style) -> Written {
    let mut out = Counted::new(BufWriter::new(io::stdout().lock()));
    let outcome = format.write(merged, style, &mut out).and_then(|()| out.flush());
    let deserted = outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    let error = outcome.err().filter(|_| !deserted);
    Written {
        path: "-".into(),
        bytes: out.bytes,
        written: error.is_none() && !deserted,
        error: error.map(|error| format!("writing to stdout: {}", store::plainly(&error))),
        deserted,
    }
}
