//! What several tests need.

pub mod proxy;
pub mod server;
