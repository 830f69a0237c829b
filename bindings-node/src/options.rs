//! Options from JavaScript: JSON with its names and milliseconds, checked there, turned into the core's structs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use xano_metadata::{CallOptions, ClientOptions, Error, EventSink, Progress, ProgressSink, RateLimit, RateLimiting};

use crate::hub::Shared;

/// Progress is told this often at most, and at the end.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// Stands for "no limit" where an option of a call cannot be absent.
const FOR_EVER: Duration = Duration::from_secs(4_000_000_000);

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Client {
    token: Option<String>,
    account_url: Option<String>,
    instance_url: Option<String>,
    profile: Option<String>,
    credentials_file: Option<PathBuf>,
    ambient_credentials: Option<bool>,
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    read_timeout: Option<f64>,
    long_read_timeout: Option<f64>,
    deadline: Option<f64>,
    max_retries: Option<u32>,
    backoff: Option<f64>,
    max_backoff: Option<f64>,
    max_retry_after: Option<f64>,
    rate_limit: Option<Limit>,
    max_answer_bytes: Option<usize>,
    concurrency: Option<usize>,
    prefetch: Option<usize>,
    proxy: Option<String>,
    no_proxy: Option<String>,
    ca_file: Option<PathBuf>,
    allow_http: Option<bool>,
    read_only: Option<bool>,
    headers: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Limit {
    Fixed { requests: u32, per: f64 },
    Switch(bool),
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Call {
    timeout: Option<f64>,
    connect_timeout: Option<f64>,
    read_timeout: Option<f64>,
    deadline: Option<f64>,
    max_retries: Option<u32>,
    idempotent: Option<bool>,
    prefetch: Option<usize>,
    headers: Vec<(String, String)>,
    /// The number of the listener that hears how far an upload is.
    progress: Option<f64>,
}

/// The core's client options.
pub(crate) fn client(json: &str, user_agent: String, on_event: Option<EventSink>) -> Result<ClientOptions, Error> {
    let given: Client = read(json)?;
    let mut options = ClientOptions {
        token: given.token.map(Into::into),
        account_url: given.account_url,
        instance_url: given.instance_url,
        profile: given.profile,
        credentials_file: given.credentials_file,
        deadline: given.deadline.map(millis),
        proxy: given.proxy,
        no_proxy: given.no_proxy,
        ca_file: given.ca_file,
        headers: given.headers,
        user_agent: Some(user_agent),
        on_event,
        ..ClientOptions::default()
    };
    if let Some(timeout) = given.timeout {
        options.timeout = (timeout > 0.0).then(|| millis(timeout));
    }
    set(&mut options.ambient_credentials, given.ambient_credentials);
    set(&mut options.connect_timeout, given.connect_timeout.map(millis));
    set(&mut options.read_timeout, given.read_timeout.map(millis));
    set(&mut options.long_read_timeout, given.long_read_timeout.map(millis));
    set(&mut options.max_retries, given.max_retries);
    set(&mut options.backoff, given.backoff.map(millis));
    set(&mut options.max_backoff, given.max_backoff.map(millis));
    set(&mut options.max_retry_after, given.max_retry_after.map(millis));
    set(&mut options.max_answer_bytes, given.max_answer_bytes);
    set(&mut options.max_concurrency, given.concurrency);
    set(&mut options.prefetch, given.prefetch);
    set(&mut options.allow_http, given.allow_http);
    set(&mut options.read_only, given.read_only);
    set(
        &mut options.rate_limit,
        given.rate_limit.map(|limit| match limit {
            Limit::Fixed { requests, per } => RateLimiting::Fixed(RateLimit::new(requests, millis(per))),
            Limit::Switch(true) => RateLimiting::Auto,
            Limit::Switch(false) => RateLimiting::Off,
        }),
    );
    Ok(options)
}

impl Call {
    /// The core's call options; progress goes to `hub`.
    pub(crate) fn into_core(self, hub: &Arc<Shared>) -> CallOptions {
        let given = self;
        CallOptions {
            timeout: given.timeout.map(|ms| if ms > 0.0 { millis(ms) } else { FOR_EVER }),
            connect_timeout: given.connect_timeout.map(millis),
            read_timeout: given.read_timeout.map(millis),
            deadline: given.deadline.map(millis),
            max_retries: given.max_retries,
            idempotent: given.idempotent,
            prefetch: given.prefetch,
            headers: given.headers,
            progress: given.progress.map(|listener| progress_sink(Arc::clone(hub), listener)),
        }
    }
}

/// Tells a listener how far a transfer is, now and then: more would only fill the event loop.
fn progress_sink(hub: Arc<Shared>, listener: f64) -> ProgressSink {
    let last = Mutex::new(None::<Instant>);
    ProgressSink::new(move |progress| tell_progress(&hub, listener, &last, progress))
}

pub(crate) fn tell_progress(hub: &Shared, listener: f64, last: &Mutex<Option<Instant>>, progress: Progress) {
    let ended = progress.total == Some(progress.done);
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    if ended || last.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
        *last = Some(Instant::now());
        hub.tell(
            listener,
            json!({ "done": progress.done, "total": progress.total }).to_string(),
        );
    }
}

/// Parses what `options.ts` wrote; a mismatch is a defect of ours, unless a number is out of range.
pub(crate) fn read<T: for<'t> Deserialize<'t>>(json: &str) -> Result<T, Error> {
    // The cause alone: it names a field or a kind of value, while the text may hold the token.
    serde_json::from_str(json).map_err(|cause| match cause.classify() {
        serde_json::error::Category::Data => Error::config("An option has a value that cannot be used."),
        // JavaScript's texts may hold half a character, which it writes as an escape of its own.
        _ if cause.to_string().contains("hex escape") => {
            Error::config("A text holds half a character (a lone surrogate), which cannot be sent.")
        }
        _ => Error::internal("Options did not arrive as JSON."),
    })
}

fn set<T>(field: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *field = value;
    }
}

fn millis(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1000.0).map_or(FOR_EVER, |given| given.min(FOR_EVER))
}
