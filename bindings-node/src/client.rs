//! Clients, connections and pages, as thin objects over those of the core.

use std::sync::Arc;

use napi_derive::napi;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::sync::Mutex;
use xano_metadata::operation::AnswerKind;
use xano_metadata::{Client, Connection, Error, EventSink, Pages, Reply};

use crate::delivery::Payload;
use crate::download::NativeDownload;
use crate::guarded;
use crate::hub::Shared;
use crate::options;
use crate::records::NativeRecords;
use crate::request::{NativeBody, request};

/// A client of the core.
#[napi]
pub struct NativeClient {
    hub: Arc<Shared>,
    client: Client,
}

impl NativeClient {
    pub(crate) fn new(hub: Arc<Shared>, json: &str, runtime: &str, events: f64) -> Result<Self, Error> {
        let user_agent = format!("xano-metadata-node/{} ({runtime})", env!("CARGO_PKG_VERSION"));
        let sink = (events > 0.0).then(|| {
            let hub = Arc::clone(&hub);
            EventSink::new(move |event| hub.tell(events, event.to_json()))
        });
        let client = Client::new(options::client(json, user_agent, sink)?)?;
        Ok(Self { hub, client })
    }

    /// The same for the engine.
    pub(crate) const fn engine(&self) -> &Client {
        &self.client
    }

    /// Around one of the engine's.
    pub(crate) fn around(hub: &Arc<Shared>, client: Client) -> Self {
        Self {
            hub: Arc::clone(hub),
            client,
        }
    }

    fn over(&self, connection: Connection) -> NativeConnection {
        NativeConnection::around(&self.hub, connection)
    }
}

#[napi]
impl NativeClient {
    /// The account API.
    #[napi]
    pub fn account(&self) -> NativeConnection {
        self.over(self.client.account())
    }

    /// A named instance; where it lives is asked by its first call.
    #[napi]
    pub fn instance(&self, name: String) -> NativeConnection {
        self.over(self.client.instance(name))
    }

    /// An instance as the account API described it.
    #[napi]
    pub fn instance_info(&self, meta_api: String, rate_limited: bool) -> napi::Result<NativeConnection> {
        guarded(|| {
            self.client
                .instance_named_by_account(&meta_api, rate_limited)
                .map(|found| self.over(found))
        })
    }

    /// An instance at a URL that the user gave.
    #[napi]
    pub fn instance_at(&self, url: String, token: Option<String>) -> napi::Result<NativeConnection> {
        guarded(|| {
            self.client
                .instance_at(&url, token.map(Into::into))
                .map(|found| self.over(found))
        })
    }

    /// The instance that options, environment or profile name.
    #[napi]
    pub fn default_instance(&self) -> napi::Result<NativeConnection> {
        guarded(|| self.client.default_instance().map(|found| self.over(found)))
    }

    /// The counters as JSON.
    #[napi]
    pub fn stats(&self) -> String {
        self.client.stats().to_json()
    }

    /// Ends the client.
    #[napi]
    pub fn close(&self) {
        self.client.close();
    }
}

/// One API behind one base URL.
#[napi]
pub struct NativeConnection {
    hub: Arc<Shared>,
    connection: Connection,
}

impl NativeConnection {
    /// Around one of the engine's.
    pub(crate) fn around(hub: &Arc<Shared>, connection: Connection) -> Self {
        Self {
            hub: Arc::clone(hub),
            connection,
        }
    }

    /// The same for the engine.
    pub(crate) const fn engine(&self) -> &Connection {
        &self.connection
    }
}

