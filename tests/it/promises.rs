//! The table of promises beside this file names tests that exist.

use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_table_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let table = read("tests/it/README.md");
    let (mut file, mut found) = (String::new(), 0);
    for line in table.lines().filter(|line| line.starts_with('|')) {
        for name in line.split('`').skip(1).step_by(2) {
            let name = name.trim_end_matches('…');
            if name.starts_with("src/") {
                file = read(name);
                assert!(file.contains("#[test]"), "{name} has no tests");
                continue;
            }
            let test = match name.rsplit_once("::") {
                Some((area, test)) => {
                    file = read(&format!("tests/it/{}.rs", area.replace("::", "/")));
                    test
                }
                None if name.contains('_') && !name.starts_with("max_") => name,
                None => continue,
            };
            if test.starts_with(char::is_uppercase) {
                continue;
            }
            assert!(
                file.contains(&format!("fn {test}")),
                "{name} is in the table and nowhere else"
            );
            found += 1;
        }
    }
    assert!(found > 50, "the table was not found: {found}");
}
