//! `kind = "json"`.

use super::super::keys::Keys;
use super::super::values;
use super::Built;

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("url", values::url);
    keys.list("fallback", "[\"https://…\"]", values::url);
    keys.require("title", values::pointer);
    for key in ["items", "link", "date", "id", "author", "summary", "discussion"] {
        keys.get(key, values::pointer);
    }
    None
}
