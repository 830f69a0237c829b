//! One connection: limit, faults, body, operation, answer, in this order, with every step journalled.
//!
//! hyper speaks HTTP as long as all is well. When a fault asks for something that HTTP forbids, the
//! service ends hyper's work with an error (which writes nothing), and the socket is taken back and
//! written by hand (see `wire`).

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::api::{self, Asker, Context};
use crate::clock;
use crate::control;
use crate::error::ApiError;
use crate::faults::{Fault, Rule, Scripted};
use crate::journal::Recording;
use crate::limit::{Decision, RetryAfter};
use crate::server::{Origin, Server, lock};
use crate::wire::{Answer, Socket, Step, Takeover, silence};

/// Ends hyper's part in a connection; what follows is in [`Connection::takeover`].
#[derive(Debug, thiserror::Error)]
#[error("the connection is taken over")]
struct TakenOver;

/// What the requests of one connection share.
struct Connection {
    server: Arc<Server>,
    origin: Arc<Origin>,
    number: u64,
    requests: AtomicU64,
    takeover: Mutex<Option<Takeover>>,
}

/// Serves a connection until it ends, however it ends.
pub async fn serve(server: Arc<Server>, origin: Arc<Origin>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let number = server.next_connection();
    let connection = Arc::new(Connection {
        server,
        origin,
        number,
        requests: AtomicU64::new(0),
        takeover: Mutex::default(),
    });
    let service = service_fn({
        let connection = connection.clone();
        move |request| Box::pin(answer(connection.clone(), request))
    });
    let io = TokioIo::new(Socket::new(stream));
    let mut http = http1::Builder::new().serve_connection(io, service);
    // The client may leave at any moment; whatever there is to say about it is in the journal.
    let _ = poll_fn(|cx| http.poll_without_shutdown(cx)).await;
    let takeover = lock(&connection.takeover).take();
    if let Some(takeover) = takeover {
        takeover.play(http.into_parts().io.into_inner()).await;
    }
}

async fn answer(connection: Arc<Connection>, request: Request<Incoming>) -> Result<Response, TakenOver> {
    let (parts, body) = request.into_parts();
    let account = connection.origin.instance_id.is_none();
    if account && let Some(path) = control::path(&parts.uri) {
        return Ok(control_answer(&connection, &parts, &path, body).await);
    }
    connection.answer(parts, body).await
}

