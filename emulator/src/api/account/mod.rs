//! The account API: who am I, my instances, my snippets and their install tokens.

mod instances;
mod me;
mod snippets;
mod tokens;

pub use me::routes as identity_routes;
pub use snippets::ACCESS;

use super::Route;

/// The ten operations of the account origin.
pub fn routes() -> Vec<Route> {
    [me::routes(), instances::routes(), snippets::routes(), tokens::routes()].concat()
}
