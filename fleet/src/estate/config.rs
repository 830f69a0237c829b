//! `fleet.toml`: accounts and instances beside the client's own, and environments by rule.
//!
//! ```toml
//! ignore = ["*-playground"]          # instances that are none of the fleet's, by name or display name
//!
//! [accounts.partner]                 # a further account whose instances belong to the fleet
//! token_env = "PARTNER_TOKEN"        # the name of an environment variable, never the token
//! url = "https://app.xano.com"       # default: as the client's
//!
//! [instances.acme]                   # name or display name in an account; or, with a URL, any name
//! url = "https://x1.n7.xano.io"
//! token_env = "ACME_TOKEN"           # default: the client's token
//! environment = "prod"
//!
//! [environments.prod]
//! protected = true                   # changes are always asked for
//! match = ["*-prod", "acme*"]        # patterns on name or display name
//! instances = ["x1234-5678-9012"]    # names or display names
//! ```
//!
//! Every complaint names line and key, and never a value: it may be a secret in the wrong place.

mod tree;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value as Json;
use xano_metadata::{Error, Token};

use super::environment::{Environment, Rule, Says};
use super::pattern::Pattern;
use tree::{Node, Source};

/// Bytes that a fleet of thousands does not need.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Longer than the names of variables are, and shorter than tokens.
const LONGEST_VARIABLE: usize = 64;

/// Keys under which people write a token.
const SECRETS: [&str; 7] = [
    "token",
    "access_token",
    "api_key",
    "apikey",
    "key",
    "password",
    "secret",
];

/// What a fleet is made of besides its client's account.
#[derive(Clone, Debug, Default)]
pub struct FleetConfig {
    pub(super) accounts: Vec<AccountEntry>,
    pub(super) instances: Vec<InstanceEntry>,
    pub(super) environments: Vec<Environment>,
    pub(super) rules: Vec<Rule>,
    pub(super) ignored: Vec<Pattern>,
    pub(super) warnings: Vec<String>,
}

/// An account with its own token.
#[derive(Clone, Debug)]
pub(super) struct AccountEntry {
    pub(super) name: String,
    pub(super) token: Token,
    pub(super) url: Option<String>,
    pub(super) place: String,
}

/// An instance that the file speaks of.
#[derive(Clone, Debug)]
pub(super) struct InstanceEntry {
    pub(super) name: String,
    pub(super) url: Option<String>,
    pub(super) token: Option<Token>,
    pub(super) display: Option<String>,
    pub(super) place: String,
}

/// A look into the process's environment.
type Variables<'v> = &'v dyn Fn(&str) -> Option<String>;

impl FleetConfig {
    /// Reads a file, and the environment variables that it names.
    ///
    /// # Errors
    /// `config_error` with line and key.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let source = Source {
            name: path.display().to_string(),
        };
        let cannot = |cause: &dyn std::fmt::Display| Error::config(format!("{} cannot be read: {cause}.", source.name));
        let file = File::open(path).map_err(|cause| cannot(&cause))?;
        let mut text = String::new();
        file.take(MOST_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|cause| cannot(&cause))?;
        if text.len() as u64 > MOST_BYTES {
            return Err(cannot(&"it is larger than 4 MiB"));
        }
        let mut config = Self::of_toml(&source, &text, &variable)?;
        let names_tokens = config.instances.iter().any(|instance| instance.token.is_some());
        if names_tokens || !config.accounts.is_empty() {
            config.warnings.extend(open_to_others(path));
        }
        Ok(config)
    }

    /// Takes the same as a value: `{"environments": {"prod": {"match": ["*-prod"], "protected": true}}}`.
    ///
    /// # Errors
    /// `config_error` with the key.
    pub fn of(value: &Json) -> Result<Self, Error> {
        let source = Source {
            name: "The fleet's configuration".to_owned(),
        };
        Reading::new(&source, &variable).whole(&Source::json(value))
    }

    fn of_toml(source: &Source, text: &str, variables: Variables<'_>) -> Result<Self, Error> {
        Reading::new(source, variables).whole(&source.toml(text)?)
    }

    /// The environment of this name.
    pub(super) fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == name)
    }
}

