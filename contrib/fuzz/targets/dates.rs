//! Dates as feeds write them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use newsagg::time::{parse_date, parse_duration};

fuzz_target!(|text: &str| {
    if let Some(date) = parse_date(text) {
        let written = date.to_string();
        assert_eq!(parse_date(&written), Some(date), "{text:?} as {written}");
        let [year, month, day, hour, minute, second] = date.civil();
        assert!((1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day));
        assert!(hour < 24 && minute < 60 && second < 60);
    }
    if let Ok(span) = parse_duration(text) {
        let written = newsagg::time::format_duration(span);
        assert_eq!(parse_duration(&written), Ok(span), "{text:?} as {written}");
    }
});
