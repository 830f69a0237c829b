//! Changing and deleting: which records are meant, and requests that may be repeated.
//!
//! Twice is once here, so a request without an answer is sent again. Only in one thing does it matter: of rows to be deleted
//! that are gone at the second try, nobody can say whether the first one did it; they count as deleted.

use std::collections::HashSet;

use serde_json::Value;

use super::super::options::Action;
use super::super::rows::Trouble;
use super::part::Part;
use super::shared::{Answer, End, Load, Work};
use crate::error::Error;
use crate::request::Reply;

impl Load {
    /// Works on an update or a delete to its end.
    pub(super) async fn change(&self, work: &mut Work) -> Result<End, Error> {
        if let Some(mut part) = work.parts.pop() {
            part.doubted = std::mem::take(&mut work.resumed);
            let absent = self.find_targets(work, &mut part).await?;
            if !absent.is_empty() {
                let gone = part.doubted && self.is(Action::Delete);
                self.done(work, &absent, false, |tally, rows| {
                    *(if gone { &mut tally.deleted } else { &mut tally.skipped }) += rows;
                });
            }
            work.parts.push(part);
        }
        while let Some(part) = work.parts.pop() {
            if work.bad.is_some() {
                return Ok(End::Bad);
            }
            self.change_part(work, part).await?;
        }
        Ok(if work.bad.is_some() { End::Bad } else { End::Done })
    }

    /// Looks up which records the rows of a part mean and leaves those in it that mean one. Answers those that mean none.
    pub(super) async fn find_targets(&self, work: &mut Work, part: &mut Part) -> Result<Vec<usize>, Error> {
        let places = std::mem::take(&mut part.places);
        let key = self.key_place();
        let by_key = match key {
            Some(key) => Some((key, "key")),
            // Without a look an update finds out by itself; an upsert has to know before.
            None if self.is(Action::Upsert) => self.id_place().map(|id| (id, "id")),
            None => None,
        };
        let Some((column, by)) = by_key else {
            for place in places {
                if let Some(id) = work.batch.rows[place].checked.id.clone() {
                    work.targets.insert(place, id);
                    part.places.push(place);
                }
            }
            return Ok(Vec::new());
        };
        let value = |place: usize| {
            let checked = &work.batch.rows[place].checked;
            let value = if by == "key" { &checked.key } else { &checked.id };
            self.evidence.spelling(column, value.as_deref().unwrap_or("null"))
        };
        let values: Vec<String> = places.iter().map(|place| value(*place)).collect();
        let found = self.records_with(column, &values).await?;
        let mut absent = Vec::new();
        for (place, value) in places.into_iter().zip(&values) {
            match found.get(value).map(Vec::as_slice).unwrap_or_default() {
                [] => absent.push(place),
                [record] => {
                    work.targets.insert(place, record.id.clone());
                    part.places.push(place);
                }
                several => {
                    let reason = format!(
                        "{} records have this value, so it cannot be told which one is meant: find them by another column, or by id.",
                        several.len()
                    );
                    let name = &self.schema.columns()[column].name;
                    self.fail(work, place, Trouble::at(name, reason), false, None);
                }
            }
        }
        Ok(absent)
    }

    /// Sends the rows of a part, which mean a record each.
    pub(super) async fn change_part(&self, work: &mut Work, mut part: Part) -> Result<(), Error> {
        if let Some(refusal) = part.blamed.take() {
            self.blame(work, &part, refusal);
            return Ok(());
        }
        if part.places.is_empty() {
            return Ok(());
        }
        self.intend(work, None).await?;
        let deletes = self.is(Action::Delete);
        let operation = if deletes {
            "records.delete_many"
        } else {
            "records.update_many"
        };
        let error = match self.post(operation, self.change_body(work, &part)).await? {
            Answer::Done(reply) => match read_success(&reply) {
                Some(success) => return self.changed(work, &part, &success).await,
                None => reply.decode_error("The answer should tell the ids of the records that were changed."),
            },
            Answer::Unknown(error) => error,
            Answer::Refused(error) => {
                self.part_refused(work, &part, error);
                return Ok(());
            }
        };
        self.pause(&part, || error).await?;
        let places = std::mem::take(&mut part.places);
        work.parts.push(part.again(places));
        Ok(())
    }

