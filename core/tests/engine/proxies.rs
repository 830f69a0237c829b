//! Proxies that an option names: which requests are handed to them as they are, which go through them unseen, and what
//! they are told of who asks.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use xano_metadata::{Client, ClientOptions, ErrorKind};

use crate::support::{Mock, TOKEN, answer, me};
use crate::tls;

/// A proxy that speaks all protocols of proxies, and writes down what it is told.
struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(attend(stream, Arc::clone(&shared)));
            }
        });
        Self { port, seen }
    }

    /// What it was told so far.
    fn told(&self) -> String {
        self.seen.lock().expect("no panic").join("\n")
    }
}

async fn attend(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let note = |text: String| seen.lock().expect("no panic").push(text);
    let mut first = [0];
    stream.peek(&mut first).await.ok()?;
    match first[0] {
        4 => {
            let mut head = [0; 8];
            stream.read_exact(&mut head).await.ok()?;
            let mut user = Vec::new();
            while stream.read_u8().await.ok()? != 0 {
                user.push(0);
            }
            let mut name = Vec::new();
            // Socks 4a: an impossible address, and the name behind it.
            if head[4..7] == [0, 0, 0] {
                loop {
                    match stream.read_u8().await.ok()? {
                        0 => break,
                        byte => name.push(byte),
                    }
                }
            }
            let port = u16::from_be_bytes([head[2], head[3]]);
            note(format!("socks4 {:?} {:?}", &head[4..], String::from_utf8_lossy(&name)));
            stream.write_all(&[0, 90, 0, 0, 0, 0, 0, 0]).await.ok()?;
            pass(stream, port).await
        }
        5 => {
            let mut offer = [0; 2];
            stream.read_exact(&mut offer).await.ok()?;
            let mut methods = vec![0; usize::from(offer[1])];
            stream.read_exact(&mut methods).await.ok()?;
            if methods.contains(&2) {
                stream.write_all(&[5, 2]).await.ok()?;
                stream.read_u8().await.ok()?;
                let user = text(&mut stream).await?;
                let password = text(&mut stream).await?;
                note(format!("socks5 as {user}:{password}"));
                stream.write_all(&[1, 0]).await.ok()?;
            } else {
                stream.write_all(&[5, 0]).await.ok()?;
            }
            let mut head = [0; 4];
            stream.read_exact(&mut head).await.ok()?;
            let host = match head[3] {
                1 => {
                    let mut address = [0; 4];
                    stream.read_exact(&mut address).await.ok()?;
                    format!("{address:?}")
                }
                3 => text(&mut stream).await?,
                _ => {
                    let mut address = [0; 16];
                    stream.read_exact(&mut address).await.ok()?;
                    format!("{address:?}")
                }
            };
            let port = stream.read_u16().await.ok()?;
            note(format!("socks5 {host}"));
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
            pass(stream, port).await
        }
        _ => loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            let head = String::from_utf8(head).ok()?;
            note(head.clone());
            let line = head.lines().next()?.to_owned();
            if let Some(rest) = line.strip_prefix("CONNECT ") {
                let port = rest.split([':', ' ']).nth(1)?.parse().ok()?;
                stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.ok()?;
                return pass(stream, port).await;
            }
            stream.write_all(&answer(200, &[], b"{}")).await.ok()?;
        },
    }
}

/// A text with its length before it.
async fn text(stream: &mut TcpStream) -> Option<String> {
    let length = stream.read_u8().await.ok()?;
    let mut text = vec![0; usize::from(length)];
    stream.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}

async fn pass(mut stream: TcpStream, port: u16) -> Option<()> {
    let mut host = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    copy_bidirectional(&mut stream, &mut host).await.ok().map(|_| ())
}

fn plain(url: String, proxy: String) -> ClientOptions {
    ClientOptions {
        token: Some(TOKEN.into()),
        account_url: Some(url),
        ambient_credentials: false,
        allow_http: true,
        max_retries: 0,
        proxy: Some(proxy),
        no_proxy: Some(String::new()),
        ..ClientOptions::default()
    }
}

async fn call(options: ClientOptions) -> Result<(), xano_metadata::Error> {
    let client = Client::new(options)?;
    client.account().call(me()).await.map(|_| ())
}

#[tokio::test]
async fn a_plain_request_is_handed_over_with_the_proxys_own_password() {
    let proxy = Proxy::start().await;
    let url = "http://xano.example.test".to_owned();
    let way = format!("http://robin:hunter%402@127.0.0.1:{}", proxy.port);
    call(plain(url, way)).await.expect("the proxy answers");
    let told = proxy.told();
    assert!(
        told.starts_with("GET http://xano.example.test/api:meta/auth/me HTTP/1.1"),
        "{told}"
    );
    let pass = "proxy-authorization: Basic cm9iaW46aHVudGVyQDI=";
    assert!(told.contains(pass), "robin:hunter@2 in {told}");
}

