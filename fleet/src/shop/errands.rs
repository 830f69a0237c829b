//! Errands on a sale: one at a time, and none is left behind.
//!
//! A sale names the errand that is changing it, so two that want to change the same token take turns. An errand that nobody
//! waits for any more, because its answer was lost or its seller ended, is brought to its end by whoever comes next.

use std::time::Duration;

use xano_metadata::Error;

use super::desk::{Shop, new_id};
use super::moment::Moment;
use super::records::{Errand, ErrandKind, ErrandState, Row, Sale, SaleState};

/// So often a sale is looked at that another seller is changing.
const POLL: Duration = Duration::from_millis(50);

impl Shop {
    /// The sale with this id or order, if it stands.
    pub(super) async fn standing(&self, sale: &str) -> Result<Sale, Error> {
        let sale = self.sale(sale).await?;
        match sale.state {
            SaleState::Sold => Ok(sale),
            SaleState::Pending => Err(Error::refused(format!("The sale {} is still under way.", sale.id))),
            SaleState::Abandoned => Err(Error::refused(format!("The sale {} came to nothing.", sale.id))),
            SaleState::Revoked | SaleState::Refunded => Err(Error::refused(format!(
                "The sale {} was {} at {}; its token is gone.",
                sale.id,
                sale.state.name(),
                sale.ended_at.map_or_else(String::new, |at| at.to_string())
            ))
            .with_hint("Sell a new one.")),
        }
    }

    /// Writes an errand on a sale down before it goes out; none when somebody else came in between.
    pub(super) async fn set_out(&self, errand: Errand, sale: Sale) -> Result<Option<(Errand, Sale)>, Error> {
        let mut sale = Sale {
            errand: Some(errand.id.clone()),
            ..sale
        };
        let rows = vec![Row::Errand(errand.clone()), Row::Sale(sale.clone())];
        if !self.commit(rows).await? {
            self.breathe().await;
            return Ok(None);
        }
        let version = errand.version + 1;
        sale.version += 1;
        Ok(Some((Errand { version, ..errand }, sale)))
    }

    /// An errand on the token of a sale.
    pub(super) fn errand_on(sale: &Sale, kind: ErrandKind) -> Errand {
        Errand {
            id: new_id("errand"),
            kind,
            state: ErrandState::Asked,
            snippet: sale.snippet.clone(),
            installs: sale.installs,
            before: None,
            sale: Some(sale.id.clone()),
            order: None,
            token: sale.token.clone(),
            asked_at: Moment::now(),
            version: 0,
        }
    }

    /// Writes down that the server did not do it: the sale is as it was.
    pub(super) async fn came_to_nothing(&self, errand: Errand, sale: &Sale) -> Result<(), Error> {
        loop {
            let (now, sale) = (self.errand(&errand.id).await?, self.sale(&sale.id).await?);
            let Some(now) = now else { return Ok(()) };
            if sale.errand.as_ref() != Some(&now.id) {
                return Ok(());
            }
            let now = Errand {
                state: ErrandState::Void,
                ..now
            };
            let rows = vec![Row::Errand(now), Row::Sale(Sale { errand: None, ..sale })];
            if self.commit(rows).await? {
                return Ok(());
            }
            self.breathe().await;
        }
    }

    /// Waits for the errand on a sale, or brings it to its end when nobody else will. False when the sale has none.
    ///
    /// # Errors
    /// Those of the errand.
    pub(super) async fn wait_for_errand(&self, sale: &Sale) -> Result<bool, Error> {
        let Some(id) = &sale.errand else { return Ok(false) };
        match self.errand(id).await? {
            Some(errand) if !self.is_lost(&errand) => tokio::time::sleep(POLL).await,
            Some(errand) => self.finish(errand, sale.clone()).await?,
            None => return Err(Error::internal(format!("The ledger has lost the errand {id}."))),
        }
        Ok(true)
    }

    /// Brings an errand to its end that somebody else left behind.
    pub(super) async fn finish(&self, errand: Errand, sale: Sale) -> Result<(), Error> {
        // Whoever writes this first has it; the others wait for its answer as for any other.
        let again = Errand {
            state: ErrandState::Asked,
            asked_at: Moment::now(),
            ..errand
        };
        let kind = again.kind;
        let Some((errand, sale)) = self.set_out(again, sale).await? else {
            return Ok(());
        };
        match kind {
            ErrandKind::Revoke | ErrandKind::Refund => self.delete(errand, sale).await.map(drop),
            ErrandKind::TopUp => self.settle_top_up(errand, sale).await,
            ErrandKind::Issue => Err(Error::internal("An errand that makes a token is not one on a sale.")),
        }
    }
}
