//! A call from beginning to end: gate, attempt, decision, pause, and again.
//!
//! What is decided is in `retry.rs`, what is sent in `outgoing.rs`, how it is sent in `transport.rs`. Here is only the
//! order of things, and the words with which a call that failed is handed back.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri, header};
use tokio::time::Instant;

use crate::attempt::{Success, Timing};
use crate::client::Inner;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Place};
use crate::events::Event;
use crate::failure::{self, Failure};
use crate::limiter::{Gate, Limiter, Permit};
use crate::moment::after;
use crate::operation::{AnswerKind, Operation, TimeoutClass};
use crate::options::RateLimiting;
use crate::prepare::Prepared;
use crate::request::Request;
use crate::retry::{self, Decision, Pause, Policy, Reason, Situation};
use crate::stats::Counters;
use crate::transport::Pool;

/// One call on its way.
pub(crate) struct Call<'c> {
    pub(crate) client: &'c Inner,
    pub(crate) endpoint: &'c Endpoint,
    pub(crate) request: &'c Request,
    pub(crate) prepared: &'c Prepared,
    pub(crate) uri: Uri,
    pub(crate) http: Pool,
    pub(crate) timing: Timing,
    limiter: Arc<Limiter>,
}

/// A good answer, and the attempts it took.
pub(crate) struct Done {
    pub(crate) success: Success,
    pub(crate) attempts: u32,
}

impl<'c> Call<'c> {
    pub(crate) fn new(
        client: &'c Inner,
        endpoint: &'c Endpoint,
        request: &'c Request,
        prepared: &'c Prepared,
        began: Instant,
    ) -> Result<Self, Error> {
        let options = &client.options;
        let uri = endpoint.base.uri(&prepared.path_and_query)?;
        let http = client.lanes().for_base(&endpoint.base, options, &client.counters)?;
        let limiter = Arc::clone(endpoint.limiter(options.rate_limit, &client.events));
        endpoint.key.mind_expiry(&client.events);
        Ok(Self {
            client,
            endpoint,
            request,
            prepared,
            uri,
            http,
            limiter,
            timing: timing(client, request, began),
        })
    }

