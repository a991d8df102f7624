//! One table of the config, read key by key. A wrong value is noted where it stands and then
//! taken for absent, so that reading goes on to the next mistake.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::sheet::{Sheet, shown};
use super::suggest::nearest;

/// What a value should have been.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    /// After «must be»: `a whole number from 1 to 10`.
    pub(super) expected: String,
    /// A value to try instead.
    pub(super) meant: Option<String>,
}

impl From<&str> for Wrong {
    fn from(expected: &str) -> Wrong {
        Wrong { expected: expected.into(), meant: None }
    }
}

impl From<String> for Wrong {
    fn from(expected: String) -> Wrong {
        Wrong { expected, meant: None }
    }
}

/// How a value is read.
pub(super) type Read<T> = fn(&DeValue<'_>) -> Result<T, Wrong>;

/// A table and what it is called in errors.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) sheet: &'a Sheet<'a>,
    table: &'a DeTable<'a>,
    /// Where it begins.
    pub(super) at: usize,
    /// `[fetch]`, `[[source]] "hn"`.
    pub(super) title: String,
    /// Keys that a typo was probably meant to be: they are not missing.
    meant: RefCell<Vec<String>>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(
        sheet: &'a Sheet<'a>,
        table: &'a DeTable<'a>,
        at: usize,
        title: String,
    ) -> Keys<'a> {
        Keys { sheet, table, at, title, meant: RefCell::default() }
    }

    /// The value of a key.
    pub(super) fn raw(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.raw(key).is_some()
    }

    /// Every key with its place.
    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'a str, usize, &'a Spanned<DeValue<'a>>)> {
        self.table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span().start, value))
    }

    /// Where the key's value stands, or else the table.
    pub(super) fn place(&self, key: &str) -> usize {
        self.raw(key).map_or(self.at, |value| value.span().start)
    }

    /// Notes every key that `explain` has something to say about.
    pub(super) fn check_names(&self, explain: &dyn Fn(&str) -> Option<Stray>) {
        for (key, at, _) in self.entries() {
            let Some(stray) = explain(key) else { continue };
            let title = &self.title;
            let message = match stray {
                Stray::Belongs(place) => {
                    format!("`{}` belongs to {place}, not to {title}", shown(key))
                }
                Stray::Unknown(None) => format!("unknown key `{}` in {title}", shown(key)),
                Stray::Unknown(Some(near)) => {
                    self.meant.borrow_mut().push(near.clone());
                    format!("unknown key `{}` in {title}; did you mean `{near}`?", shown(key))
                }
            };
            self.sheet.error(at, message);
        }
    }

    /// One value; absent and wrong are both `None`.
    pub(super) fn get<T>(&self, key: &str, read: Read<T>) -> Option<T> {
        self.raw(key).and_then(|value| self.read(key, value, read))
    }

    /// One value that must be there.
    pub(super) fn require<T>(&self, key: &str, read: Read<T>) -> Option<T> {
        if !self.has(key) {
            self.missing(key);
        }
        self.get(key, read)
    }

    /// Notes that a key is missing.
    pub(super) fn missing(&self, key: &str) {
        if !self.meant.borrow().iter().any(|meant| meant == key) {
            self.sheet.absence(self.at, format!("{} has no `{key}`", self.title));
        }
    }

    /// A list of values; wrong ones are left out.
    pub(super) fn list<T>(&self, key: &str, example: &str, read: Read<T>) -> Vec<T> {
        let Some(value) = self.raw(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(values) => {
                values.iter().filter_map(|value| self.read(key, value, read)).collect()
            }
            other => {
                self.wrong(key, value, &format!("a list such as {example}").into(), other);
                Vec::new()
            }
        }
    }

    fn read<T>(&self, key: &str, value: &Spanned<DeValue<'_>>, read: Read<T>) -> Option<T> {
        read(value.get_ref()).map_err(|wrong| self.wrong(key, value, &wrong, value.get_ref())).ok()
    }

    fn wrong(&self, key: &str, at: &Spanned<DeValue<'_>>, wrong: &Wrong, value: &DeValue<'_>) {
        let Wrong { expected, meant } = wrong;
        let mut message =
            format!("`{key}` in {} must be {expected}, not {}", self.title, describe(value));
        if let Some(meant) = meant {
            message.push_str(&format!("; did you mean \"{meant}\"?"));
        }
        self.sheet.error(at.span().start, message);
    }
}

/// Why a key does not belong where it stands.
pub(super) enum Stray {
    /// It belongs there.
    Belongs(String),
    /// Nowhere; this one is near.
    Unknown(Option<String>),
}

impl Stray {
    pub(super) fn unknown<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Stray {
        Stray::Unknown(nearest(key, known).map(str::to_owned))
    }
}

/// A value as an error shows it.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", shown(text)),
        DeValue::Integer(number) => shown(&number.to_string()),
        DeValue::Float(number) => shown(number.as_str()),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) => "a date".into(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}
