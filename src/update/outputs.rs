//! The documents of a config, written.

use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use crate::config::{Config, Output, OutputFormat};
use crate::format::{Format, Merged, SourceHealth, State, Stories, Style};
use crate::item::Story;
use crate::merge::{Collection, Join, Published, Ranking};
use crate::store::{self, Counted, Replaced, Wear};
use crate::time::Timestamp;

/// So much of a document goes to stdout at once.
const STDOUT_BUFFER: usize = 64 * 1024;

/// What became of one output.
#[derive(Debug)]
pub(super) struct Written {
    pub path: String,
    pub bytes: u64,
    pub written: bool,
    pub stories: Option<usize>,
    pub error: Option<String>,
    /// Whoever read stdout has left: no error, but the end of our work.
    pub deserted: bool,
}

/// Sources that are shown together, and what makes their reports one story.
type Set = (Vec<usize>, Join);

/// The order of the stories, for each set of sources that is shown.
#[derive(Debug)]
pub(super) struct Order<'a> {
    collection: &'a Collection,
    /// The set of all sources first. What could not be read is an error for each who asks for it.
    rankings: Vec<(Set, io::Result<Ranking>)>,
}

impl<'a> Order<'a> {
    /// With `new`, what was printed before is left out.
    pub(super) fn new(config: &Config, collection: &'a Collection, new: bool) -> Order<'a> {
        let mut sets = vec![((0..config.sources.len()).collect(), Join::default())];
        for output in config.outputs.iter().filter(|output| is_news(output)) {
            let set = (output.sources.clone(), output.join);
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        let rank = |set: Set| {
            let ranking = collection.rank(&set.0, set.1);
            let ranking = match new {
                true => ranking.map(|ranking| collection.unprinted(ranking)),
                false => ranking,
            };
            (set, ranking)
        };
        Order { collection, rankings: sets.into_iter().map(rank).collect() }
    }

    fn of(&self, output: &Output) -> Result<&Ranking, String> {
        let (_, ranking) = self
            .rankings
            .iter()
            .find(|((sources, join), _)| *sources == output.sources && *join == output.join)
            .ok_or("an output without an order")?;
        ranking.as_ref().map_err(store::plainly)
    }

    /// What is to be remembered of how the stories of all sources are published, by source.
    pub(super) fn publications(&self) -> Vec<(usize, Published)> {
        let Some((_, Ok(ranking))) = self.rankings.first() else { return Vec::new() };
        self.collection.publications(ranking).unwrap_or_default()
    }

    /// How many stories all sources have together, and the first of them.
    pub(super) fn newest(&self, most: usize) -> (usize, Vec<Story>) {
        let Some((_, Ok(ranking))) = self.rankings.first() else { return (0, Vec::new()) };
        let first = 0..ranking.len().min(most);
        let story = |rank| self.collection.story(ranking, rank).ok();
        (ranking.len(), first.filter_map(story).collect())
    }
}

/// Whether an output is made of what the sources said.
fn is_news(output: &Output) -> bool {
    matches!(output.format, OutputFormat::Now(_))
}

/// Whether an output is a list of the sources themselves.
fn is_list(output: &Output) -> bool {
    output.format == OutputFormat::Now(Format::Opml)
}

/// The outputs of this version, in the order of what is written.
pub(super) fn all(config: &Config) -> impl Iterator<Item = &Output> {
    config.outputs.iter()
}

/// Whether all documents that show this source are on the disk.
pub(super) fn durable(config: &Config, written: &[Written], source: usize) -> bool {
    let failed = |(output, written): (&Output, &Written)| {
        written.error.is_some() && output.sources.contains(&source)
    };
    !all(config).zip(written).any(failed)
}

/// Whether an output is paper: what is printed on stdout is not there to be looked at again.
pub(super) fn prints(output: &Output) -> bool {
    output.path.is_none()
}

/// What the outputs cost the disk.
pub(super) fn wear(written: &[Written]) -> Wear {
    let mut wear = Wear::default();
    for written in written.iter().filter(|written| written.written && written.path != "-") {
        wear += Wear { files: 1, bytes: written.bytes };
    }
    wear
}

/// The items that these outputs show, or that are the same stories: source and fingerprint of the
/// id.
pub(super) fn shown(
    config: &Config,
    order: &Order<'_>,
    now: Timestamp,
    which: impl Fn(&Output) -> bool,
) -> Vec<(usize, u64)> {
    let mut items = Vec::new();
    let shows = |output: &&Output| is_news(output) && !is_list(output) && which(output);
    for output in config.outputs.iter().filter(shows) {
        let Ok(ranking) = order.of(output) else { continue };
        let shown = Shown::new(order.collection, ranking, output, now);
        let members = shown.ranks.flat_map(|rank| order.collection.members(ranking, rank));
        items.extend(members);
    }
    items.sort();
    items.dedup();
    items
}

/// How things stand when the documents are written.
#[derive(Debug)]
pub(super) struct Stand<'a> {
    pub health: &'a [SourceHealth],
    /// For each source, how many items it has to show.
    pub counts: &'a [usize],
    /// For each source, whether it had items to show that the config does not want any more.
    pub unwanted: Vec<bool>,
    /// Another process is about to write the same documents, from newer answers.
    pub busy: bool,
    /// For each source, whether a document may show items of it that are nowhere else.
    pub lost: Vec<bool>,
}

/// Writes every output of the config but metrics, which tell of the others and have to wait; one
/// that fails does not keep the others from being written.
pub(super) fn write(
    config: &Config,
    order: &Order<'_>,
    stand: &Stand<'_>,
    now: Timestamp,
    style: Style,
) -> Vec<Written> {
    let Stand { health, counts, unwanted, busy, lost } = stand;
    let mut written = Vec::with_capacity(config.outputs.len());
    for output in all(config) {
        let OutputFormat::Now(format) = output.format else {
            written.push(left(place(output)));
            continue;
        };
        // When none of its sources has anything to show, a document that is there says more than
        // an empty one.
        let shows = |index: usize| counts[index] > 0 || unwanted[index];
        let well = |index: &usize| health[*index].state == State::Ok || shows(*index);
        let nothing = !output.sources.iter().any(well);
        // Nor may it lose what could not be remembered.
        let loses = output.sources.iter().any(|index| lost[*index]);
        let stays = *busy || (!is_list(output) && (nothing || loses));
        if let Some(path) = output.path.as_deref().filter(|path| stays && path.is_file()) {
            written.push(left(path));
            continue;
        }
        written.push(match order.of(output) {
            Ok(ranking) => {
                let stories = Shown::new(order.collection, ranking, output, now);
                let own = output.sources.iter();
                let sources: Vec<SourceHealth> = own.map(|index| health[*index].clone()).collect();
                let merged = Merged {
                    title: &output.title,
                    sources: &sources,
                    newest: stories.newest(),
                    stories: &stories,
                };
                let style = if output.path.is_some() { Style::default() } else { style };
                let written = put(output, &|out| format.write(&merged, style, out));
                Written { stories: (!is_list(output)).then_some(stories.ranks.len()), ..written }
            }
            Err(error) => unread(output, &error),
        });
    }
    written
}

/// No output is written, for this reason.
pub(super) fn refuse(config: &Config, why: &str) -> Vec<Written> {
    let refused = |output| Written { error: Some(why.to_owned()), ..left(place(output)) };
    all(config).map(refused).collect()
}

/// What an output shows of a ranking.
#[derive(Debug)]
struct Shown<'a> {
    collection: &'a Collection,
    ranking: &'a Ranking,
    ranks: Range<usize>,
}

