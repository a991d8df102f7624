//! `newsagg run`, the built program, with a service manager of our own.

use std::os::unix::net::UnixDatagram;
use std::process::Child;

use super::ending::send;
use super::*;
use crate::support::server::PATIENCE;

/// Where a service tells how it is (sd_notify(3)).
pub struct Manager(UnixDatagram);

impl Manager {
    pub fn new(home: &Home) -> Manager {
        let socket = UnixDatagram::bind(home.path("notify")).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager(socket)
    }

    /// The next thing it is told.
    pub fn told(&self) -> String {
        let mut buffer = [0; 4_096];
        let length = self.0.recv(&mut buffer).expect("the service says something");
        String::from_utf8(buffer[..length].to_vec()).unwrap().trim_end().to_owned()
    }

    #[track_caller]
    pub fn hears(&self, start: &str) -> String {
        let told = self.told();
        assert!(told.starts_with(start), "{told:?} instead of {start:?}");
        told
    }
}

pub fn start(home: &Home, options: &[&str]) -> Child {
    let words = [&["run", "-c", "x.toml"], options].concat();
    let mut command = home.program(&words);
    command.env("NOTIFY_SOCKET", home.path("notify"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_service_manager_hears_all_that_it_needs_to_know() {
    let home = Home::new("run");
    let (site, manager) = (site(), Manager::new(&home));
    let head = "[[output]]\npath = \"feed.json\"";
    let feeds = |names: &[&'static str]| {
        let feed = |name: &&'static str| (*name, site.url(&format!("/{name}")).to_string(), "");
        config(head, &names.iter().map(feed).collect::<Vec<_>>())
    };
    home.put("x.toml", &feeds(&["a"]));
    let child = start(&home, &[]);
    manager.hears("READY=1");
    assert!(home.path("feed.json").is_file(), "ready means that the outputs are there");
    manager.hears("STATUS=1 source well, 3 stories, 3 new; next round ");

    home.put("x.toml", "[[source]]\nnme = 1\n");
    send("HUP", &child);
    let reloading = manager.hears("RELOADING=1\nMONOTONIC_USEC=");
    let (_, usec) = reloading.rsplit_once('=').unwrap();
    assert!(usec.parse::<u64>().unwrap() > 0);
    manager.hears("READY=1");
    let status = manager.hears("STATUS=1 source well, 3 stories, 3 new; next round ");
    assert!(status.contains("; the old config stays: x.toml:1:1: "), "{status}");

    home.put("x.toml", &feeds(&["a", "b"]));
    send("HUP", &child);
    manager.hears("RELOADING=1");
    manager.hears("READY=1");
    manager.hears("STATUS=2 sources well, 4 stories, 2 new; next round ");

    send("USR1", &child);
    manager.hears("STATUS=2 sources well, 4 stories, 0 new; next round ");

    send("TERM", &child);
    manager.hears("STOPPING=1");
    let said = said(child.wait_with_output().unwrap()).ended(0);
    assert_eq!(said.out, "");
    let lines: Vec<&str> = said.err.lines().collect();
    let [start, bad, good, stop] = lines[..] else { panic!("{lines:?}") };
    assert!(start.ends_with(": 1 source, 1 output; stored: 0 stories"), "{start}");
    let kept = "newsagg: the old config stays: x.toml:1:1: [[source]] 1 has no `url` (and 1 more: ";
    assert!(bad.starts_with(kept), "{bad}");
    assert_eq!(good, "newsagg: the config was read again: 2 sources, 1 output");
    assert_eq!(stop, "newsagg: stopping: SIGTERM");
    assert!(home.text("feed.json").contains("gamma"));
}

#[test]
fn the_journal_gets_priorities_and_a_quiet_service_says_what_is_wrong_only() {
    let home = Home::new("run-journal");
    let (site, manager) = (site(), Manager::new(&home));
    let head = "[[output]]\npath = \"feed.json\"";
    let dead = ("dead", site.url("/nowhere").into(), "");
    home.put("x.toml", &config(head, &[("a", site.url("/a").into(), ""), dead]));
    for (options, expected) in [(&[][..], &["<5>", "<4>", "<5>"][..]), (&["-q"], &[])] {
        let words = [&["run", "-c", "x.toml"], options].concat();
        let mut command = home.program(&words);
        command.env("NOTIFY_SOCKET", home.path("notify")).env("JOURNAL_STREAM", "8:1");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        manager.hears("READY=1");
        manager.hears("STATUS=1 of 2 sources well (not: dead)");
        send("TERM", &child);
        manager.hears("STOPPING=1");
        let said = said(child.wait_with_output().unwrap()).ended(0);
        let priorities: Vec<&str> = said.err.lines().map(|line| &line[..3]).collect();
        assert_eq!(priorities, expected, "{}", said.err);
    }
}

#[test]
fn the_watchdog_is_fed_as_often_as_it_wants() {
    let home = Home::new("run-watchdog");
    let (site, manager) = (site(), Manager::new(&home));
    home.put(
        "x.toml",
        &config("[[output]]\npath = \"f.json\"", &[("a", site.url("/a").into(), "")]),
    );
    let mut command = home.program(&["run", "-c", "x.toml"]);
    command.env("NOTIFY_SOCKET", home.path("notify")).env("WATCHDOG_USEC", "20000");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let told: Vec<String> = (0..12).map(|_| manager.told()).collect();
    assert!(told.iter().filter(|told| *told == "WATCHDOG=1").count() >= 10, "{told:?}");
    send("INT", &child);
    said(child.wait_with_output().unwrap()).ended(0).says("stopping: SIGINT");
}

#[test]
fn told_to_stop_in_a_round_it_keeps_what_came() {
    let home = Home::new("run-stop");
    let manager = Manager::new(&home);
    let (asked, heard) = std::sync::mpsc::channel();
    let silent = Server::start(move |mut connection| {
        connection.request();
        asked.send(()).ok();
        connection.hang();
    });
    let site = site();
    let feeds = [("a", site.url("/a").into(), ""), ("silent", silent.url("/").into(), "")];
    home.put("x.toml", &config("[[output]]\npath = \"f.json\"", &feeds));
    let child = start(&home, &[]);
    manager.hears("READY=1");
    heard.recv_timeout(PATIENCE).unwrap();
    // The answer of the other has come by the time that its connection is closed.
    send("TERM", &child);
    manager.hears("STOPPING=1");
    said(child.wait_with_output().unwrap()).ended(0);
    assert!(home.text("f.json").contains("\"version\""));
    home.run(&["status", "-c", "x.toml"]);
}

#[test]
fn a_state_directory_has_one_service() {
    let home = Home::new("run-twice");
    let (site, manager) = (site(), Manager::new(&home));
    home.put(
        "x.toml",
        &config("[[output]]\npath = \"f.json\"", &[("a", site.url("/a").into(), "")]),
    );
    let child = start(&home, &[]);
    manager.hears("READY=1");
    let by = format!("newsagg run (process {})", child.id());
    home.run(&["run", "-c", "x.toml"]).ended(1).says(&by);
    manager.hears("STATUS=1 source well");
    // Others are not kept out.
    home.run(&["once", "-c", "x.toml"]).ended(0);
    send("TERM", &child);
    said(child.wait_with_output().unwrap()).ended(0);
}

#[test]
fn what_a_service_cannot_do_is_said_at_once() {
    let home = Home::new("run-wrong");
    home.run(&["run"]).ended(2).says("there is no config; looked for");
    home.put("x.toml", &config("", &[("a", "http://localhost/".into(), "")]));
    home.run(&["run", "-c", "x.toml"]).ended(2).says("no [[output]] names one");
    let stdout = "[[output]]\npath = \"-\"\nformat = \"text\"";
    home.put("x.toml", &config(stdout, &[("a", "http://localhost/".into(), "")]));
    home.run(&["run", "-c", "x.toml"]).ended(2).says("no [[output]] names one");
    home.put("x.toml", "[[output]]\npath = \"f.json\"\n");
    home.run(&["run", "-c", "x.toml"]).ended(2).says("there is no [[source]]");
    home.run(&["run", "--every", "5m"]).ended(2).says("unknown option");
    let nowhere = "[[output]]\npath = \"file/f.json\"";
    home.put("file", "");
    home.put("x.toml", &config(nowhere, &[("a", "http://localhost/".into(), "")]));
    home.run(&["run", "-c", "x.toml"]).ended(1).says("file/f.json");
}
