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
    let numbered = |(place, item)| {
        let work = work(item);
        async move { (place, work.await) }
    };
    let work: Vec<_> = items.into_iter().enumerate().map(numbered).collect();
    // Unordered: a slow one at the head must not hold back those behind it.
    let mut results: Vec<(usize, T)> = stream::iter(work).buffer_unordered(at_once.max(1)).collect().await;
    results.sort_unstable_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Notify;

    use super::spread;

    #[tokio::test]
    async fn a_slow_one_at_the_head_does_not_hold_back_those_behind_it() {
        let last = &Notify::new();
        let work = spread(vec![0, 1, 2, 3], 2, |number| async move {
            match number {
                // It waits for the last one to begin.
                0 => last.notified().await,
                3 => last.notify_one(),
                _ => {}
            }
            number
        });
        let done = tokio::time::timeout(Duration::from_secs(20), work).await;
        assert_eq!(done.expect("no standstill"), [0, 1, 2, 3]);
    }
}
