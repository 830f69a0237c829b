//! Spoilt answers, as bytes on the wire.

use std::io::{self, Write as _};
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::http::{Head, share};
use crate::kinds::{End, Instead, RetryAfter, Spoil};

/// A connection to a client, which can be torn.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the kernel send RST instead of FIN when it is dropped.
    fn tear(&self);
}

/// An answer that came from the server, or that was made up.
#[derive(Clone, Debug)]
pub struct Answer {
    first: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Whether a connection can be used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It can.
    Keep,
    /// It is over.
    Over,
}

impl Answer {
    /// What the server said.
    #[must_use]
    pub fn of(head: &Head, body: Vec<u8>) -> Self {
        let framing = ["content-length", "transfer-encoding", "connection", "keep-alive"];
        let headers = head
            .headers
            .iter()
            .filter(|(name, _)| !framing.contains(&name.as_str()));
        Self {
            first: head.first.clone(),
            headers: headers.cloned().collect(),
            body,
        }
    }

    fn made(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            first: format!("HTTP/1.1 {status} X"),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    /// What is said instead of the server's words; none for bytes that are no answer. `elsewhere` is where a redirect leads.
    #[must_use]
    pub fn instead(instead: &Instead, elsewhere: &str) -> Option<Self> {
        Some(match instead {
            Instead::Status(status) => {
                let body = r#"{"code":"ERROR_FATAL","message":"Something broke.","payload":null}"#;
                Self::made(*status, "application/json", body)
            }
            Instead::Html(status) => {
                let body = "<html><head><title>Please wait</title></head><body>nginx</body></html>";
                Self::made(*status, "text/html; charset=utf-8", body)
            }
            Instead::Later(status, retry_after) => {
                let body = r#"{"code":"ERROR_CODE_TOO_MANY_REQUESTS","message":"Slow down.","payload":null}"#;
                let mut answer = Self::made(*status, "application/json", body);
                let wait = match retry_after {
                    RetryAfter::Absent => None,
                    RetryAfter::Text(text) => Some((*text).to_owned()),
                    RetryAfter::Date(seconds) => {
                        let by = Duration::from_secs(seconds.unsigned_abs());
                        let now = SystemTime::now();
                        Some(httpdate::fmt_http_date(if *seconds < 0 { now - by } else { now + by }))
                    }
                };
                answer.headers.extend(wait.map(|wait| ("retry-after".to_owned(), wait)));
                answer
            }
            Instead::Redirect(status) => {
                let mut answer = Self::made(*status, "text/html", "");
                answer.headers.push(("location".to_owned(), elsewhere.to_owned()));
                answer
            }
            Instead::Garbage => return None,
        })
    }

    fn head(&self, framing: &str) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.first);
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend([framing, "\r\n\r\n"]);
        text.into_bytes()
    }

    fn whole(&self) -> Vec<u8> {
        let mut bytes = self.head(&format!("content-length: {}", self.body.len()));
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Says it as it should be said.
    ///
    /// # Errors
    /// Those of the socket.
    pub async fn say(&self, wire: &mut impl Wire) -> io::Result<After> {
        wire.write_all(&self.whole()).await?;
        Ok(After::Keep)
    }

    /// Says it in the way that `spoil` wants.
    ///
    /// # Errors
    /// Those of the socket.
    pub async fn spoil(mut self, spoil: &Spoil, wire: &mut impl Wire, chance: u64) -> io::Result<After> {
        let mut rng = fastrand::Rng::with_seed(chance);
        match spoil {
            Spoil::Jitter => {
                drip(wire, &self.whole(), || (rng.usize(1..4000), rng.u64(..4))).await?;
                return Ok(After::Keep);
            }
            Spoil::Slow(size, ms) => {
                // However long the answer, it takes no longer than a client may wait.
                let bytes = self.whole();
                let size = (*size).max(bytes.len() / 40);
                drip(wire, &bytes, || (size, *ms)).await?;
                return Ok(After::Keep);
            }
            Spoil::Head(part, how) => {
                let head = self.head(&format!("content-length: {}", self.body.len()));
                wire.write_all(&head[..share(head.len() - 1, *part)]).await?;
                return end(wire, *how).await;
            }
            Spoil::Body(part, how) => {
                let bytes = self.whole();
                let left = self.body.len() - share(self.body.len(), *part);
                wire.write_all(&bytes[..bytes.len() - left]).await?;
                return end(wire, *how).await;
            }
            Spoil::ResetBehind(ms) => {
                wire.write_all(&self.whole()).await?;
                wire.flush().await?;
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                wire.tear();
                return Ok(After::Over);
            }
            Spoil::CutChunks(part) => {
                wire.write_all(&self.head("transfer-encoding: chunked")).await?;
                let shown = &self.body[..share(self.body.len(), *part)];
                if !shown.is_empty() {
                    wire.write_all(format!("{:x}\r\n", shown.len()).as_bytes()).await?;
                    wire.write_all(shown).await?;
                    wire.write_all(b"\r\n").await?;
                }
                return end(wire, End::Close).await;
            }
            Spoil::CutGzip(part) => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(&self.body)?;
                let packed = packed.finish()?;
                self.body = packed[..share(packed.len(), *part)].to_vec();
                self.headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
                wire.write_all(&self.whole()).await?;
            }
            Spoil::Longer(more) => {
                let mut bytes = self.whole();
                bytes.extend(std::iter::repeat_with(|| rng.u8(b' '..b'~')).take(*more));
                wire.write_all(&bytes).await?;
                return end(wire, End::Close).await;
            }
            Spoil::Twice => {
                let bytes = self.whole();
                wire.write_all(&[bytes.as_slice(), bytes.as_slice()].concat()).await?;
                return Ok(After::Keep);
            }
            Spoil::Length(by, how) => {
                // An answer of no length would be an empty one, which is whole.
                let length = i64::try_from(self.body.len()).unwrap_or(i64::MAX) + by;
                let mut bytes = self.head(&format!("content-length: {}", length.max(1)));
                bytes.extend_from_slice(&self.body);
                wire.write_all(&bytes).await?;
                return end(wire, *how).await;
            }
            Spoil::BadLength(length) => {
                let mut bytes = self.head(&format!("content-length: {length}"));
                bytes.extend_from_slice(&self.body);
                wire.write_all(&bytes).await?;
                return end(wire, End::Close).await;
            }
            Spoil::GarbageBody => {
                self.body = noise(&mut rng);
                wire.write_all(&self.whole()).await?;
            }
            Spoil::EarlyHints => {
                let hints = b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n";
                wire.write_all(&[hints.as_slice(), &self.whole()].concat()).await?;
            }
        }
        Ok(After::Keep)
    }
}

