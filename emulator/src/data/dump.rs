//! Whole tables out and in again: for archives, clones and copies between data sources.
//!
//! A dump is a definition and, for each data source, its records as JSON text one at a time, hashed
//! passwords included. Loading one gives equal records under equal ids.

use serde_json::{Value, json};

use super::Data;
use super::fields::Fields;
use super::record::{Inserter, Records};
use super::table::{Changes, Definition, NewTable, Table};
use crate::error::ApiError;

/// The definition of a table, for [`Data::load_table`].
pub fn dump_table(table: &Table) -> Result<Value, ApiError> {
    let definition = serde_json::to_value(&table.definition)
        .map_err(|error| ApiError::fatal(format!("A definition cannot be written: {error}.")))?;
    Ok(json!({"name": table.name, "definition": definition}))
}

impl Data<'_> {
    /// Makes a table from a dumped definition, without records.
    pub fn load_table(self, workspace_key: i64, id: Option<i64>, dump: &Value) -> Result<Table, ApiError> {
        let refuse = || ApiError::bad_request("The archive holds a table without a name or a definition.");
        let name = dump.get("name").and_then(Value::as_str).ok_or_else(refuse)?;
        let definition = dump.get("definition").ok_or_else(refuse)?;
        let definition: Definition = serde_json::from_value(definition.clone()).map_err(|_| refuse())?;
        let changes = Changes {
            description: Some(definition.description),
            docs: Some(definition.docs),
            tag: Some(definition.tag),
            guid: Some(definition.guid),
            auth: Some(definition.auth),
            security: Some(definition.security),
            autocomplete: Some(definition.autocomplete),
            ..Changes::default()
        };
        let new = NewTable {
            name: name.to_owned(),
            id,
            columns: Some(definition.columns),
            indexes: Some(definition.indexes),
            uuid_key: false,
            changes: Changes {
                // Autocomplete is checked against the columns, which exist only afterwards.
                autocomplete: None,
                ..changes.clone()
            },
        };
        let table = self.create_table(workspace_key, new)?;
        self.change_table(table, changes)
    }

    /// Hands every record of a table in a data source to `each`, as JSON text, by id.
    pub fn dump_records(
        self,
        table: &Table,
        data_source: &str,
        mut each: impl FnMut(&str) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let records = Records::open(self, table, self.store(table, data_source)?, true);
        let sql = format!("SELECT {} FROM {} ORDER BY rowid", records.select, records.name);
        let mut statement = self.db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut json = String::new();
        while let Some(row) = rows.next()? {
            json.clear();
            records.write_row(row, &mut json)?;
            each(&json)?;
        }
        Ok(())
    }

    /// Adds dumped records and answers how many they were.
    pub fn load_records<S: AsRef<str>>(
        self,
        table: &Table,
        data_source: &str,
        dumped: impl IntoIterator<Item = Result<S, ApiError>>,
    ) -> Result<usize, ApiError> {
        self.atomically(|| {
            let records = self.records(table, data_source)?;
            let inserter = Inserter::copying(&records)?;
            let mut count = 0;
            for json in dumped {
                let json = json?;
                let fields = Fields::parse(json.as_ref()).map_err(|error| {
                    ApiError::bad_request(format!("A record in the archive cannot be read: {error}."))
                })?;
                inserter.insert(&fields)?;
                count += 1;
            }
            records.count(count, 1)?;
            Ok(count)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{NOW, database, table};

    #[test]
    fn what_was_dumped_loads_as_it_was() {
        let db = database();
        let data = Data::new(&db, NOW);
        let mut table = table(
            data,
            r#"[{"name": "word", "type": "text", "filters": {"min": 3}}, {"name": "secret", "type": "password"},
                {"name": "when", "type": "date"}, {"name": "big", "type": "decimal"}]"#,
        );
        let index = json!({"fields": [{"name": "word", "op": "asc"}]});
        let index =
            super::super::Index::from_json(index.as_object().expect("object"), Some("unique"), None).expect("an index");
        data.add_index(&mut table, index).expect("added");
        let records = data.records(&table, "dev").expect("records");
        for json in [
            r#"{"word": "one", "secret": "s3cret", "when": "2023-04-12", "big": 12345678901234567890.5}"#,
            r#"{"word": "two", "secret": "other", "big": -0.1}"#,
        ] {
            records.create(&Fields::parse(json).expect("fields")).expect("created");
        }
        let dump = |table: &Table| {
            let mut rows = Vec::new();
            data.dump_records(table, "dev", |json| {
                rows.push(json.to_owned());
                Ok(())
            })
            .expect("dumped");
            rows
        };
        let rows = dump(&table);
        assert!(
            rows[0].contains("sha256.") && rows[0].contains("12345678901234567890.5"),
            "{}",
            rows[0]
        );
        let copy = data
            .load_table(2, None, &dump_table(&table).expect("a definition"))
            .expect("a copy");
        assert_eq!(data.load_records(&copy, "dev", rows.iter().map(Ok)).expect("loaded"), 2);
        assert_eq!(dump(&copy), rows);
        assert_eq!(copy.definition.indexes, table.definition.indexes);
        let again = data
            .load_records(&copy, "dev", rows.iter().map(Ok))
            .expect_err("the ids are taken");
        assert_eq!(again.code, "ERROR_CODE_CONFLICT");
    }
}
