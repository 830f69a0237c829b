//! A multidoc read: XanoScript documents with a line `---` between them, and what differs between two of them.
//!
//! Only as much is read as is needed to tell which object a document defines. What a server writes into a script by itself
//! (`guid`, the group an endpoint belongs to, the address of a group) tells who an object is and not what it does, so it makes
//! no difference.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use xano_metadata::Error;

use super::digest;

/// The line between two documents.
const SEPARATOR: &str = "---";

/// Settings of an object that say who it is.
const IDENTITY: [&str; 3] = ["guid", "api_group", "canonical"];

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// The word it begins with: `function`, `table`, `query`, …
    pub(super) kind: String,
    /// What it defines, for people: `GET shop/product`.
    pub(super) name: String,
    /// The whole document.
    pub(super) text: String,
}

/// An object that one side has and the other has not, or that is not the same on both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Difference {
    /// `added` (the source has it, the place has not), `removed` or `changed`.
    pub change: String,
    /// The word its document begins with: `function`, `table`, `query`, …
    pub kind: String,
    /// Its name; endpoints with verb and group: `GET shop/product`.
    pub name: String,
}

impl Difference {
    /// Whether all branches of the workspace feel it: tables belong to none of them.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.kind == "table"
    }
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    for (line, part) in split(text) {
        let document = document(&part).ok_or_else(|| {
            Error::config(format!(
                "The document that begins at line {line} defines nothing: it should begin like \"function name {{\"."
            ))
        })?;
        documents.push(document);
    }
    Ok(documents)
}

/// The parts of a text that are not empty, each with the line it begins at, counted from 1.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut parts = vec![(1, String::new())];
    for (at, line) in text.lines().enumerate() {
        if line.trim_end() == SEPARATOR {
            parts.push((at + 2, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts.retain(|(_, part)| !part.trim().is_empty());
    parts
}

/// The documents as one text.
pub(super) fn join<'d>(documents: impl IntoIterator<Item = &'d Document>) -> String {
    let mut text = String::new();
    for document in documents {
        if !text.is_empty() {
            let _ = writeln!(text, "{SEPARATOR}");
        }
        let _ = writeln!(text, "{}", document.text.trim_end());
    }
    text
}

fn document(part: &str) -> Option<Document> {
    let head = part.lines().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("//")
    })?;
    let words = words(head)?;
    let mut words = words.into_iter();
    let (kind, name) = (words.next()?, words.next()?);
    let verb = words.find_map(|word| word.strip_prefix("verb=").map(str::to_owned));
    let group = setting(part, "api_group").filter(|_| kind == "query");
    let mut shown = String::new();
    for before in [verb.map(|verb| verb + " "), group.map(|group| group + "/")] {
        shown.extend(before);
    }
    Some(Document {
        kind,
        name: shown + &name,
        text: part.trim().to_owned(),
    })
}

/// The words before the first brace; quotes hold one together and are taken off. None without a brace.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        let last = words.last_mut()?;
        match c {
            _ if escaped => {
                last.push(c);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => {
                words.retain(|word| !word.is_empty());
                return Some(words);
            }
            c if c.is_whitespace() && !quoted => words.push(String::new()),
            c => last.push(c),
        }
    }
    None
}

/// How deep in braces each line begins. Braces in quotes and comments do not count.
fn depths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0_usize;
    let mut quoted = false;
    text.lines().map(move |line| {
        let begins = depth;
        let mut before = ' ';
        for c in line.chars() {
            match c {
                '"' if before != '\\' => quoted = !quoted,
                '/' if before == '/' && !quoted => break,
                '{' if !quoted => depth += 1,
                '}' if !quoted => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = c;
        }
        (begins, line)
    })
}

fn assigns<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (key, value) = line.split_once('=')?;
    (key.trim() == name).then(|| value.trim())
}

/// The value of a setting of the object itself.
fn setting(text: &str, name: &str) -> Option<String> {
    let value = depths(text).find_map(|(depth, line)| assigns(line, name).filter(|_| depth == 1))?;
    Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()))
}

impl Document {
    fn key(&self) -> (&str, &str) {
        (&self.kind, &self.name)
    }

    /// What it does, without who it is.
    fn meaning(&self) -> String {
        let mut text = String::new();
        for (depth, line) in depths(&self.text) {
            let line = line.trim_end();
            let identity = depth == 1 && IDENTITY.iter().any(|name| assigns(line, name).is_some());
            if !identity && !line.is_empty() {
                text.push_str(line);
                text.push('\n');
            }
        }
        text
    }

    /// The columns of a table: name and kind.
    fn columns(&self) -> BTreeMap<String, String> {
        let mut columns = BTreeMap::new();
        let mut inside = false;
        for (depth, line) in depths(&self.text) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match (depth, words.as_slice()) {
                (1, ["schema", "{", ..]) => inside = true,
                (1, _) => inside = false,
                (2, [kind, name, ..]) if inside && !kind.starts_with("//") => {
                    let name = name.split(['?', '=']).next().unwrap_or_default().trim_matches('"');
                    columns.insert(name.to_owned(), kind.trim_end_matches('?').to_owned());
                }
                _ => {}
            }
        }
        columns
    }
}