#[napi]
impl NativeConnection {
    /// Makes a call. With `full` what is known about the body comes along, which is bytes unless it is JSON.
    #[napi]
    pub fn call(
        &self,
        call: f64,
        operation: String,
        parameters: Option<String>,
        body: Option<NativeBody>,
        full: bool,
    ) -> napi::Result<()> {
        guarded(|| {
            let request = request(&self.hub, &operation, parameters.as_deref(), body)?;
            let connection = self.connection.clone();
            self.hub.run(call, async move {
                let json = request.operation().map(|row| row.answer == AnswerKind::Json);
                let reply = connection.call(request).await?;
                let content_type = content_type(&reply);
                let json = json.unwrap_or_else(|| is_json(&content_type));
                if json {
                    // A look before V8 parses it: only here is everything known that belongs into the error.
                    reply.json::<IgnoredAny>()?;
                }
                let meta = full.then(|| json!({ "status": reply.status.as_u16(), "content_type": content_type }));
                let body = match (json, full) {
                    (true, _) => Payload::json(reply.body),
                    (false, true) => Payload::Bytes(reply.body),
                    (false, false) => Payload::Text(reply.body),
                };
                Ok((body, meta.map(|meta| meta.to_string())))
            });
            Ok(())
        })
    }

    /// A list, still to be walked.
    #[napi]
    pub fn pages(
        &self,
        operation: String,
        parameters: Option<String>,
        body: Option<NativeBody>,
    ) -> napi::Result<NativePages> {
        guarded(|| {
            let request = request(&self.hub, &operation, parameters.as_deref(), body)?;
            let pages = Arc::new(Mutex::new(self.connection.pages(request)));
            Ok(NativePages {
                hub: Arc::clone(&self.hub),
                pages,
            })
        })
    }

    /// Makes a call whose answer is read as it comes.
    #[napi]
    pub fn open(
        &self,
        call: f64,
        operation: String,
        parameters: Option<String>,
        body: Option<NativeBody>,
    ) -> napi::Result<NativeDownload> {
        guarded(|| {
            let request = request(&self.hub, &operation, parameters.as_deref(), body)?;
            let connection = self.connection.clone();
            Ok(NativeDownload::open(&self.hub, call, async move {
                connection.open(request).await
            }))
        })
    }

    /// The records of a table; see [`NativeRecords`].
    #[napi]
    pub fn records(&self, table: String, data_source: Option<String>) -> napi::Result<NativeRecords> {
        guarded(|| NativeRecords::new(&self.hub, &self.connection, &table, data_source))
    }

    /// Finds out the base URL.
    #[napi]
    pub fn resolve(&self, call: f64) {
        let connection = self.connection.clone();
        self.hub.run(call, async move {
            Ok((Payload::Text(connection.resolve().await?.into()), None))
        });
    }

    /// Fetches an address that an answer gave, without the token.
    #[napi]
    pub fn fetch(&self, call: f64, src: String) -> NativeDownload {
        let connection = self.connection.clone();
        NativeDownload::open(&self.hub, call, async move { connection.fetch(&src).await })
    }

    /// The base URL, where it is known.
    #[napi]
    pub fn base_url(&self) -> Option<String> {
        self.connection.base_url()
    }
}

fn content_type(reply: &Reply) -> String {
    let value = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_ascii_lowercase()
}

fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim_end();
    media.ends_with("/json") || media.ends_with("+json")
}

/// A list that is being walked.
#[napi]
pub struct NativePages {
    hub: Arc<Shared>,
    pages: Arc<Mutex<Pages>>,
}

#[napi]
impl NativePages {
    /// Delivers the items of the next page with what is known about it; without that at the end.
    #[napi]
    pub fn next(&self, call: f64) {
        let pages = Arc::clone(&self.pages);
        self.hub.run(call, async move {
            let Some(page) = pages.lock().await.next().await? else {
                return Ok((Payload::None, None));
            };
            let meta = json!({
                "page": page.page,
                "nextPage": page.next_page,
                "previousPage": page.previous_page,
                "perPage": page.per_page,
                "total": page.total,
                "totalPages": page.total_pages,
            });
            Ok((Payload::json(page.items), Some(meta.to_string())))
        });
    }
}
