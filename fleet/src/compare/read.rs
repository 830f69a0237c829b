//! Reading one side: several families at once, each whole or not at all.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use serde_json::Value as Json;
use xano_metadata::{Error, ErrorKind, Request, Script};

use super::family::{Family, ROWS, Row};
use super::normal::Fields;
use super::options::CompareOptions;
use super::site::{Site, listed};
use super::snapshot::{Item, Snapshot};
use crate::host::{Host, Notice, Progress};
use crate::spread::{Failure, spread};

/// Things in one request: few requests, as they count against rate limits, of a few megabytes where scripts are long.
const PER_PAGE: u32 = 500;

/// What a side holds.
pub(super) struct Found {
    pub snapshot: Snapshot,
    /// Families that were not read.
    pub unread: HashSet<Family>,
}

/// What is read in one go, because one part leads to the next.
enum Unit {
    Tables,
    Groups,
    Other(&'static Row),
}

type Outcome = Result<Vec<Item>, Trouble>;

/// Why a family was not read.
struct Trouble {
    /// Where in the family.
    at: Option<String>,
    error: Error,
    /// The server does not have the family.
    missing: bool,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self {
            at: None,
            error,
            missing: false,
        }
    }
}

/// Reads the families. `side` is what failures begin with.
pub(super) async fn read(
    site: &Site,
    side: &str,
    families: &[Family],
    options: &CompareOptions,
    host: &dyn Host,
) -> Found {
    let units = units(families);
    let total = units.len() as u64;
    let done = AtomicU64::new(0);
    let what = format!("{side}: {}", site.name);
    let outcomes = spread(units, options.concurrency, |unit| {
        let (done, what) = (&done, &what);
        async move {
            let read = match unit {
                Unit::Tables => tables(site, families, options.concurrency).await,
                Unit::Groups => groups(site, families, options.concurrency).await,
                Unit::Other(row) => vec![(row.family, family(site, row).await)],
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            host.tell(Notice::Progress(Progress::new(
                what.clone(),
                done,
                Some(total),
                "families",
            )));
            read
        }
        .boxed()
    })
    .await;
    let mut found = Found {
        snapshot: Snapshot::default(),
        unread: HashSet::new(),
    };
    for (family, outcome) in outcomes.into_iter().flatten() {
        match outcome {
            Ok(items) => {
                let scripted = family.row().is_some_and(|row| row.get.is_some());
                let without = items.iter().filter(|item| scripted && item.script.is_none());
                let without: Vec<String> = without.map(|item| item.name.clone()).collect();
                if !without.is_empty() {
                    found.snapshot.without_script.insert(family, without);
                }
                found.snapshot.families.insert(family, items);
            }
            Err(trouble) if trouble.missing => {
                found.snapshot.missing.push(family);
                found.snapshot.families.insert(family, Vec::new());
            }
            Err(trouble) => {
                let part = trouble.at.map_or_else(String::new, |at| format!(" of {at}"));
                let at = format!("{side}/{family}{part}");
                found.snapshot.failures.push(Failure::new(at, &trouble.error));
                found.unread.insert(family);
            }
        }
    }
    found
}

fn units(families: &[Family]) -> Vec<Unit> {
    let unit = |row: &'static Row| match row.family {
        Family::Tables => Some(Unit::Tables),
        Family::ApiGroups => Some(Unit::Groups),
        Family::Columns | Family::Indexes | Family::Endpoints => None,
        _ => Some(Unit::Other(row)),
    };
    let wanted = ROWS.iter().filter(|row| families.contains(&row.family));
    wanted.filter_map(unit).collect()
}

/// A family that hangs on the workspace alone.
async fn family(site: &Site, row: &'static Row) -> Outcome {
    let request = site.request(row.list)?;
    items(site, row, request, None).await.map_err(|mut trouble| {
        // That the workspace and its branch exist is known.
        trouble.missing = trouble.error.kind() == ErrorKind::NotFound;
        trouble
    })
}

/// Everything of a list, with scripts.
async fn items(site: &Site, row: &'static Row, request: Request, parent: Option<&Item>) -> Outcome {
    let above: Vec<xano_metadata::Value> = request.path.clone();
    let answers: Vec<Fields> = listed(&site.connection, with_query(site, request)).await?;
    let mut seen = HashSet::new();
    let mut items = Vec::with_capacity(answers.len());
    for (place, answer) in answers.iter().enumerate() {
        let mut item = Item::new(answer, row.name, place);
        // Pages shift when something comes or goes meanwhile; nothing is there twice.
        if answer.contains_key("id") && !seen.insert(item.id.clone()) {
            continue;
        }
        item.parent = parent.map(|parent| parent.id.clone());
        if let Some(get) = row.get {
            item.script = match script(answer) {
                None => single_script(site, get, &above, &item.id).await?,
                found => found,
            };
        }
        items.push(item);
    }
    Ok(items)
}

/// Adds what the operation can be told.
fn with_query(site: &Site, mut request: Request) -> Request {
    let Some(row) = request.operation() else { return request };
    for param in row.query {
        request = match param.name {
            "branch" => match &site.branch {
                Some(label) => request.query_value("branch", label.as_str()),
                None => request,
            },
            "include_xanoscript" => request.query_value("include_xanoscript", true),
            "per_page" => request.query_value("per_page", PER_PAGE),
            // What is added meanwhile comes last, and shifts nothing.
            "sort" if param.choices.contains(&"created_at") => request.query_value("sort", "created_at"),
            "order" if param.choices.contains(&"asc") => request.query_value("order", "asc"),
            _ => request,
        };
    }
    request
}

/// The XanoScript in an answer.
fn script(answer: &Fields) -> Option<String> {
    let script = answer.get("xanoscript").filter(|script| !script.is_null())?;
    let script: Script = serde_json::from_value(script.clone()).ok()?;
    script.text().map(str::to_owned)
}

