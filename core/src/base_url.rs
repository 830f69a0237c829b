//! The base URL of an API, checked once so that nothing later can carry the token elsewhere.
//!
//! People copy base URLs from many places, so both `https://HOST` and `https://HOST/api:meta/` are taken. What could
//! mislead is refused: plain `http` off loopback, user names, queries, fragments, and paths that are no API base.

use std::net::IpAddr;

use bytes::Bytes;
use http::Uri;
use http::uri::PathAndQuery;
use url::{Host, Url};

use crate::error::Error;

/// The last path segment of every base.
const SUFFIX: &str = "/api:meta";

/// Characters of a refused URL that an error shows.
const SHOWN: usize = 200;

/// A checked base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    /// With `/api:meta`, without a slash behind it.
    text: String,
    /// Scheme, host and port.
    origin: String,
    /// The whole base, read.
    url: Url,
    /// The same as requests are sent to.
    uri: Uri,
    host: String,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    /// Reads `text`; `what` says in errors where it came from.
    pub(crate) fn parse(text: &str, what: &str, allow_http: bool) -> Result<Self, Error> {
        let trimmed = text.trim();
        let refuse = |why: &str| Error::config(format!("{what} {:?} {why}", shown(trimmed)));
        if trimmed.is_empty() {
            return Err(Error::config(format!(
                "{what} is empty. Give a URL such as https://x1234.n7.xano.io."
            )));
        }
        let full = if trimmed.contains("://") {
            trimmed.to_owned()
        } else {
            format!("https://{trimmed}")
        };
        let url = Url::parse(&full).map_err(|cause| refuse(&format!("is not a URL: {cause}.")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(
                "has a user name or password in it. Leave them out; the token goes in a header.",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("has a query or fragment. Give the part before the `?` or `#`."));
        }
        let Some(host) = url.host() else {
            return Err(refuse("has no host. Give a URL such as https://x1234.n7.xano.io."));
        };
        let loopback = is_loopback(&host);
        let https = match url.scheme() {
            "https" => true,
            "http" if loopback || allow_http => false,
            "http" => {
                return Err(refuse(
                    "is plain http, so anyone on the way could read the token. Use https, or set allow_http if the \
                     network is yours.",
                ));
            }
            _ => return Err(refuse("is neither https nor http.")),
        };
        let path = url.path().trim_end_matches('/');
        let prefix = path.strip_suffix(SUFFIX).unwrap_or(path);
        if prefix.len() == path.len() && !path.is_empty() {
            return Err(refuse(
                "has a path that does not end in /api:meta. Give the host alone, or with /api:meta.",
            ));
        }
        let origin = url.origin().ascii_serialization();
        let path = format!("{prefix}{SUFFIX}");
        let host = host.to_string();
        let mut url = url;
        url.set_path(&path);
        let text = format!("{origin}{path}");
        let uri = Uri::try_from(&text).map_err(|cause| refuse(&format!("is not a URL: {cause}.")))?;
        Ok(Self {
            text,
            origin,
            url,
            uri,
            host,
            https,
            loopback,
        })
    }

    /// The base with `/api:meta` and no slash behind it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn is_https(&self) -> bool {
        self.https
    }

    pub(crate) const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Where a request for `path_and_query` below this base is sent.
    pub(crate) fn uri(&self, path_and_query: &str) -> Result<Uri, Error> {
        let text = format!("{}{path_and_query}", &self.text[self.origin.len()..]);
        if !is_plain(&text) {
            self.join(path_and_query)?;
        }
        let refuse = |cause: http::Error| Error::config(format!("The path {path_and_query:?} makes no URL: {cause}."));
        let path = PathAndQuery::from_maybe_shared(Bytes::from(text)).map_err(|cause| refuse(cause.into()))?;
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|cause| refuse(cause.into()))
    }

    /// The URL of `path_and_query` below this base. It is checked again after parsing, because what the URL standard
    /// does to a path (dot segments, backslashes) must never change where a request goes.
    pub(crate) fn join(&self, path_and_query: &str) -> Result<Url, Error> {
        let text = format!("{}{path_and_query}", self.text);
        // Most calls get through here: the host, which is dear to read, has been read before.
        let (path, query) = match text[self.origin.len()..].split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (&text[self.origin.len()..], None),
        };
        let mut url = self.url.clone();
        url.set_path(path);
        url.set_query(query);
        if url.as_str() == text {
            return Ok(url);
        }
        let url = Url::parse(&text)
            .map_err(|cause| Error::config(format!("The path {path_and_query:?} makes no URL: {cause}.")))?;
        if url.as_str() == text {
            Ok(url)
        } else {
            Err(Error::config(format!(
                "The path {path_and_query:?} would be read as another one by the server."
            )))
        }
    }
}

