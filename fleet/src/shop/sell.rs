//! Selling: one token for one buyer, and nobody else's.
//!
//! A sale begins as pending, then holds a token, then the server is asked whether the token is still as it was made, then the
//! sale is written down as sold; only after that is the token handed out. Each step is one commit, which fails when somebody else
//! came in between. Whoever loses the reservation because it took too long finds out at the next commit, and begins again.

use std::time::Duration;

use xano_metadata::Error;

use super::desk::{Shop, new_id, plain};
use super::instructions::instructions;
use super::issue::{Made, ROUNDS};
use super::ledger::{SaleFilter, TokenFilter};
use super::look::Count;
use super::moment::Moment;
use super::records::{Row, Sale, SaleState, Tier, Token, TokenState};

/// So many tokens are looked at when one is chosen, at random, so that sellers do not all reach for the same.
const CHOICE: usize = 32;

/// So often an order is looked at that another seller is busy with.
const POLL: Duration = Duration::from_millis(50);

/// What a buyer wants.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wish {
    /// The name of the tier.
    pub tier: String,
    /// Who buys, in the seller's words: an address, a name, a customer number. At most 500 characters.
    pub buyer: String,
    /// The seller's own id of the purchase. Selling the same order again returns the same sale. Default: none.
    pub order: Option<String>,
    /// Whether a token is made when none is ready. Default: yes.
    pub issue: bool,
}

impl Wish {
    /// A wish for a tier.
    pub fn new(tier: impl Into<String>, buyer: impl Into<String>) -> Self {
        Self {
            tier: tier.into(),
            buyer: buyer.into(),
            order: None,
            issue: true,
        }
    }

    /// The same, for an order.
    #[must_use]
    pub fn for_order(mut self, order: impl Into<String>) -> Self {
        self.order = Some(order.into());
        self
    }

    /// The same, from what is ready only.
    #[must_use]
    pub const fn from_stock(mut self) -> Self {
        self.issue = false;
        self
    }
}

/// What was sold. The instructions hold the token: they are for the buyer, not for a log.
#[derive(Clone)]
#[non_exhaustive]
pub struct Sold {
    /// The sale. [`InstallKey::reveal`](super::InstallKey::reveal) of its token is what the buyer gets.
    pub sale: Sale,
    /// What to tell the buyer, with the token.
    pub instructions: String,
    /// Whether the order had been sold before; nothing was sold now.
    pub again: bool,
}

impl std::fmt::Debug for Sold {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Sold")
            .field("sale", &self.sale)
            .field("again", &self.again)
            .finish_non_exhaustive()
    }
}

/// What there is of a sale when somebody wants to begin it.
enum Begun {
    /// It is for the caller to go on with.
    Now(Sale),
    /// It was sold before.
    Before(Sale),
}

impl Shop {
    /// Sells one token of a tier.
    ///
    /// # Errors
    /// `config_error` for an unknown tier or a buyer that cannot be written down; `refused` when nothing is ready and none may be
    /// made, or when the order was sold as something else; those of a call. After an error nothing is sold.
    pub async fn sell(&self, wish: Wish) -> Result<Sold, Error> {
        plain("The buyer", &wish.buyer)?;
        if let Some(order) = &wish.order {
            plain("The order", order)?;
        }
        let tier = self.tier_named(&wish.tier).await?;
        loop {
            let sale = match self.begin(&tier, &wish).await? {
                Begun::Before(sale) => return self.sold(sale, true).await,
                Begun::Now(sale) => sale,
            };
            let held = sale.clone();
            match self.serve(&tier, &wish, sale).await {
                Ok(Some(sale)) => return self.sold(sale, false).await,
                Ok(None) => self.breathe().await,
                Err(error) => {
                    // What cannot be given up now ends by itself when its time is over.
                    let _ = self.abandon(&held, &format!("not sold: {}", error.code())).await;
                    return Err(error);
                }
            }
        }
    }

    /// What a buyer is told, with the token, for a sale that stands.
    ///
    /// # Errors
    /// `refused` when there is no such sale or it does not stand; `config_error` when the ledger cannot be read.
    pub async fn instructions(&self, sale: &str) -> Result<String, Error> {
        let sale = self.standing(sale).await?;
        instructions(&self.tier_named(&sale.tier).await?, &sale)
    }

