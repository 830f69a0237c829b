//! Whatever goes wrong with a backup, on its way or on the disk, it never looks good.

use std::path::Path;

use serde_json::{Value, json};
use xano_fleet::Silent;
use xano_fleet::backup::{self, BackupOptions, Checked, Kind, State, Trouble};

use crate::support::{Listener, World, fill};

#[tokio::test]
async fn a_good_archive_has_a_manifest_and_is_found_good() {
    let world = World::new();
    fill(&world.main(), 50).await;
    let host = Listener::default();
    let made = backup::create(&world.main(), &world.options(Kind::Auto), &host)
        .await
        .expect("a backup");
    let manifest = &made.manifest;
    assert_eq!(
        (manifest.kind, manifest.encrypted, manifest.checked),
        (Kind::Archive, false, Checked::Contents)
    );
    assert_eq!((manifest.workspace.id, manifest.workspace.name.as_str()), (1, "Main"));
    assert_eq!(manifest.branch.as_deref(), Some("v1"));
    assert_eq!(manifest.size, std::fs::metadata(&made.path).expect("a file").len());
    assert_eq!(host.done("bytes"), Some(manifest.size));
    assert!(host.warnings().is_empty());
    assert_eq!(world.folder.names().len(), 2);
    let found = world.folder.only().await;
    assert_eq!(
        (found.state, found.trouble, found.path),
        (State::Good, None, made.path.clone())
    );
    assert_eq!(found.manifest.as_ref(), Some(manifest));
    #[cfg(unix)]
    for path in [&made.path, &made.manifest_path] {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = std::fs::metadata(path).expect("a file").permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
    }
}

#[tokio::test]
async fn an_archive_that_is_cut_on_its_way_leaves_nothing() {
    let world = World::new();
    fill(&world.main(), 50).await;
    let whole = world.backup(&world.main(), Kind::Archive).await.expect("a backup");
    let length = whole.manifest.size;
    std::fs::remove_file(&whole.path).expect("removed");
    std::fs::remove_file(&whole.manifest_path).expect("removed");
    for tenth in 0..10 {
        for kind in ["cut_body", "reset_mid_body"] {
            world.spoil_exports(json!({"kind": kind, "bytes": length * tenth / 10}));
            let error = world.backup(&world.main(), Kind::Auto).await.expect_err("cut");
            assert!(error.to_string().contains("No backup was made"), "{error}");
            assert_eq!(world.folder.names(), [""; 0], "{kind} at {tenth} tenths");
        }
    }
    // As something on the way does it that makes a whole answer of a cut one: only the file itself can tell.
    for tenth in 0..10 {
        world.spoil_exports(json!({"kind": "wrong_length", "length": length * tenth / 10}));
        let error = world.backup(&world.main(), Kind::Auto).await.expect_err("cut");
        assert_eq!(error.code(), "decode_error", "{tenth}: {error}");
        assert_eq!(world.folder.names(), [""; 0], "{tenth} tenths");
    }
    assert!(
        !world.folder.verified().await.ok,
        "where there is no backup, nothing is well"
    );
}

#[tokio::test]
async fn what_is_no_archive_leaves_nothing() {
    let world = World::new();
    fill(&world.main(), 5).await;
    let sealed = "xano-emulator-sealed-1\nabcdefghijklmnop and what nobody can read";
    for (fault, said) in [
        (
            json!({"kind": "reply", "body": {"code": "ERROR_FATAL", "message": "Too busy.", "payload": ""}}),
            "Too busy",
        ),
        (json!({"kind": "reply", "body": {"anything": 1}}), "JSON"),
        (json!({"kind": "reply", "body": "[]"}), "JSON"),
        (json!({"kind": "reply", "body": ""}), "empty"),
        (json!({"kind": "html", "status": 200}), "web page"),
        (json!({"kind": "html", "status": 502}), "502"),
        (json!({"kind": "reply", "body": sealed}), "encrypted"),
        (json!({"kind": "reset"}), "No backup was made"),
    ] {
        world.spoil_exports(fault.clone());
        let error = world.backup(&world.main(), Kind::Auto).await.expect_err("no archive");
        assert!(error.to_string().contains(said), "{fault}: {error}");
        assert_eq!(world.folder.names(), [""; 0], "{fault}");
    }
    // Asked for with a password and sent in the clear.
    let plain = BackupOptions {
        password: Some("open sesame".to_owned()),
        ..world.options(Kind::Archive)
    };
    world.control("DELETE", "/faults", &Value::Null);
    let made = backup::create(&world.main(), &plain, &Silent).await.expect("a backup");
    assert!(made.manifest.encrypted);
    assert_eq!(made.manifest.checked, Checked::Size);
    let found = world.folder.only().await;
    assert_eq!(found.state, State::Encrypted);
    assert!(found.reason.expect("a reason").contains("only its size and its hash"));
}

