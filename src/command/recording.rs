//! A round in a file: what it was told, asked and answered, without its secrets.
//!
//! JSON Lines. The first line says the version, the last one how many there are; between them stand
//! the command line and the config, what was remembered, what was read, and each exchange below
//! surf. Words stand for the secrets (`secret-1`), the same for the same one, wherever it stood.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::config::{Config, Problem};
use crate::http::{Secret, Url, digest, place};
use crate::limit::Limiter;
use crate::merge::fingerprint;
use crate::state::Rekey;
use crate::store;
use crate::time::{Moment, Timestamp};
use crate::transport;
use crate::update::{Circumstances, keys_of, quota_of, urls_of};
use crate::wire::tape::{End, Exchange, Fields, Pieces, Tape};

mod lines;
mod read;
mod secrets;

use lines::{
    Asked, Coding, Conditions, Ending, Found, Opening, Passed, Quotas, Reading, Record, Sheet,
    coded, coded_pieces, nanos,
};
use secrets::Secrets;

pub use read::read;

/// The version of the format that this program writes.
const VERSION: u32 = 2;

/// No recording is larger, in bytes.
pub const MAX_RECORDING: u64 = 64 << 20;

/// A round, as a recording tells it.
#[derive(Debug, Default)]
pub struct Recording {
    /// The words behind `newsagg once`.
    pub words: Vec<String>,
    /// The config file, if there was one, and its text.
    pub config: Option<(PathBuf, String)>,
    /// The number of each secret, in the order in which they were needed.
    pub numbers: Vec<Option<usize>>,
    /// What the round depended on beside the network.
    pub circumstances: Circumstances<Vec<u8>>,
    /// What passed below surf, in the order in which it began.
    pub exchanges: Vec<(Exchange, Pieces)>,
}

/// What is to be written.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The words behind `newsagg once`.
    pub words: &'a [String],
    /// The config file, if there was one, and its text.
    pub file: Option<(&'a Path, &'a str)>,
    /// The secrets that were needed, in order.
    pub met: Vec<Option<Secret>>,
    /// What came of words and text.
    pub config: &'a Config,
    /// What passed.
    pub tape: &'a Tape,
    /// What else there was.
    pub notes: Circumstances<(u64, u32)>,
}

/// Makes a config of the words and the text of a recording, with these numbers for secrets.
pub type Remake<'a> = &'a dyn Fn(
    &[String],
    Option<(&Path, &str)>,
    Vec<Option<usize>>,
) -> Result<Config, Vec<Problem>>;

/// Writes a recording, mode 0600, whole or not at all.
///
/// # Errors
/// Why it cannot be written, for people.
pub fn write(path: &Path, subject: &Subject<'_>, remake: Remake<'_>) -> Result<(), String> {
    let failed = |why: String| format!("recording to {}: {why}", path.display());
    if !subject.tape.is_whole() {
        return Err(failed(format!("the round is larger than {} MiB", MAX_RECORDING >> 20)));
    }
    let exchanges = subject.tape.exchanges();
    let mut secrets = Secrets::default();
    let numbers = secrets.needed(&subject.met);
    learn(&mut secrets, subject, &exchanges).map_err(|error| failed(store::plainly(&error)))?;
    let words = subject.words.iter().map(|word| secrets.scrub(word)).collect();
    let bare = |(path, text): (&Path, &str)| {
        (path.to_owned(), secrets.scrub(&secrets::without_comments(text)))
    };
    let mut told = Told { words, file: subject.file.map(bare), numbers, ..Told::default() };
    let file = told.file.as_ref().map(|(path, text)| (&**path, &**text));
    let made = remake(&told.words, file, told.numbers.clone()).map_err(|problems| {
        let first = problems.first().map(Problem::to_string).unwrap_or_default();
        failed(format!("without its secrets the config is none: {first}"))
    })?;
    let renamed = told.rename(subject, &made, &exchanges, &secrets);
    renamed.map_err(|error| failed(store::plainly(&error)))?;
    let render = |out: &mut dyn Write| told.write(subject, &exchanges, &secrets, out);
    let written = store::write_if_changed(path, 0o600, &render);
    written.map(drop).map_err(|failure| format!("recording: {failure}"))
}

