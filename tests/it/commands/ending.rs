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
fn a_signal_ends_the_round_with_its_code_and_leaves_whole_files() {
    let home = Home::new("signals");
    let (server, asked) = silent();
    let site = site();
    let head = "[fetch]\ntimeout = \"10m\"\ndeadline = \"10m\"\n[[output]]\npath = \"f.json\"";
    let feeds = [("s", server.url("/").into(), ""), ("a", site.url("/a").into(), "")];
    home.put("x.toml", &config(head, &feeds));
    home.put("f.json", "what was there");
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut command = home.program(&["once", "-c", "x.toml"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        asked.recv_timeout(PATIENCE).unwrap();
        send(signal, &child);
        let said = said(child.wait_with_output().unwrap()).ended(code);
        assert_eq!(said.out, "", "{signal}");
        assert_eq!(home.text("f.json"), "what was there");
        assert_eq!(home.names(), ["f.json", "x.toml"]);
    }
    let mut command = home.program(&["check", "--online", "-c", "x.toml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    asked.recv_timeout(PATIENCE).unwrap();
    send("INT", &child);
    said(child.wait_with_output().unwrap()).ended(130);
}