#[tokio::test]
async fn an_archive_that_came_broken_is_asked_for_again() {
    let world = World::new();
    fill(&world.main(), 20).await;
    world.spoil_exports(json!({"kind": "cut_body", "times": 2}));
    let options = BackupOptions {
        retries: 2,
        ..world.options(Kind::Archive)
    };
    let host = Listener::default();
    backup::create(&world.main(), &options, &host)
        .await
        .expect("the third is whole");
    assert_eq!(host.warnings().len(), 2, "{:?}", host.warnings());
    assert_eq!(world.folder.only().await.state, State::Good);
    assert_eq!(world.asked("POST", "/export"), 3);
}

#[tokio::test]
async fn a_free_plan_gets_a_logical_backup_and_is_told() {
    let world = World::new();
    fill(&world.main(), 20).await;
    for refusal in [
        json!({"kind": "status", "status": 500, "body": {"code": "ERROR_FATAL", "message": "Access Denied.", "payload": ""}}),
        json!({"kind": "status", "status": 403}),
        json!({"kind": "reply", "body": {"code": "ERROR_CODE_ACCESS_DENIED", "message": "Upgrade.", "payload": ""}}),
    ] {
        world.spoil_exports(refusal.clone());
        let host = Listener::default();
        let made = backup::create(&world.main(), &world.options(Kind::Auto), &host)
            .await
            .expect("a backup");
        assert_eq!(made.manifest.kind, Kind::Logical, "{refusal}");
        assert!(
            made.manifest.warnings[0].contains("exports no archive"),
            "{:?}",
            made.manifest.warnings
        );
        assert!(
            made.manifest.warnings.iter().any(|told| told.contains("user.pw")),
            "{:?}",
            made.manifest.warnings
        );
        assert_eq!(host.warnings().len(), 1);
        assert_eq!(host.done("rows"), made.manifest.records());
        let error = world
            .backup(&world.main(), Kind::Archive)
            .await
            .expect_err("asked for an archive");
        assert_ne!(error.code(), "decode_error", "{error}");
    }
    // A token that is not valid is no reason for another way.
    world.spoil_exports(json!({"kind": "token_expired"}));
    let error = world.backup(&world.main(), Kind::Auto).await.expect_err("no token");
    assert_eq!(error.status(), Some(401));
    assert!(world.folder.verified().await.ok);
    assert_eq!(world.folder.names().len(), 6);
}

#[tokio::test]
async fn a_logical_backup_that_breaks_off_leaves_nothing() {
    let world = World::new();
    fill(&world.main(), 30).await;
    for path in [
        "/workspace/*/table/*/schema",
        "/workspace/*/table/*/content/search",
        "/workspace/*/multidoc",
    ] {
        world.control("DELETE", "/faults", &Value::Null);
        // Not the first, so that something is on the disk already.
        world.control(
            "POST",
            "/faults",
            &json!({"kind": "status", "status": 500, "path": path, "after": if path.ends_with('c') { 0 } else { 2 }}),
        );
        world.backup(&world.main(), Kind::Logical).await.expect_err(path);
        assert_eq!(world.folder.names(), [""; 0], "{path}");
    }
    // Given up in the middle.
    world.control("DELETE", "/faults", &Value::Null);
    world.control(
        "POST",
        "/faults",
        &json!({"kind": "hang", "path": "/workspace/*/table/*/content/search", "after": 2}),
    );
    let (place, options) = (world.main(), world.options(Kind::Logical));
    let making = tokio::spawn(async move { backup::create(&place, &options, &Silent).await });
    while world.folder.names().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    making.abort();
    assert!(making.await.expect_err("given up").is_cancelled());
    let patience = std::time::Instant::now();
    while !world.folder.names().is_empty() && patience.elapsed().as_secs() < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(world.folder.names(), [""; 0]);
}

/// What a verification says of a file after its bytes were changed.
async fn after(world: &World, file: &Path, change: impl Fn(&mut Vec<u8>)) -> (State, Option<Trouble>) {
    let bytes = std::fs::read(file).expect("bytes");
    let mut changed = bytes.clone();
    change(&mut changed);
    std::fs::write(file, &changed).expect("written");
    let found = world.folder.only().await;
    assert!(found.trouble.is_none() || found.reason.is_some());
    std::fs::write(file, &bytes).expect("written");
    (found.state, found.trouble)
}

