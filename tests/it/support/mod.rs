//! What several tests need.

pub mod fake;
pub mod server;
