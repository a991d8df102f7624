//! `kind = "github"`.

use super::super::keys::Keys;
use super::super::values;
use super::Built;

pub(in crate::config) fn read(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    match (keys.has("repo"), keys.has("search")) {
        (true, true) => keys.sheet.error(
            keys.place("search"),
            format!("{} has both `repo` and `search`; one is asked at a time", keys.title),
        ),
        (false, false) => keys.missing("repo"),
        _ => {}
    }
    keys.get("repo", |value| {
        let repo = value.as_str().filter(|repo| is_repo(repo)).map(str::to_owned);
        repo.ok_or_else(|| "a repository as OWNER/NAME".into())
    });
    keys.get("search", values::word);
    keys.secret("token");
    keys.get("base_url", values::url);
    None
}

/// `smol-rs/smol`
pub(in crate::config) fn is_repo(repo: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    repo.split_once('/').is_some_and(|(owner, name)| part(owner) && part(name))
}
