//! A logical backup: tables first, in the order in which they refer to each other, then their records, then the scripts.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde_json::{Map, Value as Json, json};
use xano_metadata::{Body, Error, Request, Value};

use super::definitions::{self, Columns};
use super::plan::{Chosen, Plan};
use super::rows::{self, Ready};
use super::standing::Standing;
use super::{Restored, Task, scripts};
use crate::backup::contents::{self, DOCUMENT, Document, SCRIPTS, Table};
use crate::backup::flaw::{Flaw, Trouble};
use crate::backup::logical::definitions as listed;
use crate::backup::{background, check};

pub(super) async fn restore(task: &Task<'_>) -> Result<Restored, Error> {
    let mut restored = task.report();
    let (file, password) = (task.file.to_owned(), task.options.password.clone());
    let (document, text) = background(move || {
        head(&file, password.as_deref()).map_err(|flaw| flaw.into_error("The backup cannot be restored"))
    })
    .await?;
    let living = task.into.workspace().tables().list().all().await?;
    let living: BTreeMap<String, i64> = living.into_iter().map(|table| (table.name, table.id)).collect();
    let plan = Plan::new(&document, &living, task.options.tables.as_ref())?;
    restored.left_alone.clone_from(&plan.left_alone);
    restored.safety = task.safety(&[]).await?;
    let mut work = Work {
        task,
        document: &document,
        numbers: plan.numbers.clone(),
        standing: Standing {
            safety: restored.safety.clone(),
            ..Standing::default()
        },
        unfinished: Vec::new(),
    };
    let done = work.run(&plan.chosen, &mut restored).await;
    done.map_err(|error| work.standing.told(error))?;
    not_in_it(&document, &plan.chosen, &mut restored);
    if task.options.tables.is_none() {
        match text {
            Some(text) => {
                let pushed = scripts::push(task, &text, &mut restored).await;
                pushed.map_err(|error| work.standing.told(error))?;
            }
            None => restored.not_restored.push("The backup holds no scripts.".to_owned()),
        }
    }
    restored.ok = restored.scripts != Some(false) && restored.tables.iter().all(|table| table.failed == 0);
    Ok(restored)
}

/// The document and the scripts, which come before any record.
fn head(file: &Path, password: Option<&str>) -> Result<(Document, Option<String>), Flaw> {
    let mut tarball = check::open(file, password)?;
    let (mut document, mut scripts) = (None, None);
    while let Some(member) = tarball.next()? {
        match member.name.as_str() {
            DOCUMENT => document = Some(contents::document(&member, &mut tarball)?),
            SCRIPTS => scripts = Some(contents::text(&member, &mut tarball)?),
            _ => break,
        }
    }
    let document = document.ok_or_else(|| Flaw::new(Trouble::Contents, format!("It has no member {DOCUMENT}.")))?;
    Ok((document, scripts))
}

/// Says what no logical backup brings back.
fn not_in_it(document: &Document, chosen: &[Chosen], restored: &mut Restored) {
    for table in chosen {
        let columns = document.tables[table.place].columns.iter();
        let passwords: Vec<&str> = columns
            .filter(|column| column["type"] == "password")
            .filter_map(|column| column["name"].as_str())
            .collect();
        if !passwords.is_empty() {
            restored.not_restored.push(format!(
                "Passwords, which the server does not answer: {}.{}.",
                table.name,
                passwords.join(", ")
            ));
        }
    }
}

/// A restore under way.
struct Work<'w> {
    task: &'w Task<'w>,
    document: &'w Document,
    /// What the numbers of tables in the backup are in the workspace.
    numbers: HashMap<i64, i64>,
    standing: Standing,
    /// Tables whose columns are not as in the backup yet.
    unfinished: Vec<(usize, i64)>,
}

