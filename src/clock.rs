//! Time, real or simulated.
//!
//! Simulated time stands still while anything can run and then jumps to the next timer, so
//! an hour of rate limiting takes a millisecond and always in the same order.

use std::fs;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use futures_lite::{FutureExt, future};
use rustix::time::{ClockId, clock_gettime};
use smol::{Executor, Timer};

use crate::time::{Moment, Timestamp};

mod alarm;

pub use alarm::Alarm;

/// After so long, timers, sockets and the future that [`Clock::block_on`] was given have their turn.
const TURN: Duration = Duration::from_micros(500);

/// The only one who knows what time it is.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clocks; the instant is when this clock was made, the number tells this boot from
    /// others: a file is read for it, once, if somebody asks.
    System(Instant, Arc<OnceLock<u64>>),
    /// A clock for tests.
    Simulated(Arc<Mutex<Simulation>>),
}

/// The state of simulated time.
#[derive(Debug, Default)]
pub struct Simulation {
    now: Duration,
    wall: i64,
    /// How far into its second the calendar was at the beginning.
    fraction: Duration,
    /// Which boot of the simulated machine this is, and when it was.
    boot: u64,
    booted: Duration,
    /// So long it slept since: `now` does not count that.
    slept: Duration,
    /// How often its calendar was set.
    sets: u64,
    /// The next one last.
    timers: Vec<((Duration, u64), Waker)>,
    next_id: u64,
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Clock {
        Clock::System(Instant::now(), Arc::default())
    }

    /// A clock that begins at `wall` and jumps from timer to timer.
    pub fn simulated(wall: Timestamp) -> Clock {
        Clock::Simulated(Arc::new(Mutex::new(Simulation {
            wall: wall.unix(),
            boot: 1,
            ..Simulation::default()
        })))
    }

    /// The same on a machine that stands as one did: at `moment`, so far into its second.
    pub fn replaying(moment: &Moment, fraction: Duration) -> Clock {
        Clock::Simulated(Arc::new(Mutex::new(Simulation {
            wall: moment.wall.unix(),
            fraction,
            boot: moment.boot,
            slept: moment.up,
            ..Simulation::default()
        })))
    }

    /// How far into its second the calendar is.
    pub fn fraction(&self) -> Duration {
        match self {
            Clock::System(..) => {
                let nanos = clock_gettime(ClockId::Realtime).tv_nsec;
                Duration::new(0, u32::try_from(nanos).unwrap_or(0))
            }
            Clock::Simulated(sim) => {
                let sim = lock(sim);
                Duration::from_nanos(sim.now.saturating_add(sim.fraction).subsec_nanos().into())
            }
        }
    }