    async fn sold(&self, sale: Sale, again: bool) -> Result<Sold, Error> {
        let instructions = if sale.state == SaleState::Sold {
            instructions(&self.tier_named(&sale.tier).await?, &sale)?
        } else {
            String::new()
        };
        Ok(Sold {
            sale,
            instructions,
            again,
        })
    }

    /// Begins the sale, or finds the one that its order has. Waits while another seller is busy with the order.
    async fn begin(&self, tier: &Tier, wish: &Wish) -> Result<Begun, Error> {
        loop {
            let known = match &wish.order {
                Some(order) => self.ordered(order).await?,
                None => None,
            };
            if let Some(sale) = &known {
                same(sale, wish)?;
                match sale.state {
                    SaleState::Sold | SaleState::Revoked | SaleState::Refunded => {
                        return Ok(Begun::Before(sale.clone()));
                    }
                    SaleState::Pending if sale.held_until > Moment::now() => {
                        tokio::time::sleep(POLL).await;
                        continue;
                    }
                    SaleState::Pending => {
                        self.abandon(sale, "its seller did not come back").await?;
                        continue;
                    }
                    SaleState::Abandoned => {}
                }
            }
            let now = Moment::now();
            let sale = Sale {
                id: known.as_ref().map_or_else(|| new_id("sale"), |sale| sale.id.clone()),
                order: wish.order.clone(),
                tier: tier.name.clone(),
                snippet: tier.snippet.clone(),
                buyer: wish.buyer.clone(),
                installs: tier.installs,
                used: 0,
                price: tier.price.clone(),
                price_minor: tier.price_minor,
                state: SaleState::Pending,
                token: None,
                begun_at: now,
                held_by: new_id("seller"),
                held_until: now.plus(self.options.hold),
                checked_at: None,
                sold_at: None,
                ended_at: None,
                note: None,
                errand: None,
                version: known.map_or(0, |sale| sale.version),
            };
            if self.commit(vec![Row::Sale(sale.clone())]).await? {
                let version = sale.version + 1;
                return Ok(Begun::Now(Sale { version, ..sale }));
            }
        }
    }

    /// Finds a token for a pending sale and sells it. None when the sale was taken away meanwhile.
    async fn serve(&self, tier: &Tier, wish: &Wish, mut sale: Sale) -> Result<Option<Sale>, Error> {
        let mut lost = 0;
        loop {
            match self.held(&sale).await? {
                Some(token) => {
                    if let Some(sold) = self.close(&sale, token).await? {
                        return Ok(Some(sold));
                    }
                }
                None if self.reserve(&sale).await? || self.free_overdue().await? => {}
                None if !wish.issue => {
                    let nothing = format!(
                        "No token of the tier {:?} is ready, and none may be made for the sale.",
                        tier.name
                    );
                    return Err(Error::refused(nothing).with_hint("Issue some ahead, or let the sale make one."));
                }
                None => {
                    if let (_, Made::Lost(error)) = self.make(tier, Some(&sale)).await? {
                        lost += 1;
                        if lost == ROUNDS {
                            return Err(error);
                        }
                    }
                }
            }
            match self.sales(by_id(&sale)).await?.pop() {
                Some(now) if now.state == SaleState::Pending && now.held_by == sale.held_by => sale = now,
                _ => return Ok(None),
            }
        }
    }

    /// The token that a pending sale holds.
    async fn held(&self, sale: &Sale) -> Result<Option<Token>, Error> {
        let Some(key) = &sale.token else { return Ok(None) };
        let token = self.token(key).await?;
        Ok(token.filter(|token| token.sale.as_deref() == Some(&sale.id)))
    }

    /// Reserves a token that is ready, or tries to. False when none is.
    async fn reserve(&self, sale: &Sale) -> Result<bool, Error> {
        let which = TokenFilter {
            snippet: Some(sale.snippet.clone()),
            installs: Some(sale.installs),
            state: Some(TokenState::Ready),
            limit: Some(CHOICE),
            ..TokenFilter::default()
        };
        let mut ready = self.on_ledger(move |ledger| ledger.tokens(&which)).await?;
        if ready.is_empty() {
            return Ok(false);
        }
        let token = ready.swap_remove(fastrand::usize(..ready.len()));
        let sale = Sale {
            token: Some(token.key.clone()),
            checked_at: None,
            held_until: Moment::now().plus(self.options.hold),
            ..sale.clone()
        };
        let token = Token {
            state: TokenState::Reserved,
            sale: Some(sale.id.clone()),
            ..token
        };
        if !self.commit(vec![Row::Token(token), Row::Sale(sale)]).await? {
            self.breathe().await;
        }
        Ok(true)
    }

