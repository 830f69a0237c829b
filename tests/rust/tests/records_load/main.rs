//! Loading rows into the emulator: nothing lost, nothing doubled, whatever happens on the way.

mod support;

mod faults;
mod refusals;
mod resume;
mod traffic;
mod undecided;
