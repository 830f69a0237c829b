//! A fleet of 25 instances in three environments, some of them in trouble: what there is, how they are, what changes.

mod inventory;
mod support;
mod watching;