/// Bytes without meaning.
fn noise(rng: &mut fastrand::Rng) -> Vec<u8> {
    let length = rng.usize(1..600);
    std::iter::repeat_with(|| rng.u8(..)).take(length).collect()
}

/// Says something that is no HTTP, and ends.
///
/// # Errors
/// Those of the socket.
pub async fn garbage(wire: &mut impl Wire, chance: u64) -> io::Result<After> {
    wire.write_all(&noise(&mut fastrand::Rng::with_seed(chance))).await?;
    end(wire, End::Close).await
}

/// Ends a connection.
///
/// # Errors
/// Those of the socket.
pub async fn end(wire: &mut impl Wire, how: End) -> io::Result<After> {
    wire.flush().await?;
    match how {
        End::Reset => {
            // A reset right behind bytes may overtake them.
            tokio::time::sleep(Duration::from_millis(5)).await;
            wire.tear();
        }
        End::Close => {
            let _ = wire.shutdown().await;
        }
        End::Silence => {
            // Until the client leaves.
            let mut rest = [0; 1024];
            while wire.read(&mut rest).await.is_ok_and(|length| length > 0) {}
        }
    }
    Ok(After::Over)
}

async fn drip(wire: &mut impl Wire, bytes: &[u8], mut next: impl FnMut() -> (usize, u64)) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (size, ms) = next();
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        wire.write_all(piece).await?;
        wire.flush().await?;
        tokio::time::sleep(Duration::from_millis(ms)).await;
        rest = behind;
    }
    Ok(())
}
