//! Comparing two places, or all workspaces of two instances.

use std::collections::{HashMap, HashSet};

use xano_metadata::{Connection, Error};

use super::comparison::{Change, Comparison, Kind, Side, Sides, Skipped};
use super::difference::{Rules, Seen};
use super::family::{Family, ROWS};
use super::matching::{Matched, matched};
use super::normal::TableNames;
use super::options::{CompareOptions, RecordsOption};
use super::read::{Found, read};
use super::records::{self, Pair};
use super::site::{Site, workspaces};
use super::snapshot::{Item, Snapshot};
use crate::host::Host;
use crate::place::Place;
use crate::spread::Failure;

/// Compares two branches: of the same workspace, or of any two.
///
/// Scope: Read of each family; what the token may not read is in [`Comparison::failures`].
///
/// # Errors
/// `config_error` for options that do not go together and for places that do not exist; those of a call, when workspaces or
/// branches cannot be listed. What fails later is in [`Comparison::failures`].
pub async fn places(
    left: &Place,
    right: &Place,
    options: &CompareOptions,
    host: &dyn Host,
) -> Result<Comparison, Error> {
    options.check()?;
    let (left, right) = tokio::try_join!(Site::find(left), Site::find(right))?;
    Ok(sites(&left, &right, options, host).await)
}

/// Compares the live branches of all workspaces of two instances. Workspaces are matched by name.
///
/// Scope: Read of each family; what the token may not read is in [`Comparison::failures`].
///
/// # Errors
/// `config_error` for options that do not go together; those of a call, when workspaces cannot be listed. What fails later is
/// in [`Comparison::failures`].
pub async fn instances(
    left: &Connection,
    right: &Connection,
    options: &CompareOptions,
    host: &dyn Host,
) -> Result<Comparison, Error> {
    options.check()?;
    let (ours, theirs) = tokio::try_join!(workspaces(left), workspaces(right))?;
    let mut whole = Comparison::default();
    let mut taken = HashSet::new();
    let looked = whole.compared.entry(Family::Workspaces).or_default();
    (looked.left, looked.right) = (ours.len() as u64, theirs.len() as u64);
    (whole.left.instance, whole.right.instance) = (host_of(left).await?, host_of(right).await?);
    // One after the other: their families are read side by side already.
    for one in &ours {
        let same = theirs
            .iter()
            .find(|other| other.name == one.name && !taken.contains(&other.id));
        let Some(other) = same else {
            whole.changes.push(lonely(&one.name, Kind::Removed));
            continue;
        };
        taken.insert(other.id);
        let (before, after) = tokio::try_join!(Site::of(left, one), Site::of(right, other))?;
        let found = sites(&before, &after, options, host).await;
        let name = &one.name;
        whole.changes.extend(found.changes.into_iter().map(|change| Change {
            workspace: Some(name.clone()),
            ..change
        }));
        whole.failures.extend(found.failures.into_iter().map(|failure| Failure {
            at: format!("{name}: {}", failure.at),
            ..failure
        }));
        whole.skipped.extend(found.skipped.into_iter().map(|skipped| Skipped {
            reason: format!("{name}: {}", skipped.reason),
            ..skipped
        }));
        for (family, sides) in found.compared {
            let sum = whole.compared.entry(family).or_default();
            sum.left += sides.left;
            sum.right += sides.right;
        }
    }
    let added = theirs.iter().filter(|other| !taken.contains(&other.id));
    whole
        .changes
        .extend(added.map(|other| lonely(&other.name, Kind::Added)));
    Ok(whole.concluded())
}

/// A workspace that only one side has.
fn lonely(name: &str, change: Kind) -> Change {
    Change {
        workspace: Some(name.to_owned()),
        family: Family::Workspaces,
        name: name.to_owned(),
        was: None,
        change,
        fields: Vec::new(),
        diff: String::new(),
        records: None,
    }
}

async fn host_of(connection: &Connection) -> Result<String, Error> {
    let base = connection.resolve().await?;
    Ok(Side::host(&base))
}

