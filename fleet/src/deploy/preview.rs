//! What a stage would get: the server's own dry run, our comparison, and what neither says by itself: which changes all
//! branches feel, and what records would lose.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use xano_metadata::api::PushPlan;
use xano_metadata::{Error, ErrorKind};

use super::documents::{self, Difference, Document};
use super::options::Rules;
use super::source::Pinned;
use super::stage::Target;
use crate::compare::{CompareOptions, Comparison, Family, Kind, places};
use crate::host::Host;
use crate::place::Place;

/// Most operations of a dry run that are kept one by one.
const MOST_OPERATIONS: usize = 5_000;

/// What a stage would get, or got.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Preview {
    /// Nothing differs: the stage has it all already.
    pub equal: bool,
    /// What differs between the source and the live branch, by document. What stays although the source lacks it is not in it.
    pub changes: Vec<Difference>,
    /// What the server says it would do; none when it offers no dry run.
    pub server: Option<Vec<Operation>>,
    /// The comparison of a source that is a place, thing by thing, with the fields of
    /// [`Comparison`]; none for other sources, or when it was not wanted.
    pub comparison: Option<Json>,
    /// Tables that would change, for all branches at once, as soon as the source is pushed.
    pub shared: Vec<String>,
    /// Tables that the source lacks and that stay.
    pub kept: Vec<String>,
    /// What records would lose.
    pub losses: Vec<String>,
}

/// What the server would do to one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// `create`, `update`, `delete`, `cascade_delete`, `truncate`, `drop_field`, `alter_field`, …
    pub action: String,
    /// Kind of the object.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What exactly changes, where the server says so.
    pub details: Option<String>,
}

/// The documents that are pushed over a branch that has these: the source, and the tables that stay, as a push that deletes
/// would take them for superfluous.
pub(super) fn pushed_text(pinned: &Pinned, there: &[Document], rules: &Rules) -> String {
    let kept = if rules.delete {
        kept_tables(pinned, there, rules)
    } else {
        Vec::new()
    };
    documents::join(pinned.documents.iter().chain(kept))
}

fn kept_tables<'t>(pinned: &Pinned, there: &'t [Document], rules: &Rules) -> Vec<&'t Document> {
    if rules.delete && rules.drop_tables {
        return Vec::new();
    }
    documents::tables_only_in(there, &pinned.documents)
}

/// What differs between the source and a branch, apart from what stays although the source lacks it.
pub(super) fn differences(pinned: &Pinned, there: &[Document], rules: &Rules) -> Vec<Difference> {
    let mut found = documents::differences(&pinned.documents, there);
    found.retain(|one| {
        let stays = !rules.delete || (one.is_shared() && !rules.drop_tables);
        !(one.change == "removed" && stays)
    });
    found
}

/// What differs right after the source was written into a branch: nothing should. Of a source that no server wrote only
/// which objects there are can be told, as servers put scripts into a form of their own.
pub(super) fn left_over(pinned: &Pinned, there: &[Document], rules: &Rules) -> Vec<Difference> {
    let mut found = differences(pinned, there, rules);
    found.retain(|one| pinned.is_canonical() || one.change != "changed");
    found
}

/// Looks what pushing the source over the live branch would do. Nothing is changed.
pub(super) async fn look(
    pinned: &Pinned,
    place: Option<&Place>,
    target: &Target,
    live: &str,
    rules: &Rules,
    host: &dyn Host,
) -> Result<Preview, Error> {
    let multidoc = target.place.workspace().multidoc();
    let there = documents::read(&multidoc.pull().branch(live).await?)?;
    let text = pushed_text(pinned, &there, rules);
    let mut preview = Preview {
        changes: differences(pinned, &there, rules),
        kept: named(kept_tables(pinned, &there, rules)),
        ..Preview::default()
    };
    if let Some(plan) = planned(
        multidoc
            .dry_run(text)
            .branch(live)
            .delete(rules.delete)
            .transaction(true)
            .await,
    )? {
        preview.take(plan);
    }
    let shared = preview.changes.iter().filter(|change| change.is_shared());
    preview.shared = shared
        .map(|change| format!("{} {}", change.name, change.change))
        .collect();
    preview.losses.extend(documents::losses(&pinned.documents, &there));
    for gone in preview
        .changes
        .iter()
        .filter(|one| one.is_shared() && one.change == "removed")
    {
        preview
            .losses
            .push(format!("table {} goes, with all its records", gone.name));
    }
    preview.losses.sort_unstable();
    preview.losses.dedup();
    preview.equal = preview.changes.is_empty();
    if let (Some(place), true) = (place, rules.compare) {
        let comparison = compared(place, target, Some(live), &preview.kept, rules, host).await?;
        preview.equal &= comparison.equal;
        preview.comparison = serde_json::to_value(comparison).ok();
    }
    Ok(preview)
}

