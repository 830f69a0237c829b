//! One API behind one base URL: what calls are made on.
//!
//! ```no_run
//! # async fn example(xano: xano_metadata::Client) -> Result<(), xano_metadata::Error> {
//! use xano_metadata::Request;
//!
//! // Nothing is sent here; the first call asks the account API where the instance is.
//! let instance = xano.instance("x1234-5678-9012");
//! let me = instance.call(Request::new("instance.me")?).await?;
//! println!("{} at {}", String::from_utf8_lossy(&me.body), instance.base_url().unwrap_or_default());
//! # Ok(())
//! # }
//! ```

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::attempt::SuccessBody;
use crate::client::Client;
use crate::download::{Context, Download};
use crate::endpoint::Endpoint;
use crate::engine::{self, Call, Done};
use crate::error::{Error, ErrorKind};
use crate::failure;
use crate::fetch::Fetch;
use crate::moment::after;
use crate::names;
use crate::operation::Api;
use crate::options::RateLimit;
use crate::paging::Pages;
use crate::prepare::Prepared;
use crate::request::{Reply, Request};

/// A way to one API with its token. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Connection {
    client: Client,
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    Account(Arc<Endpoint>),
    Instance(Arc<Endpoint>),
    /// An instance whose base URL the account API knows.
    Named(Arc<str>),
}

impl Connection {
    pub(crate) const fn account(client: Client, endpoint: Arc<Endpoint>) -> Self {
        Self {
            client,
            target: Target::Account(endpoint),
        }
    }

    pub(crate) const fn instance(client: Client, endpoint: Arc<Endpoint>) -> Self {
        Self {
            client,
            target: Target::Instance(endpoint),
        }
    }

    pub(crate) fn named(client: Client, name: String) -> Self {
        Self {
            client,
            target: Target::Named(name.into()),
        }
    }

    /// Makes a call and waits for the whole answer. Dropping the future gives it up.
    ///
    /// # Errors
    /// Any; see [`ErrorKind`](crate::ErrorKind).
    pub async fn call(&self, request: Request) -> Result<Reply, Error> {
        self.call_ref(&request).await
    }

    /// In a box, so that a call is compiled into this crate alone, and no task or list grows by its size.
    pub(crate) fn call_ref<'c>(&'c self, request: &'c Request) -> BoxFuture<'c, Result<Reply, Error>> {
        Box::pin(async move {
            let work = pin!(self.call_whole(request));
            self.guarded(request, work).await
        })
    }

    async fn call_whole(&self, request: &Request) -> Result<Reply, Error> {
        let (done, endpoint) = self.run(request, false).await?;
        let SuccessBody::Whole(body) = done.success.body else {
            return Err(Error::internal("The answer was left unread."));
        };
        let headers = done.success.headers;
        let reply = Reply {
            status: done.success.status,
            request_id: crate::error::request_id(&headers),
            headers,
            body,
            attempts: done.attempts,
            round_trip: u32::try_from(done.success.round_trip.as_micros()).unwrap_or(u32::MAX),
            origin: crate::request::Origin {
                endpoint,
                operation: request.operation(),
                name: request.name(),
                writes: request.writes(),
            },
        };
        if reply.is_strange_page() {
            return Err(reply.decode_error("A web page came where data was due: not the API answered."));
        }
        if reply.is_missing() {
            return Err(
                reply.decode_error("Nothing came where data was due: the answer was cut off, or the server sent none.")
            );
        }
        Ok(reply)
    }

    /// Makes a call and leaves the body of the answer to be read as it comes.
    ///
    /// # Errors
    /// Those of [`call`](Self::call). A refusal is an error here, before any byte is handed out.
    pub async fn open(&self, request: Request) -> Result<Download, Error> {
        self.open_ref(&request).await
    }

    fn open_ref<'c>(&'c self, request: &'c Request) -> BoxFuture<'c, Result<Download, Error>> {
        Box::pin(async move {
            let work = pin!(self.open_unread(request));
            self.guarded(request, work).await
        })
    }

