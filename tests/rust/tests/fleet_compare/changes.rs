//! Every kind of change is found exactly once, and nothing else; the same change on the other side ends it.

use serde_json::json;
use xano_fleet::compare::{CompareOptions, Family};

use super::support::{Content, LOGIC, Step, World, delete, exactly, knowledge, post, put, script};

/// Steps that are taken together, with the lines that they are found by.
type Round = (Vec<Step>, Vec<String>);

/// The same kind of change in every family of logic at once.
fn logic_rounds() -> Vec<Round> {
    let everywhere = |step: &dyn Fn(&str, &str) -> Step, line: &dyn Fn(&str) -> Option<String>| {
        let steps = LOGIC.iter().filter(|(family, ..)| line(family).is_some());
        (
            steps.map(|(_, path, keyword)| step(path, keyword)).collect(),
            LOGIC
                .iter()
                .filter_map(|(family, ..)| line(family))
                .filter(|line| !line.is_empty())
                .collect(),
        )
    };
    let of = |keyword: &str, name: &str, mark| Content::Script(script(keyword, name, mark));
    let described = |keyword: &str| {
        let text = script(keyword, "one", 2);
        Content::Script(text.replace("label =", "description = \"said\"\n  label ="))
    };
    // These have neither drafts nor an identifier to set.
    let has_both = |family: &str| !["realtime_channels", "api_groups", "agents", "mcp_servers"].contains(&family);
    let silent = |family: &str| has_both(family).then(String::new);
    vec![
        everywhere(&|path, keyword| post(path, of(keyword, "three", 1)), &|family| {
            Some(format!("+ {family} three"))
        }),
        everywhere(
            &|path, keyword| put(format!("{path}/:one"), of(keyword, "one", 2)),
            &|family| Some(format!("~ {family} one [xanoscript]")),
        ),
        everywhere(&|path, _| delete(format!("{path}/:two")), &|family| {
            Some(format!("- {family} two"))
        }),
        everywhere(
            &|path, keyword| put(format!("{path}/:one"), described(keyword)),
            &|family| {
                let fields = if family == "realtime_channels" {
                    "xanoscript"
                } else {
                    "description, xanoscript"
                };
                Some(format!("~ {family} one [{fields}]"))
            },
        ),
        everywhere(
            &|path, keyword| put(format!("{path}/:one"), Content::Draft(script(keyword, "one", 9))),
            &silent,
        ),
        everywhere(
            &|path, keyword| {
                let guid = json!({"guid": format!("{keyword}-guid")});
                put(format!("{path}/:one/security"), Content::Json(guid))
            },
            &silent,
        ),
    ]
}

fn case(step: Step, expected: &str) -> Round {
    (vec![step], vec![expected.to_owned()])
}

