//! The page: what stands in it and how large it is. How it looks and behaves in a browser is
//! `contrib/page-test`'s, which loads the pages that the first test here leaves in
//! `target/tmp/page`.

use std::path::Path;

use newsagg::format::html::{LEADS, PAGE};
use newsagg::format::{Format, Merged, SourceHealth, State, Style};
use newsagg::item::Story;

mod news;

fn page(stories: &[Story], sources: &[SourceHealth]) -> String {
    let stories = stories.to_vec();
    let newest = stories.first().and_then(Story::date);
    let merged = Merged { title: "The Daily Aggregate", sources, newest, stories: &stories };
    let mut out = Vec::new();
    Format::Html.write(&merged, Style::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn many(count: usize) -> Vec<SourceHealth> {
    let state = |index| if index % 4 == 1 { State::Failed } else { State::Ok };
    (0..count).map(|index| news::health(&format!("source {index}"), state(index))).collect()
}

fn spread(count: usize, sources: &[SourceHealth]) -> Vec<Story> {
    let mut stories = news::stories(count);
    for (index, story) in stories.iter_mut().enumerate() {
        story.source = sources[index % sources.len()].name.as_str().into();
    }
    stories
}

#[test]
fn every_kind_of_page_is_written_for_the_browser() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page");
    std::fs::create_dir_all(&folder).unwrap();
    let well: Vec<_> = ["hn", "lwn"].map(|name| news::health(name, State::Ok)).into();
    let failed: Vec<_> = ["hn", "lwn"].map(|name| news::health(name, State::Failed)).into();
    let pages = [
        ("news", page(&news::stories(200), &news::sources())),
        ("few", page(&news::stories(3), &news::sources())),
        ("one", page(&news::stories(1), &news::sources()[..1])),
        ("long", page(&news::stories(1_000), &news::sources())),
        ("many", page(&spread(200, &many(120)), &many(120))),
        ("tongues", page(&news::tongues(), &news::sources())),
        ("hostile", page(&news::hostile(), &news::hostile_sources())),
        ("empty", page(&[], &well)),
        ("failed", page(&[], &failed)),
        ("nothing", page(&[], &[])),
    ];
    for (name, page) in pages {
        assert!(page.starts_with("<!doctype html>\n") && page.ends_with("</html>\n"), "{name}");
        std::fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}

#[test]
fn two_hundred_stories_take_no_more_than_64_kib() {
    let stories = news::stories(200);
    // Ordinary: about as long as a broadcaster's are.
    let titles: usize = stories.iter().map(|story| story.item.title.len()).sum();
    let links = stories.iter().filter_map(|story| story.item.url.as_deref());
    assert!((60..70).contains(&(titles / 200)), "{titles}");
    assert!((65..80).contains(&(links.map(str::len).sum::<usize>() / 200)));
    let page = page(&stories, &news::sources());
    assert!(page.len() <= PAGE, "{} bytes", page.len());
    assert_eq!(page.matches("<h3").count(), 200);
}

#[test]
fn summaries_fill_the_page_and_are_those_of_the_newest() {
    let page = page(&news::stories(150), &news::sources());
    assert!((PAGE - 1_024..=PAGE).contains(&page.len()), "{} bytes", page.len());
    let summaries = page.matches("<p class=t").count();
    assert!((LEADS + 1..150).contains(&summaries), "{summaries}");
    let last = page.rfind("<p class=t").unwrap();
    assert_eq!(page[..last].matches("<h3").count(), summaries);
}

#[test]
fn the_first_stories_have_summaries_however_many_there_are() {
    let page = page(&news::stories(1_000), &news::sources());
    assert!(page.len() > PAGE);
    assert_eq!(page.matches("<p class=t").count(), LEADS);
}
