//! For people, on a terminal.

use std::io;

use crate::format::{Merged, Style};

/// Writes the stories as lines of text.
pub fn write(_merged: &Merged<'_>, _style: Style, _out: &mut dyn io::Write) -> io::Result<()> {
    todo!()
}
