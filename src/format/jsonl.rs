//! One JSON object a line: the items of [`super::jsonfeed`], without the feed around them.

use std::io;

use crate::format::{Merged, jsonfeed};

/// Writes one line per story.
pub fn write(merged: &Merged<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    merged.stories.each(&mut |story| {
        serde_json::to_writer(&mut *out, &jsonfeed::item(story))?;
        out.write_all(b"\n")
    })
}
