//! What a person sees of the demo. Formatting only: the same summary prints the same text.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::format::Style;
use crate::text::printable;
use crate::text::width::cut;
use crate::time::Timestamp;

/// The width where nobody says.
const WIDTH: usize = 80;

/// The bars are no narrower than this; where there is no room for them there are none.
const MIN_BAR: usize = 10;

/// And no wider.
const MAX_BAR: usize = 40;

/// No name takes more columns.
const MAX_NAME: usize = 20;

/// What came of a demo.
#[derive(Clone, Debug, Default)]
pub struct DemoSummary {
    /// One for each source.
    pub rows: Vec<Row>,
    /// From beginning to end.
    pub wall: Duration,
    /// What one request after the other would have taken.
    pub sum: Duration,
    /// Requests sent.
    pub requests: u64,
    /// The most of them under way at once.
    pub at_once: usize,
    /// Stories after merging.
    pub stories: usize,
    /// The newest of them.
    pub headlines: Vec<Headline>,
    /// What was written.
    pub files: Vec<PathBuf>,
}

/// One source.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// As in the config.
    pub name: String,
    /// As in the config.
    pub kind: &'static str,
    /// As in the report.
    pub state: &'static str,
    /// Items that it brought.
    pub items: usize,
    /// Requests sent to it.
    pub requests: u32,
    /// When it was first asked, from the round's beginning.
    pub from: Duration,
    /// When its last answer was there.
    pub to: Duration,
    /// What went wrong.
    pub error: Option<String>,
}

/// One story.
#[derive(Clone, Debug, Default)]
pub struct Headline {
    /// Plain text.
    pub title: String,
    /// When it was published, if that is known.
    pub at: Option<Timestamp>,
    /// Where it was published.
    pub source: String,
    /// Where else it stood.
    pub also: Vec<String>,
}

/// Says what is about to happen.
pub fn begin(
    sources: usize,
    latency: &std::ops::Range<Duration>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (from, to) = (latency.start.as_millis(), latency.end.as_millis());
    writeln!(out, "{sources} made-up sources on 127.0.0.1, each answer after {from} to {to} ms\n")
}

/// Prints a demo for people.
pub fn print(
    summary: &DemoSummary,
    now: Timestamp,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page { style, width: style.width.unwrap_or(WIDTH) };
    page.sources(summary, out)?;
    page.verdict(summary, out)?;
    page.headlines(summary, now, out)?;
    page.files(summary, out)
}

struct Page {
    style: Style,
    width: usize,
}

impl Page {
    /// One line per source, with a bar for when it was asked.
    fn sources(&self, summary: &DemoSummary, out: &mut dyn Write) -> io::Result<()> {
        let names = summary.rows.iter().map(|row| row.name.chars().count());
        let name = names.max().unwrap_or(0).clamp(6, MAX_NAME);
        let wall = format!("{:.1} s", summary.wall.as_secs_f64());
        let used = name + "  hackernews  unchanged  items      ms  ".len();
        let bar = self.width.saturating_sub(used + 1).min(MAX_BAR);
        let scale = match bar >= MIN_BAR {
            true => format!("  0 s{wall:>width$}", width = bar - 3),
            false => String::new(),
        };
        let head = format!("{:name$}  kind        state      items      ms{scale}", "source");
        writeln!(out, "{}", self.paint(DIM, &head))?;
        for row in &summary.rows {
            let ms = row.to.saturating_sub(row.from).as_millis();
            let state = self.paint(colour(row.state), &format!("{:9}", row.state));
            let shown = cut(&row.name, name);
            write!(out, "{shown:name$}  {:10}  {state}  {:>5}  {ms:>6}", row.kind, row.items)?;
            if bar >= MIN_BAR {
                let (before, length) = span(row, summary.wall, bar);
                let line = self.paint(colour(row.state), &"━".repeat(length));
                write!(out, "  {:before$}{line}", "")?;
            }
            writeln!(out)?;
        }
        for row in &summary.rows {
            if let Some(error) = &row.error {
                let line = printable(&format!("{}: {error}", row.name), 400);
                let line = cut(&line, self.width.saturating_sub(1));
                writeln!(out, "{}", self.paint(RED, &line))?;
            }
        }
        Ok(())
    }

    /// What the waiting at the same time was worth.
    fn verdict(&self, summary: &DemoSummary, out: &mut dyn Write) -> io::Result<()> {
        let (wall, sum) = (summary.wall.as_secs_f64(), summary.sum.as_secs_f64());
        let times = if wall > 0.0 { sum / wall } else { 1.0 };
        let line = format!(
            "{wall:.1} s instead of {sum:.1} s: {times:.1} times faster than one after the other"
        );
        writeln!(out, "\n{}", self.paint(BOLD, &line))?;
        let (requests, at_once) = (summary.requests, summary.at_once);
        let (stories, sources) = (summary.stories, summary.rows.len());
        let well = summary.rows.iter().filter(|row| row.error.is_none()).count();
        writeln!(
            out,
            "{requests} requests, up to {at_once} at once; {stories} stories from {well} of \
             {sources} sources, each story once"
        )
    }

