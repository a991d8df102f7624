//! One binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod config;
mod layers;
mod loopback;
mod round;
mod sources;
mod support;
mod usage;
