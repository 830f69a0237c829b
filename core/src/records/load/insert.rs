//! Inserting a batch: no row twice, whatever happens to the answer.

use std::borrow::Cow;
use std::sync::PoisonError;

use serde_json::Value;

use super::super::options::OnError;
use super::super::rows::Trouble;
use super::batch::Batch;
use super::evidence::Record;
use super::fate::likeness;
use super::ledger::Tally;
use super::part::Part;
use super::shared::{Answer, End, Identified, Load, Work};
use super::split::trouble;
use crate::error::Error;
use crate::request::Reply;

/// Rows whose further fate is looked at once, to see what the server makes of values.
const SAMPLE: usize = 5;

/// By what the rows of a part are found again.
enum Way {
    Values(Named),
    /// By the ids that came up since.
    Numbers,
}

/// A value each, in one column.
struct Named {
    /// The column's place.
    column: usize,
    values: Vec<String>,
    /// Whether the server itself keeps them from being there twice.
    certain: bool,
}

/// The ids of new records.
#[derive(Debug)]
pub(super) enum Ids {
    /// As nearly every server gives them.
    Numbers(Vec<i64>),
    /// As JSON texts.
    Texts(Vec<String>),
}

impl Ids {
    /// The ids of an answer, if it has as many as there were rows.
    fn read(reply: &Reply, rows: usize) -> Option<Self> {
        if let Ok(numbers) = serde_json::from_slice::<Vec<i64>>(&reply.body) {
            return (numbers.len() == rows).then_some(Self::Numbers(numbers));
        }
        let ids: Vec<Value> = serde_json::from_slice(&reply.body).ok()?;
        let read = |id: &Value| match id {
            Value::Number(_) | Value::String(_) => Some(id.to_string()),
            _ => None,
        };
        let texts = ids.iter().map(read).collect::<Option<Vec<String>>>()?;
        (texts.len() == rows).then_some(Self::Texts(texts))
    }

    /// Those that are numbers.
    fn numbers(&self) -> Cow<'_, [i64]> {
        match self {
            Self::Numbers(numbers) => Cow::Borrowed(numbers),
            Self::Texts(texts) => {
                let number = |id: &String| id.trim_matches('"').parse().ok();
                texts.iter().filter_map(number).collect()
            }
        }
    }

    /// The first of them as JSON texts.
    fn first(self, count: usize) -> Vec<String> {
        match self {
            Self::Numbers(numbers) => numbers.iter().take(count).map(i64::to_string).collect(),
            Self::Texts(mut texts) => {
                texts.truncate(count);
                texts
            }
        }
    }
}

/// What looking for the rows of a part showed.
#[derive(Debug, Default)]
struct Seen {
    /// Rows that are there.
    ours: Vec<usize>,
    /// Their ids, as JSON texts.
    ids: Vec<String>,
    missing: Vec<usize>,
}

impl Load {
    /// Works on an insert as far as that is possible.
    pub(super) async fn insert(&self, work: &mut Work) -> Result<End, Error> {
        if std::mem::take(&mut work.resumed) {
            let part = work.parts.pop().unwrap_or_default();
            let never = || Error::record("Rows that an earlier run had sent could not be stored.", None, None);
            if let Some(lost) = self.unanswered(work, part, never).await? {
                return Ok(End::Lost(lost));
            }
        }
        while let Some(part) = work.parts.pop() {
            if let Some(lost) = self.insert_part(work, part).await? {
                return Ok(End::Lost(lost));
            }
            if work.bad.is_some() {
                return Ok(End::Bad);
            }
        }
        Ok(End::Done)
    }

    /// Sends a part. Answers it when its fate can only be found out later.
    async fn insert_part(&self, work: &mut Work, mut part: Part) -> Result<Option<Part>, Error> {
        if let Some(refusal) = part.blamed.take() {
            self.blame(work, &part, refusal);
            return Ok(None);
        }
        part.after = self.intend(work, part.after).await?;
        let body = create_body(&work.batch, &part.places, self.identified != Identified::Otherwise);
        let answer = self.post("records.create_many", body).await;
        match answer {
            Ok(Answer::Done(reply)) => {
                if let Some(ids) = Ids::read(&reply, part.places.len()) {
                    if part.pointed {
                        self.habits.saw_pointed(false);
                    }
                    self.stored(work, &part, &part.places, ids);
                    return Ok(None);
                }
                let unreadable = || reply.decode_error("The answer should be the ids of the new records.");
                self.unanswered(work, part, unreadable).await
            }
            Ok(Answer::Unknown(error)) => self.unanswered(work, part, || error).await,
            Ok(Answer::Refused(error)) => self.refused(work, part, error).await,
            Err(error) => {
                if !error.outcome_unknown() && !part.doubted {
                    self.certain(work);
                }
                Err(error)
            }
        }
    }