    /// Whether time passes only when nothing can run: then nothing may run elsewhere.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Clock::Simulated(_))
    }

    /// Time since this clock was made; never jumps.
    pub fn now(&self) -> Duration {
        match self {
            Clock::System(start, _) => start.elapsed(),
            Clock::Simulated(sim) => lock(sim).now,
        }
    }

    /// The calendar's time; may jump. Nonsense (years before 1970 or after 9999) is 1970.
    pub fn wall(&self) -> Timestamp {
        let seconds = match self {
            Clock::System(..) => i64::try_from(calendar().as_secs()).unwrap_or(i64::MAX),
            Clock::Simulated(sim) => {
                let sim = lock(sim);
                let since = sim.now.saturating_add(sim.fraction).as_secs();
                sim.wall.saturating_add(i64::try_from(since).unwrap_or(i64::MAX))
            }
        };
        Timestamp::from_unix(seconds).unwrap_or(Timestamp::EPOCH)
    }

    /// What the calendar will say at `at`, as [`Clock::now`] counts: the next full second. Told again
    /// later it is the same but for milliseconds before the rounding.
    pub fn wall_at(&self, at: Duration) -> Timestamp {
        let (wall, now) = match self {
            Clock::System(start, _) => (calendar(), start.elapsed()),
            Clock::Simulated(sim) => {
                let sim = lock(sim);
                let wall = Duration::from_secs(u64::try_from(sim.wall).unwrap_or(0));
                (wall.saturating_add(sim.now), sim.now)
            }
        };
        let then = wall.saturating_add(at.saturating_sub(now));
        let seconds = then.as_secs().saturating_add(u64::from(then.subsec_nanos() > 0));
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Timestamp::from_unix(seconds).unwrap_or(Timestamp::EPOCH)
    }

    /// This instant as the calendar and the machine tell it.
    pub fn moment(&self) -> Moment {
        let (boot, up) = match self {
            Clock::System(_, boot) => {
                let up = clock_gettime(ClockId::Boottime);
                let seconds = u64::try_from(up.tv_sec).unwrap_or(0);
                let nanos = u32::try_from(up.tv_nsec).unwrap_or(0);
                (*boot.get_or_init(boot_id), Duration::new(seconds, nanos))
            }
            Clock::Simulated(sim) => {
                let sim = lock(sim);
                (sim.boot, sim.up())
            }
        };
        Moment { wall: self.wall(), boot, up }
    }

    /// In simulated time: the calendar jumps by so many seconds. A real clock is left alone.
    pub fn step(&self, seconds: i64) {
        if let Clock::Simulated(sim) = self {
            let mut sim = lock(sim);
            sim.wall = sim.wall.saturating_add(seconds);
            sim.stir();
        }
    }

    /// In simulated time: the machine sleeps for so long. A real one is left alone.
    pub fn sleep_machine(&self, span: Duration) {
        if let Clock::Simulated(sim) = self {
            let mut sim = lock(sim);
            sim.slept += span;
            sim.wall = sim.wall.saturating_add(i64::try_from(span.as_secs()).unwrap_or(i64::MAX));
            sim.stir();
        }
    }

    /// In simulated time: the machine starts anew. A real one is left alone.
    pub fn reboot(&self) {
        if let Clock::Simulated(sim) = self {
            let mut sim = lock(sim);
            sim.boot += 1;
            sim.booted = sim.now;
            sim.slept = Duration::ZERO;
        }
    }

    /// Waits until `at`, as [`Clock::now`] counts.
    pub async fn sleep_until(&self, at: Duration) {
        match self {
            Clock::System(start, _) => match start.checked_add(at) {
                Some(at) => drop(Timer::at(at).await),
                None => std::future::pending().await,
            },
            Clock::Simulated(sim) => {
                let mut timer = SimTimer { sim, key: None };
                poll_fn(|cx| timer.poll(at, cx)).await
            }
        }
    }

    /// Waits until the machine has been up for `up` as [`Clock::moment`] counts, sleep included, or
    /// until its calendar is set.
    pub async fn alarm(&self, up: Duration) -> Alarm {
        match self {
            Clock::System(..) => match alarm::alarm(up).await {
                Ok(alarm) => alarm,
                Err(error) => {
                    log::debug!("no timer that counts sleep: {error}");
                    let span = up.saturating_sub(self.moment().up);
                    self.sleep_until(self.now().saturating_add(span)).await;
                    Alarm::Rang
                }
            },
            Clock::Simulated(sim) => {
                let sets = lock(sim).sets;
                loop {
                    let (set, left, now) = {
                        let sim = lock(sim);
                        (sim.sets != sets, up.saturating_sub(sim.up()), sim.now)
                    };
                    if left.is_zero() {
                        return Alarm::Rang;
                    }
                    if set {
                        return Alarm::ClockSet;
                    }
                    let mut timer = SimTimer { sim, key: None };
                    let mut stirred = false;
                    poll_fn(|cx| match std::mem::replace(&mut stirred, true) {
                        // Whatever wakes it, it looks again.
                        true => Poll::Ready(()),
                        false => timer.poll(now.saturating_add(left), cx),
                    })
                    .await;
                }
            }
        }
    }

    /// Runs `future` to its end on `executor`. In simulated time, a future that waits for
    /// something no timer will bring is a deadlock, and panics as one.
    pub fn block_on<T>(&self, executor: &Executor<'_>, future: impl Future<Output = T>) -> T {
        let Clock::Simulated(sim) = self else {
            return smol::block_on(future.or(turns(executor)));
        };
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let cx = &mut Context::from_waker(&waker);
        loop {
            while executor.try_tick() {}
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return value;
            }
            if woken.0.swap(false, Ordering::Relaxed) || executor.try_tick() {
                continue;
            }
            let waker = {
                let mut sim = lock(sim);
                let ((at, _), waker) =
                    sim.timers.pop().expect("deadlock: nothing runs, nothing waits");
                sim.now = sim.now.max(at);
                waker
            };
            waker.wake();
        }
    }
}

/// How long ago 1970 began by the machine's calendar.
#[cfg(target_pointer_width = "64")]
fn calendar() -> Duration {
    use std::time::SystemTime;
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// With musl on a 32-bit machine `SystemTime` panics from 2038 on, and clocks jump.
#[cfg(not(target_pointer_width = "64"))]
fn calendar() -> Duration {
    let time = clock_gettime(ClockId::Realtime);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), nanos)
}

/// Whether there is something to look at again before time goes on.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What tells this boot from others (random(4)); 0 where the kernel does not say.
fn boot_id() -> u64 {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    u64::from_str_radix(&digits, 16).unwrap_or(0)
}

/// Runs what can run, for ever. `Executor::run` looks up only after 200 tasks: when a hundred
/// answers come at once, whoever sends the next requests would wait until the last one is read.
async fn turns<T>(executor: &Executor<'_>) -> T {
    loop {
        executor.tick().await;
        let began = Instant::now();
        while executor.try_tick() {
            if began.elapsed() >= TURN {
                future::yield_now().await;
                break;
            }
        }
    }
}

impl Simulation {
    fn up(&self) -> Duration {
        self.now.saturating_sub(self.booted) + self.slept
    }

    /// Where this timer stands, or would.
    fn place(&self, key: (Duration, u64)) -> Result<usize, usize> {
        self.timers.binary_search_by(|(other, _)| key.cmp(other))
    }

    /// The calendar was set: who waits for an alarm looks again.
    fn stir(&mut self) {
        self.sets += 1;
        self.timers.iter().for_each(|(_, waker)| waker.wake_by_ref());
    }
}

fn lock(sim: &Mutex<Simulation>) -> MutexGuard<'_, Simulation> {
    sim.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place in the simulation's line of timers, given up when dropped.
struct SimTimer<'a> {
    sim: &'a Mutex<Simulation>,
    key: Option<(Duration, u64)>,
}

impl SimTimer<'_> {
    fn poll(&mut self, at: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let mut sim = lock(self.sim);
        if sim.now >= at {
            return Poll::Ready(());
        }
        let key = *self.key.get_or_insert_with(|| {
            sim.next_id += 1;
            (at, sim.next_id)
        });
        let waker = cx.waker().clone();
        match sim.place(key) {
            Ok(at) => sim.timers[at].1 = waker,
            Err(at) => sim.timers.insert(at, (key, waker)),
        }
        Poll::Pending
    }
}

impl Drop for SimTimer<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let mut sim = lock(self.sim);
            if let Ok(at) = sim.place(key) {
                sim.timers.remove(at);
            }
        }
    }
}
