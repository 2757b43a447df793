//! What the listener for hooks counts.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Counters of hooks.
#[derive(Clone, Debug)]
pub struct HookMetrics {
    hooks: Family<ByResult, Counter>,
    duration: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

impl HookMetrics {
    /// Names them. A counter's name gets `_total` when it is written.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("hooks", "Calls of webhooks, by what became of them", self.hooks.clone());
        registry.register(
            "hook_duration_seconds",
            "Time from the headers of a hook that was kept to its answer",
            self.duration.clone(),
        );
    }

    pub(super) fn ended(&self, result: &'static str) {
        self.hooks.get_or_create(&ByResult { result }).inc();
    }

    pub(super) fn kept(&self, took: Duration) {
        self.duration.observe(took.as_secs_f64());
    }
}

impl Default for HookMetrics {
    fn default() -> Self {
        let bounds = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];
        Self { hooks: Family::default(), duration: Histogram::new(bounds) }
    }
}
