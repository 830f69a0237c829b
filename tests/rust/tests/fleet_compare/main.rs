//! Comparisons on the emulator: what makes a difference, what makes none, and what could not be compared.

mod support;

mod branches;
mod changes;
mod gaps;
mod instances;
mod records;
mod renderings;
