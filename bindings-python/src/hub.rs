//! The one thread of ours that calls into Python without being called: it wakes event loops and hands over log records.
//!
//! The engine's own threads never wait for the GIL. They leave what they have in a queue and send a note here; while this
//! thread waits for the GIL more notes arrive, so a busy program pays for one wake where it would pay for many.
//!
//! A hub belongs to one process: a forked child finds its parent's and makes its own, leaving the old one alone.

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use pyo3::prelude::*;

use crate::completions::{self, Completions};
use crate::events::{self, Record};

/// A note for the hub's thread.
pub enum Note {
    /// This loop's queue has something in it.
    Wake(Py<Completions>),
    /// Something to log.
    Log(Record),
    /// End, and say so.
    Stop(Sender<()>),
}

struct Hub {
    process: u32,
    notes: Sender<Note>,
    stopped: AtomicBool,
}

static HUB: AtomicPtr<Hub> = AtomicPtr::new(ptr::null_mut());

/// Sends a note. After [`stop`] it goes nowhere.
pub fn send(note: Note) {
    if let Some(hub) = current().or_else(start)
        && !hub.stopped.load(Ordering::Acquire)
    {
        // A failed send means that the thread is gone, so nobody waits for it.
        let _ = hub.notes.send(note);
    }
}

/// Ends the thread, waiting at most `limit`.
pub fn stop(limit: Duration) {
    let Some(hub) = current() else { return };
    if hub.stopped.swap(true, Ordering::AcqRel) {
        return;
    }
    let (sender, receiver) = mpsc::channel();
    if hub.notes.send(Note::Stop(sender)).is_ok() {
        let _ = receiver.recv_timeout(limit);
    }
}

fn current() -> Option<&'static Hub> {
    let hub = HUB.load(Ordering::Acquire);
    // SAFETY: a non-null pointer was leaked from a box by `start` and is never freed.
    let hub = unsafe { hub.as_ref() }?;
    (hub.process == std::process::id()).then_some(hub)
}

fn start() -> Option<&'static Hub> {
    let (notes, receiver) = mpsc::channel();
    let hub = Box::new(Hub {
        process: std::process::id(),
        notes,
        stopped: AtomicBool::new(false),
    });
    let seen = HUB.load(Ordering::Acquire);
    // SAFETY: as in `current`.
    if unsafe { seen.as_ref() }.is_some_and(|other| other.process == hub.process) {
        return current();
    }
    let fresh = Box::into_raw(hub);
    if HUB
        .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire)
        .is_err()
    {
        // SAFETY: `fresh` was made above and shown to nobody; another thread was faster.
        drop(unsafe { Box::from_raw(fresh) });
        return current();
    }
    let thread = std::thread::Builder::new().name("xano-metadata-hub".to_owned());
    match thread.spawn(move || run(&receiver)) {
        Ok(_) => current(),
        Err(_) => None,
    }
}

fn run(receiver: &Receiver<Note>) {
    while let Ok(first) = receiver.recv() {
        let mut wakes = Vec::new();
        let mut records = Vec::new();
        let mut end = None;
        for note in std::iter::once(first).chain(receiver.try_iter()) {
            match note {
                Note::Wake(queue) => wakes.push(queue),
                Note::Log(record) => records.push(record),
                Note::Stop(sender) => end = Some(sender),
            }
        }
        let delivered = Python::try_attach(|py| {
            for queue in wakes {
                completions::wake(py, &queue);
            }
            events::log(py, &records);
        });
        if let Some(sender) = end {
            let _ = sender.send(());
            return;
        }
        if delivered.is_none() {
            return;
        }
    }
}
