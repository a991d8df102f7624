//! What characters take on a terminal, held against Unicode's own data as the crate `unicode-width`
//! has it. `UPDATE=1` writes the table anew.

use std::fmt::Write;

use newsagg::text::width;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// As in the table: a run's first character times this, and how many follow.
const STEP: u32 = 2_048;

fn wanted(letter: char) -> usize {
    // A tag or a control takes no room: none of them is printed.
    letter.width().unwrap_or(0)
}

/// What is not in the table, but in the code.
fn is_told_apart(letter: char) -> bool {
    matches!(letter, ' '..='~' | '\u{20000}'..='\u{2fffd}' | '\u{30000}'..='\u{3fffd}' | '\u{e0000}'..='\u{e0fff}')
}

fn runs(columns: usize) -> Vec<u32> {
    let mut runs: Vec<u32> = Vec::new();
    // Three letters of Khmer and Gurmukhi count as three: no terminal has that; two will do.
    let fits = |letter: char| wanted(letter).min(2) == columns && !is_told_apart(letter);
    let mut last = None;
    for letter in ('\0'..=char::MAX).filter(|letter| fits(*letter)) {
        let code = u32::from(letter);
        match runs.last_mut() {
            Some(run) if last == code.checked_sub(1) && *run % STEP < STEP - 1 => *run += 1,
            _ => runs.push(code * STEP),
        }
        last = Some(code);
    }
    runs
}

#[test]
fn every_character_takes_as_many_columns_as_unicode_says() {
    if std::env::var_os("UPDATE").is_some() {
        let mut text = String::from(
            "//! Made from the crate `unicode-width` by tests/it/widths.rs.\n\n\
             /// A run is its first character times this, and how many follow.\npub(super) const STEP: u32 = 2_048;\n",
        );
        for (name, columns) in [("NONE", 0), ("WIDE", 2)] {
            let runs = runs(columns);
            writeln!(
                text,
                "\n#[rustfmt::skip]\npub(super) const {name}: [u32; {}] = [",
                runs.len()
            )
            .unwrap();
            for line in runs.chunks(8) {
                let line: Vec<String> = line.iter().map(|run| format!("{run:#x}")).collect();
                writeln!(text, "    {},", line.join(", ")).unwrap();
            }
            text.push_str("];\n");
        }
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/text/width/table.rs"), text)
            .unwrap();
        return;
    }
    let wrong =
        ('\0'..=char::MAX).filter(|letter| width::columns(*letter) != wanted(*letter).min(2));
    // Beyond the planes that are told apart nothing is assigned.
    let wrong: Vec<char> =
        wrong.filter(|letter| !('\u{e0000}'..='\u{e0fff}').contains(letter)).collect();
    assert!(wrong.is_empty(), "{} of them: {:?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}

#[test]
fn no_sequence_is_counted_narrower_than_unicode_counts_it() {
    let sequences = [
        "👩\u{200d}🚀",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "🏳\u{fe0f}\u{200d}🌈",
        "❤\u{fe0f}",
        "❤\u{fe0f}\u{200d}🔥",
        "👍🏽",
        "🧑🏽\u{200d}🤝\u{200d}🧑🏻",
        "🇨🇭",
        "🇨🇭🇬🇷",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "1\u{fe0f}\u{20e3}",
        "☔\u{fe0e}",
        "e\u{301}\u{302}",
        "ក្សត្រ",
        "नमस्ते",
        "لا إله",
        "각\u{1100}\u{1161}\u{11a8}",
        "｡ﾟ日本",
    ];
    for text in sequences {
        let (ours, theirs) = (width::width(text), text.width());
        assert!(ours >= theirs, "{text:?}: {ours}, not {theirs}");
        // Nor does anybody draw more than each of its characters by itself, and a picture for text.
        let apart: usize =
            text.chars().map(|letter| wanted(letter) + usize::from(letter == '\u{fe0f}')).sum();
        assert!(ours <= apart, "{text:?}: {ours}, not {apart}");
    }
}
