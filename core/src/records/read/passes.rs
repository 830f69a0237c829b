//! Pages by id with a check on totals, walked again where they disagree.
//!
//! Pages shift when rows come and go. The server states with each page how many rows there are; when that number stays the
//! same and is the number of different rows that came, no shift was seen. Otherwise the walk is made again, and only rows
//! that did not come before are handed out. Ids are remembered as 128 bits, which costs some 40 bytes a row.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Piece;
use super::ask::{Asker, Page, number};
use crate::error::Error;
use crate::paging::Pages;

/// Walks that are made at most.
const MOST: u8 = 3;

/// The walks.
#[derive(Debug)]
pub(super) struct Passes {
    asker: Asker,
    /// Every id that came, and the last walk in which it did.
    ids: HashMap<u128, u8>,
    pass: u8,
    /// The first page, where it came before the walk began.
    first: Option<Page>,
    walk: Option<Pages>,
    /// What this walk has seen.
    tally: Tally,
}

#[derive(Debug, Default)]
struct Tally {
    /// Different rows.
    rows: u64,
    /// The total that the last page stated.
    total: Option<u64>,
    changed: bool,
    repeated: bool,
}

impl Passes {
    pub(super) fn new(asker: Asker, first: Option<Page>) -> Self {
        Self {
            asker,
            ids: HashMap::new(),
            pass: 1,
            first,
            walk: None,
            tally: Tally::default(),
        }
    }

    /// The next rows that did not come before. `left` is how many are wanted at most.
    pub(super) async fn next(&mut self, left: Option<u64>) -> Result<Option<Piece>, Error> {
        loop {
            let page = match self.first.take() {
                Some(page) => {
                    let from = if page.more { 2 } else { u64::MAX };
                    self.begin(from, left)?;
                    Some(page)
                }
                None => self.page(left).await?,
            };
            match page {
                Some(page) => {
                    let piece = self.fresh(page)?;
                    if piece.count > 0 {
                        return Ok(Some(piece));
                    }
                }
                None if self.tally.agrees() => return Ok(None),
                None if self.pass == MOST => return Err(restless(&self.tally)),
                None => {
                    self.pass += 1;
                    self.tally = Tally::default();
                    self.begin(1, None)?;
                }
            }
        }
    }

    /// Begins a walk at a page; behind all pages there is nothing to walk.
    fn begin(&mut self, from: u64, limit: Option<u64>) -> Result<(), Error> {
        self.walk = match from {
            u64::MAX => None,
            from => Some(self.asker.pages_by_id(from, limit)?),
        };
        Ok(())
    }

    async fn page(&mut self, left: Option<u64>) -> Result<Option<Page>, Error> {
        if self.walk.is_none() && self.ids.is_empty() {
            self.begin(1, left)?;
        }
        match &mut self.walk {
            Some(walk) => walk.next().await?.map(Page::of).transpose(),
            None => Ok(None),
        }
    }

    /// The rows of a page that did not come before.
    fn fresh(&mut self, page: Page) -> Result<Piece, Error> {
        let tally = &mut self.tally;
        tally.changed |= tally.total.is_some_and(|total| page.total != Some(total));
        tally.total = page.total;
        let mut fresh = Vec::with_capacity(page.len());
        for id in page.ids() {
            let before = self.ids.insert(fingerprint(id?), self.pass);
            tally.repeated |= before == Some(self.pass);
            tally.rows += u64::from(before != Some(self.pass));
            fresh.push(before.is_none());
        }
        let count = fresh.iter().filter(|fresh| **fresh).count();
        if count == page.len() {
            return Ok(Piece {
                items: page.items,
                count,
                total: page.total,
            });
        }
        let mut text = vec![b'['];
        for (row, _) in page.rows().zip(fresh).filter(|(_, fresh)| *fresh) {
            if text.len() > 1 {
                text.push(b',');
            }
            text.extend_from_slice(row);
        }
        text.push(b']');
        Ok(Piece {
            items: text.into(),
            count,
            total: page.total,
        })
    }
}

impl Tally {
    fn agrees(&self) -> bool {
        !self.changed && !self.repeated && self.total.is_none_or(|total| total == self.rows)
    }
}

/// 128 bits of an id: the number itself, or two hashes of the text, which makes a clash of two ids a matter of theory.
fn fingerprint(id: &[u8]) -> u128 {
    if let Some(number) = number(id) {
        return u128::from(number.cast_unsigned());
    }
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, id).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    hash(0) << 64 | hash(1)
}

fn restless(tally: &Tally) -> Error {
    let total = tally
        .total
        .map_or_else(String::new, |total| format!(", which now speaks of {total} records"));
    Error::record(
        format!(
            "The table was read {MOST} times, and each time its pages disagreed with the total that the server states{total}: \
             it changes faster than it can be read."
        ),
        None,
        None,
    )
    .with_hint(
        "Rows that came are good, but some may be missing. Read it at a quiet time, with larger pages, or with order \
         \"pages\" if that does not matter.",
    )
}