/// A mark of what the documents do, whatever their order.
pub(super) fn fingerprint<'d>(documents: impl IntoIterator<Item = &'d Document>) -> String {
    let mut all: Vec<String> = documents
        .into_iter()
        .map(|document| format!("{} {}\n{}", document.kind, document.name, document.meaning()))
        .collect();
    all.sort_unstable();
    digest(all.join("\0").as_bytes())
}

/// What differs, in the order of kind and name.
pub(super) fn differences(source: &[Document], place: &[Document]) -> Vec<Difference> {
    let by_key = |documents: &[Document]| -> BTreeMap<(String, String), String> {
        let keyed = |document: &Document| {
            let (kind, name) = document.key();
            ((kind.to_owned(), name.to_owned()), document.meaning())
        };
        documents.iter().map(keyed).collect()
    };
    let (ours, theirs) = (by_key(source), by_key(place));
    let mut found = Vec::new();
    for key in ours.keys().chain(theirs.keys().filter(|key| !ours.contains_key(*key))) {
        let change = match (ours.get(key), theirs.get(key)) {
            (Some(_), None) => "added",
            (None, _) => "removed",
            (Some(ours), Some(theirs)) if ours != theirs => "changed",
            _ => continue,
        };
        found.push(Difference {
            change: change.to_owned(),
            kind: key.0.clone(),
            name: key.1.clone(),
        });
    }
    found.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
    found
}

/// The tables of the place that the source lacks.
pub(super) fn tables_only_in<'p>(place: &'p [Document], source: &[Document]) -> Vec<&'p Document> {
    let lacks = |table: &&Document| table.kind == "table" && source.iter().all(|other| other.key() != table.key());
    place.iter().filter(lacks).collect()
}

/// What records would lose by it: columns that the source lacks, or has with another kind.
pub(super) fn losses(source: &[Document], place: &[Document]) -> Vec<String> {
    let mut found = Vec::new();
    for table in place.iter().filter(|document| document.kind == "table") {
        let Some(new) = source.iter().find(|other| other.key() == table.key()) else {
            continue;
        };
        let columns = new.columns();
        for (name, kind) in table.columns() {
            match columns.get(&name) {
                None => found.push(format!("table {}: column {name} goes, with its values", table.name)),
                Some(other) if *other != kind => {
                    found.push(format!(
                        "table {}: column {name} turns from {kind} into {other}",
                        table.name
                    ));
                }
                Some(_) => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "api_group shop {\n  canonical = \"a1\"\n}\n---\nquery \"order/{id}\" verb=GET {\n  api_group = \"shop\"\n  \
                        guid = \"g1\"\n  response = \"{\"\n}\n---\n// the people\ntable \"my user\" {\n  schema {\n    int id\n    \
                        text? name?=x\n    object at? {\n      schema {\n        int deep\n      }\n    }\n  }\n}\n";

    fn texts(documents: &[Document]) -> Vec<(&str, &str)> {
        documents.iter().map(Document::key).collect()
    }

    #[test]
    fn objects_are_told_apart_by_what_they_are_called() {
        let documents = read(SHOP).unwrap();
        assert_eq!(
            texts(&documents),
            [
                ("api_group", "shop"),
                ("query", "GET shop/order/{id}"),
                ("table", "my user")
            ]
        );
        assert_eq!(read(&join(&documents)).unwrap(), documents);
        let error = read("function a {\n}\n---\n\n---\nnonsense\n").unwrap_err();
        assert!(error.message().contains("line 6"), "{error}");
    }

    #[test]
    fn who_an_object_is_makes_no_difference_and_what_it_does_makes_one() {
        let documents = read(SHOP).unwrap();
        let other = SHOP
            .replace("g1", "g2")
            .replace("a1", "a2")
            .replace("int id\n", "int id  \n\n");
        assert_eq!(differences(&documents, &read(&other).unwrap()), []);
        assert_eq!(fingerprint(&documents), fingerprint(&read(&other).unwrap()));
        let other = SHOP
            .replace("\"{\"", "\"}\"")
            .replace("api_group shop", "api_group stop");
        let found = differences(&documents, &read(&other).unwrap());
        let found: Vec<_> = found.iter().map(|one| (&*one.change, &*one.name)).collect();
        assert_eq!(
            found,
            [
                ("added", "shop"),
                ("removed", "stop"),
                ("changed", "GET shop/order/{id}")
            ]
        );
        assert_ne!(fingerprint(&documents), fingerprint(&read(&other).unwrap()));
    }

    #[test]
    fn a_guid_deeper_in_is_content() {
        let one = read("function f {\n  stack {\n    guid = \"1\"\n  }\n}").unwrap();
        let other = read("function f {\n  stack {\n    guid = \"2\"\n  }\n}").unwrap();
        assert_eq!(differences(&one, &other).len(), 1);
    }

    #[test]
    fn columns_that_go_or_turn_are_losses() {
        let before = read(SHOP).unwrap();
        assert_eq!(losses(&before, &before), Vec::<String>::new());
        let after = SHOP
            .replace("text? name?=x", "int name")
            .replace("    int id\n", "    int id\n    int more?\n");
        assert_eq!(
            losses(&read(&after).unwrap(), &before),
            ["table my user: column name turns from text into int"]
        );
        let after = SHOP.replace("    text? name?=x\n", "");
        assert_eq!(
            losses(&read(&after).unwrap(), &before),
            ["table my user: column name goes, with its values"]
        );
        let tables = tables_only_in(&before, &read("function f {\n}").unwrap());
        assert_eq!(tables.len(), 1);
    }
}
