//! Reading the JSON body of a control operation, strictly: a misspelt field is an error, not a
//! setting that silently stays at its default.

use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::store::users::{self, User};

/// The fields of a body; an absent body has none.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Takes an object, or nothing.
    pub fn new(body: &Value) -> Result<Self, ApiError> {
        match body {
            Value::Null => Ok(Self(Map::new())),
            Value::Object(map) => Ok(Self(map.clone())),
            _ => Err(ApiError::bad_request("The body must be a JSON object.")),
        }
    }

    /// Refuses fields that the operation does not know.
    pub fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(stray) => Err(ApiError::input(
                stray,
                format!("Unknown param: {stray}. This operation takes {}.", known.join(", ")),
            )),
        }
    }

    /// A field that is there, null included.
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A field that is there and not null.
    pub fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        self.given(name)
            .map(|value| {
                read(value).ok_or_else(|| {
                    ApiError::input(name, format!("Invalid value for param: {name}. It must be {what}."))
                })
            })
            .transpose()
    }

    /// Text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.typed(name, "text", Value::as_str)
    }

    /// Text that must be there.
    pub fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?
            .ok_or_else(|| ApiError::input(name, format!("Missing param: {name}")))
    }

    /// A number from 0.
    pub fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        self.typed(name, "a number from 0", |value| value.as_f64().filter(|n| *n >= 0.0))
    }

    /// A whole number from 0.
    pub fn count(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.typed(name, "a whole number from 0", |value| {
            value.as_i64().filter(|n| *n >= 0)
        })
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.typed(name, "true or false", Value::as_bool)
    }

    /// An object.
    pub fn object(&self, name: &str) -> Result<Option<&Map<String, Value>>, ApiError> {
        self.typed(name, "an object", Value::as_object)
    }

    /// The user named by `user` (id or e-mail address); the first one when nothing is said.
    pub fn user(&self, db: &Connection) -> Result<User, ApiError> {
        let found = match self.given("user") {
            None => users::first(db)?,
            Some(Value::String(email)) => users::by_email(db, email)?,
            Some(value) => match value.as_i64() {
                Some(id) => users::get(db, id)?,
                None => None,
            },
        };
        found.ok_or_else(|| {
            ApiError::input(
                "user",
                "No such user; give the id or e-mail address of one from GET /_emulator/users.",
            )
        })
    }
}
