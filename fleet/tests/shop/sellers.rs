//! Many sellers at once.
