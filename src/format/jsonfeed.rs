//! JSON Feed 1.0 and 1.1, read and written. <https://www.jsonfeed.org/version/1.1/>

mod read;
mod write;

pub use read::{read, read_item};
pub use write::{item, write};
