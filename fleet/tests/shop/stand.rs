//! A shop on an emulator of its own, with a ledger in a folder of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::shop::{Ledger as _, Sale};
use xano_fleet::shop::{SaleFilter, SaleState, Shop, ShopOptions, SqliteLedger, Tier, Token, TokenFilter, TokenState};
use xano_fleet::{Answer, Asking, Host, Notice, Question};
use xano_metadata::{Client, ClientOptions, RateLimiting};

pub const SNIPPET: &str = "kRG3t_-i";

pub struct Stand {
    pub emulator: Emulator,
    folder: PathBuf,
}

impl Stand {
    /// An emulator with a snippet that takes install tokens.
    pub fn new() -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let folder = std::env::temp_dir().join(format!("xano-shop-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&folder).expect("a folder");
        let stand = Self { emulator, folder };
        stand.control(
            "POST",
            "/snippets",
            &json!({"canonical": SNIPPET, "name": "Mailer", "install_access": "token"}),
        );
        stand
    }

    /// The same with a tier of 7 installs.
    pub async fn with_tier() -> (Self, Shop) {
        let stand = Self::new();
        let shop = stand.shop();
        shop.tier(Tier::new("team", SNIPPET, 7)).await.expect("a tier");
        (stand, shop)
    }

    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.emulator.control(method, path, body);
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    pub fn fault(&self, rule: &Value) {
        self.control("POST", "/faults", rule);
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("shop.db")
    }

    pub fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(self.path()).expect("a ledger")
    }

    pub fn client(&self) -> Client {
        Client::new(ClientOptions {
            token: Some(self.emulator.token().into()),
            account_url: Some(self.emulator.account_url().into()),
            ambient_credentials: false,
            backoff: Duration::from_millis(1),
            timeout: Some(Duration::from_millis(1500)),
            rate_limit: RateLimiting::Off,
            ..ClientOptions::default()
        })
        .expect("a client")
    }

    /// Another shop with the same ledger, as another process would have it.
    pub fn shop(&self) -> Shop {
        Shop::new(&self.client(), self.ledger())
    }

    pub fn shop_with(&self, change: impl FnOnce(&mut ShopOptions)) -> Shop {
        let mut options = ShopOptions::default();
        change(&mut options);
        self.shop().with_options(options)
    }

    /// What the emulator says of the snippet's tokens: limit and installs by text.
    pub async fn on_server(&self) -> BTreeMap<String, (i64, i64)> {
        self.no_faults();
        let account = xano_metadata::Xano::of(&self.client());
        let tokens = account.snippet(SNIPPET).tokens().list().all().await.expect("tokens");
        let tokens = tokens
            .into_iter()
            .map(|token| (token.token, (token.max_installs, token.current_installs)));
        tokens.collect()
    }

    /// Installs with a token; whether it was allowed.
    pub fn install(&self, token: &str) -> bool {
        let body = json!({"canonical": SNIPPET, "token": token});
        self.emulator.control("POST", "/install", &body).0 == 200
    }

    /// How often something was sent to paths that end so.
    pub fn sent(&self, method: &str, end: &str) -> usize {
        let journal = self.control("GET", "/requests", &Value::Null);
        let requests = journal["requests"].as_array().expect("a list").iter();
        let fits = |request: &&Value| {
            request["method"] == method && request["path"].as_str().is_some_and(|path| path.ends_with(end))
        };
        requests.filter(fits).count()
    }

    pub fn forget_requests(&self) {
        self.control("DELETE", "/requests", &Value::Null);
    }

    pub fn no_faults(&self) {
        self.control("DELETE", "/faults", &Value::Null);
    }

    /// The ledger's tokens in a state.
    pub fn tokens(&self, state: TokenState) -> Vec<Token> {
        let which = TokenFilter {
            state: Some(state),
            ..TokenFilter::default()
        };
        self.ledger().tokens(&which).expect("tokens")
    }

    pub fn sales(&self, state: SaleState) -> Vec<Sale> {
        let which = SaleFilter {
            state: Some(state),
            ..SaleFilter::default()
        };
        self.ledger().sales(&which).expect("sales")
    }

    /// Makes a token as a person would, past the shop.
    pub async fn by_hand(&self, installs: i64) -> String {
        let account = xano_metadata::Xano::of(&self.client());
        account
            .snippet(SNIPPET)
            .tokens()
            .create(installs)
            .await
            .expect("a token")
            .token
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The text of a sale's token.
pub fn key(sale: &Sale) -> String {
    sale.token.as_ref().expect("a token").reveal().to_owned()
}

/// A host that keeps the warnings it hears.
#[derive(Clone, Default)]
pub struct Listener(pub Arc<Mutex<Vec<String>>>);

impl Host for Listener {
    fn tell(&self, notice: Notice) {
        if let Notice::Warning { message } = notice {
            self.0.lock().expect("no panic").push(message);
        }
    }

    fn ask(&self, _question: Question) -> Asking<'_> {
        Box::pin(async { Ok(Answer::no("nobody asks here")) })
    }
}
