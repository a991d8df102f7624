//! The page's style, and its hash: the page allows itself this style and nothing else (CSP 3 §6.7).

use std::fmt::Write;

use base64::prelude::{BASE64_STANDARD, Engine};

use super::frame::anchor;
use super::survey::Day;

const PAGE: &str = include_str!("page.css");

/// The whole style of a page with these days, whose sources have the numbers from 1 to `sources`.
pub(super) fn style(sources: usize, days: &[Day]) -> String {
    let mut style = String::with_capacity(PAGE.len() + sources * 120);
    for line in PAGE.lines().map(str::trim).filter(|line| !line.starts_with("/*")) {
        style.push_str(line);
    }
    for s in 1..=sources {
        // Writing to a string does not fail.
        let _ = write!(
            style,
            ".s{s}{{--o:{s}}}:root:has(#s{s}:checked) ol>:not(.s{s}){{display:none!important}}"
        );
    }
    for day in days {
        // Below the heading of a source the times need their day. The last rule that fits holds.
        let words = day.at.map_or(String::new(), |at| at.utc("%-d %B, ").to_string());
        let _ = write!(style, "#{}~li{{--d:\"{words}\"}}", anchor(day));
    }
    style
}

/// What allows an inline style: `sha256-…`.
pub(super) fn hash(style: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    format!("sha256-{}", BASE64_STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_what_a_browser_computes() {
        assert_eq!(hash("body{color:red}"), "sha256-FcQqt3aNlV7AZnGV4zkQRVeCeJOxbMPnQSx258L803E=");
    }

    #[test]
    fn the_style_ends_nowhere_in_itself_and_loads_nothing() {
        let style = style(3, &[]);
        for forbidden in ["</", "url(", "@import", "/*", "\n"] {
            assert!(!style.contains(forbidden), "{forbidden}");
        }
        assert!(style.contains(".s3{--o:3}") && !style.contains(".s4"));
        assert_eq!(style.matches('{').count(), style.matches('}').count());
    }
}
