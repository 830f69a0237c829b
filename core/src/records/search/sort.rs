//! Orders of records, as the API has them.

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::OneKey;
use crate::error::Error;

/// An order of records: by the first column, where that is equal by the second, and so on.
///
/// ```
/// use xano_metadata::records::Sort;
///
/// let sort = Sort::new().desc("price").asc("name");
/// assert_eq!(serde_json::to_string(&sort)?, r#"[{"price":"desc"},{"name":"asc"}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "an order does nothing by itself"]
pub struct Sort {
    columns: Vec<(String, &'static str)>,
}

impl Sort {
    /// No order yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then by this column, smallest first.
    pub fn asc(self, column: impl Into<String>) -> Self {
        self.by(column.into(), "asc")
    }

    /// Then by this column, largest first.
    pub fn desc(self, column: impl Into<String>) -> Self {
        self.by(column.into(), "desc")
    }

    /// The order as JSON text, for [`ReadOptions::sort`](crate::records::ReadOptions).
    ///
    /// # Errors
    /// None is known; the type leaves room.
    pub fn to_raw(&self) -> Result<Box<RawValue>, Error> {
        serde_json::value::to_raw_value(self)
            .map_err(|cause| Error::config(format!("The order cannot be sent: {cause}.")))
    }

    fn by(mut self, column: String, direction: &'static str) -> Self {
        self.columns.push((column, direction));
        self
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.columns.len()))?;
        for (column, direction) in &self.columns {
            list.serialize_element(&OneKey(column, direction))?;
        }
        list.end()
    }
}
