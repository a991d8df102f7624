//! Dates as feeds write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::time::{parse_date, parse_duration};

fuzz_target!(|text: &str| {
    if let Some(date) = parse_date(text) {
        let written = date.to_string();
        assert_eq!(parse_date(&written), Some(date), "{text:?} as {written}");
        // Of one form: years of four digits, so that times sort as their texts do.
        assert_eq!((written.len(), written.ends_with('Z')), (20, true), "{text:?} as {written}");
    }
    if let Ok(span) = parse_duration(text) {
        let written = newsagg::time::format_duration(span);
        assert_eq!(parse_duration(&written), Ok(span), "{text:?} as {written}");
    }
});