#[tokio::test]
async fn a_proxy_without_a_scheme_speaks_http() {
    let proxy = Proxy::start().await;
    let url = "http://xano.example.test".to_owned();
    call(plain(url, format!("localhost:{}", proxy.port)))
        .await
        .expect("the proxy answers");
    assert!(proxy.told().starts_with("GET http://xano.example.test/"));
    assert!(!proxy.told().to_lowercase().contains("proxy-authorization"));
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_sees_no_token() {
    let proxy = Proxy::start().await;
    let (host, mut agreed) = tls::serve(&["http/1.1"]).await;
    let options = ClientOptions {
        ca_file: Some(tls::data("ca.pem")),
        proxy: Some(format!("http://robin:secret@127.0.0.1:{}", proxy.port)),
        no_proxy: Some(String::new()),
        ..tls::options(host)
    };
    call(options).await.expect("an answer through the tunnel");
    assert!(agreed.recv().await.is_some());
    let told = proxy.told();
    assert!(
        told.starts_with(&format!("CONNECT localhost:{host} HTTP/1.1")),
        "{told}"
    );
    assert!(told.contains("cm9iaW46c2VjcmV0"), "robin:secret: {told}");
    assert!(!told.contains(TOKEN) && !told.contains("/auth/me"), "{told}");
}

#[tokio::test]
async fn socks_names_the_host_or_its_address() {
    let mock = Mock::start([]).await;
    let url = format!("http://localhost:{}", mock.port);
    for (scheme, told) in [
        ("socks5", "socks5 [127, 0, 0, 1]"),
        ("socks5h", "socks5 localhost"),
        ("socks4", "socks4 [127, 0, 0, 1] \"\""),
        ("socks4a", "socks4 [0, 0, 0, 1] \"localhost\""),
    ] {
        let proxy = Proxy::start().await;
        let way = format!("{scheme}://127.0.0.1:{}", proxy.port);
        call(plain(url.clone(), way)).await.expect(scheme);
        let seen = proxy.told();
        let address = seen.replace("[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]", "[127, 0, 0, 1]");
        let address = if scheme == "socks4a" && address.starts_with("socks4 [0, 0, 0,") {
            // Which impossible address it is does not matter.
            format!("socks4 [0, 0, 0, 1] {}", address.rsplit(' ').next().unwrap_or_default())
        } else {
            address
        };
        assert_eq!(address, told, "{scheme}");
    }
    assert_eq!(mock.seen().len(), 4);
}

#[tokio::test]
async fn socks_can_ask_for_a_password_and_carry_tls() {
    let proxy = Proxy::start().await;
    let (host, mut agreed) = tls::serve(&["http/1.1"]).await;
    let options = ClientOptions {
        ca_file: Some(tls::data("ca.pem")),
        proxy: Some(format!("socks5h://robin:secret@127.0.0.1:{}", proxy.port)),
        no_proxy: Some(String::new()),
        ..tls::options(host)
    };
    call(options).await.expect("an answer through the proxy");
    assert!(agreed.recv().await.is_some());
    assert_eq!(proxy.told(), "socks5 as robin:secret\nsocks5 localhost");
}

#[tokio::test]
async fn hosts_without_a_proxy_are_asked_directly() {
    let proxy = Proxy::start().await;
    let mock = Mock::start([]).await;
    let options = ClientOptions {
        no_proxy: Some("127.0.0.1".to_owned()),
        ..plain(mock.url(), format!("http://127.0.0.1:{}", proxy.port))
    };
    call(options).await.expect("an answer");
    assert_eq!(mock.seen().len(), 1);
    assert_eq!(proxy.told(), "");
}

#[tokio::test]
async fn a_proxy_that_is_gone_is_no_doubt_about_a_request() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = gone.local_addr().expect("an address").port();
    drop(gone);
    for scheme in ["http", "socks5"] {
        let url = "http://xano.example.test".to_owned();
        let way = format!("{scheme}://robin:hunter2@127.0.0.1:{port}");
        let error = call(plain(url, way)).await.expect_err("nobody is there");
        assert_eq!(error.kind(), ErrorKind::Connection, "{error:?}");
        assert!(!error.outcome_unknown());
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[test]
fn what_is_no_proxy_is_refused_without_showing_it() {
    for text in [
        "",
        "http://",
        "ftp://robin:hunter2@127.0.0.1:1",
        "http://robin:hunter2@:1",
        "a b",
        "http://[::1",
    ] {
        let options = plain("http://127.0.0.1:1".to_owned(), text.to_owned());
        let error = Client::new(options).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}
