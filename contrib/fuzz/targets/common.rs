//! What every item promises, whoever wrote the document (`interface.md` §3 and §4).

use newsagg::http::Url;
use newsagg::item::{Item, MAX_ITEMS, MAX_LIST, MAX_SUMMARY, MAX_TITLE};

/// Panics unless these are items that any output may show.
#[allow(dead_code, reason = "not every target has items")]
pub fn check(items: &[Item]) {
    assert!(items.len() <= MAX_ITEMS);
    for item in items {
        assert!(!item.id.is_empty());
        plain(&item.title, MAX_TITLE);
        if let Some(summary) = &item.summary {
            plain(summary, MAX_SUMMARY);
        }
        assert!(item.authors.len() <= MAX_LIST && item.tags.len() <= MAX_LIST);
        for text in item.authors.iter().chain(&item.tags) {
            plain(text, MAX_TITLE);
        }
        let extra = item.rare();
        assert!(extra.attachments.len() <= MAX_LIST);
        let links = [&item.url, &item.external_url, &extra.image];
        let attached = extra.attachments.iter().map(|attachment| &attachment.url);
        for link in links.into_iter().flatten().chain(attached) {
            let url = Url::parse(link).expect("an absolute link");
            assert!(["http", "https"].contains(&url.scheme()), "{link}");
            assert!(!link.chars().any(|letter| letter.is_control() || letter == ' '), "{link}");
        }
        let mut packed = Vec::new();
        newsagg::pack::pack(item, &mut packed);
        assert_eq!(newsagg::pack::unpack(&packed).as_ref(), Some(item));
    }
}

/// Panics unless the text is plain: no controls, no overrides of direction, white space folded.
pub fn plain(text: &str, max: usize) {
    assert!(text.chars().count() <= max);
    let hides = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert!(!text.contains(hides), "{text:?}");
    assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
}