    fn change_body(&self, work: &Work, part: &Part) -> Vec<u8> {
        let deletes = self.is(Action::Delete);
        let mut body = Vec::with_capacity(work.batch.text.len() + 64 * part.places.len() + 64);
        body.extend_from_slice(if deletes { b"{\"row_ids\":[" } else { b"{\"items\":[" });
        for (index, place) in part.places.iter().enumerate() {
            if index > 0 {
                body.push(b',');
            }
            let id = work.targets.get(place).map_or("null", String::as_str).as_bytes();
            if deletes {
                body.extend_from_slice(id);
            } else {
                body.extend_from_slice(b"{\"row_id\":");
                body.extend_from_slice(id);
                body.extend_from_slice(b",\"updates\":");
                body.extend_from_slice(work.batch.raw(*place));
                body.push(b'}');
            }
        }
        body.extend_from_slice(b"]}");
        body
    }

    /// Counts what an answer says, and looks after the rows of which it says nothing.
    async fn changed(&self, work: &mut Work, part: &Part, success: &HashSet<String>) -> Result<(), Error> {
        let done = |place: &usize| work.targets.get(place).is_some_and(|id| success.contains(&plain(id)));
        let (done, left): (Vec<usize>, Vec<usize>) = part.places.iter().copied().partition(done);
        let deletes = self.is(Action::Delete);
        let (added, old): (Vec<usize>, Vec<usize>) =
            done.into_iter().partition(|place| work.maybe_added.contains(place));
        self.count(work, &added, |tally, rows| tally.inserted += rows);
        self.count(work, &old, |tally, rows| {
            *(if deletes {
                &mut tally.deleted
            } else {
                &mut tally.updated
            }) += rows;
        });
        let Some(id) = self.id_place().filter(|_| !left.is_empty()) else {
            return Ok(());
        };
        let ids: Vec<String> = left
            .iter()
            .map(|place| {
                self.evidence
                    .spelling(id, work.targets.get(place).map_or("null", String::as_str))
            })
            .collect();
        let there = self.records_with(id, &ids).await?;
        let mut gone = Vec::new();
        for (place, id) in left.into_iter().zip(&ids) {
            if there.contains_key(id) {
                let reason = "The server left the record as it is, and gave no reason.";
                self.fail(work, place, Trouble::of_row(reason), true, None);
            } else {
                gone.push(place);
            }
        }
        match self.options.action {
            // Somebody deleted them in between.
            Action::Upsert if !gone.is_empty() => {
                let mut again = Part::of(gone);
                (again.adds, again.rounds) = (true, part.rounds + 1);
                work.parts.push(again);
            }
            Action::Delete if part.doubted => self.count(work, &gone, |tally, rows| tally.deleted += rows),
            _ => self.count(work, &gone, |tally, rows| tally.skipped += rows),
        }
        Ok(())
    }

    fn count(&self, work: &mut Work, places: &[usize], count: impl FnOnce(&mut super::ledger::Tally, u64)) {
        if !places.is_empty() {
            self.done(work, places, true, count);
        }
    }

    pub(super) fn id_place(&self) -> Option<usize> {
        self.schema.columns().iter().position(|column| column.name == "id")
    }
}

/// An id without the quotation marks that some answers put round numbers, and in small letters as UUIDs are.
fn plain(id: &str) -> String {
    id.trim_matches('"').to_ascii_lowercase()
}

/// The ids that an answer tells of: `{"success": […]}`.
fn read_success(reply: &Reply) -> Option<HashSet<String>> {
    let answer: Value = serde_json::from_slice(&reply.body).ok()?;
    let ids = answer.get("success")?.as_array()?;
    Some(ids.iter().map(|id| plain(&id.to_string())).collect())
}
