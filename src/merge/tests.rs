use std::collections::HashSet;

use super::*;

const NOW: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

fn item(id: &str, url: &str, published: Option<i64>) -> Item {
    Item {
        id: id.into(),
        title: id.into(),
        url: (!url.is_empty()).then(|| url.into()),
        published: published.map(at),
        ..Item::default()
    }
}

fn merge_of(sources: &[usize], items: &[(usize, Item)]) -> Vec<Story> {
    let names = ["a", "b", "c"].map(Arc::from).to_vec();
    let mut collection = Collection::new(names, at(NOW), Box::new(Vec::new()));
    for (source, item) in items {
        collection.add(*source, &packed(item), at(NOW - 5), false);
    }
    let ranking = collection.rank(sources, Join::Titles).unwrap();
    (0..ranking.len()).map(|rank| collection.story(&ranking, rank).unwrap()).collect()
}

fn merge(items: &[(usize, Item)]) -> Vec<Story> {
    merge_of(&[0, 1, 2], items)
}

fn titles(stories: &[Story]) -> Vec<&str> {
    stories.iter().map(|story| &*story.item.title).collect()
}

#[test]
fn newest_come_first_and_equal_dates_go_by_source_then_id() {
    let stories = merge(&[
        (1, item("y", "", Some(10))),
        (0, item("z", "", Some(10))),
        (0, item("x", "", Some(10))),
        (2, item("w", "", Some(20))),
    ]);
    assert_eq!(titles(&stories), ["w", "x", "z", "y"]);
}

#[test]
fn the_earliest_report_survives_and_lists_the_others() {
    let stories = merge(&[
        (2, item("later", "https://x.example/s#c", Some(40))),
        (0, item("late", "https://www.x.example/s/?utm_source=a", Some(30))),
        (1, item("early", "http://x.example/s", Some(10))),
    ]);
    assert_eq!(titles(&stories), ["early"]);
    let also: Vec<_> = stories[0].also.iter().map(|also| &*also.source).collect();
    assert_eq!(also, ["a", "c"]);
}

#[test]
fn an_output_of_some_sources_shows_their_own_reports() {
    let items = [
        (0, item("late", "https://x.example/s", Some(30))),
        (1, item("early", "https://x.example/s", Some(10))),
    ];
    assert_eq!(titles(&merge_of(&[0, 2], &items)), ["late"]);
    assert_eq!(titles(&merge_of(&[0, 1], &items)), ["early"]);
}

#[test]
fn an_id_counts_once_within_a_source_and_not_across() {
    let stories = merge(&[
        (0, item("1", "http://x.example/1", Some(10))),
        (0, item("1", "http://x.example/1b", Some(20))),
        (1, item("1", "http://y.example/1", Some(5))),
    ]);
    assert_eq!(stories.len(), 2);
    assert_eq!(stories[0].item.url.as_deref(), Some("http://x.example/1b"));
}

#[test]
fn a_link_that_a_source_gives_twice_names_no_story() {
    let stories = merge(&[
        (0, item("1", "http://x.example/log", Some(10))),
        (0, item("2", "http://x.example/log", Some(20))),
        (1, item("3", "http://x.example/log", Some(30))),
    ]);
    assert_eq!(stories.len(), 3);
}

#[test]
fn a_discussion_and_the_page_it_is_about_are_one_story() {
    let discussion = Item {
        external_url: Some("https://x.example/page".into()),
        ..item("d", "https://news.example/item?id=1", Some(20))
    };
    let page = item("p", "https://x.example/page", Some(10));
    let stories = merge(&[(0, discussion), (1, page)]);
    assert_eq!(titles(&stories), ["p"]);
    assert_eq!(stories[0].also[0].url.as_deref(), Some("https://news.example/item?id=1"));
}

#[test]
fn missing_and_future_dates_sort_by_first_seen() {
    let stories = merge(&[
        (0, item("missing", "", None)),
        (0, item("future", "", Some(NOW + 1))),
        (0, item("now", "", Some(NOW))),
    ]);
    assert_eq!(titles(&stories), ["now", "future", "missing"]);
    let origins: Vec<_> = stories.iter().map(|story| story.date_origin).collect();
    assert_eq!(origins, [DateOrigin::Feed, DateOrigin::Clamped, DateOrigin::FirstSeen]);
    assert_eq!(stories[1].date(), Some(at(NOW - 5)));
}

#[test]
fn the_old_are_left_out_and_no_more_than_the_limit_are_shown() {
    let mut collection = Collection::new(vec!["a".into()], at(NOW), Box::new(Vec::new()));
    for day in 0..10 {
        collection.add(0, &packed(&item(&day.to_string(), "", Some(day))), at(NOW), false);
    }
    let ranking = collection.rank(&[0], Join::Titles).unwrap();
    assert_eq!(collection.young(&ranking, Some(at(4)), 100), 0..6);
    assert_eq!(collection.young(&ranking, Some(at(4)), 3), 0..3);
    assert_eq!(collection.young(&ranking, None, 0), 0..0);
}

#[test]
fn the_order_of_arrival_changes_nothing() {
    for seed in 0..40_u64 {
        let mut luck = seed;
        let mut next = |n: u64| {
            luck = crate::backoff::scramble(luck);
            luck % n
        };
        let mut items: Vec<(usize, Item)> = (0..500)
            .map(|i| {
                let url = format!("https://x.example/{}", next(400));
                let date = (next(4) > 0).then(|| next(300) as i64);
                (next(3) as usize, item(&format!("i{i}"), &url, date))
            })
            .collect();
        let whole = merge(&items);
        for index in (1..items.len()).rev() {
            items.swap(index, next(index as u64 + 1) as usize);
        }
        assert_eq!(whole, merge(&items), "seed {seed}");
        let links = whole.iter().map(|story| (&story.source, &story.item.id));
        assert_eq!(links.collect::<HashSet<_>>().len(), whole.len(), "seed {seed}");
    }
}

fn packed(item: &Item) -> Vec<u8> {
    let mut bytes = Vec::new();
    pack::pack(item, &mut bytes);
    bytes
}
