//! One connection of a client: request by request to the emulator, and back as the plan says.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::State;
use crate::http::{Buffer, Head};
use crate::kinds::{End, Strike};
use crate::play::{After, Answer, Wire, end, garbage};

/// Serves a connection until it ends, however it ends.
pub(super) async fn serve(mut wire: impl Wire, state: &State) {
    if let Some(Strike::OnAccept { reset }) = state.on_accept() {
        if reset {
            wire.tear();
        }
        return;
    }
    let mut buffer = Buffer::default();
    loop {
        let arrived = tokio::select! {
            biased;
            arrived = buffer.peek(&mut wire, 1) => arrived,
            () = state.close_idle.notified() => {
                if state.tears_idle() {
                    wire.tear();
                } else {
                    let _ = wire.shutdown().await;
                }
                return;
            }
        };
        if !arrived.unwrap_or(false) || one(&mut wire, &mut buffer, state).await.unwrap_or(After::Over) == After::Over {
            return;
        }
    }
}

async fn one(wire: &mut impl Wire, buffer: &mut Buffer, state: &State) -> io::Result<After> {
    let Some(head) = buffer.head(wire).await? else {
        return Ok(After::Over);
    };
    let (method, path) = head.request();
    if path.ends_with("/auth/me") {
        // Warms a connection up; belongs to no case.
        let body = buffer.request_body(wire, &head, 1.0).await?;
        return ask(state, &head, &body).await?.say(wire).await;
    }
    let strike = state.strike(is_on_request);
    state.note(method, path, strike.as_ref().is_some_and(Strike::is_uncertain));
    let chance = path.len() as u64;
    match &strike {
        Some(Strike::CloseOnNext { reset }) => {
            if *reset {
                wire.tear();
            }
            Ok(After::Over)
        }
        Some(Strike::ResetMidRequest { part, forward }) => {
            let body = buffer.request_body(wire, &head, *part).await?;
            // All of it would be a request that was made, and is another kind.
            if *forward && body.len() < head.length().unwrap_or(0) {
                let mut upstream = TcpStream::connect(state.upstream).await?;
                upstream.write_all(&head.raw).await?;
                upstream.write_all(&body).await?;
                tokio::time::sleep(Duration::from_millis(2)).await;
                upstream.tear();
            }
            wire.tear();
            Ok(After::Over)
        }
        Some(Strike::NoAnswer { apply, end: how }) => {
            let body = buffer.request_body(wire, &head, 1.0).await?;
            if *apply {
                ask(state, &head, &body).await?;
            }
            end(wire, how.unwrap_or(End::Silence)).await
        }
        Some(Strike::Instead { apply, answer }) => {
            let body = buffer.request_body(wire, &head, 1.0).await?;
            if *apply {
                ask(state, &head, &body).await?;
            }
            match Answer::instead(answer, &state.elsewhere) {
                Some(answer) => answer.say(wire).await,
                None => garbage(wire, chance).await,
            }
        }
        Some(Strike::Spoil(spoil)) => {
            let body = buffer.request_body(wire, &head, 1.0).await?;
            ask(state, &head, &body).await?.spoil(spoil, wire, chance).await
        }
        Some(Strike::Latency { ms }) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            pass(wire, buffer, state, &head).await
        }
        _ => pass(wire, buffer, state, &head).await,
    }
}

const fn is_on_request(strike: &Strike) -> bool {
    matches!(
        strike,
        Strike::CloseOnNext { .. }
            | Strike::Latency { .. }
            | Strike::ResetMidRequest { .. }
            | Strike::NoAnswer { .. }
            | Strike::Spoil(_)
            | Strike::Instead { .. }
    )
}

async fn pass(wire: &mut impl Wire, buffer: &mut Buffer, state: &State, head: &Head) -> io::Result<After> {
    let body = buffer.request_body(wire, head, 1.0).await?;
    ask(state, head, &body).await?.say(wire).await
}

/// Asks the emulator, on a connection for this request alone.
async fn ask(state: &State, head: &Head, body: &[u8]) -> io::Result<Answer> {
    let mut upstream = TcpStream::connect(state.upstream).await?;
    upstream.set_nodelay(true)?;
    upstream.write_all(&head.raw).await?;
    upstream.write_all(body).await?;
    let mut buffer = Buffer::default();
    let answer = buffer.head(&mut upstream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let body = buffer.answer_body(&mut upstream, &answer).await?;
    Ok(Answer::of(&answer, body))
}
