//! Lines about the length of the body that hyper would pass over.
//!
//! Publishers send header lines that are none, and those are ignored. That must not go for
//! `Transfer-Encoding` and `Content-Length`: without them the body would end elsewhere than the
//! server means (RFC 9112 §6.1, §6.3). hyper does not say what it ignored, so the heads are looked
//! through as they come.

/// The fields that say where a body ends, as [`Heads`] spells names.
const FRAMING: [&[u8]; 2] = [b"transferencoding", b"contentlength"];

/// So much of a line's beginning is kept: the longest of them, and what may stand in between.
const MAX_KEPT: usize = 64;

/// The heads of one answer, byte by byte.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The beginning of the current line.
    line: Vec<u8>,
    /// A control character is in the current line.
    control: bool,
    /// The byte before was a CR, which is good only before LF.
    cr: bool,
    /// The line before was about the length, and this one may go on with it.
    framing: bool,
    /// Where in the answer we are.
    place: Place,
}

#[derive(Debug, Default, PartialEq)]
enum Place {
    #[default]
    Before,
    /// In the head of an interim answer (1xx).
    Interim,
    /// In the head that counts.
    Head,
    Body,
}

/// A line about the length that is no header field.
#[derive(Debug, PartialEq)]
pub(super) struct Unclear;

impl Heads {
    /// Takes in what was read.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Result<(), Unclear> {
        if self.place == Place::Body {
            return Ok(());
        }
        for &byte in bytes {
            let cr = std::mem::replace(&mut self.cr, byte == b'\r');
            self.control |= cr && byte != b'\n';
            match byte {
                b'\n' => {
                    self.end_of_line()?;
                    if self.place == Place::Body {
                        self.line = Vec::new();
                        return Ok(());
                    }
                }
                b'\r' => {}
                _ => {
                    self.control |= byte.is_ascii_control() && byte != b'\t';
                    if self.line.len() < MAX_KEPT {
                        self.line.push(byte);
                    }
                }
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<(), Unclear> {
        let control = std::mem::take(&mut self.control);
        match (&self.place, self.line.is_empty()) {
            (Place::Before, true) | (Place::Body, _) => {}
            (Place::Before, false) => {
                let interim = self.line.get(9) == Some(&b'1');
                self.place = if interim { Place::Interim } else { Place::Head };
            }
            (Place::Interim, true) => self.place = Place::Before,
            (Place::Head, true) => self.place = Place::Body,
            (_, false) => {
                let folded = matches!(self.line.first(), Some(b' ' | b'\t'));
                self.framing = (folded && self.framing) || is_framing(&self.line);
                let bad = control || !(folded || is_field(&self.line));
                if self.framing && bad {
                    return Err(Unclear);
                }
            }
        }
        self.line.clear();
        Ok(())
    }
}

/// Whether somebody could take it for a field about the length: by its letters, whatever
/// stands between them.
fn is_framing(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    let letters: Vec<u8> =
        name.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    FRAMING.iter().any(|framing| letters.starts_with(framing))
}

/// Whether a name and a colon begin the line (RFC 9110 §5.1), with nothing but blanks between.
fn is_field(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else { return false };
    let name = line[..colon].trim_ascii_end();
    let in_name = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
    !name.is_empty() && name.iter().all(in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, size: usize) -> Result<(), Unclear> {
        let mut heads = Heads::default();
        text.as_bytes().chunks(size).try_for_each(|piece| heads.look(piece))
    }

    #[test]
    fn a_line_about_the_length_must_be_a_field() {
        for line in [
            "Transfer-Encoding: chun\u{1}ked",
            "Transfer-Encoding\u{b}: chunked",
            "Transfer-Encoding chunked",
            "Transfer Encoding: chunked",
            "transfer-encoding:\r\n \u{7f}chunked",
            "Transfer-\u{0}Encoding: chunked",
            "Content-Length: 2\u{0}",
            "content-length: \r2",
            "\u{c}Content-Length: 2",
        ] {
            for size in [1, 3, 1000] {
                for before in ["", "\r\n", "HTTP/1.1 103 Early\r\nX: y\r\n\r\n"] {
                    let text = format!("{before}HTTP/1.1 200 OK\r\nA: b\r\n{line}\r\n\r\n");
                    assert_eq!(look(&text, size), Err(Unclear), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn other_lines_and_the_body_may_be_anything() {
        for text in [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length :2\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length:\n 2\n\n",
            "HTTP/1.1 200 OK\r\nthis is \u{1} no header\r\nX: \u{1}\r\n y\u{1}\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX-Content-Length: \u{1}\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nContent-Length \u{1}\r\n",
            "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\nTransfer-Encoding\r\n",
        ] {
            for size in [1, 3, 1000] {
                assert_eq!(look(text, size), Ok(()), "{text:?}");
            }
        }
    }
}
