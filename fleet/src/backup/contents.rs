//! What is in a logical backup, and reading it back.
//!
//! A `.tar.gz` with `workspace.json` (schemas, indexes, data sources), `scripts.xs` (the logic as a multidoc) where the server
//! gives it, and `records/SOURCE/TABLE.ndjson`, a record a line as the server wrote it, by the places of data source and
//! table in the document.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::flaw::{Flaw, Trouble};
use super::manifest::{Manifest, TableEntry};
use super::tarball::Member;

/// The member that says what there is.
pub(crate) const DOCUMENT: &str = "workspace.json";

/// The member with the scripts.
pub(crate) const SCRIPTS: &str = "scripts.xs";

/// What the document names itself.
pub(crate) const FORMAT: &str = "xano-metadata-logical-1";

/// Bytes of the document or of the scripts at most.
const LARGEST_TEXT: u64 = 1 << 30;

/// Bytes of one record at most; a server takes far less.
const LONGEST_LINE: u64 = 256 << 20;

/// The document of a logical backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) format: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) data_sources: Vec<Source>,
    pub(crate) tables: Vec<Table>,
}

/// A data source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) label: String,
    pub(crate) color: Option<String>,
}

/// A table without its records. Columns and indexes are as the server wrote them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) docs: Option<String>,
    pub(crate) guid: Option<String>,
    pub(crate) auth: Option<bool>,
    pub(crate) tag: Option<Vec<String>>,
    pub(crate) columns: Vec<Json>,
    pub(crate) indexes: Vec<Json>,
}

/// The member with the records of a table in a data source.
pub(crate) fn records_member(source: usize, table: usize) -> String {
    format!("records/{source}/{table}.ndjson")
}

/// The data source and the table that a member is about.
pub(crate) fn about(member: &str) -> Option<(usize, usize)> {
    let (source, table) = member
        .strip_prefix("records/")?
        .strip_suffix(".ndjson")?
        .split_once('/')?;
    Some((source.parse().ok()?, table.parse().ok()?))
}

/// Reads a member that is a text.
pub(crate) fn text(member: &Member, content: &mut dyn Read) -> Result<String, Flaw> {
    let wrong = |what: &str| Flaw::new(Trouble::Contents, format!("Its member {} {what}.", member.name));
    if member.size > LARGEST_TEXT {
        return Err(wrong("is larger than a gigabyte"));
    }
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| wrong("is no UTF-8"))
}

/// Reads the document.
pub(crate) fn document(member: &Member, content: &mut dyn Read) -> Result<Document, Flaw> {
    let wrong = |what: String| Flaw::new(Trouble::Contents, format!("Its member {DOCUMENT} {what}."));
    let document: Document =
        serde_json::from_str(&text(member, content)?).map_err(|cause| wrong(format!("does not read: {cause}")))?;
    if document.format != FORMAT {
        return Err(wrong(format!(
            "is of the format {:?} and not {FORMAT:?}",
            document.format
        )));
    }
    Ok(document)
}

/// Hands out the lines of a member, each the text of a record.
pub(crate) fn lines(
    member: &Member,
    content: &mut dyn Read,
    mut each: impl FnMut(&str) -> Result<(), Flaw>,
) -> Result<u64, Flaw> {
    let mut reader = BufReader::with_capacity(128 << 10, content);
    let mut line = Vec::new();
    let mut count = 0;
    loop {
        line.clear();
        let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(count);
        }
        count += 1;
        let wrong = |what: &str| Flaw::new(Trouble::Contents, format!("Line {count} of {} {what}.", member.name));
        if line.pop() != Some(b'\n') {
            return Err(wrong("has no end"));
        }
        let text = std::str::from_utf8(&line).map_err(|_| wrong("is no UTF-8"))?;
        each(text).map_err(|flaw| match flaw.trouble {
            Trouble::Contents => wrong(&flaw.reason),
            _ => flaw,
        })?;
    }
}

/// What a visitor saw of a logical backup.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    document: Option<Document>,
    scripts: bool,
    rows: BTreeMap<(usize, usize), u64>,
}

impl Seen {
    /// Looks at a member: every record has to be a JSON object.
    pub(crate) fn visit(&mut self, member: &Member, content: &mut dyn Read) -> Result<(), Flaw> {
        if member.name == DOCUMENT {
            self.document = Some(document(member, content)?);
        } else if member.name == SCRIPTS {
            text(member, content)?;
            self.scripts = true;
        } else if let Some(about) = about(&member.name) {
            let rows = lines(member, content, |line| {
                let is_object = line.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
                is_object
                    .then_some(())
                    .ok_or_else(|| Flaw::new(Trouble::Contents, "is no record"))
            })?;
            if self.rows.insert(about, rows).is_some() {
                return Err(twice(&member.name));
            }
        } else {
            let reason = format!("It holds {:?}, which a logical backup does not.", member.name);
            return Err(Flaw::new(Trouble::Contents, reason));
        }
        Ok(())
    }

