//! The heart of the typed face: what every generated method has in common.
//!
//! A generated method makes a draft of a request, its setters fill the draft in, and `.await` sends it. So a generated
//! method is one line, and everything that thinks is here.
//!
//! ```no_run
//! # async fn example() -> Result<(), xano_metadata::Error> {
//! use xano_metadata::{ClientOptions, Xano};
//!
//! let xano = Xano::new(ClientOptions::default())?;
//! let token = xano.snippet("kRG3t_-i").tokens().create(50).await?;
//! println!("{} allows {} installs", token.token, token.max_installs);
//!
//! let mut pages = xano.snippets().list().pages();
//! while let Some(page) = pages.next().await? {
//!     page.items.iter().for_each(|snippet| println!("{}", snippet.name));
//! }
//! # Ok(())
//! # }
//! ```

mod draft;
mod edit;
mod list;
mod making;
mod roots;
mod send;
mod values;

pub use edit::Edit;
pub use list::{List, Page, TypedPages};
pub use send::{Call, Fetch, Op};
pub use values::{Id, Script, Time};

pub(crate) use draft::Node;
pub(crate) use making::Maker;
pub(crate) use values::tolerant;

/// Declares the marker of an operation: its id, its answer, and how the answer is read.
macro_rules! op {
    ($(#[$doc:meta])* $marker:ident, $id:literal, json $answer:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl $crate::typed::Op for $marker {
            type Answer = $answer;
            const ID: &'static str = $id;

            fn read(reply: &$crate::Reply) -> Result<Self::Answer, $crate::Error> {
                reply.json()
            }
        }
    };
    ($(#[$doc:meta])* $marker:ident, $id:literal, text) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl $crate::typed::Op for $marker {
            type Answer = String;
            const ID: &'static str = $id;

            fn read(reply: &$crate::Reply) -> Result<Self::Answer, $crate::Error> {
                Ok(String::from_utf8_lossy(&reply.body).into_owned())
            }
        }
    };
    ($(#[$doc:meta])* $marker:ident, $id:literal, none) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $marker {}

        impl $crate::typed::Op for $marker {
            type Answer = ();
            const ID: &'static str = $id;

            fn read(_reply: &$crate::Reply) -> Result<Self::Answer, $crate::Error> {
                Ok(())
            }
        }
    };
}
pub(crate) use op;
