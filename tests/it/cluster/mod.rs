//! Portcullis in a cluster: the programs of a real control plane, the chart installed by Helm, and
//! its pods played by running the program as a kubelet would.
//!
//! One control plane serves all tests of a run. A test that installs the chart holds
//! [`release::Release`], since webhooks see the whole cluster.

mod address;
mod admit;
mod api;
mod artefacts;
mod audit;
mod break_glass;
mod certificate;
mod container;
mod controllers;
mod facts;
mod files;
mod filled;
mod given;
mod install;
mod kubelet;
mod load;
mod new_namespace;
mod node;
mod outage;
mod parity;
mod plane;
mod policy;
pub(crate) mod program;
mod proxy;
mod release;
mod strict;
mod volume;
