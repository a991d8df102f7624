//! Quotas over simulated weeks: restarts, kills, boots, and calendars that jump.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::http::ServerLimit;
use newsagg::limit::{Hold, HoldCause, Limiter};
use newsagg::source::Window;
use newsagg::source::{guardian, known, newsapi};
use newsagg::time::Timestamp;
use smol::Executor;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const TEN_YEARS: i64 = 3652 * 86_400;

/// The same numbers for the same seed.
struct Luck(u64);

impl Luck {
    fn new(seed: u64) -> Luck {
        Luck(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Mostly short, sometimes long.
    fn span(&mut self, longest: Duration) -> Duration {
        let scale = 1 << self.below(12);
        let longest = u64::try_from(longest.as_nanos()).unwrap() / scale;
        Duration::from_nanos(self.below(longest.max(1)))
    }
}

/// The file that processes leave each other, and whether it can be written.
#[derive(Default)]
struct Disk {
    bytes: Option<Vec<u8>>,
    broken: bool,
}

/// A machine on which one process at a time holds the ledger.
struct Machine {
    clock: Clock,
    executor: Executor<'static>,
    disk: Arc<Mutex<Disk>>,
    limiter: Limiter,
    /// When the process that runs began; its own clock counts from then.
    began: Cell<Duration>,
}

impl Machine {
    fn new() -> Machine {
        let clock = Clock::simulated(Timestamp::from_unix(1_795_240_800).unwrap());
        let disk = Arc::new(Mutex::new(Disk::default()));
        let executor = Executor::new();
        let began = Cell::new(Duration::ZERO);
        let mut machine = Machine { clock, executor, disk, limiter: Limiter::default(), began };
        machine.start();
        machine
    }

    /// As the process that runs counts.
    fn now(&self) -> Duration {
        self.clock.now() - self.began.get()
    }

    fn wait(&self, span: Duration) {
        let until = self.clock.now() + span;
        self.clock.block_on(&self.executor, self.clock.sleep_until(until));
    }

    /// A process begins with what the disk holds.
    fn start(&mut self) {
        self.began.set(self.clock.now());
        self.limiter = match &self.disk.lock().unwrap().bytes {
            Some(bytes) => Limiter::decode(bytes, self.now(), self.clock.moment())
                .unwrap_or_else(|_| Limiter::blind(self.now())),
            None => Limiter::default(),
        };
        let (disk, clock) = (self.disk.clone(), self.clock.clone());
        let save = move |bytes: &[u8]| {
            let mut disk = disk.lock().unwrap();
            if disk.broken {
                return Err("the disk is full".into());
            }
            disk.bytes = Some(bytes.to_vec());
            Ok(())
        };
        self.limiter.set_saver(Box::new(save), Box::new(move || clock.moment()));
        if self.limiter.changed() {
            self.limiter.save(self.now()).ok();
        }
    }

    /// A process ends as it should.
    fn end(&mut self) {
        self.limiter.settle(self.now());
        if self.limiter.changed() {
            self.limiter.save(self.now()).ok();
        }
    }

    /// Takes a permit; `None` if one left.
    fn ask(&mut self, windows: &[Window]) -> Option<Duration> {
        let now = self.now();
        let free = self.limiter.take("a", windows, now).err();
        self.limiter.ended("a");
        free
    }
}

/// In no span of any window did more leave than it counts.
fn check(departures: &[Duration], windows: &[Window], seed: u64) {
    for window in windows {
        let count = window.count as usize;
        for pair in departures.windows(count + 1) {
            let span = pair[count] - pair[0];
            assert!(span >= window.per, "seed {seed}: {} within {span:?} of {window:?}", count + 1);
        }
    }
}

fn some_windows(luck: &mut Luck) -> Vec<Window> {
    match luck.below(7) {
        0 => newsapi::WINDOWS.to_vec(),
        1 => guardian::WINDOWS.to_vec(),
        2 => known::GITHUB.to_vec(),
        3 => known::HNRSS.to_vec(),
        4 => known::REDDIT_FEEDS.to_vec(),
        5 => vec![
            Window { count: 6, per: MINUTE },
            Window { count: 200 + luck.below(300) as u32, per: HOUR },
        ],
        _ => {
            let one = |luck: &mut Luck| Window {
                count: 1 + luck.below(40) as u32,
                per: MINUTE + luck.span(2 * DAY),
            };
            (0..=luck.below(3)).map(|_| one(luck)).collect()
        }
    }
}

/// What befalls a machine between two requests.
fn fate(machine: &mut Machine, luck: &mut Luck) {
    match luck.below(40) {
        0..=2 => {
            machine.end();
            machine.start();
        }
        // kill -9: the disk has what was last saved.
        3..=4 => machine.start(),
        5 => {
            machine.clock.step(if luck.one_in(2) { TEN_YEARS } else { -TEN_YEARS });
        }
        6 => {
            if luck.one_in(2) {
                machine.end();
            }
            machine.clock.reboot();
            if luck.one_in(3) {
                machine.clock.step(if luck.one_in(2) { TEN_YEARS } else { -TEN_YEARS });
            }
            machine.wait(luck.span(HOUR));
            machine.start();
        }
        7 => {
            machine.end();
            machine.wait(luck.span(DAY));
            machine.start();
        }
        8 => {
            let mut disk = machine.disk.lock().unwrap();
            disk.broken = !disk.broken && luck.one_in(2);
        }
        _ => {}
    }
}

/// Requests at random, with what befalls a machine between them, for so long.
fn live(windows: &[Window], luck: &mut Luck, long: Duration, damage: u64) -> Vec<Duration> {
    let longest = windows.iter().map(|window| window.per).max().unwrap();
    let mut machine = Machine::new();
    let mut departures = Vec::new();
    while machine.clock.now() < long && departures.len() < 1000 {
        let wait = match machine.ask(windows) {
            None => {
                departures.push(machine.clock.now());
                luck.span(longest / 8)
            }
            // At the very moment it names, or at any other.
            Some(at) if at < Duration::MAX && luck.one_in(2) => at - machine.now(),
            Some(_) => luck.span(longest),
        };
        machine.wait(wait);
        fate(&mut machine, luck);
        if damage > 0 && luck.one_in(damage) {
            if let Some(bytes) = &mut machine.disk.lock().unwrap().bytes {
                bytes.truncate(luck.below(bytes.len().max(1) as u64) as usize);
            }
            machine.start();
        }
    }
    departures
}

#[test]
fn no_restart_kill_boot_or_clock_lets_a_window_be_overrun() {
    for seed in 0..40 {
        let luck = &mut Luck::new(seed);
        let windows = some_windows(luck);
        let departures = live(&windows, luck, 21 * DAY, 0);
        assert!(departures.len() > 20, "seed {seed}: only {} left", departures.len());
        check(&departures, &windows, seed);
    }
}

#[test]
fn a_ledger_that_is_damaged_lets_no_window_be_overrun() {
    let mut all = 0;
    for seed in 0..30 {
        let luck = &mut Luck::new(seed);
        let windows = some_windows(luck);
        let departures = live(&windows, luck, 21 * DAY, 60);
        check(&departures, &windows, seed);
        all += departures.len();
    }
    assert!(all > 1000, "only {all} left");
}

#[test]
fn without_jumps_nine_tenths_of_what_is_allowed_is_used_however_often_it_restarts() {
    for seed in 0..15 {
        let luck = &mut Luck::new(seed);
        let windows = match seed {
            0 => newsapi::WINDOWS.to_vec(),
            1 => guardian::WINDOWS.to_vec(),
            2 => known::GITHUB_WITH_TOKEN.to_vec(),
            3 => vec![Window { count: 6, per: MINUTE }, Window { count: 300, per: HOUR }],
            4 => known::REDDIT_FEEDS.to_vec(),
            _ => {
                vec![Window { count: 1 + luck.below(300) as u32, per: MINUTE + luck.span(2 * DAY) }]
            }
        };
        let rate = |window: &Window| f64::from(window.count) / window.per.as_secs_f64();
        let rate = windows.iter().map(rate).fold(f64::MAX, f64::min);
        let longest = windows.iter().map(|window| window.per).max().unwrap();
        let span = (longest * 40).min(longest * 2 + Duration::from_secs_f64(2500.0 / rate));
        let mut machine = Machine::new();
        let mut departures = Vec::new();
        while machine.clock.now() < span {
            match machine.ask(&windows) {
                None => departures.push(machine.clock.now()),
                Some(at) => machine.wait(at - machine.now()),
            }
            match luck.below(100) {
                0 => {
                    machine.end();
                    machine.start();
                }
                1 => {
                    machine.end();
                    machine.clock.reboot();
                    machine.start();
                }
                // One that dies costs what it had set aside.
                2 if luck.one_in(10) => machine.start(),
                _ => {}
            }
        }
        check(&departures, &windows, seed);
        let allowed = rate * span.as_secs_f64();
        let used = departures.len() as f64;
        assert!(used >= 0.9 * allowed, "seed {seed}: {used} of {allowed} with {windows:?}");
    }
}

#[test]
fn what_a_server_asked_for_is_kept_to_whatever_happens_and_ends_when_the_clocks_are_well() {
    for seed in 0..60 {
        let luck = &mut Luck::new(seed);
        let calm = seed % 2 == 0;
        let mut machine = Machine::new();
        let span = SECOND + luck.span(20 * DAY);
        let asked = Hold {
            until: machine.now() + span,
            why: "Retry-After".into(),
            cause: HoldCause::Asked,
            count: 1,
            since: machine.clock.wall(),
        };
        machine.limiter.hold("h", asked, machine.now());
        machine.limiter.save(machine.now()).unwrap();
        let end = machine.clock.now() + span;
        let mut boots = 0;
        for _ in 0..60 {
            match (calm, luck.one_in(5)) {
                (false, _) => fate(&mut machine, luck),
                (true, false) => machine.start(),
                (true, true) => {
                    machine.clock.reboot();
                    machine.start();
                    boots += 1;
                }
            }
            machine.wait(luck.span(span / 10));
            let (now, held) = (machine.clock.now(), machine.limiter.held("h", machine.now()));
            assert!(held.is_some() || now >= end, "seed {seed}: free {:?} early", end - now);
            // A boot and a restart cost a second of doubt and some milliseconds, until the next save.
            let late = end + SECOND * (boots + 1) + SECOND;
            assert!(!calm || held.is_none() || now <= late, "seed {seed}: still held at {now:?}");
        }
    }
}

/// A service that lets `limit` requests through in each fixed window and says so.
struct Service {
    limit: u32,
    window: Duration,
    current: u128,
    used: u32,
    /// In all windows.
    passed: u32,
}

impl Service {
    /// Whether it lets this one through, and what it says.
    fn asked(&mut self, now: Duration) -> (bool, ServerLimit) {
        let window = now.as_nanos() / self.window.as_nanos();
        if window != self.current {
            (self.current, self.used) = (window, 0);
        }
        let ok = self.used < self.limit;
        self.used += u32::from(ok);
        self.passed += u32::from(ok);
        let rest =
            self.window - Duration::from_nanos((now.as_nanos() % self.window.as_nanos()) as u64);
        let said = ServerLimit {
            limit: Some(self.limit),
            remaining: self.limit - self.used,
            // Whole seconds, as in the header.
            reset: Some(Duration::from_secs(rest.as_millis().div_ceil(1000) as u64)),
            window: None,
        };
        (ok, said)
    }
}

/// What is on its way: to the service, or back from it.
enum Travels {
    Out,
    Back(bool, ServerLimit),
}

#[test]
fn a_service_with_fixed_windows_that_is_listened_to_refuses_hardly_ever_and_is_well_used() {
    let mut all = 0;
    for seed in 0..30 {
        let luck = &mut Luck::new(seed);
        let lonely = seed % 2 == 0;
        let limit = 60 + luck.below(200) as u32;
        let window = 10 * MINUTE + luck.span(2 * HOUR);
        let mut service = Service { limit, window, current: 0, used: 0, passed: 0 };
        let mut machine = Machine::new();
        let mut travels: Vec<(Duration, Travels)> = Vec::new();
        let mut retry_after = Duration::ZERO;
        let (mut heard, mut refused) = (false, 0);
        while machine.clock.now() < window * 8 {
            let now = machine.now();
            let held = machine.limiter.held("a", now).map(|hold| hold.until);
            // Nothing is sent before the first answer, nor more than four at once.
            let room = travels.len() < if heard { 4 } else { 1 };
            let free = match held {
                _ if !room => None,
                Some(until) => Some(until),
                None => match machine.limiter.take("a", &[], now) {
                    Ok(()) => {
                        assert!(machine.clock.now() >= retry_after, "seed {seed}: asked too soon");
                        let arrives = machine.clock.now() + luck.span(SECOND);
                        travels.push((arrives, Travels::Out));
                        continue;
                    }
                    Err(at) => Some(at),
                },
            };
            let free = free.map(|at| machine.began.get() + at);
            let next =
                travels.iter().map(|(at, _)| *at).min().into_iter().chain(free).min().unwrap();
            machine.wait(next - machine.clock.now());
            if !lonely && luck.one_in(50) {
                // Somebody else at the same address, now and then one who knows no measure.
                let greedy = luck.one_in(5);
                while service.asked(machine.clock.now()).0 && greedy {}
            }
            let Some(index) = travels.iter().position(|(at, _)| *at <= machine.clock.now()) else {
                continue;
            };
            match travels.swap_remove(index).1 {
                Travels::Out => {
                    let (ok, said) = service.asked(machine.clock.now());
                    let back = machine.clock.now() + luck.span(SECOND);
                    travels.push((back, Travels::Back(ok, said)));
                }
                Travels::Back(ok, said) => {
                    let now = machine.now();
                    machine.limiter.told("a", &said, &[], now);
                    machine.limiter.ended("a");
                    heard = true;
                    refused += u32::from(!ok);
                    if !ok {
                        let until = now + said.reset.unwrap();
                        retry_after = machine.clock.now() + said.reset.unwrap();
                        let hold = Hold {
                            until,
                            why: "429".into(),
                            cause: HoldCause::Asked,
                            count: 1,
                            since: machine.clock.wall(),
                        };
                        machine.limiter.hold("a", hold, now);
                        machine.limiter.save(now).unwrap();
                    }
                }
            }
            if luck.one_in(200) {
                // What is under way arrives, and nobody hears the answer.
                for _ in travels.drain(..).filter(|(_, travel)| matches!(travel, Travels::Out)) {
                    service.asked(machine.clock.now());
                }
                if luck.one_in(2) {
                    machine.end();
                }
                machine.start();
            }
        }
        assert!(!lonely || refused == 0, "seed {seed}: {refused} refused");
        assert!(refused <= 8 * 4, "seed {seed}: {refused} refused");
        all += refused;
        let share = f64::from(service.passed) / f64::from(limit * 8);
        assert!(share > 0.9, "seed {seed}: {share} of {limit} in {window:?} used");
    }
    assert!(all > 0, "nobody was ever refused: what follows was not seen");
}
