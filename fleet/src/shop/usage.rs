//! How far buyers have used what they bought.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use xano_metadata::Error;

use super::desk::Shop;
use super::ledger::SaleFilter;
use super::look::Seen;
use super::records::{Row, Sale, SaleState};
use crate::spread::{Failure, spread};

/// So many snippets are asked for at once.
pub(super) const AT_ONCE: usize = 8;

/// The usage of one sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Use {
    /// The sale, with the limit and the installs that the server tells; where it could not be asked, those last known.
    #[serde(flatten)]
    pub sale: Sale,
    /// Installs that are left.
    pub left: i64,
    /// Whether the token is on the server. None when it could not be asked.
    pub on_server: Option<bool>,
}

/// The usage of sales.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Whether every snippet could be asked.
    pub ok: bool,
    /// Each sale.
    pub sales: Vec<Use>,
    /// Installs that were sold.
    pub installs: i64,
    /// Installs that were used.
    pub used: i64,
    /// Installs that are left.
    pub left: i64,
    /// The snippets that could not be asked.
    pub failures: Vec<Failure>,
}

impl Shop {
    /// Asks the server how many installs of each sale are used and left. Without a state in the filter, of the sales that stand.
    ///
    /// # Errors
    /// `config_error` when the ledger cannot be used. What the server does not answer is among the failures.
    pub async fn usage(&self, which: SaleFilter) -> Result<Usage, Error> {
        let which = SaleFilter {
            state: which.state.or(Some(SaleState::Sold)),
            ..which
        };
        let sales = self.sales(which).await?;
        let snippets: BTreeSet<String> = sales.iter().map(|sale| sale.snippet.clone()).collect();
        let (seen, failures) = self.look_at(snippets).await;
        let mut uses = Vec::with_capacity(sales.len());
        for sale in sales {
            uses.push(self.usage_of(sale, &seen).await?);
        }
        let sum = |part: fn(&Use) -> i64| uses.iter().map(part).fold(0, i64::saturating_add);
        Ok(Usage {
            ok: failures.is_empty(),
            installs: sum(|one| one.sale.installs),
            used: sum(|one| one.sale.used),
            left: sum(|one| one.left),
            failures,
            sales: uses,
        })
    }

    /// Looks at snippets, several at once.
    pub(super) async fn look_at(&self, snippets: BTreeSet<String>) -> (HashMap<String, Seen>, Vec<Failure>) {
        let look = |snippet: String| async move {
            let seen = self.look(&snippet).await;
            (snippet, seen)
        };
        let mut all = HashMap::new();
        let mut failures = Vec::new();
        for (snippet, seen) in spread(snippets.into_iter().collect(), AT_ONCE, look).await {
            match seen {
                Ok(seen) => drop(all.insert(snippet, seen)),
                Err(error) => failures.push(Failure::new(snippet, &error)),
            }
        }
        (all, failures)
    }

    async fn usage_of(&self, mut sale: Sale, seen: &HashMap<String, Seen>) -> Result<Use, Error> {
        let seen = seen.get(&sale.snippet);
        let count = seen.map(|seen| sale.token.as_ref().and_then(|key| seen.tokens.get(key)));
        if let Some(Some(count)) = count {
            if count.used != sale.used {
                sale.used = count.used;
                // Somebody else who changes the sale right now looks for himself.
                if self.commit(vec![Row::Sale(sale.clone())]).await? {
                    sale.version += 1;
                }
            }
            sale.installs = count.installs;
        }
        let on_server = count.map(|count| count.is_some());
        let left = if sale.state == SaleState::Sold && on_server != Some(false) {
            (sale.installs - sale.used).max(0)
        } else {
            0
        };
        Ok(Use { sale, left, on_server })
    }
}
