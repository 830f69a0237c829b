//! Answers that are read as they come.

use std::future::Future;
use std::sync::Arc;

use napi_derive::napi;
use serde_json::json;
use tokio::sync::Mutex;
use xano_metadata::{Download, Error, runtime};

use crate::delivery::Payload;
use crate::hub::Shared;
use crate::options::tell_progress;

/// An answer that is being opened or read.
#[napi]
pub struct NativeDownload {
    hub: Arc<Shared>,
    slot: Arc<Mutex<Option<Download>>>,
}

impl NativeDownload {
    pub(crate) fn open(
        hub: &Arc<Shared>,
        call: f64,
        opening: impl Future<Output = Result<Download, Error>> + Send + 'static,
    ) -> Self {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        hub.run(call, async move {
            let download = opening.await?;
            let meta = json!({ "status": download.status().as_u16(), "length": download.total() });
            *filled.lock().await = Some(download);
            Ok((Payload::None, Some(meta.to_string())))
        });
        Self {
            hub: Arc::clone(hub),
            slot,
        }
    }
}

#[napi]
impl NativeDownload {
    /// Delivers the next piece; nothing at the end.
    #[napi]
    pub fn next(&self, call: f64) {
        let slot = Arc::clone(&self.slot);
        self.hub.run(call, async move {
            let mut slot = slot.lock().await;
            let Some(download) = slot.as_mut() else {
                return Ok((Payload::None, None));
            };
            Ok((download.chunk().await?.map_or(Payload::None, Payload::Bytes), None))
        });
    }

    /// Writes everything to a file and delivers its length; progress goes to the listener of this number, 0 is none.
    #[napi]
    pub fn save(&self, call: f64, path: String, listener: f64) {
        let (slot, hub) = (Arc::clone(&self.slot), Arc::clone(&self.hub));
        self.hub.run(call, async move {
            let taken = slot.lock().await.take();
            let Some(download) = taken else {
                return Err(Error::internal("The download is used up."));
            };
            let last = std::sync::Mutex::new(None);
            let tell = |progress| {
                if listener > 0.0 {
                    tell_progress(&hub, listener, &last, progress);
                }
            };
            let length = download.save(path, tell).await?;
            Ok((Payload::None, Some(length.to_string())))
        });
    }

    /// Drops the rest, and the connection with it.
    #[napi]
    pub fn close(&self) {
        let slot = Arc::clone(&self.slot);
        // Without a runtime everything is dropped already.
        if let Ok(handle) = runtime::handle() {
            handle.spawn(async move { drop(slot.lock().await.take()) });
        }
    }
}
