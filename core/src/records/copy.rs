//! Copying records to another table: of another data source, workspace or instance.
//!
//! A copy is a stable read that feeds a load, so it promises what both promise: no row is missed or doubled, and what became
//! of each is known. Everything that can be known beforehand is: a copy that cannot end well does not begin. Making the
//! table where there is none is in [`twin`].

mod twin;

use std::sync::Arc;

use super::Records;
use super::job::{Job, Meter};
use super::load;
use super::options::{Action, CopyOptions, LoadOptions};
use super::read::Reader;
use super::report::Report;
use super::rows::Rows;
use super::schema::{Column, Kind, Schema};
use super::source::Source;
use crate::error::{Error, ErrorKind};
use crate::paging::scan;
use twin::Twin;

impl Records {
    /// Copies records to another table, which may be in another data source, workspace or instance. Branches share their
    /// tables, so there is nothing to copy between them.
    ///
    /// Rows get new ids unless [`LoadOptions::keep_ids`] says otherwise. Columns are matched by name, and every column of
    /// the source but for passwords, which the server does not answer, must be in the target. Rows that are in the target
    /// already stay; [`Action::Upsert`] changes those that are found by id or key instead of adding them again, so that such a
    /// copy can be made again at any time. A checkpoint lets an interrupted copy go on while the rows that it had read are as
    /// they were, and refuses where they are not. Where files are stored is copied, files are not.
    ///
    /// With [`CopyOptions::create`], a target that is given by a name that no table has is made first, in one request, with
    /// the columns and indexes of the source. A reference to another table is a number that means something in its own
    /// workspace only: in another one the column becomes a plain `int` or `uuid`, and a warning event names it. A table that
    /// was made stays when the copy then fails, and the error says so.
    ///
    /// Scopes: of the source, Workspace Content: Read and Workspace Database: Read; of the target, those of
    /// [`load`](Self::load), and Workspace Database: Create to make it.
    ///
    /// # Errors
    /// `config_error` when the options cannot be met. Everything else comes from [`Job::wait`]: `config_error` when the
    /// tables do not fit, before any row is sent; those of a read and of a load, with the report so far.
    ///
    /// ```no_run
    /// # async fn example(shop: xano_metadata::api::WorkspaceHandle) -> Result<(), xano_metadata::Error> {
    /// use xano_metadata::records::CopyOptions;
    ///
    /// let live = shop.table("orders").records().data();
    /// let test = shop.table("orders").records().data().in_data_source("test");
    /// let report = live.copy_to(&test, CopyOptions::default())?.wait().await?;
    /// println!("{} rows copied in {:.1} s", report.inserted, report.seconds);
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_to(&self, target: &Self, options: CopyOptions) -> Result<Job, Error> {
        let CopyOptions { read, mut load, create } = options;
        if load.action == Action::Delete {
            return Err(Error::config("A copy adds or changes records; it cannot delete them."));
        }
        if self.is_same(target) {
            return Err(Error::config(
                "The table would be copied to itself. Name another table, or another data source.",
            ));
        }
        let by_id = load.action != Action::Insert && load.key.as_deref().is_none_or(|key| key == "id");
        if !by_id {
            load.keep_ids.get_or_insert(false);
        }
        load::check(&load)?;
        let copy = Copy {
            reader: self.read(read).checked()?,
            source: self.clone(),
            target: target.clone(),
            keeps_ids: by_id || load.keep_ids == Some(true),
            load,
            create,
        };
        Job::start(|_, meter| copy.run(meter))
    }

    fn is_same(&self, other: &Self) -> bool {
        let place = |records: &Self| {
            let base = records.connection.base_url();
            base.map(|base| {
                (
                    base,
                    records.workspace.clone(),
                    records.table.clone(),
                    records.data_source().to_owned(),
                )
            })
        };
        place(self).is_some_and(|here| place(other) == Some(here))
    }
}

/// A copy that is about to begin.
struct Copy {
    source: Records,
    target: Records,
    reader: Reader,
    load: LoadOptions,
    /// Whether a row's id means the same record in both tables.
    keeps_ids: bool,
    create: bool,
}

impl Copy {
    async fn run(self, meter: Arc<Meter>) -> Result<Report, Error> {
        let begun = |error: Error| error.with_report(Report::default());
        let schema = self.source.schema().await.map_err(begun)?;
        let (target, twin) = match self.target.schema().await {
            Ok(there) => {
                self.check_fits(&schema, &there).map_err(begun)?;
                (self.target.clone(), None)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let twin = self.make_twin(&schema, error).await.map_err(begun)?;
                (twin.records.clone(), Some(twin))
            }
            Err(error) => return Err(begun(error)),
        };
        let source = Copying {
            reader: self.reader,
            meter: Arc::clone(&meter),
        };
        let copied = Box::pin(load::run(target, self.load, source, meter)).await;
        copied.map_err(|error| match twin {
            Some(twin) => twin.told(error),
            None => error,
        })
    }

    async fn make_twin(&self, schema: &Schema, missing: Error) -> Result<Twin, Error> {
        if !self.create {
            return Err(missing.with_hint("Say create to have the table made."));
        }
        // A twin has the same columns; what they ask of rows may still be more than the source gives.
        self.check_fits(schema, schema)?;
        Twin::make(&self.source, &self.target, schema, missing).await
    }

    /// Whether rows of the one can be rows of the other.
    fn check_fits(&self, source: &Schema, target: &Schema) -> Result<(), Error> {
        let given = || {
            source
                .columns()
                .iter()
                .filter(|column| is_answered(column) && column.name != "id")
        };
        let lacking: Vec<&str> = given()
            .map(|column| column.name.as_str())
            .filter(|name| target.column(name).is_none())
            .collect();
        if !lacking.is_empty() {
            return Err(Error::config(format!(
                "The target lacks columns that the source has: {}. Nothing was copied.",
                lacking.join(", ")
            ))
            .with_hint("Add them to it, or copy to a new table with create."));
        }
        let adds = self.load.action != Action::Update;
        let asked = target
            .columns()
            .iter()
            .filter(|column| adds && column.must_be_given() && column.name != "id");
        for column in asked {
            if given().any(|known| known.name == column.name) {
                continue;
            }
            let name = &column.name;
            let why = match source.column(name) {
                Some(_) => "is a password, which the server does not answer",
                None => "is not in the source",
            };
            return Err(Error::config(format!(
                "Every new record of the target must have a value for {name}, which {why}. Nothing was copied."
            ))
            .with_hint("Give the column a default, or let it not be required."));
        }
        if self.keeps_ids && source.has_number_ids() != target.has_number_ids() {
            return Err(Error::config(
                "Ids cannot be the same in both tables: one has numbers and the other UUIDs. Nothing was copied.",
            )
            .with_hint("Copy without keep_ids, or find records by a key column."));
        }
        Ok(())
    }
}

/// Whether the server shows what is in the column.
fn is_answered(column: &Column) -> bool {
    column.kind != Kind::Password
}

/// A read as the source of a load.
struct Copying {
    reader: Reader,
    meter: Arc<Meter>,
}

impl Source for Copying {
    async fn next(&mut self, _schema: &Schema) -> Result<Option<Rows>, Error> {
        let Some(page) = self.reader.next().await? else {
            return Ok(None);
        };
        if page.total.is_some() {
            self.meter.set_total(page.total);
        }
        let mut rows = Rows::new();
        scan::scan_items(&page.items, |row| rows.push(&page.items[row])).map_err(Error::internal)?;
        Ok(Some(rows))
    }
}
