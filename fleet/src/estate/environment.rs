//! Environments: which instance is in which, by rule.
//!
//! A rule that names an instance beats one that fits it by pattern. Two rules of the same strength that disagree are an
//! error: guessing could leave a production instance unprotected.

use serde::Serialize;
use xano_metadata::Error;

use super::pattern::Pattern;

/// An environment, such as `prod`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether changes to it are always asked for. Default: false.
    pub protected: bool,
    /// Patterns on the name or the display name of its instances.
    #[serde(rename = "match")]
    pub patterns: Vec<String>,
    /// Names or display names of its instances.
    pub instances: Vec<String>,
}

impl Environment {
    pub(super) const fn new(name: String) -> Self {
        Self {
            name,
            protected: false,
            patterns: Vec::new(),
            instances: Vec::new(),
        }
    }
}

/// What says that an instance is in an environment.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) environment: String,
    pub(super) says: Says,
    /// Where the rule stands.
    pub(super) place: String,
}

#[derive(Clone, Debug)]
pub(super) enum Says {
    /// This name or display name.
    Named(String),
    /// Whatever fits.
    Fits(Pattern),
}

impl Rule {
    fn is_about(&self, name: &str, display: &str) -> bool {
        match &self.says {
            Says::Named(named) => named == name || named == display,
            Says::Fits(pattern) => pattern.fits(name) || pattern.fits(display),
        }
    }

    const fn names(&self) -> bool {
        matches!(self.says, Says::Named(_))
    }
}

/// The environment of an instance, by the rules.
pub(super) fn of<'r>(rules: &'r [Rule], name: &str, display: &str) -> Result<Option<&'r str>, Error> {
    let mut found: Option<&Rule> = None;
    for rule in rules.iter().filter(|rule| rule.is_about(name, display)) {
        match found {
            Some(other) if other.names() && !rule.names() => {}
            Some(other) if other.names() == rule.names() && other.environment != rule.environment => {
                return Err(Error::config(format!(
                    "Two rules disagree on the instance {name:?} ({display:?}): {} puts it in {:?}, {} in {:?}. Change \
                     one, or name the instance in one of them: a name beats a pattern.",
                    other.place, other.environment, rule.place, rule.environment
                )));
            }
            _ => found = Some(rule),
        }
    }
    Ok(found.map(|rule| rule.environment.as_str()))
}
