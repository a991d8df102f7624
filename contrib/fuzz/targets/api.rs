//! Answers of services: the first byte chooses the source.
#![no_main]

use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use newsagg::config::Config;
use newsagg::http::Document;
use newsagg::source::Source;

mod common;

/// Every source that the configs below make, once.
fn sources() -> &'static [Arc<dyn Source>] {
    static ALL: OnceLock<Vec<Arc<dyn Source>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let text = include_str!("../sources.toml");
        let config = Config::parse(std::path::Path::new("sources.toml"), text).expect("a config");
        config.sources.into_iter().filter_map(|source| source.source).collect()
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((first, body)) = data.split_first() else { return };
    let source = &sources()[usize::from(*first) % sources().len()];
    let mut requests = source.plan();
    let request = requests.swap_remove(usize::from(*first) / sources().len() % requests.len());
    let document = Document { url: Some(&request.url), content_type: None, body };
    match source.read(&request, &document) {
        Ok(page) => {
            common::plain(&page.title, newsagg::item::MAX_TITLE);
            common::check(&page.items);
            assert!(page.more.len() <= newsagg::item::MAX_ITEMS);
        }
        Err(failure) => assert!(!failure.cause.contains(char::is_control), "{failure:?}"),
    }
    for status in [400, 401, 403, 429, 500] {
        if let Some(words) = source.explain(status, body) {
            assert!(!words.contains(char::is_control), "{words:?}");
        }
    }
});
