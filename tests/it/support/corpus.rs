//! Test data of other readers, and what they agree on: a sample that is part of the project, and the
//! whole collection where a folder with it is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

const MISSES: &str = include_str!("../../fixtures/corpus-misses.jsonl");

/// Documents with what is right about each. `tests/fixtures/corpus/README.md` describes the files.
pub struct Corpus {
    folder: PathBuf,
    rows: Vec<Value>,
}

impl Corpus {
    /// The part that every checkout has.
    pub fn sample() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/corpus");
        Self::read(folder).expect("the sample is part of the project")
    }

    /// The whole collection: in the folder `$NEWSAGG_CORPUS`, or beside the checkout. Where it is in
    /// neither place, the test says that it was skipped.
    pub fn whole() -> Option<Self> {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
        let whole = Self::read(env::var_os("NEWSAGG_CORPUS").map_or(beside, PathBuf::from));
        if whole.is_none() {
            super::skipped("the whole corpus is not here (NEWSAGG_CORPUS=FOLDER)");
        }
        whole
    }

    fn read(folder: PathBuf) -> Option<Self> {
        let manifest = fs::read_to_string(folder.join("expect.jsonl")).ok()?;
        let rows = manifest.lines().map(|row| serde_json::from_str(row).expect("a row")).collect();
        Some(Self { folder, rows })
    }

    /// The rows of one kind that say what is right.
    pub fn rows<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let rows = self.rows.iter().filter(move |row| row["kind"] == kind);
        rows.map(|row| (row["file"].as_str().expect("a file"), row))
    }

    /// A document as its file has it.
    pub fn bytes(&self, file: &str) -> Vec<u8> {
        fs::read(self.folder.join(file)).expect(file)
    }

    /// The body of a recorded answer, without the status and headers that may stand around it.
    pub fn body(&self, row: &Value) -> Value {
        let file = row["file"].as_str().expect("a file");
        let mut answer: Value = serde_json::from_slice(&self.bytes(file)).expect(file);
        if row["wrapper"].is_string() { answer["body"].take() } else { answer }
    }

    /// The listed misses, as pairs of a file and a field, of the files that are here. Dates have the
    /// file `dates` and their text as the field.
    pub fn listed(&self, wanted: impl Fn(&str) -> bool) -> BTreeSet<(String, String)> {
        let lines = MISSES.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let name = |miss: &Value, key: &str| miss[key].as_str().unwrap().to_owned();
        lines
            .inspect(|miss| assert!(miss["why"].as_str().unwrap().len() > 20, "{miss}"))
            .map(|miss| (name(&miss, "file"), name(&miss, "field")))
            .filter(|(file, _)| wanted(file) && self.folder.join(file).exists())
            .collect()
    }
}

/// For each field how many values were read as expected, of how many.
pub type Score = BTreeMap<&'static str, (usize, usize)>;

/// Counts one value.
pub fn count(score: &mut Score, field: &'static str, right: bool) {
    let (rights, all) = score.entry(field).or_default();
    *all += 1;
    *rights += usize::from(right);
}
