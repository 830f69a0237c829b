//! Rows against the schema, before anything is sent.
//!
//! One pass over a row's JSON text finds every value that its column cannot hold, and writes the row as it will be sent.
//! Nothing is bent silently: a value is copied as it is written, or converted where nothing is lost, or refused with a
//! sentence that shows it. No tree is built. Columns that come in the usual order with values that need no change are passed
//! over and copied as one piece, so that a row of a dozen columns takes a fraction of a microsecond.

mod canonical;
mod identity;
mod number;
mod plain;
mod refusal;
mod rule;
pub(super) mod scan;
pub(super) mod time;
mod value;

use std::sync::Arc;

use super::options::{Action, LoadOptions};
use super::rows::Trouble;
use super::schema::{Column, Schema};
use crate::error::Error;
use identity::{IdUse, id_use, key_column};
use plain::Plain;
use refusal::no_row;
use rule::{Names, Seen};
use scan::Cursor;

pub(crate) use canonical::canonical;
pub(crate) use refusal::{shorten, size};

/// Checks rows of one load.
#[derive(Debug)]
pub(crate) struct Checker {
    schema: Arc<Schema>,
    names: Names,
    action: Action,
    /// The place of the column by which records are found.
    key: Option<usize>,
    /// The place of `id`.
    id: Option<usize>,
    id_use: IdUse,
    /// Places of columns that a new record must give.
    required: Vec<usize>,
    max_row_bytes: usize,
}

/// What is known of a row that passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The id as JSON text, where the row has one that counts. Always there when records are found by id, and when an
    /// insert keeps ids.
    pub(crate) id: Option<String>,
    /// The value of the key column as JSON text, as the server stores it. Always there for an update, upsert or delete by
    /// key; for an insert, where the row has one.
    pub(crate) key: Option<String>,
    /// For an upsert: a required column that the row does not give, so that it can change a record but not become one.
    /// (For an insert this is trouble.) See [`missing`].
    pub(crate) missing: Option<String>,
}

/// Trouble with a row that does not give a required value.
pub(crate) fn missing(column: &str) -> Trouble {
    Trouble::at(column, "It is missing, and a new record must have it.")
}

impl Checker {
    /// Works out what is asked of rows.
    ///
    /// # Errors
    /// `config_error` when the options name a key column by which records cannot be found, or contradict each other.
    pub(crate) fn new(schema: Arc<Schema>, options: &LoadOptions) -> Result<Self, Error> {
        let mut names = Names::of(schema.columns());
        let id = schema.columns().iter().position(|column| column.name == "id");
        let key = match options.key.as_deref() {
            // Records are found by id anyway.
            None | Some("id") => None,
            Some(name) => Some(key_column(&schema, &names, name)?),
        };
        let id_use = id_use(options, key.map(|place| schema.columns()[place].name.as_str()))?;
        let required = (0..names.rules.len())
            .filter(|place| names.rules[*place].must_be_given && Some(*place) != id)
            .collect();
        // More is done with what says which record is meant, and nothing else of a row to delete is sent.
        for (place, rule) in names.rules.iter_mut().enumerate() {
            if options.action == Action::Delete || [id, key].contains(&Some(place)) {
                rule.plain = Plain::Never;
            }
        }
        Ok(Self {
            names,
            action: options.action,
            key,
            id,
            id_use,
            required,
            max_row_bytes: options.max_row_bytes,
            schema,
        })
    }

    /// The column by which records are found, or by which an insert finds its rows again.
    pub(crate) fn key(&self) -> Option<&Column> {
        self.key.map(|place| &self.schema.columns()[place])
    }

    /// Checks a row and appends to `out` what will be sent: the row without space between its parts; without its `id`,
    /// unless an insert keeps ids; for a delete only the value that identifies the record. In case of trouble nothing is
    /// appended.
    pub(crate) fn check(&self, row: &[u8], out: &mut Vec<u8>) -> Result<Checked, Trouble> {
        let start = out.len();
        let result = self.row(row, out);
        if result.is_err() {
            out.truncate(start);
        }
        result
    }

    fn row(&self, row: &[u8], out: &mut Vec<u8>) -> Result<Checked, Trouble> {
        let mut reading = Reading {
            checker: self,
            seen: Seen::default(),
            checked: Checked::default(),
            start: out.len(),
            behind: 0,
        };
        let mut at = 0;
        if row.first() == Some(&b'{') && row.len() <= self.max_row_bytes {
            out.push(b'{');
            at = reading.plain(row, 1, out);
            if row[at..] == *b"}" {
                out.push(b'}');
                return reading.finish(out);
            }
        }
        let text = std::str::from_utf8(row)
            .map_err(|cause| Trouble::of_row(format!("The row is no UTF-8 after byte {}.", cause.valid_up_to())))?;
        let mut cursor = Cursor::new(text);
        cursor.at = at;
        if at == 0 {
            cursor.space();
            if row.len() > self.max_row_bytes {
                self.bound(cursor.clone())?;
            }
            match cursor.peek() {
                Some(b'{') => {}
                Some(_) if self.action == Action::Delete => return self.bare(&mut cursor, out),
                _ => return Err(self.no_object(&mut cursor)),
            }
            cursor.at += 1;
            out.push(b'{');
        }
        while let Some(place) = self.column(&mut cursor, reading.behind)? {
            reading.column(place, &mut cursor, out)?;
            reading.behind = place + 1;
            cursor.at = reading.plain(row, cursor.at, out);
        }
        cursor.end().map_err(|broken| no_row(&broken))?;
        out.push(b'}');
        reading.finish(out)
    }

