//! Where the new version comes from. It is read once, checked, and kept beside the journal: every stage, and every later run
//! of the same deployment, gets the same text.

use std::path::PathBuf;

use xano_metadata::{Error, Value};

use super::documents::{self, Document};
use super::{digest, folder};
use crate::place::Place;

/// Most bytes of a source; a workspace of thousands of objects has a tenth of it.
pub(super) const LARGEST: usize = 64 << 20;

/// Where the new version comes from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// The branch of a place, or its live branch.
    Place(Place),
    /// XanoScript documents with a line `---` between them, as `multidoc.pull` answers.
    Text(String),
    /// A folder of `*.xs` files, its subfolders included. Hidden ones are passed over; links are refused.
    Folder(PathBuf),
}

/// A source that has been read.
#[derive(Clone, Debug)]
pub(super) struct Pinned {
    /// `place`, `text` or `folder`.
    pub(super) kind: String,
    /// Which, for people.
    pub(super) at: String,
    pub(super) text: String,
    pub(super) documents: Vec<Document>,
    pub(super) sha256: String,
}

impl Pinned {
    /// Reads a source.
    pub(super) async fn read(source: &Source) -> Result<Self, Error> {
        match source {
            Source::Place(place) => {
                let multidoc = place.workspace().multidoc();
                let at = shown(place).await?;
                let pull = multidoc.pull();
                let pull = match &place.branch {
                    Some(label) => pull.branch(label),
                    None => pull,
                };
                Self::new("place", at, &pull.await?)
            }
            Source::Text(text) => Self::new("text", "text".to_owned(), text),
            Source::Folder(path) => Self::new("folder", path.display().to_string(), &folder::read(path)?),
        }
    }

    /// Checks a text. Line ends are made the same, so that a checkout on another system is no other source.
    pub(super) fn new(kind: &str, at: String, text: &str) -> Result<Self, Error> {
        if text.len() > LARGEST {
            return Err(Error::config(format!(
                "The source has {} bytes; at most {LARGEST} are deployed.",
                text.len()
            )));
        }
        if let Some(odd) = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            return Err(Error::config(format!(
                "The source holds the control character {odd:?}, which XanoScript has no use for."
            )));
        }
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let documents = documents::read(&text)?;
        if documents.is_empty() {
            return Err(Error::config(
                "The source holds no document. Deploying it would remove everything, so nothing was done.",
            ));
        }
        for (at, document) in documents.iter().enumerate() {
            let twice = |other: &Document| other.kind == document.kind && other.name == document.name;
            if documents[..at].iter().any(twice) {
                return Err(Error::config(format!(
                    "The source defines {} {:?} twice.",
                    document.kind, document.name
                )));
            }
        }
        Ok(Self {
            kind: kind.to_owned(),
            at,
            sha256: digest(text.as_bytes()),
            text,
            documents,
        })
    }

    /// Whether servers wrote it, and will write it the same way again.
    pub(super) fn is_canonical(&self) -> bool {
        self.kind == "place"
    }
}

/// Where a place is, for people.
async fn shown(place: &Place) -> Result<String, Error> {
    let instance = place.connection.resolve().await?;
    let branch = place
        .branch
        .as_ref()
        .map_or_else(|| "the live branch".to_owned(), |label| format!("branch {label:?}"));
    let workspace = match &place.workspace {
        Value::Int(id) => id.to_string(),
        Value::String(name) => format!("{name:?}"),
        _ => return Err(Error::config("A workspace is given by its number or its name.")),
    };
    Ok(format!("{branch} of workspace {workspace} at {instance}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_deployed_is_refused() {
        for (text, why) in [
            ("", "no document"),
            ("---\n\n---\n", "no document"),
            ("function a {\n}\n---\nfunction a {\n}", "twice"),
            ("function a {\n\u{0}}", "control character"),
            ("hello", "defines nothing"),
        ] {
            let error = Pinned::new("text", String::new(), text).unwrap_err();
            assert!(error.message().contains(why), "{text:?}: {error}");
        }
    }

    #[test]
    fn line_ends_are_no_difference() {
        let one = Pinned::new("text", String::new(), "function a {\n}\n").unwrap();
        let other = Pinned::new("text", String::new(), "\u{feff}function a {\r\n}\r\n").unwrap();
        assert_eq!(one.sha256, other.sha256);
    }
}
