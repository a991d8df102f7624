//! The dates of the corpus, where it is at hand: what other readers make of them.

use std::collections::BTreeSet;

use newsagg::time::parse_date;

use crate::corpus;

#[test]
fn dates_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let Some(folder) = corpus::folder() else { return };
    let (mut all, mut misses) = (0, BTreeSet::new());
    for file in std::fs::read_dir(folder.join("dates")).unwrap() {
        for line in std::fs::read_to_string(file.unwrap().path()).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let input = case["input"].as_str().unwrap();
            let found = parse_date(input).map(|instant| instant.to_string());
            match (case["valid"].as_bool(), case["expected_utc"].as_str()) {
                (Some(false), _) => assert_eq!(found, None, "{input}"),
                (Some(true), None) => assert!(found.is_some(), "{input}"),
                (Some(true), expected) => {
                    all += 1;
                    if found.as_deref() != expected {
                        misses.insert(("dates".to_owned(), input.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    assert_eq!(misses, corpus::listed(|file| file == "dates"), "found, listed");
    assert!(misses.len() * 100 <= all, "{} of {all}", misses.len());
}