    /// Finds out what became of a part without an answer, and puts what has to go out again on the pile.
    async fn unanswered(
        &self,
        work: &mut Work,
        mut part: Part,
        error: impl FnOnce() -> Error,
    ) -> Result<Option<Part>, Error> {
        let way = self.way(&work.batch, &part).await;
        let Way::Values(values) = way else {
            part.doubted = true;
            return Ok(Some(part));
        };
        self.settle().await;
        let mut seen = self.look(work, &part, &values).await.map_err(in_doubt)?;
        if !values.certain && !seen.missing.is_empty() {
            // The server might still have been at it.
            self.settle().await;
            seen = self.look(work, &part, &values).await.map_err(in_doubt)?;
        }
        self.stored(work, &part, &seen.ours, Ids::Texts(seen.ids));
        if !seen.missing.is_empty() {
            self.pause(&part, error).await?;
            work.parts.push(part.again(seen.missing));
        }
        Ok(None)
    }

    async fn refused(&self, work: &mut Work, mut part: Part, error: Error) -> Result<Option<Part>, Error> {
        let single = part.places.len() == 1;
        let way = self.way(&work.batch, &part).await;
        match way {
            // Rows of an earlier request may have come after all, and now stand in their own way.
            Way::Values(values) if part.doubted => {
                let seen = self.look(work, &part, &values).await.map_err(in_doubt)?;
                self.stored(work, &part, &seen.ours, Ids::Texts(seen.ids));
                if !seen.ours.is_empty() {
                    if !seen.missing.is_empty() {
                        self.pause(&part, || error).await?;
                        work.parts.push(part.again(seen.missing));
                    }
                    return Ok(None);
                }
            }
            // The server itself keeps rows from being there twice.
            Way::Values(Named { certain: true, .. }) => {}
            // Not every server takes all or nothing, and its word is looked into once.
            _ if !single && !self.habits.refuses_whole() => {
                part.refusal = Some(error);
                return Ok(Some(part));
            }
            _ => {}
        }
        self.part_refused(work, &part, error);
        Ok(None)
    }

    /// Splits what was refused, or blames the one row it is.
    pub(super) fn part_refused(&self, work: &mut Work, part: &Part, error: Error) {
        self.certain(work);
        if part.pointed {
            self.habits.saw_pointed(true);
        }
        if part.places.len() == 1 {
            self.blame(work, part, error);
            return;
        }
        if error.status() == Some(413) {
            let taken = usize::try_from(work.batch.bytes(&part.places) / 2).unwrap_or(usize::MAX);
            self.batch_bytes
                .fetch_min(taken.max(1), std::sync::atomic::Ordering::Relaxed);
        }
        work.parts.extend(self.habits.split(part, error, self.stops()));
    }

    /// Counts the one row of a part as refused by the server, or ends the batch there.
    pub(super) fn blame(&self, work: &mut Work, part: &Part, error: Error) {
        if let Some(place) = part.places.first().copied() {
            self.fail(work, place, trouble(&error, &self.schema), true, Some(error));
        }
    }

    /// Counts a row as refused, or ends the batch there.
    pub(super) fn fail(&self, work: &mut Work, place: usize, trouble: Trouble, sent: bool, error: Option<Error>) {
        let failure = work.batch.failure(place, trouble, &self.schema);
        if self.stops() {
            work.bad = Some((failure, error));
            return;
        }
        self.done(work, &[place], sent, |tally, _| tally.failures.push(failure));
    }

    /// Counts rows as inserted, with their ids.
    pub(super) fn stored(&self, work: &mut Work, part: &Part, places: &[usize], ids: Ids) {
        if places.is_empty() {
            return;
        }
        let inserted = |tally: &mut Tally, rows| tally.inserted += rows;
        let numbers = match self.identified {
            Identified::Otherwise => ids.numbers(),
            Identified::ByIds | Identified::ByMadeIds => Cow::default(),
        };
        self.done_and(work, places, true, inserted, |ledger| ledger.own(&numbers, part.after));
        self.remember(&work.batch, places, ids);
    }

