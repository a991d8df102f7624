//! One run of a row: in a process of its own, so that what it costs is newsagg's alone.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;

use async_signal::Signals;
use futures_lite::FutureExt;
use rustix::time::{ClockId, clock_gettime};

use super::figures::Run;
use super::row::{Client, Row};
use super::{Stop, threads};
use crate::clock::Clock;
use crate::command::perform::{self, Ended, Manner};
use crate::command::progress::{BEAT, Line};
use crate::command::{FAILED, say};
use crate::store;
use crate::transport::Transport;
use crate::update::{Wishes, Witness};

/// No file of the kernel's that is read here is longer.
const MAX_FILE: u64 = 64 << 10;

/// So many descriptors a process needs beside its connections.
const OTHER_DESCRIPTORS: u64 = 32;

/// What a child does: the round, and one line about it.
pub fn run(row: &Row, port: u16) -> ExitCode {
    let config = row.config(&format!("http://127.0.0.1:{port}"));
    let clock = Clock::system();
    let mut run = match row.client {
        Client::Threads => threads::ask(&config, &clock),
        Client::Update => {
            let wishes = Wishes { forgetful: true, fail_fast: row.fail_fast, ..Wishes::default() };
            let manner = Manner { wishes, ..Manner::default() };
            // The web is ours: no proxy of the environment has any part in it.
            let mut setting = |clock| (Transport::direct(clock), Witness::Nobody);
            match perform::run_in(&config, &manner, &mut setting) {
                Ok(Ended { updated, signal: None }) => super::run_of(updated),
                Ok(Ended { signal: Some(code), .. }) | Err(code) => return ExitCode::from(code),
            }
        }
    };
    run.wall = clock.now();
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    run.cpu = std::time::Duration::new(cpu.tv_sec as u64, cpu.tv_nsec as u32);
    run.memory = number("/proc/self/status", "VmHWM:").unwrap_or(0) * 1024;
    say::out(&run.line())
}

/// The first number behind a word at the beginning of a line of such a file.
fn number(path: &str, word: &str) -> Option<u64> {
    let bytes = store::read(Path::new(path), MAX_FILE).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(word))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Whether a process may have as many connections as a row needs.
///
/// # Errors
/// One sentence for people.
pub fn room(row: &Row) -> Result<(), Stop> {
    let need = row.width() as u64 + OTHER_DESCRIPTORS;
    match number("/proc/self/limits", "Max open files") {
        Some(limit) if limit < need => Err(Stop::Failed(format!(
            "`{}` needs {need} open files and {limit} are allowed: see `ulimit -n`, or take fewer \
             `--sources`",
            row.name
        ))),
        _ => Ok(()),
    }
}

/// Who waits for the children.
pub struct Watch<'a> {
    /// What this process was told, and they are.
    pub words: &'a [String],
    /// Ends them, when the user has enough.
    pub signals: Option<Signals>,
    /// Where it is said what is measured.
    pub line: Option<Arc<Line>>,
    /// That.
    pub place: String,
}

impl Watch<'_> {
    /// Starts the same program anew and hears what it has to tell.
    ///
    /// # Errors
    /// That the user has enough, or what went wrong.
    pub fn run(&mut self, told: &str) -> Result<Run, Stop> {
        let failed = |error: std::io::Error| {
            Stop::Failed(format!("starting a process to measure: {}", store::plainly(&error)))
        };
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["bench", "--child", told]).args(self.words);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let line = self.listen(&mut child);
        if line.is_err() {
            // It may be gone already.
            child.kill().ok();
        }
        let status = child.wait().map_err(failed)?;
        let line = line?;
        match (Run::read(&line), status.code(), status.signal()) {
            (Some(run), Some(0), _) => Ok(run),
            // The terminal tells all of us.
            (_, Some(code @ (130 | 143)), _) => Err(Stop::Code(code as u8)),
            (_, _, Some(signal @ (2 | 15))) => Err(Stop::Code(128 + signal as u8)),
            _ => Err(Stop::Failed(format!("the process that was measured ended with {status}"))),
        }
    }

    fn listen(&mut self, child: &mut Child) -> Result<String, Stop> {
        let Some(mut stdout) = child.stdout.take() else { return Err(Stop::Code(FAILED)) };
        let said = smol::unblock(move || {
            let mut line = String::new();
            stdout.read_to_string(&mut line).map(|_| line).unwrap_or_default()
        });
        let (signals, line, place) = (&mut self.signals, self.line.as_deref(), &self.place);
        let stopped = async {
            match signals {
                Some(signals) => Err(Stop::Code(perform::told(signals).await)),
                None => std::future::pending().await,
            }
        };
        let shown = async {
            let clock = Clock::system();
            while let Some(line) = line {
                clock.sleep_until(clock.now() + BEAT).await;
                line.show(&format!("measuring {place} …"));
            }
            std::future::pending().await
        };
        let heard = smol::block_on(stopped.or(async { Ok(said.await) }).or(shown));
        if let Some(line) = line {
            line.erase();
        }
        heard
    }
}
