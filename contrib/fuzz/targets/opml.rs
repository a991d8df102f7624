//! Lists of feeds: what is imported is a config, and what is exported of that is imported again.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use newsagg::command::{export, import};
use newsagg::config::Config;
use newsagg::format::opml;

/// What comes of a list.
fn config(list: &opml::List) -> Config {
    let imported = import::sources(list);
    let config = Config::parse(Path::new("feeds.toml"), &imported.toml).expect("a config");
    assert_eq!(config.sources.len(), imported.count);
    config
}

fuzz_target!(|data: &[u8]| {
    let Ok(list) = opml::read(data) else { return };
    let first = config(&list);
    let (written, told) = export::list(&first).expect("memory takes everything");
    let again = config(&opml::read(written.as_bytes()).expect("our own list"));
    // Addresses without their secrets may be the same.
    if told.is_empty() {
        let seen = |config: &Config| -> Vec<(String, Vec<String>)> {
            let sources = config.sources.iter();
            sources.map(|source| (source.name.clone(), source.tags.clone())).collect()
        };
        assert_eq!(seen(&again), seen(&first), "{written}");
    }
});
