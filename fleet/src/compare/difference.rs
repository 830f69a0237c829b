//! From two things to a change: which fields are not the same, and how that looks.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

use super::comparison::{Change, Kind};
use super::family::Family;
use super::normal::{Fields, TableNames, with_table_names};
use super::script;
use super::snapshot::{Item, Snapshot};

/// Lines around what changed.
const CONTEXT: usize = 3;

/// Characters of a line at most; scripts may be one long line.
const LONGEST_LINE: usize = 400;

/// How long a diff may be looked for. After it the diff is still true, but not the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is said of a table elsewhere than in the rest of its script.
const KNOWN_OF_TABLES: &[&str] = &[
    "schema",
    "index",
    "auth",
    "description",
    "docs",
    "tag",
    "tags",
    "guid",
    "autocomplete",
];

/// One side of a comparison.
pub(super) struct Seen<'s> {
    pub snapshot: &'s Snapshot,
    pub tables: TableNames,
}

/// What counts.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// The addresses of API groups do.
    pub addresses: bool,
    pub diff_lines: usize,
}

impl Rules {
    fn fields(self, family: Family, item: &Item, tables: &TableNames) -> Fields {
        let mut fields = with_table_names(&item.fields, tables);
        if family == Family::ApiGroups && !self.addresses {
            fields.shift_remove("canonical");
        }
        fields
    }

    /// The script without what makes no difference.
    fn script(self, family: Family, script: &str) -> Option<String> {
        match family {
            Family::Tables => script::rest_of_table(script, KNOWN_OF_TABLES),
            Family::ApiGroups if !self.addresses => Some(script::comparable(script, &["guid", "canonical"])),
            // The group is known by where the endpoint hangs.
            Family::Endpoints => Some(script::comparable(script, &["guid", "api_group"])),
            _ => Some(script::comparable(script, &["guid"])),
        }
    }

    /// What differs between two that belong together; none where nothing does.
    pub(super) fn changed(
        self,
        family: Family,
        (left, right): (&Item, &Item),
        (before, after): (&Seen<'_>, &Seen<'_>),
        moved: bool,
    ) -> Option<Change> {
        let one = self.fields(family, left, &before.tables);
        let other = self.fields(family, right, &after.tables);
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        let mut differing: Vec<String> = Vec::new();
        let mut lines = Lines::new(self.diff_lines);
        if moved {
            differing.push("api_group".to_owned());
            lines.push('-', &format!("of {}", left.name));
            lines.push('+', &format!("of {}", right.name));
        }
        for name in names {
            let (was, is) = (one.get(name), other.get(name));
            if was != is {
                differing.push(name.clone());
                lines.field(name, was, is);
            }
        }
        // Where one side came without its script that is told as a failure.
        if let (Some(was), Some(is)) = (&left.script, &right.script) {
            let (was, is) = (self.script(family, was), self.script(family, is));
            if was != is {
                differing.push("xanoscript".to_owned());
                lines.text(was.as_deref().unwrap_or_default(), is.as_deref().unwrap_or_default());
            }
        }
        if differing.is_empty() {
            return None;
        }
        let was = (left.name != right.name).then(|| left.name.clone());
        Some(change(family, right, Kind::Changed, was, differing, lines))
    }

    /// Something that only one side has.
    pub(super) fn alone(self, family: Family, item: &Item, kind: Kind, seen: &Seen<'_>) -> Change {
        let sign = if kind == Kind::Added { '+' } else { '-' };
        let mut lines = Lines::new(self.diff_lines);
        for (name, value) in self.fields(family, item, &seen.tables) {
            if name != "name" {
                lines.value(sign, &name, &value);
            }
        }
        for part in [Family::Columns, Family::Indexes] {
            for item in seen.snapshot.parts(part, item).filter(|_| family == Family::Tables) {
                let fields = Json::Object(self.fields(part, item, &seen.tables));
                lines.push(sign, &format!("{} {fields}", part.singular()));
            }
        }
        let script = item.script.as_deref().and_then(|text| self.script(family, text));
        for line in script.iter().flat_map(|text| text.lines()) {
            lines.push(sign, line);
        }
        change(family, item, kind, None, Vec::new(), lines)
    }
}

fn change(family: Family, item: &Item, kind: Kind, was: Option<String>, fields: Vec<String>, lines: Lines) -> Change {
    Change {
        workspace: None,
        family,
        name: item.name.clone(),
        was,
        change: kind,
        fields,
        diff: lines.finish(),
        records: None,
    }
}

/// The lines of a diff, up to a bound.
pub(super) struct Lines {
    text: String,
    left: usize,
    lacking: usize,
}

impl Lines {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            left: most,
            lacking: 0,
        }
    }

    pub(super) fn push(&mut self, sign: char, line: &str) {
        if self.left == 0 {
            self.lacking += 1;
            return;
        }
        self.left -= 1;
        self.text.push(sign);
        match line.char_indices().nth(LONGEST_LINE) {
            Some((end, _)) => {
                self.text.push_str(&line[..end]);
                self.text.push('…');
            }
            None => self.text.push_str(line),
        }
        self.text.push('\n');
    }

    /// A field that is not the same.
    fn field(&mut self, name: &str, was: Option<&Json>, is: Option<&Json>) {
        let (one, other) = (was.map(written), is.map(written));
        let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\n'));
        if long(&one) || long(&other) {
            self.push(' ', &format!("{name}:"));
            self.text(&one.unwrap_or_default(), &other.unwrap_or_default());
            return;
        }
        for (sign, value) in [('-', was), ('+', is)] {
            if let Some(value) = value {
                self.value(sign, name, value);
            }
        }
    }

    /// A field of one side.
    fn value(&mut self, sign: char, name: &str, value: &Json) {
        match value {
            Json::String(text) if text.contains('\n') => {
                self.push(sign, &format!("{name}:"));
                for line in text.lines() {
                    self.push(sign, line);
                }
            }
            other => self.push(sign, &format!("{name}: {other}")),
        }
    }

    /// Two texts, line by line.
    pub(super) fn text(&mut self, was: &str, is: &str) {
        let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(was, is);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            let header = hunk.header().to_string();
            self.push('@', header.trim_end().strip_prefix('@').unwrap_or_default());
            for change in hunk.iter_changes() {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                self.push(sign, change.value().trim_end_matches(['\n', '\r']));
            }
        }
    }

    pub(super) fn finish(mut self) -> String {
        if self.lacking > 0 {
            self.text.push_str(&format!("… {} more lines\n", self.lacking));
        }
        self.text
    }
}

/// A value as text that can be compared line by line; short ones on one line.
fn written(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => {
            let short = other.to_string();
            if short.len() <= 100 {
                return short;
            }
            serde_json::to_string_pretty(other).unwrap_or(short)
        }
    }
}
