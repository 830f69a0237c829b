//! The records of a table: reads as JSON and as Arrow, and the beginnings of jobs.

use std::sync::Arc;

use napi_derive::napi;
use serde_json::{Value as Json, json};
use tokio::sync::Mutex;
use xano_metadata::records::arrow::{ArrowOptions, IpcReader};
use xano_metadata::records::{Job, ReadOptions, Reader, Records};
use xano_metadata::{Connection, Error, runtime};

use crate::delivery::Payload;
use crate::guarded;
use crate::hub::Shared;
use crate::jobs::NativeJob;
use crate::options::read;
use crate::request::value;

/// The records of one table in one data source.
#[napi]
pub struct NativeRecords {
    hub: Arc<Shared>,
    records: Records,
}

impl NativeRecords {
    /// `table` is the JSON of a list: the workspace and the table, each by number or name.
    pub(crate) fn new(
        hub: &Arc<Shared>,
        connection: &Connection,
        table: &str,
        data_source: Option<String>,
    ) -> Result<Self, Error> {
        let [workspace, table]: [Json; 2] = read(table)?;
        let records = Records::new(connection.clone(), value(workspace)?, value(table)?);
        Ok(Self {
            hub: Arc::clone(hub),
            records: match data_source {
                Some(label) => records.in_data_source(label),
                None => records,
            },
        })
    }

    fn job(&self, job: Result<Job, Error>) -> Result<NativeJob, Error> {
        Ok(NativeJob::new(&self.hub, job?))
    }
}

#[napi]
impl NativeRecords {
    /// A read, still to be begun.
    #[napi]
    pub fn read(&self, options: String) -> napi::Result<NativeReader> {
        guarded(|| {
            let options: ReadOptions = read(&options)?;
            Ok(NativeReader {
                hub: Arc::clone(&self.hub),
                reader: Arc::new(Mutex::new(Some(self.records.read(options)))),
            })
        })
    }

    /// A read as Arrow, still to be begun.
    #[napi]
    pub fn arrow(&self, options: String, arrow: String) -> napi::Result<NativeArrow> {
        guarded(|| {
            let asked = Asked {
                records: self.records.clone(),
                read: read(&options)?,
                arrow: read(&arrow)?,
            };
            Ok(NativeArrow {
                hub: Arc::clone(&self.hub),
                reader: Arc::new(Mutex::new(Arrow::Asked(Box::new(asked)))),
            })
        })
    }
    /// Begins to load rows that will be fed.
    #[napi]
    pub fn load(&self, options: String) -> napi::Result<NativeJob> {
        guarded(|| self.job(self.records.load(read(&options)?)))
    }

    /// Begins to load the rows of a file.
    #[napi]
    pub fn import(&self, path: String, format: Option<String>, options: String) -> napi::Result<NativeJob> {
        guarded(|| {
            let format = format.map(|name| read(&Json::String(name).to_string())).transpose()?;
            self.job(self.records.import(path, format, read(&options)?))
        })
    }

    /// Begins to copy records to another table.
    #[napi]
    pub fn copy_to(&self, target: &NativeRecords, options: String) -> napi::Result<NativeJob> {
        guarded(|| self.job(self.records.copy_to(&target.records, read(&options)?)))
    }

    /// Begins to write records to a file.
    #[napi]
    pub fn export(&self, path: String, options: String) -> napi::Result<NativeJob> {
        guarded(|| self.job(self.records.export(path, read(&options)?)))
    }
}

/// A read under way.
#[napi]
pub struct NativeReader {
    hub: Arc<Shared>,
    reader: Arc<Mutex<Option<Reader>>>,
}

#[napi]
impl NativeReader {
    /// Delivers the records of the next page with what is known about it; without that at the end.
    #[napi]
    pub fn next(&self, call: f64) {
        let reader = Arc::clone(&self.reader);
        self.hub.run(call, async move {
            let mut reader = reader.lock().await;
            let Some(open) = reader.as_mut() else {
                return Ok((Payload::None, None));
            };
            let Some(page) = open.next().await? else {
                return Ok((Payload::None, None));
            };
            Ok((
                Payload::json(page.items),
                Some(json!({ "total": page.total }).to_string()),
            ))
        });
    }

    /// Gives the rest up, and what is on its way.
    #[napi]
    pub fn close(&self) {
        let reader = Arc::clone(&self.reader);
        // Without a runtime everything is dropped already.
        if let Ok(handle) = runtime::handle() {
            handle.spawn(async move { drop(reader.lock().await.take()) });
        }
    }
}

/// A read whose records come as bytes of Arrow's streaming format.
#[napi]
pub struct NativeArrow {
    hub: Arc<Shared>,
    reader: Arc<Mutex<Arrow>>,
}

enum Arrow {
    Asked(Box<Asked>),
    Open(Box<IpcReader>),
    Closed,
}

/// What will be read; the columns are asked for with the first bytes.
struct Asked {
    records: Records,
    read: ReadOptions,
    arrow: ArrowOptions,
}

#[napi]
impl NativeArrow {
    /// Delivers the next bytes; nothing at the end.
    #[napi]
    pub fn next(&self, call: f64) {
        let reader = Arc::clone(&self.reader);
        self.hub.run(call, async move {
            let mut reader = reader.lock().await;
            if let Arrow::Asked(asked) = &*reader {
                let opened = asked.records.read_arrow(asked.read.clone(), &asked.arrow).await?;
                *reader = Arrow::Open(Box::new(opened.into_ipc()?));
            }
            let Arrow::Open(open) = &mut *reader else {
                return Ok((Payload::None, None));
            };
            Ok(match open.next().await? {
                Some(bytes) => (Payload::Bytes(bytes.into()), None),
                None => (Payload::None, None),
            })
        });
    }

    /// Gives the rest up, and what is on its way.
    #[napi]
    pub fn close(&self) {
        let reader = Arc::clone(&self.reader);
        // Without a runtime everything is dropped already.
        if let Ok(handle) = runtime::handle() {
            handle.spawn(async move { *reader.lock().await = Arrow::Closed });
        }
    }
}
