//! The state directory in bad repair: what a person reads, who is asked, and what is lost: nothing.

use super::*;

mod damage;
mod others;
mod places;

/// What is told of the source whose quota cannot be written down.
const UNSPENT: &str = "paid: quota: not asked: what is spent cannot be saved";
/// What is told of the source whose quota counts as used up.
const USED_UP: &str = "paid: quota: its limits allow nothing more for now";
const SPARED: &str = "nothing of this round is remembered, and no quota is spent";
const REMEDY: &str = "(`dir` in [state] names another place)";
/// What both sources have.
const STORIES: usize = 4;

/// A home whose config asks two sources: `free`, and `paid`, which has a quota.
struct House {
    home: Home,
    site: Server,
}

impl House {
    fn new(name: &str) -> House {
        let (home, site) = (Home::new(name), site());
        let free = ("free", site.url("/a").to_string(), "");
        let paid = ("paid", site.url("/b").to_string(), "quota = [\"9/24h\"]");
        home.put("x.toml", &config("", &[free, paid]));
        House { home, site }
    }

    /// Where the state lies.
    fn state(&self, name: &str) -> PathBuf {
        self.home.0.join("state/newsagg").join(name)
    }

    /// How often each source was asked.
    fn asked(&self) -> [usize; 2] {
        let heads = self.site.requests();
        ["GET /a ", "GET /b "].map(|start| heads.iter().filter(|h| h.starts_with(start)).count())
    }

    /// A round that asks whom it may.
    fn once(&self, more: &[&str]) -> Said {
        self.home.run(&[&["once", "-c", "x.toml", "--force"], more].concat())
    }

    /// Runs a line of sh in which `$N` is the program, `$S` where the state directory is, and `once`
    /// a round that asks whom it may.
    fn sh(&self, line: &str) -> Said {
        said(self.shell(&["sh"], line).output().unwrap())
    }

    fn shell(&self, words: &[&str], line: &str) -> Command {
        let mut command = Command::new(words[0]);
        let line = format!("once() {{ \"$N\" once -c x.toml --force \"$@\"; }}\n{line}");
        command.args(&words[1..]).args(["-c", &line]).current_dir(self.home.path(""));
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("HOME", &self.home.0).env("PATH", path).stdin(Stdio::null());
        command.env("N", crate::support::program()).env("S", self.home.0.join("state"));
        command.env("XDG_STATE_HOME", self.home.0.join("state"));
        command
    }

    /// The same where file systems can be mounted that nobody else sees; `None`, with a word, where
    /// that is not allowed.
    fn apart(&self, line: &str) -> Option<Said> {
        let user = if is_root() { "-m" } else { "-rm" };
        let apart = ["unshare", user, "sh"];
        let trial = self.shell(&apart, "mount -t tmpfs none \"$HOME/work\"").output();
        if !trial.is_ok_and(|output| output.status.success()) {
            skipped("nothing can be mounted here");
            return None;
        }
        Some(said(self.shell(&apart, line).output().unwrap()))
    }

    /// What was told, without the closing lines and without times, `~` for the home.
    fn told(&self, said: &Said) -> Vec<String> {
        let home = self.home.0.to_str().unwrap();
        let lines = said.err.lines().filter(|line| !line.contains(" stories from "));
        let plain = |line: &str| {
            let line = line.trim_start_matches("newsagg: ").replace(home, "~");
            line.split(", not before ").next().unwrap().to_owned()
        };
        lines.map(plain).collect()
    }

    /// A round in which all is well again: nothing is said, nothing was lost, everybody is asked.
    #[track_caller]
    fn is_well(&self) {
        let before = self.asked();
        let said = self.once(&[]).ended(0);
        assert_eq!(self.told(&said), [] as [&str; 0]);
        assert_eq!(said.out.lines().count(), STORIES, "{}", said.out);
        assert_eq!(self.asked(), before.map(|count| count + 1));
        assert!(said.err.contains(&format!("{STORIES} stories from 2 of 2 sources")));
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
