//! The logic of a logical backup: pushed as one multidoc.

use xano_metadata::Error;

use super::{Restored, Task};

/// The line between documents.
const SEPARATOR: &str = "---";

/// Pushes the scripts. What the server does not take is told in the report, because everything else is restored by then.
pub(super) async fn push(task: &Task<'_>, scripts: &str, restored: &mut Restored) -> Result<(), Error> {
    let text = without_tables(scripts);
    if text.is_empty() {
        restored.scripts = Some(true);
        return Ok(());
    }
    let mut push = task.into.workspace().multidoc().push(text);
    if let Some(branch) = &task.into.branch {
        push = push.branch(branch);
    }
    match push.await {
        Ok(_) => restored.scripts = Some(true),
        Err(error) if error.kind().is_api() && !error.outcome_unknown() => {
            restored.scripts = Some(false);
            restored
                .not_restored
                .push(format!("The server did not take the scripts: {error}"));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The documents but for those of tables, which were made by their columns and hold records by now.
fn without_tables(scripts: &str) -> String {
    let mut documents = vec![String::new()];
    for line in scripts.lines() {
        if line.trim_end() == SEPARATOR {
            documents.push(String::new());
        } else if let Some(document) = documents.last_mut() {
            document.push_str(line);
            document.push('\n');
        }
    }
    documents.retain(|document| keyword(document).is_some_and(|word| word != "table"));
    documents.join(&format!("{SEPARATOR}\n"))
}

/// The word that a document begins with; none where it is empty.
fn keyword(document: &str) -> Option<&str> {
    let line = document
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("//"))?;
    line.split(|letter: char| letter.is_whitespace() || letter == '{')
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_left_out() {
        let text = "// about\ntable a {\n}\n---\nfunction b {\n  x = \"table\"\n}\n---\n\n---\ntable_trigger c {\n}";
        assert_eq!(
            without_tables(text),
            "function b {\n  x = \"table\"\n}\n---\ntable_trigger c {\n}\n"
        );
        assert_eq!(without_tables("table a {\n}\n"), "");
        assert_eq!(without_tables(""), "");
    }
}
