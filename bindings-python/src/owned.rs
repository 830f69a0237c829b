//! What runs on the engine's threads belongs to the process that has them.

use std::mem::ManuallyDrop;

use xano_metadata::Error;

/// Something that a forked child inherits but must not touch: the threads that work on it stayed behind, and with them
/// whatever locks they held.
pub struct Owned<T> {
    process: u32,
    value: ManuallyDrop<T>,
}

impl<T> Owned<T> {
    pub fn new(value: T) -> Self {
        Self {
            process: std::process::id(),
            value: ManuallyDrop::new(value),
        }
    }

    /// The thing itself, in the process that made it.
    pub fn get(&self, what: &str) -> Result<&T, Error> {
        if self.process == std::process::id() {
            Ok(&self.value)
        } else {
            Err(Error::cancelled(format!(
                "{what} was begun by the process that this one was forked from, and goes on there. Begin another here."
            )))
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            // SAFETY: it is dropped once, here, and not used afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) };
        }
    }
}
