//! One binary for all integration tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod audit;
mod commands;
mod conditional;
mod config;
mod durable;
mod formats;
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
mod outputs;
mod page;
mod promises;
mod quotas;
mod round;
mod service;
mod sources;
mod status;
mod support;
mod tls;
mod usage;
mod widths;
mod words;