/// Changes that only one family knows.
#[expect(clippy::too_many_lines, reason = "a table of changes, one after the other")]
fn other_rounds() -> Vec<Round> {
    let json = |value| Content::Json(value);
    let script = |text: &str| Content::Script(text.to_owned());
    let customer = json!([
        {"name": "city", "type": "enum", "values": ["Osaka", "Lima", "Lagos"], "nullable": true},
        {"name": "secret", "type": "text", "sensitive": true},
        {"name": "email", "type": "email", "filters": {"trim": true, "lower": true}},
    ]);
    let customer: Vec<_> = [json!({"name": "id", "type": "int"})]
        .into_iter()
        .chain(customer.as_array().expect("a list").iter().cloned())
        .collect();
    vec![
        // Tables, columns, indexes.
        case(post("/table", json(json!({"name": "new"}))), "+ tables new"),
        case(delete("/table/:old"), "- tables old"),
        case(
            put("/table/:order", json(json!({"description": "sold"}))),
            "~ tables order [description]",
        ),
        case(
            put("/table/:order", json(json!({"auth": true}))),
            "~ tables order [auth]",
        ),
        case(
            post("/table/:order/schema/type/text", json(json!({"name": "sku"}))),
            "+ columns order.sku",
        ),
        case(delete("/table/:order/schema/sku"), "- columns order.sku"),
        case(
            put("/table/:customer", json(json!({"schema": customer}))),
            "~ columns customer.city [values]",
        ),
        case(
            post(
                "/table/:order/index/btree",
                json(json!({"fields": [{"name": "customer", "op": "asc"}]})),
            ),
            "+ indexes order: btree(customer asc)",
        ),
        case(
            delete("/table/:order/index/:btree"),
            "- indexes order: btree(customer asc)",
        ),
        // Groups and endpoints.
        case(
            post(
                "/apigroup/:shop/api",
                script("query product verb=PUT {\n  response = 3\n}"),
            ),
            "+ endpoints PUT shop/product",
        ),
        case(
            put(
                "/apigroup/:shop/api/:GET product",
                script("query product verb=GET {\n  response = 4\n}"),
            ),
            "~ endpoints GET shop/product [xanoscript]",
        ),
        case(
            put(
                "/apigroup/:shop/api/:GET product",
                json(json!({"name": "product", "description": "", "verb": "GET", "cache": {"active": true}})),
            ),
            "~ endpoints GET shop/product [cache, xanoscript]",
        ),
        case(
            delete("/apigroup/:shop/api/:GET product"),
            "- endpoints GET shop/product",
        ),
        (
            vec![put(
                "/apigroup/:shop/security",
                json(json!({"guid": "another", "canonical": "elsewhere"})),
            )],
            Vec::new(),
        ),
        (
            vec![delete("/apigroup/:shop")],
            vec![
                "- api_groups shop".to_owned(),
                "- endpoints POST shop/product".to_owned(),
                "- endpoints PUT shop/product".to_owned(),
            ],
        ),
        // Data sources and knowledge.
        case(
            post("/datasource", json(json!({"label": "more"}))),
            "+ data_sources more",
        ),
        case(
            put("/datasource/test", json(json!({"color": "#0000ff"}))),
            "~ data_sources test [color]",
        ),
        case(delete("/datasource/test"), "- data_sources test"),
        case(
            post("/knowledge/sync", knowledge(&[("house", "Be kind.\nAnd patient.")])),
            "~ knowledge house [content]",
        ),
        case(
            post(
                "/knowledge/sync",
                knowledge(&[("house", "Be kind.\nAnd patient."), ("garden", "Water it.")]),
            ),
            "+ knowledge garden",
        ),
        case(
            post("/knowledge/sync", knowledge(&[("garden", "Water it.")])),
            "- knowledge house",
        ),
    ]
}

#[tokio::test]
async fn every_change_is_found_once_and_nothing_else_is() {
    let world = World::new();
    // Numbers differ from those of the other workspace.
    let left = world.filled("Left", false).await;
    let right = world.filled("Right", true).await;
    exactly(&left.compare(&right).await, &[]);
    for (steps, mut expected) in logic_rounds().into_iter().chain(other_rounds()) {
        for step in &steps {
            right.apply(step).await;
        }
        expected.sort();
        let found = left.compare(&right).await;
        exactly(&found, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        for step in &steps {
            left.apply(step).await;
        }
        exactly(&left.compare(&right).await, &[]);
    }
    // The other way round, what was added is what the other side lacks.
    right
        .apply(&post("/task", Content::Script(script("task", "four", 1))))
        .await;
    right.apply(&delete("/tool/:three")).await;
    exactly(&left.compare(&right).await, &["+ tasks four", "- tools three"]);
    exactly(&right.compare(&left).await, &["+ tools three", "- tasks four"]);
}

#[tokio::test]
async fn policies_are_compared_when_asked_for() {
    let world = World::new();
    let (left, right) = (world.empty("Left").await, world.empty("Right").await);
    let policy = json!({"data": {"key": "auth", "title": "Authentication", "statement": "Endpoints ask for it."}});
    right.apply(&post("/policy", Content::Json(policy))).await;
    exactly(&left.compare(&right).await, &[]);
    let options = CompareOptions {
        families: Some(vec![Family::Policies]),
        ..CompareOptions::default()
    };
    exactly(&left.compare_with(&right, &options).await, &["+ policies auth"]);
}

#[tokio::test]
async fn a_table_that_came_is_told_with_its_columns() {
    let world = World::new();
    let (left, right) = (world.empty("Left").await, world.filled("Right", false).await);
    let options = CompareOptions {
        families: Some(vec![Family::Tables, Family::Columns, Family::Indexes]),
        ..CompareOptions::default()
    };
    let found = left.compare_with(&right, &options).await;
    exactly(&found, &["+ tables customer", "+ tables old", "+ tables order"]);
    let diff = &found.changes[2].diff;
    for line in [
        r#"+tag: ["a","b"]"#,
        r#""name":"customer","nullable":false,"required":false,"sensitive":false,"style":"single","tableref_id":"customer""#,
        r#"+index {"fields":[{"name":"note","priority":1}],"lang":"simple","name":"notes","type":"search"}"#,
    ] {
        assert!(diff.contains(line), "{line} is not in\n{diff}");
    }
}
