//! Changing the columns of a table that has records.
//!
//! A column keeps its physical place for life, so renaming touches the catalogue alone, and a column
//! of an old name starts empty. Data that a change cannot keep is a refusal, not a loss: only a column
//! that is left out of a new schema, or deleted, takes its data along.

use rusqlite::params_from_iter;
use rusqlite::types::Value as Cell;
use serde_json::value::RawValue;

use super::Data;
use super::column::{self, Column};
use super::index::Index;
use super::kind::Kind;
use super::store::{Store, sql_type};
use super::table::{Table, prepare_key};
use super::value::{self, Filler};
use crate::error::ApiError;

impl Data<'_> {
    /// Adds a column at the end; records that exist get its default.
    pub fn add_column(self, table: &mut Table, mut column: Column) -> Result<(), ApiError> {
        let mut all = table.columns().to_vec();
        all.push(column.clone());
        column::check_names(&all, "name")?;
        self.atomically(|| {
            self.place(table, &mut column)?;
            table.definition.columns.push(column);
            self.save(table)
        })
    }

    /// Gives a column a place in every store, and its default to every record.
    fn place(self, table: &mut Table, column: &mut Column) -> Result<(), ApiError> {
        table.definition.last_slot += 1;
        column.slot = table.definition.last_slot;
        let filler = value::backfill(column).map_err(|refusal| refusal.into_error(&column.name))?;
        for store in self.stores(table.key)? {
            let (name, place) = (store.sql_name(), column.sql_name());
            self.db
                .execute_batch(&format!("ALTER TABLE {name} ADD COLUMN {place} {}", sql_type(column)))?;
            self.fill(&name, &place, &filler, "")?;
        }
        Ok(())
    }

    fn fill(self, name: &str, place: &str, filler: &Filler, only: &str) -> Result<(), ApiError> {
        if matches!(filler, Filler::Uuid) {
            let ids: Vec<i64> = self
                .db
                .prepare(&format!("SELECT rowid FROM {name}{only}"))?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut update = self
                .db
                .prepare(&format!("UPDATE {name} SET {place} = ?2 WHERE rowid = ?1"))?;
            for id in ids {
                update.execute((id, crate::store::uuid()))?;
            }
            return Ok(());
        }
        match filler.cell(self.now_ms) {
            None | Some(Cell::Null) => {}
            Some(cell) => {
                self.db
                    .execute(&format!("UPDATE {name} SET {place} = ?1{only}"), [cell])?;
            }
        }
        Ok(())
    }

    /// Renames a column; its data and its indexes stay.
    pub fn rename_column(self, table: &mut Table, old: &str, new: &str) -> Result<(), ApiError> {
        column::check_name(new, "new_name")?;
        let columns = &mut table.definition.columns;
        let at = columns.iter().position(|column| column.name == old).ok_or_else(|| {
            ApiError::input(
                "old_name",
                format!("Invalid value for param: old_name. The table has no column {old:?}."),
            )
        })?;
        if at == 0 {
            return Err(ApiError::input(
                "old_name",
                "Invalid value for param: old_name. The column id keeps its name.",
            ));
        }
        let taken = columns
            .iter()
            .enumerate()
            .any(|(other, column)| other != at && column.name.to_lowercase() == new.to_lowercase());
        if taken {
            return Err(ApiError::input(
                "new_name",
                format!("Invalid value for param: new_name. The table has a column named {new:?} already."),
            ));
        }
        new.clone_into(&mut columns[at].name);
        for field in table.definition.indexes.iter_mut().flat_map(|index| &mut index.fields) {
            if field.name == old {
                new.clone_into(&mut field.name);
            }
        }
        self.save(table)
    }

    /// Deletes a column with its data, and the indexes that it is in.
    pub fn delete_column(self, table: &mut Table, name: &str) -> Result<(), ApiError> {
        let column = table.column(name)?.clone();
        if column.slot == 0 {
            return Err(ApiError::bad_request("The column id cannot be deleted."));
        }
        self.atomically(|| {
            self.remove_place(table, &column)?;
            table.definition.columns.retain(|other| other.slot != column.slot);
            self.save(table)
        })
    }

    /// Takes a column's place away in every store, and answers the indexes that went with it.
    fn remove_place(self, table: &mut Table, column: &Column) -> Result<Vec<Index>, ApiError> {
        let (dropped, kept): (Vec<Index>, Vec<Index>) = std::mem::take(&mut table.definition.indexes)
            .into_iter()
            .partition(|index| index.fields.iter().any(|field| field.name == column.name));
        table.definition.indexes = kept;
        for store in self.stores(table.key)? {
            for index in &dropped {
                self.drop_physical_index(store, index)?;
            }
            self.db.execute_batch(&format!(
                "ALTER TABLE {} DROP COLUMN {}",
                store.sql_name(),
                column.sql_name()
            ))?;
        }
        Ok(dropped)
    }

    /// Replaces all columns. Columns of the same name keep their data, converted where the kind
    /// changes; the others are dropped or added.
    pub fn replace_columns(self, table: &mut Table, mut wanted: Vec<Column>) -> Result<(), ApiError> {
        prepare_key(&mut wanted)?;
        column::check_names(&wanted, "schema")?;
        if wanted[0].kind != table.key_kind() {
            return self.change_key(table, wanted);
        }
        self.atomically(|| {
            let former = std::mem::take(&mut table.definition.columns);
            for gone in former
                .iter()
                .filter(|old| wanted.iter().all(|new| new.name != old.name))
            {
                self.remove_place(table, gone)?;
            }
            let mut waiting = Vec::new();
            for column in wanted.iter_mut().skip(1) {
                let Some(old) = former.iter().find(|old| old.name == column.name) else {
                    self.place(table, column)?;
                    continue;
                };
                column.slot = old.slot;
                if (old.kind, old.list) != (column.kind, column.list) {
                    waiting.extend(self.convert(table, old, column)?);
                }
                self.fill_nulls(table, old, column)?;
            }
            table.definition.columns = wanted;
            self.rebuild(table, waiting)?;
            self.save(table)
        })
    }

    /// Builds indexes anew on converted columns, where they still fit.
    fn rebuild(self, table: &mut Table, waiting: Vec<Index>) -> Result<(), ApiError> {
        for index in waiting {
            if index.check(table.columns(), "schema").is_err() {
                continue;
            }
            for store in self.stores(table.key)? {
                self.create_physical_index(table, store, &index)?;
            }
            table.definition.indexes.push(index);
        }
        Ok(())
    }

    /// Numbers cannot become UUIDs, so this is for tables without records.
    fn change_key(self, table: &mut Table, mut wanted: Vec<Column>) -> Result<(), ApiError> {
        for store in self.stores(table.key)? {
            if self.rows(store)? > 0 {
                return Err(ApiError::input(
                    "schema",
                    "Invalid value for param: schema. The type of id can change only while the table is empty.",
                ));
            }
        }
        self.atomically(|| {
            for column in &mut wanted[1..] {
                table.definition.last_slot += 1;
                column.slot = table.definition.last_slot;
            }
            table.definition.columns = wanted;
            let names: Vec<_> = table.columns().iter().map(|column| column.name.clone()).collect();
            let stays = |index: &Index| index.fields.iter().all(|field| names.contains(&field.name));
            table.definition.indexes.retain(stays);
            for store in self.stores(table.key)? {
                self.db.execute_batch(&format!("DROP TABLE {}", store.sql_name()))?;
                self.create_physical(table, store)?;
            }
            self.save(table)
        })
    }

    /// Moves a column to a new place of another type, value by value; answers the indexes of the old place.
    fn convert(self, table: &mut Table, old: &Column, new: &mut Column) -> Result<Vec<Index>, ApiError> {
        table.definition.last_slot += 1;
        new.slot = table.definition.last_slot;
        for store in self.stores(table.key)? {
            let name = store.sql_name();
            self.db.execute_batch(&format!(
                "ALTER TABLE {name} ADD COLUMN {} {}",
                new.sql_name(),
                sql_type(new)
            ))?;
            self.convert_store(store, old, new)?;
        }
        self.remove_place(table, old)
    }

    fn convert_store(self, store: Store, old: &Column, new: &Column) -> Result<(), ApiError> {
        let (name, from, to) = (store.sql_name(), old.sql_name(), new.sql_name());
        let mut read = self.db.prepare(&format!(
            "SELECT rowid, id, {from} FROM {name} WHERE {from} IS NOT NULL"
        ))?;
        let mut write = self
            .db
            .prepare(&format!("UPDATE {name} SET {to} = ?2 WHERE rowid = ?1"))?;
        let stored: Vec<(i64, Cell, Cell)> = read
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (rowid, id, cell) in stored {
            let converted = converted(old, new, &cell, self.now_ms).ok_or_else(|| {
                let id = match id {
                    Cell::Integer(number) => number.to_string(),
                    Cell::Text(text) => text,
                    _ => String::new(),
                };
                ApiError::input(
                    "schema",
                    format!(
                        "Invalid value for param: schema. Column {:?} cannot become {}: the value of record {id} does not fit.",
                        new.name,
                        new.kind.name()
                    ),
                )
            })?;
            write.execute(params_from_iter([Cell::Integer(rowid), converted]))?;
        }
        Ok(())
    }

    /// A column that stops taking nulls gets its default where there were any.
    fn fill_nulls(self, table: &Table, old: &Column, new: &Column) -> Result<(), ApiError> {
        if new.takes_null() || !old.takes_null() {
            return Ok(());
        }
        let filler = value::backfill(new).map_err(|refusal| refusal.into_error(&new.name))?;
        for store in self.stores(table.key)? {
            let place = new.sql_name();
            self.fill(&store.sql_name(), &place, &filler, &format!(" WHERE {place} IS NULL"))?;
        }
        Ok(())
    }
}

