//! Flags of traces.

use std::path::PathBuf;

use clap::Args;

use crate::telemetry::Traces;

/// Flags of traces.
#[derive(Debug, Args)]
#[group(id = "trace_flags")]
pub(super) struct Flags {
    /// The base address of an OpenTelemetry collector, such as http://collector:4318, that is sent
    /// traces by OTLP over HTTP; without it there are none
    #[arg(long, value_name = "URL", env = "PORTCULLIS_TRACES")]
    traces: Option<String>,
    /// The share of what comes in that is traced, from 0 to 1
    #[arg(
        long,
        value_name = "SHARE",
        default_value = "1",
        requires = "traces",
        env = "PORTCULLIS_TRACES_SHARE"
    )]
    traces_share: f64,
    /// A file of certificates to trust beside the usual ones, as PEM, for the collector
    #[arg(long, value_name = "FILE", requires = "traces", env = "PORTCULLIS_TRACES_CA")]
    traces_ca: Option<PathBuf>,
}

impl Flags {
    pub(super) fn wanted(&self) -> Option<Traces> {
        Some(Traces {
            collector: self.traces.clone()?,
            share: self.traces_share,
            authority: self.traces_ca.clone(),
        })
    }
}
