//! Which branch is live, and making another one live, when answers may get lost.

use std::time::Duration;

use xano_metadata::{CallOptions, Error, ErrorKind};

use super::stage::Target;

/// How often a branch is asked for that may or may not have been made.
const LOOKS: u32 = 3;

/// The branches of a stage.
#[derive(Clone, Debug)]
pub(super) struct Branches {
    labels: Vec<String>,
    pub(super) live: String,
}

impl Branches {
    /// Looks.
    pub(super) async fn of(target: &Target) -> Result<Self, Error> {
        let workspace = target.place.workspace();
        let all = workspace.branches().list().all().await?;
        let live = match all.iter().find(|branch| branch.live == Some(true)) {
            Some(branch) => Some(branch.label.clone()),
            // Servers that do not mark it in the list name it with the workspace.
            None => workspace.get().await?.branch,
        };
        let live = live
            .filter(|label| !label.is_empty())
            .ok_or_else(|| Error::damaged(format!("{} does not say which branch is live.", target.shown())))?;
        Ok(Self {
            labels: all.into_iter().map(|branch| branch.label).collect(),
            live,
        })
    }

    pub(super) fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|known| known == label)
    }
}

/// Makes sure that the branch exists, as a clone of another one.
pub(super) async fn make(target: &Target, label: &str, from: &str, settle: Duration) -> Result<(), Error> {
    let workspace = target.place.workspace();
    let mut looks = 0;
    let mut lost = None;
    loop {
        match (Branches::of(target).await, lost.take()) {
            (Ok(now), _) if now.has(label) => return Ok(()),
            (Ok(_), _) => {}
            // It stays unknown what became of the request before.
            (Err(_), Some(lost)) => return Err(lost),
            (Err(error), None) => return Err(error),
        }
        let made = workspace
            .branches()
            .create(label)
            .source_branch(from)
            .description("Made by a deployment")
            .await;
        match made {
            Ok(_) => return Ok(()),
            Err(error) if error.outcome_unknown() && looks < LOOKS => {
                // It may be there, or come while we look.
                looks += 1;
                lost = Some(error);
                tokio::time::sleep(settle).await;
            }
            // What was lost before has come after all, and took the label.
            Err(error) if error.param() == Some("label") && looks > 0 && Branches::of(target).await?.has(label) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes a text into a branch of our own. Twice is as good as once there, so a lost answer is no trouble.
pub(super) async fn push(target: &Target, label: &str, text: String, delete: bool) -> Result<(), Error> {
    let again = CallOptions {
        idempotent: Some(true),
        ..CallOptions::default()
    };
    let push = target.place.workspace().multidoc().push(text).branch(label);
    push.delete(delete).transaction(true).options(again).await.map(drop)
}

/// Makes a branch live, unless another one than `from` is. Error: it is not, or nobody knows.
pub(super) async fn switch(target: &Target, from: &str, to: &str, settle: Duration) -> Result<(), Error> {
    let now = Branches::of(target).await?;
    if now.live == to {
        return Ok(());
    }
    if now.live != from {
        return Err(Error::refused(format!(
            "Somebody else made {:?} the live branch of {} meanwhile; it was {from:?}. Nothing was switched.",
            now.live,
            target.shown()
        )));
    }
    let Err(error) = target.place.workspace().branch(to).set_live().await else {
        return Ok(());
    };
    if !error.outcome_unknown() {
        return Err(error);
    }
    tokio::time::sleep(settle).await;
    match Branches::of(target).await {
        Ok(now) if now.live == to => Ok(()),
        _ => Err(error),
    }
}

/// Removes a branch of ours; that it is gone already is fine.
pub(super) async fn remove(target: &Target, label: &str) -> Result<(), Error> {
    match target.place.workspace().branch(label).delete().await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
