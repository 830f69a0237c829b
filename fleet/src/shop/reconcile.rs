//! Putting the ledger and the server in order: after a crash, a lost answer, or a hand that changed something on the server.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use serde::Serialize;
use xano_metadata::Error;

use super::desk::Shop;
use super::ledger::{ErrandFilter, SaleFilter, TokenFilter};
use super::look::Seen;
use super::moment::Moment;
use super::records::{Errand, ErrandKind, ErrandState, Row, Sale, SaleState, Token, TokenState};
use super::sell::unfit;
use crate::spread::Failure;

/// After this time a token whose answer was lost will not appear any more: no server takes so long.
const HOPELESS: Duration = Duration::from_secs(3600);

/// What was put in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reconciled {
    /// Whether everything could be looked at and settled.
    pub ok: bool,
    /// Pending sales that were ended because their seller did not come back; what they held is for sale again.
    pub released: usize,
    /// Tokens that were found on the server after their answers had been lost.
    pub found: usize,
    /// Revocations, refunds and top ups that somebody left behind and that were brought to their end.
    pub settled: usize,
    /// Tokens that were ready and are not fit to be sold: used, changed or deleted on the server.
    pub set_aside: usize,
    /// Tokens on the server that this shop did not make. It leaves them alone.
    pub foreign: usize,
    /// What the owner should look at: sales whose token is gone or was changed on the server.
    pub notes: Vec<String>,
    /// What could not be looked at or settled.
    pub failures: Vec<Failure>,
}

impl Shop {
    /// Compares the ledger with the server, and settles what was left behind. With `alone`, which says that nobody else is selling
    /// right now, it waits for no reservation and no answer: whatever is under way was left behind.
    ///
    /// # Errors
    /// `config_error` when the ledger cannot be used. What the server does not answer is among the failures.
    pub async fn reconcile(&self, alone: bool) -> Result<Reconciled, Error> {
        let mut done = Reconciled::default();
        for sale in self.pending().await? {
            if alone || sale.held_until < Moment::now() {
                done.released += usize::from(self.abandon(&sale, "its seller did not come back").await?);
            }
        }
        let mut open = self.open_errands().await?;
        if alone {
            for errand in &open {
                self.settle(errand.clone(), ErrandState::Lost).await?;
            }
            open = self.open_errands().await?;
        }
        let tiers = self.on_ledger(|ledger| ledger.tiers()).await?;
        let sold = self.sold_sales().await?;
        let mut snippets: BTreeSet<String> = tiers.into_iter().map(|tier| tier.snippet).collect();
        snippets.extend(open.iter().map(|errand| errand.snippet.clone()));
        snippets.extend(sold.iter().map(|sale| sale.snippet.clone()));
        let (seen, failures) = self.look_at(snippets).await;
        done.failures = failures;
        for errand in open {
            if self.is_lost(&errand) {
                self.end(errand, &mut done).await?;
            }
        }
        self.set_aside(&seen, &mut done).await?;
        for sale in self.sold_sales().await? {
            done.notes.extend(note(&sale, &seen));
        }
        done.ok = done.failures.is_empty();
        Ok(done)
    }

    async fn open_errands(&self) -> Result<Vec<Errand>, Error> {
        let which = ErrandFilter {
            open: true,
            ..ErrandFilter::default()
        };
        self.on_ledger(move |ledger| ledger.errands(&which)).await
    }

    async fn sold_sales(&self) -> Result<Vec<Sale>, Error> {
        let which = SaleFilter {
            state: Some(SaleState::Sold),
            ..SaleFilter::default()
        };
        self.sales(which).await
    }

    /// Brings to its end an errand that was lost before the server was looked at.
    async fn end(&self, errand: Errand, done: &mut Reconciled) -> Result<(), Error> {
        if errand.kind == ErrandKind::Issue {
            match self.errand(&errand.id).await? {
                Some(now) if now.state == ErrandState::Done => done.found += 1,
                Some(now) if now.asked_at < Moment::now().minus(HOPELESS) => {
                    self.settle(now, ErrandState::Void).await?;
                }
                _ => {}
            }
            return Ok(());
        }
        let Some(id) = errand.sale.clone() else { return Ok(()) };
        let sale = self.sale(&id).await?;
        match self.finish(errand, sale).await {
            Ok(()) => done.settled += 1,
            Err(error) => done.failures.push(Failure::new(id, &error)),
        }
        Ok(())
    }

    async fn set_aside(&self, seen: &HashMap<String, Seen>, done: &mut Reconciled) -> Result<(), Error> {
        let tokens = self.on_ledger(|ledger| ledger.tokens(&TokenFilter::default())).await?;
        for token in tokens {
            let Some(seen) = seen.get(&token.snippet) else { continue };
            let count = seen.tokens.get(&token.key);
            match token.state {
                TokenState::Foreign => done.foreign += usize::from(count.is_some()),
                // One that was made after the server was looked at is not missing.
                TokenState::Ready if token.known_at < seen.at => {
                    if let Some((state, why)) = unfit(count, &token) {
                        let note = Some(why);
                        let row = Row::Token(Token { state, note, ..token });
                        done.set_aside += usize::from(self.commit(vec![row]).await?);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What the owner should look at.
fn note(sale: &Sale, seen: &HashMap<String, Seen>) -> Option<String> {
    let seen = seen.get(&sale.snippet)?;
    if sale.errand.is_some() || sale.sold_at.is_none_or(|at| at > seen.at) {
        return None;
    }
    match seen.tokens.get(sale.token.as_ref()?) {
        None => Some(format!(
            "The token of the sale {} to {:?} is not on the server any more.",
            sale.id, sale.buyer
        )),
        Some(count) if count.installs != sale.installs => Some(format!(
            "The token of the sale {} to {:?} allows {} installs on the server; {} were sold.",
            sale.id, sale.buyer, count.installs, sale.installs
        )),
        Some(_) => None,
    }
}
