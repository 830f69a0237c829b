//! Records as data: reading, loading and moving whole tables without losing a row.
//!
//! One room for each step of a row's way: [`Schema`] knows the columns, [`Rows`] carries rows as JSON text, a [`Reader`]
//! walks a table so that nothing is missed or repeated, a [`Job`] does long work (loading, exporting, copying) that can be
//! watched, stopped and resumed, and a [`Report`] says what became of every row.
//!
//! The language faces hand options over as JSON, so the structs here are the only place that knows their names.

#[cfg(feature = "arrow")]
pub mod arrow;
mod check;
mod copy;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod job;
mod load;
mod options;
mod read;
mod report;
mod rows;
mod schema;
mod search;
mod source;
mod typed;

use serde_json::value::RawValue;

use crate::connection::Connection;
use crate::error::Error;
use crate::request::{Reply, Request, Value};

pub use job::{Job, JobProgress};
pub use options::{Action, CopyOptions, ExportOptions, Format, LoadOptions, OnError, Order, ReadOptions};
pub use read::{Reader, RecordPage};
pub use report::{Failure, Report};
pub use rows::{Row, Rows, Trouble};
pub use schema::{Column, Kind, Schema};
pub use search::{Search, Sort};

#[cfg(feature = "fuzzing")]
pub(crate) fn expression(text: &RawValue) -> Result<search::Expression, Error> {
    search::Expression::read(Some(text))
}

/// The records of one table in one data source. Cloning is cheap; making one sends nothing.
#[derive(Clone, Debug)]
pub struct Records {
    pub(crate) connection: Connection,
    workspace: Value,
    table: Value,
    data_source: Option<String>,
}

impl Records {
    /// The records of `table`, by number or by name, in the live data source.
    #[must_use]
    pub fn new(connection: Connection, workspace: impl Into<Value>, table: impl Into<Value>) -> Self {
        Self {
            connection,
            workspace: workspace.into(),
            table: table.into(),
            data_source: None,
        }
    }

    /// The same table in the data source with this label.
    #[must_use]
    pub fn in_data_source(mut self, label: impl Into<String>) -> Self {
        self.data_source = Some(label.into());
        self
    }

    /// The label of the data source; `live` when none was named.
    #[must_use]
    pub fn data_source(&self) -> &str {
        self.data_source.as_deref().unwrap_or("live")
    }

    /// Reads the columns of the table.
    ///
    /// Scope: Workspace Database: Read.
    ///
    /// # Errors
    /// Those of a call; `decode_error` when the answer is no list of columns.
    pub async fn schema(&self) -> Result<Schema, Error> {
        let reply = self.connection.call(self.about_table("columns.list")?).await?;
        Schema::read(&reply)
    }

    /// A request of an operation below the table that knows nothing of data sources, such as `columns.list`.
    pub(crate) fn about_table(&self, operation: &str) -> Result<Request, Error> {
        let id = format!("instance.workspace.table.{operation}");
        let request = Request::new(&id)?.path_value(self.workspace.clone());
        Ok(request.path_value(self.table.clone()))
    }

    /// A request of an operation on records, such as `records.search`, in the data source that is meant.
    pub(crate) fn request(&self, operation: &str) -> Result<Request, Error> {
        let request = self.about_table(operation)?;
        Ok(match &self.data_source {
            Some(label) => request.header_value("x-data-source", label.as_str()),
            None => request,
        })
    }

    /// Makes one search: `search` and `sort` as the API has them.
    pub(crate) async fn search_page(&self, search: &RawValue, sort: &RawValue, per_page: u32) -> Result<Reply, Error> {
        // As text, so that no number in the search is rounded.
        let (search, sort) = (search.get(), sort.get());
        let body = format!(r#"{{"search":{search},"sort":{sort},"page":1,"per_page":{per_page}}}"#);
        let request = self.request("records.search")?.body(crate::Body::Json(body.into()));
        self.connection.call(request).await
    }
}
