//! Staying below a server's rate limit, and below a number of requests in flight.
//!
//! One [`Limiter`] serves an origin for the whole process: every client, handle, thread and task. Callers pass one at a
//! time in the order in which they came, which makes it fair, and wait at the gate until a place is free and the sliding
//! window has room.
//!
//! The window is the server's, so what counts is when a request *arrived*, which the client cannot see. It lies between
//! sending and answering: at the latest when the answer came. Waiting a whole round trip longer would waste the window on
//! a long link, so the quickest round trip seen is taken off, which the answer's way back and the next request's way there
//! need at least. But early on, or on a busy machine, the quickest one seen is not yet quick, and taking it off would free
//! slots too early; what the window can spare, one percent of it, is therefore never taken off. A slot is free again one
//! window after `sent + round trip − (quickest round trip − 1 % of the window)`, plus a guard for clocks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::moment::after;
use crate::options::RateLimit;
use crate::process::PerProcess;

/// For the different speeds of two clocks, and the coarseness of timers.
const GUARD: Duration = Duration::from_millis(2);

/// One part in so many of the window is given up for the uncertainty of when requests arrive.
const SPARE: u32 = 100;

/// The most that a slow answer may delay its slot: beyond it the time was spent working, not arriving.
const MAX_ARRIVAL: Duration = Duration::from_secs(2);

/// A request still without an answer is taken to have arrived after this long; connecting gives up sooner.
const MAX_FLIGHT: Duration = Duration::from_secs(10);

/// Shorter waits are callers stepping round each other at the gate, not a limit at work.
const NOTICEABLE: Duration = Duration::from_millis(1);

/// How far back accepted requests are remembered, for learning a limit from a refusal.
const MEMORY: Duration = Duration::from_secs(20);
const MEMORY_SIZE: usize = 256;

static REGISTRY: PerProcess<Mutex<HashMap<String, Arc<Limiter>>>> = PerProcess::new();

/// The limiter of an origin.
pub(crate) fn of_origin(origin: &str) -> Arc<Limiter> {
    let mut registry = lock(REGISTRY.get_or_init(Mutex::default));
    if let Some(limiter) = registry.get(origin) {
        return Arc::clone(limiter);
    }
    let limiter = Arc::new(Limiter::default());
    registry.insert(origin.to_owned(), Arc::clone(&limiter));
    limiter
}

/// What a caller has to mind at the gate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gate {
    pub(crate) max_in_flight: usize,
    /// Whether the window counts for this caller; a user may switch that off.
    pub(crate) limited: bool,
}

/// The gate to one origin.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    /// Held by the caller whose turn it is; tokio's mutex hands over in the order of asking.
    turn: tokio::sync::Mutex<()>,
    window: Mutex<Window>,
    /// Wakes the caller at the gate when something got free.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Window {
    limit: Option<RateLimit>,
    /// Whether a user set the limit; such a one is not changed by what servers say.
    fixed: bool,
    in_flight: usize,
    slots: VecDeque<Slot>,
    next_id: u64,
    /// The quickest round trip on a connection that was open already.
    quickest: Option<Duration>,
    /// Nobody passes before this.
    paused_until: Option<Instant>,
    accepted: VecDeque<Instant>,
    learned: Option<Learned>,
}

/// A limit that a refusal showed, and may have shown too low: what was under way is only answered afterwards.
#[derive(Debug)]
struct Learned {
    at: Instant,
    accepted: u32,
    /// The limit is at least this.
    least: u32,
}

/// A request that counts against the window.
#[derive(Debug)]
struct Slot {
    id: u64,
    sent: Instant,
    /// None while it is in flight.
    round_trip: Option<Duration>,
}

/// How an attempt that passed the gate ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// An answer came.
    Answered {
        /// Whether a connection had to be opened first, which makes the round trip say little about the network.
        connected: bool,
        /// Whether the server counted it, that is: did not answer 429.
        accepted: bool,
    },
    /// It broke; whether and when it arrived is not known.
    Unknown,
    /// It was never sent.
    Never,
}

/// The right to have one request in flight.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<Limiter>,
    id: u64,
    sent: Instant,
    arrival: Arrival,
}

impl Limiter {
    /// Sets the limit that a user asked for.
    pub(crate) fn fix(&self, limit: RateLimit) {
        let mut window = lock(&self.window);
        window.limit = Some(limit);
        window.fixed = true;
    }

