//! Forms with files, as RFC 7578 and browsers write them. Their length is known, and files are read while they are sent.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::{HeaderValue, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::Upload;
use crate::body::{Part, PartContent};
use crate::error::Error;
use crate::transport::{Outgoing, Payload, Pieces};

/// Pieces in which files are read: large enough to be cheap, small enough to forget.
const PIECE: usize = 64 * 1024;

/// Makes `parts` the body of a request.
pub(super) async fn lay(request: &mut Outgoing, parts: &[Part], upload: &Arc<Upload>) -> Result<(), Error> {
    let boundary = boundary();
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    let mut length = 0;
    let mut line_break = "";
    for part in parts {
        let head = Bytes::from(format!("{line_break}--{boundary}\r\n{}\r\n\r\n", head(part)?));
        line_break = "\r\n";
        length += head.len() as u64;
        pieces.push(whole(head));
        let (content, size) = match &part.content {
            PartContent::Bytes(bytes) => {
                upload.advance(bytes.len());
                (whole(bytes.clone()), bytes.len() as u64)
            }
            PartContent::File(path) => file(path, upload).await?,
        };
        upload.total.fetch_add(size, Ordering::Relaxed);
        length += size;
        pieces.push(content);
    }
    let end = Bytes::from(format!("{line_break}--{boundary}--\r\n"));
    length += end.len() as u64;
    pieces.push(whole(end));

    let headers = request.headers_mut();
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
        .map_err(|cause| Error::internal("The form cannot be built.").with_source(cause))?;
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_LENGTH, length.into());
    *request.body_mut() = Payload::Right(StreamBody::new(stream::iter(pieces).flatten().boxed()));
    Ok(())
}

/// What no file holds by accident.
fn boundary() -> String {
    let random = || fastrand::u64(..);
    format!(
        "{:016x}-{:016x}-{:016x}-{:016x}",
        random(),
        random(),
        random(),
        random()
    )
}

/// The lines above a part's content.
fn head(part: &Part) -> Result<String, Error> {
    check_text("field name", &part.name)?;
    // Names go as plain UTF-8, as browsers send them; the percent-encoded spelling is not understood everywhere.
    let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&part.name));
    if let Some(name) = &part.file_name {
        check_text("file name", name)?;
        head = format!("{head}; filename=\"{}\"", quoted(name).replace('\\', "\\\\"));
    }
    let content_type = match (&part.content_type, &part.file_name) {
        (Some(given), _) => Some(given.as_str()),
        (None, Some(_)) => Some("application/octet-stream"),
        (None, None) => None,
    };
    if let Some(content_type) = content_type {
        if !is_content_type(content_type) {
            return Err(Error::config(format!("{content_type:?} is not a content type.")));
        }
        head = format!("{head}\r\nContent-Type: {content_type}");
    }
    Ok(head)
}

/// Whether the text has a type and a subtype, and nothing that ends its line.
fn is_content_type(text: &str) -> bool {
    let token = |text: &str| {
        let mark = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !text.is_empty() && text.bytes().all(mark)
    };
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let types = essence.trim_end().split_once('/');
    types.is_some_and(|(kind, subtype)| token(kind) && token(subtype)) && !parameters.chars().any(char::is_control)
}

fn whole(bytes: Bytes) -> Pieces {
    stream::once(std::future::ready(Ok(Frame::data(bytes)))).boxed()
}

async fn file(path: &Path, upload: &Arc<Upload>) -> Result<(Pieces, u64), Error> {
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
        piece.map(Frame::data)
    });
    Ok((pieces.boxed(), length))
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
