//! What goes back to JavaScript: the fields `call, good, body, meta, marker` of each outcome, one after the other, as the
//! arguments of one call of a function. Making arrays of them would cost more than everything else here.
#![expect(
    unsafe_code,
    reason = "napi's conversion trait is unsafe, and a Latin-1 string can only be made through its C API"
)]

use bytes::Bytes;
use napi::bindgen_prelude::{BufferSlice, JsValuesTupleIntoVec, ToNapiValue, sys};
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

/// The fields of one delivery among the arguments.
const FIELDS: usize = 5;

/// What one wake of the event loop carries.
pub struct Batch(pub(crate) Vec<Delivery>);

impl JsValuesTupleIntoVec for Batch {
    fn into_vec(self, raw: sys::napi_env) -> napi::Result<Vec<sys::napi_value>> {
        let mut arguments = Vec::with_capacity(self.0.len() * FIELDS);
        for delivery in self.0 {
            // SAFETY: napi calls this on the thread of the environment, inside of a scope for handles.
            unsafe { delivery.into_arguments(raw, &mut arguments) }?;
        }
        Ok(arguments)
    }
}

impl Delivery {
    /// # Safety
    /// Only on the thread of the environment, inside of a scope for handles.
    unsafe fn into_arguments(self, raw: sys::napi_env, arguments: &mut Vec<sys::napi_value>) -> napi::Result<()> {
        let marker = match &self.body {
            Payload::Marked(_, marker) => Some(marker.as_str()),
            _ => None,
        };
        // SAFETY: as the caller promises.
        unsafe {
            arguments.push(ToNapiValue::to_napi_value(raw, self.call)?);
            arguments.push(ToNapiValue::to_napi_value(raw, self.good)?);
            arguments.push(body(raw, &self.body)?);
            arguments.push(optional(raw, self.meta.as_deref())?);
            arguments.push(optional(raw, marker)?);
        }
        Ok(())
    }
}

/// # Safety
/// As for [`Delivery::into_arguments`].
unsafe fn body(raw: sys::napi_env, body: &Payload) -> napi::Result<sys::napi_value> {
    let text = match body {
        Payload::Text(bytes) | Payload::Marked(bytes, _) if bytes.len() <= LONGEST_STRING => Some(bytes),
        _ => None,
    };
    // SAFETY: as the caller promises.
    unsafe {
        if let Some(text) = text {
            if text.is_ascii() {
                return ToNapiValue::to_napi_value(raw, Latin1(text));
            }
            if let Ok(text) = std::str::from_utf8(text) {
                return ToNapiValue::to_napi_value(raw, text);
            }
        }
        match body {
            Payload::None => ToNapiValue::to_napi_value(raw, ()),
            Payload::Text(bytes) | Payload::Marked(bytes, _) | Payload::Bytes(bytes) => {
                ToNapiValue::to_napi_value(raw, &BufferSlice::copy_from(&Env::from_raw(raw), bytes)?)
            }
        }
    }
}

/// # Safety
/// As for [`Delivery::into_arguments`].
unsafe fn optional(raw: sys::napi_env, text: Option<&str>) -> napi::Result<sys::napi_value> {
    // SAFETY: as the caller promises.
    unsafe {
        match text {
            Some(text) => ToNapiValue::to_napi_value(raw, text),
            None => ToNapiValue::to_napi_value(raw, ()),
        }
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