    /// Sets the limit that the account API told, unless one is known. True when it is new.
    pub(crate) fn suggest(&self, limit: RateLimit) -> bool {
        let mut window = lock(&self.window);
        let new = window.limit.is_none();
        if new {
            window.limit = Some(limit);
        }
        new
    }

    /// Waits for a place and for room in the window; tells how long that took, zero for at once.
    pub(crate) async fn acquire(self: &Arc<Self>, gate: Gate) -> (Permit, Duration) {
        // Two looks at the clock are saved when the gate is open, as it nearly always is.
        if let Ok(_turn) = self.turn.try_lock()
            && let Ok(permit) = self.try_pass(gate)
        {
            return (permit, Duration::ZERO);
        }
        let began = Instant::now();
        let _turn = self.turn.lock().await;
        loop {
            match self.try_pass(gate) {
                Ok(permit) => {
                    let wait = began.elapsed();
                    return (permit, if wait < NOTICEABLE { Duration::ZERO } else { wait });
                }
                Err(Some(free_at)) => {
                    let _ = tokio::time::timeout_at(free_at, self.freed.notified()).await;
                }
                Err(None) => self.freed.notified().await,
            }
        }
    }

    /// Passes, or says when it is worth looking again (none: when somebody else is done).
    fn try_pass(self: &Arc<Self>, gate: Gate) -> Result<Permit, Option<Instant>> {
        let mut window = lock(&self.window);
        let now = Instant::now();
        if window.in_flight >= gate.max_in_flight.max(1) {
            return Err(None);
        }
        if gate.limited {
            window.unpaused_at(now)?;
            window.free_at(now)?;
        }
        let id = window.next_id;
        window.next_id += 1;
        window.in_flight += 1;
        if window.limit.is_some() {
            window.slots.push_back(Slot {
                id,
                sent: now,
                round_trip: None,
            });
        }
        drop(window);
        Ok(Permit {
            limiter: Arc::clone(self),
            id,
            sent: now,
            arrival: Arrival::Unknown,
        })
    }

    /// Takes a refusal (429) into account: everyone waits `retry_after`, or one window. The limit is learned where none
    /// is known: as many as were accepted lately, in the documented window, or in the one that `retry_after` reveals.
    /// Returns the pause, and the limit if it is new.
    pub(crate) fn refused(&self, retry_after: Option<Duration>, may_learn: bool) -> (Duration, Option<RateLimit>) {
        let mut window = lock(&self.window);
        let now = Instant::now();
        window.forget_accepted(now);
        let mut learned = None;
        if may_learn && window.limit.is_none() {
            learned = window.learn(now, retry_after);
            window.limit = learned;
        }
        let per = window.limit.map_or(RateLimit::FREE_PLAN.per, |limit| limit.per);
        let pause = retry_after.unwrap_or(per);
        if may_learn {
            let until = after(now, pause);
            window.paused_until = Some(window.paused_until.map_or(until, |known| known.max(until)));
        }
        (pause, learned)
    }

    /// The limit that is known.
    pub(crate) fn limit(&self) -> Option<RateLimit> {
        lock(&self.window).limit
    }
}

impl Window {
    fn unpaused_at(&mut self, now: Instant) -> Result<(), Option<Instant>> {
        match self.paused_until {
            Some(until) if until > now => Err(Some(until)),
            _ => {
                self.paused_until = None;
                Ok(())
            }
        }
    }

    /// Whether there is room now; if not, when there will be (none: when a request in flight is answered).
    fn free_at(&mut self, now: Instant) -> Result<(), Option<Instant>> {
        let Some(limit) = self.limit else {
            self.slots.clear();
            return Ok(());
        };
        let quickest = self.quickest.unwrap_or_default();
        let most = usize::try_from(limit.requests.max(1)).unwrap_or(usize::MAX);
        // Slots come free nearly in the order in which they were taken, so a look at the first ones is mostly enough.
        while self
            .slots
            .front()
            .is_some_and(|slot| slot.free_at(limit.per, quickest) <= now)
        {
            self.slots.pop_front();
        }
        if self.slots.len() >= most {
            self.slots.retain(|slot| slot.free_at(limit.per, quickest) > now);
        }
        if self.slots.len() < most {
            return Ok(());
        }
        Err(self.slots.iter().map(|slot| slot.free_at(limit.per, quickest)).min())
    }

