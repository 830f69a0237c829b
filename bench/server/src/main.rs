//! The server of the bench: a process of its own, so that what is measured is the client.
//!
//! It answers from prebuilt text on one thread, keeps connections, and compresses nothing. A link can be pretended: then
//! each answer waits a round trip, and the first one of a connection waits two, since a connection has to be made.
//! `--ports` listens on many ports, each an instance of its own to a client.
//!
//! ```text
//! xano-bench-server [--rows N] [--delay-ms MS] [--rate N/SECONDS] [--ports N]
//! ```
//!
//! It prints its ports as a JSON list and ends when its standard input does, so it never outlives the bench.

mod answers;
mod search;
mod table;
mod window;

use std::cell::Cell;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use answers::{House, Settings};
use window::Window;

fn main() -> ExitCode {
    let (settings, ports) = match arguments() {
        Ok(given) => given,
        Err(trouble) => {
            eprintln!("xano-bench-server: {trouble}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.and_then(|runtime| LocalSet::new().block_on(&runtime, serve(settings, ports)));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("xano-bench-server: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<(Settings, u16), lexopt::Error> {
    use lexopt::prelude::{Long, ValueExt as _};
    let mut settings = Settings {
        rows: 100_000,
        ..Settings::default()
    };
    let mut ports = 1;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rows") => settings.rows = parser.value()?.parse()?,
            Long("delay-ms") => settings.delay = Duration::from_millis(parser.value()?.parse()?),
            Long("rate") => {
                let text = parser.value()?.string()?;
                settings.window = Some(Window::parse(&text).ok_or("--rate takes REQUESTS/SECONDS, such as 10/20")?);
            }
            Long("ports") => ports = parser.value()?.parse()?,
            _ => return Err(argument.unexpected()),
        }
    }
    Ok((settings, ports))
}

async fn serve(settings: Settings, ports: u16) -> std::io::Result<()> {
    let house = Rc::new(House::new(settings));
    let mut numbers = Vec::new();
    for _ in 0..ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        numbers.push(listener.local_addr()?.port());
        tokio::task::spawn_local(accept(listener, Rc::clone(&house)));
    }
    println!("{numbers:?}");
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || ended.send(std::io::copy(&mut std::io::stdin(), &mut std::io::sink())));
    // An error means that the thread is gone, and nobody can tell us any more.
    let _ = end.await;
    Ok(())
}

async fn accept(listener: TcpListener, house: Rc<House>) {
    // An error of one accept (a client that left already) is none of the listener.
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            house.connections.fetch_add(1, Ordering::Relaxed);
            tokio::task::spawn_local(converse(stream, Rc::clone(&house)));
        }
    }
}

async fn converse(stream: TcpStream, house: Rc<House>) {
    // Without it the kernel would hold small answers back; a connection where it fails is none worth serving.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let fresh = Rc::new(Cell::new(true));
    let service = service_fn(move |request| {
        let (house, fresh) = (Rc::clone(&house), Rc::clone(&fresh));
        async move { Ok::<_, Infallible>(answer(&house, &fresh, request).await) }
    });
    // A client that hangs up is its own business.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(house: &House, fresh: &Cell<bool>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    if !house.delay.is_zero() {
        let trips = if fresh.replace(false) { 2 } else { 1 };
        tokio::time::sleep(house.delay * trips).await;
    }
    let authorized = head
        .headers
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    let query = head.uri.query().unwrap_or_default();
    let (status, body) = house.answer(&head.method, head.uri.path(), query, authorized, &body);
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
