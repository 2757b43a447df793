//! Portcullis in a cluster: the programs of a real control plane, the chart installed by Helm, and
//! its pods played by running the program as a kubelet would.
//!
//! One control plane serves all tests of a run. A test that installs the chart holds
//! [`release::Release`], since webhooks see the whole cluster.

#![allow(dead_code, reason = "the end-to-end tests are to use all of it")]

mod address;
mod api;
mod container;
mod install;
mod kubelet;
mod node;
mod plane;
mod program;
mod proxy;
mod release;
mod volume;
