//! Reading what a request brings: query, JSON, form and script bodies, each input by name.
//!
//! Most operations take the same fields as JSON or as multipart. In JSON types are taken at their
//! word; in a form everything arrives as text and is converted.

use std::cell::OnceCell;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, Uri};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::data::Fields;
use crate::error::ApiError;

/// The query string, decoded.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query of an address; an undecodable one counts as empty.
    pub fn read(uri: &Uri) -> Self {
        Self(
            axum::extract::Query::try_from_uri(uri)
                .map(|query| query.0)
                .unwrap_or_default(),
        )
    }

    /// Every parameter.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// True or false; missing is false.
    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        truth(name, self.text(name).unwrap_or_default())
    }

    /// A whole number of at least 1, such as a page.
    pub fn at_least_one(&self, name: &str, default: i64) -> Result<i64, ApiError> {
        let Some(text) = self.text(name).filter(|text| !text.is_empty()) else {
            return Ok(default);
        };
        text.parse().ok().filter(|number| *number >= 1).ok_or_else(|| {
            ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be a whole number from 1."),
            )
        })
    }
}

/// A file in a multipart body.
#[derive(Debug, Clone)]
pub struct FilePart {
    /// The form field.
    pub field: String,
    /// The name the sender gave.
    pub name: String,
    /// The sender's word for its type.
    pub mime: String,
    /// The content.
    pub bytes: Bytes,
}

fn not_a_truth(name: &str) -> ApiError {
    ApiError::input(
        name,
        format!("Invalid value for param: {name}. It must be true or false."),
    )
}

fn truth(name: &str, text: &str) -> Result<bool, ApiError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(not_a_truth(name)),
    }
}

/// The body, whatever its encoding.
///
/// A JSON body stays text until somebody asks for its fields, and is never asked when it holds
/// records: those are read by [`Input::raw`], which keeps every digit.
#[derive(Debug, Default)]
pub struct Input {
    json: String,
    fields: OnceCell<Map<String, Value>>,
    /// Forms carry only text, so numbers and booleans are read out of text there.
    from_form: bool,
    /// A raw XanoScript body.
    pub script: Option<String>,
    files: Vec<FilePart>,
}

