//! What the task of one stream does: open it, read it, open it again.

use std::sync::Arc;
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::{FutureExt, future};

use super::pause::{pause, pause_after};
use super::{Channel, Inbox, Shared, lock};
use crate::clock::Clock;
use crate::failure::{Failure, Stage};
use crate::format::sse::{Event, Parser};
use crate::http::{Request, Url, without_secrets};
use crate::round::refusal;
use crate::source::live::Heard;
use crate::time::format_duration;
use crate::transport::{Opened, Stream, Transport};

/// Of one stream no more than so many bytes are read within a minute; then its server waits.
pub const MAX_PER_MINUTE: u64 = 1 << 20;

/// A connection that was open for so long was a good one, even if nothing came.
pub const WELL_AFTER: Duration = Duration::from_secs(60);

/// One that said something and ended sooner, again and again, is no stream but a page that wants to be
/// asked: pauses double so often and no more.
const SHORT: u32 = 4;

const MINUTE: Duration = Duration::from_secs(60);

/// A longer id is not sent back: servers refuse heads that grow.
const MAX_SENT_ID: usize = 1_024;

/// All that the task has.
pub(super) struct Reading {
    pub(super) channel: Channel,
    pub(super) transport: Arc<Transport>,
    pub(super) shared: Shared,
    pub(super) stir: Sender<()>,
    /// One for each permit that was taken for it.
    pub(super) permits: Receiver<()>,
    /// It is opened again when it breaks off.
    pub(super) lasting: bool,
}

/// How a connection ended.
enum End {
    /// It was open, and broke off, as all of them do some time.
    BrokenOff { well: bool, said: bool },
    /// It never was, or the service reported an error.
    Failed(Failure, Url),
    /// And nobody is to come back.
    Over(Failure, Url),
}

impl Reading {
    /// Reads until the stream is over.
    pub(super) async fn run(self) {
        let clock = self.transport.clock().clone();
        let mut heard = Vec::new();
        let (mut tries, mut retry, mut count) = (0, None, clock.moment().boot);
        loop {
            self.permit(&clock).await;
            let end = self.connection(&clock, &mut heard, &mut retry).await;
            count = count.wrapping_add(1);
            let wait = match end {
                End::BrokenOff { well, said } => {
                    tries = match (well, said) {
                        (true, _) => 0,
                        (false, true) => SHORT.min(tries + 1),
                        (false, false) => tries + 1,
                    };
                    self.note(&clock, |inbox| inbox.stand.open = None);
                    pause(retry, tries, count)
                }
                End::Failed(failure, place) => {
                    tries += 1;
                    let now = clock.wall();
                    let wait = pause_after(&failure, &place, retry, tries, count, now);
                    let url = without_secrets(&place);
                    let url = self.request().map_or(url.clone(), |own| own.conceal(&url));
                    log::debug!("{url}: {failure}; again in {}", format_duration(wait));
                    self.note(&clock, |inbox| inbox.fail(failure, place));
                    wait
                }
                End::Over(failure, place) => {
                    self.note(&clock, |inbox| {
                        inbox.fail(failure, place);
                        inbox.stand.over = true;
                    });
                    break;
                }
            };
            if !self.lasting {
                break;
            }
            let mut until = Some(clock.now().saturating_add(wait));
            while let Some(at) = until {
                clock.sleep_until(at).await;
                // Others may have been told to stay away meanwhile.
                until = lock(&self.shared).spared.filter(|spared| *spared > at);
            }
            self.note(&clock, |inbox| inbox.stand.reconnects += 1);
        }
        self.note(&clock, |inbox| inbox.ended = true);
        self.stir.try_send(()).ok();
    }

    /// Waits for a permit, where a quota counts the request.
    async fn permit(&self, clock: &Clock) {
        if self.channel.terms.counted {
            lock(&self.shared).permits.want(clock.now());
            self.stir.try_send(()).ok();
            // Whoever has the other end cancels this task with it.
            self.permits.recv().await.ok();
        }
    }

    async fn connection(
        &self,
        clock: &Clock,
        heard: &mut Vec<u64>,
        retry: &mut Option<Duration>,
    ) -> End {
        let Some(request) = self.request() else {
            return End::BrokenOff { well: false, said: false };
        };
        let Channel { source, terms, .. } = &self.channel;
        let opening = self.transport.open(&request, &terms.options, terms.timeout).await;
        let place = opening.place;
        let unsent = opening.result.as_ref().err().is_some_and(|failure| failure.unsent);
        self.note(clock, |inbox| {
            inbox.requests += opening.requests;
            inbox.permits.used(opening.requests, unsent);
        });
        match opening.result {
            Err(failure) => End::Failed(failure, place),
            Ok(Opened::Answer(answer)) => {
                let refused = match answer.status {
                    204 => nothing_more(),
                    _ => refusal(&answer, source.explain(answer.status, &answer.body)),
                };
                let cause = opening.redactor.redact(&refused.cause);
                let refused = Failure { cause, ..refused };
                match answer.status {
                    204 | 410 => End::Over(refused, place),
                    _ => End::Failed(refused, place),
                }
            }
            Ok(Opened::Stream(stream)) => {
                log::debug!("{}: open", opening.redactor.redact(&without_secrets(&place)));
                self.note(clock, |inbox| inbox.opened(clock));
                match self.listen(stream, clock, heard, retry).await {
                    Ok(end) => end,
                    Err(failure) => End::Failed(failure, place),
                }
            }
        }
    }