async fn sites(left: &Site, right: &Site, options: &CompareOptions, host: &dyn Host) -> Comparison {
    let shared = left.is_same_workspace(right);
    let rules = Rules {
        addresses: options.addresses.unwrap_or(shared),
        diff_lines: options.diff_lines,
    };
    let mut found = Comparison {
        left: left.side(),
        right: right.side(),
        ..Comparison::default()
    };
    let wanted: Vec<Family> = ROWS
        .iter()
        .map(|row| row.family)
        .filter(|family| options.wants(*family))
        .collect();
    let (of_workspace, mut wanted): (Vec<Family>, Vec<Family>) = wanted
        .into_iter()
        .partition(|family| shared && family.is_of_workspace());
    let with_records = options.records != RecordsOption::No;
    let unasked = (shared && with_records).then_some(Family::Records);
    for family in of_workspace.into_iter().chain(unasked) {
        found.skipped.push(Skipped {
            family,
            side: None,
            reason: "It belongs to the workspace: all its branches have the same.".to_owned(),
        });
    }
    // Records are looked for in the data sources, also where these are not compared themselves.
    let for_records = with_records && !shared && !wanted.contains(&Family::DataSources);
    if for_records {
        wanted.push(Family::DataSources);
    }
    let (before, after) = tokio::join!(
        read(left, "left", &wanted, options, host),
        read(right, "right", &wanted, options, host)
    );
    if for_records {
        wanted.pop();
    }
    tell_gaps(&before, &after, &mut found);
    compare_families(&before, &after, &wanted, shared, rules, &mut found);
    if with_records && !shared {
        compare_records((left, &before), (right, &after), options, host, &mut found).await;
    }
    found.concluded()
}

/// Says what could not be read, and what a server does not have.
fn tell_gaps(before: &Found, after: &Found, found: &mut Comparison) {
    for (side, read) in [("left", before), ("right", after)] {
        found.failures.extend(read.snapshot.failures.iter().cloned());
        for family in &read.snapshot.missing {
            found.skipped.push(Skipped {
                family: *family,
                side: Some(side),
                reason: "The server does not have it; it counts as empty.".to_owned(),
            });
        }
        for (family, names) in &read.snapshot.without_script {
            let some: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            let error = Error::config(format!(
                "{} of the {family} came without XanoScript ({}{}): only what else is known of them was compared.",
                names.len(),
                some.join(", "),
                if names.len() > some.len() { ", …" } else { "" }
            ));
            found.failures.push(Failure::new(format!("{side}/{family}"), &error));
        }
    }
}

fn compare_families(
    before: &Found,
    after: &Found,
    families: &[Family],
    shared: bool,
    rules: Rules,
    found: &mut Comparison,
) {
    let unread = |family: Family| before.unread.contains(&family) || after.unread.contains(&family);
    let pairs = |family: Family| {
        (!unread(family)).then(|| matched(before.snapshot.of(family), after.snapshot.of(family), &HashMap::new()))
    };
    let tables = pairs(Family::Tables);
    let groups = pairs(Family::ApiGroups);
    let known = tables
        .as_ref()
        .filter(|_| !shared && families.contains(&Family::Tables));
    let (ours, theirs) = names(before, after, known, shared);
    let before = Seen {
        snapshot: &before.snapshot,
        tables: ours,
    };
    let after = Seen {
        snapshot: &after.snapshot,
        tables: theirs,
    };
    for family in families.iter().copied().filter(|family| !unread(*family)) {
        let parents = match family {
            Family::Columns | Family::Indexes => tables.as_ref(),
            Family::Endpoints => groups.as_ref(),
            _ => None,
        };
        let parents = parents.map(Matched::ids).unwrap_or_default();
        let (ours, theirs) = (before.snapshot.of(family), after.snapshot.of(family));
        found.compared.insert(
            family,
            Sides {
                left: ours.len() as u64,
                right: theirs.len() as u64,
            },
        );
        let matched = matched(ours, theirs, &parents);
        for (left, right) in &matched.pairs {
            let parent = right.parent.as_ref().and_then(|parent| parents.get(parent));
            let moved = family == Family::Endpoints && left.parent.as_ref() != parent;
            found
                .changes
                .extend(rules.changed(family, (left, right), (&before, &after), moved));
        }
        // What a table has that one side lacks is told with the table.
        let told = |item: &Item, known: &HashSet<&String>| {
            let part = matches!(family, Family::Columns | Family::Indexes);
            part && item.parent.as_ref().is_none_or(|parent| !known.contains(parent))
        };
        let left_tables: HashSet<&String> = parents.values().collect();
        let right_tables: HashSet<&String> = parents.keys().collect();
        let removed = matched.removed.iter().filter(|item| !told(item, &left_tables));
        let added = matched.added.iter().filter(|item| !told(item, &right_tables));
        let removed = removed.map(|item| rules.alone(family, item, Kind::Removed, &before));
        let added = added.map(|item| rules.alone(family, item, Kind::Added, &after));
        found.changes.extend(removed.chain(added));
    }
}

