//! Answers written on the bare socket, for everything that an HTTP library refuses to do wrong.
//!
//! When a fault needs it, the connection is taken away from hyper and a short script of [`Step`]s is
//! played on it. A reset is a real one: `SO_LINGER` of zero, so the peer gets an RST and not a FIN.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::faults::{Fault, Scripted};
use crate::journal::Recording;

/// The socket of a connection. Dropping it shuts the connection down for everybody who holds a copy
/// of the descriptor (a forked child, say), which closing alone would not.
pub struct Socket {
    stream: TcpStream,
    reset: bool,
}

impl Socket {
    /// Takes an accepted connection.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, reset: false }
    }

    /// Ends the connection with an RST.
    fn reset(mut self) {
        self.reset = self.stream.set_zero_linger().is_ok();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.reset {
            let _ = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Both);
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// One act on the socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write all of this.
    Write(Bytes),
    /// Write this at so many bytes a second.
    Trickle(Bytes, u32),
    /// Do nothing until the client leaves, or until this much time has passed.
    Wait(Option<Duration>),
    /// End with an RST.
    Reset,
}

/// A script for a connection taken from hyper, with the journal entry that it concludes.
pub struct Takeover {
    /// What to do; the connection is closed in an orderly way after the last step.
    pub steps: Vec<Step>,
    /// The status that the client can read, if any.
    pub status: Option<u16>,
    /// The request that is being answered like this.
    pub recording: Recording,
}

impl Takeover {
    /// Plays the script. A client that leaves early ends it, and the journal says so.
    pub async fn play(self, mut socket: Socket) {
        for step in self.steps {
            let done = match step {
                Step::Write(bytes) => socket.write_all(&bytes).await.is_ok(),
                Step::Trickle(bytes, rate) => trickle(&mut socket, &bytes, rate).await.is_ok(),
                Step::Wait(limit) => !left(&mut socket, limit).await,
                Step::Reset => {
                    socket.reset();
                    self.recording.finish(self.status, "fault");
                    return;
                }
            };
            if !done {
                return;
            }
        }
        let _ = socket.shutdown().await;
        self.recording.finish(self.status, "fault");
    }
}

/// Twenty portions a second, at least a byte each: smooth enough for a reader to see a stream.
async fn trickle(socket: &mut Socket, bytes: &[u8], rate: u32) -> io::Result<()> {
    let portion = usize::try_from(rate / 20).unwrap_or(1).max(1);
    for chunk in bytes.chunks(portion) {
        socket.write_all(chunk).await?;
        #[allow(clippy::cast_precision_loss)]
        sleep(Duration::from_secs_f64(chunk.len() as f64 / f64::from(rate))).await;
    }
    Ok(())
}

/// Waits for the client to leave; false when the time was over first.
async fn left(socket: &mut Socket, limit: Option<Duration>) -> bool {
    let mut ignored = [0; 1024];
    let gone = async { while socket.read(&mut ignored).await.is_ok_and(|n| n > 0) {} };
    if let Some(limit) = limit {
        return timeout(limit, gone).await.is_ok();
    }
    gone.await;
    true
}

/// An answer in parts, before it is written.
pub struct Answer {
    /// Any number: 299 is as good as 200 here.
    pub status: u16,
    /// Without a length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl From<Scripted> for Answer {
    fn from(scripted: Scripted) -> Self {
        Self {
            status: scripted.status,
            headers: scripted.headers,
            body: scripted.body,
        }
    }
}

impl Answer {
    /// The head, with this length unless the headers bring one of their own.
    pub fn head(&self, length: &str) -> Bytes {
        let reason = http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|s| s.canonical_reason());
        let mut head = BytesMut::new();
        head.put_slice(format!("HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or("Unknown")).as_bytes());
        let framed =
            |name: &str| name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding");
        for (name, value) in &self.headers {
            head.put_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !self.headers.iter().any(|(name, _)| framed(name)) {
            head.put_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        head.put_slice(b"\r\n");
        head.freeze()
    }

    /// The script that spoils this answer.
    pub fn spoil(&self, fault: &Fault) -> Vec<Step> {
        let length = self.body.len().to_string();
        let some = |bytes: &Option<usize>| {
            let end = bytes.unwrap_or(self.body.len() / 2).min(self.body.len());
            Step::Write(self.body.slice(..end))
        };
        let all = || Step::Write(self.body.clone());
        match fault {
            Fault::ResetMidBody(bytes) => vec![Step::Write(self.head(&length)), some(bytes), Step::Reset],
            Fault::CutBody(bytes) => vec![Step::Write(self.head(&length)), some(bytes)],
            Fault::LongBody(more) => vec![Step::Write(self.head(&length)), all(), Step::Write(more.clone())],
            Fault::WrongLength(claim) => vec![Step::Write(self.head(claim)), all()],
            Fault::Slow(rate) => vec![Step::Write(self.head(&length)), Step::Trickle(self.body.clone(), *rate)],
            _ => vec![Step::Write(self.head(&length)), all()],
        }
    }
}

/// The script of a fault that gives no answer at all; none for the other kinds.
pub fn silence(fault: &Fault) -> Option<Vec<Step>> {
    match fault {
        Fault::Reset => Some(vec![Step::Reset]),
        Fault::Close => Some(Vec::new()),
        Fault::Garbage(bytes) => Some(vec![Step::Write(bytes.clone())]),
        Fault::Hang(limit) => Some(vec![Step::Wait(*limit), Step::Reset]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            status: 200,
            headers: vec![("x".to_owned(), "y".to_owned())],
            body: Bytes::from_static(b"abcdef"),
        }
    }

    #[test]
    fn a_cut_body_promises_more_than_it_sends() {
        let steps = answer().spoil(&Fault::CutBody(None));
        let head = Bytes::from_static(b"HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 6\r\n\r\n");
        assert_eq!(steps, [Step::Write(head), Step::Write(Bytes::from_static(b"abc"))]);
    }

    #[test]
    fn a_length_in_the_headers_is_left_alone() {
        let mut answer = answer();
        answer.headers = vec![("Content-Length".to_owned(), "99".to_owned())];
        assert_eq!(answer.head("6"), "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    }

    #[test]
    fn more_bytes_than_there_are_is_all_of_them() {
        let steps = answer().spoil(&Fault::ResetMidBody(Some(100)));
        assert_eq!(steps[1..], [Step::Write(Bytes::from_static(b"abcdef")), Step::Reset]);
    }
}
