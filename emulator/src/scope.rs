//! What a token may do: scopes × create, read, update, delete.
//!
//! The token screen shows nine scopes. Operation pages name them differently (`Workspace Content`
//! for records, say) and name three more that the screen does not show; this module is the only
//! place that knows both sets of names.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// One of the four rights inside a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Make new objects.
    Create,
    /// Look at objects.
    Read,
    /// Change objects.
    Update,
    /// Remove objects.
    Delete,
}

impl Right {
    const ALL: [Self; 4] = [Self::Create, Self::Read, Self::Update, Self::Delete];

    /// `Create`, `Read`, `Update` or `Delete`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// An area that a token may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)] // the names say it; `key` and `label` hold the two spellings
pub enum Scope {
    Database,
    Content,
    LiveDataSource,
    ApiGroups,
    Functions,
    Addons,
    Tasks,
    Files,
    RequestHistory,
    Log,
    Workspace,
    Policy,
}

impl Scope {
    const ALL: [Self; 12] = [
        Self::Database,
        Self::Content,
        Self::LiveDataSource,
        Self::ApiGroups,
        Self::Functions,
        Self::Addons,
        Self::Tasks,
        Self::Files,
        Self::RequestHistory,
        Self::Log,
        Self::Workspace,
        Self::Policy,
    ];

    /// The name on the token screen (or, for the three that it lacks, a name in its manner).
    pub fn key(self) -> &'static str {
        match self {
            Self::Database => "Database",
            Self::Content => "Content",
            Self::LiveDataSource => "Live Data Source",
            Self::ApiGroups => "API Groups",
            Self::Functions => "Functions",
            Self::Addons => "Addons",
            Self::Tasks => "Tasks",
            Self::Files => "Files",
            Self::RequestHistory => "Request History",
            Self::Log => "Log",
            Self::Workspace => "Workspace",
            Self::Policy => "Policy",
        }
    }

    /// The name that operation pages use.
    pub fn label(self) -> &'static str {
        match self {
            Self::Database => "Workspace Database",
            Self::Content => "Workspace Content",
            Self::LiveDataSource => "Live Data Source",
            Self::ApiGroups => "Workspace Api",
            Self::Functions => "Workspace Function",
            Self::Addons => "Workspace Addon",
            Self::Tasks => "Workspace Task",
            Self::Files => "Workspace File",
            Self::RequestHistory => "Workspace Request History",
            Self::Log => "Workspace Log",
            Self::Workspace => "Instance Workspace",
            Self::Policy => "workspace:policy",
        }
    }

    /// Finds a scope by either name, whatever the case.
    pub fn find(name: &str) -> Option<Self> {
        let wanted = name.trim();
        Self::ALL
            .into_iter()
            .find(|s| s.key().eq_ignore_ascii_case(wanted) || s.label().eq_ignore_ascii_case(wanted))
    }
}

/// One demand: this right in this scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need(pub Scope, pub Right);

impl Need {
    /// As operation pages write it: `Workspace Database: Read`.
    pub fn label(self) -> String {
        format!("{}: {}", self.0.label(), self.1.name())
    }
}

/// The rights of a token, stored as `{"Database": "CRUD", …}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(BTreeMap<Scope, Vec<Right>>);

impl Grants {
    /// Everything everywhere: what a token gets when nothing is said.
    pub fn all() -> Self {
        Self(Scope::ALL.into_iter().map(|s| (s, Right::ALL.to_vec())).collect())
    }

    /// Whether the demand is met.
    pub fn allows(&self, need: Need) -> bool {
        self.0.get(&need.0).is_some_and(|rights| rights.contains(&need.1))
    }

