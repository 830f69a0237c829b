//! Workspaces that hold one thing of every family, and steps that change them.

use std::time::Duration;

use serde_json::{Value, json};
use xano_emulator::{Emulator, EmulatorOptions};
use xano_fleet::compare::{self, Change, CompareOptions, Comparison, Kind};
use xano_fleet::{Place, Silent};
use xano_metadata::{Body, Client, ClientOptions, Connection, Instance, RateLimiting, Request};

/// Families whose members are a script and nothing else: name, path, and the word their scripts begin with.
pub const LOGIC: &[(&str, &str, &str)] = &[
    ("functions", "/function", "function"),
    ("tasks", "/task", "task"),
    ("middlewares", "/middleware", "middleware"),
    ("addons", "/addon", "addon"),
    ("agents", "/agent", "agent"),
    ("agent_triggers", "/agent/trigger", "agent_trigger"),
    ("mcp_servers", "/mcp_server", "mcp_server"),
    ("mcp_server_triggers", "/mcp_server/trigger", "mcp_server_trigger"),
    ("tools", "/tool", "tool"),
    ("triggers", "/trigger", "workspace_trigger"),
    ("table_triggers", "/table/trigger", "table_trigger"),
    ("api_groups", "/apigroup", "api_group"),
    ("realtime_channels", "/realtime/channel", "realtime_channel"),
    ("realtime_triggers", "/realtime/channel/trigger", "realtime_trigger"),
    ("workflow_tests", "/workflow_test", "workflow_test"),
];

/// A script of one of them.
pub fn script(keyword: &str, name: &str, mark: u32) -> String {
    format!("{keyword} {name} {{\n  label = \"a {{ in a text\"\n  stack {{\n    step = {mark}\n  }}\n}}\n")
}

pub struct World {
    pub emulator: Emulator,
    pub connection: Connection,
}

impl World {
    pub fn new() -> Self {
        let emulator = Emulator::start(EmulatorOptions::default()).expect("an emulator");
        let connection = connect(&emulator, emulator.token(), emulator.instance_url());
        Self { emulator, connection }
    }

    /// A workspace without anything.
    pub async fn empty(&self, name: &str) -> Workspace {
        let instance = Instance::over(self.connection.clone());
        let made = instance.workspaces().create(name).await.expect("a workspace");
        Workspace {
            connection: self.connection.clone(),
            id: made.id,
            branch: None,
        }
    }

    /// A workspace with two of everything, added in this order or the other way round.
    pub async fn filled(&self, name: &str, backwards: bool) -> Workspace {
        let workspace = self.empty(name).await;
        let mut steps = contents();
        if backwards {
            steps.reverse();
            // What the others need still comes first.
            steps.sort_by_key(|step| match step.path.as_str() {
                "/table" => u8::from(step.name() != Some("customer")),
                "/apigroup" => 1,
                _ => 2,
            });
        }
        for step in &steps {
            workspace.apply(step).await;
        }
        workspace
    }

    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.emulator.control(method, path, body);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// The same instance with a token that has these scopes alone.
    pub fn with_scopes(&self, scopes: &Value) -> Connection {
        let (_, users) = self.emulator.control("GET", "/users", &Value::Null);
        let user = users["users"][0]["id"].clone();
        let made = self.control(
            "POST",
            "/tokens",
            &json!({"user": user, "name": "narrow", "scopes": scopes}),
        );
        let token = made["token"].as_str().expect("a token");
        connect(&self.emulator, token, self.emulator.instance_url())
    }
}

