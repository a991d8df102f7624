//! gzip, as small as it can be said: fixed codes and short repetitions (RFC 1951 §3.2.6, RFC 1952).
//! Packing tighter costs 20 kB of code.

use flate2::Crc;

/// The window of what can be repeated.
const WINDOW: usize = 32_768;
/// Longer repetitions come in several pieces: those up to here have a code each, without more bits.
const LONGEST: usize = 10;

/// Packs `bytes`.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut out = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], bits: 0, count: 0 };
    // The last block, with fixed codes.
    out.put(0b011, 3);
    // Where three bytes with this hash were last.
    let mut seen = vec![usize::MAX; 4_096];
    let mut at = 0;
    while at < bytes.len() {
        let (mut length, mut back) = (0, 0);
        if let [a, b, c, ..] = bytes[at..] {
            let hash = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9e37_79b1) >> 20;
            let before = std::mem::replace(&mut seen[hash as usize], at);
            if before < at && at - before <= WINDOW {
                back = at - before;
                let same = bytes[before..].iter().zip(&bytes[at..]).take(LONGEST);
                length = same.take_while(|(one, other)| one == other).count();
            }
        }
        if length >= 3 {
            // Codes 257 to 264, of seven bits.
            out.code(length as u32 - 2, 7);
            out.distance(back as u32 - 1);
            at += length;
        } else {
            match u32::from(bytes[at]) {
                low @ 0..144 => out.code(0x30 + low, 8),
                high => out.code(0x190 + high - 144, 9),
            }
            at += 1;
        }
    }
    // The end of the block, and of the last byte.
    out.code(0, 7);
    out.put(0, 7);
    let mut sum = Crc::new();
    sum.update(bytes);
    out.bytes.extend(sum.sum().to_le_bytes());
    out.bytes.extend((bytes.len() as u32).to_le_bytes());
    out.bytes
}

/// Bits on their way into bytes, the lowest first.
struct Bits {
    bytes: Vec<u8>,
    bits: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, bits: u32, count: u32) {
        self.bits |= bits << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// Codes begin with their highest bit.
    fn code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    /// How far back, less one.
    fn distance(&mut self, back: u32) {
        if back < 4 {
            return self.code(back, 5);
        }
        let more = back.ilog2() - 1;
        self.code(2 * (more + 1) + (back >> more & 1), 5);
        self.put(back & ((1 << more) - 1), more);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_as_it_was() {
        let words = ["<item>", "<title>", "é", "a", "b", "\u{fffd}\n", "https://example.org/"];
        let mut luck = 7_u64;
        for count in (0..60).chain([2_000, 30_000]) {
            let mut text = String::new();
            for _ in 0..count {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push_str(words[(luck >> 33) as usize % words.len()]);
            }
            let packed = pack(text.as_bytes());
            let mut unpacked = String::new();
            flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
            assert_eq!(unpacked, text, "{count}");
            assert!(count < 100 || packed.len() < text.len() / 2, "{count}: {}", packed.len());
        }
    }
}