    /// Keeps a few of the first rows.
    fn remember(&self, batch: &Batch, places: &[usize], ids: Ids) {
        let mut sample = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
        if sample.is_none() {
            let rows = places.iter().map(|place| batch.row(*place).to_owned());
            *sample = Some(ids.first(SAMPLE).into_iter().zip(rows).collect());
        }
    }

    /// Looks what the server made of the first rows, once.
    pub(super) async fn calibrate(&self) -> Result<(), Error> {
        let sample = {
            let mut sample = self.sample.lock().unwrap_or_else(PoisonError::into_inner);
            sample.as_mut().map(std::mem::take).unwrap_or_default()
        };
        let Some(id) = self.id_place().filter(|_| !sample.is_empty()) else {
            return Ok(());
        };
        let spelt: Vec<String> = sample
            .iter()
            .map(|(value, _)| self.evidence.spelling(id, value))
            .collect();
        let found = self.records_with(id, &spelt).await?;
        for (value, (_, row)) in spelt.iter().zip(&sample) {
            for record in found.get(value).into_iter().flatten() {
                self.evidence.learn(&self.evidence.row(row), &record.print);
            }
        }
        Ok(())
    }

    async fn way(&self, batch: &Batch, part: &Part) -> Way {
        let given = |column: usize, certain: bool, value: &dyn Fn(usize) -> Option<String>| {
            let values: Option<Vec<String>> = part.places.iter().map(|at| value(*at)).collect();
            Some(Way::Values(Named {
                column,
                values: values?,
                certain,
            }))
        };
        if let (Some(id), true) = (self.id_place(), self.identified != Identified::Otherwise) {
            let value = |at: usize| {
                let id_of_row = batch.rows[at].checked.id.as_ref()?;
                Some(self.evidence.spelling(id, id_of_row))
            };
            if let Some(way) = given(id, true, &value) {
                return way;
            }
        }
        if let Some(key) = self.key_place() {
            let value = |at: usize| Some(self.evidence.spelling(key, batch.rows[at].checked.key.as_ref()?));
            if let Some(way) = given(key, false, &value) {
                return way;
            }
        }
        for place in self.unique_columns().await {
            if let Some(way) = given(*place, true, &|at| self.evidence.value(batch.row(at), *place)) {
                return way;
            }
        }
        Way::Numbers
    }

    /// Looks which rows are there by their values. A record counts for one row.
    async fn look(&self, work: &Work, part: &Part, by: &Named) -> Result<Seen, Error> {
        self.calibrate().await?;
        let mut found = self.records_with(by.column, &by.values).await?;
        let mut seen = Seen::default();
        // A record from before cannot be the row, however equal it is, where the server numbers records.
        let numbered = self.identified == Identified::Otherwise && self.book.with(|ledger| ledger.proven);
        let after = part.after.filter(|_| numbered);
        let is_new = |id: &str| after.is_none_or(|after| id.parse().is_ok_and(|id: i64| id > after));
        for (at, value) in part.places.iter().zip(&by.values) {
            let print = self.evidence.row(work.batch.row(*at));
            let records = found.get_mut(value);
            let ours = records.and_then(|records| {
                let is_ours = |record: &Record| is_new(&record.id) && likeness(&print, &record.print).is_some();
                let place = records.iter().position(is_ours)?;
                Some(records.swap_remove(place))
            });
            match ours {
                Some(record) => {
                    seen.ours.push(*at);
                    seen.ids.push(record.id);
                }
                None => seen.missing.push(*at),
            }
        }
        Ok(seen)
    }

    pub(super) fn stops(&self) -> bool {
        self.options.on_error == OnError::Stop
    }
}

/// An error while it is not known what became of rows.
pub(super) fn in_doubt(error: Error) -> Error {
    error.with_outcome_unknown(true)
}

/// `{"items": […], "allow_id_field": …}`
pub(super) fn create_body(batch: &Batch, places: &[usize], with_ids: bool) -> Vec<u8> {
    list_body(batch, places, with_ids, |place, body| {
        body.extend_from_slice(batch.raw(place));
    })
}

/// The same with rows written by `write`.
pub(super) fn list_body(
    batch: &Batch,
    places: &[usize],
    with_ids: bool,
    write: impl Fn(usize, &mut Vec<u8>),
) -> Vec<u8> {
    let mut body = Vec::with_capacity(batch.text.len() + 64 * places.len() + 64);
    body.extend_from_slice(b"{\"items\":[");
    for (index, place) in places.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        write(*place, &mut body);
    }
    body.extend_from_slice(b"],\"allow_id_field\":");
    body.extend_from_slice(if with_ids { b"true}" } else { b"false}" });
    body
}
