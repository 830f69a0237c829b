//! Where the token and the base URLs come from.
//!
//! In this order: the options, the environment (`XANO_TOKEN`, `XANO_ACCOUNT_URL`, `XANO_INSTANCE_URL`), and the profile
//! file that the official CLI keeps (`XANO_CONFIG` or `~/.xano/credentials.yaml`, profile `XANO_PROFILE` or the file's
//! `default`). The file is read only when it is needed: for the token, or because a profile was named. Nothing of its
//! content ever gets into an error, not even the parser's own words, which may quote it.

use std::path::{Path, PathBuf};

use serde_norway::Value;

use crate::error::Error;
use crate::events::Events;
use crate::options::ClientOptions;
use crate::token::Token;

/// Where the account API lives unless someone says otherwise.
const ACCOUNT_URL: &str = "https://app.xano.com";

/// Bytes of a credentials file, and brackets in it. A profile has a dozen lines; what has more than these is another file, or
/// made to keep the parser busy, which it is for a time that grows with the square of its depth.
const LARGEST: usize = 256 * 1024;
const MOST_BRACKETS: usize = 2000;

/// What a client needs to begin.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) token: Token,
    pub(crate) account_url: String,
    pub(crate) account_url_from: &'static str,
    pub(crate) instance_url: Option<String>,
}

/// A look into the environment; a function so that tests need not change the process.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// The process's own environment. Empty variables count as unset, as people empty them to switch them off.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The entries of one profile that matter here.
#[derive(Debug, Default)]
struct Profile {
    token: Option<Token>,
    account_origin: Option<String>,
    instance_origin: Option<String>,
}

pub(crate) fn find(
    options: &ClientOptions,
    environment: Environment<'_>,
    events: &Events,
) -> Result<Credentials, Error> {
    let look = |name: &str| {
        if options.ambient_credentials {
            environment(name)
        } else {
            None
        }
    };
    let token = options.token.clone().or_else(|| look("XANO_TOKEN").map(Token::from));
    let named = options.profile.clone().or_else(|| look("XANO_PROFILE"));
    let file_asked = options.profile.is_some() || options.credentials_file.is_some();
    let file_wanted = token.is_none() || named.is_some();
    let profile = if file_wanted && (options.ambient_credentials || file_asked) {
        let path = options
            .credentials_file
            .clone()
            .or_else(|| look("XANO_CONFIG").map(PathBuf::from));
        let must_exist = path.is_some() || named.is_some();
        match path.or_else(|| std::env::home_dir().map(|home| home.join(".xano").join("credentials.yaml"))) {
            Some(path) if must_exist || path.exists() => read_profile(&path, named.as_deref(), events)?,
            _ => Profile::default(),
        }
    } else {
        Profile::default()
    };
    let token = token.or(profile.token).ok_or_else(missing)?;
    let (account_url, account_url_from) = if let Some(url) = &options.account_url {
        (url.clone(), "account_url")
    } else if let Some(url) = look("XANO_ACCOUNT_URL") {
        (url, "XANO_ACCOUNT_URL")
    } else if let Some(url) = profile.account_origin {
        (url, "The profile's account_origin")
    } else {
        (ACCOUNT_URL.to_owned(), "account_url")
    };
    let instance_url = options
        .instance_url
        .clone()
        .or_else(|| look("XANO_INSTANCE_URL"))
        .or(profile.instance_origin);
    Ok(Credentials {
        token,
        account_url,
        account_url_from,
        instance_url,
    })
}

fn missing() -> Error {
    Error::config("No access token was found.").with_hint(
        "Give it as the token argument, or in the environment variable XANO_TOKEN, or keep a profile in \
         ~/.xano/credentials.yaml as the official CLI does (XANO_CONFIG names another file). Tokens are made in Xano \
         under Instances, Metadata API.",
    )
}

fn read_profile(path: &Path, named: Option<&str>, events: &Events) -> Result<Profile, Error> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|cause| {
        Error::config(format!(
            "The credentials file {shown} cannot be read: {}.",
            cause.kind()
        ))
    })?;
    warn_if_readable_by_others(path, events);
    profile_of(&text, &shown.to_string(), named, events)
}

