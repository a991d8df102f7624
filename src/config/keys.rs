//! One table of the config, read key by key. A wrong value is noted where it stands and then
//! taken for absent, so that reading goes on to the next mistake.

use std::cell::RefCell;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::schema::{DefaultValue, Key, Takes, names_of};
use super::sheet::{Sheet, shown};
use super::suggest::nearest;
use super::values;

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
    /// The keys that may stand in it.
    known: Vec<&'static [Key]>,
    /// Where it begins.
    pub(super) at: usize,
    /// `[fetch]`, `[[source]] "hn"`.
    pub(super) title: String,
    /// Keys that a typo was probably meant to be: they are not missing.
    meant: RefCell<Vec<String>>,
    /// The first key whose secret could not be read.
    pub(super) missing_secret: RefCell<Option<String>>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(
        sheet: &'a Sheet<'a>,
        table: &'a DeTable<'a>,
        at: usize,
        title: String,
        known: Vec<&'static [Key]>,
    ) -> Keys<'a> {
        let (meant, missing_secret) = (RefCell::default(), RefCell::default());
        Keys { sheet, table, known, at, title, meant, missing_secret }
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

    /// Notes every key that may not stand here: which one was meant, or what `elsewhere` says of it.
    pub(super) fn check_names(&self, elsewhere: &dyn Fn(&str) -> Option<String>) {
        for (key, at, _) in self.entries().filter(|(key, ..)| self.declared(key).is_none()) {
            let (title, word) = (&self.title, shown(key));
            let message = match (elsewhere(key), nearest(key, names_of(&self.known))) {
                (Some(place), _) => format!("`{word}` belongs to {place}, not to {title}"),
                (None, None) => format!("unknown key `{word}` in {title}"),
                (None, Some(near)) => {
                    self.meant.borrow_mut().push(near.to_owned());
                    format!("unknown key `{word}` in {title}; did you mean `{near}`?")
                }
            };
            self.sheet.error(at, message);
        }
    }

    fn declared(&self, name: &str) -> Option<&'static Key> {
        self.known.iter().flat_map(|keys| keys.iter()).find(|key| key.name == name)
    }

    /// One value; absent and wrong are both `None`. That a required one is absent is noted.
    pub(super) fn get<T>(&self, key: &str, read: Read<T>) -> Option<T> {
        self.note_missing(key);
        self.raw(key).and_then(|value| self.read(key, value, &read))
    }

    /// One value, or else its default.
    pub(super) fn value<T>(&self, key: &str, read: Read<T>) -> Option<T> {
        self.get(key, read).or_else(|| self.default(key, &read))
    }

    /// A number within the bounds of its key, or else its default.
    pub(super) fn number<T: TryFrom<u64>>(&self, key: &str) -> Option<T> {
        let Takes::Number(least, most) = self.declared(key)?.takes else { return None };
        let read = |value: &DeValue<'_>| values::integer(value, least, most);
        let number = self.raw(key).and_then(|value| self.read(key, value, &read));
        number.or_else(|| self.default(key, &read))?.try_into().ok()
    }

    /// One of these words, or else the default.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let read = |value: &DeValue<'_>| values::choice(value, choices);
        let choice = self.raw(key).and_then(|value| self.read(key, value, &read));
        choice.or_else(|| self.default(key, &read))
    }

    /// The default that is declared for a key.
    fn default<T>(&self, key: &str, read: &dyn Fn(&DeValue<'_>) -> Result<T, Wrong>) -> Option<T> {
        match self.declared(key)?.default {
            DefaultValue::Number(number) => {
                let text = number.to_string();
                read(DeValue::parse(&text).ok()?.get_ref()).ok()
            }
            DefaultValue::Text(text) => read(&DeValue::String(text.into())).ok(),
            DefaultValue::False => read(&DeValue::Boolean(false)).ok(),
            DefaultValue::True => read(&DeValue::Boolean(true)).ok(),
            DefaultValue::Required | DefaultValue::Words(_) => None,
        }
    }

    /// Notes that a key is missing, if it is required.
    pub(super) fn note_missing(&self, key: &str) {
        let required =
            self.declared(key).is_some_and(|key| matches!(key.default, DefaultValue::Required));
        if required && !self.has(key) {
            self.missing(key);
        }
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
                values.iter().filter_map(|value| self.read(key, value, &read)).collect()
            }
            other => {
                self.wrong(key, value, &format!("a list such as {example}").into(), other);
                Vec::new()
            }
        }
    }

    fn read<T>(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        read: &dyn Fn(&DeValue<'_>) -> Result<T, Wrong>,
    ) -> Option<T> {
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
