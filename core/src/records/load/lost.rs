//! Batches without an answer whose rows nothing identifies: looked for among the ids that came up.

use tokio::time::Instant;

use super::fate::{Fate, Sent, decide};
use super::insert::Ids;
use super::part::Part;
use super::ranges::in_words;
use super::shared::{Load, Work};
use crate::error::Error;

/// A part of a batch, to be looked for.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) work: Work,
    pub(super) part: Part,
    /// When its answer was given up.
    pub(super) since: Instant,
}

impl Lost {
    /// The places of its rows in the source.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.part.places.iter().map(|place| self.work.batch.rows[*place].number)
    }
}

/// What looking showed.
#[derive(Debug, Default)]
pub(super) struct Finding {
    /// Batches whose lost part was found, or is certainly not there and waits to go out again.
    pub(super) works: Vec<Work>,
    /// Parts of which it cannot be told.
    pub(super) left: Vec<Lost>,
    pub(super) undecided: Option<Error>,
}

impl Load {
    /// Finds out about all of them together, while nothing is under way.
    pub(super) async fn find(&self, mut lost: Vec<Lost>) -> Result<Finding, (Vec<Lost>, Error)> {
        let fates = match self.fates(&lost).await {
            Ok(fates) => fates,
            Err(error) => {
                let rows = rows_in_words(&lost);
                let error = error.with_outcome_unknown(true).with_hint(format!(
                    "It could not be found out whether rows {rows} were stored. With a checkpoint, run the job again: it looks first."
                ));
                return Err((lost, error));
            }
        };
        let mut finding = Finding::default();
        let mut unclear: Vec<(Lost, Vec<i64>)> = Vec::new();
        lost.reverse();
        for fate in fates {
            let Some(mut one) = lost.pop() else { break };
            match fate {
                Fate::There(ids) => {
                    let places = std::mem::take(&mut one.part.places);
                    self.stored(&mut one.work, &one.part, &places, Ids::Numbers(ids));
                }
                Fate::Absent => {
                    let part = std::mem::take(&mut one.part);
                    if let Err(error) = self.absent(&mut one.work, part).await {
                        finding.undecided = Some(error);
                        finding.left.push(one);
                        continue;
                    }
                }
                Fate::Unclear(ids) => {
                    unclear.push((one, ids));
                    continue;
                }
            }
            finding.works.push(one.work);
        }
        if !unclear.is_empty() {
            finding.undecided = Some(undecided(&unclear, self.book.has_file()));
            finding.left.extend(unclear.into_iter().map(|(lost, _)| lost));
        }
        Ok(finding)
    }

    /// Rows that are certainly not there: they go out again, or in parts when they were refused.
    async fn absent(&self, work: &mut Work, mut part: Part) -> Result<(), Error> {
        self.certain(work);
        if let Some(refusal) = part.refusal.take() {
            self.habits.saw_refusal(true);
            self.part_refused(work, &part, refusal);
            return Ok(());
        }
        let rows = in_words(part.places.iter().map(|place| work.batch.rows[*place].number));
        self.pause(&part, || {
            Error::record(
                format!("Rows {rows} could not be stored: their requests got lost. None of them is stored."),
                None,
                None,
            )
        })
        .await?;
        let places = std::mem::take(&mut part.places);
        let mut again = part.again(places);
        (again.doubted, again.after) = (false, None);
        work.parts.push(again);
        Ok(())
    }

    async fn fates(&self, lost: &[Lost]) -> Result<Vec<Fate>, Error> {
        // The server is done with what it has refused.
        let may_come = lost.iter().filter(|lost| lost.part.refusal.is_none());
        let latest = may_come.map(|lost| lost.since).max();
        if let Some(latest) = latest {
            // The others that were under way have taken some of the time.
            tokio::time::sleep_until(latest + self.settling()).await;
        }
        self.calibrate().await?;
        let mut fates = self.look_for(lost).await?;
        if latest.is_some() && fates.iter().any(|fate| !matches!(fate, Fate::There(_))) {
            self.settle().await;
            fates = self.look_for(lost).await?;
        }
        if !self.book.with(|ledger| ledger.proven) {
            self.doubt_numbers(lost, &mut fates).await?;
        }
        Ok(fates)
    }

    async fn look_for(&self, lost: &[Lost]) -> Result<Vec<Fate>, Error> {
        let sent: Vec<Sent> = lost
            .iter()
            .map(|Lost { work, part, .. }| Sent {
                after: part.after.unwrap_or(0),
                rows: part
                    .places
                    .iter()
                    .map(|place| self.evidence.row(work.batch.row(*place)))
                    .collect(),
            })
            .collect();
        let Some(lowest) = sent.iter().map(|sent| sent.after).min() else {
            return Ok(Vec::new());
        };
        let owned = self.book.with(|ledger| ledger.owned.clone());
        let found = self.records_after(lowest, &owned).await?;
        Ok(decide(&sent, &found))
    }

    /// As long as no answer has shown where the server's numbers are, they may be below what somebody else has chosen.
    async fn doubt_numbers(&self, lost: &[Lost], fates: &mut [Fate]) -> Result<(), Error> {
        for (Lost { work, part, .. }, fate) in lost.iter().zip(fates) {
            let (Fate::Absent, Some(after @ 1..), Some(first)) = (&*fate, part.after, part.places.first()) else {
                continue;
            };
            if part.refusal.is_some() {
                continue;
            }
            match self.twins_below(work.batch.row(*first), after).await? {
                Some(twins) if twins.is_empty() => {}
                twins => *fate = Fate::Unclear(twins.unwrap_or_default()),
            }
        }
        Ok(())
    }
}

fn rows_in_words(lost: &[Lost]) -> String {
    in_words(lost.iter().flat_map(Lost::numbers))
}

/// Says which rows nobody can tell of, what was seen, and what can be done.
fn undecided(unclear: &[(Lost, Vec<i64>)], has_file: bool) -> Error {
    let rows = in_words(unclear.iter().flat_map(|(lost, _)| lost.numbers()));
    let mut ids: Vec<u64> = unclear
        .iter()
        .flat_map(|(_, ids)| ids)
        .map(|id| id.unsigned_abs())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let seen = match ids.len() {
        0 => "nothing in the rows can be compared with what is there".to_owned(),
        1 => format!(
            "the record with the id {} equals one of them, but others are not there",
            in_words(ids)
        ),
        many => format!(
            "the {many} records with the ids {} equal some of them, but others are not there",
            in_words(ids)
        ),
    };
    let then = if has_file {
        "Delete those records if they came from this job, or change them if they did not, and run the job again: it goes on where \
         it was."
    } else {
        "Look at them, and load what is missing."
    };
    let first = unclear.iter().flat_map(|(lost, _)| lost.numbers()).min();
    Error::record(
        format!("It cannot be known whether rows {rows} were stored: the answer got lost, and {seen}."),
        first,
        None,
    )
    .with_outcome_unknown(true)
    .with_hint(format!(
        "Nothing was sent again. {then} A key column with unique values (key) lets a job find its rows for certain."
    ))
}
