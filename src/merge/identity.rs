//! What tells the items of one source apart: within a document, and from one document to the next.
//!
//! The id that a publisher gives is taken for what it is. Where ids repeat under different titles or
//! links, or say nothing, title and link tell the items apart.

use std::borrow::Cow;

use super::{canonical, fingerprint};
use crate::format::{bounded_id, complete, hashed};
use crate::item::{Item, Text};
use crate::pack::Outline;
use crate::time::Timestamp;

/// What a source's items are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdBy {
    /// By the publisher's ids, as far as they do tell items apart; else by title and link.
    #[default]
    Auto,
    /// By the publisher's ids, whatever they are.
    Guid,
    /// By their links.
    Link,
    /// By their titles.
    Title,
}

/// Ids that say nothing, in lower case. Nor does one without a letter or a digit.
const PLACEHOLDERS: [&str; 13] = [
    "[object object]",
    "false",
    "guid",
    "id",
    "n/a",
    "na",
    "nan",
    "nil",
    "none",
    "null",
    "undefined",
    "unknown",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
];

/// Half of the words of two titles that are the same one, corrected, are the same.
const SIMILAR: f64 = 0.5;

/// Gives each item of a document an id of its own.
///
/// Items with the same id, title and link stay one story; so do those with the same id and link that
/// say when they were changed, and differ in that (RFC 4287 §4.1.1).
pub fn tell_apart(items: &mut Vec<Item>, by: IdBy) {
    match by {
        IdBy::Guid => {}
        IdBy::Link => items.iter_mut().for_each(|item| {
            if let Some(url) = &item.url {
                item.id = bounded_id(url);
            }
        }),
        IdBy::Title => items.iter_mut().for_each(|item| {
            if !item.title.is_empty() {
                item.id = hashed([&*item.title]);
            }
        }),
        IdBy::Auto => {
            replace_placeholders(items);
            split_shared(items);
        }
    }
}

fn replace_placeholders(items: &mut Vec<Item>) {
    // Where the others are counted, the first may have the number zero.
    let is_number = |item: &Item| item.id.bytes().all(|byte| byte.is_ascii_digit());
    let counted = items.iter().any(|item| is_number(item) && !is_zero(&item.id));
    let zeros = items.iter().filter(|item| is_zero(&item.id)).count();
    let zero_is_one = counted && zeros == 1;
    let says_nothing = |item: &Item| {
        is_placeholder(&item.id) || is_zero(&item.id) && !(zero_is_one && is_number(item))
    };
    if !items.iter().any(says_nothing) {
        return;
    }
    let own = |mut item: Item| {
        if says_nothing(&item) {
            item.id = "".into();
        }
        complete(item)
    };
    *items = std::mem::take(items).into_iter().filter_map(own).collect();
}

fn is_placeholder(id: &str) -> bool {
    let id = id.trim();
    id.is_ascii() && !id.bytes().any(|byte| byte.is_ascii_alphanumeric())
        || PLACEHOLDERS.iter().any(|known| known.eq_ignore_ascii_case(id))
}

/// `0`, `000`, `00000000-0000-0000-0000-000000000000`.
fn is_zero(id: &str) -> bool {
    let zeros = id.bytes().filter(|byte| *byte == b'0').count();
    zeros > 0 && id.bytes().all(|byte| byte == b'0' || byte == b'-')
}

fn split_shared(items: &mut [Item]) {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| items[*a].id.cmp(&items[*b].id));
    let groups = order.chunk_by(|a, b| items[*a].id == items[*b].id);
    let shared = |group: &&[usize]| {
        let first = &items[group[0]];
        !group[1..].iter().all(|index| is_one_story(first, &items[*index]))
    };
    let split: Vec<usize> = groups.filter(shared).flatten().copied().collect();
    for index in split {
        let item = &mut items[index];
        (item.id, item.derived_id) = (split_id(item), true);
    }
}

