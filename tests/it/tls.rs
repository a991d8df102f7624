//! Certificates, good and bad.
