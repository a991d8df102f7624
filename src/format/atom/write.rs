//! The other way.

use std::io;

use crate::format::Merged;

/// Writes it.
pub fn write(_merged: &Merged<'_>, _out: &mut dyn io::Write) -> io::Result<()> {
    Ok(())
}
