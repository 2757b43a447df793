//! What the server counts, as Prometheus reads it.
//!
//! Every label has a handful of values, and of kinds there are so many and no more: what no caller
//! could be kept from adding to, names and namespaces, is in the log.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::gate::Gate;
use crate::admission::{Stage, Summary};

/// The media type of [`Metrics::text`].
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How many kinds are counted apart, all others together.
const MOST_KINDS: usize = 256;
/// The longest name of a kind, as the API server has it.
const LONGEST_KIND: usize = 63;

/// All counters of one server.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    duration: Family<ByStage, Histogram>,
    rule_errors: Family<ByRule, Counter>,
    /// Kinds that have a series of their own.
    kinds: Mutex<BTreeSet<String>>,
    refused: Family<ByReason, Counter>,
    overdue: Family<ByStage, Counter>,
    in_flight: Gauge,
    in_flight_bytes: Gauge,
    certificate_end: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
    /// Handshakes that failed or came to nothing in time.
    pub handshake_failures: Counter,
    /// Connections that could not be accepted.
    pub accept_failures: Counter,
    /// Certificates that took the place of another.
    pub certificate_replaced: Counter,
    /// Certificates that were not taken.
    pub certificate_refused: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    stage: &'static str,
    operation: &'static str,
    kind: String,
    decision: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByStage {
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRule {
    rule: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    reason: &'static str,
}

impl Metrics {
    /// Ours, behind those that are in the registry.
    pub(super) fn new(registry: Registry) -> Self {
        let mut metrics = Self {
            registry,
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            rule_errors: Family::default(),
            kinds: Mutex::default(),
            refused: Family::default(),
            overdue: Family::default(),
            in_flight: Gauge::default(),
            in_flight_bytes: Gauge::default(),
            certificate_end: Gauge::default(),
            connections: Gauge::default(),
            handshake_failures: Counter::default(),
            accept_failures: Counter::default(),
            certificate_replaced: Counter::default(),
            certificate_refused: Counter::default(),
        };
        metrics.register();
        metrics
    }

    /// Counts an answered review.
    pub(super) fn answered(&self, stage: Stage, summary: &Summary, duration: Duration) {
        let operation = summary.operation.as_str();
        let stage = stage.as_str();
        let kind = self.kind(&summary.kind);
        let labels = Request { stage, operation, kind, decision: summary.answer.as_str() };
        self.requests.get_or_create(&labels).inc();
        for rule in &summary.failed {
            self.rule_errors.get_or_create(&ByRule { rule }).inc();
        }
        self.duration.get_or_create(&ByStage { stage }).observe(duration.as_secs_f64());
    }

    /// A kind as a label: whoever calls may name any, and the series are not to grow without end.
    fn kind(&self, kind: &str) -> String {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kinds.contains(kind);
        if !known && (kinds.len() >= MOST_KINDS || kind.len() > LONGEST_KIND) {
            return "other".to_owned();
        }
        if !known {
            kinds.insert(kind.to_owned());
        }
        kind.to_owned()
    }

    /// Counts a request that did not become a review.
    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ByReason { reason }).inc();
    }

    /// Counts a review that was answered without a judgement.
    pub(super) fn overdue(&self, stage: Stage) {
        self.overdue.get_or_create(&ByStage { stage: stage.as_str() }).inc();
    }

    /// Notes when the certificate in use ends, in seconds since 1970.
    pub(super) fn certificate_end(&self, seconds: Option<i64>) {
        self.certificate_end.set(seconds.unwrap_or(0));
    }

    /// Everything, as text.
    pub(super) fn text(&self, gate: &Gate) -> String {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.in_flight.set(count(gate.places_taken()));
        self.in_flight_bytes.set(count(gate.bytes_taken()));
        let mut page = String::with_capacity(4 << 10);
        // Writing to a string does not fail.
        let _ = text::encode(&mut page, &self.registry);
        page
    }

    /// Names every metric. A counter's name gets `_total` when it is written, and a help text
    /// its full stop.
    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("admission_requests", "Answered reviews", self.requests.clone());
        registry.register(
            "admission_duration_seconds",
            "Time from the headers of a review to its answer",
            self.duration.clone(),
        );
        registry.register(
            "admission_rule_errors",
            "Rules that ended as an error, so that onError decided",
            self.rule_errors.clone(),
        );
        registry.register(
            "admission_overdue",
            "Reviews that onError decided, because no judgement came in time",
            self.overdue.clone(),
        );
        registry.register(
            "admission_refused",
            "Requests that did not become a review",
            self.refused.clone(),
        );
        registry.register(
            "admission_in_flight",
            "Reviews that are read, waiting or judged",
            self.in_flight.clone(),
        );
        registry.register(
            "admission_in_flight_bytes",
            "Bytes of the bodies of reviews in flight",
            self.in_flight_bytes.clone(),
        );
        registry.register(
            "connections",
            "Open connections on both ports",
            self.connections.clone(),
        );
        registry.register(
            "handshake_failures",
            "TLS handshakes that failed or took too long",
            self.handshake_failures.clone(),
        );
        registry.register(
            "accept_failures",
            "Connections that could not be accepted",
            self.accept_failures.clone(),
        );
        registry.register(
            "certificate_end_timestamp_seconds",
            "When the certificate in use ends",
            self.certificate_end.clone(),
        );
        registry.register(
            "certificate_replaced",
            "Certificates that took the place of another",
            self.certificate_replaced.clone(),
        );
        registry.register(
            "certificate_refused",
            "Certificates that were not fit to be taken",
            self.certificate_refused.clone(),
        );
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(super::registry())
    }
}

/// Most answers take well under a millisecond; what counts above that is whether the API server
/// would wait.
const SECONDS: [f64; 13] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_that_nobody_has_do_not_grow_the_page() {
        let metrics = Metrics::default();
        assert_eq!(metrics.kind(&"a".repeat(LONGEST_KIND + 1)), "other");
        for number in 0..MOST_KINDS {
            let kind = format!("Kind{number}");
            assert_eq!(metrics.kind(&kind), kind);
        }
        assert_eq!((&*metrics.kind("Pod"), &*metrics.kind("Kind7")), ("other", "Kind7"));
    }
}
