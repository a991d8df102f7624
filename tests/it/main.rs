//! One binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod audit;
mod commands;
mod conditional;
mod config;
mod corpus;
mod durable;
mod formats;
mod github;
mod halt;
mod hostile;
mod dates;
mod house;
mod layers;
mod loopback;
mod manual;
mod metrics;
mod peers;
mod phases;
mod opml;
mod outputs;
mod promises;
mod quotas;
mod round;
mod service;
mod sources;
mod sse;
mod status;
mod support;
mod tls;
mod tokens;
mod usage;
mod words;
