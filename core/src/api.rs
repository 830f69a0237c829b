//! The typed methods and the operation table. Generated from `operations/`; see `codegen/`.

/// Every operation, sorted by id.
pub static OPERATIONS: &[crate::operation::Operation] = &[];
