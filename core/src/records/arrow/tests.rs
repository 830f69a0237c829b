//! The way of records through Arrow and back, and what is said when they do not fit.

mod alike;
mod pages;
mod random;
mod streams;
mod values;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::build::Decoder;
use super::types::Plan;
use super::{ArrowOptions, ArrowReader, Pages};
use crate::error::Error;
use crate::records::{Row, Rows, Schema};

fn schema(columns: Json) -> Schema {
    match columns {
        Json::Array(columns) => Schema::of(columns).expect("columns"),
        other => panic!("{other} is no list"),
    }
}

fn plan(columns: Json, options: Json) -> Plan {
    let options: ArrowOptions = serde_json::from_value(options).expect("options");
    Plan::new(&schema(columns), &options).expect("a plan")
}

fn decoder(columns: Json, options: Json) -> Decoder {
    Decoder::new(&plan(columns, options))
}

/// The rows' texts; a refused one says why.
fn texts(rows: &Rows) -> Vec<String> {
    let text = |row| match row {
        Row::Json(text) => String::from_utf8(text.to_vec()).expect("UTF-8"),
        Row::Refused(trouble) => trouble.to_string(),
    };
    rows.iter().map(text).collect()
}

/// Pages out of memory, which count how many were asked for and stay silent behind the last when told to.
struct Canned {
    pages: VecDeque<Result<Bytes, Error>>,
    asked: Arc<AtomicUsize>,
    /// Held by every page source alive.
    alive: Arc<()>,
    endless: bool,
}

impl Canned {
    fn of(pages: impl IntoIterator<Item = &'static str>) -> Self {
        let pages = pages.into_iter().map(|page| Ok(Bytes::from_static(page.as_bytes())));
        Self {
            pages: pages.collect(),
            asked: Arc::default(),
            alive: Arc::default(),
            endless: false,
        }
    }

    fn reader(self) -> ArrowReader {
        let columns = serde_json::json!([{"name": "id", "type": "int"}, {"name": "name", "type": "text"}]);
        ArrowReader::new(&plan(columns, serde_json::json!({})), Box::new(self))
    }
}

impl Pages for Canned {
    fn next_page(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, Error>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {
            // As from a network: never at once.
            tokio::task::yield_now().await;
            match self.pages.pop_front() {
                Some(page) => page.map(Some),
                None if self.endless => std::future::pending().await,
                None => Ok(None),
            }
        })
    }

    fn total(&self) -> Option<u64> {
        None
    }
}
