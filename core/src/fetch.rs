//! Files that an answer points at by `{src}`: fetched without the token.
//!
//! Such a URL leads to a storage host that has no business with the token. It is followed through redirects, as storage
//! hosts use them, but never to plain `http` and never from the network back to this machine.

use std::sync::Arc;
use std::time::SystemTime;

use http::{StatusCode, Uri, header};
use http_body_util::Full;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::base_url;
use crate::client::Inner;
use crate::download::{Context, Download};
use crate::error::{Error, ErrorAnswer, Place};
use crate::failure::{self, Failure};
use crate::moment::after;
use crate::retry::{self, Decision, Pause, Policy, Situation};
use crate::retry_after;
use crate::stats::Counters;
use crate::transport::{self, Answer, Outgoing, Payload};

/// Redirects followed at most.
const MAX_HOPS: usize = 5;

/// One fetch: what may be asked for, and what came of it.
pub(crate) struct Fetch<'c> {
    pub(crate) client: &'c Inner,
    /// Whether plain `http` to this machine is fine, because the API is there itself.
    pub(crate) loopback: bool,
}

impl Fetch<'_> {
    /// Fetches `src`, which may be relative to `base`.
    pub(crate) async fn run(&self, base: &Url, src: &str) -> Result<Download, Error> {
        let url = base
            .join(src)
            .map_err(|cause| Error::config(format!("The src is not a URL: {cause}.")))?;
        self.check(&url)?;
        let options = &self.client.options;
        let policy = Policy {
            max_retries: options.max_retries,
            max_retry_after: options.max_retry_after,
        };
        let mut retries = 0;
        loop {
            let failure = match self.follow(url.clone(), retries + 1).await {
                Ok(download) => {
                    self.client.budget.earn();
                    return Ok(download);
                }
                Err(failure) => failure,
            };
            let decision = failure
                .situation
                .map(|situation| retry::decide(policy, situation, true, retries));
            let Some(Decision::Retry(pause)) = decision else {
                return Err(finish(failure.error, &url, retries + 1));
            };
            if !self.client.budget.pay() {
                return Err(finish(failure.error, &url, retries + 1));
            }
            let wait = match pause {
                Pause::Server(wait) => wait,
                Pause::Backoff | Pause::Window => self.client.backoff.pause(retries),
            };
            Counters::add(&self.client.counters.retries, 1);
            retries += 1;
            tokio::time::sleep(wait).await;
        }
    }

    fn check(&self, url: &Url) -> Result<(), Error> {
        let host = url.host().ok_or_else(|| Error::config("The src names no host."))?;
        let here = base_url::is_loopback(&host);
        let fine = match url.scheme() {
            "https" => !here || self.loopback,
            "http" => (here && self.loopback) || self.client.options.allow_http,
            _ => false,
        };
        if !fine {
            return Err(Error::config(format!(
                "The src points at {}://{host}, which is not fetched: it has to be https, and not this machine.",
                url.scheme()
            )));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::config(
                "The src has a user name or password in it, which is not fetched.",
            ));
        }
        Ok(())
    }

    async fn follow(&self, mut url: Url, attempts: u32) -> Result<Download, Failure> {
        for _ in 0..=MAX_HOPS {
            let response = self.send(&url).await?;
            let status = response.status();
            let target = response
                .headers()
                .get(header::LOCATION)
                .and_then(|value| value.to_str().ok());
            match target.filter(|_| status.is_redirection()) {
                Some(target) => {
                    let next = url
                        .join(target)
                        .map_err(|_| Failure::last(Error::config("A redirect leads nowhere.")))?;
                    self.check(&next).map_err(Failure::last)?;
                    url = next;
                }
                None if status.is_success() => {
                    let options = &self.client.options;
                    let context = Context {
                        place: place(&url),
                        attempts,
                        idle: options.long_read_timeout,
                        deadline: options.deadline.map(|limit| after(Instant::now(), limit)),
                        counters: Arc::clone(&self.client.counters),
                    };
                    return Ok(Download::new(response, context));
                }
                None => return Err(refusal(&response, status)),
            }
        }
        Err(Failure::last(Error::config(format!(
            "The src leads through more than {MAX_HOPS} redirects."
        ))))
    }

    async fn send(&self, url: &Url) -> Result<Answer, Failure> {
        let options = &self.client.options;
        let loopback = url.host().is_some_and(|host| base_url::is_loopback(&host));
        let lanes = self.client.lanes();
        let http = lanes
            .pick(url.scheme() == "https", loopback, options, &self.client.counters)
            .map_err(Failure::last)?;
        let uri = Uri::try_from(url.as_str())
            .map_err(|cause| Failure::last(Error::config(format!("The src is not a URL: {cause}."))))?;
        let mut request = Outgoing::new(Payload::Left(Full::default()));
        *request.uri_mut() = uri;
        if let Some(agent) = self.client.headers.get(header::USER_AGENT) {
            request.headers_mut().insert(header::USER_AGENT, agent.clone());
        }
        // The archive as it is: a server that packs a `.tar.gz` once more would have it unpacked to another file.
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        Counters::add(&self.client.counters.requests, 1);
        let sending = timeout(options.read_timeout, http.send(request));
        match transport::connecting(options.connect_timeout, sending).await.0 {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(cause)) => Err(failure::send(cause)),
            Err(_) => Err(Failure::interrupted(failure::stalled(options.read_timeout))),
        }
    }
}

fn refusal(response: &Answer, status: StatusCode) -> Failure {
    let headers = response.headers();
    let retry_after = retry_after::read(headers, SystemTime::now());
    // A storage host explains itself in XML at most; its status says enough.
    let answer = ErrorAnswer::read(status, headers, b"", retry_after);
    let situation = Situation::Answered {
        status: status.as_u16(),
        refusal: false,
        retry_after,
    };
    Failure {
        situation: Some(situation),
        error: Error::answered(answer),
    }
}

fn finish(error: Error, url: &Url, attempts: u32) -> Error {
    error.with_attempts(attempts).at(&place(url))
}

/// The host alone: the path and the query of such a URL are often the key to the file.
fn place(url: &Url) -> Place {
    Place {
        operation: Some("download".into()),
        method: Some("GET".to_owned()),
        path: Some("{src}".to_owned()),
        host: url.host_str().map(str::to_owned),
        scope: None,
    }
}
