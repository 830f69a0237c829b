//! A request on its way, given up when nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;

use tokio::task::JoinHandle;

use crate::error::Error;

/// One shape for each `T`, for the reason of [`runtime::spawn`](crate::runtime::spawn).
type Boxed<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Work under way by itself.
#[derive(Debug)]
pub(super) struct Task<T> {
    handle: JoinHandle<Result<T, Error>>,
}

impl<T: Send + 'static> Task<T> {
    /// Starts it on the runtime of the caller.
    pub(super) fn start(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Self {
        Self {
            handle: tokio::spawn(Box::pin(work) as Boxed<T>),
        }
    }

    /// Waits for its end, once. The wait may be given up and begun again.
    pub(super) async fn done(&mut self) -> Result<T, Error> {
        match (&mut self.handle).await {
            Ok(result) => result,
            Err(ended) if ended.is_cancelled() => Err(Error::cancelled("The engine was shut down.")),
            Err(_) => Err(Error::internal("A page that was fetched ahead panicked.")),
        }
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