    /// Goes to the next value: the place of its column, or none past the end of the row. `behind` is the place of the one
    /// before, plus one.
    fn column(&self, cursor: &mut Cursor<'_>, behind: usize) -> Result<Option<usize>, Trouble> {
        // Rows of a load have the same columns in the same order, so most names are a comparison.
        if let Some((place, length)) = self.names.again(cursor.rest(), behind) {
            cursor.at += length;
            cursor.space();
            return Ok(Some(place));
        }
        let Some(name) = cursor.key(behind == 0).map_err(|broken| no_row(&broken))? else {
            return Ok(None);
        };
        let name = name.text();
        match self.names.find(&name, behind) {
            Some(place) => Ok(Some(place)),
            None => Err(Trouble::at(name.as_ref(), self.names.unknown(&name, "column"))),
        }
    }

    /// A row to delete that is nothing but the id or the key.
    fn bare(&self, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<Checked, Trouble> {
        let place = self.key.or(self.id);
        let Some(place) = place.filter(|_| !matches!(cursor.peek(), None | Some(b'['))) else {
            return Err(self.no_object(cursor));
        };
        let start = out.len();
        let text = self.identify(place, cursor, out)?;
        cursor.end().map_err(|broken| no_row(&broken))?;
        out.truncate(start);
        out.extend_from_slice(text.as_bytes());
        let (id, key) = match self.key {
            Some(_) => (None, Some(text)),
            None => (Some(text), None),
        };
        Ok(Checked { id, key, missing: None })
    }

    fn no_object(&self, cursor: &mut Cursor<'_>) -> Trouble {
        let wanted = match (self.action, self.key()) {
            (Action::Delete, Some(key)) => format!("a JSON object or a value of {}", key.name),
            (Action::Delete, None) => "a JSON object or an id".to_owned(),
            _ => "a JSON object".to_owned(),
        };
        match cursor.value() {
            Ok(raw) => Trouble::of_row(format!("The row must be {wanted}, but is {}.", shorten(raw.json))),
            Err(broken) => no_row(&broken),
        }
    }

    /// Writes a value that says which record is meant, and answers it as the server stores it.
    fn identify(&self, place: usize, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<String, Trouble> {
        let rule = &self.names.rules[place];
        let from = out.len();
        if cursor.peek() == Some(b'n') {
            return Err(Trouble::at(
                &rule.name,
                "It must not be null, as it says which record is meant.",
            ));
        }
        value::write(rule, cursor, out).map_err(|refusal| refusal.into_trouble(&rule.name))?;
        let sent = String::from_utf8_lossy(&out[from..]);
        canonical::stored(&self.schema.columns()[place], &sent).ok_or_else(|| {
            Trouble::at(
                &rule.name,
                "The server changes this text before it stores it (trim, lower, upper), and how cannot be told for certain, \
                 so no record can be found by it: give it as it is stored.",
            )
        })
    }

    /// Refuses a row that is too large, naming its largest column.
    fn bound(&self, mut cursor: Cursor<'_>) -> Result<(), Trouble> {
        let mut bytes = 1;
        let mut largest: Option<(String, usize)> = None;
        let mut minified = Vec::new();
        let mut measure = |cursor: &mut Cursor<'_>| {
            cursor.expect(b'{', "an object")?;
            while let Some(name) = cursor.key(bytes == 1)? {
                minified.clear();
                cursor.value()?.write_minified(&mut minified);
                bytes += name.json.len() + minified.len() + 2;
                if largest.as_ref().is_none_or(|(_, known)| *known < minified.len()) {
                    largest = Some((name.text().into_owned(), minified.len()));
                }
            }
            Ok::<(), scan::Broken>(())
        };
        measure(&mut cursor).map_err(|broken| no_row(&broken))?;
        if bytes <= self.max_row_bytes {
            return Ok(());
        }
        let limit = size(self.max_row_bytes);
        Err(match largest {
            Some((column, largest)) => Trouble::at(
                column,
                format!(
                    "The row is too large: it has {}, {} of them here, and the limit (max_row_bytes) is {limit}.",
                    size(bytes),
                    size(largest),
                ),
            ),
            None => Trouble::of_row(format!("The row is too large: the limit (max_row_bytes) is {limit}.")),
        })
    }
}

/// A row under way.
struct Reading<'c> {
    checker: &'c Checker,
    seen: Seen,
    checked: Checked,
    /// Where the row begins in what is written.
    start: usize,
    /// The place of the last column, plus one.
    behind: usize,
}

