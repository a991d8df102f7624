//! A `[[source]]` table, written.

use super::values::MAX_NAME;
use crate::text;

/// A feed as a source of the config.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// [`is_name`], and no other source has it.
    pub name: String,
    /// An `http` or `https` URL.
    pub url: String,
    /// Each [`is_name`].
    pub tags: Vec<String>,
}

/// Whether a source, an output or a tag may be called so: one line that is not empty, and not
/// longer than [`MAX_NAME`].
pub fn is_name(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_NAME
        && !text.chars().any(char::is_control)
}

impl Entry {
    /// Adds the table to `toml`.
    pub fn write(&self, toml: &mut String) {
        *toml += "[[source]]\nname = ";
        quote(&self.name, toml);
        *toml += "\nkind = \"feed\"\nurl = ";
        quote(&self.url, toml);
        if !self.tags.is_empty() {
            *toml += "\ntags = ";
            for (n, tag) in self.tags.iter().enumerate() {
                *toml += if n == 0 { "[" } else { ", " };
                quote(tag, toml);
            }
            toml.push(']');
        }
        toml.push('\n');
    }
}

/// A basic string (TOML 1.0, «String»). What would hide or move something on a terminal is written
/// by its number.
fn quote(text: &str, toml: &mut String) {
    toml.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => toml.extend(['\\', letter]),
            letter if text::unwanted(letter) => {
                *toml += &format!("\\U{:08X}", u32::from(letter));
            }
            letter => toml.push(letter),
        }
    }
    toml.push('"');
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn an_entry_is_read_as_it_was_written_and_hides_nothing() {
        let name = " \"a\" \\ 'b' # [c] = \u{202e}\u{200f}\u{feff} 日本 👩\u{200d}🚀 ";
        let entry = Entry {
            name: name.into(),
            url: "https://a.example/?q=\"\\u0041".into(),
            tags: vec!["x".into(), "\"".into()],
        };
        let mut toml = String::new();
        entry.write(&mut toml);
        assert!(!toml.contains(['\u{202e}', '\u{200f}', '\u{feff}']), "{toml:?}");
        let config = Config::parse(Path::new("x"), &toml).unwrap();
        assert_eq!(config.sources[0].name, name);
        assert_eq!(config.sources[0].tags, entry.tags);
        assert_eq!(config.sources[0].feed().unwrap().as_str(), "https://a.example/?q=%22\\u0041");
    }

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert!(is_name(&"日".repeat(MAX_NAME)));
        for text in ["", " \u{a0}", "a\nb", "\u{7f}", &"日".repeat(MAX_NAME + 1)] {
            assert!(!is_name(text), "{text:?}");
        }
    }
}
