//! Building what one attempt sends. Each attempt builds its own, so every body can be sent again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use reqwest::multipart::{Form, Part as FormPart};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;
use url::Url;

use crate::body::{Body, Part, PartContent};
use crate::download::{Progress, ProgressSink};
use crate::error::Error;

/// Pieces in which files are read: large enough to be cheap, small enough to forget.
const PIECE: usize = 64 * 1024;

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

/// A request as reqwest wants it.
pub(crate) async fn build(
    client: &reqwest::Client,
    method: http::Method,
    url: Url,
    headers: &HeaderMap,
    body: &Body,
    upload: &Arc<Upload>,
) -> Result<reqwest::Request, Error> {
    if let Body::Multipart(parts) = body {
        // In a box, because reading files is large and seldom.
        let form = Box::pin(form(parts, upload)).await?;
        let mut request = client
            .request(method, url)
            .multipart(form)
            .build()
            .map_err(|cause| Error::internal("The form cannot be built.").with_source(cause))?;
        request
            .headers_mut()
            .extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        return Ok(request);
    }
    let has_payload = !method.is_safe();
    let mut request = reqwest::Request::new(method, url);
    *request.headers_mut() = headers.clone();
    let (content_type, bytes) = match body {
        Body::Json(text) => (HeaderValue::from_static("application/json"), text.clone()),
        Body::Script(text) => (HeaderValue::from_static("text/x-xanoscript"), Bytes::from(text.clone())),
        Body::Bytes { content_type, bytes } => {
            let value = HeaderValue::from_str(content_type)
                .map_err(|_| Error::config(format!("{content_type:?} is not a content type.")))?;
            (value, bytes.clone())
        }
        Body::Empty | Body::Multipart(_) => {
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
    *request.body_mut() = Some(bytes.into());
    Ok(request)
}

async fn form(parts: &[Part], upload: &Arc<Upload>) -> Result<Form, Error> {
    // Names go as plain UTF-8, as browsers send them; the percent-encoded spelling is not understood everywhere.
    let mut form = Form::new().percent_encode_noop();
    for part in parts {
        check_text("field name", &part.name)?;
        let (mut built, length) = match &part.content {
            PartContent::Bytes(bytes) => {
                upload.advance(bytes.len());
                (
                    FormPart::stream_with_length(bytes.clone(), bytes.len() as u64),
                    bytes.len() as u64,
                )
            }
            PartContent::File(path) => file_part(path, upload).await?,
        };
        upload.total.fetch_add(length, Ordering::Relaxed);
        if let Some(name) = &part.file_name {
            check_text("file name", name)?;
            built = built.file_name(quoted(name));
        }
        let content_type = match (&part.content_type, &part.file_name) {
            (Some(given), _) => Some(given.as_str()),
            (None, Some(_)) => Some("application/octet-stream"),
            (None, None) => None,
        };
        if let Some(content_type) = content_type {
            built = built
                .mime_str(content_type)
                .map_err(|_| Error::config(format!("{content_type:?} is not a content type.")))?;
        }
        form = form.part(quoted(&part.name), built);
    }
    Ok(form)
}

async fn file_part(path: &Path, upload: &Arc<Upload>) -> Result<(FormPart, u64), Error> {
    let refuse = |cause: &std::io::Error| {
        Error::config(format!("The file {} cannot be read: {}.", path.display(), cause.kind()))
    };
    let file = File::open(path).await.map_err(|cause| refuse(&cause))?;
    let facts = file.metadata().await.map_err(|cause| refuse(&cause))?;
    if facts.is_dir() {
        return Err(Error::config(format!("{} is a folder, not a file.", path.display())));
    }
    let length = facts.len();
    let upload = Arc::clone(upload);
    // A file that grows meanwhile must not exceed the length that was announced.
    let pieces = ReaderStream::with_capacity(file.take(length), PIECE).map(move |piece| {
        match &piece {
            Ok(bytes) => upload.advance(bytes.len()),
            Err(_) => upload.file_failed.store(true, Ordering::Relaxed),
        }
        piece
    });
    Ok((
        FormPart::stream_with_length(reqwest::Body::wrap_stream(pieces), length),
        length,
    ))
}

/// Browsers spell a quotation mark in a form's names like this.
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
}

fn check_text(what: &str, text: &str) -> Result<(), Error> {
    if text.chars().any(char::is_control) {
        return Err(Error::config(format!(
            "The {what} {text:?} contains a control character."
        )));
    }
    Ok(())
}