    fn forget_accepted(&mut self, now: Instant) {
        while self
            .accepted
            .front()
            .is_some_and(|first| now.duration_since(*first) > MEMORY)
        {
            self.accepted.pop_front();
        }
    }

    /// The limit that a refusal shows. With `Retry-After`, the window ends when the oldest accepted request leaves it.
    fn learn(&mut self, now: Instant, retry_after: Option<Duration>) -> Option<RateLimit> {
        let accepted = u32::try_from(self.accepted.len()).unwrap_or(u32::MAX);
        let limit = match (retry_after, self.accepted.front()) {
            (None, _) => RateLimit {
                requests: accepted.max(RateLimit::FREE_PLAN.requests),
                ..RateLimit::FREE_PLAN
            },
            (Some(wait), Some(first)) => RateLimit::new(accepted, now.duration_since(*first).saturating_add(wait)),
            // Refused before anything of ours was accepted: others use the same quota, nothing is to be learned.
            (Some(_), None) => return None,
        };
        // What was accepted before the limit was known counts against it as well.
        for sent in std::mem::take(&mut self.accepted) {
            self.occupy(sent);
        }
        let least = if retry_after.is_some() {
            1
        } else {
            RateLimit::FREE_PLAN.requests
        };
        self.learned = Some(Learned {
            at: now,
            accepted,
            least,
        });
        Some(limit)
    }

    /// Corrects a learned limit by a request that was under way when it was learned, and was accepted.
    fn revise(&mut self, sent: Instant) {
        let Some(learned) = self.learned.as_mut().filter(|learned| sent < learned.at) else {
            return;
        };
        learned.accepted += 1;
        let requests = learned.accepted.max(learned.least);
        if let Some(limit) = &mut self.limit {
            limit.requests = limit.requests.max(requests);
        }
        self.occupy(sent);
    }

    fn occupy(&mut self, sent: Instant) {
        self.slots.push_back(Slot {
            id: self.next_id,
            sent,
            round_trip: Some(Duration::ZERO),
        });
        self.next_id += 1;
    }
}

impl Slot {
    fn free_at(&self, per: Duration, quickest: Duration) -> Instant {
        let arrived_within = match self.round_trip {
            Some(round_trip) => {
                let certain = quickest.saturating_sub(per / SPARE);
                round_trip.saturating_sub(certain).min(MAX_ARRIVAL)
            }
            None => MAX_FLIGHT,
        };
        after(self.sent + arrived_within + GUARD, per)
    }
}

impl Permit {
    /// Says how the attempt ended, and is told how long it took until now. The place is given back when the permit is dropped.
    pub(crate) fn arrived(&mut self, arrival: Arrival) -> Duration {
        self.arrival = arrival;
        let mut window = lock(&self.limiter.window);
        let round_trip = self.sent.elapsed();
        if let Arrival::Answered { connected, accepted } = arrival {
            if !connected {
                window.quickest = Some(window.quickest.map_or(round_trip, |known| known.min(round_trip)));
            }
            if accepted && !window.fixed {
                window.revise(self.sent);
                if window.accepted.len() == MEMORY_SIZE {
                    window.accepted.pop_front();
                }
                window.accepted.push_back(self.sent);
            }
        }
        window.settle(self.id, round_trip, arrival);
        drop(window);
        self.limiter.freed.notify_one();
        round_trip
    }
}

impl Window {
    fn settle(&mut self, id: u64, round_trip: Duration, arrival: Arrival) {
        let Some(index) = self.slots.iter().rposition(|slot| slot.id == id) else {
            return;
        };
        let counted = !matches!(arrival, Arrival::Never | Arrival::Answered { accepted: false, .. });
        if counted {
            // Only the first word counts: the answer's headers, not the end of its body.
            self.slots[index].round_trip.get_or_insert(round_trip);
        } else {
            self.slots.remove(index);
        }
    }
}

impl Permit {
    /// Whether a caller waits for its place.
    pub(crate) fn is_wanted(&self) -> bool {
        // Whoever waits holds the turn.
        self.limiter.turn.try_lock().is_err()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut window = lock(&self.limiter.window);
        window.in_flight = window.in_flight.saturating_sub(1);
        if self.arrival == Arrival::Unknown {
            window.settle(self.id, self.sent.elapsed(), Arrival::Unknown);
        }
        drop(window);
        self.limiter.freed.notify_one();
    }
}

/// A panic while the lock is held cannot leave these plain numbers half written, so poison is ignored.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
