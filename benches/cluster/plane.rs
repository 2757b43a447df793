//! The programs of a control plane, as the tests start them.

#![allow(dead_code, reason = "the tests use more of it")]

#[path = "../../tests/it/cluster/address.rs"]
pub(crate) mod address;
#[path = "../../tests/it/cluster/api.rs"]
pub(crate) mod api;
#[path = "../../tests/it/cluster/files.rs"]
pub(crate) mod files;
#[path = "../../tests/it/cluster/program.rs"]
pub(crate) mod program;
