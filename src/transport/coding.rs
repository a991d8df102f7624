//! Content codings, undone in small steps under a limit.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::failure::{Failure, Stage};

/// What one step writes at most: inflating it takes about 0.1 ms.
pub(super) const STEP: usize = 32 << 10;

/// A gzip header with its name and comment.
const MAX_GZIP_HEADER: usize = 64 << 10;

/// A body on its way from coded to plain.
pub(super) struct Decoder {
    kind: Kind,
    body: Vec<u8>,
    max: u64,
}

/// What one step did.
pub(super) struct Step {
    pub(super) read: usize,
    pub(super) written: usize,
}

enum Kind {
    Plain,
    Gzip(Box<Gzip>),
    /// `None` until the first two bytes tell zlib (RFC 1950) from raw deflate, which some send.
    Deflate {
        inflate: Option<Decompress>,
        begin: Vec<u8>,
        ended: bool,
    },
}

impl Decoder {
    /// For the value of `Content-Encoding`. Only gzip was asked for; deflate comes all the same.
    pub(super) fn new(coding: &str, max: u64) -> Result<Decoder, Failure> {
        let coding = coding.trim().to_ascii_lowercase();
        let kind = match coding.as_str() {
            "" | "identity" => Kind::Plain,
            "gzip" | "x-gzip" => Kind::Gzip(Box::default()),
            "deflate" => Kind::Deflate { inflate: None, begin: Vec::new(), ended: false },
            other => {
                let shown: String = other.chars().filter(char::is_ascii_graphic).take(40).collect();
                return Err(damaged(format!("the content coding {shown} was not asked for")));
            }
        };
        Ok(Decoder { kind, body: Vec::new(), max })
    }

    /// Sets room aside for a body of this length on the wire.
    pub(super) fn reserve(&mut self, length: usize) {
        self.body.reserve(length);
    }

    /// How much there is of the body.
    pub(super) fn size(&self) -> usize {
        self.body.len()
    }

    /// Takes in some of `input` and writes at most a step.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<Step, Failure> {
        let before = self.body.len();
        let read = match &mut self.kind {
            Kind::Plain => {
                let read = input.len().min(STEP);
                self.body.extend_from_slice(&input[..read]);
                read
            }
            Kind::Gzip(gzip) => gzip.step(input, &mut self.body)?,
            Kind::Deflate { ended: true, .. } => input.len(),
            Kind::Deflate { inflate: Some(inflate), ended, .. } => {
                let (read, end) = run(inflate, input, &mut self.body)?;
                *ended = end;
                read
            }
            Kind::Deflate { inflate, begin, ended } => {
                begin.extend(input.first());
                if let [first, second] = begin[..] {
                    let check = u16::from_be_bytes([first, second]);
                    let mut inflater = Decompress::new(first & 0xf == 8 && check % 31 == 0);
                    let (_, end) = run(&mut inflater, begin, &mut self.body)?;
                    (*inflate, *ended) = (Some(inflater), end);
                }
                1
            }
        };
        if self.body.len() as u64 > self.max {
            return Err(too_large(self.max));
        }
        Ok(Step { read, written: self.body.len() - before })
    }

    /// Takes out what there is of the body, and leaves `other` to be written to.
    pub(super) fn swap(&mut self, other: &mut Vec<u8>) {
        std::mem::swap(&mut self.body, other);
    }

    /// What there is of the body, whether or not its coding came to its end.
    pub(super) fn so_far(mut self) -> Vec<u8> {
        let inflate = match &mut self.kind {
            Kind::Gzip(gzip) if matches!(gzip.state, State::Body) => Some(&mut gzip.inflate),
            Kind::Deflate { inflate, ended: false, .. } => inflate.as_mut(),
            _ => None,
        };
        if let Some(inflate) = inflate {
            // What was read already may still have something to say.
            while run(inflate, &[], &mut self.body).is_ok_and(|(_, ended)| !ended) {}
        }
        self.body
    }

    /// The body, if its coding came to its end.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Failure> {
        if let Kind::Deflate { inflate: Some(inflate), ended, .. } = &mut self.kind {
            // What was read already may still have something to say.
            while !*ended {
                match run(inflate, &[], &mut self.body) {
                    Ok((_, end)) => *ended = end,
                    Err(_) => break,
                }
            }
            if self.body.len() as u64 > self.max {
                return Err(too_large(self.max));
            }
        }
        let whole = match &self.kind {
            Kind::Plain => true,
            Kind::Gzip(gzip) => gzip.is_whole(),
            Kind::Deflate { ended, begin, .. } => *ended || begin.is_empty(),
        };
        if !whole {
            return Err(damaged("the compressed body is cut off"));
        }
        self.body.shrink_to_fit();
        Ok(self.body)
    }
}