/// The profile that is `named`, or else the file's default.
fn profile_of(text: &str, shown: &str, named: Option<&str>, events: &Events) -> Result<Profile, Error> {
    let brackets = text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if text.len() > LARGEST || brackets > MOST_BRACKETS {
        return Err(Error::config(format!(
            "The credentials file {shown} is none: it has {} bytes and {brackets} brackets. Is it the right file?",
            text.len()
        )));
    }
    let file: Value = serde_norway::from_str(text).map_err(|cause| {
        let place = cause
            .location()
            .map_or_else(String::new, |at| format!(" near line {}", at.line()));
        Error::config(format!("The credentials file {shown} is not valid YAML{place}."))
    })?;
    let name = named
        .map(str::to_owned)
        .or_else(|| text_of(file.get("default")))
        .unwrap_or_else(|| "default".to_owned());
    let profiles = file.get("profiles");
    let Some(profile) = profiles.and_then(|profiles| profiles.get(name.as_str())) else {
        let known: Vec<&str> = profiles
            .and_then(Value::as_mapping)
            .map(|profiles| profiles.keys().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let known = if known.is_empty() {
            "it has none".to_owned()
        } else {
            format!("it has {}", known.join(", "))
        };
        return Err(Error::config(format!(
            "The credentials file {shown} has no profile {name:?}; {known}."
        )));
    };
    if profile.get("insecure").and_then(Value::as_bool) == Some(true) {
        events.warn(format!(
            "The profile {name:?} asks for connections without certificate checks. They stay on; give ca_file to trust a \
             certificate authority of your own."
        ));
    }
    Ok(Profile {
        token: text_of(profile.get("access_token")).map(Token::from),
        account_origin: text_of(profile.get("account_origin")),
        instance_origin: text_of(profile.get("instance_origin")),
    })
}

#[cfg(feature = "fuzzing")]
pub(crate) fn profile_for_fuzzing(
    text: &str,
    named: Option<&str>,
) -> Result<(bool, Option<String>, Option<String>), Error> {
    let profile = profile_of(text, "credentials.yaml", named, &Events::default())?;
    Ok((profile.token.is_some(), profile.account_origin, profile.instance_origin))
}

fn text_of(value: Option<&Value>) -> Option<String> {
    value
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(unix)]
fn warn_if_readable_by_others(path: &Path, events: &Events) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(facts) = std::fs::metadata(path) else { return };
    if facts.permissions().mode() & 0o077 != 0 {
        events.warn(format!(
            "The credentials file {} can be read by other users of this machine. Run: chmod 600 {0}",
            path.display()
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_path: &Path, _events: &Events) {}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::events::EventSink;

    const FILE: &str = "profiles:\n  main:\n    access_token: from-main\n    account_origin: https://a.example.com\n    \
                        instance_origin: https://i.example.com\n    workspace: 12\n    branch: v1\n  other:\n    \
                        access_token: from-other\n    insecure: true\ndefault: main\n";

    /// A folder with a credentials file, removed at the end.
    struct Home(PathBuf);

    impl Home {
        fn with(content: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("xano-{}-{}", std::process::id(), fastrand::u64(..)));
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("credentials.yaml"), content).expect("a file");
            Self(folder)
        }

        fn file(&self) -> PathBuf {
            self.0.join("credentials.yaml")
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn find_with(options: &ClientOptions, variables: &[(&str, &str)]) -> Result<Credentials, Error> {
        let look = |name: &str| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        find(options, &look, &Events::default())
    }

    #[test]
    fn the_argument_beats_the_environment_beats_the_file() {
        let home = Home::with(FILE);
        let file = home.file();
        let config = ("XANO_CONFIG", file.to_str().expect("UTF-8"));
        let options = ClientOptions::default();

        let from_file = find_with(&options, &[config]).unwrap();
        assert_eq!(from_file.token.text(), "from-main");
        assert_eq!(from_file.account_url, "https://a.example.com");
        assert_eq!(from_file.instance_url.as_deref(), Some("https://i.example.com"));

        let environment = [
            config,
            ("XANO_TOKEN", "from-env"),
            ("XANO_INSTANCE_URL", "https://e.example.com"),
        ];
        let from_environment = find_with(&options, &environment).unwrap();
        assert_eq!(from_environment.token.text(), "from-env");
        assert_eq!(
            from_environment.account_url, ACCOUNT_URL,
            "a profile nobody asked for names no host"
        );
        assert_eq!(from_environment.instance_url.as_deref(), Some("https://e.example.com"));

        let explicit = ClientOptions {
            token: Some("mine".into()),
            account_url: Some("https://m.example.com".into()),
            ..ClientOptions::default()
        };
        let explicit = find_with(&explicit, &environment).unwrap();
        assert_eq!(explicit.token.text(), "mine");
        assert_eq!(explicit.account_url, "https://m.example.com");
    }

    #[test]
    fn a_profile_is_chosen_by_argument_variable_or_default() {
        let home = Home::with(FILE);
        let options = ClientOptions {
            credentials_file: Some(home.file()),
            ..ClientOptions::default()
        };
        assert_eq!(find_with(&options, &[]).unwrap().token.text(), "from-main");
        assert_eq!(
            find_with(&options, &[("XANO_PROFILE", "other")]).unwrap().token.text(),
            "from-other"
        );
        let named = ClientOptions {
            profile: Some("other".into()),
            ..options.clone()
        };
        assert_eq!(
            find_with(&named, &[("XANO_PROFILE", "main")]).unwrap().token.text(),
            "from-other"
        );
        let missing = ClientOptions {
            profile: Some("nope".into()),
            ..options
        };
        let message = find_with(&missing, &[]).unwrap_err().to_string();
        assert!(message.contains("\"nope\"; it has main, other"), "{message}");
    }

    #[test]
    fn a_missing_token_names_the_three_ways() {
        let home = Home::with("profiles:\n  default: {account_origin: https://a.example.com}\n");
        let options = ClientOptions {
            credentials_file: Some(home.file()),
            ..ClientOptions::default()
        };
        let message = find_with(&options, &[]).unwrap_err().to_string();
        for way in ["token argument", "XANO_TOKEN", "credentials.yaml"] {
            assert!(message.contains(way), "{message}");
        }
    }

    #[test]
    fn ambient_sources_can_be_shut_out() {
        let options = ClientOptions {
            ambient_credentials: false,
            ..ClientOptions::default()
        };
        assert!(find_with(&options, &[("XANO_TOKEN", "stray")]).is_err());
        let options = ClientOptions {
            token: Some("mine".into()),
            ..options
        };
        let found = find_with(&options, &[("XANO_ACCOUNT_URL", "https://stray.example.com")]).unwrap();
        assert_eq!(found.account_url, ACCOUNT_URL);
    }

    #[test]
    fn a_broken_file_is_named_without_its_content() {
        for content in ["secret: [unclosed", "- hunter2\n\t- {secret", "profiles: hunter2"] {
            let home = Home::with(content);
            let options = ClientOptions {
                credentials_file: Some(home.file()),
                ..ClientOptions::default()
            };
            let error = find_with(&options, &[]).expect_err(content);
            let told = format!("{error} {error:?} {}", error.to_json());
            assert!(
                told.contains("credentials.yaml") && !told.contains("hunter2") && !told.contains("unclosed"),
                "{told}"
            );
        }
        let options = ClientOptions {
            credentials_file: Some("/no/such/file".into()),
            ..ClientOptions::default()
        };
        assert!(
            find_with(&options, &[])
                .unwrap_err()
                .to_string()
                .contains("/no/such/file")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_warned_about() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = Home::with(FILE);
        let options = ClientOptions {
            credentials_file: Some(home.file()),
            ..ClientOptions::default()
        };
        for (mode, warnings) in [(0o644, 1), (0o600, 0)] {
            std::fs::set_permissions(home.file(), std::fs::Permissions::from_mode(mode)).expect("own file");
            let seen = Arc::new(Mutex::new(Vec::new()));
            let sink = Arc::clone(&seen);
            let events = Events::new(Some(EventSink::new(move |event| {
                sink.lock().unwrap().push(event.to_string());
            })));
            find(&options, &|_| None, &events).expect("a token");
            let seen = seen.lock().unwrap();
            assert_eq!(seen.len(), warnings, "{seen:?}");
            assert!(seen.iter().all(|message| message.contains("chmod 600")), "{seen:?}");
        }
    }
}
