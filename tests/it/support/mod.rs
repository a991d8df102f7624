//! What several tests need.

use std::env;
use std::io::Write;
use std::sync::OnceLock;

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

/// The path of the program under test: `$NEWSAGG_BIN`, which a line on stderr names, or the one that
/// was built with the tests. So the released program is held to the same tests.
pub fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let Ok(path) = env::var("NEWSAGG_BIN") else {
            return env!("CARGO_BIN_EXE_newsagg").to_owned();
        };
        // The tests run the program from folders of their own.
        let path = std::fs::canonicalize(&path).expect(&path).display().to_string();
        writeln!(std::io::stderr(), "the program under test: {path}").expect("stderr");
        path
    })
}

/// Changes when the item whose record this is was first seen; false if it is that of something else.
pub fn change_first_seen(record: &mut [u8], seconds: i64) -> bool {
    // An item (the second of `Event` in `src/state/record.rs`): its source, two fingerprints of eight
    // bytes, each behind its length, its document, then the time, both in seven bits a byte, the lowest
    // first.
    let is_item = newsagg::state::item_of(record).is_some();
    let bits = |at: usize| (seconds << 1 >> (7 * at)) as u8 & 0x7f | if at < 4 { 0x80 } else { 0 };
    if is_item {
        let after = record[20..].iter().position(|byte| *byte < 0x80).unwrap() + 21;
        record[after..after + 5].copy_from_slice(&std::array::from_fn::<u8, 5, _>(bits));
    }
    is_item
}
