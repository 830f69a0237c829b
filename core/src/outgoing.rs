//! Building what one attempt sends. Each attempt builds its own, so every body can be sent again.

mod form;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Uri, header};
use http_body_util::Full;

use crate::body::Body;
use crate::download::{Progress, ProgressSink};
use crate::error::Error;
use crate::transport::{Outgoing, Payload};

/// How far an upload is, shared between the body that is being read and the call that waits.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    done: AtomicU64,
    total: AtomicU64,
    /// A file could not be read to its end; the fault is here, not on the way.
    pub(crate) file_failed: AtomicBool,
    sink: Option<ProgressSink>,
}

impl Upload {
    pub(crate) fn new(sink: Option<ProgressSink>) -> Arc<Self> {
        Arc::new(Self {
            sink,
            ..Self::default()
        })
    }

    pub(crate) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    fn advance(&self, bytes: usize) {
        let done = self.done.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if let Some(sink) = &self.sink {
            sink.call(Progress {
                done,
                total: Some(self.total.load(Ordering::Relaxed)),
            });
        }
    }
}

/// What one attempt sends.
pub(crate) async fn build(
    method: http::Method,
    uri: Uri,
    headers: HeaderMap,
    body: &Body,
    upload: &Arc<Upload>,
) -> Result<Outgoing, Error> {
    let has_payload = !method.is_safe();
    let mut request = Outgoing::new(Payload::Left(Full::default()));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    let (content_type, bytes) = match body {
        Body::Json(text) => (HeaderValue::from_static("application/json"), text.clone()),
        Body::Script(text) => (HeaderValue::from_static("text/x-xanoscript"), Bytes::from(text.clone())),
        Body::Bytes { content_type, bytes } => {
            let value = HeaderValue::from_str(content_type)
                .map_err(|_| Error::config(format!("{content_type:?} is not a content type.")))?;
            (value, bytes.clone())
        }
        Body::Multipart(parts) => {
            // In a box, because reading files is large and seldom.
            Box::pin(form::lay(&mut request, parts, upload)).await?;
            return Ok(request);
        }
        Body::Empty => {
            if has_payload {
                // Some servers answer 411 to a POST that does not say its length.
                request
                    .headers_mut()
                    .insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            return Ok(request);
        }
    };
    request.headers_mut().insert(header::CONTENT_TYPE, content_type);
    upload.total.store(bytes.len() as u64, Ordering::Relaxed);
    upload.advance(bytes.len());
    *request.body_mut() = Payload::Left(Full::new(bytes));
    Ok(request)
}
