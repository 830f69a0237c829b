//! Restores that are refused, that break off, and that put a table beside the living one.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use xano_fleet::Silent;
use xano_fleet::backup::{self, Kind, RestoreOptions, Safety};
use xano_metadata::Error;
use xano_metadata::records::LoadOptions;

use crate::support::{Listener, TEST, World, compared, fill};

fn confirmed() -> RestoreOptions {
    RestoreOptions {
        confirm: "Main".to_owned(),
        ..RestoreOptions::default()
    }
}

fn only(pairs: &[(&str, &str)]) -> RestoreOptions {
    let own = |(one, other): &(&str, &str)| ((*one).to_owned(), (*other).to_owned());
    RestoreOptions {
        tables: Some(pairs.iter().map(own).collect::<BTreeMap<_, _>>()),
        safety: Safety::None,
        ..confirmed()
    }
}

/// Requests that change something.
fn changes(world: &World) -> usize {
    let asked = |method: &str| {
        let (_, journal) = world
            .emulator
            .control("GET", &format!("/requests?method={method}"), &Value::Null);
        let requests = journal["requests"].as_array().expect("a list").clone();
        let changing = requests.into_iter().filter(|request| {
            let path = request["path"].as_str().unwrap_or_default();
            !path.ends_with("/search") && !path.ends_with("/export")
        });
        changing.count()
    };
    asked("POST") + asked("PUT") + asked("PATCH") + asked("DELETE")
}

#[tokio::test]
async fn nothing_is_touched_without_the_name_or_with_a_bad_backup() {
    for kind in [Kind::Archive, Kind::Logical] {
        let world = World::new();
        let main = world.main();
        fill(&main, 20).await;
        let made = world.backup(&main, kind).await.expect("a backup");
        world.control("DELETE", "/requests", &Value::Null);
        for confirm in ["", "main", "Main ", "1"] {
            let options = RestoreOptions {
                confirm: confirm.to_owned(),
                ..RestoreOptions::default()
            };
            let error = backup::restore(&made.path, &main, &options, &Silent)
                .await
                .expect_err(confirm);
            assert_eq!(error.code(), "refused");
            assert!(error.to_string().contains("\"Main\""), "{error}");
        }
        let mut bytes = std::fs::read(&made.path).expect("bytes");
        let half = bytes.len() / 2;
        bytes[half] ^= 1;
        std::fs::write(&made.path, &bytes).expect("written");
        let error = backup::restore(&made.path, &main, &confirmed(), &Silent)
            .await
            .expect_err("damaged");
        assert_eq!(error.code(), "decode_error");
        assert!(error.to_string().contains("nothing was restored"), "{error}");
        bytes[half] ^= 1;
        std::fs::write(&made.path, &bytes).expect("written");
        std::fs::remove_file(&made.manifest_path).expect("removed");
        let error = backup::restore(&made.path, &main, &confirmed(), &Silent)
            .await
            .expect_err("no manifest");
        assert!(error.to_string().contains("no manifest"), "{error}");
        assert_eq!(changes(&world), 0);
    }
}

#[tokio::test]
async fn without_a_safety_backup_nothing_is_restored() {
    let world = World::new();
    let main = world.main();
    fill(&main, 20).await;
    let made = world.backup(&main, Kind::Archive).await.expect("a backup");
    world.control("DELETE", "/requests", &Value::Null);
    world.spoil_exports(json!({"kind": "cut_body"}));
    let error = backup::restore(&made.path, &main, &confirmed(), &Silent)
        .await
        .expect_err("no safety");
    assert!(error.to_string().contains("nothing was restored"), "{error}");
    assert_eq!(changes(&world), 0);
    let options = RestoreOptions {
        safety: Safety::None,
        ..confirmed()
    };
    backup::restore(&made.path, &main, &options, &Silent)
        .await
        .expect("asked for");
    assert_eq!(world.asked("POST", "/import"), 1);
}

