//! Calls on the thread that waits for them.
//!
//! A caller who waits for each call, as ordinary Python does, gains nothing from another thread: handing a small call to the
//! engine's runtime and its answer back costs two wakes, more than the engine's own work. So a client keeps one small runtime
//! that the waiting thread drives itself, with connections of its own. One thread at a time can borrow it; others make their
//! calls on the engine's runtime as everybody else does.
//!
//! Between calls nothing drives it, so a connection that the server closed meanwhile is only noticed when the next call
//! looks: [`Here::drive`] lets the connections look first. Work that must go on by itself (prefetching, jobs) has no place
//! here.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::client::Client;
use crate::process;

thread_local! {
    /// Whether this thread is driving a [`Here`] now.
    static DRIVING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the call that is being polled runs on its caller's thread, and so takes its connections from there.
pub(crate) fn is_driving() -> bool {
    DRIVING.get()
}

/// The place where a client keeps what is not lent.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<State>);

#[derive(Debug, Default)]
enum State {
    /// Never made, or given up.
    #[default]
    None,
    Free(Own),
    Lent,
    /// The client was closed.
    Closed,
}

impl Shelf {
    /// Closes what is there, with its connections; what is lent is closed when it comes back.
    pub(crate) fn close(&self) {
        let was = std::mem::replace(&mut *self.lock(), State::Closed);
        drop(was);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Own> {
        let mut state = self.lock();
        match std::mem::replace(&mut *state, State::Lent) {
            State::Free(own) => Some(own),
            State::None => {
                let own = Own::new();
                if own.is_none() {
                    *state = State::None;
                }
                own
            }
            kept @ (State::Lent | State::Closed) => {
                *state = kept;
                None
            }
        }
    }

    fn put_back(&self, own: Option<Own>) {
        let mut state = self.lock();
        if matches!(*state, State::Lent) {
            *state = own.map_or(State::None, State::Free);
        }
    }
}

/// A runtime without threads.
#[derive(Debug)]
struct Own {
    /// Always there until it is dropped.
    runtime: Option<Runtime>,
    /// The process it was made in.
    pid: u32,
}

impl Own {
    fn new() -> Option<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        Some(Self {
            runtime: Some(runtime),
            pid: process::id(),
        })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // In the background, because the last handle of a client may go away inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            if self.pid == process::id() {
                runtime.shutdown_background();
            } else {
                // Inherited by a fork: what the system knows of it is still the parent's.
                std::mem::forget(runtime);
            }
        }
    }
}

/// A client's own runtime, lent to the calling thread.
#[derive(Debug)]
pub struct Here<'c> {
    client: &'c Client,
    own: Option<Own>,
    /// A call was begun and has not ended.
    busy: bool,
}

impl<'c> Here<'c> {
    /// Borrows it from a client. None while another thread has it, when the client is closed, and on a thread that drives a
    /// runtime already.
    #[must_use]
    pub fn borrow(client: &'c Client) -> Option<Self> {
        if Handle::try_current().is_ok() {
            return None;
        }
        let own = client.inner.process().here.take()?;
        Some(Self {
            client,
            own: Some(own),
            busy: false,
        })
    }

    /// Runs a call of the same client for `limit` at most. None when it needs longer: look whatever else there is to look at,
    /// and drive it on.
    pub fn drive<F: Future>(&mut self, call: Pin<&mut F>, limit: Duration) -> Option<F::Output> {
        let own = self.own.as_mut()?;
        // Even right behind an answer: a server may close without a word, and a write on that connection would be in doubt.
        let look = !self.busy;
        self.busy = true;
        let runtime = own.runtime.as_ref()?;
        let _mark = Mark::set();
        let output = runtime.block_on(async {
            if look {
                // The first turn asks the system what happened, the second lets connections act on it.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            tokio::time::timeout(limit, call).await.ok()
        });
        self.busy = output.is_none();
        output
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        // Whoever gives a call up wants its connection gone now, and nothing would drive it.
        let own = self.own.take().filter(|_| !self.busy);
        self.client.inner.process().here.put_back(own);
    }
}

/// Says that this thread drives, for as long as it lives.
struct Mark;

impl Mark {
    fn set() -> Self {
        DRIVING.set(true);
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        DRIVING.set(false);
    }
}
