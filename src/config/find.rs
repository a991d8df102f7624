//! Where files of a user or a service are (the XDG base directory specification, and systemd's
//! `ConfigurationDirectory=` and `StateDirectory=`).

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Found;

/// Looks for a config: `explicit` (`-c`), `$NEWSAGG_CONFIG`, `$CONFIGURATION_DIRECTORY`,
/// `$XDG_CONFIG_HOME` or `~/.config`, `/etc`.
///
/// The first two are taken as they are: somebody named them, and wants to hear if they do not
/// exist. The others count when they exist.
pub fn find(explicit: Option<&Path>) -> Found {
    find_with(explicit, &|name| std::env::var_os(name))
}

type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

fn find_with(explicit: Option<&Path>, env: Env<'_>) -> Found {
    let named = explicit.map(Path::to_owned).or_else(|| path_in(env, "NEWSAGG_CONFIG"));
    if let Some(named) = named {
        return Found { path: Some(named.clone()), looked: vec![named] };
    }
    let mut looked: Vec<PathBuf> = Vec::new();
    // systemd joins several directories with colons.
    if let Some(dirs) = env("CONFIGURATION_DIRECTORY").filter(|dirs| !dirs.is_empty()) {
        looked.extend(std::env::split_paths(&dirs).map(|dir| dir.join("newsagg.toml")));
    }
    let home = path_in(env, "HOME");
    let config = absolute_in(env, "XDG_CONFIG_HOME").or_else(|| Some(home?.join(".config")));
    looked.extend(config.map(|dir| dir.join("newsagg/newsagg.toml")));
    looked.push("/etc/newsagg/newsagg.toml".into());
    // What cannot be looked at counts, too (a folder that may not be entered, a link that leads nowhere): whoever reads
    // the file says so.
    let exists = |path: &&PathBuf| match path.symlink_metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    };
    Found { path: looked.iter().find(exists).cloned(), looked }
}

/// `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/newsagg`, else `~/.local/state/newsagg`.
pub(super) fn state_dir() -> Option<PathBuf> {
    let env: Env<'_> = &|name| std::env::var_os(name);
    let service = env("STATE_DIRECTORY").filter(|dirs| !dirs.is_empty());
    service
        .and_then(|dirs| std::env::split_paths(&dirs).next())
        .or_else(|| absolute_in(env, "XDG_STATE_HOME").map(|dir| dir.join("newsagg")))
        .or_else(|| path_in(env, "HOME").map(|home| home.join(".local/state/newsagg")))
}

/// `~/news.json` in the home directory, as in a shell.
pub(super) fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), path_in(&|name| std::env::var_os(name), "HOME")) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    }
}

fn path_in(env: Env<'_>, name: &str) -> Option<PathBuf> {
    env(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The XDG specification has relative paths ignored.
fn absolute_in(env: Env<'_>, name: &str) -> Option<PathBuf> {
    path_in(env, name).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(vars: &[(&str, &str)]) -> Vec<String> {
        let env = |name: &str| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let found = find_with(None, &env);
        found.looked.iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn a_named_config_is_the_only_place() {
        assert_eq!(looked(&[("NEWSAGG_CONFIG", "x.toml"), ("HOME", "/h")]), ["x.toml"]);
    }

    #[test]
    fn the_service_stands_before_the_user_and_the_user_before_the_machine() {
        let vars = [("CONFIGURATION_DIRECTORY", "/a:/b"), ("HOME", "/h")];
        assert_eq!(
            looked(&vars),
            [
                "/a/newsagg.toml",
                "/b/newsagg.toml",
                "/h/.config/newsagg/newsagg.toml",
                "/etc/newsagg/newsagg.toml"
            ]
        );
    }

    #[test]
    fn xdg_config_home_replaces_dot_config_if_it_is_absolute() {
        let xdg = looked(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/h")]);
        assert_eq!(xdg[0], "/x/newsagg/newsagg.toml");
        let relative = looked(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/h")]);
        assert_eq!(relative[0], "/h/.config/newsagg/newsagg.toml");
    }
}