/// Empty variables count as unset, as people empty them to switch them off.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A configuration that is being read.
struct Reading<'r> {
    source: &'r Source,
    variables: Variables<'r>,
    config: FleetConfig,
}

impl<'r> Reading<'r> {
    fn new(source: &'r Source, variables: Variables<'r>) -> Self {
        Self {
            source,
            variables,
            config: FleetConfig::default(),
        }
    }

    fn whole(mut self, root: &Node) -> Result<FleetConfig, Error> {
        let source = self.source;
        self.refuse_secrets(root)?;
        let sections = root.known(source, &["accounts", "instances", "environments", "ignore"])?;
        // Environments first: instances refer to them.
        let section = |name: &str| sections.iter().find(|(key, _)| key == name).map(|(_, node)| node);
        for (name, node) in section("environments").map_or(Ok(&[][..]), |node| node.table(source))? {
            self.environment(name, node)?;
        }
        for (name, node) in section("accounts").map_or(Ok(&[][..]), |node| node.table(source))? {
            self.account(name, node)?;
        }
        for (name, node) in section("instances").map_or(Ok(&[][..]), |node| node.table(source))? {
            self.instance(name, node)?;
        }
        if let Some(node) = section("ignore") {
            let patterns = node.texts(source, "patterns such as \"*-playground\"")?;
            self.config.ignored = patterns.iter().map(|(text, _)| Pattern::new(text)).collect();
        }
        self.check_names()?;
        Ok(self.config)
    }

    fn environment(&mut self, name: &str, node: &Node) -> Result<(), Error> {
        let source = self.source;
        self.check_name(name, node)?;
        let mut environment = Environment::new(name.to_owned());
        let mut rule = |says: Says, at: &Node| {
            self.config.rules.push(Rule {
                environment: name.to_owned(),
                says,
                place: source.place(at),
            });
        };
        for (key, value) in node.known(source, &["protected", "match", "instances"])? {
            match key.as_str() {
                "protected" => environment.protected = value.flag(source)?,
                "match" => {
                    for (text, at) in value.texts(source, "patterns such as \"*-prod\"")? {
                        rule(Says::Fits(Pattern::new(&text)), &at);
                        environment.patterns.push(text);
                    }
                }
                _ => {
                    for (text, at) in value.texts(source, "names of instances")? {
                        rule(Says::Named(text.clone()), &at);
                        environment.instances.push(text);
                    }
                }
            }
        }
        self.config.environments.push(environment);
        Ok(())
    }

    fn account(&mut self, name: &str, node: &Node) -> Result<(), Error> {
        let source = self.source;
        self.check_name(name, node)?;
        let (mut token, mut url) = (None, None);
        for (key, value) in node.known(source, &["token_env", "url"])? {
            match key.as_str() {
                "token_env" => token = Some(self.token(value)?),
                _ => url = Some(value.text(source, "the base of an account API")?.to_owned()),
            }
        }
        let token = token.ok_or_else(|| {
            source.error(
                node,
                "An account needs token_env, the name of the environment variable that holds its token.",
            )
        })?;
        self.config.accounts.push(AccountEntry {
            name: name.to_owned(),
            token,
            url,
            place: source.place(node),
        });
        Ok(())
    }

