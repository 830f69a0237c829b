//! What there is at a place.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xano_metadata::Error;

use super::family::Family;
use super::normal::Fields;
use super::options::CompareOptions;
use super::read::{Found, read};
use super::site::Site;
use crate::host::{Host, Silent};
use crate::place::Place;
use crate::spread::Failure;

/// One thing of a family.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Item {
    /// Its name for people: `product`, `GET shop/product`, `order.total`.
    pub name: String,
    /// The identifier that copies of it keep, where it has one.
    pub guid: Option<String>,
    /// What the API says about it, in the normal form: without numbers, times and what says nothing, sorted by name.
    pub fields: serde_json::Map<String, Json>,
    /// Its XanoScript, as the server writes it.
    pub script: Option<String>,
    /// What it is called by the server, within its family.
    pub(super) id: String,
    /// What it is matched by, within its parent.
    pub(super) key: String,
    /// What it is matched by when there is none with its key, within its parent.
    pub(super) kin: Option<String>,
    /// The id of the table or of the API group that it belongs to.
    pub(super) parent: Option<String>,
}

/// What there is at a place, by family.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// Everything that could be read. A family that the server does not have is empty.
    pub families: BTreeMap<Family, Vec<Item>>,
    /// What could not be read; such a family is not in `families`.
    pub failures: Vec<Failure>,
    /// Families that the server does not have.
    pub missing: Vec<Family>,
    /// Families in which something came without its XanoScript, and the names of those.
    pub(super) without_script: BTreeMap<Family, Vec<String>>,
}

/// Reads what there is at a place: all families but policies and records.
///
/// Scope: Read of each family; what the token may not read is in [`Snapshot::failures`].
///
/// # Errors
/// Those of a call, when workspaces or branches cannot be listed; `config_error` when the place does not exist.
pub async fn snapshot(place: &Place) -> Result<Snapshot, Error> {
    let site = Site::find(place).await?;
    let families: Vec<Family> = Family::usual().collect();
    let Found { snapshot, .. } = read(
        &site,
        "here",
        &families,
        &CompareOptions::default(),
        &Silent as &dyn Host,
    )
    .await;
    Ok(snapshot)
}

impl Snapshot {
    /// The things of a family; empty where it was not read.
    #[must_use]
    pub fn of(&self, family: Family) -> &[Item] {
        self.families.get(&family).map_or(&[], Vec::as_slice)
    }

    /// The parts of a thing, such as the columns of a table.
    pub(super) fn parts<'s>(&'s self, family: Family, parent: &'s Item) -> impl Iterator<Item = &'s Item> {
        let of_parent = |item: &&Item| item.parent.as_deref() == Some(parent.id.as_str());
        self.of(family).iter().filter(of_parent)
    }
}

impl Item {
    /// A text among its fields.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Json::as_str)
    }

    /// An item as the API answers it, matched by its name.
    pub(super) fn new(answer: &Fields, name_field: &str, place: usize) -> Self {
        let text = |field: &str| answer.get(field).and_then(Json::as_str).filter(|text| !text.is_empty());
        let id = match answer.get("id") {
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::String(text)) => text.clone(),
            _ => format!("#{place}"),
        };
        let name = text(name_field).map_or_else(|| id.clone(), str::to_owned);
        Self {
            key: name.clone(),
            name,
            guid: text("guid").map(str::to_owned),
            fields: super::normal::fields(answer),
            script: None,
            id,
            kin: None,
            parent: None,
        }
    }
}
