//! Subscription lists: those of other readers' tests, and our own on their way out and back in.

use std::path::Path;

use newsagg::command::{export, import};
use newsagg::config::Config;
use newsagg::format::opml;

use crate::support::corpus::Corpus;
use crate::support::world::Luck;

/// What a reader would see of a title in the manifest.
fn plain(text: &str) -> String {
    newsagg::text::from_html(text, usize::MAX).into()
}

/// How many fields of lists were compared; none is read otherwise than other readers read it.
fn compared(corpus: &Corpus) -> usize {
    let (mut asked, mut misses) = (0, String::new());
    for (file, case) in corpus.rows("opml") {
        let expect = &case["expect"];
        let list = opml::read(&corpus.bytes(file));
        let mut check = |field: &str, right: bool| {
            asked += 1;
            if !right {
                misses += &format!("\n{file}: {field} is not {}: {list:?}", expect[field]);
            }
        };
        if let Some(ok) = expect["ok"].as_bool() {
            check("ok", list.is_ok() == ok);
        }
        let Ok(list) = &list else { continue };
        let mut feeds = list.outlines.iter().filter(|outline| outline.url.is_some());
        if let Some(entries) = expect["entries"].as_u64() {
            check("entries", feeds.clone().count() as u64 == entries);
        }
        let first = feeds.next();
        if let Some(title) = expect["title"].as_str() {
            check("title", *list.title == plain(title));
        }
        if let Some(link) = expect["first_link"].as_str() {
            check("first_link", first.and_then(|feed| feed.url.as_deref()) == Some(link));
        }
        if let Some(title) = expect["first_title"].as_str() {
            check("first_title", first.is_some_and(|feed| *feed.title == plain(title)));
        }
        // Whatever it is, what comes of it is a config.
        let imported = import::sources(list);
        let config = Config::parse(Path::new(file), &imported.toml).unwrap();
        assert_eq!(config.sources.len(), imported.count, "{file}");
    }
    assert!(misses.is_empty(), "of {asked}:{misses}");
    asked
}

#[test]
fn lists_of_the_sample_are_read_as_other_readers_read_them() {
    assert_eq!(compared(&Corpus::sample()), 111);
}

#[test]
fn lists_of_the_whole_corpus_are_read_as_other_readers_read_them() {
    let Some(corpus) = Corpus::whole() else { return };
    assert_eq!(compared(&corpus), 382);
}

/// Exports the config and imports that.
fn there_and_back(toml: &str) -> (String, Config) {
    let config = Config::parse(Path::new("newsagg.toml"), toml).unwrap();
    let (list, told) = export::list(&config).unwrap();
    assert_eq!(told, "", "{toml}");
    let imported = import::sources(&opml::read(list.as_bytes()).unwrap());
    assert_eq!(imported.told("x"), "", "{toml}\n{list}");
    let back = Config::parse(Path::new("feeds.toml"), &imported.toml);
    (list.clone(), back.unwrap_or_else(|problems| panic!("{problems:?}\n{list}")))
}

fn word(luck: &mut Luck, most: u64) -> String {
    const LETTERS: [char; 32] = [
        'a', 'b', 'Z', '0', ' ', ' ', '-', '"', '\'', '\\', '<', '>', '&', ';', '#', ',', '/', '%',
        '|', '=', ']', '[', '{', 'é', '日', '\u{200f}', '\u{202e}', '\u{a0}', '\u{feff}',
        '\u{301}', '👩', '🚀',
    ];
    let length = 1 + luck.below(most);
    let word: String =
        (0..length).map(|_| LETTERS[luck.below(LETTERS.len() as u64) as usize]).collect();
    if word.trim().is_empty() { "x".into() } else { word }
}

#[test]
fn what_is_exported_is_imported_as_it_was() {
    for seed in 0..500 {
        let mut luck = Luck::new(seed);
        let mut entries: Vec<newsagg::config::Entry> = Vec::new();
        for n in 0..=luck.below(7) {
            let mut name = word(&mut luck, 12);
            if entries.iter().any(|entry| entry.name == name) {
                name = format!("{name}{n}");
            }
            let path = word(&mut luck, 12);
            let mut tags: Vec<String> = Vec::new();
            for _ in 0..luck.below(4) {
                let tag = word(&mut luck, 8);
                if !tags.contains(&tag) {
                    tags.push(tag);
                }
            }
            let url = format!("http://host{n}.test/{}", path.replace(['#', '\\'], ""));
            entries.push(newsagg::config::Entry { name, url, tags });
        }
        let mut toml = String::new();
        entries.iter().for_each(|entry| entry.write(&mut toml));
        let before = Config::parse(Path::new("newsagg.toml"), &toml).unwrap();
        let (list, back) = there_and_back(&toml);
        let seen = |config: &Config| -> Vec<_> {
            let source = |source: &newsagg::config::SourceConfig| {
                (source.name.clone(), source.feed().unwrap(), source.tags.clone())
            };
            config.sources.iter().map(source).collect()
        };
        assert_eq!(seen(&back), seen(&before), "seed {seed}\n{list}");
    }
}