impl Work<'_> {
    async fn run(&mut self, chosen: &[Chosen], restored: &mut Restored) -> Result<(), Error> {
        self.make_sources().await?;
        let mut ready = Vec::new();
        for table in in_order(self.document, chosen, &self.numbers) {
            let number = match table.existing {
                Some(number) => self.overwrite(table, number).await?,
                None => self.make(table).await?,
            };
            self.standing.defined.push(table.name.clone());
            self.numbers.insert(self.document.tables[table.place].id, number);
            ready.push(Ready { chosen: table, number });
        }
        // Tables that refer to themselves, or to each other.
        for (place, number) in self.unfinished.clone() {
            let columns = self.columns(place, true);
            if !columns.loosened.is_empty() {
                restored.not_restored.push(format!(
                    "References to tables that are not there, so these columns are plain values: {}.",
                    columns.loosened.join(", ")
                ));
            }
            self.replace(number, "columns", "schema", &columns.list).await?;
        }
        ready.sort_by_key(|table| table.chosen.place);
        restored.tables = rows::restore(self.task, self.document, &ready, &mut self.standing).await?;
        for table in &ready {
            let columns = self.columns(table.chosen.place, false);
            if !columns.passwords.is_empty() {
                self.replace(table.number, "columns", "schema", &columns.list).await?;
            }
        }
        Ok(())
    }

    fn table(&self, place: usize) -> &Table {
        &self.document.tables[place]
    }

    fn columns(&self, place: usize, open_passwords: bool) -> Columns {
        definitions::columns(&self.table(place).columns, &self.numbers, open_passwords)
    }

    fn request(&self, operation: &str, table: i64) -> Result<Request, Error> {
        let request = Request::new(&format!("instance.workspace.table.{operation}"))?;
        Ok(request.path_value(Value::Int(self.task.subject.id)).path_value(table))
    }

    async fn make_sources(&mut self) -> Result<(), Error> {
        let wanted = &self.document.data_sources;
        if wanted.iter().all(|source| source.label == "live") {
            return Ok(());
        }
        let sources = self.task.into.workspace().data_sources();
        let living = sources.list().all().await?;
        for source in wanted {
            if living.iter().any(|known| known.label == source.label) {
                continue;
            }
            let mut create = sources.create(&source.label);
            if let Some(color) = &source.color {
                create = create.color(color);
            }
            create.await?;
            self.standing.sources.push(source.label.clone());
        }
        Ok(())
    }

    /// Makes a table that is not there.
    async fn make(&mut self, chosen: &Chosen) -> Result<i64, Error> {
        let columns = self.columns(chosen.place, true);
        let table = self.table(chosen.place);
        let mut body = self.meta(chosen);
        body.insert("name".to_owned(), json!(chosen.name));
        body.insert("schema".to_owned(), json!(columns.list));
        body.insert(
            "index".to_owned(),
            json!(definitions::indexes(&table.indexes, &table.columns)),
        );
        if let Some(guid) = table
            .guid
            .as_ref()
            .filter(|guid| chosen.name == table.name && !guid.is_empty())
        {
            body.insert("guid".to_owned(), json!(guid));
        }
        let request = Request::new("instance.workspace.tables.create")?;
        let request = request
            .path_value(Value::Int(self.task.subject.id))
            .body(Body::json(&body)?);
        let reply = self.task.into.connection.call(request).await?;
        let made: Json = reply.json()?;
        let number = made.get("id").and_then(Json::as_i64);
        let number =
            number.ok_or_else(|| reply.decode_error("The answer does not say the number of the new table."))?;
        if !columns.loosened.is_empty() {
            self.unfinished.push((chosen.place, number));
        }
        Ok(number)
    }

    /// Empties a table that is there, and makes it like the one in the backup.
    async fn overwrite(&mut self, chosen: &Chosen, number: i64) -> Result<i64, Error> {
        for source in &self.document.data_sources {
            let request = self.request("truncate", number)?;
            let request = request.header_value("x-data-source", source.label.as_str());
            self.standing.at = Some(chosen.name.clone());
            let request = request.body(Body::json(&json!({"reset": true}))?);
            self.task.into.connection.call(request).await?;
        }
        self.standing.at = None;
        self.standing.emptied.push(chosen.name.clone());
        let columns = self.columns(chosen.place, true);
        if !columns.loosened.is_empty() {
            self.unfinished.push((chosen.place, number));
        }
        let there = listed(self.task.into, number, "columns", "schema").await?;
        if there != columns.list {
            self.replace(number, "columns", "schema", &columns.list).await?;
        }
        let table = self.table(chosen.place);
        let wanted = definitions::indexes(&table.indexes, &table.columns);
        let there = listed(self.task.into, number, "indexes", "index").await?;
        if !definitions::same_indexes(&wanted, &definitions::indexes(&there, &table.columns)) {
            self.replace(number, "indexes", "index", &wanted).await?;
        }
        let meta = self.meta(chosen);
        if !meta.is_empty() {
            let request = self.request("update", number)?.body(Body::json(&meta)?);
            self.task.into.connection.call(request).await?;
        }
        Ok(number)
    }

    /// What a table says of itself besides its definition.
    fn meta(&self, chosen: &Chosen) -> Map<String, Json> {
        let table = self.table(chosen.place);
        let fields = [
            ("description", table.description.as_ref().map(|text| json!(text))),
            ("docs", table.docs.as_ref().map(|text| json!(text))),
            ("auth", table.auth.map(|auth| json!(auth))),
            ("tag", table.tag.as_ref().map(|tags| json!(tags))),
        ];
        let given = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        given.collect()
    }

    async fn replace(&self, table: i64, what: &str, field: &str, list: &impl serde::Serialize) -> Result<(), Error> {
        let request = self.request(&format!("{what}.replace"), table)?;
        let body = json!({ field: list });
        self.task.into.connection.call(request.body(Body::json(&body)?)).await?;
        Ok(())
    }
}