impl Input {
    /// Reads a body according to its content type; one without a type is tried as JSON.
    pub async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Self, ApiError> {
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "multipart/form-data" => Self::multipart(kind, bytes).await,
            "application/x-www-form-urlencoded" => Ok(Self::urlencoded(&bytes)),
            "text/x-xanoscript" | "text/plain" => Ok(Self {
                script: Some(String::from_utf8_lossy(&bytes).into_owned()),
                ..Self::default()
            }),
            _ => Self::json(&bytes),
        }
    }

    fn json(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let broken =
            |error: &dyn std::fmt::Display| ApiError::bad_request(format!("The body is not valid JSON: {error}."));
        let json = std::str::from_utf8(bytes)
            .map_err(|error| broken(&error))?
            .trim()
            .to_owned();
        serde_json::from_str::<IgnoredAny>(&json).map_err(|error| broken(&error))?;
        // One operation documents its body as a JSON string that holds JSON.
        if let Ok(inner) = serde_json::from_str::<String>(&json)
            && inner.trim_start().starts_with('{')
        {
            return Self::json(inner.as_bytes());
        }
        if !json.starts_with('{') {
            return Err(ApiError::bad_request("The body must be a JSON object."));
        }
        Ok(Self {
            json,
            ..Self::default()
        })
    }

    /// A form's fields.
    fn form(fields: Map<String, Value>) -> Self {
        Self {
            fields: OnceCell::from(fields),
            from_form: true,
            ..Self::default()
        }
    }

    fn urlencoded(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let uri = format!("/?{text}").parse::<Uri>().unwrap_or_default();
        let fields = Query::read(&uri)
            .0
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)));
        Self::form(fields.collect())
    }

    async fn multipart(kind: &str, bytes: Bytes) -> Result<Self, ApiError> {
        let broken = |error: &dyn std::fmt::Display| {
            ApiError::bad_request(format!("The multipart body cannot be read: {error}."))
        };
        let mut request = Request::builder()
            .header(CONTENT_TYPE, kind)
            .body(Body::from(bytes))
            .map_err(|error| broken(&error))?;
        // The body is here already, so a limit (2 MB by default) would only refuse what people really upload.
        DefaultBodyLimit::disable().apply(&mut request);
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|error| broken(&error))?;
        let (mut fields, mut files) = (Map::new(), Vec::new());
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            let field = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(str::to_owned);
            let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
            let bytes = part.bytes().await.map_err(|error| broken(&error))?;
            if let Some(name) = file {
                files.push(FilePart {
                    field,
                    name,
                    mime,
                    bytes,
                });
                continue;
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            fields.insert(field, Value::String(text));
        }
        Ok(Self {
            files,
            ..Self::form(fields)
        })
    }

    /// A file that must be there.
    pub fn file(&self, field: &str) -> Result<&FilePart, ApiError> {
        self.files
            .iter()
            .find(|file| file.field == field)
            .ok_or_else(|| ApiError::input(field, format!("Missing param: {field} (a file in a multipart body)")))
    }

    /// A raw script that must be there.
    pub fn script(&self) -> Result<&str, ApiError> {
        self.script
            .as_deref()
            .ok_or_else(|| ApiError::bad_request("This operation takes XanoScript as text/x-xanoscript."))
    }

    /// Every field.
    pub fn fields(&self) -> &Map<String, Value> {
        self.fields.get_or_init(|| {
            let fields = Fields::parse(self.body()).unwrap_or_default().0;
            let read = |raw: &RawValue| {
                // A number that no double holds is shown to the checks as text, which they refuse.
                serde_json::from_str(raw.get()).unwrap_or_else(|_| Value::from(raw.get()))
            };
            fields.into_iter().map(|(name, raw)| (name, read(raw))).collect()
        })
    }

    /// The text of a body. JSON that is labelled as plain text, as browsers do, is JSON all the same.
    fn body(&self) -> &str {
        match &self.script {
            Some(text) => text.trim(),
            None => &self.json,
        }
    }

    /// The whole of a JSON body as it was sent, for records; a form as the JSON of its texts.
    pub fn text_of_record(&self) -> String {
        if self.from_form {
            Value::Object(self.fields().clone()).to_string()
        } else if self.body().is_empty() {
            "{}".to_owned()
        } else {
            self.body().to_owned()
        }
    }

    /// A field as JSON text, exactly as it was sent; a form carries JSON as text anyway.
    pub fn raw(&self, name: &str) -> Result<Option<&RawValue>, ApiError> {
        if !self.from_form {
            return Ok(Fields::parse(self.body()).ok().and_then(|fields| fields.get(name)));
        }
        let text = self.fields().get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
            .map(serde_json::from_str)
            .transpose()
            .map_err(|error| {
                ApiError::input(
                    name,
                    format!("Invalid value for param: {name}. It is not valid JSON: {error}."),
                )
            })
    }

    /// A field as it came; absent and null are different.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields().get(name)
    }

    /// Whether a field came with a value.
    pub fn has(&self, name: &str) -> bool {
        self.fields().get(name).is_some_and(|value| !value.is_null())
    }

    /// Text that may be missing or null.
    pub fn optional_text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        if self.has(name) {
            self.text(name).map(Some)
        } else {
            Ok(None)
        }
    }

    /// True or false that may be missing or null.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.fields().get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(Value::String(text)) if self.from_form => truth(name, text).map(Some),
            Some(_) => Err(not_a_truth(name)),
        }
    }

    /// A whole number from 1 that may be missing or null.
    pub fn at_least_one(&self, name: &str, default: i64) -> Result<i64, ApiError> {
        if !self.has(name) {
            return Ok(default);
        }
        self.count(name).ok().filter(|number| *number >= 1).ok_or_else(|| {
            ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be a whole number from 1."),
            )
        })
    }

    /// An object or a list; a form carries it as JSON text.
    pub fn structure(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let wrong = || {
            ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be an object or a list."),
            )
        };
        match self.fields().get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if self.from_form => serde_json::from_str(text).map(Some).map_err(|_| wrong()),
            Some(value @ (Value::Object(_) | Value::Array(_))) => Ok(Some(value.clone())),
            Some(_) => Err(wrong()),
        }
    }

    /// A list that must be there.
    pub fn list(&self, name: &str) -> Result<Vec<Value>, ApiError> {
        self.required(name)?;
        match self.structure(name)? {
            Some(Value::Array(list)) => Ok(list),
            _ => Err(ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be a list."),
            )),
        }
    }

    fn required(&self, name: &str) -> Result<&Value, ApiError> {
        match self.fields().get(name) {
            None | Some(Value::Null) => Err(ApiError::input(name, format!("Missing param: {name}"))),
            Some(value) => Ok(value),
        }
    }

    /// A whole number from 0.
    pub fn count(&self, name: &str) -> Result<i64, ApiError> {
        let value = self.required(name)?;
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if self.from_form => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| *number >= 0).ok_or_else(|| {
            ApiError::input(
                name,
                format!("Invalid value for param: {name}. It must be a whole number from 0."),
            )
        })
    }

    /// Any text, empty text included.
    pub fn text(&self, name: &str) -> Result<&str, ApiError> {
        self.required(name)?
            .as_str()
            .ok_or_else(|| ApiError::input(name, format!("Invalid value for param: {name}. It must be text.")))
    }

    /// One of a few words.
    pub fn choice(&self, name: &str, words: &[&str]) -> Result<&str, ApiError> {
        let text = self.text(name)?;
        if words.contains(&text) {
            return Ok(text);
        }
        let known = words.join(", ");
        Err(ApiError::input(
            name,
            format!("Invalid value for param: {name}. It must be one of: {known}."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: &'static str, body: &'static str) -> Result<Input, ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, http::HeaderValue::from_static(kind));
        Input::read(&headers, Bytes::from_static(body.as_bytes())).await
    }

    #[tokio::test]
    async fn json_is_taken_at_its_word() {
        let input = read("application/json; charset=utf-8", r#"{"n": 5, "t": "5", "null": null}"#)
            .await
            .expect("JSON");
        assert_eq!(input.count("n").expect("number"), 5);
        for (name, word) in [("t", "Invalid"), ("null", "Missing"), ("absent", "Missing")] {
            let error = input.count(name).expect_err(name);
            assert!(error.message.contains(word), "{name}: {}", error.message);
            assert_eq!(error.payload["param"], name);
        }
    }

    #[tokio::test]
    async fn forms_carry_numbers_as_text() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n5\r\n--b--\r\n";
        let input = read("multipart/form-data; boundary=b", body).await.expect("multipart");
        assert_eq!(input.count("n").expect("number"), 5);
        let input = read("application/x-www-form-urlencoded", "n=7&t=a%20b")
            .await
            .expect("form");
        assert_eq!(input.count("n").expect("number"), 7);
        assert_eq!(input.text("t").expect("text"), "a b");
    }

    #[tokio::test]
    async fn broken_bodies_are_bad_requests() {
        for (kind, body) in [
            ("application/json", "{"),
            ("application/json", "[1]"),
            ("multipart/form-data; boundary=b", "nonsense"),
            ("multipart/form-data", "no boundary"),
        ] {
            let error = read(kind, body).await.expect_err(body);
            assert_eq!(error.code, "ERROR_CODE_BAD_REQUEST", "{body}");
        }
    }

    #[test]
    fn a_page_is_a_whole_number_from_one() {
        let query = |text: &str| Query::read(&format!("/x?{text}").parse().expect("address"));
        assert_eq!(query("page=3").at_least_one("page", 1).expect("three"), 3);
        assert_eq!(query("").at_least_one("page", 1).expect("default"), 1);
        for bad in ["page=0", "page=-1", "page=x", "page=1.5"] {
            assert!(query(bad).at_least_one("page", 1).is_err(), "{bad}");
        }
    }
}
