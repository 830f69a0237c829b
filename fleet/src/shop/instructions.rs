//! What a buyer is told: a text with names in braces.

use xano_metadata::Error;

use super::records::{Sale, Tier};

/// What a buyer is told when a tier has no text of its own. The names in braces are `buyer`, `name` (of the snippet), `tier`,
/// `installs`, `left`, `snippet`, `link`, `token`, `price`, `order` and `sale`; `{{` and `}}` stand for braces.
pub const INSTRUCTIONS: &str = "\
Hello {buyer},
thank you for buying \"{name}\" ({tier}, installs: {installs}).
1. Open {link}
2. Choose \"Install\" and paste this token: {token}
Whoever has the token can use up its installs, so keep it to yourself.
";

const NAMES: [&str; 11] = [
    "buyer", "name", "tier", "installs", "left", "snippet", "link", "token", "price", "order", "sale",
];

/// The text for a sale.
pub(super) fn instructions(tier: &Tier, sale: &Sale) -> Result<String, Error> {
    let text = tier.instructions.as_deref().unwrap_or(INSTRUCTIONS);
    render(text, |name| match name {
        "buyer" => sale.buyer.clone(),
        "name" => tier.title.clone(),
        "tier" => sale.tier.clone(),
        "installs" => sale.installs.to_string(),
        "left" => sale.installs.saturating_sub(sale.used).max(0).to_string(),
        "snippet" => sale.snippet.clone(),
        "link" => format!("https://www.xano.com/snippet/{}", sale.snippet),
        "token" => sale
            .token
            .as_ref()
            .map_or_else(String::new, |key| key.reveal().to_owned()),
        "price" => sale.price.clone().unwrap_or_default(),
        "order" => sale.order.clone().unwrap_or_default(),
        _ => sale.id.clone(),
    })
}

/// Refuses a text that could not be filled in.
pub(super) fn check(text: &str) -> Result<(), Error> {
    render(text, |_| String::new()).map(drop)
}

fn render(text: &str, value: impl Fn(&str) -> String) -> Result<String, Error> {
    let refuse = |what: &str| {
        Err(Error::config(format!("The instructions {what}.")).with_hint(format!(
            "Known are {}; write {{{{ and }}}} for braces.",
            NAMES.join(", ")
        )))
    };
    let mut filled = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            filled.push_str(brace);
            rest = after;
        } else if brace == "}" {
            return refuse("have a } without a {");
        } else {
            let Some((name, after)) = rest.split_once('}') else {
                return refuse("have a { without a }");
            };
            if !NAMES.contains(&name) {
                return refuse(&format!("name {{{name}}}, which is not known"));
            }
            filled.push_str(&value(name));
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in_and_braces_can_be_written() {
        let filled = render("{{a}} {buyer}: {token}!", str::to_uppercase);
        assert_eq!(filled.expect("a text"), "{a} BUYER: TOKEN!");
        check(INSTRUCTIONS).expect("the default can be filled in");
    }

    #[test]
    fn what_a_buyer_writes_is_not_filled_in_again() {
        assert_eq!(render("{buyer}", |_| "{token}".into()).expect("a text"), "{token}");
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        for (text, told) in [
            ("Dear {customer}", "{customer}, which is not known"),
            ("{buyer", "a { without a }"),
            ("buyer}", "a } without a {"),
        ] {
            let error = check(text).expect_err(text).to_string();
            assert!(error.contains(told) && error.contains("Known are buyer"), "{error}");
        }
    }
}
