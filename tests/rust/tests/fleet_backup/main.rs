//! Backups on the emulator: made, damaged, verified, kept by a rule, restored.

mod damage;
mod keeping;
mod restoring;
mod roundtrip;
mod support;
