//! Places on the command line: `INSTANCE/WORKSPACE@BRANCH`.

use xano_fleet::Place;
use xano_metadata::{Error, Value};

use crate::app::{Ground, is_url};

/// A place as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// A name or a URL; none is the default instance.
    instance: Option<String>,
    workspace: String,
    branch: Option<String>,
}

impl Spelled {
    /// # Errors
    /// `config_error` when it names no workspace.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let scheme = if is_url(text) {
            text.find("://").map_or(0, |at| at + 3)
        } else {
            0
        };
        let (instance, rest) = match text.get(scheme..).and_then(|rest| rest.find('/')) {
            Some(slash) => text.split_at(scheme + slash),
            None if scheme > 0 => (text, ""),
            None => ("", text),
        };
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let (workspace, branch) = match rest.rsplit_once('@') {
            Some((workspace, "")) => (workspace, None),
            Some((workspace, branch)) => (workspace, Some(branch.to_owned())),
            None => (rest, None),
        };
        if workspace.is_empty() {
            return Err(Error::config(format!("{text:?} names no workspace."))
                .with_hint("A place is INSTANCE/WORKSPACE or INSTANCE/WORKSPACE@BRANCH."));
        }
        Ok(Self {
            instance: Some(instance.to_owned()).filter(|instance| !instance.is_empty()),
            workspace: workspace.to_owned(),
            branch,
        })
    }

    /// The instance, when it was given by its name.
    pub(crate) fn instance_name(&self) -> Option<String> {
        self.instance.clone().filter(|instance| !is_url(instance))
    }

    /// The place itself; nothing is sent.
    pub(crate) fn find(&self, ground: &Ground) -> Result<Place, Error> {
        let place = Place::new(ground.connection(self.instance.as_deref())?, id(&self.workspace));
        Ok(match &self.branch {
            Some(branch) => place.on_branch(branch),
            None => place,
        })
    }
}

/// A number, or else a name.
pub(crate) fn id(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_name_instance_workspace_and_branch() {
        for (text, expected) in [
            ("acme/Main@v2", (Some("acme"), "Main", Some("v2"))),
            ("acme/7", (Some("acme"), "7", None)),
            ("Main", (None, "Main", None)),
            ("/Main@v2", (None, "Main", Some("v2"))),
            ("acme/a/b", (Some("acme"), "a/b", None)),
            ("acme/me@home@", (Some("acme"), "me@home", None)),
            (
                "https://x1.n7.xano.io/Main@v2",
                (Some("https://x1.n7.xano.io"), "Main", Some("v2")),
            ),
            ("http://127.0.0.1:8080/1", (Some("http://127.0.0.1:8080"), "1", None)),
        ] {
            let spelled = Spelled::parse(text).unwrap();
            let found = (
                spelled.instance.as_deref(),
                spelled.workspace.as_str(),
                spelled.branch.as_deref(),
            );
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_place_without_a_workspace_is_refused() {
        for text in [
            "",
            "acme/",
            "/",
            "@v2",
            "https://x1.n7.xano.io",
            "https://x1.n7.xano.io/@v1",
        ] {
            assert!(Spelled::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_ids_and_the_rest_names() {
        assert_eq!(id("7"), Value::Int(7));
        assert_eq!(id("7up"), Value::from("7up"));
    }
}