/// Whether two items of one document that have the same id are one story.
fn is_one_story(one: &Item, other: &Item) -> bool {
    let same_link = link_of(one.url.as_deref()) == link_of(other.url.as_deref());
    let revised = one.updated.is_some() && other.updated.is_some() && one.updated != other.updated;
    same_link && (one.title == other.title || revised)
}

/// The id of an item whose own id is that of another story, too.
pub fn split_id(item: &Item) -> Text {
    hashed([&*item.id, &*item.title, &*link_of(item.url.as_deref()).unwrap_or_default()])
}

/// The fingerprint of title and link, by which a story is known again when its id is another one; 0 if
/// it has neither.
pub fn story_of(title: &str, url: Option<&str>) -> u64 {
    match (title, link_of(url)) {
        ("", None) => 0,
        (title, link) => fingerprint(&[title, &link.unwrap_or_default()].join("\n")),
    }
}

/// A link as it names an item of its source: canonical, but with its fragment, by which pages that
/// hold several stories tell them apart.
fn link_of(url: Option<&str>) -> Option<Cow<'_, str>> {
    let url = url?;
    Some(match url.split_once('#') {
        Some((_, fragment)) if !fragment.is_empty() => {
            Cow::Owned([&*canonical(url), "#", fragment].concat())
        }
        _ => canonical(url),
    })
}

/// Whether an item that has the id of a remembered one, but not its title and link, is the same story:
/// one that was corrected or moved.
pub fn is_corrected(old: &Outline<'_>, new: &Item) -> bool {
    let same_date = old.date().is_some() && old.date() == date(new);
    if same_date || is_similar(old.title, &new.title) {
        return true;
    }
    let link = link_of(new.url.as_deref());
    let same_link = link.is_some() && link == link_of(old.url());
    let undated = old.date().is_none() || date(new).is_none();
    match new.derived_id {
        // The link alone made the id.
        true => undated && !is_front_page(link.as_deref()),
        false => same_link,
    }
}

/// Whether an item with an id that was never seen is the remembered one with the same title and link.
///
/// `churning` are the ids of a document of which none was seen before: ids that are made up at each
/// request look like that.
pub fn is_renamed(old: &Outline<'_>, new: &Item, churning: bool) -> bool {
    let (before, now) = (old.date(), date(new));
    let same_date = before.is_some() && before == now;
    let undated = before.is_none() || now.is_none();
    if same_date {
        return true;
    }
    match (new.derived_id, churning) {
        (true, _) => undated,
        (false, true) => undated || !is_front_page(link_of(new.url.as_deref()).as_deref()),
        (false, false) => false,
    }
}

/// The same address with the other of the two schemes.
pub fn other_scheme(id: &str) -> Option<String> {
    let other = |rest: &str, scheme: &str| [scheme, rest].concat();
    match id.strip_prefix("http://") {
        Some(rest) => Some(other(rest, "https://")),
        None => id.strip_prefix("https://").map(|rest| other(rest, "http://")),
    }
}

/// Whether a canonical link leads to a whole site, which names no story; so does none.
fn is_front_page(link: Option<&str>) -> bool {
    link.is_none_or(|link| !link.contains(['/', '?', '#']))
}

fn date(item: &Item) -> Option<Timestamp> {
    item.published.or(item.updated)
}

