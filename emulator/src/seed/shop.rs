//! The demonstration shop: three tables that refer to each other, with enough orders for a dozen pages.
//!
//! It looks the same on every day and in every run, so that examples can say what they will print.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::data::{Changes, Column, Data, Fields, Index, LIVE, NewTable, Table};
use crate::error::ApiError;
use crate::store::workspaces::{Workspace, next_id};

const HOUR: i64 = 3_600_000;

/// Adds the tables `customer`, `product` and `order` with their records; does nothing where there are
/// tables already. `start` is the moment of the first order.
pub fn fill(db: &Connection, workspace: &Workspace, start: i64) -> Result<(), ApiError> {
    let data = Data::new(db, start);
    if !data.tables(workspace.key)?.is_empty() {
        return Ok(());
    }
    let customers = table(
        data,
        workspace,
        "customer",
        json!([
            {"name": "name", "type": "text", "required": true},
            {"name": "email", "type": "email", "filters": {"trim": true, "lower": true}},
            {"name": "city", "type": "enum", "values": ["Berlin", "Lagos", "Lima", "Osaka"], "nullable": true},
        ]),
        Some("email"),
    )?;
    let products = table(
        data,
        workspace,
        "product",
        json!([
            {"name": "sku", "type": "text", "required": true},
            {"name": "title", "type": "text"},
            {"name": "price", "type": "decimal", "filters": {"min": 0}},
            {"name": "tags", "type": "text", "style": "list"},
            {"name": "size", "type": "object", "nullable": true, "children": [
                {"name": "width", "type": "decimal"}, {"name": "height", "type": "decimal"}]},
        ]),
        Some("sku"),
    )?;
    let orders = table(
        data,
        workspace,
        "order",
        json!([
            {"name": "customer", "type": "int", "tableref_id": customers.id, "required": true},
            {"name": "product", "type": "int", "tableref_id": products.id, "required": true},
            {"name": "quantity", "type": "int", "default": "1", "filters": {"min": 1}},
            {"name": "total", "type": "decimal"},
            {"name": "status", "type": "enum", "values": ["open", "paid", "sent", "returned"], "default": "open"},
            {"name": "day", "type": "date"},
            {"name": "note", "type": "text", "nullable": true},
        ]),
        None,
    )?;
    insert(data, &customers, (1..=24).map(customer))?;
    insert(data, &products, (1..=36).map(product))?;
    insert(data, &orders, (1..=600).map(|number| order(number, start)))
}

fn table(
    data: Data<'_>,
    workspace: &Workspace,
    name: &str,
    columns: Value,
    unique: Option<&str>,
) -> Result<Table, ApiError> {
    let mut all = vec![
        json!({"name": "id", "type": "int"}),
        json!({"name": "created_at", "type": "timestamp", "default": "now", "access": "private"}),
    ];
    if let Value::Array(columns) = columns {
        all.extend(columns);
    }
    let columns = Column::list_from_json(&Value::Array(all), "schema")?;
    let mut indexes = Index::usual(&columns);
    if let Some(name) = unique {
        let index = json!([{"type": "btree|unique", "fields": [{"name": name, "op": "asc"}]}]);
        indexes.extend(Index::list_from_json(&index, "index")?);
    }
    let new = NewTable {
        id: Some(next_id(data.db(), workspace.instance_id, "table")?),
        columns: Some(columns),
        indexes: Some(indexes),
        changes: Changes {
            tag: Some(vec!["demo".to_owned()]),
            ..Changes::default()
        },
        ..NewTable::named(name)
    };
    data.create_table(workspace.key, new)
}

fn insert(data: Data<'_>, table: &Table, rows: impl Iterator<Item = Value>) -> Result<(), ApiError> {
    let texts: Vec<String> = rows.map(|row| row.to_string()).collect();
    let fields = texts
        .iter()
        .map(|text| Fields::parse(text))
        .collect::<Result<Vec<_>, _>>();
    let fields = fields.map_err(|error| ApiError::fatal(error.to_string()))?;
    data.records(table, LIVE)?.create_many(&fields, false)?;
    Ok(())
}

/// One of a few, by number.
fn pick<'a>(words: &[&'a str], number: i64) -> &'a str {
    words[usize::try_from(number).unwrap_or(0) % words.len()]
}

fn customer(number: i64) -> Value {
    const NAMES: [&str; 6] = ["Ada", "Björn", "Chinwe", "Dalia", "Emre", "Fuka"];
    let name = format!("{} {}", pick(&NAMES, number), number);
    let city = (number % 5 > 0).then(|| pick(&["Berlin", "Lagos", "Lima", "Osaka"], number));
    json!({"name": name, "email": format!("customer{number}@example.com"), "city": city})
}

fn cents(product: i64) -> i64 {
    (product * 377) % 9000 + 99
}

/// Cents as a decimal, by hand: a double would do, but need not.
fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn product(number: i64) -> Value {
    const THINGS: [&str; 6] = ["Lamp", "Chair", "Desk", "Shelf", "Clock", "Mirror"];
    let thing = pick(&THINGS, number);
    let size = (number % 4 > 0).then(|| json!({"width": number + 20, "height": number * 2 + 30}));
    json!({
        "sku": format!("{}-{number:03}", thing[..2].to_uppercase()),
        "title": format!("{thing} {}", pick(&["oak", "steel", "glass"], number)),
        "price": euros(cents(number)),
        "tags": if number % 3 == 0 { vec!["new", "home"] } else { vec!["home"] },
        "size": size,
    })
}

fn order(number: i64, start: i64) -> Value {
    let (product, quantity) = (number * 7 % 36 + 1, number % 4 + 1);
    let at = start + number * 14 * HOUR;
    json!({
        "created_at": at,
        "customer": number * 5 % 24 + 1,
        "product": product,
        "quantity": quantity,
        "total": euros(cents(product) * quantity),
        "status": pick(&["paid", "sent", "open", "sent", "returned"], number),
        "day": &crate::clock::timestamptz(at)[..10],
        "note": (number % 9 == 0).then_some("Please ring twice."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{instances, open, users, workspaces};

    #[test]
    fn the_shop_opens_once() {
        let db = open(None).expect("memory");
        let user = users::add(&db, "a", "a@b.c", crate::options::ExtrasForm::default(), false, 0).expect("a user");
        let instance = instances::Instance {
            name: "x".to_owned(),
            ..instances::Instance::default()
        };
        let instance = instances::add(&db, &instance, user).expect("an instance");
        let workspace = workspaces::list(&db, instance).expect("workspaces").remove(0);
        for _ in 0..2 {
            fill(&db, &workspace, 1_736_931_600_000).expect("filled");
        }
        let data = Data::new(&db, 0);
        let tables = data.tables(workspace.key).expect("tables");
        let names: Vec<_> = tables.iter().map(|table| (table.id, table.name.as_str())).collect();
        assert_eq!(names, [(1, "customer"), (2, "product"), (3, "order")]);
        let first = data
            .records(&tables[2], LIVE)
            .expect("records")
            .get("1")
            .expect("an order");
        assert!(
            first.contains(r#""quantity":2,"total":62.3,"status":"sent","day":"2025-01-15""#),
            "{first}"
        );
    }
}
