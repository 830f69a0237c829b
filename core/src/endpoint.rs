//! One base URL with the token that may be sent there, and nothing else.
//!
//! Every request goes through an endpoint, and an endpoint never changes: that is what keeps a token from reaching a host
//! that nobody named.

use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderValue;

use crate::base_url::BaseUrl;
use crate::error::Error;
use crate::events::{Event, Events};
use crate::jwt::Expiry;
use crate::limiter::{self, Limiter};
use crate::options::{RateLimit, RateLimiting};
use crate::process::PerProcess;
use crate::token::Token;

/// Where calls go, and with which token.
pub(crate) struct Endpoint {
    pub(crate) base: BaseUrl,
    pub(crate) key: Arc<Key>,
    /// Whether the account API said that this instance is limited.
    rate_limited: bool,
    limiter: PerProcess<Arc<Limiter>>,
}

/// A token made ready for use.
pub(crate) struct Key {
    pub(crate) token: Token,
    pub(crate) header: HeaderValue,
    expiry: Option<Expiry>,
}

impl Key {
    pub(crate) fn new(token: Token) -> Result<Self, Error> {
        let header = token.header()?;
        let expiry = Expiry::of(token.text());
        Ok(Self { token, header, expiry })
    }

    /// Warns when the token is about to expire.
    pub(crate) fn mind_expiry(&self, events: &Events) {
        if let Some(expiry) = &self.expiry {
            expiry.tell(events, SystemTime::now());
        }
    }

    /// When the token expires, as far as it tells.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        self.expiry.as_ref().map(Expiry::at)
    }

    /// The date on which the token expired, if it did.
    pub(crate) fn expired_on(&self) -> Option<String> {
        self.expiry
            .as_ref()
            .filter(|expiry| expiry.is_over(SystemTime::now()))
            .map(Expiry::date)
    }
}

impl Endpoint {
    pub(crate) fn new(base: BaseUrl, key: Arc<Key>, rate_limited: bool) -> Self {
        Self {
            base,
            key,
            rate_limited,
            limiter: PerProcess::new(),
        }
    }

    /// The limiter of this origin, told once what is known about its limit.
    pub(crate) fn limiter(&self, limiting: RateLimiting, events: &Events) -> &Arc<Limiter> {
        self.limiter.get_or_init(|| {
            let limiter = limiter::of_origin(self.base.origin());
            match limiting {
                RateLimiting::Fixed(limit) => limiter.fix(limit),
                RateLimiting::Auto if self.rate_limited && limiter.suggest(RateLimit::FREE_PLAN) => {
                    events.emit(&Event::LimitLearned {
                        host: self.base.host().to_owned(),
                        requests: RateLimit::FREE_PLAN.requests,
                        per: RateLimit::FREE_PLAN.per,
                        how: "instance",
                    });
                }
                RateLimiting::Auto | RateLimiting::Off => {}
            }
            limiter
        })
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}
