//! What is remembered: the journal's records, packed items, the ledger of quotas.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use newsagg::limit::Limiter;
use newsagg::state::Memory;
use newsagg::time::{Moment, Timestamp};

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let moment = Moment {
        wall: Timestamp::from_unix(1_795_000_000).expect("a time"),
        up: Duration::from_secs(1_000),
        boot: 7,
    };
    match first % 3 {
        0 => {
            let mut memory = Memory::default();
            // Records one after the other, each with its length in front.
            let (mut rest, mut place) = (rest, 0);
            while let Some((length, more)) = rest.split_first() {
                let (record, more) = more.split_at(usize::from(*length).min(more.len()));
                memory.learn((place, u32::from(*length)), record);
                place += 1 + u64::from(*length);
                rest = more;
            }
            memory.arrive(&moment);
            memory.settle();
            memory.past();
        }
        1 => {
            if let Some(item) = newsagg::pack::unpack(rest) {
                let mut packed = Vec::new();
                newsagg::pack::pack(&item, &mut packed);
                assert_eq!(newsagg::pack::unpack(&packed), Some(item));
            }
            newsagg::pack::outline(rest);
        }
        _ => {
            if let Ok(limiter) = Limiter::decode(rest, moment.up, moment) {
                let again = limiter.encode(moment.up, moment);
                assert!(Limiter::decode(&again, moment.up, moment).is_ok());
            }
        }
    }
});