#[test]
fn a_list_that_is_exported_has_no_secrets_and_no_other_kinds() {
    let toml = "[[source]]\nname = \"paid\"\nkind = \"feed\"\nurl = \"https://me:pw@a.test/f?token=s3cret&x=1#top\"\n\
        [[source]]\nname = \"hn\"\nkind = \"hackernews\"\n\
        [[source]]\nname = \"open\"\nkind = \"feed\"\nurl = \"https://b.test/f#top\"\n";
    let config = Config::parse(Path::new("newsagg.toml"), toml).unwrap();
    let (list, told) = export::list(&config).unwrap();
    assert!(!list.contains("s3cret") && !list.contains("pw@"), "{list}");
    assert_eq!(list.matches("<outline ").count(), 2, "{list}");
    assert_eq!(
        told,
        "newsagg: the address of \"paid\" is told without its secret\n\
        newsagg: not in the list, which is of feeds: \"hn\" (hackernews)\n"
    );
}

#[test]
fn what_is_about_news_changes_nothing_in_a_list_of_feeds() {
    let toml = "[[output]]\npath = \"x.opml\"\nlimit = 3\nmax_age = \"7d\"\ntitle = \"Mine\"\n";
    let config = Config::parse(Path::new("newsagg.toml"), toml).unwrap();
    let told: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    let why = "in [[output]] \"x.opml\" changes nothing: a list of feeds holds no news";
    assert_eq!(
        told,
        [format!("newsagg.toml:3:9: `limit` {why}"), format!("newsagg.toml:4:11: `max_age` {why}"),]
    );
}

#[test]
fn a_damaged_list_is_read_or_refused_and_comes_to_a_config() {
    let whole = "<?xml version=\"1.0\"?>\n<opml version=\"2.0\"><head><title>A &amp; b</title></head><body>\n\
        <outline text=\"News \u{202e}\"><outline type=\"rss\" text=\"&lt;b&gt;é\" xmlUrl=\"https://a.test/?x=1&amp;y\" category=\"/p/q,r%2Fs\"/>\n\
        <outline text=\"two\" title='\"2\"' xmlUrl='feed://b.test/\u{e9}'></outline></outline>\n\
        <outline text=\"none\"/><!-- c --><outline newsagg:name=\" n\\ \" xmlUrl=\"http://c.test/\"/></body></opml>\n";
    let all = opml::read(whole.as_bytes()).unwrap();
    assert_eq!((all.outlines.len(), all.damage.is_none()), (4, true));
    for cut in 0..whole.len() {
        let Ok(list) = opml::read(&whole.as_bytes()[..cut]) else { continue };
        assert!(list.outlines.len() <= 4, "{cut}");
        let known = |outline: &&opml::Outline| {
            all.outlines
                .iter()
                .any(|whole| whole.title == outline.title && whole.url == outline.url)
        };
        // Whole ones, and of the one that was cut at most what was there.
        assert!(list.outlines.iter().filter(|outline| !known(outline)).count() <= 1, "{cut}");
        assert!(list.damage.is_some() || list.outlines.len() == 4, "{cut}");
    }
    for seed in 0..3_000 {
        let mut luck = Luck::new(seed);
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..=luck.below(6) {
            let at = luck.below(bytes.len() as u64) as usize;
            let junk = [b'<', b'>', b'"', b'\'', b'&', b'/', b'=', b' ', 0, 0x1b, 0xff, b'%'];
            match luck.below(3) {
                0 => bytes[at] = junk[luck.below(12) as usize],
                1 => bytes.insert(at, junk[luck.below(12) as usize]),
                _ => drop(bytes.drain(at..(at + 9).min(bytes.len()))),
            }
        }
        let Ok(list) = opml::read(&bytes) else { continue };
        let imported = import::sources(&list);
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!imported.toml.contains(acts) && !imported.told("x").contains(acts), "seed {seed}");
        let config = Config::parse(Path::new("x"), &imported.toml);
        let config = config.unwrap_or_else(|found| panic!("seed {seed}: {found:?}"));
        assert_eq!(config.sources.len(), imported.count, "seed {seed}");
    }
}
