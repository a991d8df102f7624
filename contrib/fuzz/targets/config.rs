//! newsagg.toml.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use newsagg::config::Config;

fuzz_target!(|text: &str| {
    let path = Path::new("newsagg.toml");
    let problems = match Config::parse(path, text) {
        Ok(config) => config.warnings,
        Err(problems) => {
            assert!(!problems.is_empty());
            problems
        }
    };
    for problem in problems {
        let line = problem.to_string();
        assert!(!line.contains(char::is_control), "{line:?}");
    }
});
