//! `kind = "stream"`.

use super::super::keys::Keys;
use super::super::values;
use super::Built;

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("url", values::url);
    None
}
