//! Which operation adds a thing: `columns.add(&Column::text("sku"))` is the operation of its kind, with its fields.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::draft::{Draft, Node};
use crate::error::Error;

/// An operation that adds a thing of a kind; a row of a generated table.
#[derive(Debug)]
pub(crate) struct Maker {
    pub(crate) id: &'static str,
    /// The constructor, for messages.
    pub(crate) name: &'static str,
    /// What `type` may say in a thing that this one adds.
    pub(crate) kinds: &'static [&'static str],
    /// The thing's fields that the operation takes, and what it calls them.
    pub(crate) fields: &'static [(&'static str, &'static str)],
    /// The thing's fields that it must have.
    pub(crate) needed: &'static [&'static str],
}

/// The call that adds `value`; when there is none, one that fails before it is sent.
pub(crate) fn draft(node: &Node, makers: &'static [Maker], value: &impl Serialize) -> Draft {
    let chosen = match serde_json::to_value(value) {
        Ok(Json::Object(fields)) => choose(makers, fields),
        Ok(other) => Err(Error::config(format!("add takes an object, not {other}."))),
        Err(cause) => Err(Error::config(format!("It cannot be written as JSON: {cause}."))),
    };
    match chosen {
        Ok((id, fields)) => {
            let mut draft = Draft::new(node, id);
            for (name, value) in &fields {
                draft.field(name, value);
            }
            draft
        }
        Err(error) => {
            let mut draft = Draft::new(node, makers.first().map_or("", |maker| maker.id));
            draft.refuse(error);
            draft
        }
    }
}

/// The operation's id and its body. Of several that add the kind, the one that needs most is meant: a reference is an
/// `int` that has a table besides.
fn choose(makers: &[Maker], value: Map<String, Json>) -> Result<(&'static str, Map<String, Json>), Error> {
    let kind = value.get("type").and_then(Json::as_str).unwrap_or_default();
    let fitting: Vec<&Maker> = makers.iter().filter(|maker| maker.kinds.contains(&kind)).collect();
    let Some(first) = fitting.first() else {
        let names: Vec<_> = makers.iter().map(|maker| maker.name).collect();
        return Err(Error::config(format!(
            "add knows no type {kind:?}. There are {}.",
            names.join(", ")
        )));
    };
    let lacking = |maker: &Maker| -> Vec<&'static str> {
        let given = |name: &str| value.get(name).is_some_and(|value| !value.is_null());
        maker.needed.iter().copied().filter(|name| !given(name)).collect()
    };
    let whole = fitting.iter().filter(|maker| lacking(maker).is_empty());
    let Some(maker) = whole.max_by_key(|maker| maker.needed.len()) else {
        return Err(Error::config(format!(
            "add: {} is missing for {}.",
            lacking(first).join(", "),
            first.name
        )));
    };
    let mut body = Map::new();
    for (name, given) in value {
        match maker.fields.iter().find(|(field, _)| *field == name) {
            Some(_) if given.is_null() => {}
            Some((_, wire)) => {
                body.insert((*wire).to_owned(), given);
            }
            None if name == "type" || says_nothing(&given) => {}
            None => {
                return Err(Error::config(format!(
                    "add: {} has no {name}, so it cannot be added with it. Leave it out.",
                    maker.name
                )));
            }
        }
    }
    Ok((maker.id, body))
}

/// A listing has such values for fields that are not of the kind.
fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null | Json::Bool(false) => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(true) | Json::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MAKERS: &[Maker] = &[
        Maker {
            id: "add_int",
            name: "Thing::int",
            kinds: &["int"],
            fields: &[("name", "name"), ("validators", "filters")],
            needed: &["name"],
        },
        Maker {
            id: "add_ref",
            name: "Thing::reference",
            kinds: &["int", "reference"],
            fields: &[("name", "name"), ("to", "to")],
            needed: &["name", "to"],
        },
    ];

    fn chosen(text: &str) -> Result<(&'static str, Json), String> {
        choose(MAKERS, serde_json::from_str(text).expect("an object"))
            .map(|(id, body)| (id, Json::Object(body)))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_operation_that_needs_most_is_chosen() {
        for (text, id, body) in [
            (
                r#"{"type":"int","name":"a","validators":{"min":1},"to":null,"values":[]}"#,
                "add_int",
                json!({"name": "a", "filters": {"min": 1}}),
            ),
            (
                r#"{"type":"int","name":"a","to":7}"#,
                "add_ref",
                json!({"name": "a", "to": 7}),
            ),
            (
                r#"{"type":"reference","name":"a","to":7,"odd":false}"#,
                "add_ref",
                json!({"name": "a", "to": 7}),
            ),
        ] {
            assert_eq!(chosen(text), Ok((id, body)));
        }
    }

    #[test]
    fn what_cannot_be_added_is_explained() {
        for (text, message) in [
            (
                r#"{"type":"colour"}"#,
                r#"add knows no type "colour". There are Thing::int, Thing::reference."#,
            ),
            (
                r#"{"type":"reference","name":"a"}"#,
                "add: to is missing for Thing::reference.",
            ),
            (
                r#"{"type":"int","name":"a","values":[1]}"#,
                "add: Thing::int has no values, so it cannot be added with it. Leave it out.",
            ),
        ] {
            assert_eq!(chosen(text).expect_err(text), message);
        }
    }
}
