//! The dates of the corpus, where it is at hand: what other readers make of them.

use newsagg::time::parse_date;

#[test]
fn dates_are_read_as_other_readers_read_them() {
    let folder = std::env::var("NEWSAGG_CORPUS").unwrap_or("../shared/corpus".into());
    let Ok(files) = std::fs::read_dir(format!("{folder}/dates")) else { return };
    let (mut right, mut all, mut misses) = (0, 0, String::new());
    for file in files.flatten() {
        for line in std::fs::read_to_string(file.path()).unwrap().lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let input = case["input"].as_str().unwrap();
            let found = parse_date(input).map(|instant| instant.to_string());
            match (case["valid"].as_bool(), case["expected_utc"].as_str()) {
                (Some(false), _) => assert_eq!(found, None, "{input}"),
                (Some(true), None) => assert!(found.is_some(), "{input}"),
                (Some(true), expected) => {
                    all += 1;
                    right += usize::from(found.as_deref() == expected);
                    if found.as_deref() != expected {
                        misses += &format!("\n{input:?}: {found:?}, not {expected:?}");
                    }
                }
                _ => {}
            }
        }
    }
    assert!(right * 100 >= all * 99, "{right} of {all}:{misses}");
}
