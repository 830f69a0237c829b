//! What is answered: the few operations that the bench's clients call, and `/counters` for the bench itself.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::search::{Asked, Wanted};
use crate::table::{SCHEMA, Table, write_number};
use crate::window::Window;

const ME: &str = r#"{"id":1,"name":"Robin Example","email":"robin@example.com","extras":{"instance":{"id":1,"name":"x1a2-b3c4-d5e6","display":"Bench","membership":{"role":"owner","created_at":1795309447}}}}"#;
const SNIPPET: &str = r#"{"canonical":"demo-001","created_at":"2025-01-16 09:00:00+0000","updated_at":"2025-01-16 09:00:00+0000","name":"Slack alerts 1","review":"pending","review_exception":"","install_access":"link","install_access_description":"","featured":false,"verified":false}"#;
const TABLE: &str = r#"{"id":1,"created_at":"2025-01-15 09:00:00+0000","updated_at":"2025-01-15 09:00:00+0000","name":"order","description":"","docs":"","guid":"yq9thsSyPGw54joKvNHM7ywCW7W","auth":false,"tag":[]}"#;
const INDEXES: &str = r#"[{"id":"09d7c3c2","type":"primary","fields":[{"name":"id"}]},{"id":"33aa956a","type":"btree","fields":[{"name":"created_at","op":"desc"}]}]"#;

/// How the server was asked to behave.
#[derive(Debug, Default)]
pub struct Settings {
    /// Rows of the table at the start.
    pub rows: u64,
    /// A link's round trip, waited for before each answer.
    pub delay: Duration,
    pub window: Option<Window>,
}

/// Everything that connections share.
pub struct House {
    table: Table,
    pub delay: Duration,
    window: Option<Mutex<Window>>,
    rows: AtomicU64,
    pub connections: AtomicU64,
    requests: AtomicU64,
    refused: AtomicU64,
    records_out: AtomicU64,
    records_in: AtomicU64,
}

#[derive(Deserialize)]
struct Bulk {
    items: Vec<IgnoredAny>,
}

/// A status and a body.
pub type Answer = (StatusCode, Bytes);

impl House {
    pub fn new(settings: Settings) -> Self {
        Self {
            table: Table::new(),
            delay: settings.delay,
            window: settings.window.map(Mutex::new),
            rows: AtomicU64::new(settings.rows),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            records_out: AtomicU64::new(0),
            records_in: AtomicU64::new(0),
        }
    }

    /// The answer to a request whose body is there.
    pub fn answer(&self, method: &Method, path: &str, query: &str, authorized: bool, body: &[u8]) -> Answer {
        if path == "/counters" {
            return ok(self.counters());
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        if !authorized {
            return refusal(
                StatusCode::UNAUTHORIZED,
                "ERROR_CODE_UNAUTHORIZED",
                "A token is needed.",
            );
        }
        if let Some(window) = &self.window
            && !window
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pass(Instant::now())
        {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return refusal(
                StatusCode::TOO_MANY_REQUESTS,
                "ERROR_CODE_TOO_MANY_REQUESTS",
                "Too many requests.",
            );
        }
        let path = path.strip_prefix("/api:meta").unwrap_or(path);
        match (method.as_str(), path) {
            ("GET", "/auth/me") => ok(ME),
            ("GET", "/snippet/demo-001") => ok(SNIPPET),
            ("GET", "/workspace/1/table/1") => ok(TABLE),
            ("GET", "/workspace/1/table/1/schema") => ok(SCHEMA),
            ("GET", "/workspace/1/table/1/index") => ok(INDEXES),
            ("GET", "/workspace/1/table/1/content") => {
                self.page(&Wanted::listed(query, self.rows.load(Ordering::Relaxed)))
            }
            ("POST", "/workspace/1/table/1/content/search") => self.search(body),
            ("POST", "/workspace/1/table/1/content/bulk") => self.insert(body),
            _ => refusal(
                StatusCode::NOT_FOUND,
                "ERROR_CODE_NOT_FOUND",
                "The bench has no such thing.",
            ),
        }
    }

    fn search(&self, body: &[u8]) -> Answer {
        let rows = self.rows.load(Ordering::Relaxed);
        let wanted = serde_json::from_slice::<Asked>(body)
            .ok()
            .and_then(|asked| asked.wanted(rows));
        match wanted {
            Some(wanted) => self.page(&wanted),
            None => refusal(
                StatusCode::BAD_REQUEST,
                "ERROR_CODE_INPUT_ERROR",
                "The bench searches by id only.",
            ),
        }
    }

    fn page(&self, wanted: &Wanted) -> Answer {
        let ids = wanted.ids();
        let count = (ids.end() + 1).saturating_sub(*ids.start());
        let mut body = Vec::with_capacity(usize::try_from(count).unwrap_or(0) * 340 + 256);
        let pages = wanted.total().div_ceil(wanted.per_page);
        let put = |body: &mut Vec<u8>, name: &str, number: Option<u64>| {
            body.extend_from_slice(name.as_bytes());
            match number {
                Some(number) => write_number(number, body),
                None => body.extend_from_slice(b"null"),
            }
        };
        put(&mut body, "{\"itemsReceived\":", Some(count));
        put(&mut body, ",\"curPage\":", Some(wanted.page));
        put(
            &mut body,
            ",\"nextPage\":",
            (wanted.page < pages).then_some(wanted.page + 1),
        );
        put(&mut body, ",\"prevPage\":", (wanted.page > 1).then(|| wanted.page - 1));
        put(&mut body, ",\"offset\":", Some((wanted.page - 1) * wanted.per_page));
        put(&mut body, ",\"perPage\":", Some(wanted.per_page));
        put(&mut body, ",\"itemsTotal\":", Some(wanted.total()));
        put(&mut body, ",\"pageTotal\":", Some(pages));
        body.extend_from_slice(b",\"items\":[");
        let mut write = |id| {
            if !body.ends_with(b"[") {
                body.push(b',');
            }
            self.table.write(id, &mut body);
        };
        if wanted.descending {
            ids.rev().for_each(&mut write);
        } else {
            ids.for_each(&mut write);
        }
        body.extend_from_slice(b"]}");
        self.records_out.fetch_add(count, Ordering::Relaxed);
        (StatusCode::OK, body.into())
    }

    fn insert(&self, body: &[u8]) -> Answer {
        let Ok(bulk) = serde_json::from_slice::<Bulk>(body) else {
            return refusal(StatusCode::BAD_REQUEST, "ERROR_CODE_INPUT_ERROR", "items is missing.");
        };
        let count = bulk.items.len() as u64;
        self.records_in.fetch_add(count, Ordering::Relaxed);
        let first = self.rows.fetch_add(count, Ordering::Relaxed) + 1;
        let mut out = Vec::with_capacity(bulk.items.len() * 8 + 2);
        out.push(b'[');
        for id in first..first + count {
            if id > first {
                out.push(b',');
            }
            write_number(id, &mut out);
        }
        out.push(b']');
        (StatusCode::OK, out.into())
    }

    /// What happened so far, so that the bench can see that both sides did the same work.
    fn counters(&self) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        serde_json::json!({
            "connections": read(&self.connections),
            "requests": read(&self.requests),
            "refused": read(&self.refused),
            "records_out": read(&self.records_out),
            "records_in": read(&self.records_in),
        })
        .to_string()
    }
}

fn ok(body: impl Into<Bytes>) -> Answer {
    (StatusCode::OK, body.into())
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Answer {
    let body = serde_json::json!({"code": code, "message": message, "payload": ""});
    (status, body.to_string().into())
}
