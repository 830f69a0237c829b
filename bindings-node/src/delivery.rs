//! What goes back to JavaScript, as the array `[call, good, body, meta, marker]`.
#![expect(
    unsafe_code,
    reason = "napi's conversion trait is unsafe, and a Latin-1 string can only be made through its C API"
)]

use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, ToNapiValue, sys};
use napi::{Env, check_status};
use xano_metadata::Error;

use crate::big_ints;

/// V8 makes no string of more bytes than this (about 512 MB); longer bodies go as buffers.
const LONGEST_STRING: usize = 500_000_000;

/// One outcome or event.
pub struct Delivery {
    /// The call's number; for an event minus the listener's.
    pub(crate) call: f64,
    pub(crate) good: bool,
    pub(crate) body: Payload,
    /// What is known about it, as JSON text; for a failure the error.
    pub(crate) meta: Option<String>,
}

/// The body of an outcome.
pub enum Payload {
    None,
    /// Text that JavaScript parses: it becomes a string in one step, without a buffer between.
    Text(Bytes),
    /// JSON text whose big whole numbers are texts that begin with this marker.
    Marked(Bytes, String),
    Bytes(Bytes),
}

impl Payload {
    /// JSON text, whose whole numbers arrive as exactly what they are.
    pub(crate) fn json(text: Bytes) -> Self {
        match big_ints::mark(&text) {
            Some((rewritten, marker)) => Self::Marked(rewritten, marker),
            None => Self::Text(text),
        }
    }
}

impl Delivery {
    pub(crate) fn bad(call: f64, error: &Error) -> Self {
        Self {
            call,
            good: false,
            body: Payload::None,
            meta: Some(error.to_json()),
        }
    }
}

impl ToNapiValue for Delivery {
    unsafe fn to_napi_value(raw: sys::napi_env, delivery: Self) -> napi::Result<sys::napi_value> {
        let env = Env::from_raw(raw);
        let mut array = env.create_array(4)?;
        array.set(0, delivery.call)?;
        array.set(1, delivery.good)?;
        match &delivery.body {
            Payload::None => {}
            Payload::Text(bytes) | Payload::Marked(bytes, _) if bytes.len() > LONGEST_STRING => {
                array.set(2, BufferSlice::copy_from(&env, bytes)?)?;
            }
            Payload::Text(bytes) | Payload::Marked(bytes, _) if bytes.is_ascii() => array.set(2, Latin1(bytes))?,
            Payload::Text(bytes) | Payload::Marked(bytes, _) => match std::str::from_utf8(bytes) {
                Ok(text) => array.set(2, text)?,
                Err(_) => array.set(2, BufferSlice::copy_from(&env, bytes)?)?,
            },
            Payload::Bytes(bytes) => array.set(2, BufferSlice::copy_from(&env, bytes)?)?,
        }
        if let Some(meta) = &delivery.meta {
            array.set(3, meta.as_str())?;
        }
        if let Payload::Marked(_, marker) = &delivery.body {
            array.set(4, marker.as_str())?;
        }
        // SAFETY: the array was just made in this environment.
        unsafe { ToNapiValue::to_napi_value(raw, array) }
    }
}

/// ASCII text, which V8 copies without decoding when told that it is Latin-1.
struct Latin1<'b>(&'b [u8]);

impl ToNapiValue for Latin1<'_> {
    unsafe fn to_napi_value(raw: sys::napi_env, text: Self) -> napi::Result<sys::napi_value> {
        let mut value = std::ptr::null_mut();
        let length = isize::try_from(text.0.len()).map_err(|_| napi::Error::from_reason("the text is too long"))?;
        // SAFETY: pointer and length are those of a live slice; the environment is the one we were called in.
        check_status!(unsafe { sys::napi_create_string_latin1(raw, text.0.as_ptr().cast(), length, &raw mut value) })?;
        Ok(value)
    }
}
