//! Rows in and out of `SQLite`.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row as Read, named_params};

use super::ledger::{ErrandFilter, SaleFilter, TokenFilter};
use super::moment::Moment;
use super::records::{Entry, Errand, ErrandKind, ErrandState, Row, Sale, SaleState, Tier, Token, TokenState};
use super::secret::InstallKey;

impl FromSql for Moment {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::read(value.as_str()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Moment {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for InstallKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(Self::from)
    }
}

impl ToSql for InstallKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.reveal().into())
    }
}

macro_rules! named {
    ($($kind:ident),+) => {
        $(
            impl FromSql for $kind {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    Self::of(value.as_str()?).ok_or(FromSqlError::InvalidType)
                }
            }

            impl ToSql for $kind {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    Ok(self.name().into())
                }
            }
        )+
    };
}

named!(TokenState, SaleState, ErrandKind, ErrandState);

pub(super) fn tiers(connection: &Connection) -> rusqlite::Result<Vec<Tier>> {
    let mut statement = connection.prepare_cached("SELECT * FROM tier ORDER BY rowid")?;
    let tier = |row: &Read<'_>| {
        Ok(Tier {
            name: row.get("name")?,
            snippet: row.get("snippet")?,
            installs: row.get("installs")?,
            price: row.get("price")?,
            price_minor: row.get("price_minor")?,
            instructions: row.get("instructions")?,
            title: row.get("title")?,
            install_access: row.get("install_access")?,
            version: row.get("version")?,
        })
    };
    statement.query_map([], tier)?.collect()
}

pub(super) fn tokens(connection: &Connection, which: &TokenFilter) -> rusqlite::Result<Vec<Token>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM token
         WHERE (:key IS NULL OR key = :key) AND (:snippet IS NULL OR snippet = :snippet)
           AND (:installs IS NULL OR installs = :installs) AND (:state IS NULL OR state = :state)
         ORDER BY rowid LIMIT :limit",
    )?;
    let token = |row: &Read<'_>| {
        Ok(Token {
            key: row.get("key")?,
            snippet: row.get("snippet")?,
            installs: row.get("installs")?,
            state: row.get("state")?,
            sale: row.get("sale")?,
            note: row.get("note")?,
            known_at: row.get("known_at")?,
            version: row.get("version")?,
        })
    };
    let limit = which.limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
    let given = named_params! {
        ":key": which.key, ":snippet": which.snippet, ":installs": which.installs, ":state": which.state, ":limit": limit,
    };
    statement.query_map(given, token)?.collect()
}

pub(super) fn sales(connection: &Connection, which: &SaleFilter) -> rusqlite::Result<Vec<Sale>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM sale
         WHERE (:id IS NULL OR id = :id) AND (:order IS NULL OR \"order\" = :order)
           AND (:tier IS NULL OR tier = :tier) AND (:buyer IS NULL OR buyer = :buyer)
           AND (:state IS NULL OR state = :state)
         ORDER BY rowid",
    )?;
    let sale = |row: &Read<'_>| {
        Ok(Sale {
            id: row.get("id")?,
            order: row.get("order")?,
            tier: row.get("tier")?,
            snippet: row.get("snippet")?,
            buyer: row.get("buyer")?,
            installs: row.get("installs")?,
            used: row.get("used")?,
            price: row.get("price")?,
            price_minor: row.get("price_minor")?,
            state: row.get("state")?,
            token: row.get("token")?,
            begun_at: row.get("begun_at")?,
            held_by: row.get("held_by")?,
            held_until: row.get("held_until")?,
            checked_at: row.get("checked_at")?,
            sold_at: row.get("sold_at")?,
            ended_at: row.get("ended_at")?,
            note: row.get("note")?,
            errand: row.get("errand")?,
            version: row.get("version")?,
        })
    };
    let given = named_params! {
        ":id": which.id, ":order": which.order, ":tier": which.tier, ":buyer": which.buyer, ":state": which.state,
    };
    statement.query_map(given, sale)?.collect()
}

