//! The port with TLS: handshakes that fail, and then the same connection as without.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

use super::{State, connection};
use crate::kinds::Handshake;
use crate::play::Wire;

const CERTIFICATE: &[u8] = include_bytes!("../../../../core/tests/data/server.pem");
const KEY: &[u8] = include_bytes!("../../../../core/tests/data/server.key");

impl Wire for TlsStream<TcpStream> {
    fn tear(&self) {
        self.get_ref().0.tear();
    }
}

pub(super) async fn accept(listener: TcpListener, state: Arc<State>) {
    let acceptor = acceptor();
    while let Ok((stream, _)) = listener.accept().await {
        let (state, acceptor) = (Arc::clone(&state), acceptor.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            match state.handshake() {
                Some(how) => fail(stream, how).await,
                None => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection::serve(stream, &state).await;
                    }
                }
            }
        });
    }
}

fn acceptor() -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(CERTIFICATE)
        .collect::<Result<Vec<_>, _>>()
        .expect("the certificate of this repository");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("the key of this repository");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring knows them")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they fit together");
    TlsAcceptor::from(Arc::new(config))
}

async fn fail(mut stream: TcpStream, how: Handshake) {
    // The hello of the client comes first.
    let _ = stream.read(&mut [0; 64]).await;
    match how {
        Handshake::Reset => stream.tear(),
        Handshake::Plain => {
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                .await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Handshake::Garbage => {
            let _ = stream.write_all(&[0x16, 0x03, 0x03, 0xff, 0xff, 0, 1, 2, 3]).await;
        }
        Handshake::Silence => while stream.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0) {},
    }
}
