//! A comparison as text and as HTML, when names and scripts mean harm, and as the faces get it.

use serde_json::json;
use xano_fleet::compare::{CompareOptions, Family};
use xano_fleet::{Context, Step, Task};

use super::support::{Content, World, exactly, post, script};

#[tokio::test]
async fn hostile_names_and_scripts_stay_text() {
    let world = World::new();
    let (left, right) = (
        world.empty("<script>alert(1)</script>").await,
        world.empty("Right").await,
    );
    let evil =
        "function \"<img src=x onerror=alert(1)>\u{1b}[2J\" {\n  docs = \"</pre><script>'\u{202e}&amp;\u{7}\"\n}\n";
    right.apply(&post("/function", Content::Script(evil.to_owned()))).await;
    let found = left.compare(&right).await;
    assert_eq!(found.changes.len(), 1);
    let html = found.html();
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{html}");
    assert!(html.contains("&lt;/pre&gt;&lt;script&gt;&#39;"), "{html}");
    assert!(html.contains("&amp;amp;"), "{html}");
    for rendered in [html, found.text()] {
        let harmful = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
        assert!(!rendered.contains(harmful), "{rendered:?}");
        assert!(!rendered.contains('\u{202e}'), "{rendered:?}");
        assert!(rendered.contains("\\u{1b}[2J"), "{rendered}");
    }
}

#[tokio::test]
async fn long_diffs_are_cut_and_say_so() {
    let world = World::new();
    let (left, right) = (world.empty("Left").await, world.empty("Right").await);
    let lines: Vec<String> = (0..500).map(|line| format!("  line_{line} = {line}\n")).collect();
    let long = lines.concat();
    let wide = "x".repeat(100_000);
    let text = format!("function long {{\n{long}  wide = \"{wide}\"\n}}\n");
    left.apply(&post("/function", Content::Script(script("function", "long", 1))))
        .await;
    right.apply(&post("/function", Content::Script(text.clone()))).await;
    let options = CompareOptions {
        diff_lines: 50,
        ..CompareOptions::default()
    };
    let found = left.compare_with(&right, &options).await;
    exactly(&found, &["~ functions long [xanoscript]"]);
    let diff = &found.changes[0].diff;
    assert_eq!(diff.lines().count(), 51);
    assert!(diff.lines().last().expect("a line").ends_with("more lines"), "{diff}");
    let found = left
        .compare_with(
            &right,
            &CompareOptions {
                diff_lines: 1000,
                ..options
            },
        )
        .await;
    assert!(found.changes[0].diff.len() < 20_000, "the wide line is cut too");
    assert!(found.changes[0].diff.contains("+  line_499 = 499"));
}

#[tokio::test]
async fn a_diff_shows_what_changed_and_a_little_around_it() {
    let world = World::new();
    let (left, right) = (world.empty("Left").await, world.empty("Right").await);
    left.apply(&post("/tool", Content::Script(script("tool", "one", 1))))
        .await;
    right
        .apply(&post("/tool", Content::Script(script("tool", "one", 2))))
        .await;
    let found = left.compare(&right).await;
    let expected = "@@ -1,6 +1,6 @@\n tool one {\n   label = \"a { in a text\"\n   stack {\n-    step = 1\n+    step = 2\n   }\n }\n";
    assert_eq!(found.changes[0].diff, expected);
    let text = found.text();
    assert!(
        text.contains("\n~ tool one  [xanoscript]\n    @@ -1,6 +1,6 @@\n"),
        "{text}"
    );
    assert!(text.starts_with("Left ("), "{text}");
    assert!(text.contains("1 difference: 1 changed."), "{text}");
    let (one, two) = (&left.place().connection, right.place());
    assert_eq!(one.base_url(), two.connection.base_url());
}

#[tokio::test]
async fn the_tasks_take_json_and_give_json() {
    let world = World::new();
    let (left, right) = (world.empty("Left").await, world.empty("Right").await);
    right
        .apply(&post("/tool", Content::Script(script("tool", "one", 2))))
        .await;
    let context = || Context {
        connections: vec![world.connection.clone()],
        ..Context::default()
    };
    let run = |name: &'static str, arguments| async move {
        let task = Task::start(name, arguments, context()).expect("a task");
        let mut progress = 0;
        loop {
            match task.next().await {
                Ok(Step::Done { result, .. }) => {
                    assert!(progress > 0 || name == "compare.instances");
                    return Ok(result);
                }
                Ok(_) => progress += 1,
                Err(error) => return Err(error),
            }
        }
    };
    let places = json!({
        "left": {"at": 0, "workspace": left.id}, "right": {"at": 0, "workspace": "Right", "branch": "v1"},
        "records": "counts", "families": ["tools", "tables"],
    });
    let found = run("compare.places", places).await.expect("a result");
    assert_eq!(found["equal"], false);
    assert_eq!(found["changes"][0]["family"], "tools");
    assert_eq!(found["changes"][0]["change"], "added");
    assert_eq!(found["compared"]["tools"], json!({"left": 0, "right": 1}));
    assert!(found["text"].as_str().expect("text").contains("+ tool one"), "{found}");
    assert!(found["html"].as_str().expect("HTML").starts_with("<div"), "{found}");
    assert_eq!(found["right"]["branch"], "v1");
    let same = run("compare.instances", json!({"left": 0, "right": 0}))
        .await
        .expect("a result");
    assert_eq!(same["equal"], true, "{same}");
    for (arguments, said) in [
        (json!({"left": 0}), "missing field `right`"),
        (json!({"left": 0, "right": 5}), "no connection 5"),
        (
            json!({"left": 0, "right": 0, "recrods": "counts"}),
            "unknown field `recrods`",
        ),
        (json!({"left": 0, "right": 0, "records": "all"}), "compare.instances: "),
        (
            json!({"left": 0, "right": 0, "families": ["tolls"]}),
            "unknown variant `tolls`",
        ),
    ] {
        let error = run("compare.instances", arguments).await.expect_err(said);
        assert!(error.message().contains(said), "{error}");
    }
    let _ = Family::usual();
}
