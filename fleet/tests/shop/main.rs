//! The snippet shop against the emulator: what is sold, what is never sold, and what lost answers and killed sellers leave.

mod changes;
mod issuing;
mod mortal;
mod secrets;
mod sellers;
mod selling;
mod stand;