    /// Checks the token that a sale holds, and sells it. None when it was not fit to be sold, or taken away.
    async fn close(&self, sale: &Sale, token: Token) -> Result<Option<Sale>, Error> {
        let mut sale = sale.clone();
        // A token that was made for this sale just now is as it was made.
        if sale.checked_at.is_none() {
            let seen = self.look(&sale.snippet).await?;
            if let Some((state, why)) = unfit(seen.tokens.get(&token.key), &token) {
                sale.token = None;
                let token = Token {
                    state,
                    sale: None,
                    note: Some(why),
                    ..token
                };
                self.commit(vec![Row::Token(token), Row::Sale(sale)]).await?;
                return Ok(None);
            }
            sale.checked_at = Some(seen.at);
        }
        sale.state = SaleState::Sold;
        sale.sold_at = Some(Moment::now());
        let token = Token {
            state: TokenState::Sold,
            ..token
        };
        let done = self.commit(vec![Row::Token(token), Row::Sale(sale.clone())]).await?;
        sale.version += 1;
        Ok(done.then_some(sale))
    }

    /// Ends the pending sales whose time is over. Whether there were any.
    pub(super) async fn free_overdue(&self) -> Result<bool, Error> {
        let now = Moment::now();
        let mut any = false;
        for sale in self.pending().await? {
            if sale.held_until < now {
                any |= self.abandon(&sale, "its seller did not come back").await?;
            }
        }
        Ok(any)
    }

    /// Ends a pending sale, unless somebody else holds it by now: its token is ready again.
    pub(super) async fn abandon(&self, sale: &Sale, why: &str) -> Result<bool, Error> {
        loop {
            let Some(now) = self.sales(by_id(sale)).await?.pop() else {
                return Ok(false);
            };
            if now.state != SaleState::Pending || now.held_by != sale.held_by {
                return Ok(false);
            }
            let mut rows = Vec::new();
            if let Some(token) = self.held(&now).await? {
                rows.push(Row::Token(Token {
                    state: TokenState::Ready,
                    sale: None,
                    ..token
                }));
            }
            rows.push(Row::Sale(Sale {
                state: SaleState::Abandoned,
                token: None,
                ended_at: Some(Moment::now()),
                note: Some(why.to_owned()),
                ..now
            }));
            if self.commit(rows).await? {
                return Ok(true);
            }
        }
    }
}

fn by_id(sale: &Sale) -> SaleFilter {
    SaleFilter {
        id: Some(sale.id.clone()),
        ..SaleFilter::default()
    }
}

/// One order is one purchase: selling it as another would hide that the second buyer has nothing.
fn same(sale: &Sale, wish: &Wish) -> Result<(), Error> {
    if sale.tier == wish.tier && sale.buyer == wish.buyer {
        return Ok(());
    }
    Err(Error::refused(format!(
        "The order {:?} belongs to the sale {} of the tier {:?} to {:?}.",
        wish.order.as_deref().unwrap_or_default(),
        sale.id,
        sale.tier,
        sale.buyer
    ))
    .with_hint("Give each purchase an order of its own."))
}

/// Why a token that was never handed out cannot be sold, by what the server says of it.
pub(super) fn unfit(count: Option<&Count>, token: &Token) -> Option<(TokenState, String)> {
    match count {
        None => Some((TokenState::Gone, "somebody deleted it on the server".to_owned())),
        Some(count) if count.used != 0 => {
            let why = format!("{} installs were made with it before it was sold", count.used);
            Some((TokenState::SetAside, why))
        }
        Some(count) if count.installs != token.installs => {
            let why = format!("somebody changed its limit to {} before it was sold", count.installs);
            Some((TokenState::SetAside, why))
        }
        Some(_) => None,
    }
}
