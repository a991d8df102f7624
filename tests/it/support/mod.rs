//! What several tests need.

pub mod drip;
pub mod fake;
pub mod proxy;
pub mod server;
pub mod said;
pub mod world;