/// The XanoScript of a thing that its list shows without.
async fn single_script(
    site: &Site,
    operation: &str,
    above: &[xano_metadata::Value],
    id: &str,
) -> Result<Option<String>, Error> {
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    let mut request = Request::new(operation)?;
    request.path = above.to_vec();
    request = request.path_value(id).query_value("include_xanoscript", true);
    match site.connection.call(request).await {
        Ok(reply) => Ok(script(&reply.json()?)),
        // It went away between the two requests, or the server does not know how to show one.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Tables with their columns and indexes.
async fn tables(site: &Site, families: &[Family], at_once: usize) -> Vec<(Family, Outcome)> {
    let parts: Vec<Family> = [Family::Columns, Family::Indexes]
        .into_iter()
        .filter(|part| families.contains(part))
        .collect();
    let outcome = match row_of(Family::Tables) {
        Ok(row) => family(site, row).await,
        Err(error) => Err(error.into()),
    };
    let tables = match outcome {
        Ok(tables) => tables,
        Err(trouble) => return with_parts(Family::Tables, &parts, trouble),
    };
    let mut found = Vec::new();
    for part in parts {
        let read = spread((0..tables.len()).collect(), at_once, |place| {
            let table = &tables[place];
            async move {
                let row = row_of(part)?;
                let mut items = parts_of(site, row, table).await?;
                for item in &mut items {
                    describe_part(part, table, item);
                }
                Ok(items)
            }
            .boxed()
        })
        .await;
        found.push((
            part,
            read.into_iter()
                .collect::<Result<Vec<_>, Trouble>>()
                .map(|all| all.concat()),
        ));
    }
    found.push((Family::Tables, Ok(tables)));
    found
}

/// API groups with their endpoints.
async fn groups(site: &Site, families: &[Family], at_once: usize) -> Vec<(Family, Outcome)> {
    let parts: &[Family] = if families.contains(&Family::Endpoints) {
        &[Family::Endpoints]
    } else {
        &[]
    };
    let outcome = match row_of(Family::ApiGroups) {
        Ok(row) => family(site, row).await,
        Err(error) => Err(error.into()),
    };
    let groups = match outcome {
        Ok(groups) => groups,
        Err(trouble) => return with_parts(Family::ApiGroups, parts, trouble),
    };
    let mut found = Vec::new();
    if !parts.is_empty() {
        let read = spread((0..groups.len()).collect(), at_once, |place| {
            let group = &groups[place];
            async move {
                let mut items = parts_of(site, row_of(Family::Endpoints)?, group).await?;
                for item in &mut items {
                    let verb = item.text("verb").unwrap_or("?").to_owned();
                    item.key = format!("{verb} {}", item.name);
                    item.name = format!("{verb} {}/{}", group.name, item.name);
                }
                Ok(items)
            }
            .boxed()
        })
        .await;
        let endpoints = read.into_iter().collect::<Result<Vec<_>, Trouble>>();
        found.push((Family::Endpoints, endpoints.map(|all| all.concat())));
    }
    found.push((Family::ApiGroups, Ok(groups)));
    found
}

/// The columns or indexes of a table, the endpoints of a group.
async fn parts_of(site: &Site, row: &'static Row, parent: &Item) -> Outcome {
    let request = site.request(row.list)?.path_value(number(&parent.id));
    items(site, row, request, Some(parent)).await.map_err(|mut trouble| {
        trouble.at = Some(parent.name.clone());
        trouble
    })
}

/// What could not be read cannot be asked for its parts.
fn with_parts(family: Family, parts: &[Family], trouble: Trouble) -> Vec<(Family, Outcome)> {
    let mut outcomes: Vec<(Family, Outcome)> = Vec::new();
    for part in parts {
        let error = Error::config(format!("The {family} that they belong to could not be read."));
        let missing = trouble.missing;
        outcomes.push((
            *part,
            Err(Trouble {
                missing,
                ..error.into()
            }),
        ));
    }
    outcomes.push((family, Err(trouble)));
    outcomes
}

/// Gives a column or an index its name and what it is matched by.
fn describe_part(part: Family, table: &Item, item: &mut Item) {
    if part == Family::Columns {
        item.name = format!("{}.{}", table.name, item.name);
        return;
    }
    let kind = item.text("type").unwrap_or("?").to_owned();
    let fields = item
        .fields
        .get("fields")
        .and_then(Json::as_array)
        .cloned()
        .unwrap_or_default();
    let column = |field: &Json| field.get("name").and_then(Json::as_str).unwrap_or("?").to_owned();
    let columns: Vec<String> = fields.iter().map(column).collect();
    let columns_with: Vec<String> = fields
        .iter()
        .map(|field| match field.get("op").and_then(Json::as_str) {
            Some(op) => format!("{} {op}", column(field)),
            None => column(field),
        })
        .collect();
    let own = item.text("name").map(str::to_owned);
    let shown = own.as_ref().map_or_else(String::new, |name| format!(" {name}"));
    item.key = Json::Object(item.fields.clone()).to_string();
    item.kin = Some(own.map_or_else(
        || format!("{kind}({})", columns.join(",")),
        |name| format!("{kind} {name}"),
    ));
    item.name = format!("{}: {kind}{shown}({})", table.name, columns_with.join(", "));
}

fn row_of(family: Family) -> Result<&'static Row, Error> {
    family
        .row()
        .ok_or_else(|| Error::internal(format!("There is no way to read {family}.")))
}

/// The id as a path takes it.
fn number(id: &str) -> xano_metadata::Value {
    id.parse::<i64>().map_or_else(|_| id.into(), Into::into)
}
