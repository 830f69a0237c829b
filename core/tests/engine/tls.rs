//! TLS: own authorities, strangers, and what is offered in the handshake.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use xano_metadata::{Client, ClientOptions, ErrorKind};

use crate::support::{TOKEN, answer, me};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// A server with the test certificate that speaks `protocols`; sends what was agreed on in each handshake.
async fn serve(protocols: &[&str]) -> (u16, mpsc::UnboundedReceiver<Option<Vec<u8>>>) {
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
    let acceptor = TlsAcceptor::from(Arc::new(config));
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

fn options(port: u16) -> ClientOptions {
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
