//! A publisher's audit: what a thousand rounds look like from the servers' side.
//!
//! Publishers of different habits write down every request that they should not have seen.

use std::time::Duration;

use newsagg::config::Config;
use newsagg::http::Validators;
use newsagg::time::Timestamp;

use crate::support::world::*;

mod publisher;

use publisher::Habit::*;
use publisher::{Habit, LOST, Publisher};

/// Host, path, `every` in minutes, habit.
const PUBLISHERS: [(&str, &str, u64, Habit); 20] = [
    ("etag.test", "/", 10, Etag),
    ("modified.test", "/", 10, Modified),
    ("both.test", "/", 10, Both),
    ("weak.test", "/", 10, Weak),
    ("restless.test", "/", 10, Restless),
    ("nothing.test", "/", 10, NoValidators),
    ("drifting.test", "/", 10, Drifting),
    ("fresh.test", "/", 10, Fresh),
    ("ttl.test", "/", 10, Ttl),
    ("refuses.test", "/", 10, Refuses),
    ("refuses-by-date.test", "/", 10, RefusesByDate),
    ("fails.test", "/", 10, Fails),
    ("lost.test", "/", 10, Lost),
    ("gone.test", "/", 10, Gone),
    ("moved.test", "/", 10, Moved),
    ("api.github.com", "/", 10, Counts),
    ("www.reddit.com", "/r/a.rss", 10, Etag),
    ("www.reddit.com", "/r/b.rss", 10, Both),
    ("metered.test", "/", 10, Metered),
    ("hourly.test", "/", 60, Both),
];

/// Accounts, and how many requests of theirs may leave within any span.
const QUOTAS: [(&str, usize, Duration); 4] = [
    ("www.reddit.com", 1, MINUTE),
    ("api.github.com", 60, HOUR),
    ("metered.test", 4, HOUR),
    ("metered.test", 20, DAY),
];

struct Press(Vec<Publisher>);

impl Press {
    fn of(&mut self, asked: &Asked) -> &mut Publisher {
        let reddit = asked.host() == "www.reddit.com";
        let mine = |publisher: &&mut Publisher| {
            publisher.host == asked.host() && (!reddit || publisher.path == asked.url.path())
        };
        self.0.iter_mut().find(mine).unwrap()
    }

    /// Requests beyond a quota, in any span.
    fn over(&self) -> Vec<String> {
        let mut over = Vec::new();
        for (host, count, per) in QUOTAS {
            let own = self.0.iter().filter(|publisher| publisher.host == host);
            let mut all: Vec<Duration> = own.flat_map(|publisher| publisher.at.clone()).collect();
            all.sort();
            let close = all.windows(count + 1).filter(|run| run[count] - run[0] < per);
            over.extend(close.map(|run| format!("{host}: {run:?} within {per:?}")));
        }
        over
    }

    fn table(&self) -> String {
        let mut table = format!(
            "{:22} {:>8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>6}\n",
            "publisher", "requests", "200", "304", "other", "uncond", "intruded", "early"
        );
        for Publisher { host, path, book, .. } in &self.0 {
            table += &format!(
                "{:22} {:>8} {:>6} {:>6} {:>6} {:>6} {:>8} {:>6}\n",
                format!("{host}{path}"),
                book.requests,
                book.fresh,
                book.unchanged,
                book.other,
                book.unconditional.len(),
                book.intruded.len(),
                book.early.len()
            );
            for complaints in [&book.unconditional, &book.intruded, &book.early] {
                for complaint in complaints.iter().take(3) {
                    table += &format!("    {complaint}\n");
                }
            }
        }
        table
    }
}

impl Web for Press {
    fn answer(&mut self, asked: &Asked) -> Reply {
        let publisher = self.of(asked);
        publisher.look_at(asked);
        publisher.answer(asked)
    }

    fn arrived(&mut self, asked: &Asked, reply: &Reply, at: Duration) {
        self.of(asked).arrived(reply, at);
    }

    fn ended(&mut self, killed: bool, at: Duration) {
        self.0.iter_mut().for_each(|publisher| publisher.ended(killed, at));
    }
}

fn subscriptions(world: &World<Press>) -> Config {
    let source = |(host, path, every, habit): (&str, &str, u64, Habit)| {
        let quota = if habit == Metered { "quota = [\"4/1h\", \"20/24h\"]" } else { "" };
        format!(
            "[[source]]\nname = \"{host}{path}\"\nkind = \"feed\"\nurl = \"https://{host}{path}\"\n\
             every = \"{every}m\"\n{quota}\n"
        )
    };
    let sources: String = PUBLISHERS.into_iter().map(source).collect();
    world.config(&format!("state.keep = \"1h\"\n[[output]]\npath = \"feed.json\"\n{sources}"))
}

#[test]
fn a_thousand_rounds_give_no_publisher_a_reason_to_complain() {
    const SEED: u64 = 5;
    let mut luck = Luck::new(SEED);
    let press = Press(PUBLISHERS.into_iter().map(Publisher::new).collect());
    let world = World::new("audit", press);
    let config = subscriptions(&world);
    for round in 0..1_000u32 {
        if luck.one_in(12) {
            world.killed_at(&config, 1 + luck.below(12) as usize);
        } else {
            world.round(&config);
        }
        if luck.one_in(50) {
            world.clock.reboot();
        }
        // From time to time nobody looks for a day.
        let pause = if round % 25 == 24 { DAY } else { Duration::ZERO };
        world.wait(pause + 9 * MINUTE + Duration::from_millis(luck.below(120_000)));
    }
    let press = world.web.lock().unwrap();
    let over = press.over();
    let blameless = |publisher: &Publisher| {
        let book = &publisher.book;
        book.unconditional.len() + book.intruded.len() + book.early.len() == 0
    };
    let table = format!("seed {SEED}\n{}{over:#?}", press.table());
    assert!(over.is_empty() && press.0.iter().all(blameless), "{table}");

    // Whoever never asks gives no reason to complain either.
    for Publisher { host, habit, book, at, .. } in &press.0 {
        let least = match habit {
            Gone => 15,
            Refuses | RefusesByDate | Ttl | Fresh | Metered => 150,
            _ if *host == "hourly.test" => 100,
            // Two of them share what one could use up.
            _ if *host == "www.reddit.com" => 400,
            _ => 500,
        };
        assert!(book.requests >= least, "{host} was forgotten:\n{table}");
        let told = !matches!(habit, NoValidators | Restless | Ttl);
        assert!(!told || book.unchanged > book.requests / 4, "{host} gave it all again:\n{table}");
        if *habit == Lost {
            let lost = at.iter().filter(|at| LOST.0 <= **at && **at < LOST.1).count();
            assert!((4..=12).contains(&lost), "{host} was asked {lost} times while away:\n{table}");
        }
        if *habit == Gone {
            let after = at.iter().filter(|at| **at > DAY).count();
            assert_eq!(after, 2, "{host} is asked once a month whether it is back:\n{table}");
        }
    }
}
