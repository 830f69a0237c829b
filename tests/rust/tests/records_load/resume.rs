//! Of this later.
