//! Looking again and again, and telling only what changed.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::try_unfold;
use tokio::time::Instant;
use xano_metadata::Error;

use super::change::Change;
use super::fleet::Fleet;
use super::probe::HealthOptions;

/// As good as never, for a time between looks that no clock can hold.
const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A fleet that is being watched. Nothing happens between calls of [`next`](Self::next); dropping it ends it.
///
/// ```no_run
/// # async fn example(fleet: xano_fleet::estate::Fleet) -> Result<(), xano_metadata::Error> {
/// use std::time::Duration;
///
/// let mut watch = fleet.watch(Duration::from_secs(60), Default::default())?;
/// loop {
///     println!("{}", watch.next().await?);
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Watch {
    fleet: Fleet,
    options: HealthOptions,
    every: Duration,
    /// When to look next; none: now.
    due: Option<Instant>,
    told: VecDeque<Change>,
}

impl Fleet {
    /// Watches the fleet: looks at it now and then `every` so often. An instance with a rate limit is probed more seldom where
    /// probing would take more than a tenth of what it allows.
    ///
    /// # Errors
    /// `config_error` when `every` is zero.
    pub fn watch(&self, every: Duration, options: HealthOptions) -> Result<Watch, Error> {
        if every.is_zero() {
            return Err(Error::config(
                "every is zero: a fleet is looked at now and then, not without end.",
            ));
        }
        Ok(Watch {
            fleet: self.clone(),
            options,
            every,
            due: None,
            told: VecDeque::new(),
        })
    }
}

impl Watch {
    /// The next change; waits for one. Giving it up loses nothing that was told.
    ///
    /// # Errors
    /// As [`Fleet::health`].
    pub async fn next(&mut self) -> Result<Change, Error> {
        loop {
            if let Some(change) = self.told.pop_front() {
                return Ok(change);
            }
            if let Some(due) = self.due {
                tokio::time::sleep_until(due).await;
            }
            // A look that takes longer than that moves the ones behind it; they are not made up for.
            let now = Instant::now();
            self.due = now.checked_add(self.every).or_else(|| now.checked_add(AGES));
            let look = self.fleet.look(&self.options, true).await?;
            self.told.extend(look.changes);
        }
    }

    /// The changes as a stream, which ends after the first error.
    pub fn changes(self) -> impl Stream<Item = Result<Change, Error>> + Send {
        try_unfold(self, |mut watch| async move {
            let change = watch.next().await?;
            Ok(Some((change, watch)))
        })
    }
}
