//! Deployments on the emulator: what they write where, what they ask, and what is left when they are killed anywhere.

mod support;

mod asked;
mod begun_again;
mod content;
mod killed;
mod lost;
mod passed;
