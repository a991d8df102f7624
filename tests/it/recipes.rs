//! The recipes of `contrib/json-recipes.md`: each is read from its text, and reads an answer.

use std::path::Path;
use std::{env, fs};

use newsagg::config::Config;
use newsagg::http::{Document, Request};
use newsagg::item::Item;
use newsagg::source::{Page, Source};
use serde_json::Value;

use crate::sources::{document, line};
use crate::support::corpus::Corpus;

const RECIPES: &str = include_str!("../../contrib/json-recipes.md");

/// Every recipe by its name.
fn recipes() -> Vec<(&'static str, &'static str)> {
    let blocks = RECIPES.split("```toml recipe=").skip(1).map(|rest| {
        let (name, rest) = rest.split_once('\n').expect("a name");
        (name, rest.split_once("```").expect("an end").0)
    });
    let recipes: Vec<_> = blocks.collect();
    assert!(recipes.len() >= 8, "the recipes were not found");
    recipes
}

fn source(text: &str) -> std::sync::Arc<dyn Source> {
    let config = Config::parse(Path::new("/newsagg.toml"), text);
    let mut config = config.unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
    assert_eq!((config.sources.len(), config.warnings.len()), (1, 0), "{text}");
    config.sources.remove(0).source.expect("it is of this version")
}

fn recipe(name: &str) -> std::sync::Arc<dyn Source> {
    let text = recipes().into_iter().find(|(known, _)| *known == name).expect(name).1;
    source(text)
}

fn read(source: &dyn Source, body: &[u8]) -> Page {
    let request: Request = source.plan().remove(0);
    let document = Document { url: Some(&request.url), ..document(body) };
    source.read(&request, &document).expect("an answer")
}

#[test]
fn every_recipe_reads_an_answer_of_its_service() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recipes");
    let mut wrong = Vec::new();
    for (name, text) in recipes() {
        let body = fs::read(folder.join(name).with_extension("json")).expect(name);
        let page = read(&*source(text), &body);
        let lines = page.items.iter().map(|item| format!("{}\n", line(item)));
        let now = format!("{{\"skipped\":{}}}\n{}", page.skipped, lines.collect::<String>());
        let golden = folder.join(name).with_extension("items.jsonl");
        if env::var_os("UPDATE").is_some() {
            fs::write(&golden, &now).expect("a golden file");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != now {
            wrong.push(format!("{name}:\n{now}"));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 writes these:\n{}", wrong.join("\n"));
}

#[test]
fn no_recipe_leaves_a_pointer_that_leads_nowhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recipes");
    for (name, text) in recipes() {
        let body = fs::read(folder.join(name).with_extension("json")).expect(name);
        let page = read(&*source(text), &body);
        let found = |has: &dyn Fn(&Item) -> bool| page.items.iter().any(has);
        let keys = text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
        for key in keys {
            let found = match key {
                "title" => found(&|item| !item.title.is_empty()),
                "link" => found(&|item| item.url.is_some()),
                "date" => page.items.iter().all(|item| item.published.is_some()),
                "author" => found(&|item| !item.authors.is_empty()),
                "discussion" => found(&|item| item.external_url.is_some()),
                "score" => found(&|item| item.rare().score.is_some()),
                "comments" => found(&|item| item.rare().comments.is_some()),
                "id" => page.items.iter().all(|item| !item.id.is_empty()),
                // Few have these; what is null in an answer is no mistake.
                _ => true,
            };
            assert!(found, "{name}: {key}");
        }
    }
}

#[test]
fn every_damage_to_an_answer_is_an_answer_or_a_failure_and_never_a_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recipes");
    for (name, text) in recipes() {
        let source = source(text);
        let request = source.plan().remove(0);
        let whole = fs::read(folder.join(name).with_extension("json")).expect(name);
        // Of the longest not each byte.
        for at in (0..whole.len()).step_by(1 + whole.len() / 4_000) {
            let mut damaged = whole.clone();
            damaged[at] = [b'"', b'{', b']', 0xff, b'0', b'\\', 0][at % 7];
            for body in [&whole[..at], &damaged] {
                let page = source.read(&request, &document(body)).unwrap_or_default();
                for item in &page.items {
                    assert!(!item.title.is_empty() || item.url.is_some(), "{name} at {at}");
                    assert!(!item.id.is_empty(), "{name} at {at}");
                }
                let _ = source.explain(500, body);
            }
        }
    }
}

/// How many answers of other services their recipes read; none is read otherwise.
fn read_by_recipes(corpus: &Corpus) -> usize {
    let mut tried = 0;
    for (file, row) in corpus.rows("api/other").filter(|(_, row)| row["expect"]["ok"] == true) {
        let source = match row["facts"]["service"].as_str() {
            Some("lobsters") => recipe("lobsters"),
            Some("dev.to") => recipe("devto"),
            // Tags are no news.
            _ if file.contains("trends-tags") => continue,
            _ if file.contains("trends-links") => recipe("mastodon-links"),
            _ => recipe("mastodon"),
        };
        let body = corpus.body(row);
        // A status alone is what a timeline has many of.
        let body = if body.is_object() { Value::from(vec![body]) } else { body };
        let page = read(&*source, body.to_string().as_bytes());
        let expect = &row["expect"];
        assert_eq!(page.items.len() + page.skipped, expect["entries"], "{file}");
        let first = page.items.first().map(line).unwrap_or_default();
        if let Some(title) = expect["first_title"].as_str() {
            assert_eq!(first["title"], title, "{file}");
        }
        if let Some(link) = expect["first_link"].as_str() {
            assert!(
                [&first["url"], &first["external_url"]].contains(&&Value::from(link)),
                "{file}"
            );
        }
        if let Some(date) = expect["first_date_utc"].as_str() {
            assert_eq!(first["published"], date, "{file}");
        }
        tried += 1;
    }
    tried
}

#[test]
fn the_recipes_read_what_the_sample_has_of_their_services() {
    assert_eq!(read_by_recipes(&Corpus::sample()), 11);
}

#[test]
fn the_recipes_read_what_the_whole_corpus_has_of_their_services() {
    let Some(corpus) = Corpus::whole() else { return };
    assert!(read_by_recipes(&corpus) > 20);
}
