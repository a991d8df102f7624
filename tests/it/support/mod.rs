//! What several tests need.

use std::io::Write;

pub mod corpus;
pub mod drip;
pub mod fake;
pub mod proxy;
pub mod server;
pub mod said;
pub mod world;

/// Says on stderr that the test that calls this was skipped, and why. The harness shows what a test
/// prints only when it fails; this line is always seen.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "skipped: {test}: {why}").expect("stderr");
}
