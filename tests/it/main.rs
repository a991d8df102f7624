//! One binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod config;
mod formats;
mod layers;
mod round;
mod support;
mod usage;
