//! TLS: own authorities, strangers, and what is offered in the handshake.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use xano_metadata::{Client, ClientOptions, Error, ErrorKind, Reply, Request};

use crate::support::{TOKEN, answer, me};

pub fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The test certificate, for a server that speaks `protocols`.
fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let certificates = CertificateDer::pem_file_iter(data("server.pem")).expect("a file");
    let certificates = certificates.collect::<Result<Vec<_>, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(data("server.key")).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .expect("a server");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A server with the test certificate that speaks `protocols`; sends what was agreed on in each handshake.
pub async fn serve(protocols: &[&str]) -> (u16, mpsc::UnboundedReceiver<Option<Vec<u8>>>) {
    let acceptor = acceptor(protocols);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (agreed, seen) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = agreed.send(stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec));
            let mut buffer = vec![0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|length| length > 0) {
                if stream.write_all(&answer(200, &[], b"{}")).await.is_err() {
                    break;
                }
            }
        }
    });
    (port, seen)
}

pub fn options(port: u16) -> ClientOptions {
    ClientOptions {
        token: Some(TOKEN.into()),
        account_url: Some(format!("https://localhost:{port}")),
        ambient_credentials: false,
        max_retries: 0,
        ..ClientOptions::default()
    }
}

#[tokio::test]
async fn a_given_authority_is_trusted() {
    let (port, mut agreed) = serve(&["http/1.1"]).await;
    let options = ClientOptions {
        ca_file: Some(data("ca.pem")),
        ..options(port)
    };
    let client = Client::new(options).expect("a client");
    client.account().call(me()).await.expect("an answer over TLS");
    assert_eq!(agreed.recv().await, Some(Some(b"http/1.1".to_vec())));
}

#[tokio::test]
async fn http_2_is_preferred_where_it_is_spoken() {
    let (port, mut agreed) = serve(&["h2", "http/1.1"]).await;
    let options = ClientOptions {
        ca_file: Some(data("ca.pem")),
        ..options(port)
    };
    let error = Client::new(options)
        .expect("a client")
        .account()
        .call(me())
        .await
        .expect_err("it does not really speak it");
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert_eq!(agreed.recv().await, Some(Some(b"h2".to_vec())));
}

/// Answers each request of HTTP/2 by `act`, which is told how many came before; sends the paths.
async fn serve_h2(
    act: impl Fn(usize, &mut h2::server::SendResponse<Bytes>) + Send + 'static,
) -> (u16, mpsc::UnboundedReceiver<String>) {
    let acceptor = acceptor(&["h2"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (paths, seen) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut count = 0;
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.expect("a handshake");
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let _ = paths.send(request.uri().path().to_owned());
                act(count, &mut respond);
                count += 1;
            }
        }
    });
    (port, seen)
}

fn ok(respond: &mut h2::server::SendResponse<Bytes>) {
    let mut body = respond
        .send_response(http::Response::new(()), false)
        .expect("headers are sent");
    body.send_data(Bytes::from_static(b"{}"), true).expect("a body is sent");
}

#[tokio::test]
async fn http_2_is_spoken() {
    let (port, mut paths) = serve_h2(|_, respond| ok(respond)).await;
    let options = ClientOptions {
        ca_file: Some(data("ca.pem")),
        ..options(port)
    };
    let client = Client::new(options).expect("a client");
    for _ in 0..2 {
        let reply = client.account().call(me()).await.expect("an answer by HTTP/2");
        assert_eq!(reply.body, "{}");
        assert_eq!(paths.recv().await.as_deref(), Some("/api:meta/auth/me"));
    }
    assert_eq!(client.stats().connections, 1);
}

/// Makes a call that writes, and may be made twice.
async fn write(port: u16) -> Result<Reply, Error> {
    let options = ClientOptions {
        ca_file: Some(data("ca.pem")),
        max_retries: 1,
        ..options(port)
    };
    let instance = Client::new(options)?.instance_at(&format!("https://localhost:{port}"), None)?;
    instance.call(Request::raw("POST", "/workspace/1/table")?).await
}

#[tokio::test]
async fn a_stream_that_was_refused_is_sent_again_even_if_it_writes() {
    let (port, mut paths) = serve_h2(|count, respond| {
        if count == 0 {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
        } else {
            ok(respond);
        }
    })
    .await;
    let reply = write(port).await.expect("the second attempt");
    assert_eq!(reply.attempts, 2);
    assert!(paths.recv().await.is_some() && paths.recv().await.is_some());
}

#[tokio::test]
async fn a_stream_that_broke_off_is_not_sent_again_if_it_writes() {
    let (port, _paths) = serve_h2(|_, respond| respond.send_reset(h2::Reason::INTERNAL_ERROR)).await;
    let error = write(port).await.expect_err("it may have been done");
    assert!(error.outcome_unknown(), "{error:?}");
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_stranger_is_not_trusted() {
    let (port, _agreed) = serve(&["http/1.1"]).await;
    let error = Client::new(options(port))
        .expect("a client")
        .account()
        .call(me())
        .await
        .expect_err("a stranger");
    assert!(
        matches!(error.kind(), ErrorKind::Connection | ErrorKind::Config),
        "{error:?}"
    );
    assert!(!error.outcome_unknown(), "nothing was sent");
}

#[test]
fn a_file_without_certificates_is_refused() {
    let options = ClientOptions {
        ca_file: Some(data("README.md")),
        ..options(1)
    };
    let error = Client::new(options).expect_err("no certificate");
    assert!(error.to_string().contains("holds no certificate"), "{error}");
}
