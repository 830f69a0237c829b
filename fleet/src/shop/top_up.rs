//! Topping up: raising the limit of a token that was sold.
//!
//! The server is told both the new limit and the installs used, which are set to exactly what is given. So the shop reads the
//! installs right before; one that is made in the few milliseconds between is not counted. While a token is used up, which is when
//! most are topped up, none can be made.

use xano_metadata::Error;

use super::desk::{Shop, discreet, may_be_done, plain};
use super::issue::ROUNDS;
use super::ledger::ErrandFilter;
use super::look::Count;
use super::records::{Errand, ErrandKind, ErrandState, Row, Sale, Token};
use super::secret::InstallKey;

/// What reading the server said of a top up.
enum Settled {
    Done(Count),
    Not(Count),
    Changed,
}

impl Shop {
    /// Adds installs to a sale, by its id or its order. With an `order` of its own, the same top up is done once, however often it
    /// is asked for. A lost answer is settled by reading the token.
    ///
    /// # Errors
    /// `config_error` for less than 1; `refused` when the sale does not stand, its token is gone from the server, or the order
    /// was for something else; those of a call.
    pub async fn top_up(&self, sale: &str, installs: i64, order: Option<&str>) -> Result<Sale, Error> {
        if installs < 1 {
            return Err(Error::config(format!(
                "A top up of {installs} installs; it takes at least 1."
            )));
        }
        if let Some(order) = order {
            plain("The order", order)?;
        }
        loop {
            let sale = self.standing(sale).await?;
            if self.wait_for_errand(&sale).await? {
                continue;
            }
            let mut errand = Self::errand_on(&sale, ErrandKind::TopUp);
            if let Some(order) = order {
                if let Some(before) = self.top_up_ordered(order).await? {
                    let added = before.before.map(|from| before.installs - from);
                    if before.sale.as_ref() != Some(&sale.id) || added != Some(installs) {
                        return Err(Error::refused(format!("The order {order:?} was for another top up."))
                            .with_hint("Give each top up an order of its own."));
                    }
                    match before.state {
                        ErrandState::Done => return Ok(sale),
                        ErrandState::Void => (errand.id, errand.version) = (before.id, before.version),
                        // Its sale was read before it began; look again.
                        ErrandState::Asked | ErrandState::Lost => {
                            self.breathe().await;
                            continue;
                        }
                    }
                }
                errand.order = Some(order.to_owned());
            }
            let key = key_of(&sale)?;
            let seen = self.look(&sale.snippet).await?;
            let Some(count) = seen.tokens.get(&key) else {
                return Err(gone(&sale));
            };
            errand.before = Some(count.installs);
            errand.installs = count
                .installs
                .checked_add(installs)
                .ok_or_else(|| Error::config(format!("{installs} more installs are more than a limit can be.")))?;
            if let Some((errand, sale)) = self.set_out(errand, sale).await? {
                return self.raise(errand, sale, *count).await;
            }
        }
    }

    /// Raises the limit; asks again when it is certain that it was not raised.
    async fn raise(&self, errand: Errand, sale: Sale, mut count: Count) -> Result<Sale, Error> {
        let key = key_of(&sale)?;
        let mut last = None;
        for _ in 0..ROUNDS {
            let token = self.account.snippet(sale.snippet.as_str()).token(key.reveal());
            match token.update(errand.installs, count.used).await {
                Ok(token) if token.max_installs == errand.installs => {
                    count.used = token.current_installs;
                    return self.raised(&errand, &sale, count).await;
                }
                Ok(_) => {}
                Err(error) if may_be_done(&error) => last = Some(discreet(error, &[&key])),
                Err(error) => {
                    self.came_to_nothing(errand, &sale).await?;
                    return Err(discreet(error, &[&key]));
                }
            }
            match self.read_top_up(&errand, &key).await {
                Ok(Settled::Done(count)) => return self.raised(&errand, &sale, count).await,
                Ok(Settled::Not(now)) => count = now,
                Ok(Settled::Changed) => {
                    self.came_to_nothing(errand, &sale).await?;
                    return Err(changed(&sale));
                }
                Err(error) => {
                    self.settle(errand, ErrandState::Lost).await?;
                    return Err(error.with_hint(
                        "Whether the limit was raised is not known; do the same again, or reconcile the shop.",
                    ));
                }
            }
        }
        self.came_to_nothing(errand, &sale).await?;
        Err(last.unwrap_or_else(|| Error::damaged("The server says yes, and does not raise the limit.")))
    }

    /// Settles a top up that somebody else left behind: it is not done now, only written down what became of it.
    pub(super) async fn settle_top_up(&self, errand: Errand, sale: Sale) -> Result<(), Error> {
        match self.read_top_up(&errand, &key_of(&sale)?).await {
            Ok(Settled::Done(count)) => self.raised(&errand, &sale, count).await.map(drop),
            Ok(Settled::Not(_) | Settled::Changed) => self.came_to_nothing(errand, &sale).await,
            Err(error) => {
                self.settle(errand, ErrandState::Lost).await?;
                Err(error)
            }
        }
    }

    async fn read_top_up(&self, errand: &Errand, key: &InstallKey) -> Result<Settled, Error> {
        let seen = self.look(&errand.snippet).await?;
        Ok(match seen.tokens.get(key) {
            Some(count) if count.installs == errand.installs => Settled::Done(*count),
            Some(count) if Some(count.installs) == errand.before => Settled::Not(*count),
            _ => Settled::Changed,
        })
    }

    /// Writes down that the limit was raised.
    async fn raised(&self, errand: &Errand, sale: &Sale, count: Count) -> Result<Sale, Error> {
        let key = key_of(sale)?;
        loop {
            let (Some(now), Some(token)) = (self.errand(&errand.id).await?, self.token(&key).await?) else {
                return Err(Error::internal("The ledger has lost an errand or a token."));
            };
            let sale = self.sale(&sale.id).await?;
            if now.state == ErrandState::Done {
                return Ok(sale);
            }
            let rows = vec![
                Row::Errand(Errand {
                    state: ErrandState::Done,
                    ..now
                }),
                Row::Token(Token {
                    installs: errand.installs,
                    ..token
                }),
                Row::Sale(Sale {
                    installs: errand.installs,
                    used: count.used,
                    errand: None,
                    ..sale.clone()
                }),
            ];
            if self.commit(rows).await? {
                return self.sale(&sale.id).await;
            }
            self.breathe().await;
        }
    }

    async fn top_up_ordered(&self, order: &str) -> Result<Option<Errand>, Error> {
        let which = ErrandFilter {
            order: Some(order.to_owned()),
            ..ErrandFilter::default()
        };
        Ok(self.on_ledger(move |ledger| ledger.errands(&which)).await?.pop())
    }
}

fn key_of(sale: &Sale) -> Result<InstallKey, Error> {
    let none = || Error::internal(format!("The sale {} has no token.", sale.id));
    sale.token.clone().ok_or_else(none)
}

fn gone(sale: &Sale) -> Error {
    Error::refused(format!(
        "The token of the sale {} is not on the server any more.",
        sale.id
    ))
    .with_hint("Somebody deleted it there; revoke the sale and sell a new one.")
}

fn changed(sale: &Sale) -> Error {
    Error::refused(format!(
        "The token of the sale {} was changed by somebody else at the same time.",
        sale.id
    ))
    .with_hint("See its usage, and top up again.")
}
