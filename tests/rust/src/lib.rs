//! What the tests below `tests/`, the program that they kill, and the chaos runs have in common.

pub mod loader;
pub mod rows;
