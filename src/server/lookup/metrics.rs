//! What the listener for lookups counts.

use std::time::Duration;

use hyper::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Counters of lookups.
#[derive(Clone, Debug)]
pub struct LookupMetrics {
    lookups: Family<ByResult, Counter>,
    duration: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

impl LookupMetrics {
    /// Names them. A counter's name gets `_total` when it is written.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "lookups",
            "Questions about verdicts, by how they were answered",
            self.lookups.clone(),
        );
        registry.register(
            "lookup_duration_seconds",
            "Time from the headers of a question to its answer",
            self.duration.clone(),
        );
    }

    pub(super) fn answered(&self, status: StatusCode, took: Duration) {
        let result = match status {
            StatusCode::OK => "found",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "kept_out",
            StatusCode::SERVICE_UNAVAILABLE => "unable",
            StatusCode::NOT_FOUND => "unknown",
            _ => "wrong",
        };
        self.lookups.get_or_create(&ByResult { result }).inc();
        self.duration.observe(took.as_secs_f64());
    }
}

impl Default for LookupMetrics {
    fn default() -> Self {
        let bounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
        Self { lookups: Family::default(), duration: Histogram::new(bounds) }
    }
}