/// Whether a path and query mean the same to everybody who reads them: most do, and need no second look.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~!$&()*+,;=:@%?.".contains(&byte);
    text.bytes().all(plain)
        // No segment of dots, however they are written.
        && !text.contains("/.")
        && !text.contains("%2e")
        && !text.contains("%2E")
}

/// Whether the host is this machine.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => is_here(IpAddr::V4(*address)),
        Host::Ipv6(address) => is_here(IpAddr::V6(*address).to_canonical()),
    }
}

/// Connecting to the address that means "any" also leads to this machine.
const fn is_here(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

/// A URL for an error: what stands before an `@` may be a password, what follows a `?` a key.
/// It may come from a server, so only its start is told.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…@{}", &text[..scheme], &text[at + 1..]),
        (None, Some(at)) => format!("…@{}", &text[at + 1..]),
        _ => text.to_owned(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BaseUrl;

    fn parse(text: &str) -> Result<BaseUrl, crate::Error> {
        BaseUrl::parse(text, "the base URL", false)
    }

    #[test]
    fn both_forms_mean_the_same() {
        for text in [
            "https://x1.xano.io",
            "https://x1.xano.io/",
            "https://x1.xano.io/api:meta",
            "https://x1.xano.io/api:meta/",
            " HTTPS://X1.xano.io:443/api:meta// ",
            "x1.xano.io",
        ] {
            assert_eq!(parse(text).expect(text).as_str(), "https://x1.xano.io/api:meta");
        }
        assert_eq!(
            parse("https://gateway.corp/xano/api:meta").unwrap().as_str(),
            "https://gateway.corp/xano/api:meta"
        );
    }

    #[test]
    fn plain_http_stays_on_loopback() {
        for text in [
            "http://localhost:8080",
            "http://127.0.0.1:1",
            "http://[::1]:9/api:meta",
            "http://a.localhost",
            "http://localhost.",
            "http://0.0.0.0:8080",
            "http://[::]:1",
            "http://[::ffff:127.0.0.1]",
            "http://[::ffff:0.0.0.0]",
            "http://2130706433",
            "http://0x7f.1",
        ] {
            assert!(parse(text).expect(text).is_loopback());
        }
        for text in [
            "http://x1.xano.io",
            "http://10.0.0.1",
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://localhost..",
            "http://1.0.0.127",
        ] {
            assert!(parse(text).unwrap_err().to_string().contains("plain http"), "{text}");
        }
        assert!(BaseUrl::parse("http://10.0.0.1", "it", true).is_ok());
    }

    #[test]
    fn what_could_mislead_is_refused() {
        for text in [
            "",
            "https://",
            "https://user@x1.xano.io",
            "https://x1.xano.io?a=1",
            "https://x1.xano.io/#a",
            "https://x1.xano.io/workspace/1",
            "ftp://x1.xano.io",
            "https://x1.xano.io:99999",
            "https://exa mple.com",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_password_in_a_refused_url_is_not_shown() {
        let message = parse("https://me:hunter2@x1.xano.io?key=hunter2")
            .unwrap_err()
            .to_string();
        assert!(!message.contains("hunter2"), "{message}");
        let endless = parse(&"[".repeat(100_000)).unwrap_err().to_string();
        assert!(endless.len() < 400, "{} bytes", endless.len());
    }

    #[test]
    fn a_path_cannot_climb_out() {
        let base = parse("https://x1.xano.io").unwrap();
        assert!(base.join("/snippet/a%2Fb?page=1").is_ok());
        for path in ["/snippet/..", "/snippet/%2e%2e/x", "/a\\b", "/a b", "/./a"] {
            assert!(base.join(path).is_err(), "{path}");
        }
    }

    proptest! {
        #[test]
        fn reading_is_idempotent(host in "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,4}){1,2}", port in 1u16.., tail in "(/api:meta)?/{0,2}") {
            let once = parse(&format!("https://{host}:{port}{tail}")).expect("well-formed");
            prop_assert_eq!(&parse(once.as_str()).expect("its own form"), &once);
            prop_assert!(once.as_str().ends_with("/api:meta"));
        }

        #[test]
        fn what_is_joined_is_what_the_whole_text_means(rest in "(/|[a-z.%?#\\\\é {}:@&=+]|%2e|%2F){0,12}") {
            let base = parse("https://x1.xano.io:8443/xano/api:meta").expect("a base");
            let text = format!("{}/{rest}", base.as_str());
            let meant = url::Url::parse(&text).ok().filter(|url| url.as_str() == text);
            prop_assert_eq!(&base.join(&format!("/{rest}")).ok(), &meant);
            // Requests are sent nowhere else.
            let sent = base.uri(&format!("/{rest}")).ok().map(|uri| uri.to_string());
            prop_assert_eq!(sent, meant.map(|url| url.as_str().split('#').next().unwrap_or_default().to_owned()));
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