    /// The tables with their counts, in the order of the document.
    pub(crate) fn tables(&self) -> Result<Vec<TableEntry>, Flaw> {
        let missing = || Flaw::new(Trouble::Contents, format!("It has no member {DOCUMENT}."));
        let document = self.document.as_ref().ok_or_else(missing)?;
        let (sources, tables) = (document.data_sources.len(), document.tables.len());
        if let Some((source, table)) = self.rows.keys().find(|(s, t)| *s >= sources || *t >= tables) {
            let member = records_member(*source, *table);
            let reason = format!("Its member {member} belongs to no table of it.");
            return Err(Flaw::new(Trouble::Contents, reason));
        }
        let entries = document.tables.iter().enumerate().map(|(table, entry)| TableEntry {
            name: entry.name.clone(),
            records: document
                .data_sources
                .iter()
                .enumerate()
                .map(|(source, entry)| {
                    let count = self.rows.get(&(source, table)).copied().unwrap_or(0);
                    (entry.label.clone(), count)
                })
                .collect(),
        });
        Ok(entries.collect())
    }

    /// Whether it is what its manifest says.
    pub(crate) fn agree(&self, manifest: &Manifest) -> Result<(), Flaw> {
        let tables = self.tables()?;
        if Some(&tables) != manifest.tables.as_ref() {
            return Err(Flaw::new(
                Trouble::Contents,
                "The tables and records in it are not those that its manifest counts.",
            ));
        }
        if manifest.scripts != Some(self.scripts) {
            return Err(Flaw::new(
                Trouble::Contents,
                "Its scripts are not what its manifest says.",
            ));
        }
        Ok(())
    }

    /// Whether there are scripts.
    pub(crate) const fn has_scripts(&self) -> bool {
        self.scripts
    }
}

fn twice(name: &str) -> Flaw {
    Flaw::new(Trouble::Contents, format!("It holds {name:?} twice."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> Member {
        Member {
            name: name.to_owned(),
            size: 0,
        }
    }

    #[test]
    fn members_are_named_by_places() {
        assert_eq!(about(&records_member(0, 12)), Some((0, 12)));
        for name in [
            "records/0.ndjson",
            "records/a/1.ndjson",
            "records/0/1.csv",
            "workspace.json",
        ] {
            assert_eq!(about(name), None, "{name}");
        }
    }

    #[test]
    fn rows_are_counted_and_looked_at() {
        let read = |text: &str| {
            let mut seen = Seen::default();
            seen.visit(&member("records/0/0.ndjson"), &mut text.as_bytes())
                .map(|()| seen.rows[&(0, 0)])
        };
        assert_eq!(read("{\"id\":1}\n{\"id\":2,\"a\":\"\\u00e4\"}\n").expect("rows"), 2);
        assert_eq!(read("").expect("no rows"), 0);
        for (text, line) in [
            ("{\"id\":1}\n{\"id\":2", "Line 2"),
            ("{\"id\":1}\n[]\n", "Line 2"),
            ("{\"id\":01}\n", "Line 1"),
            ("\n", "Line 1"),
        ] {
            let flaw = read(text).expect_err(text);
            assert_eq!(flaw.trouble, Trouble::Contents);
            assert!(flaw.reason.starts_with(line), "{}", flaw.reason);
        }
    }

    #[test]
    fn strangers_and_orphans_are_told() {
        let mut seen = Seen::default();
        seen.visit(&member("evil.sh"), &mut &b""[..]).expect_err("a stranger");
        let document = Document {
            format: FORMAT.to_owned(),
            name: "Main".to_owned(),
            description: None,
            branch: None,
            data_sources: vec![Source {
                label: "live".to_owned(),
                color: None,
            }],
            tables: Vec::new(),
        };
        let text = serde_json::to_string(&document).expect("text");
        seen.visit(&member(DOCUMENT), &mut text.as_bytes()).expect("a document");
        assert_eq!(seen.tables().expect("no tables"), []);
        seen.visit(&member("records/0/0.ndjson"), &mut &b"{}\n"[..])
            .expect("rows");
        assert_eq!(seen.tables().expect_err("of no table").trouble, Trouble::Contents);
    }
}
