//! Typed calls by operation id and JSON arguments, for everything that tests the typed face as a whole.

#[path = "../generated/dispatch.rs"]
mod generated;

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use xano_metadata::{CallOptions, Download, Error, Part};

pub use generated::dispatch;

/// The answer of a typed call, as JSON.
pub type Answer = Pin<Box<dyn Future<Output = Result<Value, Error>> + Send>>;

/// JSON arguments of a call: those that its handles bind, and its own.
#[derive(Clone, Debug)]
pub struct Given {
    arguments: Map<String, Value>,
    options: CallOptions,
}

impl Given {
    pub fn new(arguments: Map<String, Value>) -> Self {
        Self {
            arguments,
            options: CallOptions {
                prefetch: Some(0),
                ..CallOptions::default()
            },
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.arguments.contains_key(name)
    }

    pub fn options(&self) -> CallOptions {
        self.options.clone()
    }

    fn raw(&self, name: &str) -> Value {
        self.arguments
            .get(name)
            .unwrap_or_else(|| panic!("the argument {name} is missing"))
            .clone()
    }

    pub fn get<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_value(self.raw(name)).unwrap_or_else(|cause| panic!("the argument {name}: {cause}"))
    }

    /// A path argument.
    pub fn value(&self, name: &str) -> xano_metadata::Value {
        match self.raw(name) {
            Value::String(text) => text.into(),
            Value::Number(number) => number.as_i64().expect("a whole number").into(),
            other => panic!("the path argument {name} cannot be {other}"),
        }
    }

    /// A list in a query.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.get::<Vec<Value>>(name).into_iter().map(text).collect()
    }

    /// A file: `{"$file": NAME, "text": CONTENT}`.
    pub fn part(&self, name: &str) -> Part {
        let file: Map<String, Value> = self.get(name);
        let text = |key: &str| file.get(key).and_then(Value::as_str).expect("a text").to_owned();
        Part::bytes(name, text("$file"), text("text"))
    }
}

/// An answer as JSON.
pub fn json(answer: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer)
        .map_err(|cause| Error::internal(format!("An answer cannot be written again: {cause}.")))
}

/// A file as text, in JSON.
pub async fn drain(mut download: Download) -> Result<Value, Error> {
    let mut content = Vec::new();
    while let Some(piece) = download.chunk().await? {
        content.extend_from_slice(&piece);
    }
    Ok(Value::from(String::from_utf8_lossy(&content).into_owned()))
}
