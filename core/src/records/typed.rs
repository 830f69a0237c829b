//! Records as data in Rust: rows of your own types, from iterators and streams and into streams.

pub(crate) mod finite;

use std::collections::VecDeque;
use std::path::Path;

use futures_util::stream::{self, try_unfold};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Records;
use super::job::Job;
use super::options::{Action, CopyOptions, ExportOptions, Format, LoadOptions, ReadOptions};
use super::read::Reader;
use super::report::Report;
use super::rows::{Rows, Trouble};
use super::search::Search;
use crate::api::TableRecords;
use crate::error::Error;

/// Rows are handed over in chunks of about this many bytes or rows, whichever comes first.
const CHUNK_BYTES: usize = 256 << 10;
const CHUNK_ROWS: usize = 1000;

impl ReadOptions {
    /// The defaults, for the records that a search finds.
    ///
    /// # Errors
    /// `config_error` when the search holds what cannot be sent.
    pub fn matching(search: &Search) -> Result<Self, Error> {
        Ok(Self {
            search: Some(search.to_raw()?),
            ..Self::default()
        })
    }
}

impl Records {
    /// The records as a stream of `T`, which ends after the first error. Nothing is sent before it is polled. See
    /// [`read`](Self::read) for what it promises, and for its scope.
    ///
    /// Errors are those of [`Reader::next`], and `decode_error` when a record is no `T`.
    #[allow(
        clippy::iter_not_returning_iterator,
        reason = "the name that it has in every language; here a stream is what iterates"
    )]
    pub fn iter<T: DeserializeOwned + Send + 'static>(
        &self,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let start = (self.read(options), VecDeque::new());
        try_unfold(start, |(mut reader, mut ready): (Reader, VecDeque<T>)| async move {
            loop {
                if let Some(record) = ready.pop_front() {
                    return Ok(Some((record, (reader, ready))));
                }
                let Some(page) = reader.next().await? else {
                    return Ok(None);
                };
                ready = serde_json::from_slice(&page.items).map_err(|cause| {
                    let message = format!("A record is not what was expected: {cause}.");
                    Error::decode(message, &page.items)
                })?;
            }
        })
    }

    /// Adds rows, each once, and waits until that is done. See [`load`](Self::load) for its scope.
    ///
    /// # Errors
    /// `record_error` when a row cannot be stored, or when it cannot be known what became of some; those of a call; each with
    /// the [report](Error::report) so far.
    pub async fn insert<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.load_all(Action::Insert, rows, options).await
    }

    /// Changes the records with the ids of these rows, or with their values in the key column, and waits until that is done.
    /// Columns that a row does not name keep their values. See [`load`](Self::load) for its scope.
    ///
    /// # Errors
    /// As of [`insert`](Self::insert).
    pub async fn update<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.load_all(Action::Update, rows, options).await
    }

    /// Changes the records with the ids of these rows, or with their values in the key column, adds those that do not exist,
    /// and waits until that is done. See [`load`](Self::load) for its scope.
    ///
    /// # Errors
    /// As of [`insert`](Self::insert).
    pub async fn upsert<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.load_all(Action::Upsert, rows, options).await
    }

    /// Deletes the records with these ids, or with these values in the key column, and waits until that is done; rows that
    /// hold them will do as well. This cannot be undone. See [`load`](Self::load) for its scope.
    ///
    /// # Errors
    /// As of [`insert`](Self::insert).
    pub async fn delete<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.load_all(Action::Delete, rows, options).await
    }

    /// Loads the rows of a stream, as [`LoadOptions::action`] says, and waits until that is done. See [`load`](Self::load)
    /// for its scope.
    ///
    /// # Errors
    /// As of [`insert`](Self::insert).
    pub async fn load_stream<R: Serialize>(
        &self,
        rows: impl Stream<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        let job = self.load(options)?;
        let mut rows = std::pin::pin!(rows);
        let mut chunk = Rows::new();
        while let Some(row) = rows.next().await {
            chunk.push_with(|text| write(&row, text));
            let full = chunk.len() >= CHUNK_ROWS || chunk.bytes() >= CHUNK_BYTES;
            if full && !job.feed(std::mem::take(&mut chunk)).await {
                break;
            }
        }
        if !chunk.is_empty() {
            // When the job takes no more, waiting for it says why.
            job.feed(chunk).await;
        }
        job.end_feed();
        job.wait().await
    }

    async fn load_all<R: Serialize>(
        &self,
        action: Action,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        let options = LoadOptions { action, ..options };
        self.load_stream(stream::iter(rows), options).await
    }
}

