//! The line that says how far a round is, on a terminal of our own.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

/// Both ends of a pseudo-terminal.
fn terminal() -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (ours.into(), theirs)
}

/// A server of which one source waits until it is told to answer.
struct Waiting {
    server: Server,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Waiting {
    fn new() -> Waiting {
        let open = Arc::<(Mutex<bool>, Condvar)>::default();
        let gate = open.clone();
        let server = Server::web(move |path| {
            if path == "/slow" {
                let open = gate.0.lock().unwrap();
                drop(gate.1.wait_while(open, |open| !*open).unwrap());
            }
            ok(&feed([path.trim_start_matches('/')]))
        });
        Waiting { server, open }
    }

    fn release(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

/// The program on a terminal: stdin is nobody, stdout and stderr are the screen.
struct Screen {
    terminal: File,
    bytes: Vec<u8>,
    child: Child,
}

impl Screen {
    fn start(home: &Path, words: &[&str]) -> Screen {
        let (ours, theirs) = terminal();
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", home).env("TERM", "xterm").current_dir(home).args(words);
        let both = theirs.try_clone().unwrap();
        command.stdin(Stdio::null()).stdout(theirs).stderr(both);
        let child = command.spawn().unwrap();
        Screen { terminal: ours, bytes: Vec::new(), child }
    }

    /// Reads until this is said, or to the end; false if it is not said.
    fn until(&mut self, part: &str) -> bool {
        let mut piece = [0; 4096];
        while !self.text().contains(part) {
            // When nobody holds the other end there is no more (EIO).
            let Ok(count @ 1..) = self.terminal.read(&mut piece) else { return false };
            self.bytes.extend_from_slice(&piece[..count]);
        }
        true
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The exit code, and what stands on the screen at the end.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        assert!(!self.until("\0"));
        (self.child.wait().unwrap().code(), lines(&self.text()))
    }
}

/// What a terminal shows of it.
fn lines(text: &str) -> Vec<String> {
    let (mut lines, mut line, mut column) = (Vec::new(), Vec::new(), 0);
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some(more) = rest.strip_prefix("\u{1b}[K") {
            line.truncate(column);
            rest = more;
            continue;
        }
        rest = &rest[letter.len_utf8()..];
        match letter {
            '\r' => column = 0,
            '\n' => {
                lines.push(line.drain(..).collect());
                column = 0;
            }
            letter => {
                line.truncate(column.max(line.len()));
                match line.get_mut(column) {
                    Some(place) => *place = letter,
                    None => line.push(letter),
                }
                column += 1;
            }
        }
    }
    lines.extend((!line.is_empty()).then(|| line.into_iter().collect()));
    lines
}

fn home(name: &str, waiting: &Waiting) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("progress").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let source = |name: &str| {
        let url = waiting.server.url(&format!("/{name}"));
        format!("[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"{url}\"\n")
    };
    std::fs::write(dir.join("x.toml"), ["quick", "slow"].map(source).concat()).unwrap();
    dir
}

#[test]
fn a_terminal_is_told_whom_a_long_round_waits_for_and_nothing_of_that_stays() {
    let waiting = Waiting::new();
    let home = home("once", &waiting);
    let mut screen = Screen::start(&home, &["once", "-c", "x.toml", "-f", "tsv"]);
    assert!(screen.until(" s, waiting for slow"), "{:?}", screen.text());
    assert!(screen.text().starts_with("\r\u{1b}[K1 of 2 sources, "), "{:?}", screen.text());
    waiting.release();
    let (code, lines) = screen.end();
    assert_eq!(code, Some(0));
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[..2].iter().all(|line| line.contains("https://news.test/")), "{lines:?}");
    assert!(lines[2].starts_with("newsagg: 2 stories from 2 of 2 sources"), "{lines:?}");
}

#[test]
fn a_look_at_the_sources_shows_it_too() {
    let waiting = Waiting::new();
    let home = home("check", &waiting);
    let mut screen = Screen::start(&home, &["check", "-c", "x.toml", "--online"]);
    assert!(screen.until("waiting for slow"), "{:?}", screen.text());
    waiting.release();
    let (code, lines) = screen.end();
    assert_eq!(code, Some(0));
    assert!(lines[0].starts_with("source ") && lines.len() == 3, "{lines:?}");
}

#[test]
fn a_round_that_is_stopped_leaves_the_line_empty_and_shows_what_had_arrived() {
    let waiting = Waiting::new();
    let home = home("stopped", &waiting);
    let mut screen = Screen::start(&home, &["once", "-c", "x.toml"]);
    assert!(screen.until("waiting for slow"), "{:?}", screen.text());
    let process = rustix::process::Pid::from_child(&screen.child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let (code, lines) = screen.end();
    assert_eq!(code, Some(130), "{lines:?}");
    assert!(lines[0].contains("quick") && lines[1].contains("quick"), "{lines:?}");
    assert_eq!(lines[3], "newsagg: stopped by SIGINT; what had arrived is written", "{lines:?}");
}

#[test]
fn a_pipe_is_told_nothing_of_it() {
    let waiting = Waiting::new();
    let home = home("pipe", &waiting);
    let (mut screen, theirs) = terminal();
    let mut command = Command::new(crate::support::program());
    command.env_clear().env("HOME", &home).env("TERM", "xterm").current_dir(&home);
    // Beside it somebody with a terminal runs, so that the time has come.
    command.args(["once", "-c", "x.toml", "-f", "tsv"]).stdin(Stdio::null());
    let child = command.stdout(theirs).stderr(Stdio::piped()).spawn().unwrap();
    let other = self::home("pipe-beside", &waiting);
    let mut beside = Screen::start(&other, &["once", "-c", "x.toml"]);
    assert!(beside.until("waiting for slow"), "{:?}", beside.text());
    waiting.release();
    assert_eq!(beside.end().0, Some(0));
    let said = said(child.wait_with_output().unwrap()).ended(0);
    assert!(said.err.starts_with("newsagg: 2 stories"), "{}", said.err);
    let mut piece = [0; 4096];
    let count = screen.read(&mut piece).unwrap();
    assert!(!piece[..count].contains(&0x1b), "{:?}", String::from_utf8_lossy(&piece[..count]));
}