    async fn open_unread(&self, request: &Request) -> Result<Download, Error> {
        let began = Instant::now();
        let (done, endpoint) = self.run(request, true).await?;
        let SuccessBody::Open(response) = done.success.body else {
            return Err(Error::internal("The answer was read already."));
        };
        let options = &self.client.inner.options;
        let context = Context {
            place: engine::place(request, Some(&endpoint)),
            attempts: done.attempts,
            idle: request.options.read_timeout.unwrap_or(options.long_read_timeout),
            deadline: request
                .options
                .deadline
                .or(options.deadline)
                .map(|limit| after(began, limit)),
            counters: Arc::clone(&self.client.inner.counters),
        };
        let download = Download::new(response, context);
        if request.answers_file() {
            let token = &endpoint.key.token;
            return download.refusing_json().await.map_err(|error| error.scrubbed(token));
        }
        Ok(download)
    }

    /// The pages of a list. Nothing is sent before the first [`Pages::next`].
    #[must_use]
    pub fn pages(&self, request: Request) -> Pages {
        Pages::new(self.clone(), request)
    }

    /// The base URL; none for an instance whose name is not resolved yet.
    #[must_use]
    pub fn base_url(&self) -> Option<String> {
        let endpoint = match &self.target {
            Target::Account(endpoint) | Target::Instance(endpoint) => Arc::clone(endpoint),
            Target::Named(name) => self.client.inner.process().instances.known(name)?,
        };
        Some(endpoint.base.as_str().to_owned())
    }

    /// The base URL, asking the account API for it if need be.
    ///
    /// # Errors
    /// Those of a call of `account.instances.get`.
    pub async fn resolve(&self) -> Result<String, Error> {
        self.endpoint().await.map(|endpoint| endpoint.base.as_str().to_owned())
    }

    /// When the token that is sent there expires; none when it does not say, as only tokens that are JWTs do.
    #[must_use]
    pub fn token_expires_at(&self) -> Option<SystemTime> {
        match &self.target {
            Target::Account(endpoint) | Target::Instance(endpoint) => endpoint.key.expires_at(),
            Target::Named(_) => self.client.token_expires_at(),
        }
    }

