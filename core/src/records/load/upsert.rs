//! Changing what is there and adding what is not.
//!
//! A look says which rows are which. When the answer to an addition gets lost, the look is repeated: what has come up since
//! is changed to what the row says, so that the table is right whoever added it, and counts as inserted.

use super::super::check::missing;
use super::batch::with_id;
use super::insert::{in_doubt, list_body};
use super::part::Part;
use super::shared::{Answer, End, Load, Work};
use crate::error::Error;

impl Load {
    /// Works on an upsert to its end.
    pub(super) async fn upsert(&self, work: &mut Work) -> Result<End, Error> {
        if let Some(mut part) = work.parts.pop() {
            part.doubted = std::mem::take(&mut work.resumed);
            let first_look = !part.doubted;
            self.sort_out(work, part, first_look).await?;
        }
        while let Some(part) = work.parts.pop() {
            if work.bad.is_some() {
                return Ok(End::Bad);
            }
            if part.adds {
                self.add_part(work, part).await?;
            } else {
                self.change_part(work, part).await?;
            }
        }
        Ok(if work.bad.is_some() { End::Bad } else { End::Done })
    }

    /// Looks which rows of a part are there, and makes a part of those and one of the others.
    async fn sort_out(&self, work: &mut Work, mut part: Part, first_look: bool) -> Result<(), Error> {
        let absent = self.find_targets(work, &mut part).await?;
        let numbers = work.batch.numbers(&absent);
        if first_look {
            self.book.with(|ledger| {
                if let Some(note) = ledger.note(work.batch.first) {
                    note.absent.extend(&numbers);
                }
            });
        }
        let mut new = Part {
            rounds: part.rounds,
            doubted: part.doubted,
            adds: true,
            ..Part::default()
        };
        for place in absent {
            match work.batch.rows[place].checked.missing.clone() {
                Some(column) => self.fail(work, place, missing(&column), false, None),
                None => new.places.push(place),
            }
        }
        part.adds = false;
        work.parts
            .extend([new, part].into_iter().filter(|part| !part.places.is_empty()));
        Ok(())
    }

    async fn add_part(&self, work: &mut Work, mut part: Part) -> Result<(), Error> {
        if let Some(refusal) = part.blamed.take() {
            self.blame(work, &part, refusal);
            return Ok(());
        }
        self.intend(work, None).await?;
        let body = add_body(work, &part);
        let error = match self.post("records.create_many", body).await? {
            Answer::Done(reply) => {
                let ids: Option<Vec<serde_json::Value>> = serde_json::from_slice(&reply.body).ok();
                if ids.is_some_and(|ids| ids.len() == part.places.len()) {
                    if part.pointed {
                        self.habits.saw_pointed(false);
                    }
                    self.done(work, &part.places, true, |tally, rows| tally.inserted += rows);
                    return Ok(());
                }
                reply.decode_error("The answer should be the ids of the new records.")
            }
            Answer::Unknown(error) => error,
            Answer::Refused(error) => return self.addition_refused(work, part, error).await,
        };
        self.settle().await;
        self.pause(&part, || error).await?;
        work.maybe_added.extend(&part.places);
        let places = std::mem::take(&mut part.places);
        self.sort_out(work, part.again(places), false).await.map_err(in_doubt)
    }

    /// Somebody else may have added a row, or an earlier request of ours did so late, or the server took some of them.
    async fn addition_refused(&self, work: &mut Work, mut part: Part, error: Error) -> Result<(), Error> {
        let single = part.places.len() == 1;
        let may_be_there = error.status() == Some(409) && single;
        if !(part.doubted || may_be_there || !(single || self.habits.refuses_whole())) {
            self.part_refused(work, &part, error);
            return Ok(());
        }
        let all = part.places.len();
        let absent = self.find_targets(work, &mut part).await?;
        let there = std::mem::replace(&mut part.places, absent);
        if there.is_empty() || error.status() != Some(409) {
            self.habits.saw_refusal(there.is_empty());
        }
        if part.places.len() == all {
            self.part_refused(work, &part, error);
            return Ok(());
        }
        self.pause(&part, || error).await?;
        let absent = std::mem::take(&mut part.places);
        let mut change = Part::of(there);
        change.rounds = part.rounds + 1;
        work.parts.extend(
            [part.again(absent), change]
                .into_iter()
                .filter(|part| !part.places.is_empty()),
        );
        Ok(())
    }
}

fn add_body(work: &Work, part: &Part) -> Vec<u8> {
    let id = |place: usize| work.batch.rows[place].checked.id.as_deref();
    let with_ids = part.places.iter().all(|place| id(*place).is_some());
    list_body(&work.batch, &part.places, with_ids, |place, body| {
        let row = work.batch.row(place);
        match id(place) {
            Some(id) => body.extend_from_slice(with_id(id, row).as_bytes()),
            None => body.extend_from_slice(work.batch.raw(place)),
        }
    })
}