#[tokio::test]
async fn an_archive_takes_every_branch_so_each_is_backed_up_first() {
    let world = World::new();
    let main = world.main();
    fill(&main, 20).await;
    let made = world.backup(&main, Kind::Archive).await.expect("a backup");
    main.workspace()
        .branches()
        .create("next")
        .source_branch("v1")
        .await
        .expect("a branch");
    let host = Listener::default();
    let error = backup::restore(&made.path, &main, &only(&[("goods", "goods 2")]), &host)
        .await
        .expect_err("whole only");
    assert_eq!(error.code(), "config_error");
    let options = RestoreOptions {
        safety: Safety::Folder(world.folder.path.join("safe")),
        ..confirmed()
    };
    let restored = backup::restore(&made.path, &main, &options, &host)
        .await
        .expect("restored");
    assert_eq!(restored.safety.len(), 2);
    assert!(
        restored
            .safety
            .iter()
            .all(|file| file.parent() == Some(&world.folder.path.join("safe")))
    );
    assert!(
        host.warnings().iter().any(|told| told.contains("next")),
        "{:?}",
        host.warnings()
    );
    let found = world.folder.verified().await;
    let branches: Vec<_> = found
        .files
        .iter()
        .filter_map(|file| file.manifest.as_ref()?.branch.clone())
        .collect();
    assert_eq!(
        (found.ok, branches.iter().filter(|label| *label == "next").count()),
        (true, 1)
    );
    let living = main.workspace().branches().list().all().await.expect("branches");
    assert_eq!(living.len(), 1, "{living:?}");
}

#[tokio::test]
async fn one_table_comes_back_beside_the_living_one() {
    let world = World::new();
    let main = world.main();
    fill(&main, 100).await;
    let made = world.backup(&main, Kind::Logical).await.expect("a backup");
    let space = main.workspace();
    space
        .table("goods")
        .records()
        .delete([2, 3], LoadOptions::default())
        .await
        .expect("deleted");
    space
        .table("book")
        .update()
        .description("changed since")
        .await
        .expect("changed");
    let options = only(&[("goods", "goods of before"), ("author", "authors 2")]);
    let restored = backup::restore(&made.path, &main, &options, &Silent)
        .await
        .expect("restored");
    assert!(restored.ok, "{restored:?}");
    assert_eq!((restored.scripts, restored.tables.len()), (None, 2));
    let [author, goods] = [0, 1].map(|place| &restored.tables[place]);
    assert_eq!((author.restored_as.as_str(), author.records["live"]), ("authors 2", 2));
    assert_eq!(
        (goods.restored_as.as_str(), goods.made, goods.failed),
        ("goods of before", true, 0)
    );
    let count = async |name: &str| {
        let rows = space
            .table(name)
            .records()
            .iter::<Value>(xano_metadata::records::ReadOptions::default());
        let rows: Vec<Value> = futures_util::TryStreamExt::try_collect(rows).await.expect("rows");
        rows.len() as u64
    };
    assert_eq!(count("goods of before").await, goods.records["live"]);
    assert_eq!(
        count("goods").await,
        goods.records["live"] - 2,
        "the living one is as it was"
    );
    let book = space.table("book").get().await.expect("a table");
    assert_eq!(book.description.as_deref(), Some("changed since"));
    // References go to the table of that restore, or to the living one.
    let number = async |name: &str| space.table(name).get().await.expect("a table").id;
    let column = async |table: &str, column: &str| space.table(table).column(column).get().await.expect("a column");
    assert_eq!(
        column("goods of before", "author").await.tableref_id,
        Some(number("authors 2").await)
    );
    assert_eq!(
        column("authors 2", "best").await.tableref_id,
        Some(number("book").await)
    );
    // Neither over another table, nor what the backup does not hold.
    for (pairs, code) in [
        ([("goods", "book")], "refused"),
        ([("goods", "authors 2")], "refused"),
        ([("nothing", "new")], "config_error"),
    ] {
        let error = backup::restore(&made.path, &main, &only(&pairs), &Silent)
            .await
            .expect_err("refused");
        assert_eq!(error.code(), code, "{error}");
    }
    // Over itself.
    let restored = backup::restore(&made.path, &main, &only(&[("goods", "goods")]), &Silent)
        .await
        .expect("restored");
    assert!(!restored.tables[0].made);
    assert_eq!(count("goods").await, goods.records["live"]);
}

