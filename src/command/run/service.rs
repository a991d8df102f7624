//! The loop of the service: wait until somebody is due, run a round, say what changed; and do what
//! it is told meanwhile.

use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::FutureExt;
use log::Level;

use super::news::{self, News};
use super::pause::Pause;
use super::{Notice, Order, Voice};
use crate::backoff::scramble;
use crate::clock::{Alarm, Clock};
use crate::command::{FAILED, OK, perform};
use crate::config::{Config, Problem, SourceConfig};
use crate::report::{SourceReport, count};
use crate::round::{Halt, brake};
use crate::schedule::{self, Due};
use crate::store::Lock;
use crate::time::Timestamp;
use crate::update::{House, Updated, Wishes, update};

mod told;

use told::{claim, extent};

/// From the order to stop until the end, at most.
pub const STOP: Duration = Duration::from_millis(1_500);

/// A round takes no longer than its deadline and this: waiting for the state, reading, merging,
/// writing. One that does is stuck, and nobody is told that the work moves.
pub const MARGIN: Duration = Duration::from_secs(60);

/// Reads the config again.
pub type Load<'a> = &'a dyn Fn() -> Result<Config, Vec<Problem>>;

/// What a service is made of.
pub struct Service<'a> {
    /// Where its rounds are run.
    pub house: House<'a>,
    /// What it is told.
    pub orders: Receiver<Order>,
    /// Reads the config again.
    pub load: Load<'a>,
    /// How often at least it says that the work moves, if anybody wants to know.
    pub watchdog: Option<Duration>,
    /// Where it says what.
    pub voice: &'a dyn Voice,
}

impl fmt::Debug for Service<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("house", &self.house).finish_non_exhaustive()
    }
}

/// Runs until it is told to stop; gives the exit code.
pub async fn serve(service: Service<'_>, config: Config) -> u8 {
    let Service { mut house, orders, load, watchdog, voice } = service;
    let mut running = Running {
        clock: house.clock.clone(),
        orders,
        load,
        watchdog,
        tick: Duration::MAX,
        voice,
        config: Rc::new(config),
        reloading: false,
        broken: None,
        claim: None,
        status: String::new(),
        due: Vec::new(),
        pause: Pause::default(),
        news: News::default(),
        hurried: None,
    };
    let house = &mut house;
    house.live.lasting = true;
    if let Err(code) = running.begin(house).await {
        return code;
    }
    let mut next = Next::Round { force: false };
    loop {
        next = match next {
            Next::Round { force } => running.round(house, force).await,
            Next::Look => running.look(house).await,
            Next::Wait => running.wait(house).await,
            Next::Stop => return OK,
        }
    }
}

/// What to do next.
enum Next {
    Round {
        /// Ask also who is not due.
        force: bool,
    },
    /// See what is due: the calendar or the config is not what it was.
    Look,
    Wait,
    Stop,
}

/// What happened while the service waited, or while a round was under way.
enum Event {
    Updated(Box<Updated>),
    Alarm(Alarm),
    Order(Order),
    /// There is news on a stream.
    News,
    /// It is time to say that the work moves.
    Tick,
    /// It is time to go.
    Late,
}

/// All but the house, which is a round's as long as one is under way.
struct Running<'a> {
    clock: Clock,
    orders: Receiver<Order>,
    load: Load<'a>,
    watchdog: Option<Duration>,
    /// When it is to say again that the work moves, however often it does something else until then.
    tick: Duration,
    voice: &'a dyn Voice,
    config: Rc<Config>,
    /// A new config was taken over, and its outputs are not there yet.
    reloading: bool,
    /// What is wrong with the config that was to be read again.
    broken: Option<String>,
    /// No other service has the state directory.
    claim: Option<Lock>,
    /// How things stood after the last round, in a line.
    status: String,
    /// When each source of the config is due.
    due: Vec<Timestamp>,
    pause: Pause,
    news: News,
    /// When it was last told to ask who is not due: time since boot.
    hurried: Option<Duration>,
}