/// The place as it is now beside a branch of the stage, thing by thing; from the stage to the source.
pub(super) async fn compared(
    source: &Place,
    target: &Target,
    branch: Option<&str>,
    kept: &[String],
    rules: &Rules,
    host: &dyn Host,
) -> Result<Comparison, Error> {
    // Data sources, knowledge and the like are no part of a multidoc.
    let moved = |family: &Family| ![Family::DataSources, Family::Knowledge, Family::RealtimeChannels].contains(family);
    let options = CompareOptions {
        families: Some(Family::usual().filter(moved).collect()),
        ..CompareOptions::default()
    };
    let stage = match branch {
        Some(label) => target.place.clone().on_branch(label),
        None => target.place.clone(),
    };
    let mut comparison = places(&stage, source, &options, host).await?;
    comparison.changes.retain(|change| {
        let of_table = match change.family {
            Family::Tables => Some(change.name.as_str()),
            Family::Columns => change.name.split('.').next(),
            Family::Indexes => change.name.split(':').next(),
            _ => None,
        };
        let of_kept = of_table.is_some_and(|table| kept.iter().any(|kept| kept == table));
        !(change.change == Kind::Removed && (of_kept || !rules.delete))
    });
    comparison.equal = comparison.changes.is_empty() && comparison.failures.is_empty();
    Ok(comparison)
}

/// None where there is no dry run, as on older servers.
fn planned(answer: Result<PushPlan, Error>) -> Result<Option<PushPlan>, Error> {
    match answer {
        Ok(plan) => Ok(Some(plan)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn named<'d>(documents: impl IntoIterator<Item = &'d Document>) -> Vec<String> {
    documents.into_iter().map(|document| document.name.clone()).collect()
}

impl Preview {
    fn take(&mut self, plan: PushPlan) {
        let operations = plan.operations.unwrap_or_default();
        let changing = operations
            .into_iter()
            .filter(|operation| operation.action != "unchanged");
        let changing: Vec<Operation> = changing
            .take(MOST_OPERATIONS)
            .map(|operation| Operation {
                action: operation.action,
                kind: operation.type_,
                name: operation.name,
                details: operation.details.filter(|text| !text.is_empty()),
            })
            .collect();
        for operation in &changing {
            let table = operation.kind == "table" && operation.action == "delete";
            if table || ["truncate", "drop_field", "alter_field", "cascade_delete"].contains(&operation.action.as_str())
            {
                self.losses.push(operation.shown());
            }
        }
        self.server = Some(changing);
    }

    /// How much changes, as a phrase.
    pub(super) fn shown(&self) -> String {
        if self.equal {
            return "nothing differs".to_owned();
        }
        let count = |change: &str| self.changes.iter().filter(|one| one.change == change).count();
        let mut text = format!(
            "{} added, {} changed, {} removed",
            count("added"),
            count("changed"),
            count("removed")
        );
        if !self.shared.is_empty() {
            text.push_str(&format!("; tables, for all branches: {}", self.shared.join(", ")));
        }
        text
    }
}

impl Operation {
    fn shown(&self) -> String {
        let mut text = format!("the server would {} {} {}", self.action, self.kind, self.name);
        if let Some(details) = &self.details {
            text.push_str(&format!(": {details}"));
        }
        text
    }
}
