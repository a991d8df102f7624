//! The sources against answers of their services: every fixture, every request, every damage.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use newsagg::http::{Document, Request, Secret, Url};
use newsagg::item::Item;
use newsagg::source::Source;
use newsagg::source::guardian::Guardian;
use newsagg::source::hackernews::{HackerNews, List};
use newsagg::source::newsapi::NewsApi;
use newsagg::source::reddit::{self, App, Reddit};
use serde_json::{Value, json};

/// The key that no message may hold.
const KEY: &str = "secret-key";

fn hacker_news(base: &str) -> HackerNews {
    HackerNews { base_url: url(base), list: List::Top, limit: 2 }
}

fn guardian(base: &str) -> Guardian {
    Guardian {
        base_url: url(base),
        key: Secret(KEY.into()),
        section: Some("technology".into()),
        query: Some("\"small computers\" & rivers".into()),
        tag: Some("technology/apple".into()),
        page_size: Some(50),
    }
}

fn newsapi(base: &str) -> NewsApi {
    NewsApi {
        base_url: url(base),
        key: Secret(KEY.into()),
        country: Some("us".into()),
        category: Some("science".into()),
        query: Some("größe+1 #now".into()),
        sources: vec!["a-b".into(), "c".into()],
        language: Some("en".into()),
        page_size: Some(100),
    }
}

fn reddit(base: &str) -> Reddit {
    let app = App { client_id: Secret("the-id".into()), client_secret: Secret(KEY.into()) };
    Reddit {
        base_url: Some(url(base)),
        subreddit: "smallcomputers".into(),
        list: reddit::List::Hot,
        limit: Some(250),
        app: Some(app),
    }
}

/// What the fixtures are read with: one of each kind.
fn sources() -> Vec<Box<dyn Source>> {
    let base = "https://api.example";
    vec![
        Box::new(hacker_news(base)),
        Box::new(guardian(base)),
        Box::new(newsapi(base)),
        Box::new(reddit(base)),
    ]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn url(text: &str) -> Url {
    Url::parse(text).expect(text)
}

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = folder().join(kind);
    let entries = fs::read_dir(&folder).expect("a folder of fixtures");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut cases: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext != "jsonl")).collect();
    cases.sort();
    assert!(!cases.is_empty(), "{folder:?} is empty");
    cases
}

/// The answer as a whole on the first line, an item on each that follows.
fn golden(source: &dyn Source, name: &str, body: &[u8]) -> String {
    if let Some(status) = name.split('-').find_map(|word| word.parse::<u16>().ok()) {
        return format!("{}\n", json!({"status": status, "explain": source.explain(status, body)}));
    }
    let mut request = source.plan().remove(0);
    request.step = u8::from(name.starts_with("item-"));
    let page = match source.read(&request, &document(body)) {
        Ok(page) => page,
        Err(failure) => return format!("{}\n", json!({"failure": failure.to_string()})),
    };
    let more: Vec<String> = page.more.iter().map(|r| format!("{} {}", r.tag, r.url)).collect();
    let head = json!({"format": &*page.format, "skipped": page.skipped, "more": more});
    let mut out = format!("{head}\n");
    for item in &page.items {
        let _ = writeln!(out, "{}", line(item));
    }
    out
}

fn document(body: &[u8]) -> Document<'_> {
    let json = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    Document { url: None, content_type: json.then_some("application/json"), body }
}

/// All that an item says, without what it does not.
fn line(item: &Item) -> Value {
    let Item { id, title, url, external_url, published, updated, .. } = item;
    let extra = item.extra.as_deref();
    let mut line = json!({
        "id": &**id,
        "title": &**title,
        "url": url.as_deref(),
        "external_url": external_url.as_deref(),
        "published": published.map(|date| date.to_string()),
        "updated": updated.map(|date| date.to_string()),
        "authors": item.authors.iter().map(|text| &**text).collect::<Vec<_>>(),
        "summary": item.summary.as_deref(),
        "tags": item.tags.iter().map(|text| &**text).collect::<Vec<_>>(),
        "image": extra.and_then(|extra| extra.image.as_deref()),
        "score": extra.and_then(|extra| extra.score),
        "comments": extra.and_then(|extra| extra.comments),
    });
    let fields = line.as_object_mut().expect("an object");
    fields.retain(|_, value| !value.is_null() && *value != json!([]));
    line
}

