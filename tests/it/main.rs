//! The integration tests: one binary, since linking is what they cost.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

mod document_json;
mod document_lines;
mod document_locate;
mod document_typed;
mod policyfile;
mod resource_parse;
mod resource_shape;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod telemetry;
mod yaml_hostile;
mod yaml_kubectl;
mod yaml_places;
