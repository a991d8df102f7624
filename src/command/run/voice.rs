//! What a service says: to systemd, and on the log.

use std::time::Duration;

use log::Level;
use sd_notify::NotifyState;

use crate::command::log::notice;

/// What systemd is told (sd_notify(3)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The config is good and the outputs exist; or, after [`Notice::Reloading`], that is over.
    Ready,
    /// One line about how things stand.
    Status(String),
    /// The work moves.
    Watchdog,
    /// The config is being read again.
    Reloading,
    /// The service is about to end.
    Stopping,
}

/// Where it is said.
pub trait Voice: std::fmt::Debug {
    /// To whoever started the service.
    fn tell(&self, notice: &Notice);
    /// On the log. What is worth knowing although nothing is wrong has no level.
    fn say(&self, level: Option<Level>, line: &str);
}

/// To systemd and on stderr.
#[derive(Debug)]
pub(super) struct System {
    quiet: bool,
}

impl System {
    pub fn new(quiet: bool) -> System {
        System { quiet }
    }

    /// How often at least systemd wants to hear that the work moves, if it does.
    pub fn watchdog(&self) -> Option<Duration> {
        sd_notify::watchdog_enabled().filter(|span| !span.is_zero())
    }
}

impl Voice for System {
    fn tell(&self, notice: &Notice) {
        let sent = match notice {
            Notice::Ready => sd_notify::notify(&[NotifyState::Ready]),
            Notice::Status(line) => sd_notify::notify(&[NotifyState::Status(line)]),
            Notice::Watchdog => sd_notify::notify(&[NotifyState::Watchdog]),
            Notice::Reloading => NotifyState::monotonic_usec_now()
                .and_then(|now| sd_notify::notify(&[NotifyState::Reloading, now])),
            Notice::Stopping => sd_notify::notify(&[NotifyState::Stopping]),
        };
        if let Err(error) = sent {
            log::debug!("telling systemd: {error}");
        }
    }

    fn say(&self, level: Option<Level>, line: &str) {
        match level {
            Some(level) => log::log!(level, "{line}"),
            None if self.quiet => {}
            None => notice(line),
        }
    }
}
