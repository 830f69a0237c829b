//! Request bodies: nothing, JSON, XanoScript, or a form with files.
//!
//! A body has to be sent again when a call is retried. JSON and script are cheap to repeat because [`Bytes`] are shared;
//! files are opened anew by their path. That leaves no body that can only be sent once, so every retry the rules allow is
//! possible.
//!
//! ```
//! use xano_metadata::{Body, Part};
//!
//! let body = Body::Multipart(vec![
//!     Part::text("type", "image"),
//!     Part::bytes("content", "logo.png", vec![0x89, b'P', b'N', b'G']).content_type("image/png"),
//! ]);
//! assert!(matches!(body, Body::Multipart(parts) if parts.len() == 2));
//! ```

use std::path::PathBuf;

use bytes::Bytes;

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// JSON text, sent as it is with `application/json`.
    Json(Bytes),
    /// XanoScript, sent raw with `text/x-xanoscript`.
    Script(String),
    /// A form, sent with `multipart/form-data`.
    Multipart(Vec<Part>),
    /// Any bytes with their content type, for raw requests.
    Bytes {
        /// The `Content-Type`.
        content_type: String,
        /// The content.
        bytes: Bytes,
    },
}

impl Body {
    /// A value as JSON.
    ///
    /// # Errors
    /// `config_error` when the value has no JSON form, such as a map whose keys are not text.
    pub fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<Self, crate::Error> {
        serde_json::to_vec(value)
            .map(|text| Self::Json(text.into()))
            .map_err(|cause| crate::Error::config(format!("The body cannot be written as JSON: {cause}.")))
    }

    /// Whether it sends files from disk, which may take as long as it likes.
    pub(crate) fn has_files(&self) -> bool {
        matches!(self, Self::Multipart(parts) if parts.iter().any(|part| matches!(part.content, PartContent::File(_))))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file name the server is told, for files.
    pub file_name: Option<String>,
    /// The `Content-Type`. Default: none for text, `application/octet-stream` for files.
    pub content_type: Option<String>,
    /// The content.
    pub content: PartContent,
}

/// Where a field's content comes from.
#[derive(Clone, Debug)]
pub enum PartContent {
    /// Memory.
    Bytes(Bytes),
    /// A file, opened and streamed when it is sent, once for each attempt.
    File(PathBuf),
}

impl Part {
    /// A field with text.
    #[must_use]
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        let content = PartContent::Bytes(Bytes::from(text.into()));
        Self {
            name: name.into(),
            file_name: None,
            content_type: None,
            content,
        }
    }

    /// A file from memory.
    #[must_use]
    pub fn bytes(name: impl Into<String>, file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let content = PartContent::Bytes(bytes.into());
        Self {
            name: name.into(),
            file_name: Some(file_name.into()),
            content_type: None,
            content,
        }
    }

    /// A file from disk, under its own name.
    #[must_use]
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        Self {
            name: name.into(),
            file_name,
            content_type: None,
            content: PartContent::File(path),
        }
    }

    /// Sets the content type.
    #[must_use]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }
}