/// What a body beyond the limit is told.
pub(super) fn too_large(max: u64) -> Failure {
    Failure::new(Stage::TooLarge, format!("the body is larger than max_body, {max} bytes"))
}

fn damaged(cause: impl Into<String>) -> Failure {
    Failure::new(Stage::Decode, cause)
}

/// Inflates up to a step; how much was read, and whether the stream ended.
fn run(
    inflate: &mut Decompress,
    input: &[u8],
    body: &mut Vec<u8>,
) -> Result<(usize, bool), Failure> {
    // `decompress_vec` fills what room there is; grow by doubling, but never give more than a step.
    let start = body.len();
    body.resize(start + STEP.min(input.len().saturating_mul(8).max(512)), 0);
    let (read, written) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, &mut body[start..], FlushDecompress::None);
    let (read, written) = (inflate.total_in() - read, inflate.total_out() - written);
    body.truncate(start + written as usize);
    match status {
        Ok(Status::StreamEnd) => Ok((read as usize, true)),
        Ok(_) if read == 0 && written == 0 => Err(damaged("the compressed body is damaged")),
        Ok(_) => Ok((read as usize, false)),
        Err(_) => Err(damaged("the compressed body is damaged")),
    }
}

/// A series of gzip members (RFC 1952).
struct Gzip {
    state: State,
    inflate: Decompress,
    crc: Crc,
    /// Members that ended well.
    members: u32,
}

enum State {
    Header(Vec<u8>),
    Body,
    Trailer(Vec<u8>),
    /// What follows the last member is not another: zeros, or anything.
    Garbage,
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip {
            state: State::Header(Vec::new()),
            inflate: Decompress::new(false),
            crc: Crc::new(),
            members: 0,
        }
    }
}

