//! The order of the house: a module may use only what stands before it in `src/lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};

/// What only these may name.
const KEEPERS: &[(&str, &[&str])] = &[
    ("surf::", &["http", "transport"]),
    ("http_client::", &["wire"]),
    ("async_trait::", &["wire"]),
    ("hyper::", &["wire"]),
    ("smol_hyper::", &["wire"]),
    ("rustls::", &["wire", "loopback"]),
    ("futures_rustls::", &["wire", "loopback"]),
    ("rustls_native_certs::", &["wire"]),
    ("webpki::", &["wire"]),
    ("webpki_roots::", &["wire"]),
    ("ring::", &["http", "format", "source", "wire", "loopback"]),
    ("quick_xml::", &["xml"]),
    ("memchr::", &["text", "redact", "xml", "merge", "store"]),
    ("crc32fast::", &["limit", "state", "store"]),
    ("encoding_rs::", &["decode"]),
    ("flate2::", &["transport", "loopback"]),
    ("toml::", &["config"]),
    ("regex_lite::", &["config"]),
    ("sd_notify::", &["command"]),
    ("jiff::", &["time"]),
    ("postcard::", &["pack", "state"]),
    ("tempfile::", &["store"]),
    ("unicode_width::", &["text"]),
    ("textwrap::", &["text", "command"]),
    ("base64::", &["redact", "format", "wire", "command"]),
    ("htmlize::", &[]),
    ("strsim::", &["config"]),
    ("percent_encoding::", &["redact", "wire"]),
    ("rustix::", &["clock", "wire", "store", "command"]),
    ("argh::", &["command"]),
    ("env_logger::", &["command"]),
    ("async_signal::", &["command"]),
    ("async_io::", &["clock", "wire"]),
    ("async_channel::", &["pool", "round", "live", "loopback", "command"]),
    ("smol::", &["clock", "pool", "wire", "round", "live", "loopback", "update", "command"]),
    ("async fn", &["clock", "wire", "transport", "round", "live", "loopback", "update", "command"]),
    ("SystemTime", &["clock"]),
    ("Instant::now", &["clock", "wire", "loopback"]),
    ("fs::", &["clock", "store", "config"]),
    ("env::var", &["config", "wire", "command"]),
    ("thread::", &["loopback", "store", "command"]),
    ("TcpStream", &["wire", "loopback", "command"]),
    ("TcpListener", &["loopback"]),
    ("stdout()", &["command", "update"]),
    ("stderr()", &["command"]),
    ("print!", &[]),
    ("println!", &[]),
    ("eprint!", &[]),
    ("eprintln!", &[]),
    ("serde_json::Value", &[]),
    ("static mut", &[]),
    ("unsafe", &[]),
];

#[test]
fn no_module_uses_a_later_one() {
    let order = order();
    for (index, name) in order.iter().enumerate() {
        let code = code(name);
        for later in &order[index + 1..] {
            assert!(!uses(&code, later), "{name} uses {later}, which stands after it");
        }
    }
}

#[test]
fn every_module_is_in_the_order_and_every_name_in_the_order_is_a_module() {
    let order = order();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let known = ["lib", "main"].contains(&name) || order.iter().any(|known| known == name);
        assert!(known, "where does {name} go?");
    }
    for name in &order {
        assert!(root().join(format!("src/{name}.rs")).exists(), "{name} has no file");
    }
    assert!(order.len() > 20, "the order was not found: {order:?}");
}

#[test]
fn every_dependency_has_a_keeper() {
    for name in order() {
        let code = code(&name);
        for (needle, keepers) in KEEPERS {
            let named = code.lines().find(|line| mentions(line, needle));
            let kept = keepers.contains(&name.as_str());
            assert!(
                kept || named.is_none(),
                "{name} names {needle}: {}",
                named.unwrap_or_default()
            );
        }
    }
}

#[test]
fn every_dependency_is_in_the_list() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("\n[dependencies]\n").unwrap();
    let (list, _) = rest.split_once("\n[").unwrap();
    // Values and words for everybody: they do nothing.
    let free = ["futures-lite", "serde", "serde_json", "log"];
    for line in list.lines() {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        let needle = format!("{}::", name.replace('-', "_"));
        let kept = KEEPERS.iter().any(|(known, _)| *known == needle);
        assert!(kept || free.contains(&name), "who keeps {name}?");
    }
}

/// `code` stops at the first `#[cfg(test)]`: nothing else may hide behind it.
#[test]
fn tests_stand_at_the_end_of_a_file() {
    for name in order() {
        for path in files(&name) {
            let text = fs::read_to_string(&path).unwrap();
            let Some((_, tests)) = text.split_once("#[cfg(test)]") else { continue };
            let mut top = tests.lines().filter(|line| line.starts_with(char::is_alphabetic));
            let only = top.next().is_some_and(|line| line.starts_with("mod tests"));
            assert!(only && top.next().is_none(), "code after tests: {}", path.display());
        }
    }
}

#[test]
fn the_check_finds_what_it_looks_for() {
    assert!(uses("use crate::round::Round;", "round"));
    assert!(uses("use crate::{merge, round};", "round"));
    assert!(!uses("use crate::rounding;", "round"));
    assert!(mentions("    let x = fs::read(path);", "fs::"));
    assert!(!mentions("    // fs::read would block", "fs::"));
    assert!(!mentions("    let x = offs::read(path);", "fs::"));
}

/// The modules in the order of `src/lib.rs`.
fn order() -> Vec<String> {
    let map = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let name = |line: &str| {
        let rest = line.strip_prefix("pub mod ")?;
        Some(rest.split(';').next()?.to_string())
    };
    map.lines().filter_map(name).collect()
}

fn uses(code: &str, module: &str) -> bool {
    let whole = |text: &str| {
        text.strip_prefix(module)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let direct = code.match_indices("crate::").any(|(at, found)| whole(&code[at + found.len()..]));
    let grouped = code.match_indices("crate::{").any(|(at, found)| {
        let group = code[at + found.len()..].split(';').next().unwrap_or_default();
        group.split([',', '{', '}']).any(|part| whole(part.trim_start()))
    });
    direct || grouped
}

fn mentions(line: &str, needle: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(needle)
        .any(|(at, _)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// A module's own file and everything below its directory, without tests.
fn code(name: &str) -> String {
    let without_tests = |path: PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        text.split("#[cfg(test)]").next().unwrap_or_default().to_string()
    };
    files(name).into_iter().map(without_tests).collect()
}

fn files(name: &str) -> Vec<PathBuf> {
    let mut files = vec![root().join(format!("src/{name}.rs"))];
    let mut directories = vec![root().join("src").join(name)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { directories.push(path) } else { files.push(path) }
        }
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
