//! The instance API: what an instance's own origin answers.

use super::Route;
use super::account::identity_routes;

/// The operations of every instance origin.
pub fn routes() -> Vec<Route> {
    identity_routes()
}
