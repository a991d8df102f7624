//! The lines of a recording, as they are written.

use std::io::{self, Write};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};

/// One JSON object.
#[derive(Debug)]
pub(super) struct Line(Vec<u8>);

impl Line {
    pub(super) fn new() -> Line {
        Line(b"{".to_vec())
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.string(key);
        self.0.push(b':');
    }

    fn string(&mut self, text: &str) {
        self.0.extend(serde_json::to_vec(&text).unwrap_or_default());
    }

    fn digits(&mut self, number: u64) {
        self.0.extend_from_slice(number.to_string().as_bytes());
    }

    pub(super) fn text(mut self, key: &str, text: &str) -> Line {
        self.key(key);
        self.string(text);
        self
    }

    pub(super) fn text_if(self, key: &str, text: Option<&str>) -> Line {
        match text {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(super) fn number(mut self, key: &str, number: u64) -> Line {
        self.key(key);
        self.digits(number);
        self
    }

    /// Nanoseconds.
    pub(super) fn span(self, key: &str, span: Duration) -> Line {
        self.number(key, nanos(span))
    }

    pub(super) fn flag(mut self, key: &str, set: bool) -> Line {
        self.key(key);
        self.0.extend_from_slice(if set { b"true" } else { b"false" });
        self
    }

    /// As text, if they are some.
    pub(super) fn bytes(self, bytes: &[u8]) -> Line {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text("text", text),
            Err(_) => self.text("base64", &BASE64_STANDARD.encode(bytes)),
        }
    }

    /// `[…, …]`, each part by `tell`.
    pub(super) fn list<T>(
        mut self,
        key: &str,
        parts: impl Iterator<Item = T>,
        tell: impl Fn(&mut Line, T),
    ) -> Line {
        self.key(key);
        self.0.push(b'[');
        for (index, part) in parts.enumerate() {
            if index > 0 {
                self.0.push(b',');
            }
            tell(&mut self, part);
        }
        self.0.push(b']');
        self
    }

    pub(super) fn texts<'a>(self, key: &str, texts: impl Iterator<Item = &'a str>) -> Line {
        self.list(key, texts, |line, text| line.string(text))
    }

    /// `[["name","value"], …]`
    pub(super) fn fields<'a>(
        self,
        key: &str,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Line {
        self.list(key, fields, |line, (name, value)| {
            line.0.push(b'[');
            line.string(name);
            line.0.push(b',');
            line.string(value);
            line.0.push(b']');
        })
    }

    /// `[1, null, 2]`
    pub(super) fn numbers(self, key: &str, numbers: &[Option<usize>]) -> Line {
        self.list(key, numbers.iter(), |line, number| match number {
            Some(number) => line.digits(*number as u64),
            None => line.0.extend_from_slice(b"null"),
        })
    }

    /// The same of times, in seconds since 1970.
    pub(super) fn times(self, key: &str, times: &[Option<i64>]) -> Line {
        self.list(key, times.iter(), |line, time| match time {
            Some(time) => line.digits(u64::try_from(*time).unwrap_or(0)),
            None => line.0.extend_from_slice(b"null"),
        })
    }

    /// `[[nanoseconds, "text" or "base64", "…"], …]`
    pub(super) fn pieces(self, key: &str, pieces: &[(Duration, Vec<u8>)]) -> Line {
        self.list(key, pieces.iter(), |line, (at, bytes)| {
            line.0.push(b'[');
            line.digits(nanos(*at));
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    line.0.extend_from_slice(b",\"text\",");
                    line.string(text);
                }
                Err(_) => {
                    line.0.extend_from_slice(b",\"base64\",");
                    line.string(&BASE64_STANDARD.encode(bytes));
                }
            }
            line.0.push(b']');
        })
    }
}

fn nanos(span: Duration) -> u64 {
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

    pub(super) fn add(&mut self, line: Line) -> io::Result<()> {
        let mut bytes = line.0;
        bytes.extend_from_slice(b"}\n");
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.lines += 1;
        self.out.write_all(&bytes)
    }

    /// The last line says how many there are, itself included.
    pub(super) fn end(mut self) -> io::Result<()> {
        let lines = self.lines + 1;
        self.add(Line::new().number("lines", lines))
    }
}
