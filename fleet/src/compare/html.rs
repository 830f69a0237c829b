//! A comparison as HTML, for notebooks and reports.
//!
//! Names and scripts may hold anything; all of it is escaped, and nothing but text comes from outside: no attribute, no link.

use std::fmt::Write as _;

use super::comparison::{Change, Comparison, Kind};
use super::text::{shown, visible};

impl Comparison {
    /// The comparison as a piece of HTML that stands for itself: styles are inline, and there are no scripts.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = String::from("<div class=\"xano-comparison\" style=\"font-family:sans-serif\">");
        let _ = write!(
            html,
            "<p><b>{} → {}</b><br>{}</p>",
            escaped(&shown(&self.left)),
            escaped(&shown(&self.right)),
            escaped(&self.headline())
        );
        for change in &self.changes {
            write_change(change, &mut html);
        }
        if !self.failures.is_empty() {
            html.push_str("<p><b>Not compared, because it could not be read</b></p><ul>");
            for failure in &self.failures {
                let _ = write!(
                    html,
                    "<li>{}: {}</li>",
                    escaped(&failure.at),
                    escaped(failure.message())
                );
            }
            html.push_str("</ul>");
        }
        if !self.skipped.is_empty() {
            html.push_str("<p><b>Not compared</b></p><ul>");
            for (families, side, reason) in self.skipped_by_reason() {
                let side = side.map_or_else(String::new, |side| format!(" ({side})"));
                let _ = write!(html, "<li>{}{side}: {}</li>", escaped(&families), escaped(reason));
            }
            html.push_str("</ul>");
        }
        html.push_str("</div>");
        html
    }
}

fn write_change(change: &Change, html: &mut String) {
    let (sign, colour) = match change.change {
        Kind::Added => ("added", "#1a7f37"),
        Kind::Removed => ("removed", "#cf222e"),
        Kind::Changed => ("changed", "#9a6700"),
    };
    let place = change
        .workspace
        .as_ref()
        .map_or_else(String::new, |name| format!("{name}: "));
    let was = change
        .was
        .as_ref()
        .map_or_else(String::new, |was| format!(" (was {was})"));
    let summary = format!(
        "<b style=\"color:{colour}\">{sign}</b> {} <code>{}{}</code>{} <small>{}</small>",
        escaped(change.family.singular()),
        escaped(&place),
        escaped(&change.name),
        escaped(&was),
        escaped(&change.fields.join(", "))
    );
    if change.diff.is_empty() {
        let _ = write!(html, "<p>{summary}</p>");
        return;
    }
    let _ = write!(
        html,
        "<details><summary>{summary}</summary><pre style=\"margin:0.5em 0;line-height:1.3\">"
    );
    for line in change.diff.lines() {
        let background = match line.chars().next() {
            Some('+') => "#dafbe1",
            Some('-') => "#ffebe9",
            Some('@') => "#ddf4ff",
            _ => "transparent",
        };
        let _ = writeln!(
            html,
            "<span style=\"background:{background};color:#1f2328\">{}</span>",
            escaped(line)
        );
    }
    html.push_str("</pre></details>");
}

fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}