/// The control path is no part of the emulated service: no limit, no faults, no journal.
async fn control_answer(connection: &Connection, parts: &Parts, path: &str, body: Incoming) -> Response {
    let value = match axum::body::to_bytes(Body::new(body), usize::MAX).await {
        Ok(bytes) if bytes.is_empty() => Ok(Value::Null),
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match value {
        Ok(value) => {
            let (status, value) = control::handle(&connection.server, parts.method.as_str(), path, &value);
            api::json_response(StatusCode::from_u16(status).unwrap_or_default(), &value)
        }
        Err(error) => api::refuse(&ApiError::bad_request(format!("The body is not valid JSON: {error}."))),
    }
}

impl Connection {
    async fn answer(&self, parts: Parts, body: Incoming) -> Result<Response, TakenOver> {
        let server = &self.server;
        let received_us = server.clock.now_us();
        let turn = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let limit = lock(&self.origin.limiter).admit(received_us);
        let recording = Recording::begin(server, &self.origin, &parts, (self.number, turn), received_us, limit);
        if let Some(decision) = limit.filter(|decision| !decision.allowed) {
            // The body is read to its end first: answering earlier would reset a client that still sends.
            let Some(_) = read(&recording, body).await else {
                return Err(TakenOver);
            };
            let response = api::refuse(&self.too_many(decision));
            recording.finish(Some(response.status().as_u16()), "answered");
            return Ok(response);
        }
        let verdict = lock(&server.faults).judge(&self.origin.name, parts.method.as_str(), parts.uri.path());
        if let Some(id) = verdict.latency {
            recording.fault(id, "latency");
            tokio::time::sleep(verdict.delay).await;
        }
        let Some(rule) = verdict.rule else {
            let Some(bytes) = read(&recording, body).await else {
                return Err(TakenOver);
            };
            let response = self.operate(parts, bytes, &recording).await;
            recording.finish(Some(response.status().as_u16()), "answered");
            return Ok(response);
        };
        recording.fault(rule.id, rule.kind);
        if matches!(rule.fault, Fault::Reset) && !rule.apply {
            return self.take_over(vec![Step::Reset], None, recording);
        }
        let Some(bytes) = read(&recording, body).await else {
            return Err(TakenOver);
        };
        let real = if rule.apply {
            Some(self.operate(parts, bytes, &recording).await)
        } else {
            None
        };
        self.spoil(rule, real, recording).await
    }

    /// Runs the operation.
    async fn operate(&self, parts: Parts, bytes: Bytes, recording: &Recording) -> Response {
        let context = Context {
            server: self.server.clone(),
            origin: self.origin.clone(),
        };
        let routes = match self.origin.instance_id {
            None => self.server.account_routes.clone(),
            Some(_) => self.server.instance_routes.clone(),
        };
        let mut request = Request::from_parts(parts, Body::from(bytes));
        request.extensions_mut().insert(context);
        let Ok(response) = TowerToHyperService::new(routes).call(request).await;
        recording.applied(response.extensions().get::<Asker>().map(|asker| asker.0));
        response
    }

    /// Answers in the way a fault rule wants. `real` is the operation's own answer if it ran.
    async fn spoil(&self, rule: Rule, real: Option<Response>, recording: Recording) -> Result<Response, TakenOver> {
        if let Some(steps) = silence(&rule.fault) {
            return self.take_over(steps, None, recording);
        }
        let scripted = match (&rule.fault, rule.base) {
            (Fault::TokenExpired, _) => {
                let response = api::refuse(&api::expired_token());
                recording.finish(Some(response.status().as_u16()), "fault");
                return Ok(response);
            }
            (Fault::Reply(scripted), _) => Some(scripted.clone()),
            (_, base) => base,
        };
        let answer = match (scripted, real) {
            (Some(scripted), _) => {
                if matches!(rule.fault, Fault::Reply(_))
                    && let Some(response) = orderly(&scripted)
                {
                    recording.finish(Some(scripted.status), "fault");
                    return Ok(response);
                }
                Answer::from(scripted)
            }
            (None, Some(real)) => plain(real).await,
            (None, None) => plain(api::json_response(StatusCode::OK, &Value::Null)).await,
        };
        let steps = answer.spoil(&rule.fault);
        self.take_over(steps, Some(answer.status), recording)
    }

    fn take_over(&self, steps: Vec<Step>, status: Option<u16>, recording: Recording) -> Result<Response, TakenOver> {
        *lock(&self.takeover) = Some(Takeover {
            steps,
            status,
            recording,
        });
        Err(TakenOver)
    }

    fn too_many(&self, decision: Decision) -> ApiError {
        let limit = decision.limit;
        let error = ApiError::too_many_requests(format!(
            "Too many requests: at most {} in any {} seconds. Wait {:.1} seconds.",
            limit.requests,
            limit.per,
            Seconds(decision.wait_us).exact()
        ));
        let seconds = decision.wait_us.div_euclid(1_000_000) + i64::from(decision.wait_us % 1_000_000 > 0);
        let retry_after = match limit.retry_after {
            RetryAfter::Absent => None,
            RetryAfter::Seconds => Some(seconds.to_string()),
            // A date has whole seconds; the part that has begun counts as a whole one.
            RetryAfter::Date => Some(clock::http_date(
                self.server.clock.now_ms() + decision.wait_us / 1000 + 999,
            )),
        };
        ApiError { retry_after, ..error }
    }
}

struct Seconds(i64);

impl Seconds {
    #[allow(clippy::cast_precision_loss)]
    fn exact(&self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// The whole body; none when the client left in the middle, which the dropped recording then says.
async fn read(recording: &Recording, body: Incoming) -> Option<Bytes> {
    let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.ok()?;
    recording.body(&bytes);
    Some(bytes)
}

/// A scripted answer that HTTP has no objection to, so that the connection can live on.
fn orderly(scripted: &Scripted) -> Option<Response> {
    let status = StatusCode::from_u16(scripted.status)
        .ok()
        .filter(|status| status.as_u16() >= 200)?;
    let mut response = Response::new(Body::from(scripted.body.clone()));
    *response.status_mut() = status;
    for (name, value) in &scripted.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name) {
            return None;
        }
        response
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    Some(response)
}

async fn plain(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let headers = parts.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH);
    Answer {
        status: parts.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default(),
    }
}
