//! Where the rows of a load come from.

use std::future::Future;

use super::job::Feed;
use super::rows::Rows;
use super::schema::Schema;
use crate::error::Error;

/// Something that gives rows, a chunk at a time, in the same order each time it is begun.
pub(crate) trait Source: Send {
    /// The next rows; none at the end. The schema says how text becomes values where a format knows text only.
    fn next(&mut self, schema: &Schema) -> impl Future<Output = Result<Option<Rows>, Error>> + Send;
}

/// Rows that are fed from outside.
impl Source for Feed {
    async fn next(&mut self, _schema: &Schema) -> Result<Option<Rows>, Error> {
        Ok(self.recv().await)
    }
}