#[tokio::test]
async fn a_restore_that_breaks_off_says_where_it_stands() {
    let world = World::new();
    let (main, witness) = (world.main(), world.place("Witness"));
    world
        .instance()
        .workspaces()
        .create("Witness")
        .await
        .expect("a workspace");
    for place in [&main, &witness] {
        fill(place, 50).await;
    }
    let made = world.backup(&main, Kind::Logical).await.expect("a backup");
    let tables = main.workspace().tables().list().all().await.expect("tables");
    let number = |name: &str| tables.iter().find(|table| table.name == name).expect(name).id;
    let broken = async |path: String, kind: &str| -> Error {
        world.control("DELETE", "/faults", &Value::Null);
        world.control("POST", "/faults", &json!({"kind": kind, "path": path}));
        let error = backup::restore(&made.path, &main, &confirmed(), &Silent)
            .await
            .expect_err("broken off");
        world.control("DELETE", "/faults", &Value::Null);
        error
    };
    let goods = number("goods");
    for (path, kind, said) in [
        (
            format!("/workspace/1/table/{goods}/content/bulk"),
            "reset",
            "Not whole: goods.",
        ),
        (
            format!("/workspace/1/table/{goods}/truncate"),
            "status",
            "Not whole: goods.",
        ),
        (
            "/workspace/1/multidoc".to_owned(),
            "reset",
            "Records that are all restored",
        ),
    ] {
        let error = broken(path.clone(), kind).await;
        let text = error.to_string();
        assert!(text.contains(said), "{path}: {text}");
        let kept = text
            .split("is in ")
            .nth(1)
            .expect("where the safety backup is")
            .split(".tar.gz")
            .next();
        let kept = format!("{}.tar.gz", kept.expect("a file"));
        assert!(std::path::Path::new(&kept).exists(), "{text}");
    }
    // What was there before can be had back from the safety backup; here it is simply done again.
    let restored = backup::restore(&made.path, &main, &confirmed(), &Silent)
        .await
        .expect("restored");
    assert!(restored.ok, "{restored:?}");
    let after = compared(&main, &witness).await;
    assert!(after.equal, "{}", after.text());
    assert!(world.folder.verified().await.ok);

    let archive = world.backup(&main, Kind::Archive).await.expect("a backup");
    world.control(
        "POST",
        "/faults",
        &json!({"kind": "reset_after", "path": "/workspace/*/import"}),
    );
    let error = backup::restore(&archive.path, &main, &confirmed(), &Silent)
        .await
        .expect_err("no answer");
    let text = error.to_string();
    assert!(
        error.outcome_unknown() && text.contains("is not known") && text.contains(".tar.gz"),
        "{text}"
    );
}

#[tokio::test]
async fn rows_and_scripts_that_are_refused_are_told() {
    let world = World::new();
    let main = world.main();
    fill(&main, 30).await;
    let made = world.backup(&main, Kind::Logical).await.expect("a backup");
    world
        .instance()
        .workspaces()
        .create("Other")
        .await
        .expect("a workspace");
    let other = world.place("Other");
    let preferences = json!({"allow_push": false});
    let preferences = serde_json::from_value(preferences).expect("preferences");
    other
        .workspace()
        .update()
        .preferences(&preferences)
        .await
        .expect("changed");
    let options = RestoreOptions {
        confirm: "Other".to_owned(),
        ..RestoreOptions::default()
    };
    let restored = backup::restore(&made.path, &other, &options, &Silent)
        .await
        .expect("restored");
    assert_eq!((restored.ok, restored.scripts), (false, Some(false)));
    assert!(
        restored
            .not_restored
            .iter()
            .any(|told| told.contains("Push is disabled")),
        "{:?}",
        restored.not_restored
    );
    assert_eq!(restored.tables.iter().map(|table| table.failed).sum::<u64>(), 0);
    let sources = other
        .workspace()
        .data_sources()
        .list()
        .all()
        .await
        .expect("data sources");
    assert!(sources.iter().any(|source| source.label == TEST));
}
