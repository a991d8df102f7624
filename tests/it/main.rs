//! Integration tests: one binary, a module for each area.
#![allow(clippy::unwrap_used, missing_docs)]

mod config;
mod usage;
