//! A server that does exactly what a test tells it to, down to breaking a connection in the middle of a byte stream.
//!
//! It is written on raw sockets: a real HTTP server would be too polite to misbehave.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use xano_metadata::{Client, ClientOptions, Connection, Request};

/// The token of every test client; it must never be seen in anything that a client says.
pub const TOKEN: &str = "tok-SECRET-7f3a";

/// What the server does with one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with these bytes and keeps the connection.
    Answer(Vec<u8>),
    /// Answers, and closes the connection right behind it without having said so.
    AnswerThenClose(Vec<u8>),
    /// Sends the first bytes and resets the connection.
    Cut(Vec<u8>),
    /// Resets the connection without a word.
    Reset,
    /// Never answers.
    Silence,
    /// Sends the bytes in pieces with pauses.
    Slowly(Vec<Vec<u8>>, Duration),
}

impl Act {
    pub fn json(status: u16, body: &str) -> Self {
        Self::with(status, &[("content-type", "application/json")], body.as_bytes())
    }

    pub fn with(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        Self::Answer(answer(status, headers, body))
    }

    pub fn ok() -> Self {
        Self::json(200, "{}")
    }
}

/// An HTTP/1.1 answer as bytes.
pub fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A request that the server read.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query, raw.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Which connection it came on, from 0.
    pub connection: usize,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a text body")
    }
}

/// The server.
pub struct Mock {
    pub port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<Seen>>,
    arrived: Notify,
    connections: AtomicUsize,
    open: AtomicUsize,
    closed: Notify,
}

impl Mock {
    /// A server that follows the script, and answers `{}` when it is at its end.
    pub async fn start(script: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(State {
            script: Mutex::new(script.into_iter().collect()),
            ..State::default()
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = shared.connections.fetch_add(1, Ordering::SeqCst);
                shared.open.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    serve(stream, number, &state).await;
                    state.open.fetch_sub(1, Ordering::SeqCst);
                    state.closed.notify_waiters();
                });
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().expect("no panic").clone()
    }

    /// What was read since the last look.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.seen.lock().expect("no panic"))
    }

    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Waits until that many requests were read.
    pub async fn until_seen(&self, count: usize) {
        loop {
            let arrived = self.state.arrived.notified();
            if self.seen().len() >= count {
                return;
            }
            arrived.await;
        }
    }

    /// Waits until no connection is open.
    pub async fn until_all_closed(&self) {
        loop {
            let closed = self.state.closed.notified();
            if self.state.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            closed.await;
        }
    }

    /// Options for a client of this server: quick retries, explicit credentials only.
    pub fn options(&self) -> ClientOptions {
        ClientOptions {
            token: Some(TOKEN.into()),
            account_url: Some(self.url()),
            ambient_credentials: false,
            backoff: Duration::from_millis(1),
            ..ClientOptions::default()
        }
    }

    pub fn client(&self) -> Client {
        self.client_with(|_| ())
    }

    pub fn client_with(&self, change: impl FnOnce(&mut ClientOptions)) -> Client {
        let mut options = self.options();
        change(&mut options);
        Client::new(options).expect("a client")
    }

    pub fn account(&self) -> Connection {
        self.client().account()
    }
}

async fn serve(mut stream: TcpStream, connection: usize, state: &State) {
    let mut buffer = Vec::new();
    while let Some(seen) = read_request(&mut stream, &mut buffer, connection).await {
        state.seen.lock().expect("no panic").push(seen);
        let act = state
            .script
            .lock()
            .expect("no panic")
            .pop_front()
            .unwrap_or_else(Act::ok);
        state.arrived.notify_waiters();
        match act {
            Act::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::AnswerThenClose(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Act::Cut(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.flush().await;
                // A reset right behind the bytes may overtake them.
                tokio::time::sleep(Duration::from_millis(20)).await;
                return reset(stream);
            }
            Act::Reset => return reset(stream),
            Act::Silence => {
                // Ends when the client gives up.
                let _ = stream.read(&mut [0; 1]).await;
                return;
            }
            Act::Slowly(pieces, pause) => {
                for piece in pieces {
                    if stream.write_all(&piece).await.is_err() {
                        return;
                    }
                    let _ = stream.flush().await;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

fn reset(stream: TcpStream) {
    // Lingering for no time makes the kernel send RST instead of FIN.
    let _ = stream.set_zero_linger();
    drop(stream);
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..end].to_vec()).expect("a head of text");
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let get = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let body = if get("transfer-encoding").is_some() {
        read_chunks(stream, buffer).await?
    } else {
        let length = get("content-length").map_or(0, |length| length.parse().expect("a length"));
        while buffer.len() < length {
            fill(stream, buffer).await?;
        }
        buffer.drain(..length).collect()
    };
    Some(Seen {
        method,
        target,
        headers,
        body,
        connection,
    })
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = find(buffer, b"\r\n") {
                break at;
            }
            fill(stream, buffer).await?;
        };
        let size = usize::from_str_radix(std::str::from_utf8(&buffer[..end]).ok()?, 16).ok()?;
        buffer.drain(..end + 2);
        while buffer.len() < size + 2 {
            fill(stream, buffer).await?;
        }
        body.extend(buffer.drain(..size));
        buffer.drain(..2);
        if size == 0 {
            return Some(body);
        }
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = vec![0; 16 * 1024];
    let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
    buffer.extend_from_slice(&piece[..length]);
    Some(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A GET that needs nothing.
pub fn me() -> Request {
    Request::new("account.me").expect("in the table")
}

/// A POST that must not be repeated.
pub fn create() -> Request {
    let body = xano_metadata::Body::Json(r#"{"max_installs":5}"#.into());
    Request::new("account.snippet.tokens.create")
        .expect("in the table")
        .path_value("abc")
        .body(body)
}