/// Tables before those that refer to them, as far as that is possible.
fn in_order<'c>(document: &Document, chosen: &'c [Chosen], known: &HashMap<i64, i64>) -> Vec<&'c Chosen> {
    let id = |table: &Chosen| document.tables[table.place].id;
    let mut waiting: Vec<&Chosen> = chosen.iter().collect();
    let mut order = Vec::with_capacity(chosen.len());
    while !waiting.is_empty() {
        let free = waiting.iter().position(|table| {
            definitions::referred(&document.tables[table.place].columns)
                .into_iter()
                .all(|other| {
                    other == id(table) || known.contains_key(&other) || !waiting.iter().any(|t| id(t) == other)
                })
        });
        // In a circle somebody has to be the first.
        order.push(waiting.remove(free.unwrap_or(0)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_come_before_those_that_refer_to_them() {
        let table = |id: i64, refers: &[i64]| Table {
            id,
            name: id.to_string(),
            description: None,
            docs: None,
            guid: None,
            auth: None,
            tag: None,
            columns: refers
                .iter()
                .map(|other| json!({"name": "x", "tableref_id": other}))
                .collect(),
            indexes: Vec::new(),
        };
        let document = |tables| Document {
            format: contents::FORMAT.to_owned(),
            name: String::new(),
            description: None,
            branch: None,
            data_sources: Vec::new(),
            tables,
        };
        let ordered = |document: &Document| {
            let chosen: Vec<Chosen> = (0..document.tables.len())
                .map(|place| Chosen {
                    place,
                    name: place.to_string(),
                    existing: None,
                })
                .collect();
            let order = in_order(document, &chosen, &HashMap::new());
            order
                .into_iter()
                .map(|table| document.tables[table.place].id)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            ordered(&document(vec![table(1, &[2]), table(2, &[3, 2]), table(3, &[9])])),
            [3, 2, 1]
        );
        assert_eq!(ordered(&document(vec![table(1, &[2]), table(2, &[1])])).len(), 2);
    }
}
