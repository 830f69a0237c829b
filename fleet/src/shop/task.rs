//! The tasks of this room, by name, as the language faces start them.
//!
//! Arguments are `{"shop": {"ledger": PATH, …}, "do": {…}}`. The ledger is opened for each task: nothing stays open between two
//! of them, so a process may fork. Only the results of `sell`, `instructions` and a revealing `sales` hold whole tokens, as
//! `token` of a sale; elsewhere that is null, and `masked` tells tokens apart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use xano_metadata::{Client, Error, runtime};

use super::{Sale, SaleFilter, SaleState, Shop, ShopOptions, SqliteLedger, Tier, Wish};
use crate::context::{Context, arguments, result};
use crate::host::{Host, Notice};
use crate::task::unknown;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments<T> {
    shop: ShopArgument,
    #[serde(rename = "do")]
    verb: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopArgument {
    ledger: PathBuf,
    /// Seconds.
    #[serde(default)]
    hold: Option<f64>,
    /// Seconds.
    #[serde(default)]
    stale: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierArgument {
    name: String,
    snippet: String,
    installs: i64,
    #[serde(default)]
    price: Option<String>,
    #[serde(default)]
    price_minor: Option<i64>,
    #[serde(default)]
    instructions: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueArgument {
    tier: String,
    count: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SellArgument {
    tier: String,
    buyer: String,
    #[serde(default)]
    order: Option<String>,
    #[serde(default = "yes")]
    issue: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SalesArgument {
    #[serde(default)]
    sale: Option<String>,
    #[serde(default)]
    tier: Option<String>,
    #[serde(default)]
    buyer: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    reveal: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleArgument {
    sale: String,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopUpArgument {
    sale: String,
    installs: i64,
    #[serde(default)]
    order: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileArgument {
    #[serde(default)]
    alone: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalArgument {
    #[serde(default)]
    sale: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

const fn yes() -> bool {
    true
}

/// What a task works with.
struct Counter {
    client: Client,
    host: Arc<dyn Host>,
    arguments: Json,
    name: String,
}

impl Counter {
    /// The shop, and what is to be done.
    async fn open<T: DeserializeOwned>(self) -> Result<(Shop, T), Error> {
        let Arguments { shop, verb } = arguments::<Arguments<T>>(&self.name, self.arguments)?;
        let mut options = ShopOptions::default();
        for (name, given, option) in [
            ("hold", shop.hold, &mut options.hold),
            ("stale", shop.stale, &mut options.stale),
        ] {
            if let Some(given) = given {
                *option = Duration::try_from_secs_f64(given)
                    .ok()
                    .filter(|span| !span.is_zero())
                    .ok_or_else(|| Error::config(format!("{name} is {given}; it takes seconds above 0.")))?;
            }
        }
        let ledger = runtime::blocking(move || SqliteLedger::open(shop.ledger))
            .await
            .map_err(|_| Error::internal("The ledger panicked."))??;
        if ledger.is_open_to_others() {
            let message = format!(
                "Other users of this machine can read the ledger {}, and with it the install tokens. Run: chmod 600 {0}",
                ledger.path().display()
            );
            self.host.tell(Notice::Warning { message });
        }
        let shop = Shop::new(&self.client, ledger)
            .with_options(options)
            .heard_by(self.host);
        Ok((shop, verb))
    }
}

pub(crate) async fn run(verb: &str, arguments: Json, context: Context, host: Arc<dyn Host>) -> Result<Json, Error> {
    let counter = Counter {
        client: context.client()?.clone(),
        host,
        arguments,
        name: format!("shop.{verb}"),
    };
    match verb {
        "tier" => {
            let (shop, tier) = counter.open::<TierArgument>().await?;
            let tier = Tier {
                price: tier.price,
                price_minor: tier.price_minor,
                instructions: tier.instructions,
                ..Tier::new(tier.name, tier.snippet, tier.installs)
            };
            let tier = shop.tier(tier).await?;
            let stock = shop.stock().await?;
            result(&stock.into_iter().find(|stock| stock.tier.name == tier.name))
        }
        "tiers" => {
            let (shop, Nothing {}) = counter.open().await?;
            result(&shop.stock().await?)
        }
        "issue" => {
            let (shop, issue) = counter.open::<IssueArgument>().await?;
            result(&shop.issue(&issue.tier, issue.count).await?)
        }
        "sell" => {
            let (shop, sell) = counter.open::<SellArgument>().await?;
            let mut wish = Wish::new(sell.tier, sell.buyer);
            (wish.order, wish.issue) = (sell.order, sell.issue);
            let sold = shop.sell(wish).await?;
            let mut shown = shown(&sold.sale, true)?;
            shown["instructions"] = json!(sold.instructions);
            shown["again"] = json!(sold.again);
            Ok(shown)
        }
        "instructions" => {
            let (shop, which) = counter.open::<SaleArgument>().await?;
            result(&shop.instructions(&which.sale).await?)
        }
        "sales" => {
            let (shop, which) = counter.open::<SalesArgument>().await?;
            let (filter, reveal) = (filter(&shop, &which).await?, which.reveal);
            let sales = shop.sales(filter).await?;
            let shown: Result<Vec<Json>, Error> = sales.iter().map(|sale| shown(sale, reveal)).collect();
            Ok(Json::Array(shown?))
        }
        "usage" => {
            let (shop, which) = counter.open::<SalesArgument>().await?;
            let usage = shop.usage(filter(&shop, &which).await?).await?;
            let mut shown = result(&usage)?;
            for sale in shown["sales"].as_array_mut().into_iter().flatten() {
                mask(sale);
            }
            Ok(shown)
        }
        "revoke" | "refund" => {
            let (shop, which) = counter.open::<SaleArgument>().await?;
            let reason = which.reason.as_deref();
            let sale = if verb == "revoke" {
                shop.revoke(&which.sale, reason).await?
            } else {
                shop.refund(&which.sale, reason).await?
            };
            shown(&sale, false)
        }
        "top_up" => {
            let (shop, top_up) = counter.open::<TopUpArgument>().await?;
            let sale = shop
                .top_up(&top_up.sale, top_up.installs, top_up.order.as_deref())
                .await?;
            shown(&sale, false)
        }
        "reconcile" => {
            let (shop, reconcile) = counter.open::<ReconcileArgument>().await?;
            result(&shop.reconcile(reconcile.alone).await?)
        }
        "journal" => {
            let (shop, journal) = counter.open::<JournalArgument>().await?;
            result(&shop.journal(journal.sale.as_deref()).await?)
        }
        _ => Err(unknown(&counter.name)),
    }
}

async fn filter(shop: &Shop, which: &SalesArgument) -> Result<SaleFilter, Error> {
    let state = match &which.state {
        None => None,
        Some(name) => Some(SaleState::of(name).ok_or_else(|| {
            Error::config(format!(
                "There is no state {name:?}; there are pending, sold, revoked, refunded and abandoned."
            ))
        })?),
    };
    let id = match &which.sale {
        Some(sale) => Some(shop.sale(sale).await?.id),
        None => None,
    };
    Ok(SaleFilter {
        id,
        state,
        tier: which.tier.clone(),
        buyer: which.buyer.clone(),
        order: None,
    })
}

/// A sale as JSON, with its whole token or without it.
fn shown(sale: &Sale, reveal: bool) -> Result<Json, Error> {
    let mut shown = result(sale)?;
    mask(&mut shown);
    if let Some(key) = sale.token.as_ref().filter(|_| reveal) {
        shown["token"] = json!(key.reveal());
    }
    Ok(shown)
}

/// A sale writes its token masked; so it says here.
fn mask(sale: &mut Json) {
    sale["masked"] = sale["token"].take();
}