    /// The rate limit that calls there keep to now: the user's, the one the account API told, or the one a 429 taught. None
    /// when no limit is known, or where the instance is not.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimit> {
        let endpoint = match &self.target {
            Target::Account(endpoint) | Target::Instance(endpoint) => Arc::clone(endpoint),
            Target::Named(name) => self.client.inner.process().instances.known(name)?,
        };
        let limiting = self.client.inner.options.rate_limit;
        endpoint.limiter(limiting, &self.client.inner.events).limit()
    }

    /// Forgets the ids that were looked up by name, as after everything was replaced by other things of the same names.
    ///
    /// Public for the rooms that build on this crate.
    pub fn forget_names(&self) {
        if let Some(base) = self.base_url() {
            self.client.inner.process().names.forget_all(&base);
        }
    }

    /// The client behind it.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    async fn endpoint(&self) -> Result<Arc<Endpoint>, Error> {
        match &self.target {
            Target::Account(endpoint) | Target::Instance(endpoint) => Ok(Arc::clone(endpoint)),
            Target::Named(name) => crate::instances::resolve(&self.client, name).await,
        }
    }

    async fn run(&self, request: &Request, open: bool) -> Result<(Done, Arc<Endpoint>), Error> {
        let began = Instant::now();
        let inner = &self.client.inner;
        inner.check_open()?;
        self.check_fits(request)?;
        let prepared = Prepared::of(request)?;
        let endpoint = self.in_time(request, began, self.endpoint()).await?;
        if names::are_in(request) {
            // In a box, as it is seldom and would double the size of every call.
            let done = Box::pin(self.run_by_name(request, &endpoint, began, open)).await?;
            return Ok((done, endpoint));
        }
        let call = Call::new(inner, &endpoint, request, &prepared, began)?;
        let done = call.run(open).await?;
        Ok((done, endpoint))
    }

    /// Runs a request that gives names where the path wants ids.
    async fn run_by_name(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        began: Instant,
        open: bool,
    ) -> Result<Done, Error> {
        let inner = &self.client.inner;
        let mut resolved = request.clone();
        let resolving = names::resolve(self, endpoint.base.as_str(), &mut resolved);
        let used = self.in_time(request, began, resolving).await?;
        let request = resolved;
        let prepared = Prepared::of(&request)?;
        let done = Call::new(inner, endpoint, &request, &prepared, began)?.run(open).await;
        if done.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            inner.process().names.forget(&used);
        }
        done
    }

    /// Fetches what an answer points at by `{src}`, without the token. A relative `src` belongs to this API's host.
    ///
    /// # Errors
    /// Those of a call; `config_error` for a URL that is not `https`, or that leads to this machine while the API is
    /// elsewhere.
    pub async fn fetch(&self, src: &str) -> Result<Download, Error> {
        self.fetch_ref(src).await
    }

    fn fetch_ref<'c>(&'c self, src: &'c str) -> BoxFuture<'c, Result<Download, Error>> {
        Box::pin(self.fetch_whole(src))
    }

    async fn fetch_whole(&self, src: &str) -> Result<Download, Error> {
        let inner = &self.client.inner;
        inner.check_open()?;
        let endpoint = self.endpoint().await?;
        let base = endpoint.base.join("/")?;
        let closing = &inner.process().closing;
        let fetch = Fetch {
            client: inner,
            loopback: endpoint.base.is_loopback(),
        };
        tokio::select! {
            biased;
            result = fetch.run(&base, src) => result,
            () = closing.cancelled() => Err(Error::cancelled("The client was closed.")),
        }
    }

    /// Runs what has to be known before a call within the call's own deadline.
    async fn in_time<T>(
        &self,
        request: &Request,
        began: Instant,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match request.options.deadline.or(self.client.inner.options.deadline) {
            Some(limit) => tokio::time::timeout_at(after(began, limit), work)
                .await
                .unwrap_or_else(|_| Err(failure::deadline(limit, "finding out where to send it"))),
            None => work.await,
        }
    }

    fn check_fits(&self, request: &Request) -> Result<(), Error> {
        if self.client.inner.options.read_only && request.writes() {
            return Err(
                Error::config("The client is read-only, and this operation writes. Nothing was sent.")
                    .with_hint("Use a client made without read_only."),
            );
        }
        let Some(row) = request.operation() else { return Ok(()) };
        match (&self.target, row.api) {
            (Target::Account(_), Api::Account) | (Target::Instance(_) | Target::Named(_), Api::Instance) => Ok(()),
            (_, Api::Account) => Err(Error::config(
                "This operation belongs to the account API, not to an instance.",
            )),
            (_, Api::Instance) => Err(Error::config(
                "This operation belongs to an instance, not to the account API.",
            )),
        }
    }

    /// Runs `work` until it ends or the client is closed, and turns a panic into an error.
    async fn guarded<T>(
        &self,
        request: &Request,
        work: Pin<&mut (dyn Future<Output = Result<T, Error>> + Send)>,
    ) -> Result<T, Error> {
        let inner = &self.client.inner;
        let closing = &inner.process().closing;
        let work = AssertUnwindSafe(work).catch_unwind();
        let result = tokio::select! {
            biased;
            result = work => result,
            () = closing.cancelled() => {
                Ok(Err(Error::cancelled("The client was closed.").with_outcome_unknown(request.writes())))
            }
        };
        let result = result.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<&str>().copied().map(str::to_owned);
            let words = words
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let words = inner.key.token.scrub(&words).into_owned();
            Err(Error::internal(format!("A panic was caught: {words}")))
        });
        result.map_err(|error| {
            if error.is_placed() {
                error
            } else {
                error.at(&engine::place(request, None))
            }
        })
    }
}
