//! Servers and proxies that mean well.
