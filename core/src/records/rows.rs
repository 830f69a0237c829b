//! Many rows as one buffer: the JSON texts of their objects, one behind the other.
//!
//! Rows cross the language boundary and every step inside in this form, so that nothing is built only to be thrown away.
//! A row that its language could not write as JSON (a NaN, a half character) keeps its place as a [`Trouble`], because
//! whoever counts rows must count it too.

use std::fmt;

/// Rows in their order.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    text: Vec<u8>,
    /// Where each row ends in `text`; a refused row ends where it begins.
    ends: Vec<usize>,
    /// Rows that are no JSON, by their index; in rising order.
    refused: Vec<(usize, Trouble)>,
}

/// One row on its way.
#[derive(Clone, Copy, Debug)]
pub enum Row<'r> {
    /// The JSON text of an object. Whether it is one has not been looked at.
    Json(&'r [u8]),
    /// What could not be written as JSON.
    Refused(&'r Trouble),
}

/// Why a row cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The column at fault, where it is one.
    pub column: Option<String>,
    /// A sentence without the name of the column: `It must be a whole number, but is "abc".`
    pub reason: String,
}

impl Trouble {
    /// Trouble with a column.
    pub fn at(column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            column: Some(column.into()),
            reason: reason.into(),
        }
    }

    /// Trouble with the row as a whole.
    pub fn of_row(reason: impl Into<String>) -> Self {
        Self {
            column: None,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(formatter, "column {column}: {}", self.reason),
            None => formatter.write_str(&self.reason),
        }
    }
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row whose JSON text `write` appends to the buffer it is given. When it fails, what it wrote is taken back
    /// and the row keeps its place as refused.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), Trouble>) {
        let start = self.text.len();
        if let Err(trouble) = write(&mut self.text) {
            self.text.truncate(start);
            self.refused.push((self.ends.len(), trouble));
        }
        self.ends.push(self.text.len());
    }

    /// Adds a row by its JSON text.
    pub fn push(&mut self, json: &[u8]) {
        self.push_with(|text| {
            text.extend_from_slice(json);
            Ok(())
        });
    }

    /// Adds a row that cannot be taken.
    pub fn push_refused(&mut self, trouble: Trouble) {
        self.push_with(|_| Err(trouble));
    }

    /// Makes room for so many rows in all, if they are as long as those that are there, but for no more than so many bytes.
    pub fn make_room(&mut self, rows: usize, most_bytes: usize) {
        let more = rows.saturating_sub(self.len());
        let each = self.text.len() / self.len().max(1);
        let bytes = (each + each / 8).saturating_mul(more);
        self.text.reserve(bytes.min(most_bytes));
        // No row has less than a byte.
        self.ends.reserve(more.min(most_bytes));
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of JSON text.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Takes everything out, keeping the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.refused.clear();
    }

    /// The rows in their order.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let mut start = 0;
        let mut refused = self.refused.iter().peekable();
        self.ends.iter().enumerate().map(move |(index, end)| {
            let text = &self.text[start..*end];
            start = *end;
            match refused.next_if(|(at, _)| *at == index) {
                Some((_, trouble)) => Row::Refused(trouble),
                None => Row::Json(text),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_as_they_went_in() {
        let mut rows = Rows::new();
        rows.push(b"{\"a\":1}");
        rows.push_with(|text| {
            text.extend_from_slice(b"{\"a\":");
            Err(Trouble::at("a", "It is NaN."))
        });
        rows.push(b"{}");
        let seen: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Row::Json(text) => String::from_utf8_lossy(text).into_owned(),
                Row::Refused(trouble) => trouble.to_string(),
            })
            .collect();
        assert_eq!(seen, ["{\"a\":1}", "column a: It is NaN.", "{}"]);
        assert_eq!((rows.len(), rows.bytes()), (3, 9));
        rows.make_room(1000, 2000);
        assert!((2000..4000).contains(&rows.text.capacity()), "{}", rows.text.capacity());
        rows.make_room(0, 2000);
        Rows::new().make_room(usize::MAX, 0);
    }
}
