//! A house in bad repair: outputs that take nothing, few descriptors, little memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::server::*;

const FEED: &str = "<rss version='2.0'><channel><title>T</title><item><title>A story</title>\
                    <guid>1</guid></item></channel></rss>";

fn home(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("house").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Runs a line of sh in which `$N` is the program: exit code, stdout, stderr.
fn sh(home: &Path, line: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("HOME", home).env("N", crate::support::program());
    command.current_dir(home).args(["-c", line]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), out, err)
}

#[test]
fn stdout_that_is_full_is_a_failure_and_one_sentence() {
    let home = home("full");
    std::fs::write(home.join("f.xml"), FEED).unwrap();
    for command in ["parse f.xml", "once ./f.xml", "once -f jsonfeed -o - ./f.xml"] {
        let (code, _, err) = sh(&home, &format!("exec $N {command} >/dev/full"));
        assert_eq!(code, Some(1), "{command}: {err}");
        assert!(err.contains("no space left") && !err.contains("panicked"), "{command}: {err}");
    }
}

#[test]
fn stdout_or_stderr_that_is_closed_or_full_is_no_panic() {
    let home = home("closed");
    std::fs::write(home.join("f.xml"), FEED).unwrap();
    for command in ["parse f.xml none.xml", "once -v ./f.xml ./none.xml", "check", "--help", "onec"]
    {
        for redirection in ["2>/dev/full", "2>&-", ">&-", ">&- 2>&-", ">/dev/full 2>/dev/full"] {
            let (code, out, err) = sh(&home, &format!("exec $N {command} {redirection}"));
            assert!(matches!(code, Some(0..=2)), "{command} {redirection}: {code:?} {err}");
            assert!(!err.contains("panicked"), "{command} {redirection}: {err}");
            if redirection.starts_with('2') && command.starts_with("once") {
                assert_eq!(code, Some(0), "{command} {redirection}");
                assert!(out.contains("A story"), "{command} {redirection}: {out}");
            }
        }
    }
}

/// A place on a server that listens everywhere, on a host of its own.
fn apart(server: &Server, n: usize, path: &str) -> String {
    format!("http://127.0.1.{}:{}{path}?{n}", n + 1, server.url("/").port().unwrap())
}

#[test]
fn a_few_descriptors_are_enough_for_fifty_sources() {
    let server = Server::at("0.0.0.0", |mut connection| {
        while connection.request().is_some() {
            connection.send(&ok(FEED));
        }
    });
    let urls: Vec<_> = (0..50).map(|n| apart(&server, n, "/")).collect();
    for count in [16, 20, 24, 32] {
        let home = home(&format!("descriptors-{count}"));
        let line = format!("ulimit -n {count}; exec $N once --strict -f jsonl {}", urls.join(" "));
        let (code, _, err) = sh(&home, &line);
        assert_eq!(code, Some(0), "{count}: {err}");
    }
}

#[test]
fn too_few_descriptors_are_an_error_before_the_first_request() {
    let home = home("too-few-descriptors");
    let server = Server::start(|mut connection| {
        while connection.request().is_some() {
            connection.send(&ok(FEED));
        }
    });
    let config = format!("[[source]]\nname = \"a\"\nurl = \"{}\"\n", server.url("/"));
    std::fs::write(home.join("x.toml"), config).unwrap();
    for count in (4..=12).chain([24]) {
        for command in [
            "once -c x.toml -o x.json",
            "run -c x.toml",
            "demo",
            "check --online -c x.toml",
            "bench",
        ] {
            let enough = count == 24;
            if enough && !command.starts_with("once") {
                continue;
            }
            let (code, _, err) = sh(&home, &format!("ulimit -n {count}; exec $N {command}"));
            assert_eq!(code, Some(i32::from(!enough)), "{command}, {count}: {err}");
            let sentence = "newsagg: a round needs 10 open files beside those that the program was started with: too many open files";
            assert_eq!(err.starts_with(sentence), !enough, "{command}, {count}: {err}");
        }
        let (code, out, err) = sh(&home, &format!("ulimit -n {count}; exec $N --help"));
        assert!(code == Some(0) && out.contains("once"), "{count}: {err}");
    }
}

#[test]
fn a_descriptor_that_nobody_gives_back_is_no_fault_of_the_source() {
    let home = home("no-descriptor");
    // Nobody answers, and every connection is kept to the end.
    let server = Server::at("0.0.0.0", |mut connection| {
        connection.hang();
    });
    let urls: Vec<_> = (0..30).map(|n| apart(&server, n, "/silent")).collect();
    let line = format!(
        "ulimit -n 16; exec $N once -v --timeout 1s --deadline 2s -f jsonl {} 2>err.txt",
        urls.join(" ")
    );
    sh(&home, &line);
    let err = std::fs::read_to_string(home.join("err.txt")).unwrap();
    assert!(err.contains("waiting for a file descriptor"), "{err}");
    assert!(!err.contains("too many open files") && !err.contains("panicked"), "{err}");
}

