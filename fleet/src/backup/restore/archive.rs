//! An archive: sent back to the server that unpacks it.

use xano_metadata::{Error, Part};

use super::{Restored, RestoredTable, Task};
use crate::backup::telling::warn;

pub(super) async fn restore(task: &Task<'_>) -> Result<Restored, Error> {
    let mut restored = task.report();
    let branches = branches(task, &mut restored).await?;
    restored.safety = task.safety(&branches).await?;
    for warning in &restored.warnings {
        warn(task.host, warning);
    }
    let mut import = task.into.workspace().import_archive(Part::file("file", task.file));
    if let Some(password) = task.options.password.as_ref().filter(|_| task.manifest.encrypted) {
        import = import.password(password);
    }
    import.await.map_err(|error| told(error, &restored))?;
    restored.branch = task.manifest.branch.clone();
    restored.ok = true;
    restored.scripts = Some(true);
    let listed = task.into.workspace().tables().list().all().await;
    let tables = listed.map_err(|error| {
        error.with_hint(format!(
            "The archive was imported, but its tables cannot be listed.{}",
            kept(&restored)
        ))
    })?;
    restored.tables = tables
        .into_iter()
        .map(|table| RestoredTable {
            restored_as: table.name.clone(),
            name: table.name,
            made: true,
            ..RestoredTable::default()
        })
        .collect();
    Ok(restored)
}

/// The branches that an import takes away, to be backed up one by one: an archive holds the logic of one.
async fn branches(task: &Task<'_>, restored: &mut Restored) -> Result<Vec<String>, Error> {
    let listed = match task.into.workspace().branches().list().all().await {
        Ok(listed) => listed,
        Err(error) if error.status().is_some_and(|status| status == 403 || status == 404) => {
            restored.warnings.push(format!(
                "The server does not list branches; an import takes away all but the one that is restored: {}",
                error.message()
            ));
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let (backups, own): (Vec<_>, Vec<_>) = listed.into_iter().partition(|branch| branch.backup == Some(true));
    let lost: Vec<String> = backups.into_iter().map(|branch| branch.label).collect();
    if !lost.is_empty() {
        restored.warnings.push(format!(
            "The import takes away the server's own backups of branches, which the safety backup does not hold: {}.",
            lost.join(", ")
        ));
    }
    let own: Vec<String> = own.into_iter().map(|branch| branch.label).collect();
    let others = own.iter().filter(|label| Some(*label) != task.manifest.branch.as_ref());
    let others: Vec<&str> = others.map(String::as_str).collect();
    if !others.is_empty() {
        restored.warnings.push(format!(
            "The import replaces the whole workspace, so these branches go with it: {}.",
            others.join(", ")
        ));
    }
    Ok(own)
}

fn told(error: Error, restored: &Restored) -> Error {
    let stands = if error.outcome_unknown() {
        "Whether the workspace was overwritten is not known: look at it."
    } else {
        "The server did not take the archive; look whether the workspace is as it was."
    };
    error.with_hint(format!("{stands}{}", kept(restored)))
}

/// Where the safety backups are.
fn kept(restored: &Restored) -> String {
    super::standing::where_safety_is(&restored.safety)
}