#[tokio::test]
async fn a_file_that_is_damaged_later_is_named_with_its_trouble() {
    for kind in [Kind::Archive, Kind::Logical] {
        let world = World::new();
        fill(&world.main(), 40).await;
        let made = world.backup(&world.main(), kind).await.expect("a backup");
        let bytes = std::fs::read(&made.path).expect("bytes");
        let bad = |trouble| (State::Bad, Some(trouble));
        for tenth in 0..10 {
            let length = bytes.len() * tenth / 10;
            let found = after(&world, &made.path, |bytes| bytes.truncate(length)).await;
            let expected = if tenth == 0 {
                Trouble::NotAnArchive
            } else {
                Trouble::Truncated
            };
            assert_eq!(found, bad(expected), "{tenth} tenths");
        }
        for place in (0..bytes.len()).step_by(bytes.len() / 40) {
            let found = after(&world, &made.path, |bytes| bytes[place] ^= 1).await;
            assert_eq!(found, bad(Trouble::Changed), "byte {place}");
        }
        let refusal = br#"{"code":"ERROR_FATAL","message":"Access Denied."}"#;
        assert_eq!(
            after(&world, &made.path, |bytes| *bytes = refusal.to_vec()).await,
            bad(Trouble::NotAnArchive)
        );
        let sealed = b"\x00\x9fwho knows";
        assert_eq!(
            after(&world, &made.path, |bytes| *bytes = sealed.to_vec()).await,
            bad(Trouble::Encrypted)
        );
        assert_eq!(
            after(&world, &made.path, |bytes| bytes.push(0)).await,
            bad(Trouble::Changed)
        );
        for place in (0..40).chain([200, 300]) {
            let found = after(&world, &made.manifest_path, |bytes| bytes[place] ^= 1).await;
            assert_eq!(found, bad(Trouble::ManifestDamaged), "byte {place} of the manifest");
        }
        assert_eq!(
            after(&world, &made.manifest_path, |bytes| bytes.truncate(90)).await,
            bad(Trouble::ManifestDamaged)
        );
        assert_eq!(world.folder.only().await.state, State::Good, "all was put back");
        let manifest = std::fs::read(&made.manifest_path).expect("bytes");
        std::fs::remove_file(&made.manifest_path).expect("removed");
        let alone = world.folder.only().await;
        assert_eq!((alone.state, alone.trouble), bad(Trouble::ManifestMissing));
        std::fs::write(&made.manifest_path, manifest).expect("written");
        std::fs::remove_file(&made.path).expect("removed");
        let lonely = world.folder.only().await;
        assert_eq!((lonely.state, lonely.trouble), bad(Trouble::FileMissing));
    }
}

#[tokio::test]
async fn strangers_are_named_and_left_alone() {
    let world = World::new();
    world.backup(&world.main(), Kind::Auto).await.expect("a backup");
    let folder = world.folder.path.join("deep/er");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::create_dir_all(world.folder.path.join("x.tar.gz.0123.part")).expect("a folder");
    for name in ["notes.txt", "deep/er/settings.json", "deep/y.tar.gz.00ff.part"] {
        std::fs::write(world.folder.path.join(name), b"{}").expect("written");
    }
    let other = world.folder.path.join("deep/backup.tar.gz");
    std::fs::write(&other, b"whatever").expect("written");
    let found = world.folder.verified().await;
    assert_eq!(
        (found.ok, found.good, found.bad, found.stray),
        (false, 1, 1, 4),
        "{:?}",
        found.files
    );
    std::fs::remove_file(other).expect("removed");
    let found = world.folder.verified().await;
    assert_eq!(
        (found.ok, found.bad, found.stray),
        (true, 0, 4),
        "what is no backup does no harm"
    );
    assert_eq!(world.folder.names().len(), 8);
    let error = backup::verify(&world.folder.path.join("none"), None, &Silent)
        .await
        .expect_err("nothing there");
    assert_eq!(error.code(), "config_error");
}

#[tokio::test]
async fn an_encrypted_logical_backup_is_looked_into_with_its_password() {
    let world = World::new();
    fill(&world.main(), 20).await;
    let options = BackupOptions {
        password: Some("öffne dich".to_owned()),
        ..world.options(Kind::Logical)
    };
    let made = backup::create(&world.main(), &options, &Silent)
        .await
        .expect("a backup");
    assert!(made.manifest.encrypted && made.manifest.checked == Checked::Contents);
    let look = async |password: Option<&str>| {
        let found = backup::verify(&made.path, password, &Silent)
            .await
            .expect("a verification");
        (found.files[0].state, found.files[0].trouble)
    };
    assert_eq!(look(None).await, (State::Encrypted, None));
    assert_eq!(look(Some("öffne dich")).await, (State::Good, None));
    assert_eq!(look(Some("wrong")).await, (State::Bad, Some(Trouble::WrongPassword)));
    assert_eq!(
        after(&world, &made.path, |bytes| bytes[100] ^= 1).await,
        (State::Bad, Some(Trouble::Changed))
    );
    let error = backup::create(
        &world.main(),
        &BackupOptions {
            password: Some(String::new()),
            ..options
        },
        &Silent,
    )
    .await;
    assert_eq!(error.expect_err("empty").code(), "config_error");
}
