//! `kind = "reddit"`.

use toml::Spanned;
use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::values;
use super::Built;

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    keys.require("subreddit", subreddit);
    let (id, secret) = (keys.has("client_id"), keys.has("client_secret"));
    if id != secret {
        keys.missing(if id { "client_secret" } else { "client_id" });
    }
    client_id(keys);
    keys.secret("client_secret");
    keys.get("base_url", values::url);
    None
}

/// A client id is no secret, but may stand where the secret stands.
fn client_id(keys: &Keys<'_>) {
    match keys.raw("client_id").map(Spanned::get_ref) {
        Some(DeValue::Table(_)) => drop(keys.secret("client_id")),
        _ => drop(keys.get("client_id", values::word)),
    }
}

fn subreddit(value: &DeValue<'_>) -> Result<String, Wrong> {
    let name = value.as_str().filter(|name| is_subreddit(name)).map(str::to_owned);
    name.ok_or_else(|| "the name of a subreddit such as \"rust\", without r/".into())
}

/// Several may be joined: `rust+programming`.
pub(in crate::config) fn is_subreddit(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= values::MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
}
