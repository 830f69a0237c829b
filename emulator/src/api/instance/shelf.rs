//! A shelf: the documents of one kind at one place, with what the families built on documents share.

use serde_json::{Value, json};

use super::listing::Window;
use super::{instance_id, place_of, workspace};
use crate::api::{Call, Reply};
use crate::clock;
use crate::error::ApiError;
use crate::store::documents::{self, Document};
use crate::store::workspaces::Workspace;

/// The largest page of a list that is a bare array.
pub const LARGEST_BARE_PAGE: i64 = 100;

/// The documents of one kind at one place.
pub struct Shelf<'a, 'c> {
    call: &'a Call<'c>,
    place: String,
    kind: &'static str,
}

impl<'a, 'c> Shelf<'a, 'c> {
    /// A shelf of the instance.
    pub fn of_instance(call: &'a Call<'c>, kind: &'static str) -> Self {
        Self {
            call,
            place: String::new(),
            kind,
        }
    }

    /// A shelf of the workspace in the path.
    pub fn of_workspace(call: &'a Call<'c>, kind: &'static str) -> Result<Self, ApiError> {
        Ok(Self::in_workspace(call, &workspace(call)?, kind))
    }

    /// A shelf of a workspace.
    pub fn in_workspace(call: &'a Call<'c>, workspace: &Workspace, kind: &'static str) -> Self {
        Self {
            call,
            place: place_of(workspace),
            kind,
        }
    }

    /// A shelf below a document.
    pub fn below(call: &'a Call<'c>, owner: &Document, kind: &'static str) -> Self {
        Self {
            call,
            place: below(owner),
            kind,
        }
    }

    /// Every document, oldest first.
    pub fn all(&self) -> Result<Vec<Document>, ApiError> {
        Ok(documents::list(
            self.call.db,
            instance_id(self.call),
            &self.place,
            self.kind,
        )?)
    }

    /// The document whose id stands in the path.
    pub fn numbered(&self, param: &str) -> Result<Document, ApiError> {
        self.get(self.call.number(param)?)
    }

    /// A document by id.
    pub fn get(&self, id: i64) -> Result<Document, ApiError> {
        documents::get(self.call.db, instance_id(self.call), &self.place, self.kind, id)?
            .ok_or_else(|| ApiError::not_found(format!("There is no {} {id}.", self.kind)))
    }

    /// A document by name, if there is one.
    pub fn find(&self, name: &str) -> Result<Option<Document>, ApiError> {
        Ok(documents::by_name(
            self.call.db,
            instance_id(self.call),
            &self.place,
            self.kind,
            name,
        )?)
    }

    /// A document by name, or 404.
    pub fn named(&self, name: &str) -> Result<Document, ApiError> {
        self.find(name)?
            .ok_or_else(|| ApiError::not_found(format!("There is no {} called {name:?}.", self.kind)))
    }

    /// Refuses a name that is empty or taken by another document.
    pub fn free(&self, name: &str, own: Option<i64>) -> Result<(), ApiError> {
        let taken = self.find(name)?.is_some_and(|other| Some(other.id) != own);
        if name.trim().is_empty() || taken {
            return Err(ApiError::input(
                "name",
                "Invalid value for param: name. It must be new and not empty.",
            ));
        }
        Ok(())
    }

    /// Adds a document.
    pub fn add(&self, name: &str, body: Value, content: Option<&[u8]>) -> Result<Document, ApiError> {
        let mut document = Document {
            instance_id: instance_id(self.call),
            place: self.place.clone(),
            kind: self.kind.to_owned(),
            name: name.to_owned(),
            body,
            created_at: self.call.now_ms,
            ..Document::default()
        };
        documents::add(self.call.db, &mut document, content)?;
        Ok(document)
    }

    /// Writes a changed document back.
    pub fn save(&self, document: &mut Document) -> Result<(), ApiError> {
        document.updated_at = self.call.now_ms;
        Ok(documents::save(self.call.db, document)?)
    }

    /// Removes a document with everything below it.
    pub fn remove(&self, document: &Document) -> Result<(), ApiError> {
        documents::remove_place(self.call.db, document.instance_id, &below(document))?;
        Ok(documents::remove(self.call.db, document.key)?)
    }
}

fn below(owner: &Document) -> String {
    let parent = if owner.place.is_empty() {
        "instance"
    } else {
        &owner.place
    };
    format!("{parent}/{}/{}", owner.kind, owner.id)
}

/// A document as most families show it: id, name and times, then its body.
pub fn show(document: &Document) -> Value {
    let mut shown =
        json!({"id": document.id, "name": document.name, "created_at": clock::timestamptz(document.created_at)});
    if let (Value::Object(shown), Value::Object(body)) = (&mut shown, &document.body) {
        shown.extend(body.clone());
    }
    shown
}

/// A page of a list that is a bare array; a short page is the only sign of its end.
pub fn bare_page(call: &Call<'_>, items: Vec<Value>, per_page: i64) -> Result<Reply, ApiError> {
    let window = Window {
        page: call.query.at_least_one("page", 1)?,
        per_page: call.query.at_least_one("per_page", per_page)?,
    };
    if window.per_page > LARGEST_BARE_PAGE {
        return Err(ApiError::input(
            "per_page",
            format!("Invalid value for param: per_page. It must be at most {LARGEST_BARE_PAGE}."),
        ));
    }
    Ok(Reply::Json(Value::Array(window.slice(items))))
}

/// A page of a fixed size with the long envelope.
pub fn fixed_page(call: &Call<'_>, items: Vec<Value>, per_page: i64) -> Result<Reply, ApiError> {
    let window = Window {
        page: call.query.at_least_one("page", 1)?,
        per_page,
    };
    let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
    Ok(Reply::Json(window.full_envelope(window.slice(items), total)))
}
