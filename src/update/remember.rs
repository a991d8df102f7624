//! The memory of earlier rounds, from the state directory and back.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::config::Config;
use crate::state::{Memory, Unusable};
use crate::store;

/// The file in the state directory.
const NAME: &str = "first-seen.json";
/// Ten thousand sources with a thousand items each would not fill this.
const MAX_BYTES: u64 = 512 << 20;

/// What is remembered; nothing if there is no file, or none that can be used.
pub(super) fn load(config: &Config) -> Memory {
    let Some(path) = path(config) else { return Memory::default() };
    let bytes = match store::read(&path, MAX_BYTES) {
        Ok(bytes) => bytes,
        // A directory that cannot be is complained about when it is to be written.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Memory::default();
        }
        Err(error) => {
            log::warn!("reading {}: {}", path.display(), store::plainly(&error));
            return Memory::default();
        }
    };
    Memory::read(&bytes).unwrap_or_else(|unusable| {
        match unusable {
            Unusable::Newer(_) => {
                log::warn!("{}: written by a newer newsagg, left alone", path.display());
                return Memory::unsaved();
            }
            Unusable::Damaged(why) => {
                let aside = path.with_extension("json.damaged");
                let verdict = match store::set_aside(&path, &aside) {
                    Ok(()) => format!("set aside as {}", aside.display()),
                    Err(error) => format!("and not to be moved: {}", store::plainly(&error)),
                };
                log::warn!("{}: damaged ({why}), {verdict}", path.display());
            }
        }
        Memory::default()
    })
}

/// Writes what changed. A state that cannot be written costs first-seen dates, not the news.
pub(super) fn save(config: &Config, memory: &Memory) {
    let Some(path) = path(config).filter(|_| memory.changed()) else { return };
    let made = path.parent().map_or(Ok(()), store::make_directory);
    let saved = made
        .map_err(|error| {
            let dir = path.parent().unwrap_or(&path).display();
            format!("making the state directory {dir}: {}", store::plainly(&error))
        })
        .and_then(|()| {
            store::appear(&path, 0o600, &|out| memory.write(out)).map_err(|error| error.to_string())
        });
    if let Err(error) = saved {
        log::warn!("{error}; first-seen dates are not remembered");
    }
}

fn path(config: &Config) -> Option<PathBuf> {
    config.state.dir.as_ref().map(|dir| dir.join(NAME))
}
