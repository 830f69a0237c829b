//! The port on which a face says where it is: `/_chaos/begin/N` and `/_chaos/end`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::State;
use crate::http::Buffer;
use crate::kinds::Strike;

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let _ = take(stream, &state).await;
        });
    }
}

async fn take(mut stream: TcpStream, state: &State) -> io::Result<()> {
    let Some(head) = Buffer::default().head(&mut stream).await? else {
        return Ok(());
    };
    let case = head.request().1.strip_prefix("/_chaos/begin/");
    match case.map(str::parse::<usize>) {
        Some(Ok(case)) => {
            state.begin(case);
            if !matches!(state.plan.cases[case].blow.strike, Strike::CloseIdle { .. }) {
                // The client's pool has a moment to see what was closed.
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
        _ => state.end(),
    }
    stream
        .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        .await?;
    stream.shutdown().await?;
    // The client closes first, so that the port does not linger on our side.
    let mut rest = [0; 64];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
