//! The lines of a recording, written and read: one JSON object each, with a key that says which it is.
//! Times are nanoseconds since the recording began.

use std::io::{self, Write};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::failure::{Fault, Stage};
use crate::wire::tape::{Fields, Pieces};

/// The keys that say which line it is, in the order in which they are looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Keys {
    pub url: Option<IgnoredAny>,
    pub record: Option<IgnoredAny>,
    pub read: Option<IgnoredAny>,
    pub once: Option<IgnoredAny>,
    pub wall: Option<IgnoredAny>,
    pub quotas: Option<IgnoredAny>,
    pub lines: Option<IgnoredAny>,
}

/// The first line.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Opening {
    pub newsagg: String,
    pub version: u32,
    /// The version of the program.
    pub by: String,
}

/// The command line and the config.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Asked {
    pub once: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The number of each secret, in the order in which they were needed.
    pub secrets: Vec<Option<usize>>,
}

/// The circumstances of the round.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Conditions {
    /// Seconds since 1970, and nanoseconds of that second.
    pub wall: i64,
    pub fraction: u64,
    pub boot: u64,
    pub up: u64,
    pub seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwritable: Option<String>,
    pub homeless: bool,
    /// Seconds since 1970, for each source.
    pub untils: Vec<Option<i64>>,
    pub dues: Vec<Option<i64>>,
}

/// A record of the journal, in Base64.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Record {
    pub record: String,
}

/// The file of the quotas.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Quotas {
    pub quotas: String,
}

/// What a local source read.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Reading {
    /// The number of the source.
    pub read: usize,
    #[serde(default)]
    pub at: u64,
    #[serde(flatten)]
    pub found: Found,
}

/// Bytes, or why there are none.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Found {
    Text(String),
    Base64(String),
    Error(String),
}

/// A request and its response.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Passed {
    pub url: String,
    pub at: u64,
    pub request: Fields,
    pub resolve: u64,
    pub connect: u64,
    pub tls: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<bool>,
    /// When the head of the response came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Fields,
    pub delimited: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Piece>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Ending>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    pub unsent: bool,
}

/// A piece of a body: when it came, how it is written, and the bytes so written.
pub(super) type Piece = (u64, Coding, String);

/// How bytes are written.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Coding {
    Text,
    Base64,
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ending {
    Whole,
    Left,
    Failed,
    #[serde(rename = "given up")]
    GivenUp,
}

/// The last line: how many there are, itself included.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Last {
    pub lines: u64,
}

/// Bytes as text if they are UTF-8, else in Base64.
pub(super) fn coded(bytes: Vec<u8>) -> (Coding, String) {
    match String::from_utf8(bytes) {
        Ok(text) => (Coding::Text, text),
        Err(error) => (Coding::Base64, BASE64_STANDARD.encode(error.as_bytes())),
    }
}

/// The bytes again.
pub(super) fn decoded(coding: Coding, text: String) -> Result<Vec<u8>, &'static str> {
    match coding {
        Coding::Text => Ok(text.into_bytes()),
        Coding::Base64 => BASE64_STANDARD.decode(text).map_err(|_| "not base64"),
    }
}

pub(super) fn coded_pieces(pieces: Pieces) -> Vec<Piece> {
    let coded = |(at, bytes)| {
        let (coding, text) = coded(bytes);
        (nanos(at), coding, text)
    };
    pieces.into_iter().map(coded).collect()
}

pub(super) fn decoded_pieces(pieces: Vec<Piece>) -> Result<Pieces, &'static str> {
    let decoded = |(at, coding, text)| Ok((Duration::from_nanos(at), decoded(coding, text)?));
    pieces.into_iter().map(decoded).collect()
}

pub(super) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Lines on their way to a file.
pub(super) struct Sheet<'a> {
    out: &'a mut dyn Write,
    lines: u64,
    left: u64,
}

impl Sheet<'_> {
    /// Over `out`, which takes no more than so many bytes.
    pub(super) fn new(out: &mut dyn Write, most: u64) -> Sheet<'_> {
        Sheet { out, lines: 0, left: most }
    }

    pub(super) fn add(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.lines += 1;
        self.out.write_all(&bytes)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        let lines = self.lines + 1;
        self.add(&Last { lines })
    }
}
