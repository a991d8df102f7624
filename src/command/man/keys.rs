//! The keys, kinds and formats of newsagg.toml(5).

use super::mdoc::{paragraph, sentence};
use crate::config::schema::{DefaultValue, Key, MANY, SECTIONS, Tables, Takes};
use crate::config::{FORMATS, KINDS};

/// Every table of keys with the name of its section or kind, as the page has them.
fn all() -> impl Iterator<Item = (&'static str, Tables)> {
    let sections = SECTIONS.iter().map(|(title, keys)| (title.trim_matches(['[', ']']), *keys));
    sections.chain(KINDS.iter().map(|kind| (kind.name, kind.keys)))
}

/// Adds the keys of a section or a kind. Those that it shares with one before it are only listed.
pub fn tables(name: &str, page: &mut String) {
    *page += ".Bl -tag -width Ds\n";
    for table in all().filter(|(own, _)| *own == name).flat_map(|(_, tables)| tables) {
        let owner =
            all().find(|(_, tables)| tables.iter().any(|other| std::ptr::eq(*other, *table)));
        match owner.map(|(owner, _)| owner).filter(|owner| *owner != name) {
            None => table.iter().for_each(|key| item(key, page)),
            Some(owner) => {
                table.iter().for_each(|key| head(key, page));
                *page += &match owner {
                    "fetch" => {
                        "As in\n.Sx FETCH ,\nfor this source.\nDefault: as there.\n".to_owned()
                    }
                    kind => format!("As in kind\n.Cm {kind} .\nDefault: none.\n"),
                };
            }
        }
    }
    *page += ".El\n";
}

fn head(key: &Key, page: &mut String) {
    let takes = match key.takes {
        Takes::Number(..) => "number",
        Takes::Choice(_) => "string",
        Takes::Type(name) => name,
    };
    let takes = takes.replace(" of ", " No of Ar ").replace(" or ", " No or Ar ");
    *page += &format!(".It Ic {} No = Ar {takes}\n", key.name);
}

fn item(key: &Key, page: &mut String) {
    head(key, page);
    let mut text = key.text.to_owned();
    match key.takes {
        Takes::Number(least, MANY) => text += &format!(" From {least} up."),
        Takes::Number(least, most) => text += &format!(" From {least} to {most}."),
        Takes::Choice(names) if !["format", "kind"].contains(&key.name) => {
            let names: Vec<String> = names().iter().map(|name| format!("`\"{name}\"`")).collect();
            text += &format!(" One of {}.", names.join(", "));
        }
        Takes::Choice(_) | Takes::Type(_) => {}
    }
    text += &match key.default {
        DefaultValue::Required => " Required.".to_owned(),
        DefaultValue::Number(number) => format!(" Default: `{number}`."),
        DefaultValue::False => " Default: `false`.".to_owned(),
        DefaultValue::True => " Default: `true`.".to_owned(),
        // The page is the same for every version.
        DefaultValue::Text(text) => {
            format!(" Default: `\"{}\"`.", text.replace(env!("CARGO_PKG_VERSION"), "VERSION"))
        }
        DefaultValue::Words(words) => format!(" Default: {words}."),
    };
    paragraph(&text, page);
}

/// Begins the subsection of a kind.
pub fn kind(name: &str, page: &mut String) {
    let kind = KINDS.iter().find(|kind| kind.name == name);
    *page += &format!(".Ss {name}\n");
    paragraph(&sentence(kind.map_or("", |kind| kind.text)), page);
}

/// Adds every format with the extensions of its files.
pub fn formats(page: &mut String) {
    *page += ".Bl -tag -width jsonfeed\n";
    for format in &FORMATS {
        *page += &format!(".It Cm {}\n", format.name);
        paragraph(format.text, page);
        let extensions: Vec<String> =
            format.extensions.iter().map(|extension| format!("`.{extension}`")).collect();
        paragraph(&format!("Files: {}.", extensions.join(", ")), page);
    }
    *page += ".El\n";
}
