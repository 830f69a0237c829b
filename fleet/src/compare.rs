//! What differs between two branches, workspaces or instances.
//!
//! Both sides are read at the same time and brought into a normal form ([`snapshot()`]), things are matched by name and then
//! by `guid`, and what is left over or not the same is a [`Change`]. What differs between any two copies of a thing makes no
//! difference: numbers, guids, times, drafts, the order of lists that have none, the numbers of tables that columns refer to.
//!
//! Nothing counts as equal that was not looked at. What could not be read is in [`Comparison::failures`], what was not
//! compared for another reason in [`Comparison::skipped`].
//!
//! ```no_run
//! # async fn example(connection: xano_metadata::Connection) -> Result<(), xano_metadata::Error> {
//! use xano_fleet::compare::{CompareOptions, places};
//! use xano_fleet::{Place, Silent};
//!
//! let live = Place::new(connection, "shop");
//! let next = live.clone().on_branch("next");
//! let difference = places(&live, &next, &CompareOptions::default(), &Silent).await?;
//! println!("{}", difference.text());
//! # Ok(())
//! # }
//! ```

mod comparison;
mod difference;
mod family;
mod html;
mod matching;
mod normal;
mod options;
mod read;
mod records;
mod row;
mod script;
mod site;
mod snapshot;
pub(crate) mod task;
mod text;
mod whole;

pub use comparison::{Change, Compared, Comparison, Kind, RecordNumbers, Side, Sides, Skipped};
pub use family::Family;
pub use options::{CompareOptions, RecordsOption};
pub use snapshot::{Item, Snapshot, snapshot};
pub use whole::{instances, places};
