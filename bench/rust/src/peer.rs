//! The other side: reqwest as its documentation shows it, with one client for all calls.

use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;

use crate::Outcome;

/// The fields somebody would write down who needs these.
#[derive(Deserialize)]
struct Me {
    #[expect(dead_code, reason = "read because a user would read it")]
    id: i64,
    name: String,
    #[expect(dead_code, reason = "read because a user would read it")]
    email: String,
    #[expect(dead_code, reason = "read because a user would read it")]
    extras: serde_json::Value,
}

pub fn client() -> Result<reqwest::Client, Box<dyn std::error::Error + Send + Sync>> {
    // Fails only where another provider is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer bench"))]);
    let client = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent("bench/1")
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .timeout(Duration::from_secs(60))
        .build()?;
    Ok(client)
}

pub async fn calls(client: &reqwest::Client, url: &str, calls: usize, at_once: usize) -> Outcome {
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let client = client.clone();
        let url = format!("{url}/auth/me");
        tasks.push(tokio::spawn(async move {
            for _ in 0..calls / at_once {
                let response = client.get(&url).send().await?.error_for_status()?;
                let me: Me = serde_json::from_slice(&response.bytes().await?)?;
                assert_eq!(me.name, "Robin Example");
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}
