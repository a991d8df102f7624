//! What has to be known of all stories before the first is written.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::markup::Counter;
use super::story;
use crate::format::Merged;
use crate::time::Timestamp;

/// So many sources can be chosen; those beyond stand in the page without a choice.
pub const CHOICES: usize = 100;
/// So many days have a link above the stories.
pub const DAYS: usize = 31;

/// Sources and days, counted.
#[derive(Debug, Default)]
pub(super) struct Survey {
    sources: BTreeMap<String, Box<Source>>,
    /// Those that have stories, newest first.
    pub days: Vec<Day>,
    pub stories: usize,
    /// What the stories take without their summaries.
    pub bytes: usize,
}

#[derive(Debug, Default)]
struct Source {
    /// From 1 in the order of the config; 0 for who has nothing to show or is beyond [`CHOICES`].
    number: usize,
    stories: usize,
}

/// What stands below one heading.
#[derive(Debug)]
pub(super) struct Day {
    /// Any instant of it; `None` for what has no date.
    pub at: Option<Timestamp>,
    pub stories: usize,
    /// The places in the config of the sources that have any of them.
    sources: BTreeSet<usize>,
}

impl Survey {
    pub fn of(merged: &Merged<'_>) -> io::Result<Survey> {
        let mut survey = Survey::default();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (place, source) in merged.sources.iter().enumerate() {
            places.entry(source.name.clone()).or_insert(place);
            survey.sources.insert(source.name.clone(), Box::default());
        }
        let mut counter = Counter::default();
        merged.stories.each(&mut |story| {
            survey.stories += 1;
            let day = survey.day(story.date());
            day.stories += 1;
            if let Some(place) = places.get(&*story.source) {
                day.sources.insert(*place);
            }
            if let Some(source) = survey.sources.get_mut(&*story.source) {
                source.stories += 1;
            }
            story::write(story, Some(CHOICES), &[], &mut counter)
        })?;
        survey.bytes = counter.bytes;
        survey.number_sources(merged);
        Ok(survey)
    }

    /// The day of a story that follows all those before it.
    fn day(&mut self, at: Option<Timestamp>) -> &mut Day {
        let same = |day: &Day| day.at.map(Timestamp::day) == at.map(Timestamp::day);
        let known = self.days.last().is_some_and(same);
        if !known {
            self.days.push(Day { at, stories: 0, sources: BTreeSet::new() });
        }
        let last = self.days.len() - 1;
        &mut self.days[last]
    }

    fn number_sources(&mut self, merged: &Merged<'_>) {
        let mut number = 0;
        for source in merged.sources {
            match self.sources.get_mut(&*source.name) {
                Some(own) if own.stories > 0 && own.number == 0 && number < CHOICES => {
                    number += 1;
                    own.number = number;
                }
                _ => {}
            }
        }
    }

    /// A source's number from 1, if it can be chosen.
    pub fn number(&self, source: &str) -> Option<usize> {
        self.sources.get(source).map(|source| source.number).filter(|number| *number > 0)
    }

    /// How many stories a source has.
    pub fn count(&self, source: &str) -> usize {
        self.sources.get(source).map_or(0, |source| source.stories)
    }

    /// How many sources can be chosen.
    pub fn choices(&self) -> usize {
        self.sources.values().map(|source| source.number).max().unwrap_or(0)
    }

    /// The numbers of a day's sources.
    pub fn numbers(&self, day: &Day, merged: &Merged<'_>) -> impl Iterator<Item = usize> {
        day.sources.iter().filter_map(|place| self.number(&merged.sources[*place].name))
    }
}
