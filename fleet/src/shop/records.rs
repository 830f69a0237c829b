//! What a ledger keeps: tiers, install tokens, sales, and errands to the server.
//!
//! Every row has a `version`, which counts its changes. Nobody changes a row without naming the version that was read, so
//! sellers that do not know of each other cannot overwrite what the other decided.

use serde::Serialize;

use super::moment::Moment;
use super::secret::InstallKey;

/// Something that is for sale: so many installs of a snippet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tier {
    /// Its name, such as `team`.
    pub name: String,
    /// The last part of the snippet's public address.
    pub snippet: String,
    /// Installs that a buyer gets.
    pub installs: i64,
    /// The price in words, such as `29 EUR`. Default: none.
    pub price: Option<String>,
    /// The price in the smallest unit of its currency, for sums. Default: none.
    pub price_minor: Option<i64>,
    /// What a buyer is told; see [`INSTRUCTIONS`](super::INSTRUCTIONS) for the default and the names in braces.
    pub instructions: Option<String>,
    /// The snippet's name, as the server told when the tier was set.
    pub title: String,
    /// Who may install the snippet, as the server told when the tier was set. Tokens only count where it is `token`.
    pub install_access: String,
    /// How often this row was changed.
    #[serde(skip)]
    pub version: u32,
}

impl Tier {
    /// A tier without price, with the usual instructions.
    pub fn new(name: impl Into<String>, snippet: impl Into<String>, installs: i64) -> Self {
        Self {
            name: name.into(),
            snippet: snippet.into(),
            installs,
            ..Self::default()
        }
    }
}

/// Where an install token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// Made by the shop, never given to anybody.
    Ready,
    /// Held for a sale that is under way.
    Reserved,
    /// Given to a buyer.
    Sold,
    /// Not for sale: installs were made with it, or its limit was changed, before it was sold.
    SetAside,
    /// Deleted on the server: by the shop, or by somebody else.
    Gone,
    /// Not made by the shop.
    Foreign,
}

/// An install token as the shop knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Token {
    /// Its text, which is a secret.
    pub key: InstallKey,
    /// The snippet that it opens.
    pub snippet: String,
    /// Installs that it allows in all.
    pub installs: i64,
    /// Where it is in its life.
    pub state: TokenState,
    /// The sale that holds it.
    pub sale: Option<String>,
    /// Why it is where it is, when that needs saying.
    pub note: Option<String>,
    /// Since when the shop knows it.
    pub known_at: Moment,
    /// How often this row was changed.
    #[serde(skip)]
    pub version: u32,
}

/// Where a sale is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleState {
    /// Under way: a token is being found, made or checked. The buyer has nothing yet.
    Pending,
    /// The token belongs to the buyer.
    Sold,
    /// The token was deleted; the money was not given back.
    Revoked,
    /// The token was deleted, and the money is to be given back.
    Refunded,
    /// It came to nothing: an error, or a seller that ended midway. The buyer never had a token.
    Abandoned,
}

/// A sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Sale {
    /// Its id, made by the shop.
    pub id: String,
    /// The id that the seller gave: an invoice, or a payment. No two sales share one.
    pub order: Option<String>,
    /// The name of its tier.
    pub tier: String,
    /// The snippet.
    pub snippet: String,
    /// Who bought it, in the seller's words.
    pub buyer: String,
    /// Installs that it allows, with what was added later.
    pub installs: i64,
    /// Installs that were used when the shop last looked.
    pub used: i64,
    /// The price of the tier when it was sold, in words.
    pub price: Option<String>,
    /// The price of the tier when it was sold, in the smallest unit.
    pub price_minor: Option<i64>,
    /// Where it is in its life.
    pub state: SaleState,
    /// Its install token, masked wherever it is printed.
    pub token: Option<InstallKey>,
    /// When it was begun.
    pub begun_at: Moment,
    /// Who is busy with it, or was last: an id that each attempt at selling makes.
    pub held_by: String,
    /// Until when a pending sale holds its token.
    pub held_until: Moment,
    /// When the server last said that nobody had used the token before it was sold.
    pub checked_at: Option<Moment>,
    /// When it was sold.
    pub sold_at: Option<Moment>,
    /// When it was revoked, refunded or abandoned.
    pub ended_at: Option<Moment>,
    /// Why it ended, when that was said.
    pub note: Option<String>,
    /// The errand that is changing it right now.
    pub errand: Option<String>,
    /// How often this row was changed.
    #[serde(skip)]
    pub version: u32,
}

