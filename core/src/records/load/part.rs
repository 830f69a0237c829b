//! Rows of one batch that go out in one request.

use crate::error::Error;

/// Some rows of a batch, by their places in it.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) places: Vec<usize>,
    /// For an upsert: whether they are to be added; otherwise they are there and are changed.
    pub(super) adds: bool,
    /// How often it went out already.
    pub(super) rounds: u32,
    /// Whether an earlier request for these rows may have been carried out without their being found since.
    pub(super) doubted: bool,
    /// The highest id from before it first went out, where the server numbers rows.
    pub(super) after: Option<i64>,
    /// What the server had against it, while it is not known whether it took some of it all the same.
    pub(super) refusal: Option<Error>,
    /// The refusal that is known to be about this one row, so that sending it alone would tell nothing new.
    pub(super) blamed: Option<Error>,
    /// Whether a refusal pointed at this row; what becomes of it says what such pointing is worth.
    pub(super) pointed: bool,
}

impl Part {
    pub(super) fn of(places: Vec<usize>) -> Self {
        Self {
            places,
            ..Self::default()
        }
    }

    /// Some of its rows, as nothing had happened to them.
    pub(super) fn some(&self, places: &[usize]) -> Self {
        Self {
            places: places.to_vec(),
            adds: self.adds,
            ..Self::default()
        }
    }

    /// The same rows, or some of them, for another try.
    pub(super) fn again(self, places: Vec<usize>) -> Self {
        Self {
            places,
            rounds: self.rounds + 1,
            doubted: true,
            pointed: self.pointed,
            adds: self.adds,
            after: self.after,
            ..Self::default()
        }
    }
}
