//! As much of HTTP/1.1 as a proxy needs that wants to break it: heads, bodies by length and in chunks.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The first line and the headers of a message.
#[derive(Clone, Debug)]
pub struct Head {
    /// As it came, with the empty line.
    pub raw: Vec<u8>,
    /// The first line.
    pub first: String,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Head {
    fn parse(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { raw, first, headers }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Method and path of a request.
    #[must_use]
    pub fn request(&self) -> (&str, &str) {
        let mut words = self.first.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// The status of an answer; 0 when it has none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.first
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0)
    }

    /// The length that it states.
    #[must_use]
    pub fn length(&self) -> Option<usize> {
        self.header("content-length").and_then(|length| length.parse().ok())
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|coding| coding.contains("chunked"))
    }
}

/// The reading side of a connection.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// Reads a head. None when the other side is done.
    ///
    /// # Errors
    /// Those of the socket; a head that ends in the middle.
    pub async fn head(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Head>> {
        loop {
            if let Some(at) = find(&self.0, b"\r\n\r\n") {
                return Ok(Some(Head::parse(self.0.drain(..at + 4).collect())));
            }
            if !self.fill(stream).await? {
                return if self.0.is_empty() { Ok(None) } else { Err(cut()) };
            }
        }
    }

    /// Waits for the first `bytes` of a message without taking them; false when the other side is done.
    ///
    /// # Errors
    /// Those of the socket.
    pub async fn peek(&mut self, stream: &mut (impl AsyncRead + Unpin), bytes: usize) -> io::Result<bool> {
        while self.0.len() < bytes {
            if !self.fill(stream).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a request's body as it is on the wire, or the first `part` of it.
    ///
    /// # Errors
    /// Those of the socket; a body that ends early.
    pub async fn request_body(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        head: &Head,
        part: f64,
    ) -> io::Result<Vec<u8>> {
        if head.is_chunked() {
            let end = self.chunks(stream, |_| ()).await?;
            return Ok(self.0.drain(..end).collect());
        }
        let length = share(head.length().unwrap_or(0), part);
        if !self.peek(stream, length).await? {
            return Err(cut());
        }
        Ok(self.0.drain(..length).collect())
    }

    /// Reads an answer's body, without the framing it came in.
    ///
    /// # Errors
    /// Those of the socket; a body that ends early.
    pub async fn answer_body(&mut self, stream: &mut (impl AsyncRead + Unpin), head: &Head) -> io::Result<Vec<u8>> {
        if head.is_chunked() {
            let mut body = Vec::new();
            let end = self.chunks(stream, |chunk| body.extend_from_slice(chunk)).await?;
            self.0.drain(..end);
            return Ok(body);
        }
        match head.length() {
            None if head.status() == 204 => Ok(Vec::new()),
            Some(length) => {
                if !self.peek(stream, length).await? {
                    return Err(cut());
                }
                Ok(self.0.drain(..length).collect())
            }
            None => {
                while self.fill(stream).await? {}
                Ok(std::mem::take(&mut self.0))
            }
        }
    }

    /// Shows every chunk; answers where the last one ends in the buffer.
    async fn chunks(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        mut show: impl FnMut(&[u8]),
    ) -> io::Result<usize> {
        let mut at = 0;
        loop {
            let line = loop {
                if let Some(line) = find(&self.0[at..], b"\r\n") {
                    break line;
                }
                if !self.fill(stream).await? {
                    return Err(cut());
                }
            };
            let size = std::str::from_utf8(&self.0[at..at + line])
                .ok()
                .and_then(|text| usize::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16).ok())
                .ok_or_else(cut)?;
            let start = at + line + 2;
            if !self.peek(stream, start + size + 2).await? {
                return Err(cut());
            }
            show(&self.0[start..start + size]);
            at = start + size + 2;
            if size == 0 {
                return Ok(at);
            }
        }
    }

    async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        let mut piece = vec![0; 16 * 1024];
        let length = stream.read(&mut piece).await?;
        self.0.extend_from_slice(&piece[..length]);
        Ok(length > 0)
    }
}

/// A share of a length, rounded down.
#[must_use]
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "lengths here are small, and a share is never negative"
)]
pub fn share(length: usize, part: f64) -> usize {
    (length as f64 * part) as usize
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn cut() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_framings_are_read_and_nothing_behind_them() {
        let mut wire: &[u8] =
            b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n\
            HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}rest";
        let mut buffer = Buffer::default();
        let request = buffer.head(&mut wire).await.expect("read").expect("a head");
        assert_eq!(request.request(), ("POST", "/x"));
        let body = buffer.answer_body(&mut wire, &request).await.expect("a body");
        assert_eq!(body, b"abcd");
        let answer = buffer.head(&mut wire).await.expect("read").expect("a head");
        assert_eq!((answer.status(), answer.length()), (200, Some(2)));
        assert_eq!(buffer.answer_body(&mut wire, &answer).await.expect("a body"), b"{}");
        assert!(buffer.head(&mut wire).await.is_err(), "the rest is no head");
    }

    #[tokio::test]
    async fn a_part_of_a_request_stays_a_part() {
        let mut wire: &[u8] = b"PUT / HTTP/1.1\r\ncontent-length: 10\r\n\r\n0123456789";
        let mut buffer = Buffer::default();
        let head = buffer.head(&mut wire).await.expect("read").expect("a head");
        let half = buffer.request_body(&mut wire, &head, 0.5).await.expect("a half");
        assert_eq!(half, b"01234");
    }
}
