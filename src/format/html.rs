//! One self-contained page for a browser: no scripts, nothing from elsewhere.

use std::io;

use crate::format::Merged;

/// Writes it.
pub fn write(_merged: &Merged<'_>, _out: &mut dyn io::Write) -> io::Result<()> {
    Ok(())
}
