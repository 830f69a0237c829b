//! What must hold, by subject.

pub(crate) mod answers;
pub(crate) mod archives;
pub(crate) mod models;
pub(crate) mod records;
pub(crate) mod secrets;
pub(crate) mod urls;

/// Whether a text is JSON, however deep.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<&serde_json::value::RawValue>(text).is_ok()
}

/// What an error shows, in all its ways.
fn shown(error: &xano_metadata::Error) -> String {
    let json = error.to_json();
    assert!(is_json(json.as_bytes()), "an error's JSON is none: {json}");
    format!("{error}\n{error:?}\n{json}")
}

/// No error is so long that it fills a log.
fn assert_short(error: &xano_metadata::Error) {
    let text = error.to_string();
    assert!(!text.trim().is_empty(), "an error says nothing");
    assert!(
        text.chars().count() < 4000,
        "an error of {} characters",
        text.chars().count()
    );
}