    fn headlines(
        &self,
        summary: &DemoSummary,
        now: Timestamp,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        writeln!(out, "\n{}", self.paint(DIM, "newest"))?;
        for headline in &summary.headlines {
            let age = headline.at.map(|at| age(now, at)).unwrap_or_default();
            let mut from = headline.source.clone();
            if !headline.also.is_empty() {
                from = format!("{from}, also {}", headline.also.join(", "));
            }
            let from = printable(&from, MAX_NAME * 3);
            let room = self.width.saturating_sub(9 + from.chars().count() + 3).max(20);
            let title = cut(&printable(&headline.title, 400), room);
            let from = self.paint(DIM, &format!("({from})"));
            writeln!(out, "{age:>7}  {title} {from}")?;
        }
        Ok(())
    }

    fn files(&self, summary: &DemoSummary, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", self.paint(DIM, "written"))?;
        for file in &summary.files {
            writeln!(out, "  {}", printable(&file.display().to_string(), 1_000))?;
        }
        writeln!(out, "\nYour own news: newsagg once hn https://lwn.net/headlines/rss")
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.style.colour && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

fn colour(state: &str) -> &'static str {
    match state {
        "fresh" | "unchanged" => GREEN,
        "limited" | "stale" => YELLOW,
        _ => RED,
    }
}

/// Columns before a bar and in it; a source that was asked has at least one.
fn span(row: &Row, wall: Duration, columns: usize) -> (usize, usize) {
    let whole = wall.max(row.to).as_secs_f64().max(f64::MIN_POSITIVE);
    let column = |at: Duration| (at.as_secs_f64() / whole * columns as f64).round() as usize;
    let from = column(row.from).min(columns - 1);
    (from, column(row.to).clamp(from + 1, columns) - from)
}

/// `4 min`, `3 h`, `2 d`.
fn age(now: Timestamp, at: Timestamp) -> String {
    match now.unix().saturating_sub(at.unix()).max(0) / 60 {
        minutes @ ..60 => format!("{minutes} min"),
        minutes @ ..2_880 => format!("{} h", minutes / 60),
        minutes => format!("{} d", minutes / 1_440),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn summary() -> DemoSummary {
        let ms = Duration::from_millis;
        let row = |name: &str, state, from, to, error: Option<&str>| Row {
            name: name.into(),
            kind: "feed",
            state,
            items: 8,
            requests: 1,
            from: ms(from),
            to: ms(to),
            error: error.map(Into::into),
        };
        DemoSummary {
            rows: vec![
                row("harbour", "fresh", 0, 1_000, None),
                row("broken", "failed", 1_000, 2_000, Some("status: 500\x1b[2J")),
            ],
            wall: ms(2_000),
            sum: ms(9_800),
            requests: 23,
            at_once: 14,
            stories: 60,
            headlines: vec![Headline {
                title: "Fog keeps the morning boats in harbour ".repeat(4),
                at: Timestamp::from_unix(1_000_000 - 240),
                source: "harbour".into(),
                also: vec!["newsapi".into()],
            }],
            files: vec!["/tmp/demo/feed.json".into()],
        }
    }

    fn printed(style: Style) -> String {
        let mut out = Vec::new();
        let now = Timestamp::from_unix(1_000_000).unwrap();
        print(&summary(), now, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_demo_says_what_waiting_at_the_same_time_is_worth() {
        let text = printed(Style::default());
        assert!(text.contains("2.0 s instead of 9.8 s: 4.9 times faster than one after the other"));
        assert!(text.contains("  4 min  Fog keeps"));
        assert!(text.contains("(harbour, also newsapi)"));
        assert!(text.contains("/tmp/demo/feed.json"));
    }

    #[test]
    fn colours_are_only_where_they_are_wanted_and_errors_bring_none() {
        assert!(!printed(Style::default()).contains('\x1b'));
        let coloured = printed(Style { colour: true, ..Style::default() });
        assert!(coloured.contains("\x1b[32m") && !coloured.contains("\x1b[2J"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [70, 80, 100, 200] {
            let text = printed(Style { width: Some(width), ..Style::default() });
            let widest = text.lines().filter(|line| !line.contains("newsagg once"));
            let widest =
                widest.filter(|line| !line.contains("requests")).map(|l| l.chars().count());
            assert!(widest.max().unwrap() <= width, "{width}:\n{text}");
        }
    }

    #[test]
    fn bars_lie_where_their_source_was_asked() {
        let text = printed(Style { width: Some(100), ..Style::default() });
        let bar = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            (line.chars().position(|c| c == '━').unwrap(), line.matches('━').count())
        };
        let ((a, width), (b, _)) = (bar("harbour"), bar("broken"));
        assert_eq!(b, a + width);
        assert_eq!(width, MAX_BAR / 2);
    }
}
