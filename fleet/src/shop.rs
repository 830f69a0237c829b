//! Selling install tokens of snippets without selling one twice.
//!
//! A [`Shop`] knows tiers (so many installs of a snippet), makes install tokens, gives each to one buyer, and keeps it all in a
//! [`Ledger`]. The rules that hold whatever happens in between, a lost answer, a killed seller, or another that sells at the same
//! time:
//! - A token is given to a buyer only after the ledger says whose it is, and only when the server has just said that nobody used it.
//! - What changes something on the server is written down before it goes out (an [`Errand`]). When its answer is lost, the server
//!   is asked what became of it; it is not done again on a guess.
//! - A reservation ends by itself ([`ShopOptions::hold`]); what a seller left behind who ended midway, others clear away.
//!
//! ```no_run
//! # async fn sell() -> Result<(), xano_metadata::Error> {
//! use xano_fleet::shop::{Shop, SqliteLedger, Tier, Wish};
//! use xano_metadata::{Client, ClientOptions};
//!
//! let shop = Shop::new(&Client::new(ClientOptions::default())?, SqliteLedger::open("shop.db")?);
//! shop.tier(Tier::new("team", "kRG3t_-i", 5)).await?;
//! let sold = shop.sell(Wish::new("team", "ada@example.com").for_order("invoice-17")).await?;
//! println!("{}", sold.instructions);
//! # Ok(())
//! # }
//! ```

mod desk;
mod errands;
mod instructions;
mod issue;
mod ledger;
mod look;
mod moment;
mod reconcile;
mod records;
mod rows;
mod secret;
mod sell;
mod sqlite;
mod take_back;
pub(crate) mod task;
mod tier;
mod top_up;
mod usage;

pub use desk::{Shop, ShopOptions};
pub use instructions::INSTRUCTIONS;
pub use issue::Issued;
pub use ledger::{ErrandFilter, Ledger, SaleFilter, TokenFilter};
pub use moment::Moment;
pub use reconcile::Reconciled;
pub use records::{Entry, Errand, ErrandKind, ErrandState, Row, Sale, SaleState, Tier, Token, TokenState};
pub use secret::InstallKey;
pub use sell::{Sold, Wish};
pub use sqlite::SqliteLedger;
pub use tier::Stock;
pub use usage::{Usage, Use};
