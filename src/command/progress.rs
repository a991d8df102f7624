//! One line on a terminal that says how far long work is, and leaves no trace.
//!
//! It looks at the work from outside: nothing waits for it, and where nobody sees it, it is not there.

use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::item::MAX_TITLE;
use crate::round::{Board, Glance};
use crate::text::{printable, width};

/// What ends sooner needs no line.
pub const FIRST: Duration = Duration::from_millis(500);
/// It changes no more often.
pub const BEAT: Duration = Duration::from_millis(100);
/// No more names are looked up: wider terminals are rare.
const MOST_NAMES: usize = 16;

/// To the beginning of the line, and nothing behind (ECMA-48 §8.3.41).
const ERASE: &str = "\r\u{1b}[K";

/// The line, as long as it may stand there.
#[derive(Debug)]
pub struct Line {
    clock: Clock,
    shown: Mutex<Shown>,
}

/// What stands there, and since when. Pure: what is to be written is what it returns.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    at: Option<Duration>,
}

impl Line {
    /// On stderr, if that is a terminal that can be told to erase, and nobody asked for less or for
    /// more than one line.
    pub fn open(quiet: bool, verbose: u8) -> Option<Arc<Line>> {
        let able = can_erase(std::env::var("TERM").ok().as_deref());
        let fits = !quiet && verbose == 0 && able && io::stderr().is_terminal();
        let line = || Line { clock: Clock::system(), shown: Mutex::default() };
        fits.then(|| Arc::new(line()))
    }

    /// Shows how far the work is, if it is time to. What is shown has no control characters.
    pub fn show(&self, text: &str) {
        let text = width::cut(&printable(text, MAX_TITLE), columns());
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        write(&shown.change(self.clock.now(), text));
    }

    /// Takes it away. Called before anything else is written to the terminal.
    pub fn erase(&self) {
        write(self.shown.lock().unwrap_or_else(PoisonError::into_inner).erase());
    }

    /// Shows what stands on the board, for ever; dropped, it takes the line away.
    pub async fn follow(self: Arc<Line>, board: Arc<Board>) -> Infallible {
        let end = Erased(self);
        let Line { clock, .. } = &*end.0;
        let began = clock.now();
        let mut next = began.saturating_add(FIRST);
        loop {
            clock.sleep_until(next).await;
            let now = clock.now();
            next = now.saturating_add(BEAT);
            end.0.show(&words(&board.look(MOST_NAMES), now.saturating_sub(began)));
        }
    }
}

impl Shown {
    fn change(&mut self, now: Duration, text: String) -> String {
        let early = now < self.at.map_or(FIRST, |at| at.saturating_add(BEAT));
        if early || text == self.text {
            return String::new();
        }
        self.at = Some(now);
        self.text = text;
        format!("{ERASE}{}", self.text)
    }

    fn erase(&mut self) -> &'static str {
        match std::mem::take(&mut self.text).is_empty() {
            true => "",
            false => ERASE,
        }
    }
}

/// Whether a terminal of this name does.
fn can_erase(term: Option<&str>) -> bool {
    term.is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Takes the line away when it is dropped.
struct Erased(Arc<Line>);

impl Drop for Erased {
    fn drop(&mut self) {
        self.0.erase();
    }
}

/// `12 of 20 sources, 3.2 s, waiting for hn, reddit …`
fn words(glance: &Glance, elapsed: Duration) -> String {
    let Glance { done, all, waiting } = glance;
    let mut line = format!("{done} of {all} sources, {:.1} s", elapsed.as_secs_f64());
    for (n, name) in waiting.iter().enumerate() {
        line += if n == 0 { ", waiting for " } else { ", " };
        line += name;
    }
    if all - done > waiting.len() {
        line += " …";
    }
    line
}

/// What a line may have: in the last column some terminals go on to the next line.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok();
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 79 } else { columns - 1 }
}

fn write(text: &str) {
    if !text.is_empty() {
        super::say::err(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn the_line_says_how_many_are_done_and_whom_it_waits_for() {
        let glance = |done, all, names: &[&str]| Glance {
            done,
            all,
            waiting: names.iter().map(|name| name.to_string()).collect(),
        };
        for (glance, line) in [
            (
                glance(12, 20, &["hn", "reddit"]),
                "12 of 20 sources, 3.2 s, waiting for hn, reddit …",
            ),
            (glance(19, 20, &["hn"]), "19 of 20 sources, 3.2 s, waiting for hn"),
            (glance(20, 20, &[]), "20 of 20 sources, 3.2 s"),
        ] {
            assert_eq!(words(&glance, MS(3_210)), line);
        }
    }

    #[test]
    fn a_terminal_that_is_dumb_or_unknown_is_left_alone() {
        let able = [None, Some(""), Some("dumb"), Some("xterm-256color")].map(can_erase);
        assert_eq!(able, [false, false, false, true]);
        assert!(Line::open(true, 0).is_none() && Line::open(false, 1).is_none());
    }

    #[test]
    fn it_comes_after_half_a_second_and_changes_ten_times_a_second_at_most() {
        let mut shown = Shown::default();
        let mut at = |ms, text: &str| shown.change(MS(ms), text.into());
        assert_eq!(at(0, "a"), "");
        assert_eq!(at(499, "a"), "");
        assert_eq!(at(500, "a"), "\r\u{1b}[Ka");
        assert_eq!(at(900, "a"), "", "nothing changed");
        assert_eq!(at(901, "b"), "\r\u{1b}[Kb");
        assert_eq!(at(1_000, "c"), "", "it is too early");
        assert_eq!(at(1_001, "c"), "\r\u{1b}[Kc");
    }

    #[test]
    fn it_is_erased_once_and_only_if_it_stands_there() {
        let mut shown = Shown::default();
        assert_eq!(shown.erase(), "");
        shown.change(FIRST, "a".into());
        assert_eq!((shown.erase(), shown.erase()), ("\r\u{1b}[K", ""));
        let again = shown.change(FIRST + BEAT, "a".into());
        assert_eq!(again, "\r\u{1b}[Ka", "something else was written meanwhile");
    }
}
