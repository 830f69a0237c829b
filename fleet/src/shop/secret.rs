//! An install token as a type that does not print.
//!
//! Whoever has the text of an install token can install, so it is worth what it was sold for. [`InstallKey`] shows its first
//! characters only, wherever it is printed or written as JSON; [`InstallKey::reveal`] is the one way to the whole of it.
//!
//! ```
//! use xano_fleet::shop::InstallKey;
//!
//! let key = InstallKey::from("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed");
//! assert_eq!(format!("{key} {key:?}"), "1b9d… InstallKey(1b9d…)");
//! assert_eq!(serde_json::to_string(&key)?, "\"1b9d…\"");
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use serde::{Serialize, Serializer};

/// Characters that are shown, so that people can tell two of them apart.
const SHOWN: usize = 4;

/// Shorter ones show nothing: what is left would be too easy to guess.
const SHORTEST: usize = 16;

/// The text of an install token.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstallKey(String);

impl InstallKey {
    /// The whole text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for InstallKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for InstallKey {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for InstallKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() >= SHORTEST {
            for character in self.0.chars().take(SHOWN) {
                write!(formatter, "{character}")?;
            }
        }
        formatter.write_str("…")
    }
}

impl fmt::Debug for InstallKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "InstallKey({self})")
    }
}

impl Serialize for InstallKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