pub fn connect(emulator: &Emulator, token: &str, url: &str) -> Connection {
    let options = ClientOptions {
        token: Some(token.into()),
        account_url: Some(emulator.account_url().to_owned()),
        ambient_credentials: false,
        backoff: Duration::from_millis(1),
        rate_limit: RateLimiting::Off,
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("a client");
    client.instance_at(url, None).expect("a connection")
}

/// A call that changes something. A segment of the path such as `:one` is replaced by the id of what is called so in the
/// list before it.
#[derive(Clone, Debug)]
pub struct Step {
    pub method: &'static str,
    pub path: String,
    pub body: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    None,
    Script(String),
    Json(Value),
    /// A script that stays a draft.
    Draft(String),
}

pub fn post(path: impl Into<String>, body: Content) -> Step {
    let (method, path) = ("POST", path.into());
    Step { method, path, body }
}

pub fn put(path: impl Into<String>, body: Content) -> Step {
    let (method, path) = ("PUT", path.into());
    Step { method, path, body }
}

pub fn delete(path: impl Into<String>) -> Step {
    let (method, path, body) = ("DELETE", path.into(), Content::None);
    Step { method, path, body }
}

impl Step {
    fn name(&self) -> Option<&str> {
        match &self.body {
            Content::Json(value) => value["name"].as_str(),
            _ => None,
        }
    }
}

fn contents() -> Vec<Step> {
    let column = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let customer = json!([
        {"name": "id", "type": "int"},
        {"name": "email", "type": "email", "filters": {"trim": true, "lower": true}},
        {"name": "secret", "type": "text", "sensitive": true},
        {"name": "city", "type": "enum", "values": ["Lima", "Osaka"], "nullable": true},
    ]);
    let order = json!([
        {"name": "id", "type": "int"},
        {"name": "customer", "type": "int", "tableref_id": 0},
        {"name": "size", "type": "object", "children": [column("width", "decimal")]},
        {"name": "note", "type": "text"},
    ]);
    let mut steps = vec![
        post(
            "/table",
            Content::Json(json!({"name": "customer", "description": "buys", "schema": customer})),
        ),
        post(
            "/table",
            Content::Json(json!({"name": "order", "schema": order, "tag": ["b", "a"]})),
        ),
        post("/table", Content::Json(json!({"name": "old"}))),
        post(
            "/table/:customer/index/unique",
            Content::Json(json!({"fields": [{"name": "email", "op": "asc"}]})),
        ),
        post(
            "/table/:order/index/search",
            Content::Json(json!({"name": "notes", "lang": "simple", "fields": [{"name": "note", "priority": 1}]})),
        ),
        post("/apigroup", Content::Script(script("api_group", "shop", 1))),
        post(
            "/apigroup/:shop/api",
            Content::Script("query product verb=GET {\n  response = 1\n}\n".to_owned()),
        ),
        post(
            "/apigroup/:shop/api",
            Content::Script("query product verb=POST {\n  response = 2\n}\n".to_owned()),
        ),
        post(
            "/datasource",
            Content::Json(json!({"label": "test", "color": "#00ff00"})),
        ),
        post("/knowledge/sync", knowledge(&[("house", "Be kind.")])),
    ];
    for (_, path, keyword) in LOGIC {
        for name in ["one", "two"] {
            steps.push(post(*path, Content::Script(script(keyword, name, 1))));
        }
    }
    steps
}

pub fn knowledge(items: &[(&str, &str)]) -> Content {
    let item = |(name, content): &(&str, &str)| {
        json!({
            "name": name, "knowledge_type": "doc", "content": content, "description": "", "enabled": true,
            "mode": "auto", "scope": "", "guid": "", "files": [],
        })
    };
    let items: Vec<Value> = items.iter().map(item).collect();
    Content::Json(json!({"items": items, "delete": true, "force": true}))
}

/// A workspace, or a branch of it.
#[derive(Clone)]
pub struct Workspace {
    pub connection: Connection,
    pub id: i64,
    pub branch: Option<String>,
}

impl Workspace {
    pub fn place(&self) -> Place {
        let place = Place::new(self.connection.clone(), self.id);
        match &self.branch {
            Some(label) => place.on_branch(label),
            None => place,
        }
    }

    pub fn on_branch(&self, label: &str) -> Self {
        Self {
            branch: Some(label.to_owned()),
            ..self.clone()
        }
    }

    pub async fn compare(&self, other: &Self) -> Comparison {
        self.compare_with(other, &CompareOptions::default()).await
    }

    pub async fn compare_with(&self, other: &Self, options: &CompareOptions) -> Comparison {
        let comparison = compare::places(&self.place(), &other.place(), options, &Silent).await;
        comparison.expect("a comparison")
    }

    pub async fn get(&self, path: &str) -> Value {
        let mut request = Request::raw("GET", format!("/workspace/{}{path}", self.id)).expect("a request");
        if let Some(branch) = &self.branch {
            request = request.query_value("branch", branch.as_str());
        }
        let reply = self
            .connection
            .call(request.query_value("per_page", 1000))
            .await
            .expect(path);
        reply.json().expect("JSON")
    }

    pub async fn apply(&self, step: &Step) -> Value {
        let mut path = String::new();
        for segment in step.path.split('/').skip(1) {
            let found = match segment.strip_prefix(':') {
                Some(name) => self.id_of(&path, name).await,
                None => segment.to_owned(),
            };
            path = format!("{path}/{found}");
        }
        let mut request = Request::raw(step.method, format!("/workspace/{}{path}", self.id)).expect("a request");
        if let Some(branch) = &self.branch {
            request = request.query_value("branch", branch.as_str());
        }
        let request = match step.body.clone() {
            Content::None => request,
            Content::Script(script) => request.body(Body::Script(script)),
            Content::Draft(script) => request.query_value("publish", false).body(Body::Script(script)),
            Content::Json(mut value) => {
                // A reference is to the table `customer`, whatever its number is here.
                for column in value
                    .get_mut("schema")
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if column["tableref_id"] == 0 {
                        let id: i64 = self.id_of("/table", "customer").await.parse().expect("a number");
                        column["tableref_id"] = id.into();
                    }
                }
                if let Some(branch) = &self.branch {
                    value["branch"] = branch.as_str().into();
                }
                request.body(Body::json(&value).expect("JSON"))
            }
        };
        let reply = self
            .connection
            .call(request)
            .await
            .unwrap_or_else(|error| panic!("{step:?}: {error}"));
        reply.json().expect("JSON")
    }

    async fn id_of(&self, list: &str, name: &str) -> String {
        let answer = self.get(list).await;
        let items = answer["items"].as_array().or(answer.as_array()).expect("a list");
        let called = |item: &&Value| {
            let verb = format!(
                "{} {}",
                item["verb"].as_str().unwrap_or_default(),
                item["name"].as_str().unwrap_or_default()
            );
            verb == name || ["name", "label", "type"].iter().any(|field| item[field] == name)
        };
        let item = items
            .iter()
            .find(called)
            .unwrap_or_else(|| panic!("no {name} in {list}: {answer}"));
        item["id"]
            .as_str()
            .map_or_else(|| item["id"].to_string(), str::to_owned)
    }
}

/// A change in a line, such as `~ functions one [xanoscript]`.
pub fn line(change: &Change) -> String {
    let sign = match change.change {
        Kind::Added => "+",
        Kind::Removed => "-",
        Kind::Changed => "~",
    };
    let fields = if change.fields.is_empty() {
        String::new()
    } else {
        format!(" [{}]", change.fields.join(", "))
    };
    let was = change
        .was
        .as_ref()
        .map_or_else(String::new, |was| format!(" was {was}"));
    format!("{sign} {} {}{fields}{was}", change.family, change.name)
}

pub fn lines(comparison: &Comparison) -> Vec<String> {
    comparison.changes.iter().map(line).collect()
}

/// Fails unless exactly these differences, in whatever order, were found and everything could be read.
pub fn exactly(comparison: &Comparison, expected: &[&str]) {
    assert_eq!(comparison.failures, [], "{}", comparison.text());
    let mut found = lines(comparison);
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{}", comparison.text());
    assert_eq!(comparison.equal, expected.is_empty());
}