impl Reading<'_> {
    /// Passes over the columns that come next, as long as they are the usual ones with values that are sent as they are
    /// written, and appends them as one piece. Answers where they end.
    fn plain(&mut self, row: &[u8], from: usize, out: &mut Vec<u8>) -> usize {
        let names = &self.checker.names;
        let mut at = from;
        while let Some((place, length)) = names.again(&row[at..], self.behind) {
            let value = at + length;
            let Some(length) = plain::end(&names.rules[place], &row[value..]) else {
                break;
            };
            if !self.seen.note(place) {
                break;
            }
            at = value + length;
            self.behind = place + 1;
        }
        let passed = &row[from..at];
        // The first that is sent may have stood behind one that is not.
        let is_first = out.len() == self.start + 1;
        out.extend_from_slice(passed.strip_prefix(b",").filter(|_| is_first).unwrap_or(passed));
        at
    }

    fn column(&mut self, place: usize, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let checker = self.checker;
        let rule = &checker.names.rules[place];
        if !self.seen.note(place) {
            return Err(Trouble::at(&rule.name, "It is given twice."));
        }
        if checker.id == Some(place) {
            return self.id(place, cursor, out);
        }
        let before = out.len();
        let is_key = checker.key == Some(place);
        if checker.action == Action::Delete && !is_key {
            // Not sent, so it need not fit.
            return match cursor.value() {
                Ok(_) => Ok(()),
                Err(broken) => Err(refusal::Refusal::from(broken).into_trouble(&rule.name)),
            };
        }
        self.comma(out);
        out.extend_from_slice(&rule.lead);
        // A new record may do without a key, but then it cannot be found by it.
        let may_lack = checker.action == Action::Insert && cursor.peek() == Some(b'n');
        if is_key && !may_lack {
            self.checked.key = Some(checker.identify(place, cursor, out)?);
        } else {
            value::write(rule, cursor, out).map_err(|refusal| refusal.into_trouble(&rule.name))?;
        }
        if checker.action == Action::Delete {
            out.truncate(before);
        }
        Ok(())
    }

    fn id(&mut self, place: usize, cursor: &mut Cursor<'_>, out: &mut Vec<u8>) -> Result<(), Trouble> {
        let checker = self.checker;
        let no_id = cursor.peek() == Some(b'n');
        match checker.id_use {
            IdUse::Refused if !no_id => {
                return Err(Trouble::at(
                    "id",
                    match checker.action {
                        Action::Insert | Action::Upsert => {
                            "The row has an id; say keep_ids true to keep it or false to drop it."
                        }
                        _ => {
                            "The row has an id, but records are found by the key column; say keep_ids false to drop it."
                        }
                    },
                ));
            }
            IdUse::Refused | IdUse::Dropped => {
                cursor
                    .value()
                    .map_err(|broken| refusal::Refusal::from(broken).into_trouble("id"))?;
            }
            IdUse::Sent => {
                self.comma(out);
                out.extend_from_slice(&checker.names.rules[place].lead);
                self.checked.id = Some(checker.identify(place, cursor, out)?);
            }
            IdUse::Apart => {
                let before = out.len();
                self.checked.id = Some(checker.identify(place, cursor, out)?);
                out.truncate(before);
            }
        }
        Ok(())
    }

    fn comma(&self, out: &mut Vec<u8>) {
        if out.len() > self.start + 1 {
            out.push(b',');
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) -> Result<Checked, Trouble> {
        let checker = self.checker;
        let by_key = checker.key.filter(|_| checker.action != Action::Insert);
        if let Some(place) = by_key
            && self.checked.key.is_none()
        {
            return Err(Trouble::at(
                &checker.names.rules[place].name,
                "It is missing, and it says which record is meant.",
            ));
        }
        if matches!(checker.id_use, IdUse::Sent | IdUse::Apart) && self.checked.id.is_none() {
            return Err(Trouble::at(
                "id",
                match checker.action {
                    Action::Insert => "It is missing, and ids are to be kept.",
                    _ if by_key.is_some() => "It is missing, and ids are to be kept.",
                    _ => "It is missing, and it says which record is meant.",
                },
            ));
        }
        let lacking = || checker.required.iter().find(|place| !self.seen.has(**place));
        match checker.action {
            Action::Insert | Action::Upsert => {
                self.checked.missing = lacking().map(|place| checker.names.rules[*place].name.clone());
            }
            Action::Update => {}
            Action::Delete => {
                out.truncate(self.start);
                let identity = self.checked.key.as_ref().or(self.checked.id.as_ref());
                out.extend_from_slice(identity.map_or(b"", |text| text.as_bytes()));
            }
        }
        match &self.checked.missing {
            Some(column) if checker.action == Action::Insert => Err(missing(column)),
            _ => Ok(self.checked),
        }
    }
}

#[cfg(test)]
mod tests;