    /// Reads what the control path accepts: `"all"`, `"none"`, an object of scope to rights
    /// (`"CRUD"`, `"r"`, or a list of words), or a list of `"Scope: Right"` and bare `"Scope"`.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let mut grants = BTreeMap::<Scope, Vec<Right>>::new();
        let mut add = |name: &str, rights: Vec<Right>| -> Result<(), String> {
            let scope = Scope::find(name).ok_or_else(|| unknown_scope(name))?;
            let held = grants.entry(scope).or_default();
            held.extend(rights);
            held.sort_unstable();
            held.dedup();
            Ok(())
        };
        match value {
            Value::Null => return Ok(Self::all()),
            Value::String(word) if word == "all" => return Ok(Self::all()),
            Value::String(word) if word == "none" => {}
            Value::Object(map) => {
                for (name, rights) in map {
                    add(name, parse_rights(rights)?)?;
                }
            }
            Value::Array(list) => {
                for entry in list {
                    let text = entry
                        .as_str()
                        .ok_or("a scope in a list is text such as \"Database: Read\"")?;
                    match text.split_once(':') {
                        Some((name, right)) if Scope::find(text).is_none() => {
                            add(name, vec![parse_right(right)?])?;
                        }
                        _ => add(text, Right::ALL.to_vec())?,
                    }
                }
            }
            other => {
                return Err(format!(
                    "scopes cannot be {other}; give \"all\", \"none\", a list or an object"
                ));
            }
        }
        Ok(Self(grants))
    }

    /// The form that is stored and shown.
    pub fn to_json(&self) -> Value {
        let map: Map<String, Value> = self
            .0
            .iter()
            .map(|(scope, rights)| {
                let letters: String = rights.iter().map(|r| &r.name()[..1]).collect();
                (scope.key().to_owned(), json!(letters))
            })
            .collect();
        Value::Object(map)
    }
}

fn unknown_scope(name: &str) -> String {
    let known: Vec<_> = Scope::ALL.into_iter().map(Scope::key).collect();
    format!("no scope is called {name:?}; known are {}", known.join(", "))
}

fn parse_right(word: &str) -> Result<Right, String> {
    let word = word.trim();
    Right::ALL
        .into_iter()
        .find(|r| r.name().eq_ignore_ascii_case(word) || r.name()[..1].eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("no right is called {word:?}; known are Create, Read, Update, Delete"))
}

fn parse_rights(value: &Value) -> Result<Vec<Right>, String> {
    match value {
        Value::Bool(true) => Ok(Right::ALL.to_vec()),
        Value::Bool(false) | Value::Null => Ok(Vec::new()),
        Value::String(word) if parse_right(word).is_ok() => Ok(vec![parse_right(word)?]),
        Value::String(letters) => letters.chars().map(|c| parse_right(&c.to_string())).collect(),
        Value::Array(list) => list
            .iter()
            .map(|w| parse_right(w.as_str().unwrap_or_default()))
            .collect(),
        other => Err(format!(
            "rights cannot be {other}; give \"CRUD\" letters or a list of words"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: Need = Need(Scope::Database, Right::Read);
    const DELETE: Need = Need(Scope::Database, Right::Delete);

    #[test]
    fn reads_every_way_of_writing_scopes() {
        for text in [
            r#"{"Database": "R"}"#,
            r#"{"workspace database": ["read"]}"#,
            r#"["Database: Read"]"#,
            r#"["Workspace Database: Read"]"#,
        ] {
            let value: Value = serde_json::from_str(text).expect(text);
            let grants = Grants::parse(&value).expect(text);
            assert!(grants.allows(READ), "{text}");
            assert!(!grants.allows(DELETE), "{text}");
        }
    }

    #[test]
    fn everything_and_nothing() {
        assert!(Grants::parse(&Value::Null).expect("null").allows(DELETE));
        assert!(Grants::parse(&json!("all")).expect("all").allows(DELETE));
        assert!(!Grants::parse(&json!("none")).expect("none").allows(READ));
    }

    #[test]
    fn survives_the_store() {
        let grants = Grants::parse(&json!({"Content": "RD", "Files": true})).expect("grants");
        assert_eq!(Grants::parse(&grants.to_json()), Ok(grants));
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = Grants::parse(&json!(["Datbase"])).expect_err("unknown");
        assert!(
            error.contains("Datbase") && error.contains("Live Data Source"),
            "{error}"
        );
        assert!(Grants::parse(&json!({"Database": "X"})).is_err());
        assert!(Grants::parse(&json!(7)).is_err());
    }

    #[test]
    fn a_policy_scope_may_be_named_although_it_has_a_colon() {
        let need = Need(Scope::Policy, Right::Read);
        assert!(
            Grants::parse(&json!(["workspace:policy"]))
                .expect("grants")
                .allows(need)
        );
    }
}
