//! A row in simulated time: the web's answers, made up from its seed, played to the same `update`.
//! Nothing waits, and every machine sees the same.

use std::sync::Arc;
use std::time::Duration;

use smol::Executor;

use super::figures::Run;
use super::row::Row;
use crate::clock::Clock;
use crate::loopback::{self, Fault};
use crate::transport::Transport;
use crate::update::{House, Wishes, update};
use crate::wire::tape::{End, Exchange, Head, Pieces, Player};

/// Where the web would be.
const BASE: &str = "http://127.0.0.1";

/// The round.
pub fn run(row: &Row) -> Run {
    let config = row.config(BASE);
    let clock = Clock::simulated(row.web.now);
    let player = Player::made_up(clock.clone(), exchanges(row));
    let transport = Arc::new(Transport::playing(clock.clone(), player));
    let executor: Executor<'static> = Executor::new();
    let mut house = House::new(clock.clone(), transport, &executor);
    let wishes = Wishes { forgetful: true, fail_fast: row.fail_fast, ..Wishes::default() };
    let updated = clock.block_on(&executor, update(&config, &mut house, wishes));
    Run { wall: clock.now(), ..super::run_of(updated) }
}

/// As many answers for each source as it can be asked.
fn exchanges(row: &Row) -> Vec<(Exchange, Pieces)> {
    let tries = row.retries + 1;
    let all = (0..row.sources).flat_map(|source| (1..=tries).map(move |nth| (source, nth)));
    all.map(|(source, nth)| exchange(row, source, nth)).collect()
}

fn exchange(row: &Row, source: usize, nth: u32) -> (Exchange, Pieces) {
    let path = Row::path(source);
    let fault = row.web.fault_of(&path, nth);
    let at = match fault {
        Some(Fault::Latency(latency)) => latency,
        _ => row.web.latency_of(&path, nth),
    };
    let (status, content_type, body) = match fault {
        Some(Fault::Status(status)) => (status, "text/plain", String::new()),
        _ => {
            let (content_type, body) =
                loopback::feed(source as u64, row.web.feed_bytes, row.web.now);
            (200, content_type, body)
        }
    };
    let head = Head {
        at,
        status,
        fields: vec![("content-type".into(), content_type.into())],
        length: Some(body.len() as u64),
        delimited: true,
    };
    let exchange = Exchange {
        url: format!("{BASE}{path}"),
        at: Duration::ZERO,
        local: Some(true),
        head: Some(head),
        end: Some((at, End::Whole)),
        ..Exchange::default()
    };
    (exchange, vec![(at, body.into_bytes())])
}
