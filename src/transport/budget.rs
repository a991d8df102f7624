//! Memory for bodies, shared by all requests of a process.
//!
//! A body grows freely up to [`FREE`]. Beyond that it takes from what is [`SHARED`], a [`STEP`] at a
//! time, and when nothing is left there, the one body that has the wide lane may grow up to its own
//! limit. Who gets nothing stands in line, first come, first served, and does not read: its server
//! waits, its deadline goes on.
//!
//! Nobody waits for ever: whoever has the lane waits for nothing here, and ends by its deadline; then
//! the first in line has it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// No body waits for its first bytes: most feeds are no larger.
pub(super) const FREE: usize = 64 << 10;

/// What all bodies together may take beyond that, beside the one in the wide lane. Reading takes three
/// times as much, of this and of the lane: the bytes, their text, the items.
pub(super) const SHARED: usize = 1 << 20;

/// What is taken at once.
pub(super) const STEP: usize = 64 << 10;

/// What is left.
#[derive(Debug)]
pub(super) struct Budget(Mutex<State>);

#[derive(Debug)]
struct State {
    left: usize,
    /// Whether somebody has the wide lane.
    lane: bool,
    line: VecDeque<(u64, Waker)>,
    tickets: u64,
}

/// What one body has taken; given back when dropped.
#[derive(Debug)]
pub struct Room {
    budget: Arc<Budget>,
    held: usize,
    lane: bool,
    /// Its place in line.
    ticket: Option<u64>,
}

impl Default for Budget {
    fn default() -> Budget {
        let (line, tickets) = (VecDeque::new(), 0);
        Budget(Mutex::new(State { left: SHARED, lane: false, line, tickets }))
    }
}

impl Budget {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// For a body that has not begun.
    pub(super) fn new(budget: Arc<Budget>) -> Room {
        Room { budget, held: 0, lane: false, ticket: None }
    }

    /// Whether the body may have `size` bytes, without waiting.
    pub(super) fn holds(&self, size: usize) -> bool {
        self.lane || size <= FREE + self.held
    }

    /// Waits until the body may have `size` bytes.
    pub(super) async fn grow(&mut self, size: usize) {
        poll_fn(|cx| self.poll_grow(size, cx)).await;
    }

    fn poll_grow(&mut self, size: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.holds(size) {
            return Poll::Ready(());
        }
        let budget = self.budget.clone();
        let mut state = budget.lock();
        let place = match self.ticket {
            Some(ticket) => state.line.iter().position(|(other, _)| *other == ticket),
            None => None,
        };
        if place.unwrap_or(state.line.len()) == 0 && self.take(size - FREE, &mut state) {
            self.leave(&mut state);
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        match place {
            Some(place) => state.line[place].1 = waker,
            None => {
                let ticket = state.tickets;
                state.tickets += 1;
                state.line.push_back((ticket, waker));
                self.ticket = Some(ticket);
            }
        }
        Poll::Pending
    }

    fn take(&mut self, wanted: usize, state: &mut State) -> bool {
        let more = (wanted - self.held).next_multiple_of(STEP);
        if more <= state.left {
            state.left -= more;
            self.held += more;
            return true;
        }
        if !state.lane {
            state.lane = true;
            self.lane = true;
            state.left += std::mem::take(&mut self.held);
            return true;
        }
        false
    }

    /// Gives up its place in line; the next may have its turn.
    fn leave(&mut self, state: &mut State) {
        if let Some(ticket) = self.ticket.take() {
            state.line.retain(|(other, _)| *other != ticket);
        }
        if let Some((_, next)) = state.line.front() {
            next.wake_by_ref();
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let budget = self.budget.clone();
        let mut state = budget.lock();
        state.left += self.held;
        state.lane &= !self.lane;
        self.leave(&mut state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future;
    use std::pin::{Pin, pin};

    fn now(future: Pin<&mut impl Future<Output = ()>>) -> bool {
        smol::block_on(future::poll_once(future)).is_some()
    }

    fn got(room: &mut Room, size: usize) -> bool {
        now(pin!(room.grow(size)))
    }

    #[test]
    fn a_small_body_needs_nobody_and_large_ones_share_what_there_is() {
        let budget = Arc::<Budget>::default();
        let mut lane = Room::new(budget.clone());
        assert!(got(&mut lane, SHARED + FREE + 1), "one may be as large as it likes");
        let mut rooms = Vec::new();
        for _ in 0..SHARED / STEP {
            rooms.push(Room::new(budget.clone()));
            assert!(rooms.last_mut().is_some_and(|room| got(room, FREE + 1)));
        }
        let mut late = Room::new(budget.clone());
        assert!(got(&mut late, FREE));
        assert!(!got(&mut late, FREE + 1));
        assert!(got(&mut lane, 1 << 30), "who has the lane never waits");
        rooms.pop();
        assert!(got(&mut late, FREE + STEP));
        assert!(!got(&mut late, FREE + STEP + 1));
        drop(lane);
        assert!(got(&mut late, FREE + STEP + 1));
        assert_eq!(budget.lock().left, STEP, "in the lane it needs nothing else");
        drop((rooms, late));
        let state = budget.lock();
        assert_eq!((state.left, state.lane, state.line.len()), (SHARED, false, 0));
    }

    #[test]
    fn who_came_first_is_served_first_and_who_leaves_gives_up_its_place() {
        let budget = Arc::<Budget>::default();
        let mut lane = Room::new(budget.clone());
        let mut all = Room::new(budget.clone());
        assert!(got(&mut all, FREE + SHARED) && got(&mut lane, FREE + 1));
        let mut rooms: Vec<Room> = (0..4).map(|_| Room::new(budget.clone())).collect();
        for room in &mut rooms {
            assert!(!got(room, 1 << 20));
        }
        // One of the middle is given up, as at its deadline.
        rooms.remove(1);
        drop(lane);
        assert!(!got(&mut rooms[1], 1 << 20), "it is not its turn");
        assert!(got(&mut rooms[0], 1 << 20));
        assert!(!got(&mut rooms[1], 1 << 20));
        let mut newcomer = Room::new(budget.clone());
        drop(all);
        assert!(!got(&mut newcomer, FREE + 1), "there is some, for those who stand in line");
        assert!(got(&mut rooms[1], 1 << 20));
    }

    #[test]
    fn the_next_in_line_is_woken_when_there_is_room() {
        for first_is_served in [true, false] {
            let budget = Arc::<Budget>::default();
            let executor = smol::LocalExecutor::new();
            let mut lane = Room::new(budget.clone());
            let mut all = Room::new(budget.clone());
            assert!(got(&mut all, FREE + SHARED) && got(&mut lane, FREE + 1));
            let waits = |size| {
                let mut room = Room::new(budget.clone());
                executor.spawn(async move { room.grow(size).await })
            };
            let tasks = [waits(FREE + STEP), waits(FREE + STEP)];
            while executor.try_tick() {}
            let [first, second] = tasks;
            match first_is_served {
                true => drop(all),
                false => drop(lane),
            }
            smol::block_on(executor.run(async {
                first.await;
                second.await;
            }));
        }
    }
}