/// Writes a row as JSON.
fn write(row: &impl Serialize, text: &mut Vec<u8>) -> Result<(), Trouble> {
    finite::check(row)?;
    serde_json::to_writer(text, row).map_err(|cause| Trouble::of_row(format!("It cannot be written as JSON: {cause}.")))
}

/// Records as data. These stand for the same methods of [`Records`], in the live data source.
///
/// ```no_run
/// # async fn example(shop: xano_metadata::api::WorkspaceHandle) -> Result<(), xano_metadata::Error> {
/// use futures_util::TryStreamExt as _;
/// use serde::{Deserialize, Serialize};
/// use xano_metadata::records::{LoadOptions, ReadOptions, Search};
///
/// #[derive(Serialize, Deserialize)]
/// struct Product {
///     name: String,
///     price: f64,
/// }
///
/// let products = shop.table("products").records();
/// let new = (1..=10_000).map(|n| Product { name: format!("product {n}"), price: 9.5 });
/// let report = products.insert(new, LoadOptions::default()).await?;
/// println!("{} rows in {:.1} s", report.inserted, report.seconds);
///
/// let dear = ReadOptions::matching(&Search::new().gt("price", 70))?;
/// let mut rows = std::pin::pin!(products.iter::<Product>(dear));
/// while let Some(product) = rows.try_next().await? {
///     println!("{}: {}", product.name, product.price);
/// }
/// # Ok(())
/// # }
/// ```
impl TableRecords {
    /// The records as data, in the live data source.
    #[must_use]
    pub fn data(&self) -> Records {
        let [workspace, table] = [0, 1].map(|place| self.node.value(place));
        Records::new(self.node.connection.clone(), workspace, table)
    }

    /// The records as data, in the data source with this label.
    #[must_use]
    pub fn in_data_source(&self, label: impl Into<String>) -> Records {
        self.data().in_data_source(label)
    }

    /// Reads records; see [`Records::read`].
    #[must_use]
    pub fn read(&self, options: ReadOptions) -> Reader {
        self.data().read(options)
    }

    /// The records as a stream of `T`; see [`Records::iter`].
    #[allow(
        clippy::iter_not_returning_iterator,
        reason = "the name that it has in every language; here a stream is what iterates"
    )]
    pub fn iter<T: DeserializeOwned + Send + 'static>(
        &self,
        options: ReadOptions,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.data().iter(options)
    }

    /// Adds rows; see [`Records::insert`].
    ///
    /// # Errors
    /// As there.
    pub async fn insert<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.data().insert(rows, options).await
    }

    /// Changes records; see [`Records::update`].
    ///
    /// # Errors
    /// As there.
    pub async fn update<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.data().update(rows, options).await
    }

    /// Changes records and adds those that do not exist; see [`Records::upsert`].
    ///
    /// # Errors
    /// As there.
    pub async fn upsert<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.data().upsert(rows, options).await
    }

    /// Deletes records; see [`Records::delete`]. This cannot be undone.
    ///
    /// # Errors
    /// As there.
    pub async fn delete<R: Serialize>(
        &self,
        rows: impl IntoIterator<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.data().delete(rows, options).await
    }

    /// Loads the rows of a stream; see [`Records::load_stream`].
    ///
    /// # Errors
    /// As there.
    pub async fn load_stream<R: Serialize>(
        &self,
        rows: impl Stream<Item = R>,
        options: LoadOptions,
    ) -> Result<Report, Error> {
        self.data().load_stream(rows, options).await
    }

    /// Writes records to a file; see [`Records::export`].
    ///
    /// # Errors
    /// As there.
    pub fn export(&self, path: impl AsRef<Path>, options: ExportOptions) -> Result<Job, Error> {
        self.data().export(path, options)
    }

    /// Loads the rows of a file; see [`Records::import`].
    ///
    /// # Errors
    /// As there.
    pub fn import(&self, path: impl AsRef<Path>, format: Option<Format>, options: LoadOptions) -> Result<Job, Error> {
        self.data().import(path, format, options)
    }

    /// Copies records to another table; see [`Records::copy_to`].
    ///
    /// # Errors
    /// As there.
    pub fn copy_to(&self, target: &Records, options: CopyOptions) -> Result<Job, Error> {
        self.data().copy_to(target, options)
    }
}
