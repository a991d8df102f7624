//! Keys and passwords: named in the config, kept elsewhere.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Take};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use super::entry::is_name;
use super::find::expand_home;
use super::keys::Keys;
use super::sheet::{Need, shown};
use super::suggest::nearest;
use crate::http::Secret;
use crate::store;

/// No key is longer than this.
const MAX_SECRET: u64 = 8 * 1024;

/// Why a secret is not there that was not there when a recording was made.
pub(super) const NOT_TOLD: &str = "it is not in the recording";

/// What stands for a secret that is not told: `secret-1`.
pub fn stand_in(number: usize) -> String {
    format!("secret-{number}")
}

/// Where the secrets of a config are kept, and which of them were needed, in order.
#[derive(Debug, Default)]
pub struct Vault {
    /// Nothing is looked for: words stand for the secrets, by the number that each has got.
    stand_ins: Option<Vec<Option<usize>>>,
    met: RefCell<Vec<Option<Secret>>>,
}

impl Vault {
    /// One without secrets, for a config whose secrets had these numbers when they were needed;
    /// `None` for one that was not there.
    pub fn sealed(numbers: Vec<Option<usize>>) -> Vault {
        Vault { stand_ins: Some(numbers), met: RefCell::default() }
    }

    /// The secrets that were needed, in order; `None` for one that was not there.
    pub fn met(self) -> Vec<Option<Secret>> {
        self.met.take()
    }

    /// What `look` finds, unless nothing is looked for.
    pub(super) fn find(
        &self,
        look: impl FnOnce() -> Result<Secret, String>,
    ) -> Result<Secret, String> {
        let mut met = self.met.borrow_mut();
        let found = match &self.stand_ins {
            None => look(),
            Some(numbers) => match numbers.get(met.len()).copied().flatten() {
                Some(number) => Ok(Secret(stand_in(number))),
                None => Err(NOT_TOLD.into()),
            },
        };
        met.push(found.clone().ok());
        found
    }
}

/// What to do about a variable that is not set.
const ENV_REMEDY: &str = "set it, or use { file = \"…\" } or { credential = \"…\" }";

const PLACES: [&str; 3] = ["env", "file", "credential"];