#[test]
fn endless_and_bursting_answers_fit_into_little_memory() {
    let home = home("memory");
    let bomb = {
        use std::io::Write;
        let compression = flate2::Compression::best();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), compression);
        (0..64).for_each(|_| encoder.write_all(&[b' '; 1 << 20]).unwrap());
        encoder.finish().unwrap()
    };
    let server = Server::start(move |mut connection| {
        let Some(request) = connection.request() else { return };
        let start: &[u8] = match request.as_bytes()[5] {
            b'0' => b"",
            b'1' => b"HTTP/1.1 200 OK\r\n\r\n<rss><channel><title>",
            b'2' => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            b'3' => b"HTTP/1.1 200 OK\r\nX: ",
            b'4' => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
        };
        connection.send(start);
        match request.as_bytes()[5] {
            b'5' => drop(connection.send(&bomb)),
            _ => connection.send_forever(b"<a b=\"c\">"),
        }
    });
    let urls: Vec<_> = (0..6).map(|n| server.url(&format!("/{n}")).to_string()).collect();
    // Address space: code, stacks and allocators' reserves included. One body may be 8 MiB, and
    // there are six.
    let line = format!("ulimit -v 400000; exec $N once -f jsonl {}", urls.join(" "));
    let (code, _, err) = sh(&home, &line);
    assert_eq!(code, Some(1), "{err}");
    // Sources that may be fetched again at the same minute share a line.
    let lines = err.lines().filter(|line| line.contains("too large"));
    let named: usize = lines.map(|line| line.matches("127.0.0.1/").count()).sum();
    assert_eq!(named, 3, "{err}");
}

/// What a process took at most, in KiB, as the kernel counts until it ends.
fn peak(mut child: std::process::Child) -> (usize, String) {
    use std::io::Read;
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(word) = line.and_then(|line| line.split_whitespace().next()) else { break };
            peak = peak.max(word.parse().unwrap());
            std::thread::yield_now();
        }
        peak
    });
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    child.wait().unwrap();
    (watch.join().unwrap(), err)
}

/// Documents of nearly `size` bytes that are bad for memory, each in its own way.
fn giants(size: usize) -> Vec<Vec<u8>> {
    let text = "t".repeat(900);
    let xml = |label: &str, item: &str| {
        let head = format!("<?xml version='1.0'{label}?><rss version='2.0'><channel>");
        let (end, count) = ("</channel></rss>", (size - 200) / item.len());
        format!("{head}{}{end}", item.repeat(count))
    };
    let small = xml("", "<item><title>x</title><guid>a</guid></item>");
    let large = xml("", &format!("<item><title>{text}</title></item>"));
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let half = &large[..size / 2 - 2];
    let quotes = xml(" encoding='windows-1252'", &format!("<item><title>{text}</title></item>"));
    let quotes = quotes.into_bytes().into_iter().map(|b| if b == b't' { 0x93 } else { b });
    let json = format!("{{\"id\":\"1\",\"content_text\":\"{}\"}},", "d".repeat(7_000));
    let json = json.repeat((size - 200) / json.len());
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[{}]}}",
        json.trim_end_matches(',')
    );
    vec![
        small.into_bytes(),
        large.clone().into_bytes(),
        utf_16(&format!("\u{feff}{half}")),
        quotes.collect(),
        json.into_bytes(),
    ]
}

/// What the peak of a single one is, and that of fifty of them at once.
#[test]
fn fifty_giants_at_once_take_little_more_memory_than_one() {
    let home = home("giants");
    let giants = giants(8 << 20);
    let server = Server::at("0.0.0.0", move |mut connection| {
        let Some(request) = connection.request() else { return };
        let number: usize = request[5..].split(['?', ' ']).next().unwrap().parse().unwrap();
        let giant = &giants[number % giants.len()];
        let gzip = number % 10 >= 5;
        let coding = if gzip { "Content-Encoding: gzip\r\n" } else { "" };
        connection.send(format!("HTTP/1.1 200 OK\r\n{coding}\r\n").as_bytes());
        match gzip {
            true => {
                use std::io::Write;
                let level = flate2::Compression::fast();
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(giant).unwrap();
                connection.send(&encoder.finish().unwrap());
            }
            false => drop(connection.send(giant)),
        }
    });
    let run = |numbers: std::ops::Range<usize>| {
        let urls = numbers.map(|n| apart(&server, n, &format!("/{n}")));
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &home).current_dir(&home);
        command.args(["once", "-q", "-f", "jsonl", "--timeout", "100s", "--deadline", "200s"]);
        command.args(urls).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        peak(command.spawn().unwrap())
    };
    let one = (0..5).map(|n| run(n..n + 1).0).max().unwrap();
    let (fifty, err) = run(0..50);
    println!("one {one} KiB, fifty {fifty} KiB: {err}");
    // Thirty-two workers with eight megabytes each would be 256 MiB and what is made of them.
    assert!(fifty < one + (56 << 10), "one: {one} KiB, fifty: {fifty} KiB; {err}");
}

#[test]
fn a_document_cut_with_its_connection_is_a_failure_and_one_that_its_publisher_cut_is_read() {
    let home = home("cut");
    let cut = FEED.trim_end_matches("</channel></rss>");
    for (feed, head, code) in [
        (FEED, "", 0),
        (cut, "", 1),
        (cut, "Content-Length: {}\r\n", 0),
        (&FEED[..FEED.len() - 3], "", 1),
        ("{\"version\": \"https://jsonfeed.org/version/1\", \"items\": [{\"id\": \"1\"}]", "", 1),
    ] {
        let head = head.replace("{}", &feed.len().to_string());
        let server = Server::says(format!("HTTP/1.1 200 OK\r\n{head}\r\n{feed}"));
        let line = format!("exec $N once --deadline 5s -f jsonl {}", server.url("/"));
        let (found, out, err) = sh(&home, &line);
        assert_eq!(found, Some(code), "{head}{feed}: {err}");
        assert_eq!(out.contains("A story"), code == 0, "{head}{feed}: {out}");
        let _ = std::fs::remove_dir_all(home.join(".local"));
    }
}