#[test]
fn every_fixture_is_read_as_its_golden_file_says() {
    let update = env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for source in &sources() {
        for path in fixtures(source.kind()) {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let now = golden(source.as_ref(), &name, &fs::read(&path).expect("a fixture"));
            let golden = path.with_extension("items.jsonl");
            if update {
                fs::write(&golden, &now).expect("a golden file");
            }
            if fs::read_to_string(&golden).unwrap_or_default() != now {
                wrong.push(format!("{}:\n{now}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 writes these:\n{}", wrong.join("\n"));
}

#[test]
fn every_damage_to_an_answer_is_an_answer_or_a_failure_and_never_a_panic() {
    for source in &sources() {
        let mut request = source.plan().remove(0);
        for path in fixtures(source.kind()) {
            let whole = fs::read(&path).expect("a fixture");
            // Of a long one every second or third byte is enough.
            for at in (0..whole.len()).step_by(1 + whole.len() / 2_000) {
                request.step = (at % 2) as u8;
                let _ = source.read(&request, &document(&whole[..at]));
                let mut damaged = whole.clone();
                damaged[at] = [b'"', b'{', b']', 0xff, b'0', b'\\', 0][at % 7];
                let _ = source.read(&request, &document(&damaged));
                let _ = source.explain(500, &damaged);
            }
        }
    }
}

#[test]
fn nothing_that_people_read_holds_the_key() {
    for source in &sources() {
        for path in fixtures(source.kind()) {
            let body = fs::read(&path).expect("a fixture");
            let said = golden(source.as_ref(), "error-401", &body);
            assert!(!said.contains(KEY), "{}: {said}", path.display());
        }
        let debug = format!("{source:?} {:?} {:?}", source.plan(), source.quota());
        assert!(!debug.contains(KEY), "{debug}");
        assert!(source.plan().iter().all(|request| !request.url.as_str().contains(KEY)));
    }
}

#[test]
fn requests_are_encoded_and_carry_the_key_as_a_secret_header() {
    let request = guardian("https://api.example/").plan().remove(0);
    assert_eq!(
        request.url.as_str(),
        "https://api.example/search?order-by=newest\
         &show-fields=trailText%2Cbyline%2Cthumbnail%2ClastModified&show-tags=contributor\
         &section=technology&tag=technology%2Fapple&q=%22small+computers%22+%26+rivers&page-size=50"
    );
    assert_header(&request, "api-key");

    let request = newsapi("https://api.example").plan().remove(0);
    assert_eq!(
        request.url.as_str(),
        "https://api.example/v2/top-headlines?country=us&category=science\
         &q=gr%C3%B6%C3%9Fe%2B1+%23now&sources=a-b%2Cc&language=en&pageSize=100"
    );
    assert_header(&request, "x-api-key");
}

fn assert_header(request: &Request, name: &str) {
    let [header] = &request.headers[..] else { panic!("{request:?}") };
    assert_eq!((header.name.as_str(), header.value.as_str()), (name, KEY));
    assert!(header.secret);
}

#[test]
fn what_is_not_told_is_not_asked_for() {
    let bare = NewsApi {
        country: Some("us".into()),
        category: None,
        query: None,
        sources: Vec::new(),
        language: None,
        page_size: None,
        ..newsapi("https://api.example")
    };
    assert_eq!(bare.plan()[0].url.as_str(), "https://api.example/v2/top-headlines?country=us");
}

#[test]
fn a_base_url_may_have_a_path() {
    for base in ["http://127.0.0.1:8080/newsapi", "http://127.0.0.1:8080/newsapi/"] {
        let [hn] = &hacker_news(base).plan()[..] else { panic!() };
        assert_eq!(hn.url.as_str(), "http://127.0.0.1:8080/newsapi/v0/topstories.json");
        assert!(hn.local_ok, "whoever wrote the base may mean a local one");
        for request in [guardian(base).plan().remove(0), newsapi(base).plan().remove(0)] {
            let path = request.url.path();
            assert!(["/newsapi/search", "/newsapi/v2/top-headlines"].contains(&path), "{path}");
        }
    }
}

#[test]
fn a_list_asks_for_its_first_stories_in_order_and_marks_their_rank() {
    let source = hacker_news("http://127.0.0.1:8080/hn");
    let page = source.read(&source.plan()[0], &document(b"[30, 10, 20]")).expect("a list");
    let asked: Vec<(u32, &str)> = page.more.iter().map(|r| (r.tag, r.url.path())).collect();
    assert_eq!(asked, [(0, "/hn/v0/item/30.json"), (1, "/hn/v0/item/10.json")]);
    assert_eq!(page.skipped, 3);
}

#[test]
fn every_list_has_its_own_address() {
    for name in ["top", "new", "best", "ask", "show", "job"] {
        let list = List::from_name(name).expect(name);
        let source = HackerNews { list, ..hacker_news("https://api.example") };
        let expected = format!("https://api.example/v0/{name}stories.json");
        assert_eq!(source.plan()[0].url.as_str(), expected);
    }
    assert_eq!(List::from_name("worst"), None);
}

#[test]
fn quotas_are_those_of_a_developer_key_and_shared_by_sources_with_one_key() {
    let (a, b) = (newsapi("https://a.example").quota(), newsapi("https://b.example").quota());
    assert_eq!(a, b);
    assert_eq!(a.windows.iter().map(|w| w.count).collect::<Vec<_>>(), [100, 50]);
    let other = NewsApi { key: Secret("other".into()), ..newsapi("https://a.example") };
    assert_ne!(a.account, other.quota().account);
    let hours = |quota: newsagg::source::Quota| quota.windows[1].per.as_secs() / 3600;
    assert_eq!((hours(a), hours(guardian("https://a.example").quota())), (12, 24));
}

/// The corpus is not part of the project; where it is at hand, `check.py` asks the program the
/// same in more detail.
#[test]
fn the_corpus_is_read_without_a_miss_where_it_is_at_hand() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let folder = env::var_os("NEWSAGG_CORPUS").map_or(beside, PathBuf::from);
    let Ok(manifest) = fs::read_to_string(folder.join("expect.jsonl")) else { return };
    let mut misses = Vec::new();
    for source in &sources() {
        let kind = format!("api/{}", source.kind());
        let rows = manifest.lines().map(|row| serde_json::from_str::<Value>(row).expect("a row"));
        for row in rows.filter(|row| row["kind"] == *kind && row["expect"]["ok"] == true) {
            let file = row["file"].as_str().expect("a file");
            let body = fs::read(folder.join(file)).expect(file);
            let page = source.read(&source.plan()[0], &document(&body)).expect(file);
            let first = page.items.first().map(line).unwrap_or_default();
            let expect = &row["expect"];
            let mut hold = |field: &str, right: bool| {
                if !right {
                    misses.push(format!("{file}: {field}: {} {first}", expect[field]));
                }
            };
            let entries = page.items.len() + page.skipped;
            hold("entries", expect["entries"].as_u64().is_none_or(|n| n == entries as u64));
            let date = expect["first_date_utc"].as_str();
            hold("first_date_utc", date.is_none_or(|date| first["published"] == date));
            if let Some(title) = expect["first_title"].as_str() {
                let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
                // As Reddit sends it to who does not ask for `raw_json`.
                let title = title.replace("&amp;", "&");
                hold("first_title", first["title"] == title);
            }
            if let Some(link) = expect["first_link"].as_str().filter(|link| !link.is_empty()) {
                let links = [&first["url"], &first["external_url"]];
                let told = |text: &str| text.trim_end_matches('/').to_owned();
                let is_told = |l: &&Value| l.as_str().is_some_and(|l| told(l) == told(link));
                hold("first_link", links.iter().any(is_told));
            }
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
