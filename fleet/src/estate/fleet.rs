//! The fleet itself: accounts, instances given by URL, and what was learnt of them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xano_metadata::api::InstanceInfo;
use xano_metadata::{Client, ClientOptions, Connection, Error, Token};

use super::config::{AccountEntry, FleetConfig, InstanceEntry};
use super::environment::Environment;
use super::past::Past;

/// Many instances as one. Cloning is cheap and shares what was learnt.
///
/// ```no_run
/// # async fn example(client: xano_metadata::Client) -> Result<(), xano_metadata::Error> {
/// use xano_fleet::Silent;
/// use xano_fleet::estate::{Fleet, InventoryOptions};
///
/// let fleet = Fleet::load("fleet.toml", Some(client))?;
/// let inventory = fleet.environment("prod")?.inventory(&InventoryOptions::default(), &Silent).await?;
/// for row in inventory.rows() {
///     println!("{} {}", row.instance, row.workspace.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Fleet {
    pub(super) shared: Arc<Shared>,
    /// The only environment that is meant.
    only: Option<Arc<str>>,
}

pub(super) struct Shared {
    pub(super) accounts: Vec<Account>,
    pub(super) config: FleetConfig,
    placed: Vec<(String, Connection)>,
    /// The ways to the instances that were found last, by name.
    found: Mutex<HashMap<String, Connection>>,
    past: Mutex<Past>,
}

/// An account whose instances belong to the fleet.
pub(super) struct Account {
    /// Its key in the file; none for the client that the fleet was made with.
    name: Option<String>,
    pub(super) client: Client,
    /// Clients for instances that have a token of their own, by their key in the file.
    own: Vec<(String, Client)>,
    listed: Mutex<Vec<InstanceInfo>>,
}

impl Account {
    fn new(name: Option<String>, client: Client) -> Self {
        Self {
            name,
            client,
            own: Vec::new(),
            listed: Mutex::default(),
        }
    }

    /// What failures call it.
    pub(super) fn title(&self) -> String {
        let name = self.name.as_deref();
        name.map_or_else(|| "account".to_owned(), |name| format!("account {name}"))
    }

    pub(super) fn own(&self, entry: &str) -> Option<&Client> {
        self.own
            .iter()
            .find(|(name, _)| name == entry)
            .map(|(_, client)| client)
    }

    pub(super) fn remember(&self, infos: &[InstanceInfo]) {
        infos.clone_into(&mut lock(&self.listed));
    }

    pub(super) fn remembered(&self) -> Vec<InstanceInfo> {
        lock(&self.listed).clone()
    }
}

impl Fleet {
    /// All instances of an account.
    #[must_use]
    pub fn of(client: Client) -> Self {
        Self::over(vec![Account::new(None, client)], FleetConfig::default(), Vec::new())
    }

    /// The fleet that a file describes, with the instances of the client's account if there is one. Without a client, the
    /// file's own accounts and instances are all there is.
    ///
    /// # Errors
    /// `config_error` with line and key.
    pub fn load(path: impl AsRef<Path>, client: Option<Client>) -> Result<Self, Error> {
        Self::assemble(FleetConfig::read(path.as_ref())?, client, &ClientOptions::default())
    }

    /// The fleet that a configuration describes. The clients that it needs besides the given one are made with the options of
    /// that one, or with `options`; credentials are never looked up in the environment for them.
    ///
    /// # Errors
    /// `config_error` when a URL or an option cannot be used, or when there is nothing to make a fleet of.
    pub fn assemble(config: FleetConfig, client: Option<Client>, options: &ClientOptions) -> Result<Self, Error> {
        let options = client.as_ref().map_or(options, Client::options).clone();
        let making = Making {
            options,
            given: client.clone(),
        };
        let mut accounts: Vec<Account> = client.into_iter().map(|client| Account::new(None, client)).collect();
        for entry in &config.accounts {
            accounts.push(making.account(entry)?);
        }
        for account in &mut accounts {
            for entry in config.instances.iter().filter(|entry| entry.url.is_none()) {
                if let Some(token) = &entry.token {
                    let url = account.client.options().account_url.clone();
                    account
                        .own
                        .push((entry.name.clone(), making.client(token, url, &entry.place)?));
                }
            }
        }
        let mut placed = Vec::new();
        for entry in &config.instances {
            if let Some(url) = &entry.url {
                placed.push((entry.name.clone(), making.placed(entry, url, &accounts)?));
            } else if accounts.is_empty() {
                return Err(Error::config(format!(
                    "{}: without an account there is nobody to ask where the instance is. Give its url.",
                    entry.place
                )));
            }
        }
        let teller = accounts.first().map(|account| &account.client);
        let teller = teller.or_else(|| placed.first().map(|(_, connection)| connection.client()));
        let Some(teller) = teller else {
            return Err(Error::config(
                "A fleet needs an account, or instances by url: give a token, or name them in the configuration.",
            ));
        };
        for warning in &config.warnings {
            teller.warn(warning);
        }
        Ok(Self::over(accounts, config, placed))
    }

