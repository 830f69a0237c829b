//! `GET /auth/me`, on the account origin and on every instance.

use axum::routing::MethodFilter;
use serde_json::{Value, json};

use crate::api::{Call, Outcome, Reply, Route};
use crate::error::ApiError;
use crate::options::ExtrasForm;
use crate::store::instances;

/// The identity operation; instances serve it too.
pub fn routes() -> Vec<Route> {
    vec![Route::open(MethodFilter::GET, "/auth/me", me)]
}

fn me(call: &mut Call<'_>) -> Outcome {
    let extras = extras(call)?;
    let extras = match call.user.extras {
        ExtrasForm::Object => extras,
        ExtrasForm::Text => Value::String(extras.to_string()),
    };
    Ok(Reply::Json(json!({
        "id": call.user.shown_id(),
        "name": call.user.name,
        "email": call.user.email,
        "extras": extras,
    })))
}

/// Real answers describe the instance that is asked, and the user's part in it. The account origin
/// belongs to no instance; there it is the first one the user is linked to.
fn extras(call: &Call<'_>) -> Result<Value, ApiError> {
    let linked = instances::of_user(call.db, call.user.id)?;
    let found = linked
        .into_iter()
        .find(|(instance, _)| call.origin.instance_id.is_none_or(|id| id == instance.id));
    let Some((instance, role)) = found else {
        return Ok(json!({}));
    };
    Ok(json!({"instance": {
        "id": instance.id,
        "name": instance.name,
        "display": instance.display,
        "membership": {"role": role, "created_at": call.user.created_at.div_euclid(1000)},
    }}))
}
