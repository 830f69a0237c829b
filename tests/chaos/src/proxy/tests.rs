//! That the proxy does what it says, seen by a client that reads bytes.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::Lane;
use crate::classes::Class;
use crate::kinds::{Blow, End, Instead, Kind, RetryAfter, Spoil, Strike};
use crate::plan::{Case, LanePlan};

const BODY: &str = r#"{"answer":"forty-two"}"#;

/// A server that answers everything, and says how often it was asked.
async fn upstream() -> (std::net::SocketAddr, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = std::sync::Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap_or(0);
            // A head and no body, or one that came with it whole.
            if request[..length].windows(4).any(|window| window == b"\r\n\r\n") {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (address, asked)
}

async fn lane(strike: Strike, times: u32) -> (Lane, std::sync::Arc<std::sync::atomic::AtomicU64>) {
    let kind = Kind {
        name: "any",
        client: "plain",
    };
    let blow = Blow { strike, skip: 0, times };
    let case = Case {
        index: 0,
        kind,
        blow,
        epoch: 0,
    };
    let plan = LanePlan {
        class: Class::Read,
        cases: vec![case],
    };
    let (upstream, asked) = upstream().await;
    let lane = Lane::open(plan, upstream, "http://127.0.0.1:9/elsewhere".to_owned())
        .await
        .expect("a lane");
    lane.state.begin(0);
    (lane, asked)
}

/// Everything that comes for one request, and whether it ended in an error.
async fn ask(lane: &Lane) -> (String, bool) {
    let mut stream = TcpStream::connect(lane.plain).await.expect("a connection");
    let request = b"GET /x HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody";
    let sent = stream.write_all(request).await;
    let mut text = Vec::new();
    let patience = std::time::Duration::from_millis(300);
    let broken = loop {
        let mut piece = [0; 4096];
        match tokio::time::timeout(patience, stream.read(&mut piece)).await {
            Ok(Ok(0)) | Err(_) => break sent.is_err(),
            Ok(Ok(length)) => text.extend_from_slice(&piece[..length]),
            Ok(Err(_)) => break true,
        }
    };
    (String::from_utf8_lossy(&text).into_owned(), broken)
}

#[tokio::test]
async fn answers_are_spoilt_as_told_and_then_left_alone() {
    type Looks = fn(&str) -> bool;
    let whole = |text: &str| text.ends_with(BODY);
    let rows: [(Spoil, Looks); 8] = [
        (Spoil::Head(0.5, End::Close), |text| !text.contains("\r\n\r\n")),
        (Spoil::Body(0.5, End::Close), |text| {
            text.ends_with(&BODY[..BODY.len() / 2])
        }),
        (Spoil::Twice, |text| text.matches(BODY).count() == 2),
        (Spoil::Length(-3, End::Close), |text| {
            text.contains("content-length: 19\r\n")
        }),
        (Spoil::Length(7, End::Close), |text| {
            text.contains("content-length: 29\r\n")
        }),
        (Spoil::BadLength("abc"), |text| text.contains("content-length: abc\r\n")),
        (Spoil::CutChunks(0.5), |text| {
            text.contains("chunked") && !text.contains("\r\n0\r\n")
        }),
        (Spoil::EarlyHints, |text| {
            text.starts_with("HTTP/1.1 103 ") && text.ends_with(BODY)
        }),
    ];
    for (spoil, holds) in rows {
        let (lane, _) = lane(Strike::Spoil(spoil.clone()), 1).await;
        let (text, _) = ask(&lane).await;
        assert!(holds(&text), "{spoil:?}: {text}");
        let (text, broken) = ask(&lane).await;
        assert!(whole(&text) && !broken, "it strikes once: {text}");
        assert_eq!((lane.seen(0).struck, lane.requests()), (1, 2));
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_the_server_is_asked_only_when_told() {
    for (apply, reached) in [(false, 0), (true, 1)] {
        let strike = Strike::NoAnswer {
            apply,
            end: Some(End::Reset),
        };
        let (lane, asked) = lane(strike, 1).await;
        let (text, broken) = ask(&lane).await;
        assert!(text.is_empty() && broken, "{text}");
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), reached);
    }
}

#[tokio::test]
async fn other_answers_are_given_without_the_server() {
    let rows = [
        (Instead::Html(502), "text/html"),
        (Instead::Later(429, RetryAfter::Text("-1")), "retry-after: -1\r\n"),
        (Instead::Later(429, RetryAfter::Date(-3600)), "GMT\r\n"),
        (Instead::Redirect(307), "location: http://127.0.0.1:9/elsewhere\r\n"),
    ];
    for (answer, holds) in rows {
        let (lane, asked) = lane(Strike::Instead { apply: false, answer }, 2).await;
        for _ in 0..2 {
            let (text, _) = ask(&lane).await;
            assert!(text.contains(holds), "{text}");
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 0);
        assert!(ask(&lane).await.0.ends_with(BODY));
    }
}

#[tokio::test]
async fn a_request_that_comes_again_after_doubt_is_told() {
    let seen = |requests: &[(&str, bool)]| super::Seen {
        requests: requests
            .iter()
            .map(|(name, uncertain)| ((*name).to_owned(), *uncertain))
            .collect(),
        ..super::Seen::default()
    };
    assert!(seen(&[("POST /x", true), ("POST /x", false)]).resent());
    assert!(!seen(&[("POST /x", false), ("POST /x", true)]).resent());
    assert!(!seen(&[("POST /x", true), ("GET /x", false)]).resent());
}
