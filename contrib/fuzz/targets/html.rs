//! Markup to plain text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::text::{from_html, from_plain, printable};

mod common;

fuzz_target!(|text: &str| {
    for max in [1, 7, 1_000] {
        common::plain(&from_html(text, max), max);
        common::plain(&from_plain(text, max), max);
        let shown = printable(text, max);
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
});