    fn over(accounts: Vec<Account>, config: FleetConfig, placed: Vec<(String, Connection)>) -> Self {
        Self {
            shared: Arc::new(Shared {
                accounts,
                config,
                placed,
                found: Mutex::default(),
                past: Mutex::default(),
            }),
            only: None,
        }
    }

    /// The environments, in the order of the configuration; for a fleet narrowed to one, that one.
    #[must_use]
    pub fn environments(&self) -> Vec<Environment> {
        let all = self.shared.config.environments.iter();
        all.filter(|environment| self.is_meant(Some(&environment.name)))
            .cloned()
            .collect()
    }

    /// The instances of one environment as a fleet. It shares what was learnt with this one.
    ///
    /// # Errors
    /// `config_error` when the configuration has no such environment.
    pub fn environment(&self, name: &str) -> Result<Self, Error> {
        let environments = self.environments();
        if environments.iter().any(|environment| environment.name == name) {
            return Ok(Self {
                shared: Arc::clone(&self.shared),
                only: Some(name.into()),
            });
        }
        let known: Vec<String> = environments.iter().map(|known| format!("{:?}", known.name)).collect();
        let known = if known.is_empty() {
            "none: environments are [environments.NAME] of fleet.toml".to_owned()
        } else {
            known.join(", ")
        };
        Err(Error::config(format!(
            "The fleet has no environment {name:?}; it has {known}."
        )))
    }

    /// The environment it was narrowed to.
    pub(super) fn scope(&self) -> Option<&str> {
        self.only.as_deref()
    }

    /// The way to an instance by its name, as it was found last; none before the fleet was asked for anything.
    #[must_use]
    pub fn connection(&self, name: &str) -> Option<Connection> {
        lock(&self.shared.found).get(name).cloned()
    }

    pub(super) fn remember(&self, name: &str, connection: &Connection) {
        lock(&self.shared.found).insert(name.to_owned(), connection.clone());
    }

    /// The same fleet with all its environments.
    pub(super) fn whole(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            only: None,
        }
    }

    /// Ends the clients that the fleet made for accounts and instances of its configuration. The client it was given is the
    /// caller's.
    pub fn close(&self) {
        for account in &self.shared.accounts {
            account.own.iter().for_each(|(_, client)| client.close());
            if account.name.is_some() {
                account.client.close();
            }
        }
        let given = self.shared.accounts.iter().any(|account| account.name.is_none());
        if !given {
            for (_, connection) in &self.shared.placed {
                connection.client().close();
            }
        }
    }

    pub(super) fn is_meant(&self, environment: Option<&str>) -> bool {
        self.only.is_none() || self.only.as_deref() == environment
    }

    pub(super) fn ignores(&self, name: &str, display: &str) -> bool {
        let ignored = &self.shared.config.ignored;
        ignored
            .iter()
            .any(|pattern| pattern.fits(name) || pattern.fits(display))
    }

    /// The way to an instance that was given by URL.
    pub(super) fn placed(&self, entry: &str) -> Option<&Connection> {
        let mut placed = self.shared.placed.iter();
        placed.find(|(name, _)| name == entry).map(|(_, connection)| connection)
    }

    /// What earlier probes told.
    pub(super) fn past(&self) -> MutexGuard<'_, Past> {
        lock(&self.shared.past)
    }
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let accounts: Vec<String> = self.shared.accounts.iter().map(Account::title).collect();
        formatter
            .debug_struct("Fleet")
            .field("accounts", &accounts)
            .field("only", &self.only)
            .finish_non_exhaustive()
    }
}

/// Makes the clients that a fleet needs.
struct Making {
    options: ClientOptions,
    given: Option<Client>,
}

impl Making {
    fn client(&self, token: &Token, account_url: Option<String>, place: &str) -> Result<Client, Error> {
        Client::new(ClientOptions {
            token: Some(token.clone()),
            account_url,
            instance_url: None,
            profile: None,
            credentials_file: None,
            ambient_credentials: false,
            ..self.options.clone()
        })
        .map_err(|error| placed_error(place, &error))
    }

    fn account(&self, entry: &AccountEntry) -> Result<Account, Error> {
        let url = entry.url.clone().or_else(|| self.options.account_url.clone());
        let client = self.client(&entry.token, url, &entry.place)?;
        Ok(Account::new(Some(entry.name.clone()), client))
    }

    /// The way to an instance by its URL: with its own token, the given client's, or that of the only account.
    fn placed(&self, entry: &InstanceEntry, url: &str, accounts: &[Account]) -> Result<Connection, Error> {
        let connection = match (&entry.token, &self.given, accounts) {
            (token, Some(client), _) => client.instance_at(url, token.clone()),
            (Some(token), None, _) => {
                let client = self.client(token, self.options.account_url.clone(), &entry.place)?;
                client.instance_at(url, None)
            }
            (None, None, [account]) => account.client.instance_at(url, None),
            (None, None, _) => Err(Error::config(
                "There is no telling which token it takes. Give token_env, the name of the environment variable that \
                 holds it.",
            )),
        };
        connection.map_err(|error| placed_error(&entry.place, &error))
    }
}

fn placed_error(place: &str, error: &Error) -> Error {
    Error::config(format!("{place}: {error}"))
}

/// A panic while a lock is held cannot leave these plain values half written, so poison is ignored.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