    fn instance(&mut self, name: &str, node: &Node) -> Result<(), Error> {
        let source = self.source;
        self.check_name(name, node)?;
        let mut entry = InstanceEntry {
            name: name.to_owned(),
            url: None,
            token: None,
            display: None,
            place: source.place(node),
        };
        for (key, value) in node.known(source, &["url", "token_env", "environment", "display"])? {
            match key.as_str() {
                "url" => entry.url = Some(value.text(source, "the base of an instance")?.to_owned()),
                "token_env" => entry.token = Some(self.token(value)?),
                "display" => entry.display = Some(value.text(source, "a name for people")?.to_owned()),
                _ => {
                    let environment = value.text(source, "the name of an environment")?;
                    if self.config.environment(environment).is_none() {
                        let known: Vec<&str> = self.config.environments.iter().map(|known| &*known.name).collect();
                        let known = if known.is_empty() {
                            "none".to_owned()
                        } else {
                            known.join(", ")
                        };
                        let what = format!("There is no [environments.…] of this name; there is {known}.");
                        return Err(source.error(value, &what));
                    }
                    self.config.rules.push(Rule {
                        environment: environment.to_owned(),
                        says: Says::Named(name.to_owned()),
                        place: source.place(value),
                    });
                }
            }
        }
        if entry.display.is_some() && entry.url.is_none() {
            return Err(source.error(
                node,
                "display is for instances with a url; the account knows the others' names.",
            ));
        }
        self.config.instances.push(entry);
        Ok(())
    }

    /// The token in the environment variable that a key names.
    fn token(&self, node: &Node) -> Result<Token, Error> {
        let source = self.source;
        let name = node.text(source, "the name of an environment variable")?;
        let first = name
            .chars()
            .next()
            .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
        if !first
            || !name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        {
            return Err(source.error(
                node,
                "This is no name of an environment variable. A token itself does not belong here: if it is one, take it \
                 out and make a new one.",
            ));
        }
        if name.len() > LONGEST_VARIABLE {
            return Err(source.error(
                node,
                "This is too long for the name of an environment variable, and looks like a token. Take it out, make a \
                 new one, and name the variable that holds it.",
            ));
        }
        // Not even the name is shown: a token can look like one.
        (self.variables)(name)
            .map(Token::from)
            .ok_or_else(|| source.error(node, "The environment variable that it names is not set, or empty."))
    }

    /// Refuses what looks like a token, wherever it stands.
    fn refuse_secrets(&self, node: &Node) -> Result<(), Error> {
        let Ok(entries) = node.table(self.source) else {
            return Ok(());
        };
        // Names of accounts, instances and environments are the user's own words.
        let named = ["accounts", "instances", "environments"].contains(&node.key.as_str());
        for (key, child) in entries {
            if !named && SECRETS.contains(&key.to_ascii_lowercase().as_str()) {
                return Err(self.source.error(
                    child,
                    "A token must not stand in this file: whoever reads the file would have it. Take it out, make a new \
                     one, put that into an environment variable, and write token_env with the variable's name.",
                ));
            }
            self.refuse_secrets(child)?;
        }
        Ok(())
    }

    fn check_name(&self, name: &str, node: &Node) -> Result<(), Error> {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(self
                .source
                .error(node, "A name has to have letters, and no control characters."));
        }
        Ok(())
    }

    /// Two rules that name the same instance must not disagree; said before anything is asked of a server.
    fn check_names(&self) -> Result<(), Error> {
        for rule in &self.config.rules {
            if let Says::Named(name) = &rule.says {
                let named: Vec<Rule> = self
                    .config
                    .rules
                    .iter()
                    .filter(|rule| matches!(rule.says, Says::Named(_)))
                    .cloned()
                    .collect();
                super::environment::of(&named, name, name)?;
            }
        }
        Ok(())
    }
}

/// What is wrong when others of this machine may read or change a file that says where tokens go.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let (may, why) = match (mode & 0o022, mode & 0o044) {
        (0, 0) => return None,
        (0, _) => ("read", "It says where tokens are kept and where they are sent."),
        _ => ("changed", "Whoever changes a url in it is sent a token."),
    };
    let path = path.display();
    Some(format!(
        "{path} can be {may} by other users of this machine. {why} Run: chmod 600 {path}"
    ))
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests;