impl Running<'_> {
    /// The outputs, from what is stored: whoever reads them need not wait for the first round.
    async fn begin(&mut self, house: &mut House<'_>) -> Result<(), u8> {
        match claim(&self.config) {
            Ok(claim) => self.claim = claim,
            Err(error) => {
                self.voice.say(Some(Level::Error), &error);
                return Err(FAILED);
            }
        }
        let updated = self.stored(house).await;
        self.news.outputs(&updated, self.voice);
        // One output that cannot be written does not keep the others from their readers.
        let outputs = &updated.report.outputs;
        if !outputs.is_empty() && outputs.iter().all(|output| output.error.is_some()) {
            return Err(FAILED);
        }
        let line = format!(
            "version {}: {}; stored: {}",
            env!("CARGO_PKG_VERSION"),
            extent(&self.config),
            count(updated.report.items, "story", "stories")
        );
        self.voice.say(None, &line);
        self.voice.tell(&Notice::Ready);
        self.ping(true);
        self.status = news::status(&updated);
        Ok(())
    }

    /// What is stored, written, and when each source is due by it.
    async fn stored(&mut self, house: &mut House<'_>) -> Updated {
        let config = self.config.clone();
        let wishes = Wishes { offline: true, starts: true, ..Wishes::default() };
        let updated = update(&config, house, wishes).await;
        self.due.clone_from(&updated.due);
        updated
    }

    async fn look(&mut self, house: &mut House<'_>) -> Next {
        let updated = self.stored(house).await;
        let now = self.clock.wall();
        self.news.outputs(&updated, self.voice);
        self.status = news::status(&updated);
        if std::mem::take(&mut self.reloading) {
            self.voice.tell(&Notice::Ready);
        }
        match self.due.iter().any(|at| *at <= now) {
            true => Next::Round { force: false },
            false => Next::Wait,
        }
    }

    /// Waits until somebody is due, or something else happens.
    async fn wait(&mut self, house: &House<'_>) -> Next {
        let clock = self.clock.clone();
        let now = clock.moment();
        let sources = self.config.sources.iter().zip(&self.due);
        // What is open comes by itself.
        let asked = |source: &&SourceConfig| !source.is_stream() || !house.live.runs(&source.name);
        let sources = sources.filter(|(source, _)| asked(source));
        let slack = |source: &SourceConfig| source.every.mul_f64(self.config.schedule.jitter);
        let dues: Vec<Due> =
            sources.map(|(source, at)| Due { at: *at, slack: slack(source) }).collect();
        let wake = schedule::wake(&dues, luck(&clock));
        let left = match wake {
            Some(wake) => wake.unix().saturating_sub(now.wall.unix()),
            None => i64::from(u32::MAX),
        };
        let left = u64::try_from(left).unwrap_or(0);
        let next = wake.map_or("next round with the next news".into(), |wake| {
            format!("next round {}", wake.near(now.wall))
        });
        let broken = self.broken.iter().map(|line| format!("; {line}")).collect::<String>();
        let open = news::streams(&house.live);
        let status = format!("{}{open}; {next}{broken}", self.status);
        self.voice.tell(&Notice::Status(status));
        self.ping(true);
        let mut alarm = pin!(clock.alarm(now.up.saturating_add(Duration::from_secs(left))));
        loop {
            let alarm = async { Event::Alarm(alarm.as_mut().await) };
            let news = async {
                house.live.news(&clock).await;
                Event::News
            };
            match alarm.or(self.order()).or(news).or(self.tick()).await {
                Event::News => return Next::Round { force: false },
                Event::Alarm(Alarm::Rang) => return Next::Round { force: false },
                Event::Alarm(Alarm::ClockSet) => {
                    log::debug!("the calendar was set, or the machine woke");
                    self.pause.forget();
                    return Next::Look;
                }
                Event::Order(Order::Now) => return Next::Round { force: self.may_hurry() },
                Event::Order(Order::Reload) => {
                    if self.reload() {
                        return Next::Look;
                    }
                    self.voice.tell(&Notice::Ready);
                    // What is wrong belongs to how things stand.
                    return Next::Wait;
                }
                Event::Order(Order::Stop(signal)) => {
                    self.stopping(signal);
                    return Next::Stop;
                }
                Event::Tick => self.ping(true),
                Event::Updated(_) | Event::Late => {}
            }
        }
    }

    /// One round. What it is told meanwhile is done at once, but for a new config: that is for the
    /// next one.
    async fn round(&mut self, house: &mut House<'_>, force: bool) -> Next {
        let clock = self.clock.clone();
        let config = self.config.clone();
        let (brake, halt) = brake();
        house.halt = halt;
        let began = clock.now();
        let mut late = Duration::MAX;
        let mut reloaded = false;
        let mut stopping = false;
        let updated = {
            let wishes = Wishes { force, ..Wishes::default() };
            let mut work = pin!(update(&config, house, wishes));
            loop {
                let work = async { Event::Updated(Box::new(work.as_mut().await)) };
                let end = async {
                    clock.sleep_until(late).await;
                    Event::Late
                };
                match work.or(self.order()).or(self.tick()).or(end).await {
                    Event::Updated(updated) => break Some(updated),
                    Event::Order(Order::Stop(signal)) if !stopping => {
                        self.stopping(signal);
                        brake.pull();
                        stopping = true;
                        late = clock.now().saturating_add(STOP);
                    }
                    Event::Order(Order::Reload) if stopping => {}
                    // Told twice, it need not be kind.
                    Event::Order(Order::Stop(_)) | Event::Late => break None,
                    Event::Order(Order::Reload) => {
                        reloaded |= self.reload();
                        // Whoever waits for that need not wait for the round, too.
                        self.reloading = false;
                        self.voice.tell(&Notice::Ready);
                    }
                    Event::Order(Order::Now) => log::debug!("a round is under way"),
                    Event::Tick => {
                        self.ping(moves(began, clock.now(), config.fetch.deadline));
                    }
                    Event::Alarm(_) | Event::News => {}
                }
            }
        };
        house.halt = Halt::default();
        if stopping {
            return Next::Stop;
        }
        if let Some(updated) = updated {
            self.conclude(&updated);
        }
        if reloaded { Next::Look } else { Next::Wait }
    }

    /// After a round: what changed, and when to come again.
    fn conclude(&mut self, updated: &Updated) {
        let clock = &self.clock;
        let (now, luck) = (clock.wall(), luck(clock));
        self.news.tell(updated, self.voice, now);
        for line in perform::lines(updated).iter().chain(&updated.notes) {
            log::info!("{line}");
        }
        log::info!("{}", updated.report.line());
        self.due.clone_from(&updated.due);
        let well = updated.report.sources.iter().any(SourceReport::is_well);
        let reached = well && !updated.line_down;
        self.pause.after(&mut self.due, now, reached, luck);
        self.status = news::status(updated);
    }

    fn stopping(&self, signal: &str) {
        self.voice.say(None, &format!("stopping: {signal}"));
        self.voice.tell(&Notice::Stopping);
    }

    async fn order(&self) -> Event {
        match self.orders.recv().await {
            Ok(order) => Event::Order(order),
            // Nobody can tell it anything any more.
            Err(_) => std::future::pending().await,
        }
    }

    async fn tick(&self) -> Event {
        self.clock.sleep_until(self.tick).await;
        Event::Tick
    }

    /// Says that the work moves, if it does and anybody wants to know; sd_watchdog_enabled(3)
    /// recommends to do so in half of the time.
    fn ping(&mut self, moves: bool) {
        let Some(span) = self.watchdog else { return };
        if moves {
            self.voice.tell(&Notice::Watchdog);
        }
        self.tick = self.clock.now().saturating_add(span / 2);
    }
}

/// Whether a round that began then may still be under way, or is stuck.
fn moves(began: Duration, now: Duration, deadline: Duration) -> bool {
    now <= began.saturating_add(deadline).saturating_add(MARGIN)
}

/// Another number at every call, and on every machine.
fn luck(clock: &Clock) -> u64 {
    let moment = clock.moment();
    scramble(moment.boot) ^ moment.up.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_goes_on_beyond_its_deadline_and_a_margin_is_stuck() {
        let [began, deadline] = [Duration::from_secs(1_000), Duration::from_secs(60)];
        assert!(moves(began, began + deadline + MARGIN, deadline));
        assert!(!moves(began, began + deadline + MARGIN + Duration::from_secs(1), deadline));
    }
}