impl<'a> Shown<'a> {
    fn new(
        collection: &'a Collection,
        ranking: &'a Ranking,
        output: &Output,
        now: Timestamp,
    ) -> Shown<'a> {
        let oldest = output.max_age.and_then(|age| {
            let age = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_unix(now.unix().saturating_sub(age))
        });
        let limit = output.limit.unwrap_or(usize::MAX);
        Shown { collection, ranking, ranks: collection.young(ranking, oldest, limit) }
    }

    /// The date of the first story.
    fn newest(&self) -> Option<Timestamp> {
        (!self.ranks.is_empty()).then(|| self.collection.date(self.ranking, self.ranks.start))
    }
}

impl Stories for Shown<'_> {
    fn each(&self, visit: &mut dyn FnMut(&Story) -> io::Result<()>) -> io::Result<()> {
        self.ranks.clone().try_for_each(|rank| visit(&self.collection.story(self.ranking, rank)?))
    }
}

/// Where a file system is read-only, that is mostly the doing of a unit.
const READ_ONLY: &str =
    "; a service of systemd may write where ReadWritePaths= and StateDirectory= of its unit say";

/// Writes one output.
pub(super) fn put(output: &Output, render: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Written {
    let Some(path) = &output.path else { return to_stdout(render) };
    match store::write_if_changed(path, output.mode, render) {
        Ok(Replaced { bytes, written, .. }) => Written { bytes, written, ..left(path) },
        Err(failure) => {
            let hint = match failure.cause().kind() {
                io::ErrorKind::ReadOnlyFilesystem => READ_ONLY,
                _ => "",
            };
            Written { error: Some(format!("{failure}{hint}")), ..left(path) }
        }
    }
}

/// Where an output goes, for people.
fn place(output: &Output) -> &Path {
    output.path.as_deref().unwrap_or(Path::new("-"))
}

/// A file that stays as it is.
fn left(path: &Path) -> Written {
    let path = path.display().to_string();
    Written { path, bytes: 0, written: false, stories: None, error: None, deserted: false }
}

/// The items could not be fetched from where they lie.
fn unread(output: &Output, error: &str) -> Written {
    let path = place(output);
    let error = format!("merging for {}: {error}", path.display());
    Written { error: Some(error), ..left(path) }
}

fn to_stdout(render: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> Written {
    let mut out = Counted::new(BufWriter::with_capacity(STDOUT_BUFFER, io::stdout().lock()));
    let outcome = render(&mut out).and_then(|()| out.flush());
    let gone = outcome.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    let deserted = gone || store::was_closed(io::stdout());
    let error = outcome.err().filter(|_| !deserted);
    Written {
        path: "-".into(),
        bytes: out.bytes,
        written: error.is_none() && !deserted,
        error: error.map(|error| format!("writing to stdout: {}", store::plainly(&error))),
        stories: None,
        deserted,
    }
}
