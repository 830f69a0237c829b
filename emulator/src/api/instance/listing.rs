//! Lists that come in pages: page and page size, search, order, and the envelope.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::api::Call;
use crate::error::ApiError;
use crate::search::compare;

/// The largest page anybody may ask for.
pub const LARGEST_PAGE: i64 = 10_000;

/// A page of something.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub page: i64,
    pub per_page: i64,
}

impl Window {
    /// Reads `page` and `per_page` of the query.
    pub fn from_query(call: &Call<'_>, largest: i64) -> Result<Self, ApiError> {
        let window = Self {
            page: call.query.at_least_one("page", 1)?,
            per_page: call.query.at_least_one("per_page", 50)?,
        };
        window.checked(largest)
    }

    /// Reads `page` and `per_page` of the body.
    pub fn from_body(call: &Call<'_>, largest: i64) -> Result<Self, ApiError> {
        let window = Self {
            page: call.input.at_least_one("page", 1)?,
            per_page: call.input.at_least_one("per_page", 50)?,
        };
        window.checked(largest)
    }

    fn checked(self, largest: i64) -> Result<Self, ApiError> {
        if self.per_page <= largest {
            return Ok(self);
        }
        Err(ApiError::input(
            "per_page",
            format!("Invalid value for param: per_page. It must be at most {largest}."),
        ))
    }

    /// How many items come before the page.
    pub fn offset(self) -> i64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// The short envelope.
    pub fn envelope(self, items: Vec<Value>, total: i64) -> Value {
        let mut shown = json!({"curPage": self.page, "nextPage": self.next(total), "prevPage": self.previous()});
        shown["items"] = Value::Array(items);
        shown
    }

    /// The long envelope, with totals.
    pub fn full_envelope(self, items: Vec<Value>, total: i64) -> Value {
        let mut shown = json!({
            "itemsReceived": items.len(),
            "curPage": self.page,
            "nextPage": self.next(total),
            "prevPage": self.previous(),
            "offset": self.offset(),
            "perPage": self.per_page,
            "itemsTotal": total,
            "pageTotal": self.pages(total),
        });
        shown["items"] = Value::Array(items);
        shown
    }

    /// How many pages there are.
    pub fn pages(self, total: i64) -> i64 {
        total.div_euclid(self.per_page) + i64::from(total % self.per_page > 0)
    }

    /// The next page's number, if there is one.
    pub fn next(self, total: i64) -> Option<i64> {
        (self.offset().saturating_add(self.per_page) < total).then(|| self.page + 1)
    }

    /// The previous page's number, if there is one.
    pub fn previous(self) -> Option<i64> {
        (self.page > 1).then_some(self.page - 1)
    }

    /// The page of a list that is at hand as a whole.
    pub fn slice<T>(self, all: Vec<T>) -> Vec<T> {
        let offset = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let length = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        all.into_iter().skip(offset).take(length).collect()
    }
}

/// What sorting and searching look at.
pub struct Traits<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub created_at: i64,
    pub updated_at: i64,
    pub id: i64,
}

/// Search and order of a list of definitions (definitions are few; records are searched in SQL).
#[derive(Debug)]
pub struct Order {
    search: String,
    key: String,
    descending: bool,
}

impl Order {
    /// Reads `search`, `sort` and `order` of the query.
    pub fn from_query(call: &Call<'_>, key: &str, descending: bool) -> Result<Self, ApiError> {
        let word = |name: &str, default: &str, known: &[&str]| match call.query.text(name).filter(|t| !t.is_empty()) {
            None => Ok(default.to_owned()),
            Some(text) if known.contains(&text) => Ok(text.to_owned()),
            Some(_) => Err(ApiError::input(
                name,
                format!(
                    "Invalid value for param: {name}. It must be one of: {}.",
                    known.join(", ")
                ),
            )),
        };
        let direction = word("order", if descending { "desc" } else { "asc" }, &["asc", "desc"])?;
        Ok(Self {
            search: call.query.text("search").unwrap_or_default().to_lowercase(),
            key: word("sort", key, &["created_at", "updated_at", "name"])?,
            descending: direction == "desc",
        })
    }

    /// Searches and sorts.
    pub fn apply<T>(&self, mut all: Vec<T>, traits: impl Fn(&T) -> Traits<'_>) -> Vec<T> {
        if !self.search.is_empty() {
            all.retain(|item| {
                let t = traits(item);
                t.name.to_lowercase().contains(&self.search) || t.description.to_lowercase().contains(&self.search)
            });
        }
        all.sort_by(|a, b| {
            let (a, b) = (traits(a), traits(b));
            let order = match self.key.as_str() {
                "name" => a.name.to_lowercase().cmp(&b.name.to_lowercase()),
                "updated_at" => a.updated_at.cmp(&b.updated_at),
                _ => a.created_at.cmp(&b.created_at),
            };
            let order = order.then(a.id.cmp(&b.id));
            if self.descending { order.reverse() } else { order }
        });
        all
    }
}

/// Reads `{column: "asc" | "desc"}`, or a list of such, as pairs.
pub fn sort_pairs(value: Option<&Value>) -> Result<Vec<(String, Ordering)>, ApiError> {
    let wrong = || {
        ApiError::input(
            "sort",
            "Invalid value for param: sort. It must be {\"column\": \"asc\"} or a list of such.",
        )
    };
    let entries: Vec<&Value> = match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    };
    let mut pairs = Vec::new();
    for entry in entries {
        for (column, direction) in entry.as_object().ok_or_else(wrong)? {
            let direction = match direction.as_str() {
                Some("asc") => Ordering::Less,
                Some("desc") => Ordering::Greater,
                _ => return Err(wrong()),
            };
            pairs.push((column.clone(), direction));
        }
    }
    Ok(pairs)
}

/// Sorts answers by fields of theirs; those that cannot be compared keep their order.
pub fn sort_items(items: &mut [Value], sort: &[(String, Ordering)]) {
    items.sort_by(|a, b| {
        let by = |(column, direction): &(String, Ordering)| {
            let order = compare(&a[column.as_str()], &b[column.as_str()]).unwrap_or(Ordering::Equal);
            if *direction == Ordering::Greater {
                order.reverse()
            } else {
                order
            }
        };
        sort.iter()
            .map(by)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}
