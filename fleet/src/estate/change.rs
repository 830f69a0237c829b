//! What changed between two looks at a fleet.

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::health::InstanceHealth;

/// Something that changed between two looks. As JSON it has its line for people as `text` besides its fields.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// When it was seen, RFC 3339 in UTC.
    pub at: String,
    /// What changed.
    pub what: What,
    /// The instance's name; of an account, `account` or `account NAME`.
    pub name: String,
    /// The instance's display name.
    pub display: String,
    /// The environment that it belongs to.
    pub environment: Option<String>,
    /// What it was; none at the first look.
    pub from: Option<String>,
    /// What it is now.
    pub to: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// An instance's state: `up`, `slow`, `unauthorised`, `down`.
    State,
    /// Whether a rate limit is known: `no`, `yes`.
    RateLimit,
    /// How long the token is good for: `ok`, `week` (a week or less), `day`, `expired`. Told once for all instances that share
    /// the token's end.
    Token,
    /// An instance is new in the fleet.
    Appeared,
    /// An instance is no longer in the fleet.
    Gone,
    /// Whether an account can be asked for its instances: `up`, `down`.
    Account,
}

impl Change {
    pub(super) fn of(instance: &InstanceHealth, what: What, at: &str) -> Self {
        Self {
            at: at.to_owned(),
            what,
            name: instance.name.clone(),
            display: instance.display.clone(),
            environment: instance.environment.clone(),
            from: None,
            to: None,
            reason: None,
        }
    }

    pub(super) fn between(mut self, from: Option<&str>, to: &str) -> Self {
        self.from = from.map(str::to_owned);
        self.to = Some(to.to_owned());
        self
    }

    pub(super) fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Change", 9)?;
        fields.serialize_field("at", &self.at)?;
        fields.serialize_field("what", &self.what)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("display", &self.display)?;
        fields.serialize_field("environment", &self.environment)?;
        fields.serialize_field("from", &self.from)?;
        fields.serialize_field("to", &self.to)?;
        fields.serialize_field("reason", &self.reason)?;
        fields.serialize_field("text", &self.to_string())?;
        fields.end()
    }
}

/// A line for people: `acme (prod) is down, was up: No connection could be opened.`
impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.display.is_empty() {
            &self.name
        } else {
            &self.display
        })?;
        if let Some(environment) = &self.environment {
            write!(formatter, " ({environment})")?;
        }
        let to = self.to.as_deref().unwrap_or_default();
        match self.what {
            What::State | What::Account => write!(formatter, " is {to}")?,
            What::RateLimit if to == "yes" => formatter.write_str(" is rate limited")?,
            What::RateLimit => formatter.write_str(" is not rate limited")?,
            What::Token => write!(formatter, ": the token's time is {to}")?,
            What::Appeared => write!(formatter, " is new, and {to}")?,
            What::Gone => formatter.write_str(" is gone")?,
        }
        if let Some(from) = self.from.as_ref().filter(|_| self.what != What::RateLimit) {
            write!(formatter, ", was {from}")?;
        }
        match &self.reason {
            Some(reason) => write!(formatter, ": {reason}"),
            None => formatter.write_str("."),
        }
    }
}
