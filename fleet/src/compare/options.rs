//! What a comparison can be told.

use serde::Deserialize;
use xano_metadata::Error;

use super::family::Family;

/// How to compare. All of it has defaults, and all of it can be read from JSON, which is how the language faces hand it over.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompareOptions {
    /// Whether the records of tables are compared too. Default: no.
    pub records: RecordsOption,
    /// What is compared. Default: everything but policies. Columns, indexes and records need `tables` beside them.
    pub families: Option<Vec<Family>>,
    /// Whether the public addresses of API groups (`canonical`) count. Default: within one workspace, where all branches
    /// share them; each workspace has its own.
    pub addresses: Option<bool>,
    /// Lines of a change's diff at most. Default: 200; a longer one says how much it lacks.
    pub diff_lines: usize,
    /// Families read at once on each side. Default: 6, which leaves room in the 16 requests that a client has under way.
    pub concurrency: usize,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            records: RecordsOption::No,
            families: None,
            addresses: None,
            diff_lines: 200,
            concurrency: 6,
        }
    }
}

impl CompareOptions {
    pub(super) fn wants(&self, family: Family) -> bool {
        match (&self.families, family) {
            (_, Family::Records) => self.records != RecordsOption::No,
            (None, Family::Policies) => false,
            (None, _) => true,
            (Some(families), _) => families.contains(&family),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        for family in [Family::Columns, Family::Indexes, Family::Records] {
            let named = family == Family::Records || self.families.is_some();
            if named && self.wants(family) && !self.wants(Family::Tables) {
                return Err(Error::config(format!(
                    "{family} cannot be compared without their tables: add tables to families."
                )));
            }
        }
        if self
            .families
            .as_ref()
            .is_some_and(|families| families.contains(&Family::Workspaces))
        {
            return Err(Error::config(
                "workspaces is no family to choose: compare two instances to see which workspaces they have.",
            ));
        }
        if self.wants(Family::Endpoints) && !self.wants(Family::ApiGroups) {
            return Err(Error::config(
                "endpoints cannot be compared without their groups: add api_groups to families.",
            ));
        }
        if self.concurrency == 0 {
            return Err(Error::config("concurrency is 0; it must be at least 1."));
        }
        Ok(())
    }
}

/// Whether and how records are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub enum RecordsOption {
    /// Not at all.
    #[default]
    No,
    /// How many there are in each table and data source: a request each.
    Counts,
    /// Every record, by `id`: both sides are read whole, a few pages at a time, however large they are.
    Content,
}

/// `false`, `"counts"` or `"content"`; null is no as well, and `true` does not say how.
impl TryFrom<serde_json::Value> for RecordsOption {
    type Error = String;

    fn try_from(said: serde_json::Value) -> Result<Self, Self::Error> {
        if said.is_null() || said == false {
            return Ok(Self::No);
        }
        match said.as_str() {
            Some("counts") => Ok(Self::Counts),
            Some("content") => Ok(Self::Content),
            _ => Err(format!("records is false, \"counts\" or \"content\", not {said}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_asked_for_in_words() {
        let read = |value| serde_json::from_value::<RecordsOption>(value);
        assert_eq!(read(json!(false)).unwrap(), RecordsOption::No);
        assert_eq!(read(json!(null)).unwrap(), RecordsOption::No);
        assert_eq!(read(json!("counts")).unwrap(), RecordsOption::Counts);
        assert_eq!(read(json!("content")).unwrap(), RecordsOption::Content);
        assert!(read(json!(true)).is_err());
        assert!(read(json!("all")).is_err());
    }

    #[test]
    fn parts_need_what_they_are_part_of() {
        let only = |families: &[Family], records| CompareOptions {
            families: Some(families.to_vec()),
            records,
            ..CompareOptions::default()
        };
        assert!(CompareOptions::default().check().is_ok());
        assert!(only(&[Family::Functions], RecordsOption::No).check().is_ok());
        assert!(only(&[Family::Functions], RecordsOption::Counts).check().is_err());
        assert!(only(&[Family::Columns], RecordsOption::No).check().is_err());
        assert!(only(&[Family::Endpoints], RecordsOption::No).check().is_err());
        assert!(only(&[Family::Workspaces], RecordsOption::No).check().is_err());
    }
}