impl Gzip {
    /// Takes in some of `input`; how much.
    fn step(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<usize, Failure> {
        match &mut self.state {
            State::Header(header) => {
                let before = header.len();
                let room = (MAX_GZIP_HEADER - before).min(input.len());
                header.extend_from_slice(&input[..room]);
                match header_length(header) {
                    Ok(Some(length)) => {
                        self.inflate.reset(false);
                        self.crc.reset();
                        self.state = State::Body;
                        Ok(length - before)
                    }
                    Ok(None) if header.len() < MAX_GZIP_HEADER => Ok(room),
                    _ if self.members > 0 => {
                        self.state = State::Garbage;
                        Ok(room)
                    }
                    _ => Err(damaged("the body says gzip and is not")),
                }
            }
            State::Body => {
                let start = body.len();
                let (read, ended) = run(&mut self.inflate, input, body)?;
                self.crc.update(&body[start..]);
                if ended {
                    self.state = State::Trailer(Vec::with_capacity(8));
                }
                Ok(read)
            }
            State::Trailer(trailer) => {
                let read = (8 - trailer.len()).min(input.len());
                trailer.extend_from_slice(&input[..read]);
                if trailer.len() == 8 {
                    let expected = [self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes()];
                    if trailer[..] != *expected.as_flattened() {
                        return Err(damaged("the compressed body does not match its checksum"));
                    }
                    self.members += 1;
                    self.state = State::Header(Vec::new());
                }
                Ok(read)
            }
            State::Garbage => Ok(input.len()),
        }
    }

    fn is_whole(&self) -> bool {
        match &self.state {
            // Bytes after the last member that may have become a header: garbage, too short.
            State::Header(header) => self.members > 0 || header.is_empty(),
            State::Garbage => true,
            State::Body | State::Trailer(_) => false,
        }
    }
}

/// The length of the gzip header at the start of `bytes`, `None` if more of it must come, an error
/// if it is none (RFC 1952 §2.3).
fn header_length(bytes: &[u8]) -> Result<Option<usize>, ()> {
    const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
    const CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let common = bytes.len().min(MAGIC.len());
    if bytes[..common] != MAGIC[..common] {
        return Err(());
    }
    let Some(&flags) = bytes.get(3) else { return Ok(None) };
    let mut end = 10;
    if flags & EXTRA != 0 {
        let Some(length) = bytes.get(end..end + 2) else { return Ok(None) };
        end += 2 + usize::from(length[0]) + (usize::from(length[1]) << 8);
    }
    for field in [NAME, COMMENT] {
        if flags & field != 0 {
            let Some(rest) = bytes.get(end..) else { return Ok(None) };
            let Some(zero) = rest.iter().position(|&byte| byte == 0) else { return Ok(None) };
            end += zero + 1;
        }
    }
    if flags & CRC != 0 {
        end += 2;
    }
    Ok((bytes.len() >= end).then_some(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn text() -> Vec<u8> {
        (0..9000).flat_map(|i: u32| format!("<item>{}</item>\n", i * 7919).into_bytes()).collect()
    }

    /// Decodes pieces of `size` bytes.
    fn decode(coding: &str, coded: &[u8], size: usize, max: u64) -> Result<Vec<u8>, Failure> {
        let mut decoder = Decoder::new(coding, max)?;
        for mut piece in coded.chunks(size) {
            while !piece.is_empty() {
                let step = decoder.step(piece)?;
                assert!(step.written <= STEP);
                piece = &piece[step.read..];
            }
        }
        decoder.finish()
    }

    #[test]
    fn every_coding_is_undone_in_pieces_of_any_size() {
        let plain = text();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(&plain).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(&plain).unwrap();
        let (zlib, raw) = (zlib.finish().unwrap(), raw.finish().unwrap());
        let named = flate2::GzBuilder::new().filename("feed").comment("c").extra(vec![1; 300]);
        let mut named = named.write(Vec::new(), Compression::fast());
        named.write_all(&plain).unwrap();
        let named = named.finish().unwrap();
        for size in [1, 2, 7, 1000, usize::MAX] {
            for (coding, coded) in [
                ("gzip", &gzip(&plain)),
                ("X-Gzip", &named),
                ("deflate", &zlib),
                ("deflate", &raw),
                ("identity", &plain),
                ("", &plain),
            ] {
                let decoded = decode(coding, coded, size, 1 << 20).unwrap();
                assert!(decoded == plain, "{coding} in pieces of {size}");
            }
        }
    }

    #[test]
    fn members_are_joined_and_what_follows_the_last_is_ignored() {
        let mut coded = gzip(b"one ");
        coded.extend(gzip(b"two"));
        for tail in [&b""[..], &[0; 4], &[0; 600], b"\x1f", b"\x1f\x8b\x08", b"garbage"] {
            for size in [1, 5, usize::MAX] {
                let coded = [&coded[..], tail].concat();
                assert_eq!(decode("gzip", &coded, size, 100).unwrap(), b"one two");
            }
        }
    }

    #[test]
    fn a_cut_or_changed_member_is_a_failure_at_every_byte() {
        let plain = b"a small feed, a small feed, and a little more";
        let coded = gzip(plain);
        for cut in 1..coded.len() {
            assert_eq!(decode("gzip", &coded[..cut], 10, 100).unwrap_err().stage, Stage::Decode);
        }
        for place in 0..coded.len() {
            let mut changed = coded.clone();
            changed[place] ^= 0x5a;
            if let Ok(decoded) = decode("gzip", &changed, 10, 100) {
                // Only time, flags and system of the header mean nothing.
                assert!((4..10).contains(&place) && decoded == plain, "byte {place}");
            }
        }
    }

    #[test]
    fn an_empty_body_needs_no_coding() {
        for coding in ["gzip", "deflate", ""] {
            assert_eq!(decode(coding, b"", 1, 100).unwrap(), b"");
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 30 << 20]);
        let failure = decode("gzip", &bomb, usize::MAX, 1 << 20).unwrap_err();
        assert_eq!(failure.stage, Stage::TooLarge);
    }

    #[test]
    fn unknown_and_stacked_codings_are_refused() {
        for coding in ["br", "gzip, gzip", "zstd\u{1b}[31m"] {
            let failure = Decoder::new(coding, 100).err().unwrap();
            assert_eq!(failure.stage, Stage::Decode);
            assert!(!failure.cause.contains('\u{1b}'));
        }
    }
}
