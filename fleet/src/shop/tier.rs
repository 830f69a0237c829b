//! What is for sale, and how much of it is ready.

use serde::Serialize;
use xano_metadata::Error;

use super::desk::{Shop, discreet, plain};
use super::instructions;
use super::ledger::{SaleFilter, TokenFilter};
use super::records::{Row, SaleState, Tier, Token, TokenState};
use crate::host::Notice;

/// A tier and what there is of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stock {
    /// The tier.
    #[serde(flatten)]
    pub tier: Tier,
    /// Tokens that can be sold at once. Tiers with the same snippet and as many installs share them.
    pub ready: usize,
    /// Tokens that are held for sales under way.
    pub reserved: usize,
    /// Tokens that cannot be sold: somebody installed with them, or changed their limit, before they were sold.
    pub set_aside: usize,
    /// Sales of this tier that stand: neither revoked nor refunded.
    pub sold: usize,
}

impl Shop {
    /// Sets a tier: adds it, or changes the one of that name. What was sold stays as it was sold. When nothing changes, nothing
    /// is asked of the server. Otherwise the snippet is read, which has to be yours; a warning is told when it can be installed
    /// without a token.
    ///
    /// # Errors
    /// `config_error` for a tier that cannot be sold; those of a call (`not_found` for an unknown snippet).
    pub async fn tier(&self, mut tier: Tier) -> Result<Tier, Error> {
        check(&tier)?;
        loop {
            let known = self.on_ledger(|ledger| ledger.tiers()).await?;
            let known = known.into_iter().find(|known| known.name == tier.name);
            if let Some(known) = &known {
                (tier.title, tier.install_access) = (known.title.clone(), known.install_access.clone());
                tier.version = known.version;
                if *known == tier && tier.install_access == "token" {
                    return Ok(tier);
                }
            }
            let snippet = self.account.snippet(tier.snippet.as_str()).get().await;
            let snippet = snippet.map_err(|error| discreet(error, &[]))?;
            (tier.title, tier.install_access) = (snippet.name, snippet.install_access);
            if tier.install_access != "token" {
                self.host.tell(Notice::Warning {
                    message: format!(
                        "The snippet {} can be installed without a token: its install_access is {:?}. Set it to \"token\" before \
                         you sell.",
                        tier.snippet, tier.install_access
                    ),
                });
            }
            // What is there already was not made by this shop, and is not sold by it.
            self.look(&tier.snippet).await?;
            if known.as_ref() == Some(&tier) || self.commit(vec![Row::Tier(tier.clone())]).await? {
                tier.version += u32::from(known.as_ref() != Some(&tier));
                return Ok(tier);
            }
            self.breathe().await;
        }
    }

    /// The tiers, with what is ready of each. Asks the ledger only.
    ///
    /// # Errors
    /// `config_error` when the ledger cannot be read.
    pub async fn stock(&self) -> Result<Vec<Stock>, Error> {
        let (tiers, tokens, sales) = self
            .on_ledger(|ledger| {
                let sold = SaleFilter {
                    state: Some(SaleState::Sold),
                    ..SaleFilter::default()
                };
                Ok((
                    ledger.tiers()?,
                    ledger.tokens(&TokenFilter::default())?,
                    ledger.sales(&sold)?,
                ))
            })
            .await?;
        let count = |tier: &Tier, state: TokenState| {
            let fits = |token: &&Token| {
                token.state == state && token.snippet == tier.snippet && token.installs == tier.installs
            };
            tokens.iter().filter(fits).count()
        };
        let stock = tiers.into_iter().map(|tier| Stock {
            ready: count(&tier, TokenState::Ready),
            reserved: count(&tier, TokenState::Reserved),
            set_aside: count(&tier, TokenState::SetAside),
            sold: sales.iter().filter(|sale| sale.tier == tier.name).count(),
            tier,
        });
        Ok(stock.collect())
    }
}

fn check(tier: &Tier) -> Result<(), Error> {
    plain("The tier's name", &tier.name)?;
    plain("The tier's snippet", &tier.snippet)?;
    if tier.installs < 1 {
        return Err(Error::config(format!(
            "The tier {:?} has {} installs; it takes at least 1.",
            tier.name, tier.installs
        )));
    }
    if let Some(price) = &tier.price {
        plain("The tier's price", price)?;
    }
    if tier.price_minor.is_some_and(|price| price < 0) {
        return Err(Error::config(format!(
            "The tier {:?} has a price below nothing.",
            tier.name
        )));
    }
    tier.instructions.as_deref().map_or(Ok(()), instructions::check)
}
