//! One attempt: send, wait for the answer, read it, within the limits of time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use tokio::time::{Instant, timeout_at};

use crate::engine::Call;
use crate::error::{Error, ErrorAnswer};
use crate::failure::{self, Failure, Limit};
use crate::limiter::{Arrival, Permit};
use crate::moment::after;
use crate::outgoing::{self, Upload};
use crate::retry::Situation;
use crate::retry_after;
use crate::stats::Counters;
use crate::transport::{self, Answer, Outgoing};

/// Bytes of a refusal that are read; the rest of a gateway's page is of no use.
const MAX_REFUSAL: usize = 64 * 1024;

/// Room made for an answer before it is known to come, at most.
const MAX_RESERVED: u64 = 16 * 1024 * 1024;

/// The limits of time for one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) attempt: Option<Duration>,
    pub(crate) idle: Duration,
    pub(crate) connect: Duration,
    /// The end of the call as a whole, and how long it was to be.
    pub(crate) deadline: Option<(Instant, Duration)>,
}

/// When an attempt that began now has to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    timing: Timing,
    end: Option<(Instant, Limit)>,
}

impl Timing {
    fn start(self) -> Until {
        let now = Instant::now();
        let attempt = self.attempt.map(|limit| (after(now, limit), Limit::Attempt(limit)));
        let deadline = self.deadline.map(|(at, limit)| (at, Limit::Deadline(limit)));
        let end = match (attempt, deadline) {
            (Some(attempt), Some(deadline)) => Some(if deadline.0 <= attempt.0 { deadline } else { attempt }),
            (attempt, deadline) => attempt.or(deadline),
        };
        Until { timing: self, end }
    }
}

impl Until {
    /// The next moment at which patience ends if nothing comes from now on.
    fn next(&self) -> (Instant, Limit) {
        let silence = (
            after(Instant::now(), self.timing.idle),
            Limit::Silence(self.timing.idle),
        );
        match self.end {
            Some(end) if end.0 <= silence.0 => end,
            _ => silence,
        }
    }
}

/// A good answer.
pub(crate) struct Success {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Until the headers of the answer came.
    pub(crate) round_trip: Duration,
    pub(crate) body: SuccessBody,
}

pub(crate) enum SuccessBody {
    Whole(Bytes),
    /// Its place in flight is free again: a caller may read it slowly, and make other calls meanwhile.
    Open(Answer),
}

