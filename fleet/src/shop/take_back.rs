//! Revoking and refunding: the token is deleted on the server, so that no more installs can be made with it. Those that were
//! made stay; [`Sale::used`] says how many.

use xano_metadata::{Error, ErrorKind};

use super::desk::{Shop, discreet, may_be_done, plain};
use super::moment::Moment;
use super::records::{Errand, ErrandKind, ErrandState, Row, Sale, SaleState, Token, TokenState};

impl Shop {
    /// Revokes a sale, by its id or its order: deletes its token. Revoking it again changes nothing. `used` of the sale says how
    /// many installs had been made when the shop looked, right before.
    ///
    /// # Errors
    /// `refused` when there is no such sale or nothing was sold; those of a call, after which revoking again goes on with it.
    pub async fn revoke(&self, sale: &str, why: Option<&str>) -> Result<Sale, Error> {
        self.take_back(sale, ErrandKind::Revoke, why).await
    }

    /// Refunds a sale: revokes it, and marks that the money is to be given back. The money itself is the seller's matter.
    ///
    /// # Errors
    /// Those of [`revoke`](Self::revoke).
    pub async fn refund(&self, sale: &str, why: Option<&str>) -> Result<Sale, Error> {
        self.take_back(sale, ErrandKind::Refund, why).await
    }

    async fn take_back(&self, which: &str, kind: ErrandKind, why: Option<&str>) -> Result<Sale, Error> {
        if let Some(why) = why {
            plain("The reason", why)?;
        }
        loop {
            let mut sale = self.sale(which).await?;
            if let Some(why) = why {
                sale.note = Some(why.to_owned());
            }
            match (sale.state, kind) {
                (SaleState::Refunded, _) | (SaleState::Revoked, ErrandKind::Revoke) => return self.sale(which).await,
                (SaleState::Revoked, _) => {
                    sale.state = SaleState::Refunded;
                    if self.commit(vec![Row::Sale(sale)]).await? {
                        return self.sale(which).await;
                    }
                }
                (SaleState::Sold, _) if self.wait_for_errand(&sale).await? => {}
                (SaleState::Sold, _) => {
                    let errand = Self::errand_on(&sale, kind);
                    if let Some((errand, sale)) = self.set_out(errand, sale).await? {
                        return self.delete(errand, sale).await;
                    }
                }
                (SaleState::Pending | SaleState::Abandoned, _) => return self.standing(which).await,
            }
        }
    }

    /// Deletes the token of a sale and writes down that it was done.
    pub(super) async fn delete(&self, errand: Errand, sale: Sale) -> Result<Sale, Error> {
        let Some(key) = sale.token.clone() else {
            return Err(Error::internal(format!("The sale {} has no token.", sale.id)));
        };
        let used = match self.look(&sale.snippet).await {
            Ok(seen) => seen.tokens.get(&key).map_or(sale.used, |count| count.used),
            Err(error) => {
                self.came_to_nothing(errand, &sale).await?;
                return Err(error);
            }
        };
        match self
            .account
            .snippet(sale.snippet.as_str())
            .token(key.reveal())
            .delete()
            .await
        {
            Ok(()) => {}
            // It is not there: deleted by an attempt whose answer was lost, or by somebody else.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if may_be_done(&error) => {
                self.settle(errand, ErrandState::Lost).await?;
                return Err(discreet(error, &[&key]).with_hint(
                    "Whether the token was deleted is not known; do the same again, or reconcile the shop.",
                ));
            }
            Err(error) => {
                self.came_to_nothing(errand, &sale).await?;
                return Err(discreet(error, &[&key]));
            }
        }
        let state = match errand.kind {
            ErrandKind::Refund => SaleState::Refunded,
            _ => SaleState::Revoked,
        };
        loop {
            let (Some(errand), Some(token)) = (self.errand(&errand.id).await?, self.token(&key).await?) else {
                return Err(Error::internal("The ledger has lost an errand or a token."));
            };
            let now = self.sale(&sale.id).await?;
            if now.state != SaleState::Sold {
                return Ok(now);
            }
            let note = sale.note.clone().or(now.note.clone());
            let rows = vec![
                Row::Errand(Errand {
                    state: ErrandState::Done,
                    ..errand
                }),
                Row::Token(Token {
                    state: TokenState::Gone,
                    ..token
                }),
                Row::Sale(Sale {
                    state,
                    used,
                    note,
                    errand: None,
                    ended_at: Some(Moment::now()),
                    ..now
                }),
            ];
            if self.commit(rows).await? {
                return self.sale(&sale.id).await;
            }
            self.breathe().await;
        }
    }
}
