//! When a token expires, as far as it tells.
//!
//! A token that is a JWT carries its expiry in the middle part. It is read without checking the signature: the server
//! decides; this is only for warning in time and for saying why a 401 came.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::events::{Event, Events};

/// How long before its end a token is warned about.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

const QUIET: u8 = 0;
const SOON: u8 = 1;
const OVER: u8 = 2;

/// The expiry of a token, and how much of it was told.
#[derive(Debug)]
pub(crate) struct Expiry {
    at: SystemTime,
    told: AtomicU8,
}

#[derive(Deserialize)]
struct Claims {
    exp: f64,
}

impl Expiry {
    /// The expiry written in `token`, if it is a JWT with one.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
        let text = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
        let claims: Claims = serde_json::from_slice(&text).ok()?;
        let at = UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(claims.exp).ok()?)?;
        // Dates beyond the year 9999 cannot be written, and mean "never".
        (claims.exp < 253_402_300_800.0).then_some(Self {
            at,
            told: AtomicU8::new(QUIET),
        })
    }

    pub(crate) const fn at(&self) -> SystemTime {
        self.at
    }

    /// The date for people.
    pub(crate) fn date(&self) -> String {
        httpdate::fmt_http_date(self.at)
    }

    pub(crate) fn is_over(&self, now: SystemTime) -> bool {
        self.at <= now
    }

    /// Warns once when the end is near, and once when it is there.
    pub(crate) fn tell(&self, events: &Events, now: SystemTime) {
        let left = self.at.duration_since(now).unwrap_or_default();
        let state = if left.is_zero() { OVER } else { SOON };
        if left < AHEAD && self.told.fetch_max(state, Ordering::Relaxed) < state {
            events.emit(&Event::TokenExpiring { at: self.date(), left });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::events::EventSink;

    fn token(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn an_expiry_is_read_where_there_is_one() {
        let expiry = Expiry::of(&token(r#"{"exp":784111777,"sub":"x"}"#)).expect("it has one");
        assert_eq!(expiry.date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert!(expiry.is_over(SystemTime::now()));
        for other in [
            "opaque",
            "a.b.c",
            "a.b",
            &token("{}"),
            &token(r#"{"exp":-1}"#),
            &token(r#"{"exp":1e300}"#),
        ] {
            assert!(Expiry::of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn it_is_told_once_a_day_ahead_and_once_at_the_end() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let events = Events::new(Some(EventSink::new(move |event| {
            sink.lock().unwrap().push(event.to_string());
        })));
        let expiry = Expiry::of(&token(r#"{"exp":1000000}"#)).expect("it has one");
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        for second in [1000, 1_000_000 - 86_401] {
            expiry.tell(&events, at(second));
        }
        assert!(told.lock().unwrap().is_empty());
        for second in [920_000, 930_000, 1_000_001, 1_000_002] {
            expiry.tell(&events, at(second));
        }
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(
            told[0].contains("expires on Mon, 12 Jan 1970") && told[1].contains("expired on"),
            "{told:?}"
        );
    }
}