/// The tables of both sides by number. A pair has one name, that of the left side, so that a table's new name is told once
/// and not again with every column that refers to it.
fn names(before: &Found, after: &Found, tables: Option<&Matched<'_>>, shared: bool) -> (TableNames, TableNames) {
    let Some(tables) = tables else {
        let none = || {
            if shared {
                TableNames::Shared
            } else {
                TableNames::Unknown
            }
        };
        return (none(), none());
    };
    let own = |snapshot: &Snapshot| -> HashMap<i64, String> {
        let of = |item: &Item| Some((item.id.parse().ok()?, item.name.clone()));
        snapshot.of(Family::Tables).iter().filter_map(of).collect()
    };
    let ours = own(&before.snapshot);
    let mut theirs = own(&after.snapshot);
    for (left, right) in &tables.pairs {
        if let Ok(id) = right.id.parse() {
            theirs.insert(id, left.name.clone());
        }
    }
    (TableNames::Known(ours), TableNames::Known(theirs))
}

async fn compare_records(
    (left, before): (&Site, &Found),
    (right, after): (&Site, &Found),
    options: &CompareOptions,
    host: &dyn Host,
    found: &mut Comparison,
) {
    for family in [Family::Tables, Family::DataSources] {
        if before.unread.contains(&family) || after.unread.contains(&family) {
            let error = Error::config(format!(
                "The {family} could not be read, so their records were not compared."
            ));
            found.failures.push(Failure::new("records", &error));
            return;
        }
    }
    let labels = |found: &Found| -> Vec<String> {
        let all = found
            .snapshot
            .of(Family::DataSources)
            .iter()
            .map(|item| item.name.clone());
        let all: Vec<String> = all.collect();
        // The built-in one needs no list.
        if all.is_empty() { vec!["live".to_owned()] } else { all }
    };
    let theirs = labels(after);
    let sources: Vec<String> = labels(before)
        .into_iter()
        .filter(|label| theirs.contains(label))
        .collect();
    let tables = matched(
        before.snapshot.of(Family::Tables),
        after.snapshot.of(Family::Tables),
        &HashMap::new(),
    );
    let columns_known = |found: &Found| found.snapshot.families.contains_key(&Family::Columns);
    let columns_known = columns_known(before) && columns_known(after);
    let mut pairs = Vec::new();
    for (left, right) in &tables.pairs {
        for source in &sources {
            pairs.push(Pair {
                left,
                right,
                source,
                hidden: columns_known.then(|| {
                    let hidden = sensitive(&before.snapshot, left);
                    hidden.chain(sensitive(&after.snapshot, right)).collect()
                }),
            });
        }
    }
    let outcome = records::compare(left, right, pairs, options, host).await;
    found.changes.extend(outcome.changes);
    found.failures.extend(outcome.failures);
    found.compared.insert(
        Family::Records,
        Sides {
            left: outcome.left,
            right: outcome.right,
        },
    );
}

/// The columns of a table that hold sensitive data.
fn sensitive<'s>(snapshot: &'s Snapshot, table: &'s Item) -> impl Iterator<Item = String> + 's {
    let is_sensitive = |column: &&Item| column.fields.get("sensitive").is_some_and(|said| *said == true);
    let own_name = |column: &Item| column.key.clone();
    snapshot
        .parts(Family::Columns, table)
        .filter(is_sensitive)
        .map(own_name)
}
