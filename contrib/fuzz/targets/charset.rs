//! Bytes and labels to text: the first line is the content type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::decode::{decode, transcode};

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (Some(label), Some(body)) = (parts.next(), parts.next()) else { return };
    let label = std::str::from_utf8(label).ok().filter(|label| !label.is_empty());
    let text = decode(body, label);
    // The way that large documents go says the same.
    let bytes = transcode(body.to_vec(), label, usize::MAX).expect("no limit");
    assert_eq!(decode(&bytes, label), text);
});
