//! Dates as other readers' tests have them.

use std::collections::BTreeSet;

use newsagg::time::parse_date;
use serde_json::Value;

use crate::support::corpus::{Corpus, Score, count};

/// Reads all dates, and holds what is missed against the list.
fn read(corpus: &Corpus) -> Score {
    let (mut score, mut misses, mut inputs) = (Score::new(), BTreeSet::new(), BTreeSet::new());
    for (file, _) in corpus.rows("dates") {
        let lines = String::from_utf8(corpus.bytes(file)).expect(file);
        for case in lines.lines().map(|line| serde_json::from_str::<Value>(line).expect(file)) {
            let input = case["input"].as_str().expect(file);
            inputs.insert(input.to_owned());
            let found = parse_date(input).map(|instant| instant.to_string());
            match (case["valid"].as_bool(), case["expected_utc"].as_str()) {
                (Some(false), _) => {
                    count(&mut score, "no date", found.is_none());
                    if found.is_some() {
                        misses.insert(("dates".to_owned(), input.to_owned()));
                    }
                }
                (Some(true), None) => count(&mut score, "some date", found.is_some()),
                (Some(true), expected) => {
                    let right = found.as_deref() == expected;
                    count(&mut score, "this date", right);
                    if !right {
                        misses.insert(("dates".to_owned(), input.to_owned()));
                    }
                }
                _ => {}
            }
        }
    }
    let mut listed = corpus.listed(|file| file == "dates");
    listed.retain(|(_, input)| inputs.contains(input));
    assert_eq!(misses, listed, "found, listed");
    assert_eq!(score["some date"].0, score["some date"].1);
    score
}

#[test]
fn dates_of_the_sample_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let counts = [("no date", (12, 12)), ("some date", (19, 19)), ("this date", (102, 104))];
    assert_eq!(read(&Corpus::sample()), counts.into());
}

#[test]
fn dates_of_the_whole_corpus_are_read_as_other_readers_read_them_but_for_what_is_listed() {
    let Some(corpus) = Corpus::whole() else { return };
    let (right, all) = read(&corpus)["this date"];
    assert!(right * 100 >= all * 99, "{right} of {all}");
}
