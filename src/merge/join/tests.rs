use std::sync::Arc;

use super::*;
use crate::item::{Item, Story};
use crate::time::Timestamp;

const NOW: i64 = 10_000_000;
const HOUR: i64 = 3_600;
const TITLE: &str = "Scientists find water below the crater";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds).unwrap()
}

/// A source, a link, a title, and how many hours ago it was.
type Report<'a> = (usize, &'a str, &'a str, Option<i64>);

fn stories(reports: &[Report<'_>], join: Join) -> Vec<Story> {
    let most = reports.iter().map(|report| report.0).max().unwrap_or(0) + 1;
    let names: Vec<Arc<str>> = (0..most).map(|n| format!("s{n}").into()).collect();
    let mut collection = Collection::new(names, at(NOW), Box::new(Vec::new()));
    for (source, link, title, ago) in reports {
        let item = Item {
            id: format!("{link} {title}").as_str().into(),
            title: (*title).into(),
            url: (!link.is_empty()).then(|| (*link).into()),
            published: ago.map(|hours| at(NOW - hours * HOUR)),
            ..Item::default()
        };
        let mut bytes = Vec::new();
        pack::pack(&item, &mut bytes);
        collection.add(*source, &bytes, at(NOW), false);
    }
    let all: Vec<usize> = (0..most).collect();
    let ranking = collection.rank(&all, join).unwrap();
    (0..ranking.len()).map(|rank| collection.story(&ranking, rank).unwrap()).collect()
}

/// For each story, its source and those that report it also.
fn told(reports: &[Report<'_>]) -> Vec<String> {
    let line = |story: &Story| {
        let also = story.also.iter().map(|also| &*also.source);
        std::iter::once(&*story.source).chain(also).collect::<Vec<_>>().join("+")
    };
    stories(reports, Join::Titles).iter().map(line).collect()
}

#[test]
fn the_same_title_within_a_day_is_the_same_story() {
    let of = |hours| {
        told(&[(0, "http://a.test/1", TITLE, Some(hours)), (1, "http://b.test/1", TITLE, Some(0))])
    };
    assert_eq!(of(24), ["s0+s1"]);
    assert_eq!(of(25), ["s1", "s0"]);
}

#[test]
fn what_joins_is_the_user_s_choice() {
    let reports = [
        (0, "http://a.test/1", TITLE, Some(2)),
        (1, "http://b.test/1", TITLE, Some(1)),
        (2, "http://b.test/1", "Another title altogether", Some(0)),
    ];
    assert_eq!(stories(&reports, Join::Titles).len(), 1);
    assert_eq!(stories(&reports, Join::Links).len(), 2);
    assert_eq!(stories(&reports, Join::Nothing).len(), 3);
}

#[test]
fn links_and_titles_together_lead_from_one_report_to_the_next() {
    let reports = [
        (3, "http://d.test/1", "Water on Mars", Some(0)),
        (0, "http://a.test/1", TITLE, Some(3)),
        (2, "http://b.test/1", "Water on the red planet", Some(1)),
        (1, "http://b.test/1?utm_source=x", TITLE, Some(2)),
    ];
    assert_eq!(told(&reports), ["s3", "s0+s1+s2"]);
    let also = &stories(&reports, Join::Titles)[1].also;
    assert_eq!(also[0].url.as_deref(), Some("http://b.test/1"));
}

#[test]
fn a_title_that_one_source_has_twice_in_a_day_names_no_story() {
    let twice = [
        (0, "http://a.test/1", TITLE, Some(3)),
        (0, "http://c.test/2", TITLE, Some(2)),
        (1, "http://b.test/1", TITLE, Some(1)),
    ];
    assert_eq!(told(&twice).len(), 3);
    // By way of a link, too.
    let way = [
        (0, "http://a.test/1", TITLE, Some(3)),
        (1, "http://b.test/1", TITLE, Some(2)),
        (0, "http://b.test/1", "Something else", Some(1)),
    ];
    assert_eq!(told(&way), ["s1+s0", "s0"]);
}

#[test]
fn two_pages_of_one_server_are_two_stories() {
    let pages = |one, other| told(&[(0, one, TITLE, Some(3)), (1, other, TITLE, Some(2))]).len();
    assert_eq!(pages("http://a.test/1", "https://www.a.test/2"), 2);
    assert_eq!(pages("http://a.test/1", "http://b.test/2"), 1);
}

#[test]
fn without_a_date_nobody_knows_the_day() {
    let reports = [(0, "http://a.test/1", TITLE, None), (1, "http://b.test/1", TITLE, Some(0))];
    assert_eq!(told(&reports).len(), 2);
}

#[test]
fn a_day_begins_with_the_earliest_report() {
    let chain = [
        (0, "http://a.test/1", TITLE, Some(40)),
        (1, "http://b.test/1", TITLE, Some(20)),
        (2, "http://c.test/1", TITLE, Some(0)),
    ];
    assert_eq!(told(&chain), ["s2", "s0+s1"]);
}

#[test]
fn the_order_of_arrival_changes_no_group() {
    for seed in 0..40_u64 {
        let mut luck = seed;
        let mut next = |n: u64| {
            luck = crate::backoff::scramble(luck);
            luck % n
        };
        let words = |n: u64| format!("Scientists find water below the crater number {n}");
        let made: Vec<(usize, String, String, i64)> = (0..300)
            .map(|_| {
                let link = format!("http://h{}.test/{}", next(40), next(9));
                (next(8) as usize, link, words(next(60)), next(60) as i64)
            })
            .collect();
        let mut reports: Vec<Report<'_>> = made
            .iter()
            .map(|(source, link, title, ago)| (*source, &**link, &**title, Some(*ago)))
            .collect();
        let whole = stories(&reports, Join::Titles);
        assert!(whole.iter().any(|story| story.also.len() > 1), "seed {seed}");
        for index in (1..reports.len()).rev() {
            reports.swap(index, next(index as u64 + 1) as usize);
        }
        assert_eq!(whole, stories(&reports, Join::Titles), "seed {seed}");
        for story in whole {
            let mut sources: Vec<&str> = story.also.iter().map(|also| &*also.source).collect();
            sources.push(&story.source);
            sources.sort_unstable();
            let all = sources.len();
            sources.dedup();
            assert_eq!(sources.len(), all, "seed {seed}: a source tells it twice");
        }
    }
}

#[test]
fn ten_thousand_reports_with_one_title_are_looked_at_once_each() {
    let made: Vec<(usize, String)> =
        (0..10_000).map(|n| (n % 5_000, format!("http://h{n}.test/"))).collect();
    let mut groups = Groups::new(made.len(), 5_000);
    groups.unite(0..5_000, &|rank| made[rank as usize].0 as u32);
    assert_eq!(groups.ring(17).count(), 5_000);
    groups.unite(4_999..10_000, &|rank| made[rank as usize].0 as u32);
    assert_eq!(groups.ring(9_999).count(), 1);
    assert_eq!(groups.survivors()[..5_000], vec![4_999; 5_000]);
}
