//! What has to be known of all stories before the first is written.

use std::collections::BTreeMap;
use std::io;

use super::markup::Counter;
use super::{frame, story};
use crate::format::Merged;
use crate::time::Timestamp;

/// So many sources can be chosen; those beyond stand in the page without a choice.
pub const CHOICES: usize = 100;
/// So many days have a link above the stories.
pub const DAYS: usize = 31;

/// Sources and days, counted.
#[derive(Debug, Default)]
pub(super) struct Survey<'a> {
    /// For each source that has stories: its number in the page, and how many it has.
    sources: BTreeMap<&'a str, (usize, usize)>,
    /// The days that have stories, by an instant of each, and how many they have.
    pub days: Vec<(Option<Timestamp>, usize)>,
    pub stories: usize,
    /// What the stories take without their summaries.
    pub bytes: usize,
}

impl<'a> Survey<'a> {
    pub fn of(merged: &Merged<'a>) -> io::Result<Survey<'a>> {
        let mut survey = Survey::default();
        survey.sources = merged.sources.iter().map(|source| (&*source.name, (0, 0))).collect();
        let mut counter = Counter::default();
        merged.stories.each(&mut |story| {
            survey.stories += 1;
            if let Some((_, count)) = survey.sources.get_mut(&*story.source) {
                *count += 1;
            }
            let date = story.date();
            match survey.days.last_mut() {
                Some((last, count)) if same_day(*last, date) => *count += 1,
                _ => {
                    frame::day(date, true, &mut counter)?;
                    survey.days.push((date, 1));
                }
            }
            story::write(story, Some(CHOICES), &[], &mut counter)
        })?;
        survey.bytes = counter.bytes;
        // Numbers go by the config's order, and only to who has something to show.
        let mut number = 0;
        for source in merged.sources {
            match survey.sources.get_mut(&*source.name) {
                Some((own, count)) if *count > 0 && *own == 0 && number < CHOICES => {
                    number += 1;
                    *own = number;
                }
                _ => {}
            }
        }
        Ok(survey)
    }

    /// A source's number from 1, if it can be chosen.
    pub fn index(&self, source: &str) -> Option<usize> {
        self.sources.get(source).map(|(number, _)| *number).filter(|number| *number > 0)
    }

    /// How many stories a source has.
    pub fn count(&self, source: &str) -> usize {
        self.sources.get(source).map_or(0, |(_, count)| *count)
    }

    /// How many sources can be chosen.
    pub fn choices(&self) -> usize {
        self.sources.values().map(|(number, _)| *number).max().unwrap_or(0)
    }
}

/// Whether two stories stand below one heading.
pub(super) fn same_day(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    one.map(Timestamp::day) == other.map(Timestamp::day)
}
