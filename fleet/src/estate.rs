//! Which instances, workspaces and environments there are, and how they are.
//!
//! - [`Fleet`] is the instances of an account, of several, or of a [`FleetConfig`] (`fleet.toml`), and can be narrowed to an
//!   [`Environment`];
//! - [`Fleet::inventory`] says what there is, with failures beside what was found, as objects and as flat rows;
//! - [`Fleet::health`] probes each instance once, [`Fleet::watch`] tells only what changes.

mod change;
mod config;
mod environment;
mod fleet;
mod health;
mod inventory;
mod member;
mod past;
mod pattern;
mod probe;
mod rows;
pub(crate) mod task;
mod watch;
mod window;

pub use change::{Change, What};
pub use config::FleetConfig;
pub use environment::Environment;
pub use fleet::Fleet;
pub use health::{Health, InstanceHealth};
pub use inventory::{BranchEntry, InstanceEntry, Inventory, InventoryOptions, TableEntry, WorkspaceEntry};
pub use member::{Member, RollCall};
pub use probe::{HealthOptions, State};
pub use rows::{COLUMNS, Row};
pub use watch::Watch;