    fn request(&self) -> Option<Request> {
        let mut request = self.channel.source.live()?.open()?;
        request.headers.extend(self.channel.headers.iter().cloned());
        let last_id = lock(&self.shared).last_id.clone();
        if !last_id.is_empty() && last_id.len() <= MAX_SENT_ID && last_id.bytes().all(is_sent) {
            request = request.with("last-event-id", &last_id, false);
        }
        Some(request)
    }

    /// Reads one connection to its end.
    async fn listen(
        &self,
        mut stream: Stream,
        clock: &Clock,
        heard: &mut Vec<u64>,
        retry: &mut Option<Duration>,
    ) -> Result<End, Failure> {
        let Some(live) = self.channel.source.live() else {
            return Ok(End::BrokenOff { well: false, said: false });
        };
        let mut parser = Parser::resuming(&lock(&self.shared).last_id);
        let (opened, mut events) = (clock.now(), 0);
        let mut minute = (opened, 0);
        let mut piece = Vec::new();
        loop {
            let idle = async {
                clock.sleep_until(clock.now().saturating_add(live.idle())).await;
                Err(Failure::new(Stage::Timeout, "nothing came for too long"))
            };
            let next = stream.next(&mut piece).or(idle).await;
            if let Err(failure) = &next {
                log::debug!("{}: {failure}", self.channel.name);
            }
            if next.is_err() || piece.is_empty() {
                let lived = clock.now().saturating_sub(opened);
                return Ok(End::BrokenOff { well: lived >= WELL_AFTER, said: events > 0 });
            }
            let mut over = None;
            let skipped = parser.skipped();
            parser.feed(&piece, &mut |event: Event| {
                events += 1;
                let said = live.hear(event, heard);
                self.note(clock, |inbox| over = over.or(inbox.hear(said)));
            });
            self.note(clock, |inbox| {
                inbox.bytes_in += piece.len() as u64;
                inbox.stand.events += parser.skipped() - skipped;
                inbox.stand.unreadable += parser.skipped() - skipped;
                if inbox.last_id != parser.last_id() {
                    parser.last_id().clone_into(&mut inbox.last_id);
                }
            });
            *retry = parser.retry().or(*retry);
            if let Some(why) = over {
                return Err(Failure::new(Stage::Service, why));
            }
            hold_back(clock, &mut minute, piece.len()).await;
        }
    }

    /// Notes something, and says so if there is something to show since then.
    fn note(&self, clock: &Clock, note: impl FnOnce(&mut Inbox)) {
        let mut inbox = lock(&self.shared);
        let before = (inbox.pending.is_some(), inbox.opened.is_some());
        note(&mut inbox);
        if inbox.wants_a_round() {
            inbox.pending.get_or_insert_with(|| clock.now());
        }
        if before != (inbox.pending.is_some(), inbox.opened.is_some()) {
            // One word that was not heard yet is enough.
            self.stir.try_send(()).ok();
        }
    }
}

impl Inbox {
    fn opened(&mut self, clock: &Clock) {
        self.opened.get_or_insert_with(|| clock.now());
        self.stand.open = Some(clock.wall());
        self.answered = true;
        self.recovered = self.stand.failure.take().is_some();
    }

    /// The same failure once more is no news.
    fn fail(&mut self, failure: Failure, place: Url) {
        self.stand.open = None;
        let kind = |failure: &Failure| (failure.stage, failure.status);
        if self.stand.failure.as_ref().map(kind) != Some(kind(&failure)) {
            self.failed = Some((failure.clone(), place));
        }
        self.recovered = false;
        self.stand.failure = Some(failure);
    }

    /// Takes in what an event says; why the stream is over, if it is.
    fn hear(&mut self, said: Heard) -> Option<&'static str> {
        self.stand.events += 1;
        match said {
            Heard::Item(item) => self.stand.dropped += self.buffer.push(*item),
            Heard::Due => self.due = true,
            Heard::Nothing => {}
            Heard::Unreadable => self.stand.unreadable += 1,
            Heard::Over(why) => return Some(why),
        }
        None
    }

    fn wants_a_round(&self) -> bool {
        self.buffer.has_news() || self.due || self.failed.is_some() || self.recovered
    }
}

/// Gives others their turn; after too much within a minute, until that is over.
async fn hold_back(clock: &Clock, (began, bytes): &mut (Duration, u64), more: usize) {
    let end = began.saturating_add(MINUTE);
    *bytes += more as u64;
    if *bytes >= MAX_PER_MINUTE && clock.now() < end {
        clock.sleep_until(end).await;
    }
    if clock.now() >= end {
        (*began, *bytes) = (clock.now(), 0);
    }
    future::yield_now().await;
}

/// HTML Standard §9.2.2: who is told 204 does not come back.
fn nothing_more() -> Failure {
    let cause = "answered with 204, there is nothing more to come";
    Failure { status: Some(204), ..Failure::new(Stage::Status, cause) }
}

/// What a field may hold, and http-types takes.
fn is_sent(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}
