//! Which rows a refusal is about.
//!
//! Some servers name the place, as in `items[3]`. The first time this is tried out by sending that row alone; a server
//! whose word proves wrong, for instance because it counts from 1, is not believed again, and halves are sent until the
//! bad rows are known.

use std::sync::atomic::{AtomicU8, Ordering};

use super::super::rows::Trouble;
use super::super::schema::Schema;
use super::part::Part;
use crate::error::Error;

/// What was learned about the server during the job.
#[derive(Debug, Default)]
pub(super) struct Habits {
    /// Whether its word about places is right.
    hints: Learned,
    /// Whether a refused request leaves nothing behind.
    whole: Learned,
}

/// Nothing yet, yes, or no. A no stays.
#[derive(Debug, Default)]
struct Learned(AtomicU8);

impl Learned {
    fn learn(&self, yes: bool) {
        self.0.fetch_max(if yes { 1 } else { 2 }, Ordering::Relaxed);
    }

    fn is(&self, yes: bool) -> bool {
        self.0.load(Ordering::Relaxed) == if yes { 1 } else { 2 }
    }
}

impl Habits {
    /// A refused request was looked into: whether it had left nothing behind.
    pub(super) fn saw_refusal(&self, left_nothing: bool) {
        self.whole.learn(left_nothing);
    }

    /// Whether a refused request may be sent again in parts without looking first.
    pub(super) fn refuses_whole(&self) -> bool {
        self.whole.is(true)
    }

    /// A row that a refusal pointed at was sent alone: whether it was refused.
    pub(super) fn saw_pointed(&self, was_refused: bool) {
        self.hints.learn(was_refused);
    }

    /// Parts a refused request, the next part last. Rows go out in their order, as the earlier of two that clash is the
    /// good one; with `in_order`, none even goes out together with those behind a bad one.
    pub(super) fn split(&self, part: &Part, refusal: Error, in_order: bool) -> Vec<Part> {
        let places = &part.places;
        let hint = pointed(&refusal).filter(|hint| *hint < places.len() && !self.hints.is(false));
        let Some(hint) = hint else {
            let half = places.len() / 2;
            return [&places[half..], &places[..half]].map(|half| part.some(half)).into();
        };
        let (before, behind) = (&places[..hint], &places[hint + 1..]);
        let mut bad = part.some(&[places[hint]]);
        let is_known = self.hints.is(true);
        if is_known {
            bad.blamed = Some(refusal);
        } else {
            bad.pointed = true;
        }
        let parts = if is_known && !in_order {
            vec![part.some(&[before, behind].concat()), bad]
        } else {
            vec![part.some(behind), bad, part.some(before)]
        };
        parts.into_iter().filter(|part| !part.places.is_empty()).collect()
    }
}

/// The place that a refusal names.
fn pointed(error: &Error) -> Option<usize> {
    let texts = [error.param().unwrap_or_default(), error.message()];
    texts.into_iter().find_map(|text| {
        let (_, rest) = text.split_once("items[")?;
        rest.split_once(']')?.0.parse().ok()
    })
}

/// A refusal in words about one row.
pub(super) fn trouble(error: &Error, schema: &Schema) -> Trouble {
    let param = error.param().unwrap_or_default();
    let column = [param, param.rsplit('.').next().unwrap_or_default()]
        .into_iter()
        .find(|name| schema.column(name).is_some());
    // The place is one in our request, which nobody knows but us.
    let mut reason = error.message().to_owned();
    if let (Some(start), true) = (reason.rfind(" (in items["), reason.ends_with("])")) {
        reason.truncate(start);
    }
    if !reason.ends_with(['.', '!', '?', '…']) {
        reason.push('.');
    }
    Trouble {
        column: column.map(str::to_owned),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};
    use serde_json::json;

    use super::*;
    use crate::error::ErrorAnswer;

    fn refusal(message: &str, param: &str) -> Error {
        let body =
            json!({"code": "ERROR_CODE_INPUT_ERROR", "message": message, "payload": {"param": param}}).to_string();
        let answer = ErrorAnswer::read(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), None);
        Error::answered(answer)
    }

    /// Plays a server that refuses requests with bad rows, and answers the rows that were sent well and those blamed.
    fn play(rows: usize, bad: &[usize], counts_from: Option<usize>, in_order: bool) -> (Vec<usize>, Vec<usize>, usize) {
        let habits = Habits::default();
        let mut parts = vec![Part::of((0..rows).collect())];
        let (mut good, mut blamed, mut requests) = (Vec::new(), Vec::new(), 0);
        while let Some(part) = parts.pop() {
            if part.blamed.is_some() {
                blamed.extend(part.places);
                continue;
            }
            requests += 1;
            let worst = part.places.iter().position(|place| bad.contains(place));
            if part.pointed {
                habits.saw_pointed(worst.is_some());
            }
            match worst {
                None => good.extend(part.places),
                Some(_) if part.places.len() == 1 => blamed.extend(part.places),
                Some(at) => {
                    let words = counts_from.map_or_else(String::new, |from| format!(" (in items[{}])", at + from));
                    parts.extend(habits.split(&part, refusal(&format!("No.{words}"), "a"), in_order));
                }
            }
        }
        (good, blamed, requests)
    }

    #[test]
    fn bad_rows_are_found_whatever_the_server_says() {
        let bad = [0, 3, 77, 99];
        for counts_from in [None, Some(0), Some(1), Some(500)] {
            for in_order in [true, false] {
                let (mut good, mut blamed, requests) = play(100, &bad, counts_from, in_order);
                if in_order {
                    assert!(good.is_sorted(), "{counts_from:?}");
                }
                good.sort_unstable();
                blamed.sort_unstable();
                assert_eq!(blamed, bad, "{counts_from:?}");
                assert_eq!(good, (0..100).filter(|place| !bad.contains(place)).collect::<Vec<_>>());
                let most = if counts_from == Some(0) { 8 } else { 60 };
                assert!(requests <= most, "{counts_from:?}: {requests} requests");
            }
        }
    }

    #[test]
    fn a_refusal_is_told_without_our_own_places() {
        let columns = json!([{"name": "id", "type": "int"}, {"name": "price", "type": "decimal"}]);
        let schema = Schema::of(columns.as_array().expect("a list").clone()).expect("columns");
        let told = |message, param| trouble(&refusal(message, param), &schema);
        let expected = Trouble::at("price", "It must be a number.");
        assert_eq!(told("It must be a number. (in items[3])", "price"), expected);
        assert_eq!(told("It must be a number", "items[3].price"), expected);
        assert_eq!(told("No", "items"), Trouble::of_row("No."));
    }
}
