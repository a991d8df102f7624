//! The integration tests, in one binary.

mod hostile;
mod peers;
mod support;
mod tls;
