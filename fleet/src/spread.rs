//! The same work in many places at once, where one failure does not hide what the others brought.

use std::future::Future;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Serialize;
use serde_json::Value as Json;
use xano_metadata::Error;

/// What went wrong in one place.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// Where: an instance, `instance/workspace`, or a file.
    pub at: String,
    /// The error, with the fields of [`Error::to_json`].
    pub error: Json,
}

impl Failure {
    /// A failure somewhere.
    pub fn new(at: impl Into<String>, error: &Error) -> Self {
        let error = serde_json::from_str(&error.to_json()).unwrap_or(Json::Null);
        Self { at: at.into(), error }
    }

    /// The error's sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        self.error.get("message").and_then(Json::as_str).unwrap_or_default()
    }
}

/// Runs `work` on each of `items`, at most `at_once` at a time, and returns all results in the order of the items.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let doubled = xano_fleet::spread(vec![1, 2, 3], 2, |number| async move { number * 2 }).await;
/// assert_eq!(doubled, [2, 4, 6]);
/// # });
/// ```
pub async fn spread<I, T, W>(items: Vec<I>, at_once: usize, work: impl Fn(I) -> W) -> Vec<T>
where
    W: Future<Output = T>,
{
    stream::iter(items.into_iter().map(work))
        .buffered(at_once.max(1))
        .collect()
        .await
}
