//! Tables for people: as wide as the terminal, cut with `…` where that is not enough.

use std::fmt::Write as _;

use crate::console::{Console, Paint};
use crate::text::tame;

const GAP: usize = 2;
/// No column is made narrower than this to save others.
const LEAST: usize = 6;

/// A cell: what it says, and in which colour.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    paint: Paint,
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: tame(text.as_ref()),
            paint: Paint::Plain,
        }
    }
}

impl Cell {
    pub(crate) fn painted(text: impl AsRef<str>, paint: Paint) -> Self {
        Self {
            paint,
            ..Self::from(text)
        }
    }
}

/// Rows under a header.
#[derive(Debug)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(header: &[&'static str]) -> Self {
        Self {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines; `nothing` stands for one without rows.
    pub(crate) fn render(&self, console: &Console, nothing: &str) -> String {
        if self.is_empty() {
            return format!("{nothing}\n");
        }
        let widths = fit(self.widths(), console.width());
        let mut out = String::new();
        let header: Vec<Cell> = self
            .header
            .iter()
            .map(|title| Cell::painted(title, Paint::Bold))
            .collect();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut line = String::new();
            for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let text = cut(&cell.text, *width);
                let pad = if place + 1 == row.len() {
                    0
                } else {
                    width - length(&text) + GAP
                };
                // Writing to a string does not fail.
                let _ = write!(line, "{}{:pad$}", console.paint(&text, cell.paint), "");
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.header.iter().map(|title| length(title)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(&cell.text));
            }
        }
        widths
    }
}

/// Lines of `name  value`.
pub(crate) fn facts(console: &Console, facts: &[(&str, String)]) -> String {
    let widest = facts.iter().map(|(name, _)| length(name)).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| {
        let pad = widest - length(name) + GAP;
        format!("{}{:pad$}{}\n", console.paint(name, Paint::Bold), "", tame(value))
    };
    facts.iter().map(line).collect()
}

/// Takes from the widest columns until the table fits; without a limit nothing is cut.
fn fit(mut widths: Vec<usize>, limit: Option<usize>) -> Vec<usize> {
    let Some(limit) = limit else { return widths };
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > limit {
        let Some(widest) = widths.iter_mut().max() else { break };
        if *widest <= LEAST {
            break;
        }
        *widest -= 1;
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["name", "state"]);
        table.row([Cell::from("x1234-5678-9012-and-more"), Cell::painted("up", Paint::Good)]);
        table.row([Cell::from("é"), "down\x1b".into()]);
        table
    }

    #[test]
    fn columns_line_up() {
        let console = Console::plain(None);
        let lines = table().render(&console, "None.");
        assert_eq!(
            lines,
            "name                      state\nx1234-5678-9012-and-more  up\né                         down�\n"
        );
        assert_eq!(Table::new(&["name"]).render(&console, "None."), "None.\n");
    }

    #[test]
    fn what_does_not_fit_is_cut_from_the_widest_column() {
        let lines = table().render(&Console::plain(Some(20)), "");
        assert!(lines.lines().all(|line| line.chars().count() <= 20), "{lines}");
        assert!(lines.contains("x1234-5678-9…  up"), "{lines}");
        let narrow = table().render(&Console::plain(Some(3)), "");
        assert!(narrow.contains("x1234…"), "a column keeps its least width: {narrow}");
    }
}