/// Finds the secrets that nobody told.
fn learn(secrets: &mut Secrets, subject: &Subject<'_>, exchanges: &[Exchange]) -> io::Result<()> {
    if let Some((_, text)) = subject.file {
        secrets.learn_urls(text);
    }
    subject.words.iter().for_each(|word| secrets.learn_urls(word));
    for source in &subject.config.sources {
        let plan = source.source.as_ref().map(|own| own.plan()).unwrap_or_default();
        let headers = plan.iter().flat_map(|request| &request.headers).chain(&source.headers);
        for header in headers.filter(|header| header.secret) {
            secrets.learn(&header.value);
        }
    }
    let doors = subject.config.sources.iter().filter_map(|source| source.source.as_ref()?.grant());
    let doors: Vec<String> = doors.map(|grant| grant.url.into()).collect();
    for exchange in exchanges {
        secrets.learn_urls(&exchange.url);
        if doors.contains(&exchange.url) {
            // Whatever it says that it is.
            let body = whole(subject.tape, exchange)?;
            let body = transport::decoded(coding(exchange), &body, MAX_RECORDING);
            secrets.learn_tokens(&String::from_utf8_lossy(&body));
        }
        for (name, value) in exchange.head.iter().flat_map(|head| &head.fields) {
            if name == "location" {
                secrets.learn_urls(value);
            }
            if name == "content-type" && value.contains("json") {
                let body = whole(subject.tape, exchange)?;
                let body = transport::decoded(coding(exchange), &body, MAX_RECORDING);
                secrets.learn_tokens(&String::from_utf8_lossy(&body));
            }
        }
    }
    Ok(())
}

fn coding(exchange: &Exchange) -> &str {
    let mut fields = exchange.head.iter().flat_map(|head| &head.fields);
    fields.find(|(name, _)| name == "content-encoding").map_or("", |(_, value)| value)
}

/// The body as it came.
fn whole(tape: &Tape, exchange: &Exchange) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    for (_, place, length) in &exchange.pieces {
        tape.get((*place, *length), &mut body)?;
    }
    Ok(body)
}

/// What stands in a recording in the place of what must not.
#[derive(Debug, Default)]
struct Told {
    words: Vec<String>,
    file: Option<(PathBuf, String)>,
    numbers: Vec<Option<usize>>,
    /// What is remembered under fingerprints of secrets is found under those of their stand-ins.
    keys: BTreeMap<u64, u64>,
    asked: BTreeMap<u64, u64>,
    from: BTreeMap<u64, u64>,
    digests: BTreeMap<u64, u64>,
    names: BTreeMap<String, String>,
    accounts: Vec<(String, String)>,
}

impl Told {
    fn rename(
        &mut self,
        subject: &Subject<'_>,
        made: &Config,
        exchanges: &[Exchange],
        secrets: &Secrets,
    ) -> io::Result<()> {
        for (old, new) in subject.config.sources.iter().zip(&made.sources) {
            self.keys.extend(keys_of(old).into_iter().zip(keys_of(new)));
            for (old, new) in urls_of(old).iter().zip(&urls_of(new)) {
                self.asked.insert(fingerprint(old.as_str()), fingerprint(new.as_str()));
                self.from.insert(place(old), place(new));
            }
            self.names.insert(old.memory.clone(), new.memory.clone());
            let accounts = (quota_of(old).account, quota_of(new).account);
            if accounts.0 != accounts.1 {
                self.accounts.push(accounts);
            }
        }
        for exchange in exchanges {
            let new = Url::parse(&secrets.scrub(&exchange.url));
            if let (Ok(old), Ok(new)) = (Url::parse(&exchange.url), new) {
                self.from.insert(place(&old), place(&new));
            }
            if secrets.is_empty() {
                continue;
            }
            let coded = whole(subject.tape, exchange)?;
            let plain = transport::decoded(coding(exchange), &coded, MAX_RECORDING);
            if let Some(clean) = secrets.replaced(&plain) {
                self.digests.insert(digest(&plain), digest(&clean));
            }
        }
        Ok(())
    }

    fn write(
        &self,
        subject: &Subject<'_>,
        exchanges: &[Exchange],
        secrets: &Secrets,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut sheet = Sheet::new(out, MAX_RECORDING);
        let by = env!("CARGO_PKG_VERSION").into();
        sheet.add(&Opening { newsagg: "recording".into(), version: VERSION, by })?;
        sheet.add(&Asked {
            once: self.words.clone(),
            file: self.file.as_ref().map(|(path, _)| path.display().to_string()),
            config: self.file.as_ref().map(|(_, text)| text.clone()),
            secrets: self.numbers.clone(),
        })?;
        let notes = &subject.notes;
        sheet.add(&circumstances(notes, secrets))?;
        self.write_state(subject, secrets, &mut sheet)?;
        for (index, (at, said)) in &notes.reads {
            let found = match said {
                Ok(place) => {
                    let mut bytes = Vec::new();
                    subject.tape.get(*place, &mut bytes)?;
                    match coded(secrets.replaced(&bytes).unwrap_or(bytes)) {
                        (Coding::Text, text) => Found::Text(text),
                        (Coding::Base64, text) => Found::Base64(text),
                    }
                }
                Err(why) => Found::Error(secrets.scrub(why)),
            };
            sheet.add(&Reading { read: *index, at: nanos(*at), found })?;
        }
        for exchange in exchanges {
            sheet.add(&passed(exchange, subject.tape, secrets)?)?;
        }
        sheet.end()
    }

