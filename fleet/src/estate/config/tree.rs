//! A configuration as a tree whose nodes know where they stand, so that an error can say line and key.
//!
//! It comes from TOML text or, when a program gives it as a value, from JSON, which has no lines. Nothing of a value is ever
//! put into an error: what stands where a name of a variable should be may be the secret itself.

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xano_metadata::Error;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The keys that lead to it, such as `instances.acme.url`.
    pub(super) key: String,
    /// Its line, counted from 1; none when it came from no file.
    pub(super) line: Option<usize>,
    item: Item,
}

#[derive(Clone, Debug)]
enum Item {
    Text(String),
    Flag(bool),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
    /// What no key takes, by its name.
    Other(&'static str),
}

/// Where a configuration came from, for errors.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The file's path, or how a program's value is called.
    pub(super) name: String,
}

impl Source {
    /// An error at a place.
    pub(super) fn error(&self, at: &Node, what: &str) -> Error {
        Error::config(format!("{}: {what}", self.place(at)))
    }

    /// `fleet.toml, line 4, instances.acme.url`.
    pub(super) fn place(&self, at: &Node) -> String {
        let line = at.line.map(|line| format!("line {line}"));
        let key = Some(at.key.clone()).filter(|key| !key.is_empty());
        let parts: Vec<String> = [Some(self.name.clone()), line, key].into_iter().flatten().collect();
        parts.join(", ")
    }

    /// Reads TOML.
    pub(super) fn toml(&self, text: &str) -> Result<Node, Error> {
        let table = DeTable::parse(text).map_err(|cause| {
            // The cause's own `Display` quotes the line, which may hold a secret.
            let line = cause.span().map_or(1, |span| line_of(text, span.start));
            Error::config(format!(
                "{}, line {line}: {}.",
                self.name,
                cause.message().trim_end_matches('.')
            ))
        })?;
        Ok(Node {
            key: String::new(),
            line: None,
            item: of_table(table.get_ref(), "", text),
        })
    }

    /// Takes a program's value.
    pub(super) fn json(value: &Json) -> Node {
        of_json(value, String::new())
    }
}

impl Node {
    /// The text that it has to be.
    pub(super) fn text(&self, source: &Source, means: &str) -> Result<&str, Error> {
        match &self.item {
            Item::Text(text) if !text.trim().is_empty() => Ok(text),
            Item::Text(_) => Err(source.error(self, &format!("It is empty. Give {means}."))),
            other => Err(source.error(self, &format!("It is {}. Give {means} as text.", other.name()))),
        }
    }

    /// The yes or no that it has to be.
    pub(super) fn flag(&self, source: &Source) -> Result<bool, Error> {
        match &self.item {
            Item::Flag(flag) => Ok(*flag),
            other => Err(source.error(self, &format!("It is {}. Give true or false.", other.name()))),
        }
    }

    /// The texts that it has to be; one alone may stand without brackets.
    pub(super) fn texts(&self, source: &Source, means: &str) -> Result<Vec<(String, Self)>, Error> {
        let each = |node: &Self| Ok((node.text(source, means)?.to_owned(), node.clone()));
        match &self.item {
            Item::List(nodes) => nodes.iter().map(each).collect(),
            _ => Ok(vec![each(self)?]),
        }
    }

    /// The entries of the table that it has to be, in their order.
    pub(super) fn table(&self, source: &Source) -> Result<&[(String, Self)], Error> {
        match &self.item {
            Item::Table(entries) => Ok(entries),
            other => Err(source.error(self, &format!("It is {}, and should be a table.", other.name()))),
        }
    }

    /// The entries of a table whose keys are known; another one is refused with what there is.
    pub(super) fn known(&self, source: &Source, known: &[&str]) -> Result<&[(String, Self)], Error> {
        let entries = self.table(source)?;
        for (key, node) in entries {
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                return Err(source.error(node, &format!("There is no such key. Here may stand: {known}.")));
            }
        }
        Ok(entries)
    }
}

impl Item {
    const fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(name) => name,
        }
    }
}

fn of_table(table: &DeTable<'_>, above: &str, text: &str) -> Item {
    let mut entries: Vec<(usize, String, Node)> = table
        .iter()
        .map(|(key, value)| {
            let start = key.span().start;
            let path = join(above, key.get_ref());
            let node = of_toml(value, path, line_of(text, start), text);
            (start, key.get_ref().to_string(), node)
        })
        .collect();
    // The order of the file, not of the alphabet.
    entries.sort_by_key(|(start, ..)| *start);
    Item::Table(entries.into_iter().map(|(_, key, node)| (key, node)).collect())
}

fn of_toml(value: &Spanned<DeValue<'_>>, key: String, line: usize, text: &str) -> Node {
    let item = match value.get_ref() {
        DeValue::String(words) => Item::Text(words.to_string()),
        DeValue::Boolean(flag) => Item::Flag(*flag),
        DeValue::Array(items) => Item::List(
            items
                .iter()
                .map(|item| of_toml(item, key.clone(), line_of(text, item.span().start), text))
                .collect(),
        ),
        DeValue::Table(table) => of_table(table, &key, text),
        DeValue::Integer(_) | DeValue::Float(_) => Item::Other("a number"),
        DeValue::Datetime(_) => Item::Other("a date"),
    };
    Node {
        key,
        line: Some(line),
        item,
    }
}

fn of_json(value: &Json, key: String) -> Node {
    let item = match value {
        Json::String(text) => Item::Text(text.clone()),
        Json::Bool(flag) => Item::Flag(*flag),
        Json::Array(items) => Item::List(items.iter().map(|item| of_json(item, key.clone())).collect()),
        Json::Object(fields) => Item::Table(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), of_json(value, join(&key, name))))
                .collect(),
        ),
        Json::Number(_) => Item::Other("a number"),
        Json::Null => Item::Other("null"),
    };
    Node { key, line: None, item }
}

/// The path of a key; one that could not stand bare in TOML is quoted.
fn join(above: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if above.is_empty() {
        key
    } else {
        format!("{above}.{key}")
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}
