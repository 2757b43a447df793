//! The integration tests: one binary, since linking is what they cost.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics is a test that fails"
)]

#[cfg(feature = "server")]
mod admission;
mod adoption;
mod architecture;
#[cfg(feature = "artefact")]
mod artefact;
mod author;
mod canary;
mod chart;
mod cli;
#[cfg(feature = "cluster")]
mod cluster;
mod configuration;
mod conventions;
mod defaults;
mod document_edit;
mod document_json;
mod document_lines;
mod document_locate;
mod document_typed;
#[cfg(feature = "server")]
mod door;
mod engine_changes;
mod engine_compile;
mod engine_contained;
mod engine_ratchet;
mod engine_scope;
mod engine_waiver;
mod folder;
mod host_network;
mod image;
#[cfg(feature = "artefact")]
mod inspect;
mod inventory;
mod lint;
mod manifest;
#[cfg(feature = "server")]
mod mutation;
mod odd_rules;
mod parity;
mod places;
mod policies;
mod policyfile;
#[cfg(feature = "server")]
mod process;
#[cfg(feature = "server")]
mod ratchet;
mod readme;
mod report;
mod resource_parse;
mod resource_shape;
#[cfg(feature = "server")]
mod reviews;
mod rule_docs;
mod rules_general;
mod rules_meaning;
mod rules_together;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod stand_in;
mod support;
#[cfg(feature = "server")]
mod telemetry;
#[cfg(feature = "server")]
mod traces;
mod yaml_agreement;
mod yaml_fast;
mod yaml_hostile;
mod yaml_kubectl;
mod yaml_places;
