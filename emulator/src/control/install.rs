//! Installing a snippet: what a visitor of its public page does. The Metadata API only reads the
//! counts that this leaves behind.

use serde_json::json;

use super::body::Fields;
use super::{Outcome, Server};
use crate::error::ApiError;
use crate::store::snippets;

/// Counts an install, or refuses it without counting.
pub fn install(server: &Server, fields: &Fields) -> Outcome {
    fields.only(&["canonical", "token"])?;
    let canonical = fields.required_text("canonical")?;
    let now_ms = server.clock.now_ms();
    let mut db = server.db();
    let db = db.transaction()?;
    let snippet = snippets::by_canonical(&db, canonical)?
        .ok_or_else(|| ApiError::not_found(format!("No snippet has the canonical {canonical:?}.")))?;
    let token = match fields.text("token")? {
        None if snippet.install_access == "token" => {
            return Err(ApiError::denied(format!(
                "Access Denied. Snippet {canonical:?} is installed with an install token; give one as \"token\"."
            )));
        }
        None => None,
        Some(text) => {
            let token = snippets::token(&db, snippet.id, text)?.ok_or_else(|| {
                ApiError::denied(format!(
                    "Access Denied. Snippet {canonical:?} has no install token {text:?}."
                ))
            })?;
            if token.current_installs >= token.max_installs {
                return Err(ApiError::denied(format!(
                    "Access Denied. Install token {text:?} has used {} of its {} installs; raise max_installs or take another token.",
                    token.current_installs, token.max_installs
                )));
            }
            snippets::set_token(&db, token.id, token.max_installs, token.current_installs + 1, now_ms)?;
            snippets::token(&db, snippet.id, text)?
        }
    };
    snippets::count_install(&db, snippet.id)?;
    db.commit()?;
    Ok(json!({
        "canonical": canonical,
        "installs": snippet.installs + 1,
        "token": token.map(|token| token.to_json()),
    }))
}
