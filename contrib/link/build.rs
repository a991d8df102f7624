//! How the release binary is linked: a tenth smaller, with nothing lost. What makes it smaller still, and is told to
//! the compilers of Rust and C, stands in `.cargo/config.toml`.
//!
//! Tables for unwinding are dropped (`discard.ld`): a panic aborts, and a stripped binary has no names that a
//! backtrace could show. Relocations are packed (RELR; glibc 2.36, musl 1.2.4), which old linkers ignore
//! with a warning.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=contrib/link/discard.ld");
    println!("cargo:rerun-if-changed=contrib/link/build.rs");
    small_ring();
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let known = is("CARGO_CFG_TARGET_ARCH", "x86_64") || is("CARGO_CFG_TARGET_ARCH", "aarch64");
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && known {
        let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bin=newsagg=-Wl,-T,{root}/contrib/link/discard.ld");
        println!("cargo:rustc-link-arg-bin=newsagg=-Wl,-z,pack-relative-relocs");
        if links_with_lld() {
            println!("cargo:rustc-link-arg-bin=newsagg=-Wl,--icf=all");
        }
    }
}

/// ring built with `OPENSSL_SMALL` (`.cargo/config.toml`) lacks two functions that its code for x86-64 asks for: each has a
/// slower twin with the same arguments and the same result, which takes its place.
fn small_ring() {
    let flags = "CFLAGS_x86_64_unknown_linux_gnu";
    println!("cargo:rerun-if-env-changed={flags}");
    println!("cargo:rerun-if-changed=Cargo.lock");
    let var = |name: &str| env::var(name).unwrap_or_default();
    if var("TARGET") != "x86_64-unknown-linux-gnu" || !var(flags).contains("-DOPENSSL_SMALL") {
        return;
    }
    let lock = std::fs::read_to_string("Cargo.lock").unwrap_or_default();
    let rest = lock.split_once("name = \"ring\"\nversion = \"").map_or("", |(_, rest)| rest);
    let prefix = format!("ring_core_{}__", rest.split('"').next().unwrap_or("").replace('.', "_"));
    for (lacking, twin) in [
        ("p256_point_mul_base_vartime", "p256_point_mul_base"),
        ("x25519_scalar_mult_adx", "x25519_scalar_mult_generic_masked"),
    ] {
        // `-u`: GNU ld wants the twin to be there also where nobody calls either.
        println!("cargo:rustc-link-arg=-Wl,-u,{prefix}{twin}");
        println!("cargo:rustc-link-arg=-Wl,--defsym={prefix}{lacking}={prefix}{twin}");
    }
}

/// Whether the linker is rustc's own lld, as it is for this target from 1.90 on where nobody chose another. It
/// folds functions with the same code; nothing here compares their addresses.
fn links_with_lld() -> bool {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let own = var("RUSTC_LINKER").is_empty() && !var("CARGO_ENCODED_RUSTFLAGS").contains("link");
    let version = Command::new(var("RUSTC")).arg("--version").output();
    let version = version.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    let minor = |text: String| text.split('.').nth(1)?.parse::<u32>().ok();
    let new = version.ok().and_then(minor).is_some_and(|minor| minor >= 90);
    own && new && var("TARGET") == "x86_64-unknown-linux-gnu" && var("HOST") == var("TARGET")
}
