//! Why a value is not taken, and the sentences that say so.

use super::scan::Broken;
use crate::records::rows::Trouble;

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// Why a value is not taken, seen from inside of a column.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The row stops being JSON here.
    Broken(Broken),
    /// A value that does not fit.
    Value {
        /// Where inside the column: `[3]`, `.width`.
        path: String,
        reason: String,
    },
}

impl From<Broken> for Refusal {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl Refusal {
    pub(super) fn value(reason: impl Into<String>) -> Self {
        Self::Value {
            path: String::new(),
            reason: reason.into(),
        }
    }

    /// Seen from one level further out.
    pub(super) fn inside(mut self, step: impl FnOnce() -> String) -> Self {
        if let Self::Value { path, .. } = &mut self {
            path.insert_str(0, &step());
        }
        self
    }

    /// Seen from the row.
    pub(super) fn into_trouble(self, column: &str) -> Trouble {
        match self {
            Self::Broken(broken) => Trouble::at(column, format!("It is no valid JSON: {broken}.")),
            Self::Value { path, reason } if path.is_empty() => Trouble::at(column, reason),
            Self::Value { path, reason } => Trouble::at(column, format!("At {column}{path}: {reason}")),
        }
    }
}

/// Trouble with a row that is no JSON object.
pub(super) fn no_row(broken: &Broken) -> Trouble {
    Trouble::of_row(format!("The row is no valid JSON object: {broken}."))
}

/// A value as a message shows it.
pub(crate) fn shorten(json: &str) -> String {
    match json.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}

/// A size as a message shows it.
pub(crate) fn size(bytes: usize) -> String {
    let tenths = |unit: usize, name: &str| {
        let tenths = bytes.saturating_mul(10) / unit;
        match tenths % 10 {
            0 => format!("{} {name}", tenths / 10),
            tenth => format!("{}.{tenth} {name}", tenths / 10),
        }
    };
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => tenths(1_024, "KiB"),
        _ => tenths(1_048_576, "MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_sizes_are_shown_short() {
        assert_eq!(shorten("\"abc\""), "\"abc\"");
        assert_eq!(shorten(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (50 << 20, "50 MiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
