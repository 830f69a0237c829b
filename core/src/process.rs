//! State that belongs to one process and must not be touched by its forked children.
//!
//! A child made by `fork` inherits memory but no threads. A lock that some thread of the parent held stays locked for ever,
//! a runtime has no workers, and a pooled socket is shared with the parent, whose answers it would steal. So everything of
//! that sort sits in a [`PerProcess`]: the value is made at first use, tagged with the process id, and a process that
//! finds another's tag makes its own and leaves the old one alone. Not even its destructor may run, as that would take locks.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
#[cfg(unix)]
use std::sync::atomic::{AtomicU8, AtomicU32};

/// The number of this process. Asked of the system once: every call wants to know it several times, and where the system is
/// slow to answer that is felt.
#[cfg(unix)]
pub(crate) fn id() -> u32 {
    /// 0 until it was asked for.
    static ID: AtomicU32 = AtomicU32::new(0);

    /// Runs in the child of a fork, where it may do little more than this.
    extern "C" fn forget() {
        ID.store(0, Ordering::Release);
    }

    fn ask() -> u32 {
        const NOT_WATCHED: u8 = 0;
        const BEGUN: u8 = 1;
        const WATCHED: u8 = 2;
        // No lock, which a fork might catch: whoever comes while it is being set up, or after that failed, just asks again.
        static WATCH: AtomicU8 = AtomicU8::new(NOT_WATCHED);
        if WATCH
            .compare_exchange(NOT_WATCHED, BEGUN, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            #[expect(unsafe_code, reason = "only C can watch for forks")]
            // SAFETY: the handler is a function of this library, which is never unloaded once its threads have run, and it
            // does no more than store a number.
            let refused = unsafe { libc::pthread_atfork(None, None, Some(forget)) };
            if refused == 0 {
                WATCH.store(WATCHED, Ordering::Release);
            }
        }
        let id = std::process::id();
        if WATCH.load(Ordering::Acquire) == WATCHED {
            ID.store(id, Ordering::Release);
        }
        id
    }

    match ID.load(Ordering::Acquire) {
        0 => ask(),
        id => id,
    }
}

/// The number of this process.
#[cfg(not(unix))]
pub(crate) fn id() -> u32 {
    std::process::id()
}

/// A lazily made value of the current process.
pub(crate) struct PerProcess<T> {
    slot: AtomicPtr<Slot<T>>,
}

struct Slot<T> {
    pid: u32,
    value: T,
}

#[expect(
    unsafe_code,
    reason = "an atomic pointer is the only cell that a fork cannot catch in a locked state"
)]
impl<T: Send + Sync> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slot: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The value of this process, made by `make` if there is none yet. Two threads may both make one; one of them wins.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.replace(make()),
        }
    }

    /// The value of this process, if there is one.
    pub(crate) fn get(&self) -> Option<&T> {
        let slot = self.slot.load(Ordering::Acquire);
        // SAFETY: a non-null pointer came from `Box::into_raw` and is freed only by `drop`, which has `&mut self`; the
        // slots that are replaced after a fork are leaked on purpose.
        let slot = unsafe { slot.as_ref() }?;
        (slot.pid == id()).then_some(&slot.value)
    }

    fn replace(&self, value: T) -> &T {
        let pid = id();
        let fresh = Box::into_raw(Box::new(Slot { pid, value }));
        let mut seen = self.slot.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `get`.
            if unsafe { seen.as_ref() }.is_some_and(|slot| slot.pid == pid) {
                // SAFETY: `fresh` was made above and shown to nobody.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: just found to be non-null, and alive as in `get`.
                return unsafe { &(*seen).value };
            }
            match self
                .slot
                .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: `fresh` now belongs to the cell, as in `get`.
                Ok(_) => return unsafe { &(*fresh).value },
                Err(other) => seen = other,
            }
        }
    }
}

#[expect(unsafe_code, reason = "the other half of the pointer's ownership")]
impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let slot = *self.slot.get_mut();
        // SAFETY: as in `get`; nobody else can look any more.
        if unsafe { slot.as_ref() }.is_some_and(|slot| slot.pid == id()) {
            // SAFETY: the pointer came from `Box::into_raw`.
            drop(unsafe { Box::from_raw(slot) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::PerProcess;

    /// Counts how often it is dropped.
    struct Tracked(Arc<AtomicUsize>);
    impl Drop for Tracked {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_value_is_made_and_dropped_once() {
        let drops = Arc::new(AtomicUsize::new(0));
        let cell = PerProcess::new();
        let first: *const Tracked = cell.get_or_init(|| Tracked(Arc::clone(&drops)));
        let again: *const Tracked = cell.get_or_init(|| unreachable!("there is one already"));
        assert_eq!(first, again);
        drop(cell);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn racing_threads_agree_on_one_value() {
        let cell = PerProcess::new();
        let made = AtomicUsize::new(0);
        let seen: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| *cell.get_or_init(|| made.fetch_add(1, Ordering::Relaxed))))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"))
                .collect()
        });
        assert!(seen.iter().all(|value| *value == seen[0]), "{seen:?}");
    }
}
