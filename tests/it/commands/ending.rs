//! Signals.

use std::process::Child;
use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::support::server::PATIENCE;

/// A server that says when it was asked, and never answers.
fn silent() -> (Server, Receiver<()>) {
    let (asked, heard) = channel();
    let server = Server::start(move |mut connection| {
        connection.request();
        asked.send(()).ok();
        connection.hang();
    });
    (server, heard)
}

pub fn send(signal: &str, child: &Child) {
    // The shell has its own: a machine need not have another.
    let script = format!("kill -s {signal} {}", child.id());
    let sent = Command::new("/bin/sh").args(["-c", &script]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_signal_ends_the_round_with_its_code_and_what_had_arrived_is_written() {
    let home = Home::new("signals");
    let (server, asked) = silent();
    let site = site();
    let head = "[fetch]\ntimeout = \"10m\"\ndeadline = \"10m\"\nworkers = 1\n[[output]]\npath = \"f.json\"";
    let feeds = [("a", site.url("/a").into(), ""), ("s", server.url("/").into(), "")];
    home.put("x.toml", &config(head, &feeds));
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        home.put("f.json", "what was there");
        let words: [&[&str]; 2] = [&[], &["-f", "jsonl", "--force"]];
        for words in words {
            let mut command = home.program(&[&["once", "-c", "x.toml"], words].concat());
            let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            asked.recv_timeout(PATIENCE).unwrap();
            send(signal, &child);
            let said = said(child.wait_with_output().unwrap()).ended(code);
            assert_eq!(said.out.lines().count(), if words.is_empty() { 0 } else { 3 }, "{signal}");
            said.says(&format!("newsagg: stopped by SIG{signal}; what had arrived is written\n"));
        }
        assert_eq!(titles(&home.json("f.json")).len(), 3);
        assert_eq!(home.names(), ["f.json", "x.toml"]);
        std::fs::remove_dir_all(home.0.join("state")).unwrap();
    }
    let mut command = home.program(&["check", "--online", "-c", "x.toml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    asked.recv_timeout(PATIENCE).unwrap();
    send("INT", &child);
    said(child.wait_with_output().unwrap()).ended(130);
}

#[test]
fn a_file_whose_sources_had_not_answered_when_a_signal_came_stays_as_it_was() {
    let home = Home::new("signals-early");
    let (server, asked) = silent();
    let head = "[fetch]\ntimeout = \"10m\"\ndeadline = \"10m\"\n[[output]]\npath = \"f.json\"";
    home.put("x.toml", &config(head, &[("s", server.url("/").into(), "")]));
    home.put("f.json", "what was there");
    let mut command = home.program(&["once", "-c", "x.toml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    asked.recv_timeout(PATIENCE).unwrap();
    send("TERM", &child);
    said(child.wait_with_output().unwrap()).ended(143);
    assert_eq!(home.text("f.json"), "what was there");
}
