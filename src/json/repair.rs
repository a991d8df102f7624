//! What is nearly JSON.

use std::borrow::Cow;

/// The same text with `\ufffd` for each lone surrogate, a space for each control in a string, and
/// `null` for each number that is beyond all bounds: nothing gets longer or shorter, so places in
/// errors stay right.
pub(super) fn repaired(text: &str) -> Cow<'_, str> {
    let mut bytes = Cow::Borrowed(text.as_bytes());
    let (mut at, mut in_string) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let mut step = 1;
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => match surrogate(&bytes[at..]) {
                None => step = 2,
                Some(unit)
                    if unit < 0xdc00 && matches!(surrogate(&bytes[at + 6..]), Some(0xdc00..)) =>
                {
                    step = 12;
                }
                Some(_) => {
                    bytes.to_mut()[at..at + 6].copy_from_slice(br"\ufffd");
                    step = 6;
                }
            },
            0..=0x1f if in_string => bytes.to_mut()[at] = b' ',
            b'-' | b'0'..=b'9' if !in_string => {
                step = number(&bytes[at..]);
                if is_out_of_range(&bytes[at..at + step]) {
                    let place = &mut bytes.to_mut()[at..at + step];
                    place.fill(b' ');
                    place[..4].copy_from_slice(b"null");
                }
            }
            _ => {}
        }
        at += step;
    }
    match bytes {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        // Only ASCII was put in place of ASCII.
        Cow::Owned(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// The UTF-16 surrogate that an escape at the start of `bytes` stands for.
fn surrogate(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..6)?.strip_prefix(br"\u")?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xd800..=0xdfff).contains(&unit).then_some(unit)
}

/// How long the number at the start of `bytes` is.
fn number(bytes: &[u8]) -> usize {
    let digit = |byte: &&u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    bytes.iter().take_while(digit).count()
}

/// Whether it is a number beyond the range of `f64`, which serde_json refuses: five bytes or more.
fn is_out_of_range(number: &[u8]) -> bool {
    let Ok(number) = std::str::from_utf8(number) else { return false };
    number.parse::<f64>().is_ok_and(|value| value.abs() > 1e308)
        && serde_json::from_str::<f64>(number).is_err()
}
