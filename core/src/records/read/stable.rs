//! The walk by id: several stretches of ids at once, handed out in order.
//!
//! The first page is the one with the smallest ids; where it is not full the read is over in one request. Otherwise the
//! largest id is looked up, which is where the read ends: rows added behind it are not part of it. What is between is cut by
//! [`Route`].

use std::collections::VecDeque;

use super::Piece;
use super::ask::{Asker, Page, number};
use super::route::{Route, Seen, Span};
use super::task::Task;
use crate::error::Error;

/// Before and behind all ids.
const EVERYTHING: Span = Span {
    after: i64::MIN as i128 - 1,
    before: i64::MAX as i128 + 1,
};

/// The walk.
#[derive(Debug)]
pub(super) struct Stable {
    asker: Asker,
    prefetch: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    New,
    /// The first page was read; how far ids go is on its way, or will be asked for.
    Bounding(Seen, Option<Task<Page>>),
    Walking(Route<Task<Stretch>>, VecDeque<Piece>),
    Ended,
}

/// The rows at the beginning of a span.
#[derive(Debug)]
struct Stretch {
    pieces: Vec<Piece>,
    seen: Seen,
}

/// What a step of the walk gives.
#[derive(Debug)]
pub(super) enum Step {
    Rows(Piece),
    Ended,
    /// Ids are no numbers; this is the first page by id.
    NoNumbers(Box<Asker>, Box<Page>),
}

impl Stable {
    pub(super) const fn new(asker: Asker, prefetch: usize) -> Self {
        Self {
            asker,
            prefetch,
            state: State::New,
        }
    }

    /// The next rows. `left` is how many are wanted at most.
    pub(super) async fn next(&mut self, left: Option<u64>) -> Result<Step, Error> {
        loop {
            match &mut self.state {
                State::New => {
                    let page = self.asker.lowest(None).await?;
                    return self.begin(page, left);
                }
                State::Bounding(seen, task) => {
                    let seen = *seen;
                    let page = task.get_or_insert_with(|| highest(&self.asker)).done().await?;
                    self.state = self.bounded(seen, &page)?;
                }
                State::Walking(route, ready) => {
                    if let Some(piece) = ready.pop_front() {
                        return Ok(Step::Rows(piece));
                    }
                    let most = left.map_or(u64::MAX, |left| left.div_ceil(route.page()).max(1));
                    let most = self.prefetch.min(usize::try_from(most).unwrap_or(usize::MAX));
                    route.fill(most, |span| {
                        let asker = self.asker.clone();
                        Task::start(async move { stretch(&asker, span).await })
                    });
                    let Some((span, task)) = route.head() else {
                        self.state = State::Ended;
                        continue;
                    };
                    let found = task.done().await?;
                    route.pass(span, found.seen);
                    ready.extend(found.pieces);
                }
                State::Ended => return Ok(Step::Ended),
            }
        }
    }

    /// Makes of the first page what there is to know: what sort of ids there are, and whether it was the only one.
    fn begin(&mut self, page: Page, left: Option<u64>) -> Result<Step, Error> {
        if !has_numbers(&page)? {
            return Ok(Step::NoNumbers(Box::new(self.asker.clone()), Box::new(page)));
        }
        let seen = look(&page, EVERYTHING, self.asker.page_size())?;
        if seen.whole || left.is_some_and(|left| left <= seen.count) {
            self.state = State::Ended;
            return Ok(Step::Rows(piece(page)));
        }
        if let Ok(size) = u32::try_from(seen.count)
            && size < self.asker.page_size()
        {
            self.asker.set_page_size(size);
        }
        let ahead = (self.prefetch > 1).then(|| highest(&self.asker));
        self.state = State::Bounding(seen, ahead);
        Ok(Step::Rows(piece(page)))
    }

    /// The walk that is left, now that the largest id is known.
    fn bounded(&self, seen: Seen, page: &Page) -> Result<State, Error> {
        let max = match page.ids().next().transpose()? {
            Some(id) => number(id).ok_or_else(|| page.wrong("The largest id is no number, while the smallest is."))?,
            // Everything was deleted meanwhile.
            None => return Ok(State::Ended),
        };
        let mut route = Route::new(self.asker.page_size().into());
        let known = Span {
            after: EVERYTHING.after,
            before: i128::from(max) + 1,
        };
        route.learn(known, seen);
        Ok(State::Walking(route, VecDeque::new()))
    }
}

/// What a span holds: its first page, and the rest where that is no more than another.
async fn stretch(asker: &Asker, span: Span) -> Result<Stretch, Error> {
    let size = asker.page_size();
    let page = asker.lowest(Some(span)).await?;
    let mut seen = look(&page, span, size)?;
    let mut pieces = vec![piece(page)];
    if let Some(rest) = seen.little_left(span, size.into()) {
        let page = asker.lowest(Some(rest)).await?;
        seen = seen.and(look(&page, rest, size)?);
        pieces.push(piece(page));
    }
    pieces.retain(|piece| piece.count > 0);
    Ok(Stretch { pieces, seen })
}

fn highest(asker: &Asker) -> Task<Page> {
    let asker = asker.clone();
    Task::start(async move { asker.highest().await })
}

fn piece(page: Page) -> Piece {
    Piece {
        count: page.len(),
        total: page.total,
        items: page.items,
    }
}

/// Whether ids are numbers. Where they are texts that happen to read as numbers, the server orders them as texts.
fn has_numbers(page: &Page) -> Result<bool, Error> {
    let mut last = None;
    for id in page.ids() {
        let id = id?;
        let text = id.first() == Some(&b'"');
        match number(id) {
            None if text => return Ok(false),
            None => return Err(page.wrong("An id came that is neither a whole number nor a text.")),
            Some(number) if text && last.is_some_and(|last| last >= number) => return Ok(false),
            number => last = number,
        }
    }
    Ok(true)
}

/// Looks at a page's ids: they have to be those that were asked for, or the read would lose rows or give them twice.
fn look(page: &Page, span: Span, page_size: u32) -> Result<Seen, Error> {
    let (mut first, mut last) = (None, span.after);
    for id in page.numbers() {
        let id = id?.map(i128::from);
        let Some(id) = id.filter(|id| last < *id && *id < span.before) else {
            let which = if span == EVERYTHING {
                String::new()
            } else {
                format!(" between {} and {}", span.after, span.before)
            };
            return Err(page
                .wrong(&format!("Ids{which} were asked for, in rising order, and others came."))
                .with_hint("Read with order \"pages\" if this server does not search by id."));
        };
        first.get_or_insert(id);
        last = id;
    }
    let count = page.len() as u64;
    let full = count == u64::from(page_size);
    Ok(Seen {
        count,
        first: first.unwrap_or(last),
        last,
        total: page.total,
        // A full page is not believed to be the last one: its total may have been counted before a row came.
        whole: count == 0 || (!full && !page.more) || last == span.before - 1,
    })
}