impl Keys<'_> {
    /// The secret that a key names; the reason when there is none is noted.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        self.note_missing(key);
        self.raw(key).and_then(|value| self.read_secret(key, value))
    }

    /// A secret from `{ env = … }`, `{ file = … }` or `{ credential = … }`.
    pub(super) fn read_secret(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Secret> {
        let at = value.span().start;
        let fail = |message: String| {
            self.sheet.error(at, format!("`{key}` in {}: {message}", self.title));
            None
        };
        let Some(table) = value.get_ref().as_table() else {
            return fail(
                "a secret does not stand in the config itself; write { env = \"NAME\" }, \
                 { file = \"PATH\" } or { credential = \"NAME\" }"
                    .into(),
            );
        };
        let mut entries = table.iter();
        let (Some((place, name)), None) = (entries.next(), entries.next()) else {
            return fail("one of `env`, `file` or `credential` says where the secret is".into());
        };
        let place = place.get_ref().as_ref();
        if !PLACES.contains(&place) {
            let hint = nearest(place, PLACES).map(|near| format!("; did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| "; known are `env`, `file`, `credential`".into());
            return fail(format!("unknown key `{}`{hint}", shown(place)));
        }
        let Some(name) = name.get_ref().as_str().filter(|name| is_name(name)) else {
            return fail(format!("`{place}` must be a string of one line that is not empty"));
        };
        if place == "credential" && !is_credential(name) {
            return fail(format!("\"{}\" is no name of a credential", shown(name)));
        }
        let look = || match place {
            "env" => from_env(name).map_err(|error| format!("{error}; {ENV_REMEDY}")),
            "file" => self.in_file(at, &self.sheet.beside(&expand_home(name))),
            _ => credential(name).and_then(|path| read_file(&path).map(|(text, _)| text)),
        };
        match self.sheet.vault.find(|| look().and_then(|text| checked(&text))) {
            Ok(secret) => Some(secret),
            Err(_) if !self.is_needed() => None,
            Err(_) if place == "credential" && self.is_the_service_s(at, key, name) => None,
            // The secret is missing for this source alone: all others can do without it.
            Err(message) => {
                let message = format!("`{key}` in {}: {message}", self.title);
                self.sheet.absent_secret(at, message);
                self.missing_secret.borrow_mut().get_or_insert_with(|| key.to_owned());
                None
            }
        }
    }

    /// Whether a credential is not at hand because this is no service, and that is no mistake of the
    /// config. Who judges it is told what was not looked at.
    fn is_the_service_s(&self, at: usize, key: &str, name: &str) -> bool {
        let elsewhere = credentials_directory().is_none();
        if elsewhere && self.sheet.need == Need::Own {
            let message = "is the service's, and not looked for outside of it";
            let message =
                format!("`{key}` in {}: the credential {} {message}", self.title, shown(name));
            self.sheet.absent_secret(at, message);
        }
        elsewhere && self.sheet.need != Need::All
    }

    /// Whether this is a source that will be asked.
    fn is_needed(&self) -> bool {
        let only = self.sheet.only;
        let name = self.raw("name").and_then(|name| name.get_ref().as_str());
        only.is_empty() || only.iter().any(|wanted| Some(wanted.as_str()) == name)
    }

    fn in_file(&self, at: usize, path: &Path) -> Result<String, String> {
        let (text, mode) = read_file(path)?;
        if mode & 0o004 != 0 {
            let path = path.display();
            let mode = mode & 0o7777;
            let message =
                format!("everybody may read {path} (mode {mode:04o}); `chmod 600 {path}`");
            self.sheet.warn(at, message);
        }
        Ok(text)
    }
}

/// The secret in an environment variable.
pub(super) fn from_env(name: &str) -> Result<String, String> {
    let printable = shown(name);
    if name.contains(['=', '\0']) {
        return Err(format!("\"{printable}\" is no name of an environment variable"));
    }
    match std::env::var(name) {
        Ok(text) if text.trim().is_empty() => {
            Err(format!("the environment variable {printable} is empty"))
        }
        Ok(text) => Ok(text),
        Err(std::env::VarError::NotPresent) => {
            Err(format!("the environment variable {printable} is not set"))
        }
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(format!("the environment variable {printable} is not ASCII"))
        }
    }
}

/// Where systemd put a credential: <https://systemd.io/CREDENTIALS/>.
fn credential(name: &str) -> Result<PathBuf, String> {
    match credentials_directory() {
        Some(dir) => Ok(Path::new(&dir).join(name)),
        None => Err(format!(
            "there is no $CREDENTIALS_DIRECTORY to find the credential {0} in; \
             run as a service with LoadCredential={0}:PATH, or use {{ env = \"…\" }}",
            shown(name)
        )),
    }
}

fn is_credential(name: &str) -> bool {
    !name.contains('/') && name != "." && name != ".."
}

/// Only a service has one.
fn credentials_directory() -> Option<OsString> {
    std::env::var_os("CREDENTIALS_DIRECTORY").filter(|dir| !dir.is_empty())
}

/// The file's text and its permission bits.
fn read_file(path: &Path) -> Result<(String, u32), String> {
    let failed =
        |error: std::io::Error| format!("reading {}: {}", path.display(), store::plainly(&error));
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(format!("{} is a directory", path.display()));
    }
    let mode = metadata.permissions().mode();
    let mut text = Vec::new();
    let mut file: Take<File> = file.take(MAX_SECRET + 1);
    file.read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_SECRET {
        return Err(format!("{} is longer than {MAX_SECRET} bytes", path.display()));
    }
    match String::from_utf8(text) {
        Ok(text) if text.trim().is_empty() => Err(format!("{} is empty", path.display())),
        Ok(text) => Ok((text, mode)),
        Err(_) => Err(format!("{} is not ASCII", path.display())),
    }
}

/// Without the newline that editors leave, and fit for a header field.
pub(super) fn checked(text: &str) -> Result<Secret, String> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.is_empty() {
        Ok(Secret(text.to_owned()))
    } else {
        Err("the secret holds spaces, line ends or other characters that are not visible ASCII"
            .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_is_trimmed_and_nothing_else() {
        assert_eq!(checked("abc\n"), Ok(Secret("abc".into())));
        assert_eq!(checked("abc\r\n"), Ok(Secret("abc".into())));
        for text in ["abc\n\n", " abc", "a c", "schlüssel", "", "\n"] {
            assert!(checked(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_secret_never_shows_it() {
        assert!(!checked("hunter 2").unwrap_err().contains("hunter"));
    }
}
