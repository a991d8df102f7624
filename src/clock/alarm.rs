//! Waiting for hours, on a machine that may sleep and whose calendar may be set meanwhile.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use async_io::Async;
use futures_lite::FutureExt;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Later than any alarm, and not too late for the kernel, which counts nanoseconds: the year 2255.
const END_OF_TIME: Duration = Duration::from_secs(9_000_000_000);

/// Why an alarm ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// It is time.
    Rang,
    /// The calendar was set anew, or the machine woke: what was planned by it has to be planned again.
    ClockSet,
}

/// Waits until the machine has been up for `up` (sleep included), or its calendar is set.
///
/// # Errors
/// The kernel has no such timers, or no more of them.
pub(super) async fn alarm(up: Duration) -> io::Result<Alarm> {
    // timerfd_create(2). A timer on CLOCK_MONOTONIC would not count the time that a machine slept.
    let bell = timer(TimerfdClockId::Boottime, TimerfdTimerFlags::ABSTIME, up)?;
    // It never rings, but whoever sets the calendar cancels it.
    let calendar = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    let calendar = timer(TimerfdClockId::Realtime, calendar, END_OF_TIME);
    let rang = async { expired(&bell).await.map(|()| Alarm::Rang) };
    let set = async {
        match calendar {
            Ok(calendar) => expired(&calendar).await.map(|()| Alarm::ClockSet),
            Err(_) => std::future::pending().await,
        }
    };
    rang.or(set).await
}

fn timer(id: TimerfdClockId, flags: TimerfdTimerFlags, at: Duration) -> io::Result<Async<OwnedFd>> {
    let timer = timerfd_create(id, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
    // Zero would disarm it.
    let at = at.max(Duration::from_nanos(1));
    let tv_sec = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let it_value = Timespec { tv_sec, tv_nsec: i64::from(at.subsec_nanos()) as _ };
    let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
    timerfd_settime(&timer, flags, &Itimerspec { it_interval, it_value })?;
    Async::new_nonblocking(timer)
}

async fn expired(timer: &Async<OwnedFd>) -> io::Result<()> {
    let read = |timer: &OwnedFd| match rustix::io::read(timer, &mut [0; 8]) {
        // timerfd_create(2), TFD_TIMER_CANCEL_ON_SET.
        Ok(_) | Err(Errno::CANCELED) => Ok(()),
        Err(error) => Err(error.into()),
    };
    timer.read_with(read).await
}
