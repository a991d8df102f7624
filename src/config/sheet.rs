//! The config as it was written: places in it, and what was found wrong there.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use super::Problem;
use super::secret::Vault;

/// A text and the remarks in its margin.
#[derive(Debug)]
pub(super) struct Sheet<'a> {
    pub(super) path: &'a Path,
    /// The sources that are to be asked, or none for all of them.
    pub(super) only: &'a [String],
    /// Which secrets must be at hand.
    pub(super) need: Need,
    /// Where they are kept.
    pub(super) vault: &'a Vault,
    text: &'a str,
    line_starts: Vec<usize>,
    errors: RefCell<Vec<Mark>>,
    warnings: RefCell<Vec<Mark>>,
}

/// Which secrets must be at hand, so that a config can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// All: somebody is to be asked.
    All,
    /// All but the credentials of a service, where this is none: the config is to be judged.
    Own,
    /// None: nobody is to be asked. A secret that is not at hand is odd, and nothing else is.
    Nothing,
}

/// One remark.
#[derive(Debug)]
struct Mark {
    at: usize,
    sort: Sort,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    /// The text is no TOML here.
    Syntax,
    /// Something that stands here is wrong.
    Content,
    /// Something is missing. Behind a syntax error that says nothing: it may stand there.
    Absence,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str, vault: &'a Vault) -> Sheet<'a> {
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (errors, warnings) = (RefCell::default(), RefCell::default());
        Sheet { path, only: &[], need: Need::All, vault, text, line_starts, errors, warnings }
    }

    /// What stands at `at` is no TOML.
    pub(super) fn syntax(&self, at: usize, message: String) {
        self.errors.borrow_mut().push(Mark { at, sort: Sort::Syntax, message });
    }

    /// What stands at `at` is wrong.
    pub(super) fn error(&self, at: usize, message: String) {
        self.errors.borrow_mut().push(Mark { at, sort: Sort::Content, message });
    }

    /// The table that begins at `at` lacks something.
    pub(super) fn absence(&self, at: usize, message: String) {
        self.errors.borrow_mut().push(Mark { at, sort: Sort::Absence, message });
    }

    /// What stands at `at` is odd.
    pub(super) fn warn(&self, at: usize, message: String) {
        if self.need != Need::Nothing {
            self.absent_secret(at, message);
        }
    }

    /// The secret that is named at `at` is not at hand, and not needed.
    pub(super) fn absent_secret(&self, at: usize, message: String) {
        self.warnings.borrow_mut().push(Mark { at, sort: Sort::Content, message });
    }

    /// A path that is relative to the config's own folder.
    pub(super) fn beside(&self, path: &Path) -> PathBuf {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.join(path),
            _ => path.to_owned(),
        }
    }

    /// Errors and warnings, each in the order of the text.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<Problem>) {
        let errors = self.errors.take();
        let mut broken: Vec<usize> =
            errors.iter().filter(|e| e.sort == Sort::Syntax).map(|e| self.line(e.at)).collect();
        broken.sort();
        broken.dedup();
        // A line that is no TOML is reported once, and nothing that follows from its loss.
        let mut told = vec![false; broken.len()];
        let errors = errors
            .into_iter()
            .filter(|mark| match mark.sort {
                Sort::Syntax => match broken.binary_search(&self.line(mark.at)) {
                    Ok(index) => !std::mem::replace(&mut told[index], true),
                    Err(_) => true,
                },
                Sort::Content => broken.binary_search(&self.line(mark.at)).is_err(),
                Sort::Absence => broken.is_empty(),
            })
            .collect();
        let errors = self.problems(errors);
        let warnings = self.problems(self.warnings.take());
        (errors, warnings)
    }

    fn problems(&self, mut marks: Vec<Mark>) -> Vec<Problem> {
        marks.sort_by_key(|a| a.at);
        marks
            .into_iter()
            .map(|mark| Problem {
                file: Some(self.path.to_owned()),
                at: Some(self.position(mark.at)),
                message: mark.message,
            })
            .collect()
    }

    /// The index of the line that holds this byte.
    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at) - 1
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.line(at.min(self.text.len()));
        let start = self.line_starts[line];
        let before = self.text[start..].char_indices().take_while(|(i, _)| start + i < at).count();
        (line + 1, before + 1)
    }
}

/// A word of the user's, in an error: one line, of bounded length, without anything a terminal
/// could take for an order, and without the password of a URL.
pub(super) fn shown(word: &str) -> String {
    const MAX_SHOWN: usize = 60;
    let mut word = std::borrow::Cow::Borrowed(word);
    if let Some((scheme, rest)) = word.split_once("://") {
        let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        if let Some(at) = rest[..host].rfind('@') {
            word = format!("{scheme}://…{}", &rest[at..]).into();
        }
    }
    let mut shown = String::new();
    for (n, c) in word.chars().enumerate() {
        match c {
            _ if n == MAX_SHOWN => {
                shown.push('…');
                break;
            }
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(text: &str, word: &str) -> (usize, usize) {
        let at = text.find(word).unwrap();
        Sheet::new(Path::new("x"), text, &Vault::default()).position(at)
    }

    #[test]
    fn columns_count_characters_whatever_ends_the_line() {
        assert_eq!(position("a\nb = 1", "b"), (2, 1));
        assert_eq!(position("a\r\n\tkey = 1", "key"), (2, 2));
        assert_eq!(position("t = \"日本語\" x", "x"), (1, 11));
        assert_eq!(position("\n\nx", "x"), (3, 1));
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        let vault = Vault::default();
        let sheet = Sheet::new(Path::new("x"), "a = 1\n", &vault);
        assert_eq!(sheet.position(6), (2, 1));
        assert_eq!(sheet.position(99), (2, 1));
        assert_eq!(Sheet::new(Path::new("x"), "", &vault).position(0), (1, 1));
    }

    #[test]
    fn a_shown_word_is_one_safe_line_without_a_password() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b"), r"a\u{1b}[31m\n\u{202e}b");
        assert_eq!(shown("http://me:secret@host/x@y"), "http://…@host/x@y");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 61);
    }
}
