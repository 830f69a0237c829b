//! What the engine promises, shown against a server that misbehaves on demand.

mod support;

mod bombs;
mod calls;
mod errors;
mod hostile;
mod lifecycle;
mod limits;
mod names;
mod pages;
mod proxies;
mod records_load;
mod records_read;
mod retries;
mod tls;
mod transfers;
mod typed;
