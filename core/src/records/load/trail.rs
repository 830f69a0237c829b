//! Knowing a source again: a running hash over its rows.
//!
//! A job that goes on after it was killed reads its source from the beginning and skips what is done. It must be the same
//! source, so each row leaves a hash; the hashes are hashed on, over all rows so far and over each batch alone. Only jobs
//! with a checkpoint do this.

use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::rows::Row;

/// A SHA-256 value, written in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    fn of(bytes: &[u8]) -> Self {
        Self::from(digest(&SHA256, bytes))
    }

    /// The hash of one row as the source gave it.
    pub(super) fn of_row(row: &Row<'_>) -> Self {
        match row {
            Row::Json(text) => Self::of(text),
            // No JSON begins with this byte.
            Row::Refused(trouble) => Self::of(format!("\u{1}{trouble}").as_bytes()),
        }
    }

    /// The hash over the hashes of some rows.
    pub(super) fn of_all(rows: &[Self]) -> Self {
        Trail::new().behind(rows).here()
    }
}

impl From<ring::digest::Digest> for Digest {
    fn from(digest: ring::digest::Digest) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("64 hexadecimal digits were expected"))
    }
}

/// The running hash.
#[derive(Clone)]
pub(super) struct Trail(Context);

impl std::fmt::Debug for Trail {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Trail({})", hex(&self.here().0))
    }
}

impl Trail {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(super) fn add(&mut self, row: &Digest) {
        self.0.update(&row.0);
    }

    /// The same with some more rows.
    pub(super) fn behind(mut self, rows: &[Digest]) -> Self {
        for row in rows {
            self.add(row);
        }
        self
    }

    /// The hash over all rows so far.
    pub(super) fn here(&self) -> Digest {
        self.0.clone().finish().into()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into memory cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Trouble;

    #[test]
    fn every_row_and_its_place_counts() {
        let rows = |texts: &[&str]| {
            let hashes: Vec<_> = texts
                .iter()
                .map(|text| Digest::of_row(&Row::Json(text.as_bytes())))
                .collect();
            Digest::of_all(&hashes)
        };
        assert_eq!(rows(&["{}", "{\"a\":1}"]), rows(&["{}", "{\"a\":1}"]));
        for other in [
            &["{\"a\":1}", "{}"][..],
            &["{}{\"a\":1}"],
            &["{}", "{\"a\":1}", "{}"],
            &[],
        ] {
            assert_ne!(rows(other), rows(&["{}", "{\"a\":1}"]), "{other:?}");
        }
        let refused = Trouble::of_row("no");
        assert_ne!(
            Digest::of_row(&Row::Refused(&refused)),
            Digest::of_row(&Row::Json(b"no"))
        );
    }

    #[test]
    fn a_hash_reads_as_it_was_written() {
        let hash = Digest::of(b"x");
        let text = serde_json::to_string(&hash).expect("text");
        assert_eq!(serde_json::from_str::<Digest>(&text).expect("a hash"), hash);
        for broken in ["\"\"", "\"zz\"", "7", "\"+1\""] {
            assert!(serde_json::from_str::<Digest>(broken).is_err(), "{broken}");
        }
        let short = "a".repeat(63) + "ü";
        assert_eq!(unhex::<32>(&short), None);
    }
}
