//! A comparison as text for people.
//!
//! Names and scripts may hold anything. Control characters are shown by their codes, so that no escape sequence reaches a
//! terminal.

use std::fmt::Write as _;

use super::comparison::{Change, Comparison, Kind, Side};

impl Comparison {
    /// The comparison as text: what was compared, each difference with its diff, and what could not be compared.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{} → {}\n{}\n", shown(&self.left), shown(&self.right), self.headline());
        let mut workspace = None;
        for change in &self.changes {
            if change.workspace.is_some() && change.workspace != workspace {
                workspace.clone_from(&change.workspace);
                let _ = writeln!(text, "\n{}", visible(workspace.as_deref().unwrap_or_default()));
            }
            text.push('\n');
            write_change(change, &mut text);
        }
        if !self.failures.is_empty() {
            text.push_str("\nNot compared, because it could not be read:\n");
            for failure in &self.failures {
                let _ = writeln!(text, "  {}: {}", visible(&failure.at), visible(failure.message()));
            }
        }
        if !self.skipped.is_empty() {
            text.push_str("\nNot compared:\n");
            for (families, side, reason) in self.skipped_by_reason() {
                let side = side.map_or_else(String::new, |side| format!(" ({side})"));
                let _ = writeln!(text, "  {families}{side}: {}", visible(reason));
            }
        }
        text
    }

    /// The result in one sentence.
    #[must_use]
    pub fn headline(&self) -> String {
        let found = match self.changes.len() {
            0 => "No differences".to_owned(),
            1 => "1 difference".to_owned(),
            many => format!("{many} differences"),
        };
        let kinds: Vec<String> = [
            (Kind::Added, "added"),
            (Kind::Removed, "removed"),
            (Kind::Changed, "changed"),
        ]
        .into_iter()
        .filter_map(|(kind, word)| Some((self.count(kind), word)).filter(|(count, _)| *count > 0))
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        let kinds = if kinds.is_empty() {
            String::new()
        } else {
            format!(": {}", kinds.join(", "))
        };
        let looked: Vec<String> = self
            .compared
            .iter()
            .filter(|(_, sides)| sides.left + sides.right > 0)
            .map(|(family, sides)| {
                let family = family.name().replace('_', " ");
                if sides.left == sides.right {
                    format!("{} {family}", sides.left)
                } else {
                    format!("{} and {} {family}", sides.left, sides.right)
                }
            })
            .collect();
        let looked = if looked.is_empty() {
            "nothing".to_owned()
        } else {
            looked.join(", ")
        };
        let but = match self.failures.len() {
            0 => String::new(),
            1 => " 1 thing could not be compared.".to_owned(),
            many => format!(" {many} things could not be compared."),
        };
        format!("{found}{kinds}. Looked at {looked}.{but}")
    }

    /// What was skipped, families with the same reason together.
    pub(super) fn skipped_by_reason(&self) -> Vec<(String, Option<&'static str>, &str)> {
        let mut groups: Vec<(String, Option<&'static str>, &str)> = Vec::new();
        for skipped in &self.skipped {
            let same = |(_, side, reason): &&mut (String, Option<&'static str>, &str)| {
                *side == skipped.side && *reason == skipped.reason
            };
            match groups.iter_mut().find(same) {
                Some((families, ..)) => {
                    let _ = write!(families, ", {}", skipped.family);
                }
                None => groups.push((skipped.family.to_string(), skipped.side, &skipped.reason)),
            }
        }
        groups
    }
}

fn write_change(change: &Change, text: &mut String) {
    let sign = match change.change {
        Kind::Added => '+',
        Kind::Removed => '-',
        Kind::Changed => '~',
    };
    let was = change
        .was
        .as_ref()
        .map_or_else(String::new, |was| format!(" (was {})", visible(was)));
    let fields = if change.fields.is_empty() {
        String::new()
    } else {
        format!("  [{}]", change.fields.join(", "))
    };
    let _ = writeln!(
        text,
        "{sign} {} {}{was}{}",
        change.family.singular(),
        visible(&change.name),
        visible(&fields)
    );
    for line in change.diff.lines() {
        let _ = writeln!(text, "    {}", visible(line));
    }
}

/// Workspace, branch and instance of a side.
pub(super) fn shown(side: &Side) -> String {
    let branch = side
        .branch
        .as_ref()
        .map_or_else(String::new, |branch| format!(", {branch}"));
    visible(&match &side.workspace {
        Some(workspace) => format!("{workspace} ({}{branch})", side.instance),
        None => side.instance.clone(),
    })
}

/// Text without control characters: each is shown by its code.
pub(super) fn visible(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\t' => safe.push(letter),
            // Marks that turn the direction of writing hide what a line says.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.extend(letter.escape_unicode()),
            letter if letter.is_control() => safe.extend(letter.escape_unicode()),
            letter => safe.push(letter),
        }
    }
    safe
}
