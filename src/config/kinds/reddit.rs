//! `kind = "reddit"`.

use std::sync::Arc;

use toml::Spanned;
use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::schema::DefaultValue::{Required, Text, Words};
use super::super::schema::{Key, NONE, SECRET, STRING, Takes, URL, keys};
use super::super::secret::checked;
use super::super::values;
use super::Built;
use crate::http::Secret;
use crate::source::reddit::{App, List, Reddit};

/// Which posts of a subreddit.
const LISTS: [(&str, List); 4] =
    [("hot", List::Hot), ("new", List::New), ("rising", List::Rising), ("top", List::Top)];

pub(super) static KEYS: &[Key] = keys! {
    /// Its name without `r/`; several may be joined, as in `"rust+programming"`.
    "subreddit": STRING, Required;
    /// Which posts. `top` is of the last 24 hours.
    "list": Takes::Choice(|| values::names(&LISTS)), Text("hot");
    /// Of an app of the type `script` or `web app`, made at https://www.reddit.com/prefs/apps , where it stands below
    /// the app's name. It may also be given as a secret. Needs `client_secret`.
    "client_id": STRING, NONE;
    /// It stands on the same page. Needs `client_id`.
    "client_secret": SECRET, NONE;
    /// A mirror, a proxy, a test server: for feeds, API and tokens.
    "base_url": URL, Words("the service's own, `https://www.reddit.com`, and `https://oauth.reddit.com` for the API");
};

pub(in crate::config) fn read(keys: &Keys<'_>, limit: Option<usize>) -> Built {
    let subreddit = keys.get("subreddit", subreddit);
    let list = keys.choice("list", &LISTS).unwrap_or_default();
    let wants_app = keys.has("client_id") || keys.has("client_secret");
    let app = app(keys);
    let base_url = keys.get("base_url", values::url);
    if wants_app && app.is_none() || keys.has("base_url") && base_url.is_none() {
        return None;
    }
    Some(Arc::new(Reddit { base_url, subreddit: subreddit?, list, limit, app }))
}

/// Id and secret, of which none is anything without the other.
fn app(keys: &Keys<'_>) -> Option<App> {
    let (id, secret) = (keys.has("client_id"), keys.has("client_secret"));
    if id != secret {
        keys.missing(if id { "client_secret" } else { "client_id" });
    }
    let client_id = client_id(keys);
    let client_secret = keys.secret("client_secret");
    Some(App { client_id: client_id?, client_secret: client_secret? })
}

/// A client id is no secret, but may stand where the secret stands.
fn client_id(keys: &Keys<'_>) -> Option<Secret> {
    match keys.raw("client_id").map(Spanned::get_ref) {
        Some(DeValue::Table(_)) => keys.secret("client_id"),
        _ => keys.get("client_id", |value| {
            let id = checked(value.as_str().unwrap_or_default()).ok();
            id.ok_or_else(|| "the client id of an app, in visible ASCII".into())
        }),
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
