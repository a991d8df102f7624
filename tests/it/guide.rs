//! The contributor's guide against the files that it walks through, which the library's own tests
//! compile and run (`src/config/kinds/tests.rs`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use newsagg::config::kinds;

const GUIDE: &str = include_str!("../../contrib/new-source.md");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

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
    let entries = fs::read_dir(root().join("contrib/new-source")).unwrap();
    let files = entries.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let files: BTreeSet<String> = files.collect();
    assert!(files.len() >= 7);
    assert_eq!(blocks(), files);
}

/// Paths between backticks that begin with a folder of the project, but those that are to be made.
#[test]
fn the_guide_names_no_file_that_is_not_there() {
    let words = GUIDE.split('`').skip(1).step_by(2);
    let places = words.filter(|word| {
        let folders = ["src/", "tests/", "contrib/"];
        folders.iter().any(|folder| word.starts_with(folder)) && !word.contains("tidings")
    });
    let mut count = 0;
    for place in places {
        let place = place.trim_end_matches("/*");
        assert!(root().join(place).exists(), "{place}");
        count += 1;
    }
    assert!(count >= 10, "only {count} places were found");
    let own = kinds().any(|(kind, _)| kind == "tidings");
    assert!(!own, "the guide is about a kind that there is not");
}
