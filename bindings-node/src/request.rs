//! Requests from JavaScript: parameters as JSON text, the body as it is.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use serde::Deserialize;
use serde_json::Value as Json;
use xano_metadata::{Body, Error, Part, PartContent, Request, Value};

use crate::hub::Shared;
use crate::options::{Call, read};

/// The body of a request: at most one of the fields is set, `bytes` together with `content_type`.
#[napi(object, object_to_js = false)]
pub struct NativeBody {
    /// JSON text.
    pub json: Option<String>,
    /// A script, sent raw.
    pub script: Option<String>,
    /// The fields of a form.
    pub form: Option<Vec<NativePart>>,
    /// Anything else.
    pub bytes: Option<Buffer>,
    /// What `bytes` are.
    pub content_type: Option<String>,
}

/// A field of a form: one of `text`, `data` and `path` is set.
#[napi(object, object_to_js = false)]
pub struct NativePart {
    /// The field's name.
    pub name: String,
    /// The file name the server is told.
    pub file_name: Option<String>,
    /// The media type.
    pub content_type: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// A file from memory.
    pub data: Option<Buffer>,
    /// A file from disk.
    pub path: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Parameters {
    path: Vec<Json>,
    query: Vec<(String, Json)>,
    headers: Vec<(String, Json)>,
    options: Call,
    raw: Option<(String, String)>,
}

/// The core's request; `operation` is empty for a path that the table does not know.
pub(crate) fn request(
    hub: &Arc<Shared>,
    operation: &str,
    parameters: Option<&str>,
    body: Option<NativeBody>,
) -> Result<Request, Error> {
    let given: Parameters = parameters.map(read).transpose()?.unwrap_or_default();
    let mut request = match given.raw {
        Some((method, path)) => Request::raw(&method, path)?,
        None => Request::new(operation)?,
    };
    request.path = given.path.into_iter().map(value).collect::<Result<_, _>>()?;
    request.query = named(given.query)?;
    request.headers = named(given.headers)?;
    request.options = given.options.into_core(hub);
    request.body = body.map_or(Ok(Body::Empty), into_body)?;
    Ok(request)
}

fn named(fields: Vec<(String, Json)>) -> Result<Vec<(Cow<'static, str>, Value)>, Error> {
    fields
        .into_iter()
        .map(|(name, json)| Ok((Cow::Owned(name), value(json)?)))
        .collect()
}

/// A parameter: a scalar, or `{"json": text}` for anything else.
pub(crate) fn value(json: Json) -> Result<Value, Error> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::String(text) => Value::String(text),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(any)) => Value::Float(any),
            (None, None) => {
                return Err(Error::config(format!(
                    "The number {number} is too large for a parameter."
                )));
            }
        },
        Json::Object(mut fields) => match fields.remove("json") {
            Some(Json::String(text)) => Value::Json(text),
            _ => return Err(Error::internal("A parameter did not arrive as JSON.")),
        },
        Json::Array(_) => return Err(Error::internal("A parameter arrived as an array.")),
    })
}

fn into_body(body: NativeBody) -> Result<Body, Error> {
    Ok(match body {
        NativeBody { json: Some(text), .. } => Body::Json(Bytes::from(text)),
        NativeBody { script: Some(text), .. } => Body::Script(text),
        NativeBody { form: Some(parts), .. } => {
            Body::Multipart(parts.into_iter().map(into_part).collect::<Result<_, _>>()?)
        }
        NativeBody {
            bytes: Some(bytes),
            content_type,
            ..
        } => Body::Bytes {
            content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            bytes: Bytes::copy_from_slice(&bytes),
        },
        _ => Body::Empty,
    })
}

fn into_part(part: NativePart) -> Result<Part, Error> {
    let content = match part {
        NativePart { text: Some(text), .. } => return Ok(Part::text(part.name, text)),
        NativePart { data: Some(data), .. } => PartContent::Bytes(Bytes::copy_from_slice(&data)),
        NativePart { path: Some(path), .. } => PartContent::File(path.into()),
        _ => return Err(Error::internal("A field of a form arrived without content.")),
    };
    Ok(Part {
        name: part.name,
        file_name: part.file_name,
        content_type: part.content_type,
        content,
    })
}