/// What an errand is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandKind {
    /// Making an install token.
    Issue,
    /// Deleting the token of a sale.
    Revoke,
    /// Deleting the token of a sale, whose money is to be given back.
    Refund,
    /// Raising the limit of a sale's token.
    TopUp,
}

/// What became of an errand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrandState {
    /// Written down; the request goes out after that. It stays so when the seller ends midway.
    Asked,
    /// No answer came, so it is not known whether the server did it.
    Lost,
    /// The server did it.
    Done,
    /// The server did not do it.
    Void,
}

/// A request to the server that changes something: written down before it goes out and after its answer came, so that no
/// lost answer and no killed seller leaves a change that nobody knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Errand {
    /// Its id, made by the shop.
    pub id: String,
    /// What it is for.
    pub kind: ErrandKind,
    /// What became of it.
    pub state: ErrandState,
    /// The snippet.
    pub snippet: String,
    /// The limit that the token shall have afterwards.
    pub installs: i64,
    /// For a top up: the limit before.
    pub before: Option<i64>,
    /// The sale it is for.
    pub sale: Option<String>,
    /// For a top up: the id that the seller gave. No two errands share one.
    pub order: Option<String>,
    /// The token: the one to be changed, or the one that was made.
    pub token: Option<InstallKey>,
    /// When it was written down.
    pub asked_at: Moment,
    /// How often this row was changed.
    #[serde(skip)]
    pub version: u32,
}

/// A row of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Row {
    /// A tier, by its name.
    Tier(Tier),
    /// An install token, by its text.
    Token(Token),
    /// A sale, by its id; its order is unique as well.
    Sale(Sale),
    /// An errand, by its id; its order is unique as well.
    Errand(Errand),
}

/// A line of the journal: what became of what, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// What kind of row: `tier`, `token`, `sale` or `errand`.
    pub about: String,
    /// Its name or id; of a token the first characters.
    pub id: String,
    /// Its state from then on, or for an errand `issue asked`.
    pub state: String,
    /// The sale it belongs to.
    pub sale: Option<String>,
    /// What else is to be said.
    pub note: Option<String>,
}

macro_rules! names {
    ($kind:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $kind {
            /// Its name, in ledgers and results.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The one of this name.
            #[must_use]
            pub fn of(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

names!(TokenState {
    Ready = "ready",
    Reserved = "reserved",
    Sold = "sold",
    SetAside = "set_aside",
    Gone = "gone",
    Foreign = "foreign",
});
names!(SaleState {
    Pending = "pending",
    Sold = "sold",
    Revoked = "revoked",
    Refunded = "refunded",
    Abandoned = "abandoned",
});
names!(ErrandKind {
    Issue = "issue",
    Revoke = "revoke",
    Refund = "refund",
    TopUp = "top_up",
});
names!(ErrandState {
    Asked = "asked",
    Lost = "lost",
    Done = "done",
    Void = "void",
});

impl Row {
    /// The line of the journal that says what this row is from now on.
    #[must_use]
    pub(super) fn entry(&self, at: Moment) -> Entry {
        let entry = |about: &str, id: String, state: &str, sale: Option<&String>, note: Option<String>| Entry {
            at,
            about: about.to_owned(),
            id,
            state: state.to_owned(),
            sale: sale.cloned(),
            note,
        };
        match self {
            Self::Tier(tier) => {
                let sold = format!("{} installs of {}", tier.installs, tier.snippet);
                entry("tier", tier.name.clone(), "set", None, Some(sold))
            }
            Self::Token(token) => entry(
                "token",
                token.key.to_string(),
                token.state.name(),
                token.sale.as_ref(),
                token.note.clone(),
            ),
            Self::Sale(sale) => {
                let note = match (&sale.note, sale.state) {
                    (None, SaleState::Sold) => Some(format!("{} installs, {} used", sale.installs, sale.used)),
                    (note, _) => note.clone(),
                };
                entry("sale", sale.id.clone(), sale.state.name(), Some(&sale.id), note)
            }
            Self::Errand(errand) => {
                let state = format!("{} {}", errand.kind.name(), errand.state.name());
                let note = errand
                    .before
                    .map(|before| format!("from {before} to {} installs", errand.installs));
                entry("errand", errand.id.clone(), &state, errand.sale.as_ref(), note)
            }
        }
    }
}
