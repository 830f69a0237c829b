//! Putting a page number into a request, in its query or in its JSON body, and reading it from there.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::body::Body;
use crate::error::Error;
use crate::operation::PagePlace;
use crate::request::{Request, Value};

/// The number that the request gives for `name` (`page` or `per_page`).
pub(super) fn get(request: &Request, place: PagePlace, name: &str) -> Option<u64> {
    match place {
        PagePlace::Query => request
            .query
            .iter()
            .find(|(key, _)| key == name)
            .and_then(|(_, value)| match value {
                Value::Int(number) => u64::try_from(*number).ok(),
                Value::String(text) | Value::Json(text) => text.parse().ok(),
                _ => None,
            }),
        PagePlace::Body => {
            let Body::Json(text) = &request.body else { return None };
            let fields: Fields = serde_json::from_slice(text).ok()?;
            fields
                .0
                .iter()
                .find(|(key, _)| key == name)
                .and_then(|(_, value)| value.get().parse().ok())
        }
    }
}

/// Sets the page that the request asks for; everything else in it stays, to the letter.
pub(super) fn set(request: &mut Request, place: PagePlace, page: u64) -> Result<(), Error> {
    match place {
        PagePlace::Query => {
            let value = Value::Int(i64::try_from(page).unwrap_or(i64::MAX));
            match request.query.iter_mut().find(|(key, _)| key == "page") {
                Some((_, known)) => *known = value,
                None => request.query.insert(0, (Cow::Borrowed("page"), value)),
            }
            Ok(())
        }
        PagePlace::Body => {
            let text: &[u8] = if let Body::Json(text) = &request.body {
                text
            } else {
                b"{}"
            };
            let fields: Fields = serde_json::from_slice(text)
                .map_err(|cause| Error::config(format!("The body is not a JSON object: {cause}.")))?;
            request.body = Body::Json(fields.with_page(page));
            Ok(())
        }
    }
}

/// The fields of an object with their values as text: numbers must not change by being read and written.
struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    fn with_page(&self, page: u64) -> Bytes {
        let mut text = format!("{{\"page\":{page}");
        for (name, value) in self.0.iter().filter(|(name, _)| name != "page") {
            text.push(',');
            text.push_str(&serde_json::Value::from(name.as_str()).to_string());
            text.push(':');
            text.push_str(value.get());
        }
        text.push('}');
        text.into()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request::raw("POST", "/search").expect("a method")
    }

    #[test]
    fn a_page_in_the_query_replaces_the_one_before() {
        let mut request = request().query_value("q", "x");
        assert_eq!(get(&request, PagePlace::Query, "page"), None);
        set(&mut request, PagePlace::Query, 2).unwrap();
        set(&mut request, PagePlace::Query, 3).unwrap();
        assert_eq!(get(&request, PagePlace::Query, "page"), Some(3));
        assert_eq!(request.query.len(), 2);
    }

    #[test]
    fn a_page_in_the_body_leaves_the_rest_to_the_letter() {
        let body =
            r#"{"search":{"price|>":1.10000000000000000001},"page":1,"per_page":25,"ü\"":[ 12345678901234567890123 ]}"#;
        let mut request = request().body(Body::Json(body.into()));
        assert_eq!(get(&request, PagePlace::Body, "per_page"), Some(25));
        set(&mut request, PagePlace::Body, 7).unwrap();
        let Body::Json(text) = &request.body else {
            panic!("JSON stays JSON")
        };
        let expected =
            r#"{"page":7,"search":{"price|>":1.10000000000000000001},"per_page":25,"ü\"":[ 12345678901234567890123 ]}"#;
        assert_eq!(std::str::from_utf8(text).unwrap(), expected);
        assert_eq!(get(&request, PagePlace::Body, "page"), Some(7));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        let mut request = request().body(Body::Json("[1]".into()));
        assert!(set(&mut request, PagePlace::Body, 1).is_err());
    }
}
