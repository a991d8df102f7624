//! The code in the contributor's guide is compiled and run: what it shows are the files of
//! `contrib/new-source`, which the library's own tests use (`src/config/kinds/tests.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const GUIDE: &str = include_str!("../../contrib/new-source.md");

/// What stands in fences with a language.
fn blocks() -> BTreeSet<String> {
    let mut blocks = BTreeSet::new();
    let mut lines = GUIDE.lines();
    while let Some(line) = lines.next() {
        if line == "```rust" || line == "```json" {
            let block = lines.by_ref().take_while(|line| *line != "```");
            blocks.insert(block.map(|line| format!("{line}\n")).collect());
        }
    }
    blocks
}

#[test]
fn the_guide_shows_its_files_as_they_are_and_nothing_else() {
    let entries =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib/new-source")).unwrap();
    let files = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let files: BTreeSet<String> = files.collect();
    assert!(files.len() >= 7);
    assert_eq!(blocks(), files);
}
