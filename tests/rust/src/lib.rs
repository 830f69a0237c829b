//! What the tests below `tests/` and the program that they kill have in common.

pub mod rows;
