//! Backups: archives and the manifests beside them, as somebody else may have put them there.

use xano_fleet::backup::fuzzing;

/// The first byte says whether it is packed. What is walked leads nowhere outside, and each member is as long as it says.
pub(crate) fn archive(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let (outcome, seen) = fuzzing::archive(bytes, choice % 2 == 0);
    for (name, size, content) in &seen {
        assert!(!name.is_empty() && !name.chars().any(char::is_control), "{name:?}");
        assert!(!name.starts_with(['/', '\\']), "{name:?} is absolute");
        assert!(
            name.split(['/', '\\']).all(|part| part != ".."),
            "{name:?} leads outside"
        );
        assert!(content.len() as u64 <= *size, "{name:?} has more than it says");
    }
    match outcome {
        Ok(_) => assert!(
            seen.iter().all(|(_, size, content)| content.len() as u64 == *size),
            "{seen:?}"
        ),
        Err(reason) => assert!(
            !reason.is_empty() && reason.len() < 2000,
            "a reason of {} bytes",
            reason.len()
        ),
    }
}

/// A manifest that is taken for one was written by us and not changed: any change of it is known.
pub(crate) fn manifest(bytes: &[u8]) {
    match fuzzing::manifest(bytes) {
        Ok(Some(_)) => {
            let value: serde_json::Value = serde_json::from_slice(bytes).expect("a manifest is JSON");
            let mut changed = value.clone();
            changed["workspace"]["name"] = "another".into();
            if changed != value {
                let text = changed.to_string();
                assert!(!matches!(fuzzing::manifest(text.as_bytes()), Ok(Some(_))), "{text}");
            }
        }
        Ok(None) => {}
        Err(reason) => assert!(
            !reason.is_empty() && reason.len() < 2000,
            "a reason of {} bytes",
            reason.len()
        ),
    }
}
