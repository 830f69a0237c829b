//! Reading a whole table, or what a search finds in it, a page at a time.
//!
//! The usual loop over page numbers loses rows: when somebody deletes a row on a page that was read already, every later row
//! moves up by one, and one of them moves from a page not read yet to a page that was. So the stable read, which is the
//! default, asks for ids between bounds instead of for pages: what happens elsewhere in the table cannot move a row out of
//! them. Its parts are
//!
//! - [`route`]: which stretches of ids to ask for, so that each is about one page; pure planning.
//! - [`stable`]: asking for several of them at once, and handing them out in order.
//! - [`passes`]: the way out where ids have no order to cut, or where conditions cannot be added to the search: pages with a
//!   check on totals, walked again where they disagree.
//!
//! Rows stay the JSON text that the server wrote; only ids are looked at.

mod ask;
mod passes;
mod route;
mod stable;
mod task;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::Records;
use super::options::{Order, ReadOptions};
use super::search::Expression;
use crate::error::Error;
use crate::paging::Pages;
use crate::paging::scan;
use ask::Asker;
use passes::Passes;
use stable::{Stable, Step};

/// The largest page that the API gives.
const LARGEST_PAGE: u32 = 10_000;

/// Records that came together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordPage {
    /// The records: the JSON text of an array, as the server wrote it.
    pub items: Bytes,
    /// How many there are; at least one.
    pub count: usize,
    /// Records in the whole read, as the server told at its start; at most the limit.
    pub total: Option<u64>,
}

/// A read under way. Dropping it gives up what is on its way.
#[derive(Debug)]
pub struct Reader {
    way: Way,
    /// Records that may still be handed out.
    left: Option<u64>,
    limit: Option<u64>,
    total: Option<u64>,
}

#[derive(Debug)]
enum Way {
    Stable(Box<Stable>),
    Passes(Box<Passes>),
    Pages(Box<Pages>),
    Ended,
    /// What was asked for cannot be done; told by the first `next`.
    Refused(Option<Error>),
}

/// Rows on their way out.
#[derive(Debug)]
struct Piece {
    items: Bytes,
    count: usize,
    total: Option<u64>,
}

impl Records {
    /// Reads the records that `options` speak of. Nothing is sent before the first [`Reader::next`].
    ///
    /// With [`Order::Stable`], every record that exists from the first request to the last comes exactly once, in the order
    /// of ids, whatever others insert and delete meanwhile; a record that comes or goes meanwhile may or may not be seen, and
    /// none comes twice. This takes about a request for each page and one more. Where ids are UUIDs, or the search joins
    /// conditions by OR, it is kept by a check: pages are read by id and read again when the total that the server states
    /// changes or differs from what came, at most twice; an insertion and a deletion between the same two pages cancel each
    /// other out in that total.
    ///
    /// Scope: Workspace Content: Read.
    ///
    /// ```no_run
    /// # async fn example(records: xano_metadata::records::Records) -> Result<(), xano_metadata::Error> {
    /// use xano_metadata::records::{ReadOptions, Search};
    ///
    /// let mut reader = records.read(ReadOptions {
    ///     search: Some(Search::new().gt("price", 70).to_raw()?),
    ///     ..ReadOptions::default()
    /// });
    /// while let Some(page) = reader.next().await? {
    ///     println!("{} of {:?}: {} bytes", page.count, page.total, page.items.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read(&self, options: ReadOptions) -> Reader {
        let limit = options.limit;
        let way = match self.way(options) {
            Ok(_) if limit == Some(0) => Way::Ended,
            Ok(way) => way,
            Err(error) => Way::Refused(Some(error)),
        };
        Reader {
            way,
            left: limit,
            limit,
            total: None,
        }
    }

    fn way(&self, options: ReadOptions) -> Result<Way, Error> {
        let most = LARGEST_PAGE;
        if !(1..=most).contains(&options.page_size) {
            let size = options.page_size;
            return Err(Error::config(format!("page_size is {size}; it must be 1 to {most}.")));
        }
        if options.prefetch == 0 {
            return Err(Error::config(
                "prefetch is 0; it must be at least 1, which reads one page after the other.",
            ));
        }
        if options.order == Order::Stable && options.sort.is_some() {
            return Err(Error::config("A stable read goes by id and takes no sort.").with_hint(
                "Sort what was read, or read with order \"pages\", which others' changes may shift while it goes on.",
            ));
        }
        let expression = Expression::read(options.search.as_deref())?;
        let narrow = expression.can_be_narrowed();
        let limit = options.limit;
        let (order, prefetch) = (options.order, options.prefetch);
        let asker = Asker::new(self.clone(), expression, options);
        Ok(match order {
            Order::Pages => Way::Pages(Box::new(asker.pages(1, limit)?)),
            Order::Stable if narrow => Way::Stable(Box::new(Stable::new(asker, prefetch))),
            Order::Stable => Way::Passes(Box::new(Passes::new(asker, None))),
        })
    }
}