/// A value in its new kind: as it stands, between quotes, or as the only one of a list.
fn converted(old: &Column, new: &Column, cell: &Cell, now_ms: i64) -> Option<Cell> {
    let free = Column {
        filters: super::filters::Filters::default(),
        ..new.clone()
    };
    let mut json = String::new();
    value::write_cell(if old.list { Kind::Json } else { old.kind }, cell, &mut json);
    let quoted = serde_json::to_string(&json).ok()?;
    let lists = [format!("[{json}]"), format!("[{quoted}]")];
    [json, quoted].into_iter().chain(lists).find_map(|json| {
        let raw = RawValue::from_string(json).ok()?;
        value::cell(&free, &raw, now_ms).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{NOW, database, parsed, table};
    use crate::data::{Fields, LIVE};

    fn columns(json: &str) -> Vec<Column> {
        Column::list_from_json(&parsed(json), "schema").expect("columns")
    }

    #[test]
    fn a_new_column_backfills_and_a_renamed_one_keeps_its_data() {
        let db = database();
        let data = Data::new(&db, NOW);
        let mut table = table(data, r#"[{"name": "a", "type": "text"}]"#);
        let insert = |table: &Table, json: &str| {
            let records = data.records(table, LIVE).expect("records");
            parsed(&records.create(&Fields::parse(json).expect("fields")).expect("created"))
        };
        insert(&table, r#"{"a": "x"}"#);
        for (column, first) in [
            (r#"{"name": "n", "type": "int", "default": "7", "required": true}"#, "7"),
            (r#"{"name": "t", "type": "text"}"#, "\"\""),
            (
                r#"{"name": "at", "type": "timestamp", "default": "now"}"#,
                "1681336838000",
            ),
            (r#"{"name": "l", "type": "int", "style": "list"}"#, "[]"),
            (r#"{"name": "u", "type": "uuid"}"#, "null"),
        ] {
            let column = columns(&format!("[{column}]")).remove(0);
            let name = column.name.clone();
            data.add_column(&mut table, column).expect("added");
            let row = parsed(
                &data
                    .records(&table, LIVE)
                    .expect("records")
                    .get("1")
                    .expect("the record"),
            );
            assert_eq!(row[&name], parsed(first), "{name}");
        }
        data.rename_column(&mut table, "a", "b").expect("renamed");
        let row = parsed(
            &data
                .records(&table, LIVE)
                .expect("records")
                .get("1")
                .expect("the record"),
        );
        assert_eq!(row["b"], "x");
        data.delete_column(&mut table, "b").expect("deleted");
        data.add_column(&mut table, columns(r#"[{"name": "b", "type": "text"}]"#).remove(0))
            .expect("again");
        let row = parsed(
            &data
                .records(&table, LIVE)
                .expect("records")
                .get("1")
                .expect("the record"),
        );
        assert_eq!(row["b"], "", "a new column of an old name starts empty");
        for (old, new, param) in [
            ("id", "x", "old_name"),
            ("nope", "x", "old_name"),
            ("n", "T", "new_name"),
            ("n", "a|b", "new_name"),
        ] {
            let error = data.rename_column(&mut table, old, new).expect_err(new);
            assert_eq!(error.payload["param"], param, "{old} {new}");
        }
        assert!(data.delete_column(&mut table, "id").is_err());
    }

    #[test]
    fn a_new_schema_keeps_the_data_of_columns_that_stay() {
        let db = database();
        let data = Data::new(&db, NOW);
        let mut table = table(
            data,
            r#"[{"name": "keep", "type": "text"}, {"name": "turn", "type": "text"}, {"name": "drop", "type": "int"}]"#,
        );
        {
            let records = data.records(&table, "dev").expect("records");
            let fields = Fields::parse(r#"{"keep": "k", "turn": "42", "drop": 1}"#).expect("fields");
            records.create(&fields).expect("created");
        }
        let wanted = columns(
            r#"[{"name": "id", "type": "int"}, {"name": "turn", "type": "int"}, {"name": "new", "type": "bool"}, {"name": "keep", "type": "text"}]"#,
        );
        data.replace_columns(&mut table, wanted).expect("replaced");
        let records = data.records(&table, "dev").expect("records");
        assert_eq!(
            records.get("1").expect("the record"),
            r#"{"id":1,"turn":42,"new":false,"keep":"k"}"#
        );
        let refused = columns(r#"[{"name": "id", "type": "int"}, {"name": "keep", "type": "int"}]"#);
        let error = data.replace_columns(&mut table, refused).expect_err("k is no number");
        assert!(error.message.contains("record 1"), "{}", error.message);
        let again = data.table(1, table.id).expect("the table");
        assert_eq!(again.columns().len(), 4, "a refused change changes nothing");
        for bad in [
            r#"[{"name": "a", "type": "int"}]"#,
            r#"[{"name": "id", "type": "text"}]"#,
            r#"[{"name": "id", "type": "uuid"}]"#,
            "[]",
        ] {
            let mut again = again.clone();
            assert!(data.replace_columns(&mut again, columns(bad)).is_err(), "{bad}");
        }
    }
}
