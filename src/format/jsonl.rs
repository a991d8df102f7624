//! One JSON object a line: the items of [`super::jsonfeed`], without the feed around them.

use std::io;

use crate::format::{Merged, jsonfeed};

/// Writes one line per story.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut line = Vec::new();
    merged.stories.each(&mut |story| {
        line.clear();
        jsonfeed::item(story, &mut line)?;
        line.push(b'\n');
        out.write_all(&line)
    })
}
