//! Doors to the decoders, for the fuzz targets: no part of the API, and only there when the feature `fuzzing` is on.
//!
//! A door does nothing but open. What must hold behind it is said by the targets, which live in `fuzz/`.
#![allow(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "nobody but fuzz/ comes in here, and what is behind a door is documented there"
)]

use std::ops::Range;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::value::RawValue;

use crate::base_url::BaseUrl;
use crate::client::Client;
use crate::error::{Error, ErrorAnswer};
use crate::jwt::Expiry;
use crate::options::ClientOptions;
use crate::paging::scan::{self, NextPage};
use crate::prepare::Prepared;
use crate::records::{Search, expression};
use crate::request::{Origin, Reply, Request};
use crate::token::Token;

pub use crate::records::fuzzing as records;

/// The token that the answers of [`reply`] and [`refusal`] must not show.
pub const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.fuzz.secret";

/// `Retry-After` as it came.
pub fn retry_after(text: &[u8], now: SystemTime) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_bytes(text).ok()?);
    crate::retry_after::read(&headers, now)
}

/// The date on which a token ends, and whether that has passed.
pub fn expiry(token: &str) -> Option<(String, bool)> {
    let expiry = Expiry::of(token)?;
    Some((expiry.date(), expiry.is_over(SystemTime::now())))
}

/// The `Authorization` header of a token.
pub fn authorization(token: &str) -> Result<HeaderValue, Error> {
    Token::from(token).header()
}

/// A base URL.
#[derive(Debug, PartialEq, Eq)]
pub struct Base(BaseUrl);

impl Base {
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, Error> {
        BaseUrl::parse(text, "The base", allow_http).map(Self)
    }

    pub fn text(&self) -> &str {
        self.0.as_str()
    }

    pub fn is_loopback(&self) -> bool {
        self.0.is_loopback()
    }

    pub fn join(&self, path_and_query: &str) -> Result<String, Error> {
        self.0.join(path_and_query).map(String::from)
    }
}

/// What of a request goes into the URL and the headers.
pub fn outgoing(request: &Request) -> Result<(String, HeaderMap), Error> {
    Prepared::of(request).map(|prepared| (prepared.path_and_query, prepared.headers))
}

/// An answer that is no success, as an error that went all its way.
pub fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let retry_after = crate::retry_after::read(headers, SystemTime::now());
    Error::answered(ErrorAnswer::read(status, headers, body, retry_after)).scrubbed(&Token::from(TOKEN))
}

/// A profile of a credentials file: whether it has a token, and its two origins.
pub fn profile(text: &str, named: Option<&str>) -> Result<(bool, Option<String>, Option<String>), Error> {
    crate::credentials::profile_for_fuzzing(text, named)
}

/// A page: where its items are, how many, and the numbers it tells.
#[derive(Debug)]
pub struct PageShape {
    pub items: Range<usize>,
    pub count: usize,
    pub each: Vec<Range<usize>>,
    pub next: Option<u64>,
}

pub fn page(text: &[u8]) -> Result<PageShape, String> {
    let mut each = Vec::new();
    let found = scan::scan_items(text, |item| each.push(item))?;
    Ok(PageShape {
        items: found.items,
        count: found.count,
        each,
        next: match found.next_page {
            NextPage::Number(number) => Some(number),
            NextPage::None | NextPage::Unsaid => None,
        },
    })
}

/// The text of a field of an object.
pub fn field<'t>(object: &'t [u8], name: &str) -> Option<&'t [u8]> {
    scan::field(object, name)
}

/// A search as somebody gave it, with another condition behind it where it can have one.
pub fn search(text: &RawValue, and: &Search) -> Result<Option<Box<RawValue>>, Error> {
    let expression = expression(text)?;
    if expression.can_be_narrowed() {
        expression.and_also(and).map(Some)
    } else {
        Ok(None)
    }
}

/// An answer with this body.
pub fn reply(body: Bytes) -> Reply {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        let options = ClientOptions {
            token: Some(TOKEN.into()),
            account_url: Some("https://fuzz.example".to_owned()),
            ambient_credentials: false,
            ..ClientOptions::default()
        };
        match Client::new(options) {
            Ok(client) => client,
            Err(error) => panic!("a client of constants cannot be made: {error}"),
        }
    });
    Reply {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body,
        attempts: 1,
        request_id: None,
        round_trip: 0,
        origin: Origin {
            endpoint: client.inner.account.clone(),
            operation: None,
            name: "fuzz".into(),
            writes: false,
        },
    }
}
