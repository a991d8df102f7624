//! One JSON object a line: the items of [`super::jsonfeed`], without the feed around them.

use std::io;

use crate::format::Merged;

/// Writes one line per story.
pub fn write(_merged: &Merged<'_>, _out: &mut dyn io::Write) -> io::Result<()> {
    todo!()
}