pub(super) fn errands(connection: &Connection, which: &ErrandFilter) -> rusqlite::Result<Vec<Errand>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM errand
         WHERE (:id IS NULL OR id = :id) AND (:order IS NULL OR \"order\" = :order)
           AND (:snippet IS NULL OR snippet = :snippet) AND (:token IS NULL OR token = :token)
           AND (NOT :open OR state IN ('asked', 'lost'))
         ORDER BY rowid",
    )?;
    let errand = |row: &Read<'_>| {
        Ok(Errand {
            id: row.get("id")?,
            kind: row.get("kind")?,
            state: row.get("state")?,
            snippet: row.get("snippet")?,
            installs: row.get("installs")?,
            before: row.get("before")?,
            sale: row.get("sale")?,
            order: row.get("order")?,
            token: row.get("token")?,
            asked_at: row.get("asked_at")?,
            version: row.get("version")?,
        })
    };
    let given = named_params! {
        ":id": which.id, ":order": which.order, ":snippet": which.snippet, ":token": which.token, ":open": which.open,
    };
    statement.query_map(given, errand)?.collect()
}

pub(super) fn journal(connection: &Connection, sale: Option<&str>) -> rusqlite::Result<Vec<Entry>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM journal WHERE ?1 IS NULL OR sale = ?1 ORDER BY number")?;
    let entry = |row: &Read<'_>| {
        Ok(Entry {
            at: row.get("at")?,
            about: row.get("about")?,
            id: row.get("id")?,
            state: row.get("state")?,
            sale: row.get("sale")?,
            note: row.get("note")?,
        })
    };
    statement.query_map([sale], entry)?.collect()
}

pub(super) fn note(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO journal (at, about, id, state, sale, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((
            entry.at,
            &entry.about,
            &entry.id,
            &entry.state,
            &entry.sale,
            &entry.note,
        ))?;
    Ok(())
}

/// Writes a row; false when it is not there in its version any more.
pub(super) fn put(connection: &Connection, row: &Row) -> rusqlite::Result<bool> {
    match row {
        Row::Tier(tier) => write(
            connection,
            "tier",
            tier.version,
            &[
                ("name", &tier.name),
                ("snippet", &tier.snippet),
                ("installs", &tier.installs),
                ("price", &tier.price),
                ("price_minor", &tier.price_minor),
                ("instructions", &tier.instructions),
                ("title", &tier.title),
                ("install_access", &tier.install_access),
            ],
        ),
        Row::Token(token) => write(
            connection,
            "token",
            token.version,
            &[
                ("key", &token.key),
                ("snippet", &token.snippet),
                ("installs", &token.installs),
                ("state", &token.state),
                ("sale", &token.sale),
                ("note", &token.note),
                ("known_at", &token.known_at),
            ],
        ),
        Row::Sale(sale) => write(
            connection,
            "sale",
            sale.version,
            &[
                ("id", &sale.id),
                ("order", &sale.order),
                ("tier", &sale.tier),
                ("snippet", &sale.snippet),
                ("buyer", &sale.buyer),
                ("installs", &sale.installs),
                ("used", &sale.used),
                ("price", &sale.price),
                ("price_minor", &sale.price_minor),
                ("state", &sale.state),
                ("token", &sale.token),
                ("begun_at", &sale.begun_at),
                ("held_by", &sale.held_by),
                ("held_until", &sale.held_until),
                ("checked_at", &sale.checked_at),
                ("sold_at", &sale.sold_at),
                ("ended_at", &sale.ended_at),
                ("note", &sale.note),
                ("errand", &sale.errand),
            ],
        ),
        Row::Errand(errand) => write(
            connection,
            "errand",
            errand.version,
            &[
                ("id", &errand.id),
                ("kind", &errand.kind),
                ("state", &errand.state),
                ("snippet", &errand.snippet),
                ("installs", &errand.installs),
                ("before", &errand.before),
                ("sale", &errand.sale),
                ("order", &errand.order),
                ("token", &errand.token),
                ("asked_at", &errand.asked_at),
            ],
        ),
    }
}

/// The first column is the key.
fn write(connection: &Connection, table: &str, version: u32, columns: &[(&str, &dyn ToSql)]) -> rusqlite::Result<bool> {
    let next = version + 1;
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let mut values: Vec<&dyn ToSql> = columns.iter().map(|(_, value)| *value).collect();
    values.push(&next);
    let sql = if version == 0 {
        let marks = vec!["?"; values.len()].join(", ");
        format!("INSERT INTO {table} ({}, version) VALUES ({marks})", names.join(", "))
    } else {
        values.push(&version);
        let set: Vec<String> = (1..).zip(&names).map(|(at, name)| format!("{name} = ?{at}")).collect();
        format!(
            "UPDATE {table} SET {}, version = ?{} WHERE {} = ?1 AND version = ?{}",
            set.join(", "),
            values.len() - 1,
            names[0],
            values.len(),
        )
    };
    Ok(connection.prepare_cached(&sql)?.execute(&values[..])? == 1)
}
