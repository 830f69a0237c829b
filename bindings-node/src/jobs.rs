//! Long work on records: fed with rows, watched, waited for, given up.

use std::sync::Arc;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use xano_metadata::Error;
use xano_metadata::records::{Job, Rows, Trouble};

use crate::delivery::Payload;
use crate::guarded;
use crate::hub::Shared;
use crate::options::read;

/// Work under way. It is given up when the object is collected, unless somebody waits for it.
#[napi]
pub struct NativeJob {
    hub: Arc<Shared>,
    job: Job,
}

impl NativeJob {
    pub(crate) fn new(hub: &Arc<Shared>, job: Job) -> Self {
        Self {
            hub: Arc::clone(hub),
            job,
        }
    }
}

#[napi]
impl NativeJob {
    /// Hands rows over, a line each, and delivers whether the job goes on. An empty line is a row that could not be
    /// written; `refused` says why, as the JSON of `[[line, column, reason], …]`.
    #[napi]
    pub fn feed(&self, call: f64, text: Buffer, refused: Option<String>) -> napi::Result<()> {
        guarded(|| {
            let rows = rows(&text, refused.as_deref())?;
            let job = self.job.clone();
            self.hub.run(call, async move {
                Ok((Payload::None, Some(job.feed(rows).await.to_string())))
            });
            Ok(())
        })
    }

    /// Says that there are no more rows.
    #[napi]
    pub fn end_feed(&self) {
        self.job.end_feed();
    }

    /// How far it is, as JSON.
    #[napi]
    pub fn progress(&self) -> napi::Result<String> {
        guarded(|| {
            serde_json::to_string(&self.job.progress())
                .map_err(|cause| Error::internal(format!("Progress cannot be written: {cause}.")))
        })
    }

    /// Waits for its end and delivers the report as JSON.
    #[napi]
    pub fn wait(&self, call: f64) {
        let job = self.job.clone();
        self.hub.run(call, async move {
            let report = serde_json::to_string(&job.wait().await?)
                .map_err(|cause| Error::internal(format!("The report cannot be written: {cause}.")))?;
            Ok((Payload::None, Some(report)))
        });
    }

    /// Gives it up.
    #[napi]
    pub fn cancel(&self) {
        self.job.cancel();
    }
}

type Refused = Vec<(usize, Option<String>, String)>;

fn rows(text: &[u8], refused: Option<&str>) -> Result<Rows, Error> {
    let refused: Refused = refused.map(read).transpose()?.unwrap_or_default();
    let mut refused = refused.into_iter().peekable();
    let mut rows = Rows::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match refused.next_if(|(place, ..)| *place == rows.len()) {
            Some((_, column, reason)) => rows.push_refused(Trouble { column, reason }),
            None => rows.push(line.strip_suffix(b"\n").unwrap_or(line)),
        }
    }
    Ok(rows)
}
