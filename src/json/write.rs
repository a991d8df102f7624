//! JSON written straight into a buffer: the items of a document, of which there are thousands.

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = ONES << 7;

/// Adds the name of a member, and the comma before it unless it is the first.
pub fn name(out: &mut Vec<u8>, name: &str) {
    comma(out);
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Adds a comma, unless an object or array was just begun.
pub fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[') | None) {
        out.push(b',');
    }
}

/// Adds a member that is a string, if there is one.
pub fn text(out: &mut Vec<u8>, named: &str, value: Option<&str>) {
    if let Some(value) = value {
        name(out, named);
        string(out, value);
    }
}

/// Adds a member that is this number, if there is one.
pub fn number(out: &mut Vec<u8>, named: &str, value: Option<String>) {
    if let Some(value) = value {
        name(out, named);
        out.extend_from_slice(value.as_bytes());
    }
}

/// Adds a string, escaped as far as it must be.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, behind) = rest.split_at(plain(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = behind.split_first() else { break };
        escape(out, *byte);
        rest = behind;
    }
    out.push(b'"');
}

/// How many bytes stand as they are: eight at once.
fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let low = word & !HIGH;
        // The high bit of each byte that is none of these.
        let no_control = low + ONES * 0x60;
        let no_quote = (low ^ (ONES * 0x22)) + ONES * 0x7f;
        let no_backslash = (low ^ (ONES * 0x5c)) + ONES * 0x7f;
        let stop = !(word | (no_control & no_quote & no_backslash)) & HIGH;
        if stop != 0 {
            return at + (stop.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let stops = |byte: &u8| matches!(byte, ..0x20 | b'"' | b'\\');
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(stops).unwrap_or(rest.len())
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let digit = b"0123456789abcdef"[usize::from(byte & 15)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_escaped_as_serde_json_escapes_it() {
        let letters: Vec<char> =
            (0..0x30).chain(0x58..0x62).chain(0x7c..0x84).filter_map(char::from_u32).collect();
        let more = ['¢', 'Ü', '\u{2028}', '👍', 'a', 'b', 'c'];
        let letters = [letters, more.repeat(9)].concat();
        for seed in 0..20_000_u64 {
            let mut luck = seed;
            let mut text = String::new();
            for _ in 0..seed % 40 {
                luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                text.push(letters[(luck >> 33) as usize % letters.len()]);
            }
            let mut written = Vec::new();
            string(&mut written, &text);
            assert_eq!(written, serde_json::to_vec(&text).unwrap(), "{text:?}");
        }
    }

    #[test]
    fn members_are_separated_and_those_without_a_value_left_out() {
        let mut out = b"{".to_vec();
        text(&mut out, "a", None);
        text(&mut out, "b", Some("x\""));
        number(&mut out, "c", Some("-7".into()));
        number(&mut out, "d", None);
        assert_eq!(String::from_utf8(out).unwrap(), r#"{"b":"x\"","c":-7"#);
    }
}
