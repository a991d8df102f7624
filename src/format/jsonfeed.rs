//! JSON Feed 1.0 and 1.1, read and written. <https://www.jsonfeed.org/version/1.1/>

use std::io;

use crate::format::Merged;

mod read;

pub use read::read;

/// Writes the merged feed as JSON Feed 1.1 with the extension `_newsagg`.
pub fn write(_merged: &Merged<'_>, _out: &mut dyn io::Write) -> io::Result<()> {
    todo!()
}