impl Call<'_> {
    /// Makes one attempt. With `open`, a good answer's body is left unread.
    pub(crate) async fn attempt(&self, mut permit: Permit, open: bool) -> Result<Success, Failure> {
        let until = self.timing.start();
        let counters = &self.client.counters;
        let upload = Upload::new(self.request.options.progress.clone());
        let headers = self.headers();
        let method = self.request.method();
        let request = outgoing::build(method, self.uri.clone(), headers, &self.request.body, &upload)
            .await
            .map_err(|error| {
                permit.arrived(Arrival::Never);
                Failure::last(error)
            })?;
        Counters::add(&counters.requests, 1);
        let (sent, connected) = transport::connecting(self.timing.connect, self.send(request, &until, &upload)).await;
        Counters::add(&counters.bytes_out, upload.done());
        let response = sent.inspect_err(|failure| {
            if failure.situation == Some(Situation::NeverSent) {
                permit.arrived(Arrival::Never);
            }
        })?;
        let status = response.status();
        let round_trip = permit.arrived(Arrival::Answered {
            connected,
            accepted: status != StatusCode::TOO_MANY_REQUESTS,
        });
        if !status.is_success() {
            let failure = self.refusal(response, &until).await;
            hand_on(permit).await;
            return Err(failure);
        }
        if open {
            let headers = response.headers().clone();
            return Ok(Success {
                status,
                headers,
                round_trip,
                body: SuccessBody::Open(response),
            });
        }
        let mut response = response;
        let body = self.whole(&mut response, &until).await?;
        hand_on(permit).await;
        Counters::add(&counters.bytes_in, body.len() as u64);
        let headers = std::mem::take(response.headers_mut());
        Ok(Success {
            status,
            headers,
            round_trip,
            body: SuccessBody::Whole(body),
        })
    }

    /// Waits for the answer's headers. While an upload moves, the server may stay silent.
    async fn send(&self, request: Outgoing, until: &Until, upload: &Arc<Upload>) -> Result<Answer, Failure> {
        let mut sending = std::pin::pin!(self.http.send(request));
        let mut uploaded = upload.done();
        loop {
            let (at, limit) = until.next();
            match timeout_at(at, &mut sending).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(_)) if upload.file_failed.load(std::sync::atomic::Ordering::Relaxed) => {
                    return Err(Failure::last(Error::config(
                        "A file of the upload could not be read to its end.",
                    )));
                }
                Ok(Err(cause)) => return Err(failure::send(cause)),
                Err(_) if matches!(limit, Limit::Silence(_)) && upload.done() > uploaded => uploaded = upload.done(),
                Err(_) => return Err(limit.failure("waiting for the answer")),
            }
        }
    }

    /// Reads a good answer to its end. It is measured as it is unpacked, since a few kilobytes on the wire can become more
    /// than any memory holds.
    async fn whole(&self, response: &mut Answer, until: &Until) -> Result<Bytes, Failure> {
        let most = self.client.options.max_answer_bytes;
        let announced = response.content_length().unwrap_or(0);
        if usize::try_from(announced).is_ok_and(|announced| announced <= most) {
            let body = read(response, until, most.saturating_add(1)).await?;
            if body.len() <= most {
                return Ok(body);
            }
        }
        Err(Failure::last(failure::too_large(most).with_status(response.status())))
    }

    /// Reads what the server has against the request. A body that breaks off is no reason to know less.
    async fn refusal(&self, mut response: Answer, until: &Until) -> Failure {
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = read(&mut response, until, MAX_REFUSAL).await.unwrap_or_default();
        Counters::add(&self.client.counters.bytes_in, body.len() as u64);
        let retry_after = retry_after::read(&headers, SystemTime::now());
        let answer = ErrorAnswer::read(status, &headers, &body, retry_after);
        let situation = Situation::Answered {
            status: status.as_u16(),
            refusal: answer.is_refusal(),
            retry_after,
        };
        Failure {
            situation: Some(situation),
            error: Error::answered(answer),
        }
    }
}

/// Frees a place. An answer ends a moment before its connection is in the pool again; a caller that waits for the place would
/// miss it and open another.
async fn hand_on(permit: Permit) {
    if permit.is_wanted() {
        tokio::task::yield_now().await;
    }
}

/// Reads a body whole, or up to `most` bytes.
async fn read(response: &mut Answer, until: &Until, most: usize) -> Result<Bytes, Failure> {
    let expected = response.content_length();
    let mut first = Bytes::new();
    let mut all: Option<BytesMut> = None;
    loop {
        let (at, limit) = until.next();
        let piece = match timeout_at(at, response.chunk()).await {
            Ok(Ok(piece)) => piece,
            Ok(Err(cause)) => return Err(Failure::interrupted(failure::cut(cause))),
            Err(_) => return Err(limit.failure("reading the answer")),
        };
        // Most answers come in one piece, which is then the body without a copy.
        match (piece, &mut all) {
            (None, None) => return Ok(first),
            (None, Some(_)) => return Ok(all.take().unwrap_or_default().freeze()),
            (Some(piece), None) if first.is_empty() => first = piece,
            (Some(piece), None) => {
                let room = expected.unwrap_or(0).min(MAX_RESERVED);
                let mut whole =
                    BytesMut::with_capacity(usize::try_from(room).unwrap_or(0).max(first.len() + piece.len()));
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&piece);
                all = Some(whole);
            }
            (Some(piece), Some(whole)) => whole.extend_from_slice(&piece),
        }
        let length = all.as_ref().map_or(first.len(), BytesMut::len);
        if length >= most {
            return Ok(all.map_or(first, BytesMut::freeze));
        }
    }
}
