//! What a file may say, and what is said about one that may not.

use serde_json::json;

use super::super::environment;
use super::*;

const WHOLE: &str = r#"
ignore = ["*-playground"]

[accounts.partner]
token_env = "PARTNER_TOKEN"
url = "https://app.example.com"

[instances.acme]
url = "https://x1.n7.xano.io"
token_env = "ACME_TOKEN"
environment = "prod"
display = "Acme"

[instances."Shop of Jo"]
environment = "dev"

[environments.prod]
protected = true
match = ["*-prod", "acme*"]
instances = ["x1234-5678-9012"]

[environments.dev]
match = "*-dev"
"#;

fn read(text: &str) -> Result<FleetConfig, Error> {
    let source = Source {
        name: "fleet.toml".to_owned(),
    };
    let variables = |name: &str| matches!(name, "PARTNER_TOKEN" | "ACME_TOKEN").then(|| format!("secret-{name}"));
    FleetConfig::of_toml(&source, text, &variables)
}

fn refusal(text: &str) -> String {
    read(text).expect_err(text).to_string()
}

#[test]
fn a_whole_file_is_read() {
    let config = read(WHOLE).expect("a good file");
    assert_eq!(config.accounts[0].url.as_deref(), Some("https://app.example.com"));
    let [acme, shop] = &config.instances[..] else {
        panic!("{:?}", config.instances)
    };
    assert!(
        acme.token.is_some() && acme.display.as_deref() == Some("Acme"),
        "{acme:?}"
    );
    assert!(shop.token.is_none() && shop.url.is_none(), "{shop:?}");
    let names: Vec<_> = config
        .environments
        .iter()
        .map(|environment| &*environment.name)
        .collect();
    assert_eq!(names, ["prod", "dev"], "in the order of the file");
    assert!(config.environments[0].protected && !config.environments[1].protected);
    assert_eq!(
        config.environments[1].patterns,
        ["*-dev"],
        "one may stand without brackets"
    );
    assert!(!format!("{config:?}").contains("secret-"));
}

#[test]
fn a_name_beats_a_pattern_and_display_names_count() {
    let rules = read(WHOLE).expect("a good file").rules;
    let of = |name, display| environment::of(&rules, name, display).expect("no conflict");
    assert_eq!(of("x1234-5678-9012", "Shop-dev"), Some("prod"));
    assert_eq!(of("x2", "Shop of Jo"), Some("dev"));
    assert_eq!(of("x3", "ACME Two"), Some("prod"));
    assert_eq!(of("x4-dev", "x4"), Some("dev"));
    assert_eq!(of("x5", "x5"), None);
}

#[test]
fn rules_that_disagree_are_named_both() {
    let rules = read(WHOLE).expect("a good file").rules;
    let error = environment::of(&rules, "acme-dev", "acme-dev")
        .expect_err("fits both")
        .to_string();
    for part in [
        "line 19",
        "environments.prod.match",
        "line 23",
        "environments.dev.match",
        "acme-dev",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = refusal("[environments.a]\ninstances = ['x']\n[environments.b]\n[instances.x]\nenvironment = 'b'\n");
    for part in ["line 2, environments.a.instances", "line 5, instances.x.environment"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn what_is_wrong_is_said_with_line_and_key() {
    for (text, parts) in [
        ("[instances.a]\nurl = 1\n", ["line 2, instances.a.url", "a number"]),
        (
            "[instances.a]\nhost = 'x'\n",
            ["line 2, instances.a.host", "url, token_env, environment, display"],
        ),
        (
            "\n[environment.prod]\n",
            ["line 2, environment", "There is no such key"],
        ),
        (
            "[environments.prod]\nprotected = 'yes'\n",
            ["line 2, environments.prod.protected", "true or false"],
        ),
        (
            "[environments]\nprod = true\n",
            ["line 2, environments.prod", "should be a table"],
        ),
        (
            "[environments.prod]\nmatch = ['a',\n  7]\n",
            ["line 3, environments.prod.match", "a number"],
        ),
        (
            "[instances.a]\nenvironment = 'prod'\n",
            ["line 2, instances.a.environment", "there is none"],
        ),
        (
            "[accounts.a]\nurl = 'https://x'\n",
            ["line 1, accounts.a", "needs token_env"],
        ),
        (
            "[instances.\"a b\"]\nurl = ''\n",
            ["line 2, instances.\"a b\".url", "empty"],
        ),
        (
            "[instances.a]\ntoken_env = 'UNSET_TOKEN'\n",
            ["line 2, instances.a.token_env", "not set"],
        ),
        (
            "[instances.a]\ndisplay = 'A'\n",
            ["line 1, instances.a", "display is for instances with a url"],
        ),
        ("[instances.a]\nurl = 'x'\n[instances.a]\n", ["line 3", "duplicate"]),
        ("ignore = [\n", ["line", "fleet.toml"]),
    ] {
        let error = refusal(text);
        for part in parts {
            assert!(error.contains(part), "{part:?} in {error:?}");
        }
    }
}

#[test]
fn a_token_in_the_file_is_refused_and_never_shown() {
    const SECRET: &str = "eyJhbGciOiJSUzI1NiJ9.hunter2.hunter2";
    let bare = "hunter2".repeat(20);
    for text in [
        format!("[instances.a]\ntoken = '{SECRET}'\n"),
        format!("[instances.a]\nAccess_Token = '{SECRET}'\n"),
        format!("[accounts.a]\npassword = '{SECRET}'\n"),
        format!("[instances.a]\ntoken_env = '{SECRET}'\n"),
        format!("[instances.a]\ntoken_env = '{bare}'\n"),
        "[instances.a]\ntoken_env = 'hunter2hunter2'\n".to_owned(),
        format!("token = '{SECRET}'\n"),
        format!("[instances.a]\ntoken_env = '{SECRET}\n"),
        format!("[instances.a\ntoken = '{SECRET}'\n"),
    ] {
        let error = refusal(&text);
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("line "), "{error}");
    }
    assert!(
        read("[environments.a]\n[instances.token]\nenvironment = 'a'\n").is_ok(),
        "a name of the user's own"
    );
}

#[test]
fn a_value_says_the_same_without_lines() {
    let config = FleetConfig::of(&json!({"environments": {"prod": {"match": ["*-prod"], "protected": true}}}));
    assert!(config.expect("a good value").environments[0].protected);
    let error = FleetConfig::of(&json!({"environments": {"prod": {"protect": true}}})).expect_err("a misspelt key");
    assert_eq!(
        error.to_string(),
        "The fleet's configuration, environments.prod.protect: There is no such key. Here may stand: protected, match, \
         instances."
    );
    let error = FleetConfig::of(&json!([1])).expect_err("no table").to_string();
    assert!(error.contains("should be a table"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_names_tokens_and_is_open_to_others_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = std::env::temp_dir().join(format!("fleet-{}-{}.toml", std::process::id(), fastrand::u64(..)));
    let with_mode = |text: &str, mode: u32| {
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        FleetConfig::read(&path).expect("a good file").warnings
    };
    // A variable that every process has.
    let naming = "[instances.a]\nurl = 'https://x.example.com'\ntoken_env = 'PATH'\n";
    assert_eq!(with_mode(naming, 0o600), Vec::<String>::new());
    assert!(with_mode(naming, 0o640)[0].contains("can be read by other users"));
    assert!(with_mode(naming, 0o666)[0].contains("can be changed by other users"));
    assert_eq!(with_mode("[environments.prod]\n", 0o666), Vec::<String>::new());
    let _ = std::fs::remove_file(&path);
}
