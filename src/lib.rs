//! newsagg: many news sources, one feed file, a few megabytes.
//!
//! The house has seven floors. A module uses only what stands before it in this list, and
//! `tests/it/layers.rs` holds it to that.

// Floor 0, values: no I/O, no clock, no async.
pub mod time; // instants, every date a feed was ever seen to carry, durations
pub mod failure; // why one request brought nothing
pub mod http; // a request, an answer, as plain data
pub mod item; // one story
pub mod pack; // one story as a run of bytes
pub mod json; // JSON from strangers, typed and forgiving
pub mod text; // markup to plain text, cutting, escaping
pub mod redact; // secrets taken out of what strangers say
pub mod decode; // bytes and labels to text
pub mod xml; // a forgiving reader over quick-xml

// Floor 1, formats: text to items and back.
pub mod format;

// Floor 2, sources: a plan and a reader each.
pub mod source;

// Floor 3, policy: functions of (state, now).
pub mod backoff; // whom to leave alone after a failure, and for how long
pub mod schedule; // when a source is due
pub mod limit; // when the next request to a service may start
pub mod queue; // what is still to be asked, and when it may be
pub mod merge; // the same story once, newest first
pub mod state; // what is remembered between rounds

// Floor 4, machinery: the only async floor.
pub mod clock; // time, real or simulated
pub mod pool; // N workers: the concurrency limit
pub mod wire; // connections, TLS, HTTP/1.1
pub mod transport; // one request, one answer, one deadline
pub mod round; // every source asked once
pub mod live; // streams, read as they come
pub mod loopback; // the embedded news web

// Floor 5, files.
pub mod store; // files that appear by rename
pub mod config; // newsagg.toml
pub mod report; // what a round took
pub mod update; // config to outputs: one round, merged and written

// Floor 6, commands.
pub mod chart; // when which request was under way, drawn
pub mod command;
