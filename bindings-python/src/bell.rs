//! A pair of sockets by which any thread wakes an event loop that watches one end, without the GIL.

#[cfg(unix)]
mod pair {
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    /// Both ends: one to ring at, one that the loop watches.
    pub struct Bell {
        near: UnixStream,
        far: UnixStream,
    }

    impl Bell {
        /// A bell and the descriptor to watch; none when the system gives no sockets.
        pub fn new() -> Option<(Self, i32)> {
            let (near, far) = UnixStream::pair().ok()?;
            near.set_nonblocking(true).ok()?;
            far.set_nonblocking(true).ok()?;
            let descriptor = far.as_raw_fd();
            Some((Self { near, far }, descriptor))
        }

        /// Wakes the loop.
        pub fn ring(&self) {
            // A full buffer means that the loop was woken often enough; a broken pair, that nobody watches.
            let _ = (&self.near).write(&[1]);
        }

        /// Makes the watched end quiet again.
        pub fn hush(&self) {
            let mut rings = [0; 64];
            let _ = (&self.far).read(&mut rings);
        }
    }
}

#[cfg(not(unix))]
mod pair {
    /// Nothing of the kind here.
    pub struct Bell;

    impl Bell {
        pub fn new() -> Option<(Self, i32)> {
            None
        }

        pub fn ring(&self) {}

        pub fn hush(&self) {}
    }
}

pub use pair::Bell;