/// Whether at least half of the words of the longer title stand in the other one.
fn is_similar(one: &str, other: &str) -> bool {
    let words = |title: &str| -> Vec<String> {
        let plain = title.to_lowercase();
        let mut words: Vec<String> =
            plain.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        words.sort();
        words.dedup();
        words.retain(|word| !word.is_empty());
        words
    };
    let (one, other) = (words(one), words(other));
    let same = one.iter().filter(|word| other.binary_search(word).is_ok()).count();
    same as f64 >= SIMILAR * one.len().max(other.len()) as f64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pack;

    fn item(id: &str, title: &str, url: &str) -> Item {
        let url = Some(url).filter(|url| !url.is_empty()).map(Into::into);
        let item = Item { id: id.into(), title: title.into(), url, ..Item::default() };
        complete(item).unwrap()
    }

    fn at(seconds: i64) -> Option<Timestamp> {
        Timestamp::from_unix(seconds)
    }

    /// The ids of a document's items, each distinct one as a letter.
    fn apart(mut items: Vec<Item>, by: IdBy) -> String {
        tell_apart(&mut items, by);
        let mut ids: Vec<_> = Vec::new();
        let mut letter = |item: &Item| {
            let known = ids.iter().position(|id| *id == item.id);
            known.unwrap_or_else(|| {
                ids.push(item.id.clone());
                ids.len() - 1
            })
        };
        items.iter().map(|item| char::from(b'a' + letter(item) as u8)).collect()
    }

    #[test]
    fn items_that_share_an_id_or_have_none_are_told_apart_by_title_and_link() {
        let site = "https://shirts.example/";
        for (items, expected) in [
            // Report 01-same-link-no-guid.
            (vec![item("", "Owl", site), item("", "Sea", site), item("", "Owl", site)], "aba"),
            (
                vec![
                    item("N/A", "Owl", "https://a.example/1"),
                    item("N/A", "Sea", "https://a.example/2"),
                ],
                "ab",
            ),
            (vec![item("0", "Owl", site), item("0", "Sea", site)], "ab"),
            (
                vec![item(" NULL ", "Owl", ""), item("null", "Sea", ""), item("none", "Owl", "")],
                "aba",
            ),
            (
                vec![
                    item("g", "Owl", "https://a.example/1"),
                    item("g", "Owl", "https://a.example/2"),
                ],
                "ab",
            ),
            (vec![item("g", "Owl", site), item("g", "Sea", site), item("h", "Sea", site)], "abc"),
            (
                vec![
                    item("g", "Owl", "http://a.example/1"),
                    item("g", "Owl", "https://a.example/1/"),
                ],
                "aa",
            ),
            (
                vec![
                    item("g", "Owl", "https://a.example/1#1"),
                    item("g", "Owl", "https://a.example/1#2"),
                ],
                "ab",
            ),
            (vec![item("1", "Owl", site), item("2", "Owl", site)], "ab"),
        ] {
            let told = format!("{items:?}");
            assert_eq!(apart(items, IdBy::Auto), expected, "{told}");
        }
    }

    #[test]
    fn a_revision_that_stands_beside_the_first_version_is_the_same_story() {
        let version = |title: &str, updated| Item {
            updated: at(updated),
            ..item("tag:a.example,2026:1", title, "https://a.example/1")
        };
        assert_eq!(apart(vec![version("Owl", 1), version("Owls", 2)], IdBy::Auto), "aa");
        assert_eq!(apart(vec![version("Owl", 1), version("Owls", 1)], IdBy::Auto), "ab");
    }

    #[test]
    fn a_source_can_say_what_tells_its_items_apart() {
        let items = || {
            let (one, two) = ("https://a.example/1", "https://a.example/2");
            vec![item("g", "Owl", one), item("g", "Sea", one), item("h", "Owl", two)]
        };
        for (by, expected) in
            [(IdBy::Guid, "aab"), (IdBy::Link, "aab"), (IdBy::Title, "aba"), (IdBy::Auto, "abc")]
        {
            assert_eq!(apart(items(), by), expected, "{by:?}");
        }
        let mut items = items();
        tell_apart(&mut items, IdBy::Link);
        assert_eq!(&*items[2].id, "https://a.example/2");
    }

    #[test]
    fn ids_that_say_nothing_are_known() {
        let derived = |ids: &[&str]| {
            let mut items: Vec<Item> =
                ids.iter().map(|id| item(id, "Owl", "https://a.example/1")).collect();
            tell_apart(&mut items, IdBy::Auto);
            items[0].derived_id
        };
        let nil = "00000000-0000-0000-0000-000000000000";
        for id in ["", " ", "-", "0", "000", nil, "N/A", "None", "null", "#"] {
            assert!(derived(&[id]), "{id:?}");
        }
        for id in ["1", "10", "a", "n", "nona", "https://a.example/0", "日本", "0x0"] {
            assert!(!derived(&[id]), "{id:?}");
        }
        assert!(!derived(&["0", "1", "2"]), "ids that are counted from zero");
        assert!(derived(&["0", "0", "1"]) && derived(&["0", "a"]) && derived(&[nil, "1"]));
    }

    fn corrected(old: &Item, new: &Item) -> bool {
        let mut packed = Vec::new();
        pack::pack(old, &mut packed);
        is_corrected(&pack::outline(&packed).unwrap(), new)
    }

    #[test]
    fn a_known_id_under_another_title_is_a_correction_or_another_story() {
        let dated = |item: Item, seconds| Item { published: at(seconds), ..item };
        let (home, page) = ("https://a.example/", "https://a.example/1");
        for (old, new, same) in [
            (
                dated(item("g", "Owls seen", page), 1),
                dated(item("g", "Sea level rises", page), 2),
                true,
            ),
            (
                dated(item("g", "Owls seen", page), 1),
                dated(item("g", "Sea level rises", home), 2),
                false,
            ),
            (
                dated(item("g", "Owls seen", page), 1),
                dated(item("g", "Sea level rises", home), 1),
                true,
            ),
            (
                dated(item("g", "Owls seen", page), 1),
                dated(item("g", "Owls seen again", home), 2),
                true,
            ),
            (dated(item("", "Night Owl", home), 1), dated(item("", "Deep Sea", home), 2), false),
            (dated(item("", "Night Owl", page), 1), dated(item("", "Deep Sea", page), 2), false),
            (dated(item("", "Night Owl", page), 1), dated(item("", "Night Owls", page), 2), true),
            (dated(item("", "Night Owl", page), 1), dated(item("", "Deep Sea", page), 1), true),
            (item("", "Night Owl", page), item("", "Deep Sea", page), true),
            (item("", "Night Owl", home), item("", "Deep Sea", home), false),
        ] {
            assert_eq!(corrected(&old, &new), same, "{old:?} {new:?}");
        }
    }

    fn renamed(old: &Item, new: &Item, churning: bool) -> bool {
        let mut packed = Vec::new();
        pack::pack(old, &mut packed);
        is_renamed(&pack::outline(&packed).unwrap(), new, churning)
    }

    #[test]
    fn a_new_id_under_a_known_title_and_link_is_no_new_story_if_ids_are_made_up() {
        let dated = |item: Item, seconds| Item { published: at(seconds), ..item };
        let (home, page) = ("https://a.example/", "https://a.example/1");
        for (old, new, churning, same) in [
            (item("1", "Owl", page), item("2", "Owl", page), true, true),
            (item("1", "Owl", page), item("2", "Owl", page), false, false),
            (dated(item("1", "Owl", page), 1), dated(item("2", "Owl", page), 2), true, true),
            (dated(item("1", "Owl", home), 1), dated(item("2", "Owl", home), 2), true, false),
            (dated(item("1", "Owl", home), 1), dated(item("2", "Owl", home), 1), true, true),
            (dated(item("1", "Owl", page), 1), dated(item("2", "Owl", page), 1), false, true),
            (dated(item("1", "Owl", page), 1), dated(item("2", "Owl", page), 2), false, false),
        ] {
            assert_eq!(renamed(&old, &new, churning), same, "{old:?} {new:?} {churning}");
        }
    }

    #[test]
    fn the_other_scheme_of_an_address_is_found() {
        assert_eq!(other_scheme("http://a.example/1").as_deref(), Some("https://a.example/1"));
        assert_eq!(other_scheme("https://a.example/1").as_deref(), Some("http://a.example/1"));
        assert_eq!(other_scheme("tag:a.example,2026:1"), None);
    }
}
