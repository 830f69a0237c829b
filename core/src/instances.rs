//! From an instance's name to its base URL, asked once per client and process.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::OnceCell;

use crate::base_url::BaseUrl;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::events::Event;
use crate::request::Request;

/// The instances whose base URL is known or being asked for.
#[derive(Debug, Default)]
pub(crate) struct Instances {
    by_name: Mutex<HashMap<Arc<str>, Cell>>,
}

/// An endpoint that is known once somebody has asked.
type Cell = Arc<OnceCell<Arc<Endpoint>>>;

type Resolving<'c> = Pin<Box<dyn Future<Output = Result<Arc<Endpoint>, Error>> + Send + 'c>>;

/// The part of an instance's description that matters here.
#[derive(Deserialize)]
struct Described {
    meta_api: Option<String>,
    #[serde(default)]
    rate_limit: Option<bool>,
}

impl Instances {
    pub(crate) fn known(&self, name: &str) -> Option<Arc<Endpoint>> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).and_then(|cell| cell.get()).cloned()
    }

    fn cell(&self, name: &Arc<str>) -> Cell {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(by_name.entry(Arc::clone(name)).or_default())
    }
}

/// The endpoint of the instance with this name. Callers that come together wait for one question; a failure is not kept.
///
/// Boxed because resolving is a call itself, and a future cannot contain itself.
pub(crate) fn resolve<'c>(client: &'c Client, name: &'c Arc<str>) -> Resolving<'c> {
    Box::pin(async move {
        let cell = client.inner.process().instances.cell(name);
        cell.get_or_try_init(|| ask(client, name)).await.map(Arc::clone)
    })
}

async fn ask(client: &Client, name: &Arc<str>) -> Result<Arc<Endpoint>, Error> {
    let request = Request::new("account.instances.get")?.path_value(&**name);
    let reply = client.account().call_ref(&request).await?;
    let described: Described = reply.json()?;
    let meta_api = described.meta_api.ok_or_else(|| {
        reply.decode_error(&format!(
            "The account API describes the instance {name:?} without a meta_api."
        ))
    })?;
    let endpoint = endpoint(client, &meta_api, described.rate_limit.unwrap_or(false))?;
    client.inner.events.emit(&Event::InstanceResolved {
        name: name.to_string(),
        base_url: endpoint.base.as_str().to_owned(),
    });
    Ok(endpoint)
}

/// The endpoint at a `meta_api` that the account API named.
pub(crate) fn endpoint(client: &Client, meta_api: &str, rate_limited: bool) -> Result<Arc<Endpoint>, Error> {
    let inner = &client.inner;
    // An account API off loopback has no business pointing at this machine: something else may be listening there.
    let base = BaseUrl::parse(
        meta_api,
        "The meta_api that the account API named",
        inner.options.allow_http,
    )?;
    if base.is_loopback() && !inner.account.base.is_loopback() && !inner.options.allow_http {
        return Err(Error::config(format!(
            "The account API names an instance on this machine ({}), which cannot be right. Give the instance's URL \
             yourself if it is.",
            base.as_str()
        )));
    }
    Ok(Arc::new(Endpoint::new(base, Arc::clone(&inner.key), rate_limited)))
}
