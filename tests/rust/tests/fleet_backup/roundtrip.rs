//! Backup, wipe, restore: a comparison with a witness says equal, for archives and for logical backups.

use serde_json::json;
use xano_fleet::Silent;
use xano_fleet::backup::{self, Kind, RestoreOptions, Restored, Safety};
use xano_fleet::compare::{Comparison, Family};
use xano_metadata::records::LoadOptions;

use crate::support::{Listener, TEST, World, compared, fill, wipe};

/// Enough for several batches and pages.
const MANY: u32 = 10_000;

/// Makes a workspace and its like, backs it up, wipes it, and restores it.
async fn round_trip(kind: Kind, rows: u32) -> (Restored, Comparison) {
    let world = World::new();
    let (main, witness) = (world.main(), world.place("Witness"));
    world
        .instance()
        .workspaces()
        .create("Witness")
        .await
        .expect("a workspace");
    fill(&main, rows).await;
    if kind == Kind::Auto {
        world.refuse_exports();
    }
    // The like is made by the same steps, not by what is tested.
    fill(&witness, rows).await;
    let before = compared(&main, &witness).await;
    assert!(before.equal, "{}", before.text());
    let made = world.backup(&main, kind).await.expect("a backup");
    wipe(&main).await;
    let wiped = compared(&main, &witness).await;
    assert!(wiped.changes.len() > 10, "{}", wiped.text());
    let options = RestoreOptions {
        confirm: "Main".to_owned(),
        ..RestoreOptions::default()
    };
    let host = Listener::default();
    let restored = backup::restore(&made.path, &main, &options, &host)
        .await
        .expect("restored");
    let found = world.folder.verified().await;
    assert_eq!((found.ok, found.good), (true, 2), "the backup, and the safety backup");
    assert!(restored.safety[0].exists());
    let after = compared(&main, &witness).await;
    assert!(after.equal, "{}", after.text());
    (restored, after)
}

#[tokio::test]
async fn an_archive_restores_everything() {
    let (restored, comparison) = round_trip(Kind::Archive, MANY).await;
    assert!(restored.ok && restored.tables.len() == 6, "{restored:?}");
    assert!(comparison.compared[&Family::Records].left >= u64::from(MANY * 9 / 10));
}

#[tokio::test]
async fn a_logical_backup_restores_everything() {
    let (restored, comparison) = round_trip(Kind::Auto, MANY).await;
    assert!(restored.ok, "{restored:?}");
    assert_eq!(restored.kind, Kind::Logical);
    let table = |name: &str| restored.tables.iter().find(|table| table.name == name).expect(name);
    assert_eq!(table("goods").records["live"], u64::from(MANY - (MANY / 3).div_ceil(7)));
    assert_eq!((table("book").records["live"], table("book").records[TEST]), (0, 1));
    assert!(restored.tables.iter().all(|table| table.made && table.failed == 0));
    assert_eq!(restored.scripts, Some(true));
    assert!(
        restored.not_restored.iter().any(|told| told.contains("user.pw")),
        "{:?}",
        restored.not_restored
    );
    assert!(comparison.compared[&Family::Records].left >= u64::from(MANY * 9 / 10));
}

#[tokio::test]
async fn a_logical_backup_goes_over_what_is_there() {
    let world = World::new();
    let (main, witness) = (world.main(), world.place("Witness"));
    world
        .instance()
        .workspaces()
        .create("Witness")
        .await
        .expect("a workspace");
    for place in [&main, &witness] {
        fill(place, 200).await;
    }
    let made = world.backup(&main, Kind::Logical).await.expect("a backup");
    // Records, columns, indexes, descriptions and logic change; ids stay.
    let space = main.workspace();
    let goods = space.table("goods");
    let number = goods.get().await.expect("a table").id;
    let rows = [json!({"sku": "new", "tags": []})];
    goods
        .records()
        .insert(rows, LoadOptions::default())
        .await
        .expect("added");
    goods
        .records()
        .delete([2, 3, 4], LoadOptions::default())
        .await
        .expect("deleted");
    goods.column("note").delete().await.expect("deleted");
    for index in goods.indexes().list().all().await.expect("indexes") {
        if index.type_ != "primary" {
            goods.index(index.id.expect("an id")).delete().await.expect("deleted");
        }
    }
    goods.update().description("changed").await.expect("changed");
    space.table("thing").delete().await.expect("deleted");
    space.tables().create().name("extra").await.expect("a table");
    space.function("one").delete().await.expect("deleted");
    assert!(!compared(&main, &witness).await.equal);
    let options = RestoreOptions {
        confirm: "Main".to_owned(),
        safety: Safety::None,
        ..RestoreOptions::default()
    };
    let restored = backup::restore(&made.path, &main, &options, &Silent)
        .await
        .expect("restored");
    assert!(restored.ok && restored.safety.is_empty(), "{restored:?}");
    assert_eq!(restored.left_alone, ["extra"]);
    assert_eq!(space.table("goods").get().await.expect("a table").id, number);
    space.table("extra").delete().await.expect("deleted");
    let after = compared(&main, &witness).await;
    assert!(after.equal, "{}", after.text());
}

#[tokio::test]
async fn an_encrypted_backup_restores_with_its_password_only() {
    for kind in [Kind::Archive, Kind::Logical] {
        let world = World::new();
        let (main, witness) = (world.main(), world.place("Witness"));
        world
            .instance()
            .workspaces()
            .create("Witness")
            .await
            .expect("a workspace");
        for place in [&main, &witness] {
            fill(place, 30).await;
        }
        let mut options = world.options(kind);
        options.password = Some("pass word".to_owned());
        let made = backup::create(&main, &options, &Silent).await.expect("a backup");
        wipe(&main).await;
        let with = |password: Option<&str>| RestoreOptions {
            confirm: "Main".to_owned(),
            safety: Safety::None,
            password: password.map(str::to_owned),
            ..RestoreOptions::default()
        };
        let error = backup::restore(&made.path, &main, &with(None), &Silent)
            .await
            .expect_err("no password");
        assert_eq!(error.code(), "config_error", "{error}");
        backup::restore(&made.path, &main, &with(Some("other")), &Silent)
            .await
            .expect_err("a wrong password");
        backup::restore(&made.path, &main, &with(Some("pass word")), &Silent)
            .await
            .expect("restored");
        let after = compared(&main, &witness).await;
        assert!(after.equal, "{kind:?}: {}", after.text());
    }
}
