//! The journal: every request an origin received, what was decided about it, and how it ended.
//!
//! Tests read it to learn what a client really did: how often it tried, on which connection, with
//! which body, and whether it went away. Tokens are never written down, only their ids.

use std::collections::VecDeque;
use std::sync::Arc;

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, request::Parts};
use serde_json::{Map, Value, json};

use crate::limit::Decision;
use crate::server::{Origin, Server, lock};

/// How much of a body is kept, in bytes; the true length is kept besides.
const BODY_KEPT: usize = 16 * 1024;

/// One request.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Counts from 1 and never restarts, so `since` can be used to read on.
    pub seq: u64,
    origin: String,
    received_us: i64,
    finished_us: Option<i64>,
    method: String,
    path: String,
    query: String,
    headers: Value,
    has_token: bool,
    token_id: Option<i64>,
    body: String,
    body_bytes: usize,
    connection: u64,
    on_connection: u64,
    limit: Option<Decision>,
    fault: Option<(u64, &'static str)>,
    applied: bool,
    status: Option<u16>,
    outcome: &'static str,
}

impl Entry {
    fn to_json(&self) -> Value {
        #[allow(clippy::cast_precision_loss)] // microseconds since 1970 fit a double exactly enough
        let ms = |us: i64| us as f64 / 1000.0;
        json!({
            "seq": self.seq,
            "origin": self.origin,
            "received_at": ms(self.received_us),
            "finished_at": self.finished_us.map(ms),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "has_token": self.has_token,
            "token_id": self.token_id,
            "body": self.body,
            "body_bytes": self.body_bytes,
            "connection": self.connection,
            "new_connection": self.on_connection == 1,
            "limit": self.limit.map(Decision::to_json),
            "fault": self.fault.map(|(id, kind)| json!({"id": id, "kind": kind})),
            "applied": self.applied,
            "status": self.status,
            "outcome": self.outcome,
        })
    }
}

/// Which entries a reader wants.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    /// Only this origin.
    pub origin: Option<&'a str>,
    /// Only this method.
    pub method: Option<&'a str>,
    /// Only this path, with or without `/api:meta`.
    pub path: Option<&'a str>,
    /// Only entries after this sequence number.
    pub since: u64,
}

impl Filter<'_> {
    fn takes(&self, entry: &Entry) -> bool {
        entry.seq > self.since
            && self.origin.is_none_or(|origin| origin == entry.origin)
            && self
                .method
                .is_none_or(|method| method.eq_ignore_ascii_case(&entry.method))
            && self
                .path
                .is_none_or(|path| path == entry.path || Some(path) == entry.path.strip_prefix("/api:meta"))
    }
}

/// Requests in order of arrival, the oldest dropped when there are too many.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    size: usize,
    last: u64,
    total: u64,
    rate_limited: u64,
}

impl Journal {
    /// An empty journal that keeps `size` entries.
    pub fn new(size: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            size,
            last: 0,
            total: 0,
            rate_limited: 0,
        }
    }

    /// Forgets entries and counts; sequence numbers go on.
    pub fn clear(&mut self) {
        *self = Self {
            last: self.last,
            ..Self::new(self.size)
        };
    }

    /// The answer of `GET /_emulator/requests`.
    pub fn to_json(&self, filter: &Filter<'_>) -> Value {
        let shown: Vec<_> = self
            .entries
            .iter()
            .filter(|e| filter.takes(e))
            .map(Entry::to_json)
            .collect();
        json!({
            "total": self.total,
            "rate_limited": self.rate_limited,
            "last": self.last,
            "count": shown.len(),
            "requests": shown,
        })
    }

    fn find(&mut self, seq: u64) -> Option<&mut Entry> {
        let first = self.entries.front()?.seq;
        self.entries.get_mut(usize::try_from(seq.checked_sub(first)?).ok()?)
    }
}

/// A request being served. Dropping it unfinished means that the client went away (or that the
/// emulator stopped), and that is what the journal then says.
pub struct Recording {
    server: Arc<Server>,
    seq: u64,
    finished: bool,
}

impl Recording {
    /// Writes down a request whose head has arrived.
    pub fn begin(
        server: &Arc<Server>,
        origin: &Origin,
        parts: &Parts,
        connection: (u64, u64),
        received_us: i64,
        limit: Option<Decision>,
    ) -> Self {
        let mut journal = lock(&server.journal);
        journal.last += 1;
        journal.total += 1;
        journal.rate_limited += u64::from(limit.is_some_and(|decision| !decision.allowed));
        let seq = journal.last;
        if journal.entries.len() >= journal.size {
            journal.entries.pop_front();
        }
        journal.entries.push_back(Entry {
            seq,
            origin: origin.name.clone(),
            received_us,
            finished_us: None,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: shown_headers(&parts.headers),
            has_token: parts.headers.contains_key(AUTHORIZATION),
            token_id: None,
            body: String::new(),
            body_bytes: 0,
            connection: connection.0,
            on_connection: connection.1,
            limit,
            fault: None,
            applied: false,
            status: None,
            outcome: "open",
        });
        drop(journal);
        Self {
            server: server.clone(),
            seq,
            finished: false,
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = lock(&self.server.journal).find(self.seq) {
            change(entry);
        }
    }

    /// The body has arrived.
    pub fn body(&self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BODY_KEPT)]).into_owned();
        self.edit(|entry| {
            entry.body = text;
            entry.body_bytes = bytes.len();
        });
    }

    /// A fault rule took this request.
    pub fn fault(&self, id: u64, kind: &'static str) {
        self.edit(|entry| entry.fault = Some((id, kind)));
    }

    /// The operation ran, whatever the client gets to hear about it.
    pub fn applied(&self, token_id: Option<i64>) {
        self.edit(|entry| {
            entry.applied = true;
            entry.token_id = token_id;
        });
    }

    /// The request is over: answered with a status, or ended by a fault.
    pub fn finish(mut self, status: Option<u16>, outcome: &'static str) {
        self.finished = true;
        self.end(status, outcome);
    }

    fn end(&self, status: Option<u16>, outcome: &'static str) {
        let now = self.server.clock.now_us();
        self.edit(|entry| {
            entry.status = status;
            entry.outcome = outcome;
            entry.finished_us = Some(now);
        });
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if !self.finished {
            self.end(None, "client_gone");
        }
    }
}

fn shown_headers(headers: &HeaderMap) -> Value {
    let mut shown = Map::new();
    for (name, value) in headers {
        if name == AUTHORIZATION || name == COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        match shown.get_mut(name.as_str()) {
            Some(Value::String(held)) => {
                held.push_str(", ");
                held.push_str(&value);
            }
            _ => {
                shown.insert(name.to_string(), json!(value));
            }
        }
    }
    Value::Object(shown)
}
