//! `kind = "github"`.

use std::sync::Arc;

use toml::de::DeValue;

use super::super::keys::{Keys, Wrong};
use super::super::schema::DefaultValue::{Text, Words};
use super::super::schema::{Key, NONE, SECRET, STRING, URL, keys};
use super::super::suggest::either;
use super::super::values;
use super::Built;
use crate::http::Secret;
use crate::source::github::{BASE_URL, GitHub, What};

/// Makes a question of whom it is about.
type Make = fn(String) -> What;

/// What may be asked of a repository.
const OF_REPO: [(&str, Make); 4] = [
    ("releases", What::Releases),
    ("tags", What::Tags),
    ("issues", What::Issues),
    ("events", What::Events),
];
/// What may be searched for.
const OF_SEARCH: [(&str, Make); 2] =
    [("repositories", What::Repositories), ("issues", What::FoundIssues)];

pub(super) static KEYS: &[Key] = keys! {
    /// A repository, as `"OWNER/NAME"`.
    "repo": STRING, NONE;
    /// Words and qualifiers to search for, as GitHub reads them.
    "search": STRING, NONE;
    /// Whose public events are fetched.
    "user": STRING, NONE;
    /// The organisation whose public events are fetched.
    "org": STRING, NONE;
    /// Of a `repo`: `releases`, `tags`, `issues` (the newest, pull requests among them) or `events`; of a `search`:
    /// `repositories` (the last updated) or `issues` (the newest).
    "what": STRING, Words("the first of them");
    /// From https://github.com/settings/tokens ; one without any permission is enough for what is public.
    "token": SECRET, NONE;
    /// A server of one's own (`https://HOST/api/v3`), a mirror, a test server.
    "base_url": URL, Text(BASE_URL);
};

pub(in crate::config) fn read(keys: &Keys<'_>, limit: Option<usize>) -> Built {
    let subjects = ["repo", "search", "user", "org"];
    let mut told = subjects.into_iter().filter(|key| keys.has(key));
    match (told.next(), told.next()) {
        (Some(one), Some(other)) => keys.sheet.error(
            keys.place(other),
            format!("{} has both `{one}` and `{other}`; one is asked at a time", keys.title),
        ),
        (None, _) => {
            let message = format!("{} asks for nothing; set {}", keys.title, either(subjects, '`'));
            keys.sheet.absence(keys.at, message);
        }
        _ => {}
    }
    let make = make(keys);
    let repo = keys.get("repo", |value| {
        let repo = value.as_str().filter(|repo| is_repo(repo)).map(str::to_owned);
        repo.ok_or_else(|| "a repository as OWNER/NAME".into())
    });
    let search = keys.get("search", values::word);
    let (user, org) = (keys.get("user", login), keys.get("org", login));
    let token = match keys.has("token") {
        true => keys.secret("token"),
        false => Some(Secret(String::new())),
    };
    let base_url = keys.value("base_url", values::url);
    let what = make?(repo.or(search).or(user).or(org)?);
    Some(Arc::new(GitHub { base_url: base_url?, token: token?, what, limit }))
}

fn make(keys: &Keys<'_>) -> Option<Make> {
    if keys.has("search") {
        return what(keys, &OF_SEARCH, |value| values::choice(value, &OF_SEARCH));
    }
    if keys.has("repo") {
        return what(keys, &OF_REPO, |value| values::choice(value, &OF_REPO));
    }
    if keys.has("what") {
        let owners = either(["repo", "search"], '`');
        let message =
            format!("`what` in {} goes with {owners}: of others it is events", keys.title);
        keys.sheet.error(keys.place("what"), message);
    }
    Some(if keys.has("user") { What::UserEvents } else { What::OrgEvents })
}

/// The first without a word.
fn what(
    keys: &Keys<'_>,
    choices: &[(&str, Make)],
    read: fn(&DeValue<'_>) -> Result<Make, Wrong>,
) -> Option<Make> {
    if keys.has("what") { keys.get("what", read) } else { choices.first().map(|(_, make)| *make) }
}

/// `smol-rs/smol`
pub(in crate::config) fn is_repo(repo: &str) -> bool {
    repo.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}

fn is_part(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn login(value: &DeValue<'_>) -> Result<String, Wrong> {
    let name = value.as_str().filter(|name| is_part(name)).map(str::to_owned);
    name.ok_or_else(|| "a name such as \"octocat\", without @".into())
}