    /// Attempts until one is good or the rules say stop.
    pub(crate) async fn run(&self, open: bool) -> Result<Done, Error> {
        let options = &self.client.options;
        let policy = Policy {
            max_retries: self.request.options.max_retries.unwrap_or(options.max_retries),
            max_retry_after: options.max_retry_after,
        };
        let idempotent = self.request.is_idempotent();
        let mut retries = 0;
        let mut in_doubt = false;
        loop {
            let permit = self
                .pass_gate()
                .await
                .map_err(|error| self.finish(error, retries, in_doubt))?;
            let attempts = retries + 1;
            let began = Instant::now();
            let Failure { situation, error } = match self.attempt(permit, open).await {
                Ok(success) => {
                    self.client.budget.earn();
                    self.tell_answer(success.status.as_u16(), &success.headers, attempts, began);
                    return Ok(Done { success, attempts });
                }
                Err(failure) => failure,
            };
            if let Some(status) = error.status() {
                self.tell_refusal(status, &error, attempts, began);
            }
            let Some(situation) = situation else {
                // The deadline ran out, or something here is wrong. Only the former may have reached the server.
                let doubt = in_doubt || error.kind() == ErrorKind::Timeout;
                return Err(self.finish(error, attempts, doubt));
            };
            in_doubt |= situation.is_uncertain();
            let window = self.mind_refusal(situation);
            let pause = match retry::decide(policy, situation, idempotent, retries) {
                Decision::Stop(reason) => return Err(self.stop(error, reason, policy, attempts, in_doubt)),
                Decision::Retry(Pause::Server(wait)) => wait,
                Decision::Retry(Pause::Window) => window,
                Decision::Retry(Pause::Backoff) => self.client.backoff.pause(retries),
            };
            if let Some((deadline, limit)) = self.timing.deadline
                && after(Instant::now(), pause) >= deadline
            {
                let late = format!("The next attempt would come after the deadline of {limit:?}.");
                return Err(self.finish(error.with_hint(late), attempts, in_doubt));
            }
            if !self.client.budget.pay() {
                let spent = "So many calls failed lately that it was not tried again.";
                return Err(self.finish(error.with_hint(spent), attempts, in_doubt));
            }
            self.tell_retry(&error, attempts, pause);
            Counters::add(&self.client.counters.retries, 1);
            retries += 1;
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits for the rate limit and a free place.
    async fn pass_gate(&self) -> Result<Permit, Error> {
        let options = &self.client.options;
        let gate = Gate {
            max_in_flight: options.max_concurrency,
            limited: options.rate_limit != RateLimiting::Off,
        };
        let passing = self.limiter.acquire(gate);
        let (permit, wait) = match self.timing.deadline {
            Some((at, limit)) => tokio::time::timeout_at(at, passing)
                .await
                .map_err(|_| failure::deadline(limit, "waiting for the rate limit"))?,
            None => passing.await,
        };
        if !wait.is_zero() {
            self.client.counters.waited(wait);
            if self.client.events.wants(tracing::Level::DEBUG) {
                let host = self.endpoint.base.host().to_owned();
                self.client.events.emit(&Event::Waited {
                    operation: self.request.name(),
                    host,
                    wait,
                });
            }
        }
        Ok(permit)
    }

    /// Lets the limiter learn from a 429; returns how long a window is.
    fn mind_refusal(&self, situation: Situation) -> Duration {
        let Situation::Answered {
            status: 429,
            retry_after,
            ..
        } = situation
        else {
            return Duration::ZERO;
        };
        let options = &self.client.options;
        let obeyed = retry_after.filter(|wait| *wait <= options.max_retry_after);
        if retry_after.is_some() && obeyed.is_none() {
            // So long a wait fails the call; it should not hold up everyone else's.
            return Duration::ZERO;
        }
        let (pause, learned) = self.limiter.refused(obeyed, options.rate_limit != RateLimiting::Off);
        if let Some(limit) = learned {
            let host = self.endpoint.base.host().to_owned();
            let event = Event::LimitLearned {
                host,
                requests: limit.requests,
                per: limit.per,
                how: "429",
            };
            self.client.events.emit(&event);
        }
        pause
    }

    fn stop(&self, error: Error, reason: Reason, policy: Policy, attempts: u32, in_doubt: bool) -> Error {
        let error = match reason {
            Reason::WaitTooLong => {
                let wait = error.retry_after().unwrap_or_default();
                let most = policy.max_retry_after;
                error.with_hint(format!(
                    "The server asks to wait {wait:?}, longer than max_retry_after ({most:?})."
                ))
            }
            Reason::OutcomeUnknown => error.with_hint(
                "The server may have done it all the same, so it was not sent again: look before you repeat it.",
            ),
            Reason::Final | Reason::Exhausted => error,
        };
        self.finish(error, attempts, in_doubt)
    }

    /// Completes an error with where, how often, and what to do, and takes the token out of it.
    fn finish(&self, error: Error, attempts: u32, in_doubt: bool) -> Error {
        let place = self.place();
        let error = self.advise(error);
        let error = error
            .with_attempts(attempts)
            .with_outcome_unknown(in_doubt && self.request.writes())
            .at(&place)
            .scrubbed(&self.endpoint.key.token);
        if self.client.events.wants(tracing::Level::DEBUG) {
            let event = Event::Failed {
                operation: self.request.name(),
                code: error.code().to_owned(),
                attempts,
            };
            self.client.events.emit(&event);
        }
        error
    }

    fn advise(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Authentication => match self.endpoint.key.expired_on() {
                Some(date) => error.with_hint(format!("The token expired on {date}: create a new one.")),
                None => error.with_hint(
                    "The token is wrong, expired or revoked, or belongs to another host: check which one is used, or \
                     create a new one.",
                ),
            },
            ErrorKind::Permission => match self.request.operation().and_then(|row| row.scope) {
                Some(scope) => error.with_hint(format!(
                    "It asks for the token scope {scope:?}: give the token that scope, or its owner a role that allows it."
                )),
                None => error.with_hint("Check the token's scopes and its owner's role."),
            },
            ErrorKind::RateLimit => error.with_hint(
                "Something else uses the same quota, or the limit is lower than known: set rate_limit, or call less often.",
            ),
            ErrorKind::Http if error.status().is_some_and(|status| (300..400).contains(&status)) => {
                error.with_hint("Give the base URL that it redirects to, if it is the right one.")
            }
            _ => error,
        }
    }

    pub(crate) fn place(&self) -> Place {
        place(self.request, Some(self.endpoint))
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = self.client.headers.clone();
        for (name, value) in &self.prepared.headers {
            headers.insert(name, value.clone());
        }
        headers.insert(header::AUTHORIZATION, self.authorization());
        headers
    }

    fn authorization(&self) -> HeaderValue {
        self.endpoint.key.header.clone()
    }

    fn tell_answer(&self, status: u16, headers: &HeaderMap, attempt: u32, began: Instant) {
        if self.client.events.wants(tracing::Level::DEBUG) {
            self.tell(status, crate::error::request_id(headers), attempt, began);
        }
    }

    fn tell_refusal(&self, status: u16, error: &Error, attempt: u32, began: Instant) {
        if self.client.events.wants(tracing::Level::DEBUG) {
            self.tell(status, error.request_id().map(str::to_owned), attempt, began);
        }
    }

    /// A server may name a request by anything that it was sent, the token included.
    fn tell(&self, status: u16, request_id: Option<String>, attempt: u32, began: Instant) {
        let token = &self.endpoint.key.token;
        let request_id = request_id.map(|id| token.scrub(&id).into_owned());
        self.client.events.emit(&Event::Answered {
            operation: self.request.name(),
            host: self.endpoint.base.host().to_owned(),
            status,
            attempt,
            elapsed: began.elapsed(),
            request_id,
        });
    }

    fn tell_retry(&self, error: &Error, attempt: u32, wait: Duration) {
        self.client.events.emit(&Event::Retrying {
            operation: self.request.name(),
            host: self.endpoint.base.host().to_owned(),
            attempt,
            code: self.endpoint.key.token.scrub(error.code()).into_owned(),
            wait,
        });
    }
}

/// Where a call goes, for errors.
pub(crate) fn place(request: &Request, endpoint: Option<&Endpoint>) -> Place {
    Place {
        operation: Some(request.name()),
        method: Some(request.method().as_str().to_owned()),
        path: Some(request.shown_path().to_owned()),
        host: endpoint.map(|endpoint| endpoint.base.host().to_owned()),
        scope: request.operation().and_then(|row| row.scope),
    }
}

fn timing(client: &Inner, request: &Request, began: Instant) -> Timing {
    let (call, all) = (&request.options, &client.options);
    let slow = |row: &Operation| row.timeout == TimeoutClass::Long || row.answer == AnswerKind::Stream;
    let long = request.operation().is_some_and(slow) || request.body.has_files();
    let usual_idle = if long { all.long_read_timeout } else { all.read_timeout };
    Timing {
        attempt: call.timeout.or(if long { None } else { all.timeout }),
        idle: call.read_timeout.unwrap_or(usual_idle),
        connect: call.connect_timeout.unwrap_or(all.connect_timeout),
        deadline: call.deadline.or(all.deadline).map(|limit| (after(began, limit), limit)),
    }
}
