//! Planning a walk through ids: which stretch of them to ask for next, so that each answer is about one full page.
//!
//! Ids of a table are rarely without gaps: rows get deleted, ids are given by hand, tables are merged. So a stretch is cut
//! by how dense ids were in the last page seen, and what is known to be left. A stretch that holds more than a page is cut
//! again behind the last id that came; nothing is ever asked for by offset, which is what makes the walk stable. Where
//! stretches come back near empty, the density is no longer believed, and the whole rest is asked for at once: its first
//! page shows where ids go on.
//!
//! Nothing here sends anything. `T` is whatever stands for a request under way.

use std::collections::VecDeque;

/// Ids between two others, both left out. Wide enough for one more and one less than any id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) after: i128,
    pub(super) before: i128,
}

impl Span {
    /// How many ids fit in.
    const fn room(self) -> i128 {
        self.before - self.after - 1
    }
}

/// What an answer showed of its span: the rows with the smallest ids in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) count: u64,
    pub(super) first: i128,
    pub(super) last: i128,
    /// Rows in the span, these included, where the server says so.
    pub(super) total: Option<u64>,
    /// Whether these are all of them.
    pub(super) whole: bool,
}

/// The way that is left, in the order of ids.
#[derive(Debug)]
pub(super) struct Route<T> {
    legs: VecDeque<Leg<T>>,
    /// Rows that an answer holds at most.
    page: u64,
    /// Answers in a row that held next to nothing.
    sparse: u32,
}

#[derive(Debug)]
enum Leg<T> {
    Started(Span, T),
    Planned(Plan),
}

/// A span to be asked for in pieces.
#[derive(Debug)]
struct Plan {
    span: Span,
    /// Ids in a piece.
    width: i128,
    /// Pieces expected to be needed; the last one takes all that is left.
    pieces: u64,
}

/// After so many answers that held next to nothing the rest is asked for at once.
const PATIENCE: u32 = 2;

/// Next to nothing is less than one row in so many.
const SPARSE: u64 = 8;

impl Seen {
    /// What an answer left over of its span, where it is known to be no more than one page: that is best asked for at once,
    /// by whoever has the answer.
    pub(super) fn little_left(self, span: Span, page: u64) -> Option<Span> {
        let left = self.total?.saturating_sub(self.count);
        (!self.whole && left <= page).then_some(Span {
            after: self.last,
            before: span.before,
        })
    }

    /// Both answers as one; the second is for what the first left over.
    pub(super) fn and(self, rest: Self) -> Self {
        Self {
            count: self.count + rest.count,
            first: self.first,
            last: if rest.count > 0 { rest.last } else { self.last },
            total: rest.total.map(|total| total + self.count),
            whole: rest.whole,
        }
    }
}

impl<T> Route<T> {
    /// A way with nothing on it.
    pub(super) const fn new(page: u64) -> Self {
        Self {
            legs: VecDeque::new(),
            page,
            sparse: 0,
        }
    }

    /// Starts requests until `most` of them are under way or answered; the next one in order is started in any case.
    pub(super) fn fill(&mut self, most: usize, mut start: impl FnMut(Span) -> T) {
        let mut started = self.legs.iter().filter(|leg| matches!(leg, Leg::Started(..))).count();
        while let Some(index) = self.legs.iter().position(|leg| matches!(leg, Leg::Planned(_))) {
            if started >= most && index > 0 {
                break;
            }
            let patient = self.sparse < PATIENCE;
            let Some(Leg::Planned(plan)) = self.legs.get_mut(index) else {
                break;
            };
            let piece = plan.take(patient);
            if plan.span.room() <= 0 {
                self.legs.remove(index);
            }
            self.legs.insert(index, Leg::Started(piece, start(piece)));
            started += 1;
        }
    }

    /// The request whose answer is next in order. [`fill`](Self::fill) sees to it that there is one, until the end.
    pub(super) fn head(&mut self) -> Option<(Span, &mut T)> {
        match self.legs.front_mut() {
            Some(Leg::Started(span, request)) => Some((*span, request)),
            _ => None,
        }
    }

    /// Takes the head off, once its answer was seen, and plans what it left over.
    pub(super) fn pass(&mut self, span: Span, seen: Seen) {
        self.legs.pop_front();
        self.learn(span, seen);
    }

    /// Plans what an answer left over of its span.
    pub(super) fn learn(&mut self, span: Span, seen: Seen) {
        if seen.whole {
            let sparse = seen.count.saturating_mul(SPARSE) < self.page;
            self.sparse = if sparse { self.sparse.saturating_add(1) } else { 0 };
            return;
        }
        self.sparse = 0;
        let rest = Span {
            after: seen.last,
            before: span.before,
        };
        if rest.room() > 0 {
            let left = seen.total.map(|total| total.saturating_sub(seen.count));
            let plan = Plan::of(rest, left, density(seen, rest, left), self.page);
            self.legs.push_front(Leg::Planned(plan));
        }
    }

    /// Rows that a started request is expected to bring.
    pub(super) const fn page(&self) -> u64 {
        self.page
    }
}

/// Rows for each id in what is left, between nearly 0 and 1: as dense as the page that came, unless that is about as dense
/// as all that is left, whose density is known exactly.
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
fn density(seen: Seen, rest: Span, left: Option<u64>) -> f64 {
    let average = left.map(|left| left as f64 / rest.room() as f64);
    let here = (seen.count > 1).then(|| (seen.count - 1) as f64 / (seen.last - seen.first).max(1) as f64);
    let density = match (here, average) {
        // So few rows say little of those behind them.
        (Some(here), Some(average)) if seen.count < SPARSE || (0.5..=2.0).contains(&(here / average)) => average,
        (Some(here), _) => here,
        (None, Some(average)) => average,
        (None, None) => 1.0,
    };
    density.clamp(f64::MIN_POSITIVE, 1.0)
}

impl Plan {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, and casts of floats saturate"
    )]
    fn of(span: Span, left: Option<u64>, density: f64, page: u64) -> Self {
        if left.is_some_and(|left| left <= page) {
            return Self {
                span,
                width: span.room(),
                pieces: 1,
            };
        }
        // Rows fall where they fall. Room for two standard deviations keeps all but a few pieces in a hundred within a
        // page, and costs about the fewest requests; ids without gaps need none.
        let full = page as f64;
        let target = (full - 2.0 * (full * (1.0 - density)).sqrt()).max(full / 2.0).max(1.0);
        let by_density = (target / density) as i128;
        let pieces = left.map_or(u64::MAX, |left| (left as f64 / target).ceil() as u64);
        // Pieces of the same size, where they come out at the end anyway.
        let even = (span.room() as f64 / pieces as f64).ceil() as i128;
        let near = even <= by_density && even.saturating_mul(2) > by_density;
        Self {
            span,
            width: if near { even } else { by_density }.max(1),
            pieces,
        }
    }

    /// Takes the next piece; the whole rest when it is the last, or when the plan is no longer believed.
    fn take(&mut self, patient: bool) -> Span {
        self.pieces = self.pieces.saturating_sub(1);
        let end = self.span.after.saturating_add(self.width);
        let before = if patient && self.pieces > 0 {
            self.span.before.min(end.saturating_add(1))
        } else {
            self.span.before
        };
        let piece = Span {
            after: self.span.after,
            before,
        };
        self.span.after = before - 1;
        piece
    }
}

#[cfg(test)]
mod tests;