    fn write_state(
        &self,
        subject: &Subject<'_>,
        secrets: &Secrets,
        sheet: &mut Sheet<'_>,
    ) -> io::Result<()> {
        let mut rekey = Rekey {
            keys: self.keys.clone(),
            asked: self.asked.clone(),
            from: self.from.clone(),
            digests: self.digests.clone(),
            names: self.names.clone(),
            distrust: subject.notes.damaged,
            ..Rekey::default()
        };
        let mut bytes = Vec::new();
        for place in &subject.notes.records {
            bytes.clear();
            subject.tape.get(*place, &mut bytes)?;
            if let Some(record) = rekey.record(&bytes, &mut |text| secrets.scrub(text)) {
                sheet.add(&Record { record: BASE64_STANDARD.encode(&record) })?;
            }
        }
        let Some(place) = subject.notes.quotas else { return Ok(()) };
        bytes.clear();
        subject.tape.get(place, &mut bytes)?;
        let renamed = Limiter::renamed(&bytes, &self.accounts);
        let ledger = renamed.unwrap_or_else(|| b"damaged".to_vec());
        sheet.add(&Quotas { quotas: String::from_utf8_lossy(&ledger).into() })
    }
}

/// Of a round that did not begin.
const NEVER: Moment = Moment { wall: Timestamp::EPOCH, boot: 0, up: Duration::ZERO };

fn circumstances(notes: &Circumstances<(u64, u32)>, secrets: &Secrets) -> Conditions {
    let moment = notes.moment.unwrap_or(NEVER);
    let scrubbed = |words: &Option<String>| words.as_ref().map(|words| secrets.scrub(words));
    let [untils, dues] = notes.times.clone();
    Conditions {
        wall: moment.wall.unix(),
        fraction: nanos(notes.fraction),
        boot: moment.boot,
        up: nanos(moment.up),
        seed: notes.seed,
        busy: scrubbed(&notes.busy),
        unwritable: scrubbed(&notes.unwritable),
        homeless: notes.homeless,
        untils,
        dues,
    }
}

/// One exchange.
fn passed(exchange: &Exchange, tape: &Tape, secrets: &Secrets) -> io::Result<Passed> {
    let timing = &exchange.timing;
    let scrubbed = |fields: &Fields| -> Fields {
        fields.iter().map(|(name, value)| (name.clone(), secrets.scrub(value))).collect()
    };
    let mut passed = Passed {
        url: secrets.scrub(&exchange.url),
        at: nanos(exchange.at),
        request: scrubbed(&exchange.request),
        resolve: nanos(timing.resolve),
        connect: nanos(timing.connect),
        tls: nanos(timing.tls),
        local: exchange.local,
        ..Passed::default()
    };
    if let Some(head) = &exchange.head {
        passed.head = Some(nanos(head.at));
        passed.status = Some(head.status);
        passed.fields = scrubbed(&head.fields);
        passed.delimited = head.delimited;
        passed.length = head.length;
        let mut pieces = Vec::with_capacity(exchange.pieces.len());
        for (at, place, size) in &exchange.pieces {
            let mut bytes = Vec::new();
            tape.get((*place, *size), &mut bytes)?;
            pieces.push((*at, bytes));
        }
        if let Some((body, coded)) = scrubbed_body(exchange, &pieces, secrets) {
            // It is another body, and stands without its coding.
            let kept =
                |name: &str| name != "content-length" && (coded || name != "content-encoding");
            passed.fields.retain(|(name, _)| kept(name));
            passed.length = head.length.map(|_| body.len() as u64);
            pieces = vec![(pieces.last().map(|(at, _)| *at).unwrap_or_default(), body)];
        }
        passed.body = coded_pieces(pieces);
    }
    let Some((at, end)) = &exchange.end else { return Ok(passed) };
    passed.ended = Some(nanos(*at));
    passed.end = Some(match end {
        End::Whole => Ending::Whole,
        End::Left => Ending::Left,
        End::Failed(_) => Ending::Failed,
        End::GivenUp(_) => Ending::GivenUp,
    });
    if let End::Failed(failure) | End::GivenUp(failure) = end {
        passed.stage = Some(failure.stage);
        passed.cause = secrets.scrub(&failure.cause);
        passed.fault = Some(failure.fault);
        passed.unsent = failure.unsent;
    }
    Ok(passed)
}

/// The body with words in the place of the secrets that a server said back, and whether it is as it
/// came but for them; `None` if it said none.
fn scrubbed_body(
    exchange: &Exchange,
    pieces: &Pieces,
    secrets: &Secrets,
) -> Option<(Vec<u8>, bool)> {
    if secrets.is_empty() {
        return None;
    }
    let body: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes).copied().collect();
    let plain = transport::decoded(coding(exchange), &body, MAX_RECORDING);
    let clean = secrets.replaced(&plain).map(|clean| (clean, false));
    // What is not coded as it says may say it openly.
    clean.or_else(|| Some((secrets.replaced(&body)?, true)))
}
