//! An answer whose headers have come: its body is still to be read, and to be unpacked where it came packed.

use std::fmt;
use std::io;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio_util::io::{ReaderStream, StreamReader};

/// The ways of packing that are understood, as servers are told.
pub(super) const ENCODINGS: &str = "zstd,gzip";

/// Bytes that are unpacked at once.
const PIECE: usize = 32 * 1024;

/// An answer.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Plain(Incoming),
    /// Before its first byte. A packed body of no bytes at all, as servers send with 204, is no broken one.
    Packed(Option<Incoming>, Packing),
    Unpacking(BoxStream<'static, io::Result<Bytes>>),
}

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl Answer {
    pub(super) fn new(response: http::Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        let mut headers = head.headers;
        let body = match packing(&headers) {
            Some(packing) => {
                // They speak of the bytes on the wire.
                headers.remove(header::CONTENT_ENCODING);
                headers.remove(header::CONTENT_LENGTH);
                Body::Packed(Some(body), packing)
            }
            None => Body::Plain(body),
        };
        Self {
            status: head.status,
            headers,
            body,
        }
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) const fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// Bytes of the body that are still to come, where that is known.
    pub(crate) fn content_length(&self) -> Option<u64> {
        match &self.body {
            Body::Plain(body) => body.size_hint().exact(),
            Body::Packed(..) | Body::Unpacking(_) => None,
        }
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        if let Body::Packed(packed, packing) = &mut self.body {
            let first = match packed {
                Some(body) => data(body).await?,
                None => None,
            };
            let (Some(first), Some(body)) = (first, packed.take()) else {
                return Ok(None);
            };
            self.body = Body::Unpacking(unpack(first, body, *packing));
        }
        match &mut self.body {
            Body::Plain(body) => data(body).await,
            Body::Packed(..) => Ok(None),
            Body::Unpacking(pieces) => pieces.next().await.transpose(),
        }
    }
}

fn packing(headers: &HeaderMap) -> Option<Packing> {
    match headers.get(header::CONTENT_ENCODING)?.as_bytes() {
        b"gzip" | b"x-gzip" => Some(Packing::Gzip),
        b"zstd" => Some(Packing::Zstd),
        _ => None,
    }
}

/// The next bytes of a body; trailers, which nobody reads here, are passed over.
async fn data(body: &mut Incoming) -> io::Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame.map_err(io::Error::other)?.into_data() {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

fn unpack(first: Bytes, body: Incoming, packing: Packing) -> BoxStream<'static, io::Result<Bytes>> {
    let rest = body.into_data_stream().map(|piece| piece.map_err(io::Error::other));
    let packed = StreamReader::new(stream::iter([Ok(first)]).chain(rest));
    match packing {
        Packing::Gzip => {
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, PIECE).boxed()
        }
        Packing::Zstd => {
            let mut decoder = ZstdDecoder::new(packed);
            decoder.multiple_members(true);
            ReaderStream::with_capacity(decoder, PIECE).boxed()
        }
    }
}
