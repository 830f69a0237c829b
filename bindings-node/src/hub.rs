//! Carries calls out and outcomes back, one hub for each thread of JavaScript.
//!
//! A finished call puts its outcome into a queue and wakes the event loop only when the queue was empty: whatever finishes
//! before the loop gets to it comes along in the same batch. The wake waits until the runtime has looked once at everything
//! else that is ready, because that fills the batch, and a wake costs both threads more than a small answer does.
//!
//! The wake function does not keep the loop alive; JavaScript does that while calls are in flight. When a thread of
//! JavaScript ends, its wake function is gone, and outcomes that come after that are dropped.

use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use tokio::task::AbortHandle;
use xano_metadata::{Error, runtime};

use crate::client::NativeClient;
use crate::delivery::{Batch, Delivery, Payload};
use crate::emulator::NativeEmulator;
use crate::fleet::NativeFleet;
use crate::tasks::NativeTask;
use crate::{guarded, panicked};

/// So many at once, because what is delivered is arguments of a function, which take room on the stack.
const BATCH: usize = 256;

type Wake = ThreadsafeFunction<(), (), Batch, Status, false, true>;

/// What a call comes to.
pub(crate) type Outcome = Result<(Payload, Option<String>), Error>;

pub(crate) struct Shared {
    queue: Mutex<Vec<Delivery>>,
    wake: OnceLock<Wake>,
    /// What can be given up. A task is entered before it starts, lest it ends before, and its handle follows; only the thread
    /// of JavaScript asks for it.
    running: Mutex<HashMap<u64, Option<AbortHandle>>>,
}

impl Shared {
    /// Runs `work` and delivers what comes of it under the number `call`, exactly once: also when it panics, when it is
    /// cancelled, and when there is no runtime any more.
    pub(crate) fn run(self: &Arc<Self>, call: f64, work: impl Future<Output = Outcome> + Send + 'static) {
        // In a box, so that what follows is compiled once for all calls.
        self.run_boxed(call, Box::pin(work));
    }

    fn run_boxed(self: &Arc<Self>, call: f64, work: BoxFuture<'static, Outcome>) {
        let mut ticket = Ticket {
            shared: Arc::clone(self),
            call,
            open: true,
        };
        match runtime::handle() {
            Err(error) => drop(ticket.settle(Err(error))),
            Ok(handle) => {
                lock(&self.running).insert(key(call), None);
                let task = runtime::spawn(handle, async move {
                    let outcome = AssertUnwindSafe(work)
                        .catch_unwind()
                        .await
                        .unwrap_or_else(|_| Err(panicked()));
                    if let Some(due) = ticket.settle(outcome) {
                        tokio::task::yield_now().await;
                        drop(due);
                    }
                });
                if let Some(entered) = lock(&self.running).get_mut(&key(call)) {
                    *entered = Some(task.abort_handle());
                }
            }
        }
    }

    /// Tells a listener in JavaScript something, as JSON text.
    pub(crate) fn tell(&self, listener: f64, json: String) {
        let first = self.push(Delivery {
            call: -listener,
            good: true,
            body: Payload::None,
            meta: Some(json),
        });
        if first {
            self.wake();
        }
    }

    /// Puts it into the queue. Whoever is the first there has to wake the event loop.
    fn push(&self, delivery: Delivery) -> bool {
        let mut queue = lock(&self.queue);
        queue.push(delivery);
        queue.len() == 1
    }

    /// The next batch, and whether there is more.
    fn take(&self) -> (Batch, bool) {
        let mut queue = lock(&self.queue);
        let kept = queue.len().min(BATCH);
        let rest = queue.split_off(kept);
        let more = !rest.is_empty();
        (Batch(std::mem::replace(&mut *queue, rest)), more)
    }

    fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            // Refused only while the thread of JavaScript ends, when nobody is left to hear it.
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Wakes the event loop when it is dropped, so that no way out forgets it.
#[must_use]
struct DueWake(Arc<Shared>);

impl Drop for DueWake {
    fn drop(&mut self) {
        self.0.wake();
    }
}

/// The duty to deliver one outcome.
struct Ticket {
    shared: Arc<Shared>,
    call: f64,
    open: bool,
}

impl Ticket {
    fn settle(&mut self, outcome: Outcome) -> Option<DueWake> {
        self.open = false;
        lock(&self.shared.running).remove(&key(self.call));
        let first = self.shared.push(match outcome {
            Ok((body, meta)) => Delivery {
                call: self.call,
                good: true,
                body,
                meta,
            },
            Err(error) => Delivery::bad(self.call, &error),
        });
        first.then(|| DueWake(Arc::clone(&self.shared)))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.open {
            drop(self.settle(Err(Error::cancelled("The call was given up before it ended."))));
        }
    }
}

/// The hub of one thread of JavaScript.
#[napi]
pub struct NativeHub {
    shared: Arc<Shared>,
}

#[napi]
impl NativeHub {
    /// A hub that hands its batches to `deliver`.
    #[napi(constructor)]
    pub fn new(deliver: Function<'_, Batch, ()>) -> napi::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            wake: OnceLock::new(),
            running: Mutex::default(),
        });
        let weak: Weak<Shared> = Arc::downgrade(&shared);
        let wake = deliver
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                let Some(shared) = weak.upgrade() else {
                    return Ok(Batch(Vec::new()));
                };
                let (batch, more) = shared.take();
                if more {
                    shared.wake();
                }
                Ok(batch)
            })?;
        // Set once: the hub was made a moment ago.
        let _ = shared.wake.set(wake);
        Ok(Self { shared })
    }

    /// A client. Events go to the listener of this number; 0 is none.
    #[napi]
    pub fn client(&self, options: String, runtime: String, events: f64) -> napi::Result<NativeClient> {
        guarded(|| NativeClient::new(Arc::clone(&self.shared), &options, &runtime, events))
    }

    /// An emulator that is not started yet.
    #[napi]
    pub fn emulator(&self) -> NativeEmulator {
        NativeEmulator::new(Arc::clone(&self.shared))
    }

    /// The fleet of an account, of a configuration (`{"path": …}`, `{"value": …}` or `"none"`), or of both. Options are for
    /// the clients that it makes when no account is given.
    #[napi]
    pub fn fleet(
        &self,
        client: Option<&NativeClient>,
        config: String,
        options: Option<String>,
        runtime: String,
        events: f64,
    ) -> napi::Result<NativeFleet> {
        guarded(|| {
            let hub = Arc::clone(&self.shared);
            let options = options.as_deref().map(|options| (options, &*runtime, events));
            NativeFleet::new(hub, client, &config, options)
        })
    }

    /// A task that is not started yet.
    #[napi]
    pub fn task(&self) -> NativeTask {
        NativeTask::new(Arc::clone(&self.shared))
    }

    /// Gives a call up: its request is dropped, and `cancelled` delivered unless it has just ended.
    #[napi]
    pub fn cancel(&self, call: f64) {
        let task = lock(&self.shared.running).get(&key(call)).cloned();
        if let Some(Some(task)) = task {
            task.abort();
        }
    }
}

/// JavaScript counts calls in a double; they are whole, positive and far below 2^53.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a counter kept by hub.ts"
)]
fn key(call: f64) -> u64 {
    call as u64
}

/// A panic while a lock was held leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