impl Reader {
    /// The next records; none at the end. A page is never empty.
    ///
    /// It may be given up and called again: nothing is lost by that.
    ///
    /// # Errors
    /// `config_error` for options that cannot be met, before anything is sent; those of a call; `decode_error` when an answer
    /// does not hold what was asked for; `record_error` when pages with a check on totals never agree. After an error the
    /// read has ended.
    pub async fn next(&mut self) -> Result<Option<RecordPage>, Error> {
        self.next_boxed().await
    }

    /// In a box, so that it is compiled into this crate alone.
    fn next_boxed(&mut self) -> BoxFuture<'_, Result<Option<RecordPage>, Error>> {
        Box::pin(self.advance())
    }

    async fn advance(&mut self) -> Result<Option<RecordPage>, Error> {
        loop {
            let step = match &mut self.way {
                Way::Ended => return Ok(None),
                Way::Refused(error) => Err(error
                    .take()
                    .unwrap_or_else(|| Error::internal("An error was told before."))),
                Way::Stable(stable) => match stable.next(self.left).await {
                    Ok(Step::Rows(piece)) => Ok(Some(piece)),
                    Ok(Step::Ended) => Ok(None),
                    Ok(Step::NoNumbers(asker, page)) => {
                        self.way = Way::Passes(Box::new(Passes::new(*asker, Some(*page))));
                        continue;
                    }
                    Err(error) => Err(error),
                },
                Way::Passes(passes) => passes.next(self.left).await,
                Way::Pages(pages) => pages.next().await.map(|page| {
                    page.map(|page| Piece {
                        items: page.items,
                        count: page.count,
                        total: page.total,
                    })
                }),
            };
            match step {
                Ok(Some(piece)) => {
                    if let Some(page) = self.hand_out(piece)? {
                        return Ok(Some(page));
                    }
                }
                Ok(None) => self.way = Way::Ended,
                Err(error) => {
                    self.way = Way::Ended;
                    return Err(error);
                }
            }
        }
    }

    /// The read, or at once the error that `next` would tell first because of the options.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        match &mut self.way {
            Way::Refused(error) => Err(error
                .take()
                .unwrap_or_else(|| Error::internal("An error was told before."))),
            _ => Ok(self),
        }
    }

    /// Records in the whole read, as the server told at its start; at most the limit. None before the first page, and where
    /// the server does not tell.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// Takes what is wrong with the options, so that nothing at all is sent.
    #[cfg(feature = "arrow")]
    pub(super) fn refusal(&mut self) -> Option<Error> {
        match &mut self.way {
            Way::Refused(error) => error.take(),
            _ => None,
        }
    }

    /// Counts rows against the limit, and cuts off what is over it.
    fn hand_out(&mut self, piece: Piece) -> Result<Option<RecordPage>, Error> {
        let Piece {
            mut items,
            mut count,
            total,
        } = piece;
        if self.total.is_none() {
            self.total = total.map(|total| total.min(self.limit.unwrap_or(u64::MAX)));
        }
        if let Some(left) = &mut self.left {
            if count as u64 >= *left {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                items = first(&items, most)?;
                count = count.min(most);
                self.way = Way::Ended;
            }
            *left -= count as u64;
        }
        Ok((count > 0).then_some(RecordPage {
            items,
            count,
            total: self.total,
        }))
    }
}

/// The first items of an array, as an array.
fn first(items: &Bytes, most: usize) -> Result<Bytes, Error> {
    let mut ends = Vec::with_capacity(most);
    scan::scan_items(items, |item| ends.push(item.end)).map_err(Error::internal)?;
    if ends.len() <= most {
        return Ok(items.clone());
    }
    let end = most.checked_sub(1).map_or(1, |last| ends[last]);
    let mut text = Vec::with_capacity(end + 1);
    text.extend_from_slice(&items[..end]);
    text.push(b']');
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_items_are_cut_off_an_array() {
        let items = Bytes::from_static(br#"[ {"a":"]"} , {"a":[1]},3 ]"#);
        let text = |most| String::from_utf8(first(&items, most).expect("an array").to_vec()).expect("text");
        assert_eq!(text(0), "[]");
        assert_eq!(text(1), r#"[ {"a":"]"}]"#);
        assert_eq!(text(2), r#"[ {"a":"]"} , {"a":[1]}]"#);
        assert_eq!(text(3), r#"[ {"a":"]"} , {"a":[1]},3 ]"#);
        assert_eq!(text(9), text(3));
    }
}
